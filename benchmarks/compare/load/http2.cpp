#include "load/http2.hpp"

namespace bench::http2 {
namespace {

void add_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

/// A string of HPACK (RFC 7541, section 5.2), not Huffman coded; shorter than 127 bytes.
std::string text(std::string_view value) { return static_cast<char>(value.size()) + std::string(value); }

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes += static_cast<char>(value | 128);
  bytes += static_cast<char>(value);
  return bytes;
}

constexpr std::string_view post_by_http = "\x83\x86";                  // :method POST, :scheme http
constexpr std::string_view others_from_table = "\xc0\xbf\xbe";         // :authority, content-type, te
constexpr char path_from_table = '\xc1', path_without_index = '\x04';  // RFC 7541, section 6.2.2

}  // namespace

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

void add_frame(std::string& out, std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
               std::string_view payload) {
  out += static_cast<char>(payload.size() >> 16);
  out += static_cast<char>(payload.size() >> 8);
  out += static_cast<char>(payload.size());
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  add_u32(out, stream);
  out += payload;
}

bool next_frame(std::string_view bytes, Frame& frame) {
  if (bytes.size() < frame_header_bytes) return false;
  const std::size_t length = read_u32(bytes) >> 8;
  if (bytes.size() - frame_header_bytes < length) return false;
  frame.type = static_cast<std::uint8_t>(bytes[3]);
  frame.flags = static_cast<std::uint8_t>(bytes[4]);
  frame.stream = read_u32(bytes.substr(5)) & 0x7fffffff;
  frame.payload = bytes.substr(frame_header_bytes, length);
  return true;
}

std::string preface() {
  std::string out = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  std::string no_push("\x00\x02\x00\x00\x00\x00", 6);
  add_frame(out, settings, 0, 0, no_push);
  std::string window;
  add_u32(window, std::uint32_t{1} << 30);
  add_frame(out, window_update, 0, 0, window);
  return out;
}

std::string first_fields() {
  std::string block(post_by_http);
  block += '\x44' + text("/bench.Echo/Echo");  // :path, to be indexed (section 6.2.1)
  block += '\x41' + text("localhost");         // :authority
  block += '\x5f' + text("application/grpc");  // content-type
  block += '\x40' + text("te") + text("trailers");
  return block;
}

std::string fields() {
  std::string block(post_by_http);
  block += path_from_table;
  block += others_from_table;
  return block;
}

std::string fields_of(std::string_view method) {
  std::string block(post_by_http);
  block += path_without_index + text("/bench.Echo/" + std::string(method));
  block += others_from_table;
  return block;
}

std::string message(std::string_view payload) {
  std::string body("\x08\x01\x10\x02", 4);
  if (!payload.empty()) body += '\x1a' + varint(payload.size()) + std::string(payload);
  std::string out(1, '\0');  // not compressed
  add_u32(out, static_cast<std::uint32_t>(body.size()));
  return out + body;
}

}  // namespace bench::http2
