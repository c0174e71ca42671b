#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/compression.hpp"
#include "polyrpc/core/message_format.hpp"
#include "polyrpc/runtime/connect.hpp"
#include "polyrpc/runtime/http.hpp"
#include "polyrpc/runtime/registry.hpp"

#include "wire.hpp"

#include <nghttp2/nghttp2.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace polyrpc::grpc {

/// One stream of a server's connection: a call, or a request for a page. Objects are used again for their memory.
struct Stream {
  enum class Use : std::uint8_t {
    undecided,  ///< the header has not ended
    call,       ///< gRPC
    connect,    ///< a call of Connect's
    page,
    over,  ///< answered without a handler: what still comes is dropped
  };

  std::int32_t id = 0;
  std::size_t position = 0;  // among the connection's
  Use use = Use::undecided;

  // The request's header, as received.
  std::string header_text;
  struct Place {
    std::uint32_t name, name_size, value, value_size;
  };
  std::vector<Place> header;
  std::size_t header_bytes = 0;  // as HTTP/2 counts them
  bool too_much_header = false;

  // A call.
  const MethodEntry* entry = nullptr;
  const MessageFormat* format = nullptr;
  const Compressor* reply_compressor = nullptr;  // used for the reply
  std::string accept_encoding;                   // the client's list
  std::string content_type;                      // of the reply; empty: application/grpc
  std::optional<Clock::time_point> deadline;
  std::optional<Clock::time_point> receive_by;  // while the request is not whole
  Metadata metadata;
  MessageReader in;
  std::size_t unread = 0;                // bytes in `in`, as last counted for the connection
  std::size_t uncredited = 0;            // received, and not yet given back to the client's window
  std::span<const std::byte> message{};  // of a call with one request: it
  bool dispatched = false;               // the session knows the call
  bool wants_message = false;            // it waits for `readable`
  bool wants_room = false;               // it waits for `writable`
  bool remote_ended = false;

  // The answer.
  ByteQueue out;               // framed messages
  std::size_t reply_size = 0;  // of the last one
  Status failure;              // found while receiving: told where messages are read
  bool headers_sent = false;
  bool ended = false;     // the trailers are known
  bool deferred = false;  // nghttp2 waits for `resume`
  bool trailers_sent = false;
  Status status;
  Metadata trailers;

  // A call of Connect's, or a page.
  std::optional<connect::ServerCall> connect;
  ByteQueue body;
  std::function<bool(std::string&)> producer;
  bool no_trailers = false;

  std::string_view name(const Place& place) const noexcept {
    return std::string_view(header_text).substr(place.name, place.name_size);
  }
  std::string_view value(const Place& place) const noexcept {
    return std::string_view(header_text).substr(place.value, place.value_size);
  }

  void reset() {
    id = 0;
    use = Use::undecided;
    header_text.clear();
    header.clear();
    header_bytes = 0;
    too_much_header = false;
    entry = nullptr;
    format = nullptr;
    reply_compressor = nullptr;
    accept_encoding.clear();
    content_type.clear();
    deadline.reset();
    receive_by.reset();
    metadata.clear();
    in.reset(0);
    unread = uncredited = 0;
    message = {};
    dispatched = wants_message = wants_room = remote_ended = false;
    out.clear();
    if (out.capacity() > kept) give_spare(std::move(out));
    reply_size = 0;
    failure = {};
    headers_sent = ended = deferred = trailers_sent = false;
    status = {};
    trailers.clear();
    connect.reset();
    body.recycle(kept);
    producer = nullptr;
    no_trailers = false;
    if (header_text.capacity() > kept) header_text = {};
  }

 private:
  static constexpr std::size_t kept = 16 << 10;
};

}  // namespace polyrpc::grpc
