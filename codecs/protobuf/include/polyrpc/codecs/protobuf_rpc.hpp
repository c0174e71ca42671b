#pragma once

#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/message_format.hpp"

#include <cstddef>
#include <memory>
#include <optional>

namespace polyrpc::protobuf {

struct RpcOptions {
  /// Bodies of so many bytes and more are sent compressed with snappy (0: all, as Go does); nothing: none is.
  /// Compressed ones are read either way, where this library was built with snappy.
  std::optional<std::size_t> compress_from = {};
  bool checksum = false;  ///< sent with every body; one that comes is verified either way
  /// A longer request header is refused before it is sent. Go's servers hang up at more than 1024; between ends that
  /// are both polyrpc it can be as large as the server's `metadata_bytes` and `name_bytes` together.
  std::size_t request_header_bytes = 1024;
  /// What writes and reads the bodies; null: `format()`.
  std::shared_ptr<const MessageFormat> format = {};
};

/// Protobuf on a stream of bytes, in the envelope of the Go package chai2010/protorpc. What travels is described in
/// `docs/wire/protobuf.md`. Throws `std::invalid_argument` if it is to compress and this library can't.
std::shared_ptr<const Codec> rpc(RpcOptions options = {});

}  // namespace polyrpc::protobuf
