#include "stream_codec.hpp"

#include "polyrpc/core/context.hpp"

#include <charconv>
#include <deque>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace polyrpc::test {

namespace {

std::string_view word(std::string_view& text, std::string_view separator = " ") {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + separator.size());
  return part;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void read_metadata(std::string_view text, Metadata& into) {
  while (!text.empty()) {
    std::string_view value = word(text);
    const std::string_view key = word(value, "=");
    into.add(key, value);
  }
}

class Client final : public ClientCodec, private EncodedMessage {
 public:
  Client(std::optional<std::chrono::milliseconds> keepalive, std::chrono::milliseconds patience)
      : keepalive_(keepalive), patience_(patience) {}

  Capabilities capabilities() const noexcept override {
    Capabilities all;
    all.metadata = all.deadline = all.cancel = all.details = all.streaming = true;
    return all;
  }

  Status write_request(const RequestHead& head, MessageRef body, ByteQueue& output) override {
    std::string line = "open " + std::to_string(head.tag.number) + " " + std::string(head.method) + " ";
    line += head.timeout ? std::to_string(std::chrono::ceil<std::chrono::milliseconds>(*head.timeout).count()) : "-";
    for (const auto& [key, value] : head.metadata) line += " " + key + "=" + value;
    if (body.object != nullptr) {
      std::string text;
      if (Status checked = text_of(body, text); !checked.ok()) return checked;
      line += " : " + text;
    }
    Call& call = calls_[head.tag.number];
    call.kind = head.kind;
    if (open_ < limit_) {
      ++open_;
      output.append(line + "\n");
    } else {
      call.waits = true;
      call.queued = line + "\n";
    }
    return {};
  }

  void write_cancel(std::uint64_t id, ByteQueue& output) override {
    const auto found = calls_.find(id);
    if (found == calls_.end()) return;
    if (!found->second.waits) output.append("cancel " + std::to_string(id) + "\n");
    forget(id);
  }

  Result<bool> next_reply(ByteQueue& input, IncomingReply& reply) override {
    for (;;) {
      if (!news_.empty()) {
        const auto [kind, id] = news_.front();
        news_.pop_front();
        reply = {};
        reply.kind = kind;
        reply.call = id;
        if (kind != ReplyKind::reply) return true;
        Call& call = calls_[id];
        reply.status = call.status;
        reply.headers = call.headers.value_or(Metadata());
        reply.trailers = call.trailers;
        reply.never_seen = call.never_seen;
        if (call.kind == CallKind::unary && call.status.ok() && !call.inbox.empty()) {
          body_ = call.inbox.front();
          reply.body = this;
        }
        forget(id);
        return true;
      }
      const std::string_view text = input.text();
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) return false;
      const std::string line(text.substr(0, end));
      input.consume(end + 1);
      if (Status taken = take(line); !taken.ok()) return taken;
    }
  }

  Result<Pulled> read_message(std::uint64_t id, MessageSlot into) override {
    Call& call = calls_.at(id);
    if (!call.inbox.empty()) {
      const std::string text = std::move(call.inbox.front());
      call.inbox.pop_front();
      if (text == "broken") return Status::invalid_argument("stream: broken");
      into.shape->string->set(into.object, text);
      took_ += "took " + std::to_string(id) + "\n";
      return Pulled::message;
    }
    if (!call.done) return Pulled::nothing;
    news_.emplace_back(ReplyKind::reply, id);
    return Pulled::end;
  }

  const Metadata* headers(std::uint64_t id) const noexcept override {
    const auto found = calls_.find(id);
    return found != calls_.end() && found->second.headers ? &*found->second.headers : nullptr;
  }

  Status write_message(std::uint64_t id, MessageRef message, ByteQueue& output) override {
    Call& call = calls_.at(id);
    if (call.done) return Status::unavailable("stream: the server has ended the call");
    std::string text;
    if (Status checked = text_of(message, text); !checked.ok()) return checked;
    --call.room;
    send(call, "msg " + std::to_string(id) + " " + text + "\n", output);
    return {};
  }
  Status write_end(std::uint64_t id, ByteQueue& output) override {
    Call& call = calls_.at(id);
    if (call.done) return Status::unavailable("stream: the server has ended the call");
    send(call, "end " + std::to_string(id) + "\n", output);
    return {};
  }
  bool has_room(std::uint64_t id) const noexcept override {
    const auto found = calls_.find(id);
    return found == calls_.end() || found->second.room > 0 || found->second.done;
  }

  void write_pending(ByteQueue& output) override {
    output.append(std::exchange(took_, {}));
    for (auto& [id, call] : calls_) {
      if (!call.waits || open_ >= limit_) continue;
      ++open_;
      call.waits = false;
      output.append(std::exchange(call.queued, {}));
    }
  }
  bool takes_calls() const noexcept override { return !leaving_ && open_ < limit_; }
  bool is_leaving() const noexcept override { return leaving_; }

  Result<std::optional<std::chrono::steady_clock::time_point>> tick(std::chrono::steady_clock::time_point now,
                                                                    ByteQueue& output) override {
    std::optional<std::chrono::steady_clock::time_point> next;
    if (!keepalive_) return next;
    if (now >= due_) {
      if (pinged_ && now >= pinged_at_ + patience_) return Status::unavailable("stream: no answer to a ping");
      if (!std::exchange(pinged_, true)) {
        pinged_at_ = now;
        output.append(std::string_view("ping\n"));
      }
      due_ = now + *keepalive_;
    }
    next = due_;
    return next;
  }

 private:
  struct Call {
    CallKind kind = CallKind::unary;
    int room = 2;
    bool waits = false;
    std::string queued;
    std::deque<std::string> inbox;
    std::optional<Metadata> headers;
    bool done = false;
    Status status;
    Metadata trailers;
    bool never_seen = false;
  };

  Status decode(MessageSlot into) const override {
    if (body_ == "broken") return Status::invalid_argument("stream: broken");
    into.shape->string->set(into.object, body_);
    return {};
  }

  static Status text_of(MessageRef message, std::string& text) {
    text = message.shape->string->get(message.object);
    if (text == "THROW") throw std::runtime_error("stream: thrown");
    if (text.find('\n') != std::string::npos) return Status::invalid_argument("stream: a line end");
    return {};
  }

  static void send(Call& call, const std::string& line, ByteQueue& output) {
    if (call.waits)
      call.queued += line;
    else
      output.append(line);
  }

  void forget(std::uint64_t id) {
    const auto found = calls_.find(id);
    if (!found->second.waits) --open_;
    calls_.erase(found);
    std::erase_if(news_, [&](const auto& one) { return one.second == id; });
  }

  void done(std::uint64_t id, Call& call) {
    call.done = true;
    const bool at_once = call.kind == CallKind::unary || call.never_seen;
    news_.emplace_back(at_once ? ReplyKind::reply : ReplyKind::readable, id);
    if (!at_once) news_.emplace_back(ReplyKind::writable, id);
  }

  Status take(std::string_view line) {
    const std::string_view verb = word(line);
    if (verb == "pong") return pinged_ = false, Status();
    const std::uint64_t id = number(word(line));
    if (verb == "limit") return limit_ = id, Status();
    if (verb == "leave") {
      leaving_ = true;
      for (auto& [other, call] : calls_) {
        if (other <= id || call.done) continue;
        call.status = Status::unavailable("stream: the server leaves");
        call.never_seen = true;
        done(other, call);
      }
      return {};
    }
    const auto found = calls_.find(id);
    if (found == calls_.end()) return {};
    Call& call = found->second;
    if (verb == "msg") {
      call.inbox.emplace_back(line);
      if (call.kind != CallKind::unary) news_.emplace_back(ReplyKind::readable, id);
    } else if (verb == "head") {
      call.headers.emplace();
      read_metadata(line, *call.headers);
      if (call.kind != CallKind::unary) news_.emplace_back(ReplyKind::readable, id);
    } else if (verb == "room") {
      call.room += static_cast<int>(number(line));
      news_.emplace_back(ReplyKind::writable, id);
    } else if (verb == "refuse") {
      call.status = Status::unavailable("stream: refused");
      call.never_seen = true;
      done(id, call);
    } else if (verb == "done") {
      const auto code = status_code_from_number(static_cast<std::int64_t>(number(word(line))));
      if (line.starts_with(": "))
        line.remove_prefix(2);
      else
        read_metadata(word(line, " : "), call.trailers);
      if (code != StatusCode::ok) call.status = Status(code, line);
      done(id, call);
    } else {
      return Status::internal("stream: \"" + std::string(verb) + "\" is no verb");
    }
    return {};
  }

  const std::optional<std::chrono::milliseconds> keepalive_;
  const std::chrono::milliseconds patience_;
  std::chrono::steady_clock::time_point due_{};
  std::chrono::steady_clock::time_point pinged_at_{};
  bool pinged_ = false;
  bool leaving_ = false;
  std::uint64_t limit_ = 1000;
  std::uint64_t open_ = 0;
  std::map<std::uint64_t, Call> calls_;
  std::deque<std::pair<ReplyKind, std::uint64_t>> news_;
  std::string took_;
  std::string body_;
};

}  // namespace

std::unique_ptr<ClientCodec> StreamCodec::client(const CodecLimits&) const {
  return std::make_unique<Client>(keepalive_, patience_);
}

}  // namespace polyrpc::test
