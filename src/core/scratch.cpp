#include "polyrpc/core/scratch.hpp"

#include <algorithm>
#include <utility>

namespace polyrpc {

namespace {

constexpr std::size_t small_block = 4096;
constexpr std::size_t kept_block = std::size_t{4} << 20;

/// Between messages a connection has no block; the thread has one.
struct SpareBlock {
  std::unique_ptr<char[]> memory;
  std::size_t size = 0;
};
thread_local SpareBlock spare_block;

}  // namespace

char* Scratch::allocate(std::size_t size) {
  if (block_.size - used_ < size) {
    Block next;
    if (spare_block.memory != nullptr && spare_block.size >= size) {
      next.memory = std::move(spare_block.memory);
      next.size = spare_block.size;
    } else {
      next.size = (std::max)(size, small_block);
      next.memory = std::make_unique_for_overwrite<char[]>(next.size);
    }
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
  // The larger one: a thread that has large messages gets more of them.
  if (block_.size <= kept_block && (spare_block.memory == nullptr || block_.size > spare_block.size))
    spare_block = {std::move(block_.memory), block_.size};
  block_ = {};
  used_ = 0;
}

}  // namespace polyrpc
