#pragma once

#include "polyrpc/core/bytes.hpp"

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP/2 frames by hand (RFC 9113, section 4), so that a test can say anything.
namespace polyrpc::test {

using Fields = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::uint8_t end_stream = 0x1;
inline constexpr std::uint8_t end_headers = 0x4;
inline constexpr std::uint8_t ack = 0x1;

inline std::string number(std::uint64_t value, int bytes) {
  std::string text;
  while (bytes-- > 0) text.push_back(static_cast<char>(value >> (8 * bytes)));
  return text;
}
inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  return number(payload.size(), 3) + number(type, 1) + number(flags, 1) + number(stream, 4) + std::string(payload);
}

/// Literals without indexing (RFC 7541, 6.2.2); lengths below 127 only, or with one more byte below 255.
inline std::string hpack(const Fields& fields) {
  const auto text = [](const std::string& value) {
    std::string coded;
    if (value.size() < 127) {
      coded.push_back(static_cast<char>(value.size()));
    } else {
      coded.push_back('\x7F');
      std::size_t rest = value.size() - 127;
      for (; rest >= 128; rest >>= 7) coded.push_back(static_cast<char>(rest | 128));
      coded.push_back(static_cast<char>(rest));
    }
    return coded + value;
  };
  std::string coded;
  for (const auto& [name, value] : fields) coded += '\0' + text(name) + text(value);
  return coded;
}

inline std::string settings(std::initializer_list<std::pair<int, std::uint32_t>> entries = {}) {
  std::string payload;
  for (const auto& [id, value] : entries) payload += number(static_cast<std::uint64_t>(id), 2) + number(value, 4);
  return frame(4, 0, 0, payload);
}
inline std::string settings_ack() { return frame(4, ack, 0, ""); }
inline std::string headers(std::uint32_t stream, const Fields& fields, std::uint8_t flags = 0) {
  return frame(1, flags | end_headers, stream, hpack(fields));
}
inline std::string data(std::uint32_t stream, std::string_view payload, std::uint8_t flags = 0) {
  return frame(0, flags, stream, payload);
}
inline std::string reset(std::uint32_t stream, std::uint32_t error) { return frame(3, 0, stream, number(error, 4)); }
inline std::string goaway(std::uint32_t last, std::uint32_t error, std::string_view text = "") {
  return frame(7, 0, 0, number(last, 4) + number(error, 4) + std::string(text));
}
inline std::string window_update(std::uint32_t stream, std::uint32_t increment) {
  return frame(8, 0, stream, number(increment, 4));
}
inline std::string ping(std::string_view eight, std::uint8_t flags = 0) { return frame(6, flags, 0, eight); }

/// A message of gRPC with its prefix.
inline std::string message(std::string_view text, bool compressed = false) {
  return std::string(1, compressed ? '\1' : '\0') + number(text.size(), 4) + std::string(text);
}

struct Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
  Fields fields;  ///< of HEADERS

  std::string field(std::string_view name) const {
    for (const auto& [key, value] : fields)
      if (key == name) return value;
    return "(none)";
  }
  /// For comparing: `HEADERS 1`, `DATA 1 END "..."`, `RST_STREAM 1 8`.
  std::string text() const {
    static constexpr std::string_view names[] = {"DATA",          "HEADERS",      "PRIORITY", "RST_STREAM",
                                                 "SETTINGS",      "PUSH_PROMISE", "PING",     "GOAWAY",
                                                 "WINDOW_UPDATE", "CONTINUATION"};
    std::string line(type < 10 ? names[type] : "UNKNOWN");
    line += " " + std::to_string(stream);
    if (type <= 1 && (flags & end_stream) != 0) line += " END";
    if ((type == 4 || type == 6) && (flags & ack) != 0) line += " ACK";
    if (type == 0) line += " \"" + payload + "\"";
    if (type == 3 || type == 8) line += " " + std::to_string(value(0));
    if (type == 7) line += " " + std::to_string(value(0)) + " " + std::to_string(value(4));
    return line;
  }
  std::uint32_t value(std::size_t at) const {
    std::uint32_t result = 0;
    for (std::size_t i = at; i < at + 4; ++i) result = result << 8 | static_cast<unsigned char>(payload.at(i));
    return result;
  }
};

/// Cuts what a client has sent into frames.
class FrameReader {
 public:
  FrameReader() { nghttp2_hd_inflate_new(&inflater_); }
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;
  ~FrameReader() { nghttp2_hd_inflate_del(inflater_); }

  std::vector<Frame> read(ByteQueue& output) {
    bytes_ += output.text();
    output.clear();
    static constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    if (!has_preface_) {
      if (bytes_.empty()) return {};
      if (!bytes_.starts_with(preface)) throw std::runtime_error("no preface");
      bytes_.erase(0, preface.size());
      has_preface_ = true;
    }
    std::vector<Frame> frames;
    std::size_t at = 0;
    while (bytes_.size() - at >= 9) {
      const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes_[at + i]));
      };
      const std::size_t size = byte(0) << 16 | byte(1) << 8 | byte(2);
      if (bytes_.size() - at < 9 + size) break;
      Frame& frame = frames.emplace_back();
      frame.type = static_cast<std::uint8_t>(byte(3));
      frame.flags = static_cast<std::uint8_t>(byte(4));
      frame.stream = byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
      frame.payload = bytes_.substr(at + 9, size);
      at += 9 + size;
      if (frame.type == 1) inflate(frame);
    }
    bytes_.erase(0, at);
    if (!bytes_.empty()) throw std::runtime_error("half a frame was sent");
    return frames;
  }

 private:
  void inflate(Frame& frame) {
    std::string_view rest = frame.payload;
    for (;;) {
      nghttp2_nv nv;
      int flags = 0;
      const auto used = nghttp2_hd_inflate_hd2(inflater_, &nv, &flags,
                                               reinterpret_cast<const std::uint8_t*>(rest.data()), rest.size(), 1);
      if (used < 0) throw std::runtime_error("a header block is broken");
      rest.remove_prefix(static_cast<std::size_t>(used));
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
        frame.fields.emplace_back(std::string(reinterpret_cast<const char*>(nv.name), nv.namelen),
                                  std::string(reinterpret_cast<const char*>(nv.value), nv.valuelen));
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
  }

  nghttp2_hd_inflater* inflater_ = nullptr;
  std::string bytes_;
  bool has_preface_ = false;
};

}  // namespace polyrpc::test
