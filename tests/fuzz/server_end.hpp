#pragma once

#include "polyrpc/core/codec.hpp"
#include "polyrpc/runtime/loop.hpp"
#include "polyrpc/runtime/server.hpp"
#include "polyrpc/runtime/server_session.hpp"

#include "fuzz.hpp"
#include "services.hpp"
#include "texts.hpp"

#include <asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

/// The server's end of a wire, without a connection.
namespace polyrpc::fuzz {

/// What a server codec makes of bytes: every request with its body as a `Body`, each answered with that body, and how
/// it ends. `describe` gives a body's text.
template <class Body, class Describe>
class Cutting {
 public:
  Cutting(const Codec& codec, const CodecLimits& limits, Describe describe)
      : codec_(codec.server(limits)), describe_(describe) {}

  bool feed(std::string_view piece) {
    input_.append(piece);
    for (;;) {
      const Result<bool> cut = codec_->next_request(input_, request_);
      if (!cut.ok()) {
        seen_ += "end: " + to_text(cut.status()) + "\n";
        codec_->write_farewell(cut.status(), output_);
        has_ended_ = true;
        // It stays so.
        const Result<bool> again = codec_->next_request(input_, request_);
        if (again.ok() || again.status() != cut.status()) fail("another end", to_text(again.status()));
        return false;
      }
      if (!*cut) break;
      note();
    }
    most_kept_ = (std::max)(most_kept_, input_.size());
    return true;
  }

  /// All that came of it, when nothing more comes.
  std::string seen() {
    if (!has_ended_) codec_->write_farewell(Status::invalid_argument("fuzz: the end"), output_);
    has_ended_ = true;
    return seen_ + std::string(output_.text());
  }
  std::size_t most_kept() const noexcept { return most_kept_; }

 private:
  void note() {
    const RequestHead& head = request_.head;
    seen_ += std::to_string(static_cast<int>(request_.kind)) + " " + std::string(head.method) + " #" +
             std::to_string(head.tag.number) + " " + head.tag.text + (head.wants_reply ? " ?" : " !") +
             (head.timeout ? " " + std::to_string(head.timeout->count()) : "") + " {" + to_text(head.metadata) + "}\n";
    Body body{};
    Status status = request_.refused;
    if (request_.kind == RequestKind::cancel) {
      seen_ += "cancel " + std::to_string(request_.cancels.number) + " " + request_.cancels.text + "\n";
    } else if (status.ok()) {
      if (request_.body == nullptr) fail("a call without a body", seen_);
      status = request_.body->decode(message_slot(body));
      if (status.ok()) {
        seen_ += describe_(body) + "\n";
        Body again{};
        if (!request_.body->decode(message_slot(again)).ok()) fail("a body that can be read once only", seen_);
        check_same("another body when it is read again", describe_(body), describe_(again));
      }
    }
    seen_ += to_text(status) + "\n";
    if (!head.wants_reply) return;
    const CallTag tag = head.tag;
    const std::string method(head.method);
    const Metadata metadata = head.metadata;
    const std::size_t before = output_.size();
    const Status written = codec_->write_reply({tag, method, status, &metadata, &metadata}, message_ref(body), output_);
    if (written.ok()) return;
    seen_ += "not written: " + to_text(written) + "\n";
    if (output_.size() != before) fail("a reply that was not written is there", output_.text());
    if (const Status failed = codec_->write_reply({tag, method, written}, {}, output_); !failed.ok())
      fail("not even an error can be written", to_text(failed));
  }

  std::unique_ptr<ServerCodec> codec_;
  Describe describe_;
  ByteQueue input_;
  ByteQueue output_;
  IncomingRequest request_;
  std::string seen_;
  std::size_t most_kept_ = 0;
  bool has_ended_ = false;
};

/// A server codec whose deadlines are so far away that the time a run takes does not matter.
class Unhurried final : public ServerCodec {
 public:
  explicit Unhurried(std::unique_ptr<ServerCodec> codec) : codec_(std::move(codec)) {}

  Capabilities capabilities() const noexcept override { return codec_->capabilities(); }
  Result<bool> next_request(ByteQueue& input, IncomingRequest& request) override {
    Result<bool> cut = codec_->next_request(input, request);
    auto& timeout = request.head.timeout;
    if (timeout && timeout->count() > 0)
      timeout = (std::max)(*timeout, std::chrono::nanoseconds(std::chrono::hours(1)));
    return cut;
  }
  Status write_reply(const ReplyHead& head, MessageRef body, ByteQueue& output) override {
    return codec_->write_reply(head, body, output);
  }
  void write_farewell(const Status& reason, ByteQueue& output) override { codec_->write_farewell(reason, output); }

 private:
  std::unique_ptr<ServerCodec> codec_;
};

/// A server without connections, for as many sessions as there are runs.
class Workshop {
 public:
  explicit Workshop(const CodecLimits& limits) : server_(context, registry_, Protocols(), with(limits)) {
    add_services(registry_);
    add_waiting(registry_);
  }

  const std::shared_ptr<ServerCore>& core() const noexcept { return server_.core(); }

  asio::io_context context;
  Loop loop{context};

 private:
  static ServerOptions with(const CodecLimits& limits) {
    ServerOptions options;
    options.limits.codec = limits;
    options.limits.calls_in_flight = 3;
    return options;
  }

  Registry registry_;
  Server server_;
};

class Peer final : public PeerSource {
 public:
  const PeerInfo& peer() const override {
    static const PeerInfo info{"memory://fuzz", "fuzz"};
    return info;
  }
};

/// A session with the services.
class Serving : private SessionOwner {
 public:
  Serving(Workshop& workshop, const Codec& codec, std::size_t output_limit)
      : workshop_(workshop), output_limit_(output_limit) {
    const CodecLimits& limits = workshop.core()->limits().codec;
    session_.emplace(workshop.core(), workshop.loop, std::make_unique<Unhurried>(codec.server(limits)), peer_,
                     static_cast<SessionOwner&>(*this));
  }
  ~Serving() {
    session_.reset();
    settle();
  }

  bool feed(std::string_view piece) {
    input_.append(piece);
    do {
      progressed_ = false;
      // On the loop, where coroutines start at once.
      workshop_.loop.post([this] {
        do {
          progress_ = session_->process(input_, output_, output_limit_);
          seen_ += output_.text();
          output_.clear();
        } while (progress_ == ServerSession::Progress::output_full);
      });
      settle();
      seen_ += session_->late_output().text();
      session_->late_output().clear();
    } while (progressed_ && progress_ == ServerSession::Progress::paused);
    return progress_ != ServerSession::Progress::ended;
  }

  std::string seen() const {
    return seen_ + "\n" + to_text(session_->failure()) + "\n" + std::to_string(session_->unanswered()) +
           " calls not answered\n";
  }

 private:
  void session_progressed() override { progressed_ = true; }
  void settle() {
    workshop_.context.restart();
    while (workshop_.context.poll() != 0) {
    }
  }

  Workshop& workshop_;
  const std::size_t output_limit_;
  const Peer peer_;
  std::optional<ServerSession> session_;
  ByteQueue input_;
  ByteQueue output_;
  ServerSession::Progress progress_ = ServerSession::Progress::need_input;
  bool progressed_ = false;
  std::string seen_;
};

/// Whether a session says the same however the bytes come.
inline void check_serving(Workshop& workshop, const Codec& codec, std::uint8_t how, std::string_view bytes) {
  Serving whole(workshop, codec, std::size_t{1} << 20);
  whole.feed(bytes);
  Serving pieces(workshop, codec, 64);
  in_pieces(how, bytes, [&](std::string_view piece) { return pieces.feed(piece); });
  if (!is_late(whole.seen(), pieces.seen()))
    check_same("a session says something else in pieces", whole.seen(), pieces.seen());
}

/// Whether a codec makes the same requests of bytes however they come. Returns how many it kept at most.
template <class Body, class Describe>
std::size_t check_cutting(const Codec& codec, const CodecLimits& limits, Describe describe, std::uint8_t how,
                          std::string_view bytes) {
  Cutting<Body, Describe> whole(codec, limits, describe);
  whole.feed(bytes);
  Cutting<Body, Describe> pieces(codec, limits, describe);
  in_pieces(how, bytes, [&](std::string_view piece) { return pieces.feed(piece); });
  check_same("other requests in pieces", whole.seen(), pieces.seen());
  return (std::max)(whole.most_kept(), pieces.most_kept());
}

}  // namespace polyrpc::fuzz
