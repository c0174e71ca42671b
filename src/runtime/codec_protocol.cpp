#include "polyrpc/runtime/protocol.hpp"
#include "polyrpc/runtime/served_stream.hpp"
#include "polyrpc/runtime/server_core.hpp"
#include "polyrpc/runtime/server_session.hpp"

#include <optional>
#include <utility>

namespace polyrpc {

namespace {

constexpr std::size_t kept_late_output = 64 << 10;

/// A codec on a stream.
class CodecConnection final : public ServedStream, private SessionOwner {
 public:
  CodecConnection(std::unique_ptr<Connection> connection, ByteQueue first_bytes, ServerHost& host, const Codec& codec)
      : ServedStream(std::move(connection), std::move(first_bytes), host, codec.name()),
        session_(host.core(), loop_, codec.server(limits_.codec), *this, *this) {}

 private:
  void session_progressed() override { progress_later(); }

  void serve(ByteQueue& input) override {
    for (;;) {
      const std::size_t before = input.size();
      const auto progress =
          into_output([&](ByteQueue& output, std::size_t limit) { return session_.process(input, output, limit); });
      if (is_over()) return;
      if (input.size() < before) begun_ = {};  // what stands there now is another message
      switch (progress) {
        case ServerSession::Progress::need_input:
          return;
        case ServerSession::Progress::paused:
          return pause();
        case ServerSession::Progress::output_full:
          if (!output_is_full()) continue;
          return pause();
        case ServerSession::Progress::ended:
          log(session_.failure().message());
          ended_ = true;
          return;
      }
    }
  }

  void go_on() override {
    take_late_output();
    flush();
    if (!is_over() && !is_paused() && !ended_ && !input_.empty()) serve(input_);
  }

  void take_late_output() {
    if (!session_.has_late_output()) return;
    ByteQueue& late = session_.late_output();
    if (output_.empty())
      std::swap(output_, late);
    else
      output_.append(late.readable());
    late.recycle(kept_late_output);
  }

  bool wants_input() const noexcept override { return !ended_; }

  void settle() override {
    if (peer_has_ended() && !std::exchange(told_end_, true)) session_.input_ended();
    if (!output_.empty() || session_.has_late_output() || session_.in_flight() != 0) return;
    if (ended_) return linger();
    if (peer_has_ended() && !is_paused()) return end();
    if (is_draining() && input_.empty()) linger();
  }

  void draining_begins() override { session_.drain(); }
  void closing() noexcept override { session_.cancel_all(); }

  std::optional<Patience> message_under_way() noexcept override {
    if (input_.empty() || is_paused())
      begun_ = {};
    else if (begun_ == Clock::time_point())
      begun_ = Clock::now();
    if (begun_ == Clock::time_point()) return std::nullopt;
    return Patience{begun_, limits_.message_time};
  }
  void message_is_late() override { give_up("a message took too long to arrive"); }
  bool is_idle() const noexcept override { return session_.in_flight() == 0; }

  ServerSession session_;
  bool told_end_ = false;
  bool ended_ = false;         // the input is beyond trust: no more of it is read
  Clock::time_point begun_{};  // what stands in the input; zero: nothing does
};

class CodecProtocol final : public Protocol {
 public:
  explicit CodecProtocol(std::shared_ptr<const Codec> codec) : codec_(std::move(codec)) {}

  std::string_view name() const noexcept override { return codec_->name(); }
  Match matches(std::span<const std::byte> first_bytes) const noexcept override { return codec_->matches(first_bytes); }
  std::shared_ptr<ServedConnection> serve(std::unique_ptr<Connection> connection, ByteQueue first_bytes,
                                          ServerHost& host) const override {
    return std::make_shared<CodecConnection>(std::move(connection), std::move(first_bytes), host, *codec_);
  }

 private:
  std::shared_ptr<const Codec> codec_;
};

}  // namespace

std::shared_ptr<const Protocol> codec_protocol(std::shared_ptr<const Codec> codec) {
  return std::make_shared<CodecProtocol>(std::move(codec));
}

}  // namespace polyrpc
