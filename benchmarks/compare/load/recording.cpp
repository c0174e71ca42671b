#include "recording.hpp"

#include "load/http2.hpp"

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

/// What peers/nginx answers with a fixed body of the same size: it has a path for each payload.
Recording record_nginx(const std::string& payload, bool post) {
  Recording recording = record_http(payload);
  const std::string path = "/jsonrpc/" + std::to_string(payload.size());
  if (post)
    recording.request.replace(recording.request.find("/jsonrpc"), 8, path);
  else
    recording.request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  recording.first_request = recording.request;
  return recording;
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes += static_cast<char>(value | 128);
  bytes += static_cast<char>(value);
  return bytes;
}

std::string protobuf_body(const std::string& payload) {
  std::string body("\x08\x01\x10\x02", 4);
  if (!payload.empty()) body += '\x1a' + varint(payload.size()) + payload;
  return body;
}

/// protorpc's envelope: a header of id and method, and the body, each behind its length.
Recording record_protobuf(const std::string& payload) {
  Recording recording;
  const std::string body = protobuf_body(payload);
  const std::string header = std::string("\x08\x07\x12\x09") + "Echo.Echo" + '\x18' + varint(body.size());
  recording.request = varint(header.size()) + header + varint(body.size()) + body;
  recording.first_request = recording.request;
  recording.framing = Framing::varint_pair;
  recording.good_reply_has = payload;
  return recording;
}

/// Connect's unary call by HTTP/1.1.
Recording record_connect(const std::string& payload) {
  Recording recording;
  const std::string body = protobuf_body(payload);
  recording.request =
      "POST /bench.Echo/Echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/proto\r\n"
      "Connect-Protocol-Version: 1\r\nContent-Length: ";
  recording.request += std::to_string(body.size());
  recording.request += "\r\n\r\n";
  recording.request += body;
  recording.first_request = recording.request;
  recording.framing = Framing::http;
  recording.good_reply_has = payload;
  return recording;
}

std::string big_endian(std::uint64_t value, unsigned bytes) {
  std::string digits;
  while (bytes-- > 0) digits += static_cast<char>(value >> (8 * bytes));
  return digits;
}

/// Thrift's strict binary protocol in its framed transport: a struct `Message` as the method's first parameter.
Recording record_thrift(const std::string& payload) {
  constexpr std::uint64_t version_and_call = 0x80010001, sequence = 7;
  constexpr std::string_view method = "echo";
  constexpr char i64 = 10, text = 11, structure = 12, stop = 0;
  std::string content = big_endian(version_and_call, 4);
  content += big_endian(method.size(), 4);
  content += method;
  content += big_endian(sequence, 4);
  const auto begin_field = [&content](char type, std::uint64_t id) {
    content += type;
    content += big_endian(id, 2);
  };
  begin_field(structure, 1);
  begin_field(i64, 1);
  content += big_endian(1, 8);
  begin_field(i64, 2);
  content += big_endian(2, 8);
  begin_field(text, 3);
  content += big_endian(payload.size(), 4);
  content += payload;
  content.append(2, stop);

  Recording recording;
  recording.request = big_endian(content.size(), 4) + content;
  recording.first_request = recording.request;
  recording.framing = Framing::big_endian;
  recording.good_reply_has = payload;
  return recording;
}

/// A Cap'n Proto message in one segment, as far as calls need it ("Encoding Spec").
class CapnpMessage {
 public:
  void add_word(std::uint64_t word) {
    for (unsigned i = 0; i < 8; ++i) content_ += static_cast<char>(word >> (8 * i));
  }
  /// A pointer to a struct that begins so many words behind the pointer's end.
  void add_struct(std::uint64_t distance, std::uint64_t data_words, std::uint64_t pointers) {
    add_word(distance << 2 | data_words << 32 | pointers << 48);
  }
  void add_data(std::string_view data) {  // the pointer and the bytes
    constexpr std::uint64_t list = 1, of_bytes = 2;
    add_word(list | of_bytes << 32 | std::uint64_t{data.size()} << 35);
    content_ += data;
    content_.append((8 - data.size() % 8) % 8, '\0');
  }
  std::string framed() const {
    CapnpMessage head;
    head.add_word(std::uint64_t{content_.size() / 8} << 32);  // one segment less one, and its words
    return head.content_ + content_;
  }

 private:
  std::string content_;
};

// rpc.capnp's Message is a union of one data word and one pointer.

std::string capnp_call(std::uint64_t question, const std::string& payload) {
  constexpr std::uint64_t call = 2, echo_interface = 0x9d8f4a1c2b3e5f60;  // as in peers/capnp/echo.capnp
  CapnpMessage message;
  message.add_struct(0, 1, 1);
  message.add_word(call);
  message.add_struct(0, 3, 3);
  message.add_word(question);  // and method 0
  message.add_word(echo_interface);
  message.add_word(0);          // the results go to the caller
  message.add_struct(2, 1, 1);  // target
  message.add_struct(3, 0, 2);  // parameters
  message.add_word(0);
  message.add_word(0);  // the capability imported first
  message.add_word(0);
  message.add_struct(1, 2, 1);  // the parameters' content
  message.add_word(0);
  message.add_word(1);
  message.add_word(2);
  message.add_data(payload);
  return message.framed();
}

std::string capnp_finish(std::uint64_t question) {
  constexpr std::uint64_t finish = 4, keep_capabilities = std::uint64_t{1} << 32;
  CapnpMessage message;
  message.add_struct(0, 1, 1);
  message.add_word(finish);
  message.add_struct(0, 1, 0);
  message.add_word(question | keep_capabilities);
  return message.framed();
}

std::string capnp_bootstrap(std::uint64_t question) {
  constexpr std::uint64_t bootstrap = 8;
  CapnpMessage message;
  message.add_struct(0, 1, 1);
  message.add_word(bootstrap);
  message.add_struct(0, 1, 1);
  message.add_word(question);
  message.add_word(0);
  return message.framed();
}

/// A question's id is free again when it is answered and finished. So there are as many ids as calls in flight, and
/// each call finishes the one that had its id before. That was answered, as the replies come in order.
Recording record_capnp(const std::string& payload, std::size_t in_flight) {
  Recording recording;
  recording.handshake = capnp_bootstrap(0);
  recording.first_request = capnp_finish(0);
  for (std::size_t id = 0; id < in_flight; ++id) {
    recording.first_request += capnp_call(id, payload);
    recording.request += capnp_finish(id) + capnp_call(id, payload);
  }
  recording.calls = in_flight;
  recording.framing = Framing::segments;
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

std::size_t unsigned_at(std::string_view bytes, std::size_t at) {  // four bytes, little-endian
  std::size_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::size_t segments_size(std::string_view bytes) {
  if (bytes.size() < 8) return 0;
  const std::size_t segments = unsigned_at(bytes, 0) + 1;
  if (segments > 512) throw std::runtime_error("a message of " + std::to_string(segments) + " segments");
  std::size_t size = (4 + 4 * segments + 7) / 8 * 8;
  if (bytes.size() < size) return 0;
  for (std::size_t i = 0; i < segments; ++i) size += 8 * unsigned_at(bytes, 4 + 4 * i);
  return bytes.size() < size ? 0 : size;
}

/// The first two calls of a connection. The third would need another stream's number: see Speaker.
Recording record_grpc(const std::string& payload) {
  Recording recording;
  const auto add_call = [&](std::string& out, std::uint32_t stream, std::string_view fields) {
    http2::add_frame(out, http2::headers, http2::end_headers, stream, fields);
    http2::add_frame(out, http2::data, http2::end_stream, stream, http2::message(payload));
  };
  recording.first_request = http2::preface();
  add_call(recording.first_request, 1, http2::first_fields());
  http2::add_frame(recording.request, http2::settings, http2::acknowledged, 0, {});
  add_call(recording.request, 3, http2::fields());
  recording.framing = Framing::http2;
  recording.good_reply_has = payload;
  return recording;
}

/// Up to a frame that ends a stream.
std::size_t http2_reply_size(std::string_view bytes) {
  http2::Frame frame;
  for (std::size_t at = 0; http2::next_frame(bytes.substr(at), frame);) {
    at += frame.size();
    if ((frame.type == http2::headers || frame.type == http2::data) && (frame.flags & http2::end_stream) != 0)
      return at;
  }
  return 0;
}

}  // namespace

Recording record(std::string_view wire, std::size_t payload_bytes, std::size_t in_flight) {
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
  if (wire == "connect") return record_connect(payload);
  if (wire == "nginx") return record_nginx(payload, true);
  if (wire == "nginx-get") return record_nginx(payload, false);
  if (wire == "thrift") return record_thrift(payload);
  if (wire == "capnp") return record_capnp(payload, in_flight);
  if (wire == "grpc") return record_grpc(payload);
  throw std::runtime_error("no wire " + std::string(wire) + ", there are " + std::string(wire_names));
}

Framing framing_of(std::string_view name) {
  if (name == "frame") return Framing::frame;
  if (name == "gob") return Framing::gob;
  if (name == "line") return Framing::line;
  if (name == "http") return Framing::http;
  if (name == "varint_pair") return Framing::varint_pair;
  if (name == "big_endian") return Framing::big_endian;
  if (name == "segments") return Framing::segments;
  if (name == "http2") return Framing::http2;
  throw std::runtime_error("no framing " + std::string(name));
}

std::size_t reply_size(Framing framing, std::string_view bytes) {
  switch (framing) {
    case Framing::frame: {
      if (bytes.size() < 8) return 0;
      const std::size_t length = unsigned_at(bytes, 0);
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
    case Framing::big_endian: {
      if (bytes.size() < 4) return 0;
      std::size_t length = 0;
      for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(bytes[i]);
      return bytes.size() - 4 < length ? 0 : 4 + length;
    }
    case Framing::segments:
      return segments_size(bytes);
    case Framing::http2:
      return http2_reply_size(bytes);
  }
  throw std::logic_error("unreachable");
}

}  // namespace bench
