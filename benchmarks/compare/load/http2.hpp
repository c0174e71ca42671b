#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// As much of HTTP/2 (RFC 9113) as a gRPC client needs that sends the same calls again and again.
namespace bench::http2 {

enum FrameType : std::uint8_t {
  data = 0,
  headers = 1,
  reset = 3,
  settings = 4,
  ping = 6,
  go_away = 7,
  window_update = 8
};
inline constexpr std::uint8_t end_stream = 1, acknowledged = 1, end_headers = 4;
inline constexpr std::size_t frame_header_bytes = 9;

struct Frame {
  std::uint8_t type;
  std::uint8_t flags;
  std::uint32_t stream;
  std::string_view payload;
  std::size_t size() const { return frame_header_bytes + payload.size(); }
};

std::uint32_t read_u32(std::string_view bytes);
void add_frame(std::string& out, std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload);

/// Cuts a frame off the front of `bytes`. False: more bytes are needed.
bool next_frame(std::string_view bytes, Frame& frame);

/// Preface and settings of a client that takes a GiB before the server must wait for a window.
std::string preface();

/// The fields of a call of /bench.Echo/Echo. The first block of a connection puts them into the server's table, and the
/// others refer to it, as real clients do.
std::string first_fields();
std::string fields();
/// The same for another method of the service.
std::string fields_of(std::string_view method);

/// A gRPC message of `{a: 1, b: 2, s: payload}`.
std::string message(std::string_view payload);

}  // namespace bench::http2
