#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bench {

/// Where one reply ends and the next begins.
enum class Framing {
  frame,        ///< raw_echo's: length, tag, payload
  gob,          ///< a Response and a body, with the type definitions before them
  line,         ///< up to a line feed
  http,         ///< a response with a Content-Length
  varint_pair,  ///< header and body, each with its length as a varint before it
  big_endian,   ///< Thrift's framed transport: a length of four bytes, and what it counts
  segments,     ///< Cap'n Proto's: a table of segments, and the segments
  http2,        ///< frames up to one that ends a stream
};

/// What a client of one connection sends, in bytes: a call of `Echo.Echo` with `{A: 1, B: 2, S: payload}`.
struct Recording {
  std::string handshake;         ///< sent first, alone
  std::string handshake_answer;  ///< what the server answers to it, exactly; empty: one reply
  std::string first_request;     ///< the first `calls`, with what a stream needs only once
  std::string request;           ///< every further `calls`
  std::size_t calls = 1;         ///< that a request has, all of one size, and their replies too
  Framing framing = Framing::frame;
  std::string good_reply_has;  ///< part of every good reply; empty: not looked at
};

/// The names that `record` knows.
inline constexpr std::string_view wire_names =
    "raw, gob, gob-connect, json1, json2, http, protobuf, connect, nginx, nginx-get, thrift, capnp, grpc";

/// The recording for one of `wire_names`, a payload of so many bytes and so many calls in flight on a connection.
/// Throws on another name.
Recording record(std::string_view wire, std::size_t payload_bytes, std::size_t in_flight = 1);

Framing framing_of(std::string_view name);

/// The size of the whole reply that `bytes` begin with; 0 if more bytes are needed. Throws on what is no reply.
std::size_t reply_size(Framing framing, std::string_view bytes);

}  // namespace bench
