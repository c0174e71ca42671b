#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace polyrpc {

namespace detail {
/// What is copied at once.
inline constexpr std::size_t copied_piece = 2048;
void copy_many_bytes(void* to, const void* from, std::size_t size) noexcept;
}  // namespace detail

/// `std::memcpy` of any size, zero with null pointers too, for messages and what is large in them. Where a processor
/// copies strings an order of magnitude slower for a reason of its own it goes another way (`docs/performance.md`,
/// "Copies").
inline void copy_bytes(void* to, const void* from, std::size_t size) noexcept {
  if (size > detail::copied_piece)
    detail::copy_many_bytes(to, from, size);
  else if (size != 0)
    std::memcpy(to, from, size);
}

/// The same for what is mostly short, a text or a name: up to 32 bytes no function is called.
inline void copy_short_bytes(void* to, const void* from, std::size_t size) noexcept {
  // Twice as many bytes as half the size, the second time up to the end.
  const auto copy_ends = [&]<class Part>(Part first) {
    Part last;
    std::memcpy(&first, from, sizeof first);
    std::memcpy(&last, static_cast<const std::byte*>(from) + size - sizeof last, sizeof last);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(static_cast<std::byte*>(to) + size - sizeof last, &last, sizeof last);
  };
  struct Half {
    std::uint64_t words[2];
  };
  if (size > 2 * sizeof(Half)) return copy_bytes(to, from, size);
  if (size >= sizeof(Half)) return copy_ends(Half{});
  if (size >= 8) return copy_ends(std::uint64_t{});
  if (size >= 4) return copy_ends(std::uint32_t{});
  if (size == 0) return;
  const auto* const source = static_cast<const std::byte*>(from);
  auto* const target = static_cast<std::byte*>(to);
  target[0] = source[0];
  if (size > 1) std::memcpy(target + size - 2, source + size - 2, 2);
}

/// A queue of bytes in one piece of memory: appended at the end, consumed from the front.
/// The memory is kept and reused until `release` gives it back. Not for use by several threads at once.
class ByteQueue {
 public:
  ByteQueue() noexcept = default;
  ByteQueue(ByteQueue&& other) noexcept;
  ByteQueue& operator=(ByteQueue&& other) noexcept;
  ~ByteQueue();

  std::size_t size() const noexcept { return end_ - begin_; }
  bool empty() const noexcept { return begin_ == end_; }
  std::size_t capacity() const noexcept { return capacity_; }
  const std::byte* data() const noexcept { return memory_ + begin_; }
  /// For codecs that rewrite in place (a length filled in later, a string unescaped where it stands).
  std::byte* data() noexcept { return memory_ + begin_; }
  std::span<const std::byte> readable() const noexcept { return {data(), size()}; }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data()), size()}; }

  /// Drops `count` bytes (at most `size()`) from the front. What stays does not move.
  void consume(std::size_t count) noexcept {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  /// Room for at least `count` more bytes, all of the free room behind the last byte. Invalidates earlier pointers.
  std::span<std::byte> prepare(std::size_t count) {
    if (capacity_ - end_ < count) grow(count);
    return {memory_ + end_, capacity_ - end_};
  }
  /// Makes the first `count` bytes of what `prepare` gave part of the queue.
  void commit(std::size_t count) noexcept { end_ += count; }

  void append(std::span<const std::byte> bytes) { append(bytes.data(), bytes.size()); }
  void append(std::string_view text) { append(text.data(), text.size()); }
  /// The bytes may be some of the queue's own.
  void append(const void* bytes, std::size_t count) {
    if (count == 0) return;
    if (capacity_ - end_ < count) return append_growing(static_cast<const std::byte*>(bytes), count);
    copy_bytes(memory_ + end_, bytes, count);
    end_ += count;
  }
  void push_back(std::byte byte) {
    if (end_ == capacity_) grow(1);
    memory_[end_++] = byte;
  }
  void push_back(char c) { push_back(static_cast<std::byte>(c)); }

  /// Forgets everything behind the first `size` bytes: takes an append back.
  void truncate(std::size_t size) noexcept { end_ = begin_ + size; }
  void clear() noexcept { begin_ = end_ = 0; }
  /// Clears, and returns the memory.
  void release() noexcept;
  /// Clears, and returns the memory if it is more than `limit` bytes.
  void recycle(std::size_t limit) noexcept {
    clear();
    if (capacity_ > limit) release();
  }

 private:
  void grow(std::size_t count);
  void append_growing(const std::byte* bytes, std::size_t count);

  std::byte* memory_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

inline std::span<const std::byte> as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace polyrpc
