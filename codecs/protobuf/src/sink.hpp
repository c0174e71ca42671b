#pragma once

#include "polyrpc/core/bytes.hpp"

#include "plan.hpp"
#include "wire.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace polyrpc::protobuf {

/// Appends to a queue. Until `keep` the queue's readers do not miss it: without, all that was written is taken back.
class Sink {
 public:
  explicit Sink(ByteQueue& queue) : queue_(queue), size_before_(queue.size()) { open(64); }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  ~Sink() {
    if (!kept_) queue_.truncate(size_before_);
  }

  void keep() noexcept {
    flush();
    kept_ = true;
  }

  /// Room for so many bytes behind the returned pointer; `advance` says how far it was used.
  std::uint8_t* room(std::size_t size) {
    if (static_cast<std::size_t>(limit_ - cursor_) < size) grow(size);
    return cursor_;
  }
  void advance(std::uint8_t* to) noexcept { cursor_ = to; }

  void tag(const Tag& tag) {
    std::uint8_t* out = room(tag.bytes.size());
    std::memcpy(out, tag.bytes.data(), tag.bytes.size());
    advance(out + tag.size);
  }
  void varint(std::uint64_t value) { advance(write_varint(value, room(varint_room))); }
  /// A length and the bytes.
  void delimited(std::string_view bytes) {
    std::uint8_t* out = write_varint(bytes.size(), room(varint_room + bytes.size()));
    copy_short_bytes(out, bytes.data(), bytes.size());
    advance(out + bytes.size());
  }

  /// How much was written.
  std::size_t size() const noexcept { return queue_.size() - size_before_ + static_cast<std::size_t>(cursor_ - base_); }
  /// Takes back all but the first `size` bytes.
  void shrink(std::size_t size) {
    flush();
    queue_.truncate(size_before_ + size);
    open(0);
  }

  /// Leaves one byte for a length that is not known yet, and returns where.
  std::size_t begin_length() {
    const std::size_t place = size();
    advance(room(1) + 1);
    return place;
  }
  /// Fills it in: all that was written since. Most lengths fit into a byte; otherwise the bytes move.
  void end_length(std::size_t place) {
    const std::size_t length = size() - place - 1;
    const std::size_t more = varint_size(length) - 1;
    if (more != 0) advance(room(more) + more);
    std::uint8_t* const start = cursor_ - more - length - 1;
    if (more != 0) std::memmove(start + 1 + more, start + 1, length);
    write_varint(length, start);
  }

 private:
  void open(std::size_t size) {
    const std::span<std::byte> space = queue_.prepare(size);
    base_ = cursor_ = reinterpret_cast<std::uint8_t*>(space.data());
    limit_ = base_ + space.size();
  }
  void flush() noexcept {
    queue_.commit(static_cast<std::size_t>(cursor_ - base_));
    base_ = cursor_;
  }
  void grow(std::size_t size) {
    flush();
    open(size);
  }

  ByteQueue& queue_;
  std::size_t size_before_;
  std::uint8_t* base_ = nullptr;
  std::uint8_t* cursor_ = nullptr;
  std::uint8_t* limit_ = nullptr;
  bool kept_ = false;
};

}  // namespace polyrpc::protobuf
