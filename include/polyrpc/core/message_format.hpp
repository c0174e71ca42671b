#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/limits.hpp"
#include "polyrpc/core/scratch.hpp"
#include "polyrpc/core/shape.hpp"
#include "polyrpc/core/status.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace polyrpc {

/// One message to and from bytes, without a stream around it: what gRPC, HTTP `POST` and envelopes carry. Stateless,
/// and safe to use from several threads.
class MessageFormat {
 public:
  virtual ~MessageFormat() = default;

  /// `proto` or `json`: gRPC's content subtype and the last part of `application/proto`.
  virtual std::string_view name() const noexcept = 0;
  /// Appends the message, or leaves `output` as it was and says why.
  virtual Status encode(MessageRef message, ByteQueue& output) const = 0;
  /// Reads all of `bytes` into `into`. `invalid_argument` for what is malformed, `resource_exhausted` past a limit.
  /// Views in `into` borrow from `bytes`, or from `scratch` what does not stand there as it is; without one that is an
  /// `invalid_argument` error.
  virtual Status decode(std::span<const std::byte> bytes, MessageSlot into, const CodecLimits& limits,
                        Scratch* scratch = nullptr) const = 0;
};

}  // namespace polyrpc
