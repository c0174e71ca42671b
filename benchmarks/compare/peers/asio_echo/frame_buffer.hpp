#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace bench {

/// What a connection has read: whole frames, and perhaps the beginning of one more. A frame is as in raw_echo.cpp.
class FrameBuffer {
 public:
  char* room() { return data_.get() + size_; }
  std::size_t room_bytes() const { return capacity_ - size_; }
  const char* data() const { return data_.get(); }

  /// Takes in what was read into `room()`. Returns how many bytes of `data()` are whole frames.
  std::size_t read(std::size_t bytes) {
    size_ += bytes;
    std::size_t whole = 0;
    while (size_ - whole >= header_bytes) {
      const std::size_t frame = header_bytes + payload_bytes(data_.get() + whole);
      if (frame > size_ - whole) {
        if (frame > capacity_) pending_ = frame;
        break;
      }
      whole += frame;
    }
    return whole;
  }

  /// Forgets the first `bytes`, and makes room for the frame that has begun.
  void drop(std::size_t bytes) {
    size_ -= bytes;
    if (pending_ > capacity_) {
      capacity_ = pending_;
      auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
      std::memcpy(larger.get(), data_.get() + bytes, size_);
      data_ = std::move(larger);
    } else {
      std::memmove(data_.get(), data_.get() + bytes, size_);
    }
  }

 private:
  static constexpr std::size_t header_bytes = 8;
  static constexpr std::size_t largest_payload = std::size_t{64} << 20;

  static std::size_t payload_bytes(const char* header) {
    std::size_t length = 0;
    for (std::size_t i = 4; i-- > 0;) length = length << 8 | static_cast<unsigned char>(header[i]);
    if (length > largest_payload) throw std::runtime_error("frame too large");
    return length;
  }

  std::size_t capacity_ = std::size_t{64} << 10;
  std::unique_ptr<char[]> data_ = std::make_unique_for_overwrite<char[]>(capacity_);
  std::size_t size_ = 0;
  std::size_t pending_ = 0;  // the size of a frame that is larger than the buffer
};

}  // namespace bench
