#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/limits.hpp"
#include "polyrpc/core/message_format.hpp"
#include "polyrpc/core/shape.hpp"
#include "polyrpc/core/status.hpp"

#include <cstddef>
#include <memory>
#include <span>

/// Protocol Buffers for described types, without a `.proto` file, and for messages that protoc generated. For these
/// include `protobuf_message.hpp` as well. How described types look on the wire: docs/wire/protobuf.md.
namespace polyrpc::protobuf {

/// The message format `proto`. One object serves the whole program.
std::shared_ptr<const MessageFormat> format();

/// Appends `message`, or leaves `output` as it was and says why: `invalid_argument` for text that is not UTF-8 and what
/// else protobuf cannot say, `unimplemented` for types that it has no form for, `resource_exhausted` past the nesting
/// limit.
Status encode(MessageRef message, ByteQueue& output, const CodecLimits& limits = {});

/// Reads all of `bytes` into `into`. What the message does not mention keeps its value, in generated messages it
/// becomes the default. Views borrow from `bytes`. On an error `into` is half written.
Status decode(std::span<const std::byte> bytes, MessageSlot into, const CodecLimits& limits = {});

template <class T>
Status encode(const T& value, ByteQueue& output, const CodecLimits& limits = {}) {
  return encode(message_ref(value), output, limits);
}
template <class T>
Status decode(std::span<const std::byte> bytes, T& into, const CodecLimits& limits = {}) {
  return decode(bytes, message_slot(into), limits);
}

}  // namespace polyrpc::protobuf
