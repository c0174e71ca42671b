#pragma once

#include "polyrpc/codecs/protobuf_rpc.hpp"
#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/describe.hpp"

#include "support/catch.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace polyrpc::test {

struct Args {
  std::int64_t a = 0, b = 0;
};
POLYRPC_DESCRIBE(Args, (a), (b));

struct Number {
  std::int64_t value = 0;
};
POLYRPC_DESCRIBE(Number, (value));

struct Text {
  std::string text;
};
POLYRPC_DESCRIBE(Text, (text));

struct View {
  std::string_view text;
};
POLYRPC_DESCRIBE(View, (text));

/// `08 07` and text in quotes: `12 0e "Arith.Multiply"`.
inline std::string bytes(std::string_view written) {
  std::string result;
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (written[i] == ' ') continue;
    if (written[i] == '"') {
      const std::size_t end = written.find('"', i + 1);
      result += written.substr(i + 1, end - i - 1);
      i = end;
      continue;
    }
    result += static_cast<char>(std::stoi(std::string(written.substr(i, 2)), nullptr, 16));
    ++i;
  }
  return result;
}

/// A header and a body with their lengths.
inline std::string envelope(std::string_view header, std::string_view body = {}) {
  std::string result;
  for (const std::string& part : {bytes(header), bytes(body)}) {
    std::size_t size = part.size();
    for (; size >= 0x80; size >>= 7) result += static_cast<char>(size | 0x80);
    result += static_cast<char>(size);
    result += part;
  }
  return result;
}

inline std::string to_hex(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : text) {
    hex += digits[static_cast<unsigned char>(c) >> 4];
    hex += digits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

/// What a server is asked, one after the other.
struct ServerEnd {
  explicit ServerEnd(const protobuf::RpcOptions& options = {}, const CodecLimits& limits = {})
      : codec(protobuf::rpc(options)->server(limits)) {}

  ServerEnd& hear(std::string_view more) {
    input.append(more);
    return *this;
  }
  bool next() {
    const Result<bool> got = codec->next_request(input, request);
    if (!got.ok()) end = got.status();
    return got.ok() && *got;
  }
  template <class T>
  T body() const {
    T message;
    REQUIRE(request.body != nullptr);
    const Status status = request.body->decode(message_slot(message));
    INFO(status.to_string());
    REQUIRE(status.ok());
    return message;
  }
  Status reply(std::uint64_t id, const Status& status, MessageRef message = {}, const Metadata* headers = nullptr,
               const Metadata* trailers = nullptr) {
    const CallTag tag{id, {}};
    return codec->write_reply({tag, {}, status, headers, trailers}, message, output);
  }
  /// All that was written since this was last asked.
  std::string said() {
    codec->write_pending(output);
    std::string text(output.text());
    output.clear();
    return text;
  }

  std::unique_ptr<ServerCodec> codec;
  ByteQueue input;
  ByteQueue output;
  IncomingRequest request;
  Status end;
};

struct ClientEnd {
  explicit ClientEnd(const protobuf::RpcOptions& options = {}, const CodecLimits& limits = {})
      : codec(protobuf::rpc(options)->client(limits)) {}

  ClientEnd& hear(std::string_view more) {
    input.append(more);
    return *this;
  }
  bool next() {
    const Result<bool> got = codec->next_reply(input, reply);
    if (!got.ok()) end = got.status();
    return got.ok() && *got;
  }
  template <class T>
  T body() const {
    T message;
    REQUIRE(reply.body != nullptr);
    const Status status = reply.body->decode(message_slot(message));
    INFO(status.to_string());
    REQUIRE(status.ok());
    return message;
  }
  Status call(std::uint64_t number, std::string_view method, MessageRef message, CallKind kind = CallKind::unary) {
    RequestHead head;
    head.method = method;
    head.tag.number = number;
    head.kind = kind;
    return codec->write_request(head, message, output);
  }
  std::string said() {
    codec->write_pending(output);
    std::string text(output.text());
    output.clear();
    return text;
  }

  std::unique_ptr<ClientCodec> codec;
  ByteQueue input;
  ByteQueue output;
  IncomingReply reply;
  Status end;
};

inline bool has_snappy() {
  protobuf::RpcOptions options;
  options.compress_from = 0;
  try {
    return protobuf::rpc(options) != nullptr;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

}  // namespace polyrpc::test
