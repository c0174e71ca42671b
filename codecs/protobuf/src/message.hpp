#pragma once

#include "polyrpc/core/shape.hpp"
#include "polyrpc/core/status.hpp"

#include "wire.hpp"

#include <cstddef>

namespace polyrpc::protobuf {

inline constexpr std::size_t deepest = 10000;  // whatever the limits say

struct MessageOps;
/// Of a generated message.
inline const MessageOps& ops_of(const Shape& shape) noexcept {
  return *static_cast<const MessageOps*>(shape.foreign->ops);
}

/// A generated message on its way out: measured first, then written.
class OutgoingMessage {
 public:
  OutgoingMessage(const Shape& shape, const void* object);

  /// Not ok: it cannot be sent.
  const Status& status() const noexcept { return status_; }
  std::size_t size() const noexcept { return size_; }
  /// Needs room for `size()` bytes.
  std::uint8_t* write(std::uint8_t* out) const;

 private:
  const Shape& shape_;
  const void* object_;
  std::size_t size_ = 0;
  Status status_;
};

/// Adds what `in` says to a generated message.
Status merge_message(const Shape& shape, void* object, Input in, std::size_t depth_limit);

void clear_message(const Shape& shape, void* object);

/// What `merge_message` leaves for the end: whether all required fields are there.
Status check_message(const Shape& shape, const void* object);

}  // namespace polyrpc::protobuf
