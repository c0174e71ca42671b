#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/compression.hpp"
#include "polyrpc/core/message_format.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/runtime/connect.hpp"
#include "polyrpc/runtime/http.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

/// The client's side of one exchange of the Connect protocol's unary form, without HTTP's version.
namespace polyrpc::connect {

struct ClientOptions {
  /// What replies may be compressed with.
  Compressors compressors = {};
  /// What requests are compressed with; null: they are not. Not every server can read that.
  std::shared_ptr<const Compressor> compress = {};
  /// Requests of fewer bytes go as they are.
  std::size_t compress_from = 1024;
};

/// `/package.Service/Method`; `invalid_argument` for a name that has no service or cannot be a path.
Result<std::string> path_of(std::string_view method);

/// Appends the request's header fields (lower case, well-formed) and body. Not ok: both are as they were.
Status write_request(const RequestHead& head, MessageRef message, const MessageFormat& format,
                     const ClientOptions& options, Fields& fields, ByteQueue& body);

/// Takes an answer with all of its body apart: sets the reply's status, headers and trailers. Returns the message, if
/// the status is ok; it stands in `body` or in `inflated`.
std::span<const std::byte> read_answer(int status, std::span<const http::Field> fields, std::span<const std::byte> body,
                                       const MessageFormat& format, const ClientOptions& options,
                                       const CodecLimits& limits, ByteQueue& inflated, IncomingReply& reply);

}  // namespace polyrpc::connect
