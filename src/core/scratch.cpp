#include "polyrpc/core/scratch.hpp"

#include <algorithm>
#include <utility>

namespace polyrpc {

namespace {

constexpr std::size_t small_block = 4096;

/// Between messages a connection has no block.
thread_local std::unique_ptr<char[]> spare_block;

}  // namespace

char* Scratch::allocate(std::size_t size) {
  if (block_.size - used_ < size) {
    Block next;
    next.size = (std::max)(size, small_block);
    if (next.size == small_block) next.memory = std::move(spare_block);
    if (next.memory == nullptr) next.memory = std::make_unique_for_overwrite<char[]>(next.size);
    if (block_.memory != nullptr) full_.push_back(std::move(block_));
    block_ = std::move(next);
    used_ = 0;
  }
  char* const memory = block_.memory.get() + used_;
  used_ += size;
  return memory;
}

void Scratch::give_back() noexcept {
  std::vector<Block>().swap(full_);
  if (block_.size == small_block) spare_block = std::move(block_.memory);
  block_ = {};
  used_ = 0;
}

}  // namespace polyrpc
