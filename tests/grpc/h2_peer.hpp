#pragma once

#include "support/turned_server.hpp"

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace polyrpc::test {

// RFC 9113, 6.
enum FrameType : std::uint8_t {
  data,
  headers,
  priority,
  rst_stream,
  settings,
  push_promise,
  ping,
  goaway,
  window_update,
  continuation
};
inline constexpr std::uint8_t end_stream = 1, ack = 1, end_headers = 4, padded = 8, with_priority = 0x20;

struct Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
  std::vector<std::pair<std::string, std::string>> fields;  ///< of HEADERS, decoded

  /// The value of a field, or `<none>`; `<twice>` if there is more than one.
  std::string field(std::string_view name) const {
    std::string found = "<none>";
    for (const auto& [key, value] : fields)
      if (key == name) found = found == "<none>" ? value : "<twice>";
    return found;
  }
  std::uint32_t number(std::size_t at = 0) const {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4 && i < payload.size(); ++i)
      value = value << 8 | static_cast<std::uint8_t>(payload[i]);
    return value;
  }
};

inline std::string big_endian(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string text = big_endian(static_cast<std::uint32_t>(payload.size()), 3);
  text.push_back(static_cast<char>(type));
  text.push_back(static_cast<char>(flags));
  return text + big_endian(stream, 4) + std::string(payload);
}

/// A header field as a literal without indexing and without Huffman (RFC 7541, 6.2.2).
inline std::string literal(std::string_view name, std::string_view value) {
  const auto with_length = [](std::string_view text) {
    std::string out;
    std::size_t left = text.size();
    if (left < 127) {
      out.push_back(static_cast<char>(left));
    } else {
      out.push_back(127);
      for (left -= 127; left >= 128; left /= 128) out.push_back(static_cast<char>(left % 128 + 128));
      out.push_back(static_cast<char>(left));
    }
    return out + std::string(text);
  };
  return std::string(1, '\0') + with_length(name) + with_length(value);
}

using Fields = std::vector<std::pair<std::string, std::string>>;

inline std::string block(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) text += literal(name, value);
  return text;
}

/// The header of a call, with further fields or others in their place.
inline Fields call_fields(std::string_view path, const Fields& more = {}) {
  Fields fields = {{":method", "POST"},    {":scheme", "http"}, {":path", std::string(path)},
                   {":authority", "test"}, {"te", "trailers"},  {"content-type", "application/grpc"}};
  for (const auto& [name, value] : more) {
    bool replaced = false;
    for (auto& field : fields)
      if (field.first == name) field.second = value, replaced = true;
    if (!replaced) fields.emplace_back(name, value);
  }
  return fields;
}

/// A message with gRPC's prefix.
inline std::string message(std::string_view bytes, char flag = 0) {
  return std::string(1, flag) + big_endian(static_cast<std::uint32_t>(bytes.size()), 4) + std::string(bytes);
}

/// A client that says what it likes in HTTP/2.
class H2Peer {
 public:
  explicit H2Peer(TurnedServer& server, std::string_view our_settings = {}) : peer_(server) {
    nghttp2_hd_inflate_new(&inflater_);
    peer_.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(settings, 0, 0, our_settings));
  }
  ~H2Peer() { nghttp2_hd_inflate_del(inflater_); }
  H2Peer(const H2Peer&) = delete;
  H2Peer& operator=(const H2Peer&) = delete;

  TurnedPeer& raw() noexcept { return peer_; }
  void send(std::string_view bytes) { peer_.send(bytes); }
  void send_headers(std::uint32_t stream, const Fields& fields, std::uint8_t flags = end_headers) {
    send(frame(headers, flags, stream, block(fields)));
  }
  void send_data(std::uint32_t stream, std::string_view bytes, std::uint8_t flags = 0) {
    send(frame(data, flags, stream, bytes));
  }
  /// A whole unary call.
  void call(std::uint32_t stream, std::string_view path, std::string_view body, const Fields& more = {}) {
    send(frame(headers, end_headers, stream, block(call_fields(path, more))) +
         frame(data, end_stream, stream, message(body)));
  }

  /// All frames that have come and were not taken.
  std::vector<Frame> take() {
    read();
    return std::exchange(frames_, {});
  }
  /// Those of one stream (HEADERS, DATA, RST_STREAM).
  std::vector<Frame> take(std::uint32_t stream) {
    read();
    std::vector<Frame> of_stream, others;
    for (Frame& one : frames_) (one.stream == stream ? of_stream : others).push_back(std::move(one));
    frames_ = std::move(others);
    std::erase_if(of_stream, [](const Frame& one) { return one.type == window_update; });
    return of_stream;
  }
  /// The first of that type, or an empty frame of type 255.
  Frame first(std::uint8_t type) {
    read();
    for (const Frame& one : frames_)
      if (one.type == type) return one;
    Frame none;
    none.type = 255;
    return none;
  }
  bool closed() {
    read();
    return peer_.closed();
  }

  /// What a unary call came to: `0`, or `5 not here`, or the frames where it is none of gRPC's answers.
  struct Answer {
    std::string status = "<none>";
    std::string text;
    std::string body;  ///< of the DATA frames
    Fields headers;
    Fields trailers;
    std::string shape;  ///< `HDH` for HEADERS, DATA, HEADERS; an `R` for RST_STREAM; `.` behind END_STREAM
    std::uint32_t reset = 0xffff;
    std::string http_status;
  };
  Answer answer(std::uint32_t stream) {
    Answer result;
    for (const Frame& one : take(stream)) {
      if (one.type == data) {
        result.body += one.payload;
        if (result.shape.empty() || result.shape.back() != 'D') result.shape += 'D';
        if ((one.flags & end_stream) != 0) result.shape += '.';
      } else if (one.type == headers) {
        result.shape += 'H';
        if ((one.flags & end_stream) != 0) result.shape += '.';
        if (one.field(":status") != "<none>") result.http_status = one.field(":status"), result.headers = one.fields;
        if ((one.flags & end_stream) != 0) result.trailers = one.fields;
        if (one.field("grpc-status") != "<none>") {
          result.status = one.field("grpc-status");
          if (one.field("grpc-message") != "<none>") result.text = one.field("grpc-message");
        }
      } else if (one.type == rst_stream) {
        result.shape += 'R';
        result.reset = one.number();
      }
    }
    return result;
  }

 private:
  void read() {
    received_ += peer_.take();
    while (received_.size() >= 9) {
      const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<std::uint8_t>(received_[i]));
      };
      const std::size_t length = byte(0) << 16 | byte(1) << 8 | byte(2);
      if (received_.size() < 9 + length) return;
      Frame one;
      one.type = static_cast<std::uint8_t>(byte(3));
      one.flags = static_cast<std::uint8_t>(byte(4));
      one.stream = byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
      one.payload = received_.substr(9, length);
      received_.erase(0, 9 + length);
      if (one.type == headers) inflate(one);
      frames_.push_back(std::move(one));
    }
  }
  void inflate(Frame& one) {
    auto* in = reinterpret_cast<const std::uint8_t*>(one.payload.data());
    std::size_t left = one.payload.size();
    for (;;) {
      nghttp2_nv field;
      int flags = 0;
      const auto used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, in, left, 1);
      if (used < 0) throw std::runtime_error("a header block that can't be read");
      in += used;
      left -= static_cast<std::size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
        one.fields.emplace_back(std::string(reinterpret_cast<const char*>(field.name), field.namelen),
                                std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
  }

  TurnedPeer peer_;
  nghttp2_hd_inflater* inflater_ = nullptr;
  std::string received_;
  std::vector<Frame> frames_;
};

}  // namespace polyrpc::test
