#pragma once

#include "polyrpc/codecs/protobuf.hpp"

#include <string>
#include <string_view>

namespace polyrpc::test {

/// What `message` is on the wire.
template <class T>
std::string encoded(const T& message) {
  ByteQueue bytes;
  const Status status = protobuf::encode(message, bytes);
  return status.ok() ? std::string(bytes.text()) : "error: " + status.to_string();
}

template <class T>
Status decoded(std::string_view bytes, T& into, const CodecLimits& limits = {}) {
  return protobuf::decode(as_bytes(bytes), into, limits);
}

}  // namespace polyrpc::test
