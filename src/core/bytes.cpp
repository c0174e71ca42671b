#include "polyrpc/core/bytes.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <limits>
#include <new>
#include <utility>

namespace polyrpc {

void detail::copy_many_bytes(void* to, const void* from, std::size_t size) noexcept {
#if defined(__x86_64__) || defined(_M_X64)
  // C libraries copy with string moves from some 2 KiB on. AMD's take fifteen times as long where the target's place in
  // its page is less than 32 bytes behind the source's, as it is when a message is copied behind a short head. Pieces
  // that are too small for them are about as fast everywhere. Volatile, because compilers make string moves of sizes
  // that they know.
  static const volatile std::size_t unknown = copied_piece;
  const std::size_t piece = unknown;
  auto* out = static_cast<std::byte*>(to);
  const auto* in = static_cast<const std::byte*>(from);
  for (; size > piece; out += piece, in += piece, size -= piece) std::memcpy(out, in, piece);
  to = out;
  from = in;
#endif
  std::memcpy(to, from, size);
}

namespace {

// Large blocks come from the system with a head of 16 bytes, so that they begin 16 bytes behind a page's begin, and
// that is where copies from a page's begin are slow: see above. The kernel's copies out of a socket are the same.
constexpr std::size_t large = std::size_t{64} << 10;
constexpr std::size_t lead_of_large = 112;

constexpr std::size_t lead_of(std::size_t capacity) noexcept { return capacity >= large ? lead_of_large : 0; }

void deallocate(std::byte* memory, std::size_t capacity) noexcept {
  if (memory != nullptr) std::free(memory - lead_of(capacity));
}

}  // namespace

ByteQueue::ByteQueue(ByteQueue&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)),
      begin_(std::exchange(other.begin_, 0)),
      end_(std::exchange(other.end_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

ByteQueue& ByteQueue::operator=(ByteQueue&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(begin_, other.begin_);
  std::swap(end_, other.end_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

ByteQueue::~ByteQueue() { deallocate(memory_, capacity_); }

void ByteQueue::release() noexcept {
  deallocate(memory_, capacity_);
  memory_ = nullptr;
  begin_ = end_ = capacity_ = 0;
}

void ByteQueue::grow(std::size_t count) {
  const std::size_t live = size();
  if (count > (std::numeric_limits<std::size_t>::max)() / 4 - live) throw std::bad_alloc();
  // Moving to the front suffices when at least half of the memory becomes free by it; then each byte moves at most once
  // on average.
  if (begin_ >= live && capacity_ - live >= count) {
    if (live != 0) std::memmove(memory_, memory_ + begin_, live);
    begin_ = 0;
    end_ = live;
    return;
  }
  constexpr std::size_t smallest = 256;
  const std::size_t wanted = (std::max)({live + count, capacity_ * 2, smallest});
  const std::size_t lead = lead_of(wanted);
  if (begin_ == 0 && memory_ != nullptr && lead == lead_of(capacity_)) {
    auto* block = static_cast<std::byte*>(std::realloc(memory_ - lead, wanted + lead));
    if (block == nullptr) throw std::bad_alloc();
    memory_ = block + lead;
  } else {
    auto* block = static_cast<std::byte*>(std::malloc(wanted + lead));
    if (block == nullptr) throw std::bad_alloc();
    copy_bytes(block + lead, memory_ + begin_, live);
    deallocate(memory_, capacity_);
    memory_ = block + lead;
    begin_ = 0;
    end_ = live;
  }
  capacity_ = wanted;
}

void ByteQueue::append_growing(const std::byte* bytes, std::size_t count) {
  // Growing moves the queue's own bytes.
  const bool own = std::greater_equal<>()(bytes, memory_ + begin_) && std::less<>()(bytes, memory_ + end_);
  const auto position = own ? static_cast<std::size_t>(bytes - (memory_ + begin_)) : 0;
  grow(count);
  copy_bytes(memory_ + end_, own ? memory_ + begin_ + position : bytes, count);
  end_ += count;
}

}  // namespace polyrpc
