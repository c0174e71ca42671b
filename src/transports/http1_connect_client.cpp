#include "polyrpc/transports/connect_client.hpp"

#include "http1_chunked.hpp"
#include "http1_head.hpp"
#include "http1_response.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace polyrpc::connect {

namespace {

using http1::ChunkDecoder;
using http1::HeadScanner;

constexpr http1::HeadLimits head_limits{std::size_t{64} << 10, std::size_t{8} << 10, 256};
constexpr std::size_t kept_body = 256 << 10;

Status broken(std::string_view why) {
  return Status::unavailable("connect: the answer is broken: " + std::string(why));
}

class UnaryClient final : public ClientCodec {
 public:
  UnaryClient(std::shared_ptr<const MessageFormat> format, const ClientOptions& options, const CodecLimits& limits)
      : format_(std::move(format)), options_(options), limits_(limits), message_(*this) {}

  Capabilities capabilities() const noexcept override {
    Capabilities can;
    can.metadata = true;
    can.deadline = true;
    can.details = true;
    return can;
  }

  /// Without the request line and the host, which are the framing's.
  Status write_request(const RequestHead& head, MessageRef body, ByteQueue& output) override {
    if (!failure_.ok()) return failure_;
    if (is_closing_) return closed();
    if (Result<std::string> path = path_of(head.method); !path.ok()) return path.status();
    Fields fields;
    ByteQueue encoded;
    if (Status status = connect::write_request(head, body, *format_, options_, fields, encoded); !status.ok())
      return status;
    output.append(http1::lines_of(fields));
    output.append("content-length: " + std::to_string(encoded.size()) + "\r\n\r\n");
    output.append(encoded.readable());
    awaited_.push_back(head.tag.number);
    return {};
  }

  Result<bool> next_reply(ByteQueue& input, IncomingReply& reply) override {
    reply.kind = ReplyKind::reply;
    reply.call = 0;
    reply.status = {};
    reply.headers.clear();
    reply.trailers.clear();
    reply.body = nullptr;
    reply.never_seen = false;
    message_.scratch.clear();
    if (!failure_.ok()) return failure_;
    Result<bool> whole = read(input);
    if (!whole.ok()) return failure_ = std::move(whole).status();
    if (!*whole) return false;
    part_ = Part::head;
    reply.call = awaited_.front();
    awaited_.pop_front();
    inflated_.recycle(kept_body);
    message_.bytes =
        read_answer(head_.status, head_.fields, body_.readable(), *format_, options_, limits_, inflated_, reply);
    if (reply.status.ok()) reply.body = &message_;
    return true;
  }

 private:
  enum class Part : std::uint8_t { head, body };

  class Message final : public EncodedMessage {
   public:
    explicit Message(const UnaryClient& client) : client_(client) {}
    Status decode(MessageSlot into) const override {
      return client_.format_->decode(bytes, into, client_.limits_, &scratch);
    }

    std::span<const std::byte> bytes;
    mutable Scratch scratch;

   private:
    const UnaryClient& client_;
  };

  static Status closed() { return Status::unavailable("connect: the server closes the connection"); }
  Status too_large() const {
    return Status::resource_exhausted("connect: an answer of more than " + std::to_string(limits_.message_bytes) +
                                      " bytes");
  }

  /// Reads on in the answer. False: more bytes are needed.
  Result<bool> read(ByteQueue& input) {
    for (;;) {
      if (part_ == Part::body) return read_body(input);
      if (is_closing_) return closed();
      if (input.empty()) return false;
      if (awaited_.empty()) return Status::unavailable("connect: an answer that nobody asked for");
      switch (scanner_.scan(input.text(), head_limits)) {
        case HeadScanner::State::more:
          return false;
        case HeadScanner::State::refused:
          return broken(scanner_.refusal().why);
        case HeadScanner::State::complete:
          break;
      }
      head_text_.assign(input.text().substr(0, scanner_.end()));
      if (const auto refusal = http1::parse_response(head_text_, scanner_, head_)) return broken(refusal->why);
      input.consume(scanner_.end());
      scanner_.reset();
      // Interim answers come before the real one (RFC 9110, section 15.2); a switch of protocols was not asked for.
      if (head_.status < 200 && head_.status != 101) continue;
      if (head_.status < 200) return broken("it switches protocols");
      if (Status status = begin_body(); !status.ok()) return status;
    }
  }

  Status begin_body() {
    is_closing_ = !head_.keep_alive;
    body_.recycle(kept_body);
    left_ = 0;
    chunks_.reset();
    switch (head_.framing) {
      case http1::Framing::none:
        break;
      case http1::Framing::length:
        if (head_.content_length > limits_.message_bytes) return too_large();
        left_ = static_cast<std::size_t>(head_.content_length);
        break;
      case http1::Framing::chunked:
        chunks_.emplace(ChunkDecoder::Limits{limits_.message_bytes, head_limits.bytes});
        break;
      case http1::Framing::until_close:
        // An old proxy's page: its status says enough.
        if (head_.status == 200) return broken("it does not say how long it is");
        is_closing_ = true;
        break;
    }
    part_ = Part::body;
    return {};
  }

  Result<bool> read_body(ByteQueue& input) {
    if (!chunks_) {
      const std::size_t count = (std::min)(left_, input.size());
      body_.append(input.data(), count);
      input.consume(count);
      left_ -= count;
      return left_ == 0;
    }
    switch (chunks_->decode(input, body_)) {
      case ChunkDecoder::State::more:
        return false;
      case ChunkDecoder::State::complete:
        return true;
      case ChunkDecoder::State::malformed:
        return broken(chunks_->why());
      case ChunkDecoder::State::too_large:
        break;
    }
    return too_large();
  }

  const std::shared_ptr<const MessageFormat> format_;
  const ClientOptions& options_;  // the codec's
  const CodecLimits limits_;
  std::deque<std::uint64_t> awaited_;  // calls, in the order of their answers
  HeadScanner scanner_;
  std::string head_text_;
  http1::HttpResponseHead head_;
  Part part_ = Part::head;
  std::size_t left_ = 0;  // of the body
  std::optional<ChunkDecoder> chunks_;
  ByteQueue body_;
  ByteQueue inflated_;
  Message message_;
  bool is_closing_ = false;  // after the current answer
  Status failure_;
};

class UnaryCodec final : public Codec {
 public:
  UnaryCodec(std::shared_ptr<const MessageFormat> format, ClientOptions options)
      : format_(std::move(format)), options_(std::move(options)) {}

  std::string_view name() const noexcept override { return "connect"; }
  Match matches(std::span<const std::byte>) const noexcept override { return Match::no; }
  std::unique_ptr<ServerCodec> server(const CodecLimits&) const override {
    throw std::logic_error("connect: this codec is for clients; servers have http1::Options::connect");
  }
  std::unique_ptr<ClientCodec> client(const CodecLimits& limits) const override {
    return std::make_unique<UnaryClient>(format_, options_, limits);
  }

 private:
  std::shared_ptr<const MessageFormat> format_;
  ClientOptions options_;
};

class UnaryFraming final : public ClientFraming {
 public:
  UnaryFraming(const std::string& prefix, const std::string& host)
      : begin_("POST " + prefix), end_(" HTTP/1.1\r\nHost: " + host + "\r\n") {}

  Status wrap(const RequestHead& head, ByteQueue& output, std::size_t start) override {
    const std::size_t rest = output.size() - start;
    if (rest == 0) return {};
    Result<std::string> path = path_of(head.method);
    if (!path.ok()) return std::move(path).status();
    const std::string line = begin_ + *path + end_;
    output.prepare(line.size());
    output.commit(line.size());
    std::memmove(output.data() + start + line.size(), output.data() + start, rest);
    std::memcpy(output.data() + start, line.data(), line.size());
    return {};
  }

  Status unwrap(ByteQueue& wire, ByteQueue& payload) override {
    if (payload.empty())
      std::swap(wire, payload);
    else
      payload.append(wire.readable());
    wire.clear();
    return {};
  }

 private:
  const std::string begin_;
  const std::string end_;
};

}  // namespace

std::shared_ptr<const Codec> unary(std::shared_ptr<const MessageFormat> format, ClientOptions options) {
  if (format == nullptr) throw std::invalid_argument("connect: no format");
  return std::make_shared<UnaryCodec>(std::move(format), std::move(options));
}

std::unique_ptr<ClientFraming> unary_framing(std::string prefix, std::string host) {
  while (prefix.ends_with('/')) prefix.pop_back();
  if (!prefix.empty() &&
      (!prefix.starts_with('/') || !http1::is_target(prefix) || prefix.find('?') != std::string::npos))
    throw std::invalid_argument("connect: \"" + prefix + "\" is not a path that can be requested");
  if (!http1::is_field_value(host)) throw std::invalid_argument("connect: the host has a control character");
  return std::make_unique<UnaryFraming>(prefix, host);
}

}  // namespace polyrpc::connect
