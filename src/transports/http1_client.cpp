#include "polyrpc/transports/connect_client.hpp"
#include "polyrpc/transports/http1.hpp"

#include "http1_chunked.hpp"
#include "http1_head.hpp"
#include "http1_metadata.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

namespace polyrpc::http1 {

namespace {

constexpr HeadLimits response_limits{std::size_t{64} << 10, std::size_t{8} << 10, 256};

/// As gRPC maps them ("HTTP to gRPC Status Code Mapping"), and those that it leaves unknown but that say enough.
StatusCode code_of(int status) noexcept {
  switch (status) {
    case 400:
    case 411:
    case 415:
    case 417:
      return StatusCode::internal;
    case 401:
      return StatusCode::unauthenticated;
    case 403:
      return StatusCode::permission_denied;
    case 404:
    case 405:
    case 501:
      return StatusCode::unimplemented;
    case 413:
    case 414:
    case 431:
      return StatusCode::resource_exhausted;
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      return StatusCode::unavailable;
    default:
      return StatusCode::unknown;
  }
}

Status unexpected(int status, std::string_view text) {
  return {code_of(status), "unexpected HTTP response: " + std::string(text), Origin::remote};
}

Status broken(std::string_view why) { return Status::unavailable("http: the answer is broken: " + std::string(why)); }

void move_all(ByteQueue& from, ByteQueue& to) {
  constexpr std::size_t worth_a_swap = 64 << 10;
  if (to.empty() && from.size() >= worth_a_swap)
    std::swap(from, to);
  else
    to.append(from.readable());
  from.clear();
}

void check_target(const std::string& path) {
  if (!path.starts_with('/') || !is_target(path))
    throw std::invalid_argument("http: \"" + path + "\" is not a path that can be requested");
}

// ---- CONNECT ----

class ConnectFraming final : public ClientFraming {
 public:
  explicit ConnectFraming(std::string path) : path_(std::move(path)) {}

  // To the byte what Go's client sends (net/rpc, DialHTTPPath).
  void open(ByteQueue& output) override {
    output.append("CONNECT ");
    output.append(path_);
    output.append(" HTTP/1.0\n\n");
  }

  Result<bool> opened(ByteQueue& input) override {
    for (;;) {
      const std::string_view text = input.text();
      const std::size_t found = text.find('\n', searched_);
      if (found == std::string_view::npos) {
        searched_ = text.size();
        if (seen_ + searched_ > response_limits.bytes)
          return Status::unavailable("http: the answer's header is too large");
        return false;
      }
      searched_ = 0;
      std::string_view line = text.substr(0, found);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (seen_ == 0) {
        if (Status status = check(line); !status.ok()) return status;
      }
      seen_ += found + 1;
      const bool last = line.empty();
      input.consume(found + 1);
      if (last) return true;
      if (seen_ > response_limits.bytes) return Status::unavailable("http: the answer's header is too large");
    }
  }

  Status unwrap(ByteQueue& wire, ByteQueue& payload) override {
    move_all(wire, payload);
    return {};
  }

 private:
  // Go compares the whole status text, case and all.
  static Status check(std::string_view line) {
    constexpr std::string_view connected = "200 Connected to Go RPC";
    const bool is_http = line.size() > 9 && (line.starts_with("HTTP/1.0 ") || line.starts_with("HTTP/1.1 "));
    if (!is_http) return Status::unavailable("http: malformed HTTP response \"" + printable(line) + "\"");
    line.remove_prefix(9);
    if (line == connected) return {};
    int number = 0;
    for (const char c : line.substr(0, 3)) number = c >= '0' && c <= '9' ? number * 10 + (c - '0') : 1000;
    return unexpected(number, printable(line));
  }

  static std::string printable(std::string_view line) {
    std::string text(line.substr(0, 128));
    for (char& c : text)
      if (c < ' ' || c > '~') c = '?';
    return text;
  }

  std::string path_;
  std::size_t seen_ = 0;      // bytes of lines consumed
  std::size_t searched_ = 0;  // of the current line
};

// ---- POST ----

class PostFraming final : public ClientFraming {
 public:
  PostFraming(const std::string& path, const std::string& host, const std::string& content_type)
      : prefix_("POST " + path + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: " + content_type +
                "\r\nAccept: " + content_type + "\r\n"),
        content_type_(content_type.substr(0, content_type.find(';'))) {}

  Status wrap(const RequestHead& head, ByteQueue& output, std::size_t start) override {
    if (closing_) return Status::unavailable("http: the server closes the connection");
    const std::size_t body = output.size() - start;
    if (body == 0) return {};
    lines_.assign(prefix_);
    if (head.timeout) lines_.append(timeout_field).append(": ").append(format_timeout(*head.timeout)).append("\r\n");
    // What is left out here because it is no header field travels in the codec's own way all the same.
    write_metadata(head.metadata, lines_);
    lines_.append("Content-Length: ").append(std::to_string(body)).append("\r\n\r\n");
    output.prepare(lines_.size());
    output.commit(lines_.size());
    std::memmove(output.data() + start + lines_.size(), output.data() + start, body);
    std::memcpy(output.data() + start, lines_.data(), lines_.size());
    ++awaited_;
    return {};
  }

  Status unwrap(ByteQueue& wire, ByteQueue& payload) override {
    while (part_ != Part::over && !wire.empty()) {
      if (part_ == Part::head) {
        Result<bool> found = read_head(wire);
        if (!found.ok()) return std::move(found).status();
        if (!*found) return {};
      } else if (part_ == Part::until_close) {
        move_all(wire, payload);
      } else if (part_ == Part::length) {
        const auto count = static_cast<std::size_t>((std::min<std::uint64_t>)(left_, wire.size()));
        if (count == wire.size()) {
          move_all(wire, payload);
        } else {
          payload.append(wire.data(), count);
          wire.consume(count);
        }
        left_ -= count;
        if (left_ == 0) message_over();
      } else {
        switch (chunks_->decode(wire, payload)) {
          case ChunkDecoder::State::more:
            return {};
          case ChunkDecoder::State::complete:
            message_over();
            break;
          case ChunkDecoder::State::malformed:
            return broken(chunks_->why());
          case ChunkDecoder::State::too_large:
            return Status::resource_exhausted("http: the answer is too large");
        }
      }
    }
    if (part_ == Part::over) return Status::unavailable("http: the server closes the connection");
    return {};
  }

 private:
  enum class Part : std::uint8_t { head, length, chunked, until_close, over };

  /// False: more bytes are needed.
  Result<bool> read_head(ByteQueue& wire) {
    if (awaited_ == 0) return Status::unavailable("http: an answer that nobody asked for");
    switch (scanner_.scan(wire.text(), response_limits)) {
      case HeadScanner::State::more:
        return false;
      case HeadScanner::State::refused:
        return broken(scanner_.refusal().why);
      case HeadScanner::State::complete:
        break;
    }
    if (const auto refusal = parse_response(wire.text(), scanner_, head_)) return broken(refusal->why);
    if (Status status = begin_message(); !status.ok()) return status;
    wire.consume(scanner_.end());
    scanner_.reset();
    return true;
  }

  Status begin_message() {
    // Interim answers come before the real one (RFC 9110, section 15.2); a switch of protocols was not asked for.
    if (head_.status < 200 && head_.status != 101) return {};
    // Many servers answer an error of the call with 4xx or 5xx and say in the body, in the codec's words, what it is.
    const bool fits = head_.status < 300 || carries_codec();
    if (head_.status < 200 || !fits)
      return unexpected(head_.status, std::to_string(head_.status) + " " + std::string(head_.reason));
    closing_ = !head_.keep_alive;
    switch (head_.framing) {
      case Framing::none:
        message_over();
        break;
      case Framing::length:
        left_ = head_.content_length;
        part_ = Part::length;
        if (left_ == 0) message_over();
        break;
      case Framing::chunked:
        chunks_.emplace(ChunkDecoder::Limits{(std::numeric_limits<std::size_t>::max)(), response_limits.bytes});
        part_ = Part::chunked;
        break;
      case Framing::until_close:
        closing_ = true;
        part_ = Part::until_close;
        break;
    }
    return {};
  }

  bool carries_codec() const noexcept {
    const auto type = head_.find("content-type");
    const bool has_body =
        head_.framing != Framing::none && !(head_.framing == Framing::length && head_.content_length == 0);
    return type && has_body && equal_ignoring_case(trimmed(type->substr(0, type->find(';'))), content_type_);
  }

  void message_over() noexcept {
    --awaited_;
    part_ = closing_ ? Part::over : Part::head;
  }

  const std::string prefix_;
  const std::string content_type_;  // without parameters
  std::string lines_;
  HeadScanner scanner_;
  HttpResponseHead head_;
  Part part_ = Part::head;
  std::uint64_t left_ = 0;  // of the body
  std::optional<ChunkDecoder> chunks_;
  std::size_t awaited_ = 0;  // answers
  bool closing_ = false;     // after the current answer
};

}  // namespace

std::unique_ptr<ClientFraming> connect_framing(std::string path) {
  check_target(path);
  return std::make_unique<ConnectFraming>(std::move(path));
}

std::unique_ptr<ClientFraming> post_framing(std::string path, std::string host, std::string content_type) {
  check_target(path);
  if (!is_field_value(host) || !is_field_value(content_type))
    throw std::invalid_argument("http: the host or content type has a control character");
  return std::make_unique<PostFraming>(path, host, content_type);
}

FramingFactory framing_for(const Codec& codec, const Endpoint& endpoint) {
  const std::string host = endpoint.host.find(':') == std::string::npos ? endpoint.host : '[' + endpoint.host + ']';
  const std::string authority = host + ':' + std::to_string(endpoint.port);
  const bool says_where = !endpoint.path.empty() && endpoint.path != "/";
  if (codec.name() == "connect")
    return [path = endpoint.path, authority] { return connect::unary_framing(path, authority); };
  if (codec.name() == "gob")
    return [path = says_where ? endpoint.path : std::string(default_connect_path)] { return connect_framing(path); };
  return [path = says_where ? endpoint.path : std::string(default_jsonrpc_path), authority] {
    return post_framing(path, authority, "application/json");
  };
}

}  // namespace polyrpc::http1
