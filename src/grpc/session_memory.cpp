#include "session_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <new>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace polyrpc::grpc {

namespace {

constexpr std::size_t table_bytes = 4096;  // what nghttp2's table of streams starts with
constexpr std::size_t frame_least = std::size_t{16} << 10;
constexpr std::size_t frame_room = std::size_t{20} << 10;
constexpr std::size_t slot_bytes = table_bytes + frame_room;  // the table first, then the frame
constexpr std::size_t slots_at_once = 64;

#ifdef __linux__
/// Slots that no session has, of all threads. Their address space stays, the memory behind it does not.
class Slots {
 public:
  std::byte* take() noexcept {
    const std::lock_guard lock(mutex_);
    if (free_.empty() && !map_more()) return nullptr;
    std::byte* const slot = free_.back();
    free_.pop_back();
    return slot;
  }
  void give_back(std::byte* slot) noexcept {
    if (::madvise(slot, slot_bytes, MADV_DONTNEED) != 0) std::memset(slot, 0, slot_bytes);
    const std::lock_guard lock(mutex_);
    free_.push_back(slot);  // has room for all
  }

 private:
  bool map_more() noexcept {
    try {
      free_.reserve(all_ + slots_at_once);
    } catch (const std::bad_alloc&) {
      return false;
    }
    constexpr std::size_t size = slots_at_once * slot_bytes;
    void* const mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return false;
    static_cast<void>(::madvise(mapped, size, MADV_NOHUGEPAGE));  // a page is meant to be a small one
    for (std::size_t i = slots_at_once; i-- > 0;) free_.push_back(static_cast<std::byte*>(mapped) + i * slot_bytes);
    all_ += slots_at_once;
    return true;
  }

  std::mutex mutex_;
  std::vector<std::byte*> free_;
  std::size_t all_ = 0;
};

Slots& slots() noexcept {
  static Slots& all = *new Slots;  // sessions may outlive static objects
  return all;
}
#endif

}  // namespace

#ifdef __linux__
SessionMemory::SessionMemory() noexcept : pages_(slots().take()) {}
#else
SessionMemory::SessionMemory() noexcept : pages_(nullptr) {}
#endif

SessionMemory::~SessionMemory() {
#ifdef __linux__
  if (pages_ != nullptr) slots().give_back(pages_);
#endif
}

nghttp2_mem SessionMemory::functions() noexcept {
  return {this, [](std::size_t size, void* self) { return static_cast<SessionMemory*>(self)->allocate(size); },
          [](void* memory, void* self) { static_cast<SessionMemory*>(self)->release(memory); },
          [](std::size_t count, std::size_t size, void* self) {
            return static_cast<SessionMemory*>(self)->allocate_zeroed(count * size);
          },
          [](void* memory, std::size_t size, void* self) {
            return static_cast<SessionMemory*>(self)->reallocate(memory, size);
          }};
}

void SessionMemory::rest() noexcept {
#ifdef __linux__
  if (pages_ == nullptr) return;
  const bool is_empty = std::all_of(pages_, pages_ + table_bytes, [](std::byte byte) { return byte == std::byte{0}; });
  std::byte* const from = is_empty ? pages_ : pages_ + table_bytes;
  static_cast<void>(::madvise(from, static_cast<std::size_t>(pages_ + slot_bytes - from), MADV_DONTNEED));
#endif
}

bool SessionMemory::is_own(const void* memory) const noexcept {
  return pages_ != nullptr && std::greater_equal<>()(memory, static_cast<const void*>(pages_)) &&
         std::less<>()(memory, static_cast<const void*>(pages_ + slot_bytes));
}

void* SessionMemory::allocate(std::size_t size) noexcept {
  if (pages_ == nullptr || frame_taken_ || size < frame_least || size > frame_room) return std::malloc(size);
  frame_taken_ = true;
  return pages_ + table_bytes;
}

void* SessionMemory::allocate_zeroed(std::size_t size) noexcept {
  if (pages_ == nullptr || table_taken_ || size != table_bytes) return std::calloc(1, size);
  table_taken_ = true;
  std::memset(pages_, 0, table_bytes);
  return pages_;
}

void* SessionMemory::reallocate(void* memory, std::size_t size) noexcept {
  if (memory == nullptr) return allocate(size);
  if (!is_own(memory)) return std::realloc(memory, size);
  const std::size_t before = memory == pages_ ? table_bytes : frame_room;
  void* const moved = std::malloc(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, memory, (std::min)(before, size));
  release(memory);
  return moved;
}

void SessionMemory::release(void* memory) noexcept {
  if (!is_own(memory)) return std::free(memory);
  (memory == pages_ ? table_taken_ : frame_taken_) = false;
}

}  // namespace polyrpc::grpc
