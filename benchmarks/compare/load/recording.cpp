#include "recording.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>

namespace bench {
namespace {

/// Bytes that look like data: no run of equal ones, nothing that ends a line or needs an escape.
std::string payload_of(std::size_t bytes) {
  std::string payload(bytes, '\0');
  std::uint32_t state = 12345;
  for (char& byte : payload) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>('A' + (state >> 24) % 26);
  }
  return payload;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) text += i + j <= bytes.size() ? digits[group >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

// gob, as far as this one call needs it (encoding/gob, "Encoding Details").

std::string gob_uint(std::uint64_t value) {
  if (value < 128) return {static_cast<char>(value)};
  std::string digits;
  for (; value != 0; value >>= 8) digits.insert(digits.begin(), static_cast<char>(value));
  digits.insert(digits.begin(), static_cast<char>(-static_cast<int>(digits.size())));
  return digits;
}

std::string gob_int(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return gob_uint(value < 0 ? (~bits << 1 | 1) : bits << 1);
}

std::string gob_text(std::string_view text) { return gob_uint(text.size()) + std::string(text); }

std::string gob_message(const std::string& content) { return gob_uint(content.size()) + content; }

struct GobField {
  std::string_view name;
  std::int64_t type;
};

constexpr std::int64_t gob_int_type = 2, gob_uint_type = 3, gob_bytes_type = 5, gob_text_type = 6;
constexpr std::int64_t request_type = 65, echo_type = 66;

/// What comes next in a struct: the field after the last one.
void add_next(std::string& content, const std::string& value) {
  content += '\x01';
  content += value;
}

std::string gob_definition(std::int64_t id, std::string_view name, std::initializer_list<GobField> fields) {
  std::string content = gob_int(-id);
  content += '\x03';  // the descriptor's field for structs
  content += '\x01';
  add_next(content, gob_text(name));
  add_next(content, gob_int(id));
  content += '\0';
  add_next(content, gob_uint(fields.size()));
  for (const GobField& field : fields) {
    add_next(content, gob_text(field.name));
    add_next(content, gob_int(field.type));
    content += '\0';
  }
  content.append(2, '\0');
  return gob_message(content);
}

std::string gob_call(std::string_view payload, std::uint64_t seq) {
  std::string head = gob_int(request_type);
  add_next(head, gob_text("Echo.Echo"));
  if (seq != 0) add_next(head, gob_uint(seq));
  head += '\0';
  std::string body = gob_int(echo_type);
  add_next(body, gob_int(1));
  add_next(body, gob_int(2));
  if (!payload.empty()) add_next(body, gob_text(payload));
  body += '\0';
  return gob_message(head) + gob_message(body);
}

Recording record_gob(const std::string& payload) {
  Recording recording;
  const std::string types =
      gob_definition(request_type, "Request", {{"ServiceMethod", gob_text_type}, {"Seq", gob_uint_type}});
  const std::string echo =
      gob_definition(echo_type, "EchoArgs", {{"A", gob_int_type}, {"B", gob_int_type}, {"S", gob_bytes_type}});
  // A definition stands before the first message that needs it.
  const std::string first = gob_call(payload, 0);
  const std::size_t head = 1 + static_cast<unsigned char>(first[0]);
  recording.first_request = types + first.substr(0, head) + echo + first.substr(head);
  recording.request = gob_call(payload, 1);
  recording.framing = Framing::gob;
  recording.good_reply_has = payload;
  return recording;
}

Recording record_json(const std::string& payload, std::string_view version) {
  Recording recording;
  const std::string text = base64(payload);
  recording.request += '{';
  recording.request += version;
  recording.request += R"("method":"Echo.Echo","params":[{"A":1,"B":2,"S":")";
  recording.request += text;
  recording.request += R"("}],"id":7})";
  recording.request += '\n';
  recording.first_request = recording.request;
  recording.framing = Framing::line;
  recording.good_reply_has = text;
  return recording;
}

Recording record_http(const std::string& payload) {
  Recording recording = record_json(payload, R"("jsonrpc":"2.0",)");
  std::string request =
      "POST /jsonrpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ";
  request += std::to_string(recording.request.size());
  request += "\r\n\r\n";
  request += recording.request;
  recording.request = std::move(request);
  recording.first_request = recording.request;
  recording.framing = Framing::http;
  return recording;
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes += static_cast<char>(value | 128);
  bytes += static_cast<char>(value);
  return bytes;
}

/// protorpc's envelope: a header of id and method, and the body, each behind its length.
Recording record_protobuf(const std::string& payload) {
  Recording recording;
  std::string body("\x08\x01\x10\x02", 4);
  if (!payload.empty()) body += '\x1a' + varint(payload.size()) + payload;
  const std::string header = std::string("\x08\x07\x12\x09") + "Echo.Echo" + '\x18' + varint(body.size());
  recording.request = varint(header.size()) + header + varint(body.size()) + body;
  recording.first_request = recording.request;
  recording.framing = Framing::varint_pair;
  recording.good_reply_has = payload;
  return recording;
}

Recording record_raw(const std::string& payload) {
  Recording recording;
  for (std::size_t i = 0; i < 4; ++i) recording.request += static_cast<char>(payload.size() >> (8 * i));
  recording.request += std::string("\x07\x00\x00\x00", 4) + payload;
  recording.first_request = recording.request;
  recording.framing = Framing::frame;
  recording.good_reply_has = payload;
  return recording;
}

/// Reads a gob unsigned integer at `at`, and moves `at` behind it; nothing if it is not all there.
std::optional<std::uint64_t> read_gob_uint(std::string_view bytes, std::size_t& at) {
  if (at >= bytes.size()) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes[at]);
  if (first < 128) {
    ++at;
    return first;
  }
  const std::size_t count = 256U - first;
  if (count > 8) throw std::runtime_error("no gob: an integer of " + std::to_string(count) + " bytes");
  if (bytes.size() - at <= count) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 1; i <= count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  at += 1 + count;
  return value;
}

std::size_t gob_reply_size(std::string_view bytes) {
  std::size_t at = 0;
  for (int values = 0; values < 2;) {
    const std::optional<std::uint64_t> length = read_gob_uint(bytes, at);
    if (!length || bytes.size() - at < *length) return 0;
    std::size_t type_at = at;
    const std::optional<std::uint64_t> type = read_gob_uint(bytes.substr(0, at + *length), type_at);
    if (!type) throw std::runtime_error("no gob: an empty message");
    if ((*type & 1) == 0) ++values;  // a negative id is a definition
    at += *length;
  }
  return at;
}

std::size_t http_reply_size(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  std::string head(bytes.substr(0, end + 2));
  std::transform(head.begin(), head.end(), head.begin(),
                 [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (head.compare(0, 13, "http/1.1 200 ") != 0) throw std::runtime_error("answer " + head.substr(0, head.find('\r')));
  const std::string_view name = "\r\ncontent-length:";
  std::size_t at = head.find(name);
  if (at == std::string::npos) throw std::runtime_error("an answer without Content-Length");
  at = head.find_first_not_of(' ', at + name.size());
  std::size_t length = 0;
  std::from_chars(head.data() + at, head.data() + head.size(), length);
  const std::size_t size = end + 4 + length;
  return bytes.size() < size ? 0 : size;
}

std::size_t varint_pair_size(std::string_view bytes) {
  std::size_t at = 0;
  for (int part = 0; part < 2; ++part) {
    std::uint64_t length = 0;
    for (unsigned shift = 0;; shift += 7) {
      if (at >= bytes.size()) return 0;
      if (shift > 28) throw std::runtime_error("a length of more than 32 bits");
      const auto byte = static_cast<unsigned char>(bytes[at++]);
      length |= std::uint64_t{byte & 127U} << shift;
      if (byte < 128) break;
    }
    if (bytes.size() - at < length) return 0;
    at += length;
  }
  return at;
}

}  // namespace

Recording record(std::string_view wire, std::size_t payload_bytes) {
  const std::string payload = payload_of(payload_bytes);
  if (wire == "raw") return record_raw(payload);
  if (wire == "gob") return record_gob(payload);
  if (wire == "gob-connect") {
    Recording recording = record_gob(payload);
    recording.handshake = "CONNECT /_goRPC_ HTTP/1.0\n\n";
    recording.handshake_answer = "HTTP/1.0 200 Connected to Go RPC\n\n";
    return recording;
  }
  if (wire == "json1") return record_json(payload, "");
  if (wire == "json2") return record_json(payload, R"("jsonrpc":"2.0",)");
  if (wire == "http") return record_http(payload);
  if (wire == "protobuf") return record_protobuf(payload);
  throw std::runtime_error("no wire " + std::string(wire) + ", there are " + std::string(wire_names));
}

Framing framing_of(std::string_view name) {
  if (name == "frame") return Framing::frame;
  if (name == "gob") return Framing::gob;
  if (name == "line") return Framing::line;
  if (name == "http") return Framing::http;
  if (name == "varint_pair") return Framing::varint_pair;
  throw std::runtime_error("no framing " + std::string(name));
}

std::size_t reply_size(Framing framing, std::string_view bytes) {
  switch (framing) {
    case Framing::frame: {
      if (bytes.size() < 8) return 0;
      std::size_t length = 0;
      for (std::size_t i = 4; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
      return bytes.size() - 8 < length ? 0 : 8 + length;
    }
    case Framing::gob:
      return gob_reply_size(bytes);
    case Framing::line:
      return bytes.find('\n') + 1;  // npos + 1 is 0
    case Framing::http:
      return http_reply_size(bytes);
    case Framing::varint_pair:
      return varint_pair_size(bytes);
  }
  throw std::logic_error("unreachable");
}

}  // namespace bench
