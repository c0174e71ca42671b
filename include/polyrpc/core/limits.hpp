#pragma once

#include <chrono>
#include <cstddef>

namespace polyrpc {

/// What a codec accepts from a peer. Past a limit the call or the connection ends with `resource_exhausted`.
struct CodecLimits {
  std::size_t message_bytes = std::size_t{64} << 20;  ///< one message: body, or body and envelope where they are one
  std::size_t depth = 1000;                           ///< nesting of values
  std::size_t elements = std::size_t{16} << 20;       ///< elements of one list or map
  std::size_t batch = 1000;                           ///< calls in one JSON-RPC batch
  std::size_t types = 4096;                           ///< type definitions in one gob stream
  std::size_t type_fields = 4096;                     ///< fields of one gob struct type
  std::size_t type_bytes = std::size_t{1} << 20;      ///< all type definitions of one gob stream together
  std::size_t name_bytes = 4096;                      ///< a type's, field's or method's name
  std::size_t metadata_bytes = 16 << 10;              ///< keys and values, counted as `Metadata::wire_size` does

  friend bool operator==(const CodecLimits&, const CodecLimits&) = default;
};

/// What a server accepts from its peers, and a client from its server. The defaults are safe on an open port.
struct Limits {
  CodecLimits codec = {};

  std::size_t connections = 65536;                  ///< a further one is accepted and closed at once
  std::size_t calls_in_flight = 1024;               ///< of one connection; past it reading pauses until one ends
  std::size_t unsent_bytes = std::size_t{8} << 20;  ///< replies waiting for a slow reader; past it reading pauses
  std::size_t sniff_bytes = 64;                     ///< to tell a protocol by its first bytes
  std::chrono::milliseconds sniff_time{10'000};     ///< from accept to the first recognised bytes; zero: no limit
  std::chrono::milliseconds idle_time{0};           ///< no call in flight and nothing read; zero: no limit
  std::chrono::milliseconds message_time{60'000};   ///< from a message's first byte to its last; zero: no limit
  std::chrono::milliseconds write_time{60'000};     ///< without the peer taking a byte of what waits; zero: no limit

  // HTTP/1.1
  std::size_t http_header_bytes = 16 << 10;  ///< request line and header fields; past it 431 (the target: 414)
  std::size_t http_target_bytes = 8 << 10;
  std::size_t http_headers = 100;                      ///< number of header fields
  std::chrono::milliseconds http_header_time{10'000};  ///< from a request's first byte to its header's end; then 408
};

}  // namespace polyrpc
