#include "polyrpc/runtime/loop.hpp"
#include "polyrpc/runtime/protocol.hpp"
#include "polyrpc/runtime/served_peer.hpp"
#include "polyrpc/runtime/server_core.hpp"
#include "polyrpc/runtime/server_session.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace polyrpc {

namespace {

constexpr std::size_t read_size = 64 << 10;
constexpr std::size_t flush_size = 256 << 10;  // replies of one batch are sent in pieces of about this size
constexpr std::size_t kept_scratch = 4 << 20;
constexpr std::size_t kept_buffer = 64 << 10;  // larger ones are kept while the connection is busy, to be reused
constexpr int rounds_in_a_row = 16;            // then other connections get their turn
constexpr std::chrono::milliseconds linger_time{1000};
constexpr std::chrono::milliseconds kept_time{1000};

/// A codec on a stream: reads a batch, serves it, sends the replies together.
class CodecConnection final : public ServedConnection,
                              private ReadyListener,
                              private SessionOwner,
                              private Alarm,
                              public std::enable_shared_from_this<CodecConnection> {
 public:
  CodecConnection(std::unique_ptr<Connection> connection, ByteQueue first_bytes, ServerHost& host, const Codec& codec)
      : host_(host),
        loop_(host.loop()),
        limits_(host.core()->limits()),
        connection_(std::move(connection)),
        peer_(*connection_, codec.name()),
        session_(host.core(), loop_, codec.server(limits_.codec), peer_, *this),
        input_(std::move(first_bytes)) {}

  void start() override {
    if (limits_.idle_time.count() > 0) touch();
    if (host_.draining()) session_.drain();
    if (!input_.empty()) {
      serve(input_);
      if (over_) return;
      keep_or_release(input_);
      note_partial();
    }
    settle();
    if (!over_ && can_read()) wait_read();
  }

  void drain() override {
    session_.drain();
    draining_ = true;
    settle();
  }

  void close() override {
    if (std::exchange(over_, true)) return;
    session_.cancel_all();
    loop_.clear(*this);
    connection_->close();
  }

 private:
  enum class State : std::uint8_t { open, peer_done, ending, lingering };

  bool can_read() const noexcept { return state_ == State::open && !paused_; }

  void ready(Direction direction) override {
    const auto self = shared_from_this();
    if (direction == Direction::write) {
      writing_ = false;
      flush_own();
    } else {
      reading_ = false;
      if (state_ == State::lingering) return discard();
    }
    resume();
  }

  void session_progressed() override {
    if (over_ || std::exchange(flush_posted_, true)) return;
    loop_.post([self = shared_from_this()] {
      self->flush_posted_ = false;
      if (self->over_) return;
      self->resume();
    });
  }

  /// Goes on with whatever is possible: sending, serving what was left standing, reading.
  void resume() {
    if (over_) return;
    flush_late();
    if (paused_ && output_.size() * 2 <= limits_.unsent_bytes) {
      paused_ = false;
      if (state_ <= State::peer_done && !input_.empty()) serve(input_);
    }
    if (!over_ && can_read() && !reading_) read();
    if (!over_) settle();
  }

  void read() {
    for (int round = 0; round < rounds_in_a_row; ++round) {
      // What is cut short stays in a buffer of the connection's own; otherwise it borrows the loop's.
      const bool own = !input_.empty();
      ByteQueue& input = own ? input_ : loop_.input();
      const std::span<std::byte> room = input.prepare(own ? (std::max)(read_size, input_.size()) : read_size);
      const IoResult result = connection_->read_some(room);
      if (result.state == IoState::would_block) break;
      if (result.state == IoState::failed) return end();
      if (result.state == IoState::closed) {
        state_ = State::peer_done;
        return;
      }
      input.commit(result.bytes);
      touch();
      serve(input);
      if (over_) return loop_.input().recycle(kept_scratch);
      if (!own) {
        input_.append(input.readable());
        input.recycle(kept_scratch);
      }
      keep_or_release(input_);
      note_partial();
      if (!can_read()) return;
      if (result.bytes < room.size()) break;
      if (round + 1 == rounds_in_a_row) return session_progressed();
    }
    wait_read();
  }

  void wait_read() {
    if (std::exchange(reading_, true)) return;
    connection_->wait(Direction::read, *this);
  }

  void serve(ByteQueue& input) {
    for (;;) {
      const bool own = !output_.empty();
      ByteQueue& output = own ? output_ : loop_.output();
      const auto progress = session_.process(input, output, own ? limits_.unsent_bytes : flush_size);
      if (own)
        flush_own();
      else
        flush_scratch();
      if (over_) return;
      switch (progress) {
        case ServerSession::Progress::need_input:
          return;
        case ServerSession::Progress::paused:
          paused_ = true;
          return;
        case ServerSession::Progress::output_full:
          if (output_.size() < limits_.unsent_bytes) continue;
          paused_ = true;
          return;
        case ServerSession::Progress::ended:
          host_.core()->log(LogLevel::info,
                            "polyrpc: " + connection_->peer().address + ": " + session_.failure().message());
          state_ = State::ending;
          return;
      }
    }
  }

  void flush_scratch() {
    ByteQueue& output = loop_.output();
    if (!send(output)) return output.clear();
    if (output.size() >= kept_buffer)
      std::swap(output, output_);
    else
      output_.append(output.readable());
    output.recycle(kept_scratch);
    if (!output_.empty()) wait_write();
  }

  void flush_own() {
    if (output_.empty()) return;
    if (!send(output_)) return;
    if (output_.empty())
      keep_or_release(output_);
    else
      wait_write();
  }

  void flush_late() {
    ByteQueue& late = session_.late_output();
    if (!late.empty()) {
      if (output_.empty())
        std::swap(output_, late);
      else
        output_.append(late.readable());
      late.recycle(kept_buffer);
    }
    if (!writing_) flush_own();
  }

  /// Sends what goes now. False: the connection is over.
  bool send(ByteQueue& output) {
    while (!output.empty()) {
      const IoResult result = connection_->write_some(output.readable());
      if (result.state == IoState::would_block) return true;
      if (result.state != IoState::done) {
        end();
        return false;
      }
      output.consume(result.bytes);
      stalled_.reset();
    }
    return true;
  }

  void wait_write() {
    if (!stalled_) {
      stalled_ = Clock::now();
      if (limits_.write_time.count() > 0) alarm_by(*stalled_ + limits_.write_time);
    }
    if (std::exchange(writing_, true)) return;
    connection_->wait(Direction::write, *this);
  }

  /// Ends the connection if nothing more can come of it.
  void settle() {
    if (over_ || state_ == State::lingering) return;
    if (!output_.empty() || !session_.late_output().empty()) return;
    if (state_ == State::ending) {
      if (session_.in_flight() == 0) linger();
      return;
    }
    if (session_.in_flight() != 0) return;
    if (state_ == State::peer_done && !paused_) return end();
    if (draining_ && input_.empty()) linger();
  }

  // Closing a socket with unread bytes resets it, and the peer may lose the last replies: say the end, then read on for
  // a while.
  void linger() {
    state_ = State::lingering;
    connection_->shutdown_write();
    alarm_by(Clock::now() + linger_time);
    linger_until_ = Clock::now() + linger_time;
    input_.release();
    discard();
  }

  void discard() {
    ByteQueue& scratch = loop_.input();
    for (int round = 0; round < rounds_in_a_row; ++round) {
      const IoResult result = connection_->read_some(scratch.prepare(read_size));
      if (result.state == IoState::would_block) return wait_read();
      if (result.state != IoState::done) return end();
    }
    end();  // it sends as fast as we read: nothing of ours is being read there
  }

  void end() {
    if (over_) return;
    const auto self = shared_from_this();
    close();
    host_.ended(*this);
  }

  void touch() {
    if (limits_.idle_time.count() == 0) return;
    last_read_ = Clock::now();
    alarm_by(last_read_ + limits_.idle_time);
  }

  void note_partial() {
    if (input_.empty()) {
      partial_.reset();
    } else if (!partial_ && limits_.message_time.count() > 0) {
      partial_ = Clock::now();
      alarm_by(*partial_ + limits_.message_time);
    }
  }

  void keep_or_release(ByteQueue& queue) {
    if (!queue.empty() || queue.capacity() == 0) return;
    if (queue.capacity() <= kept_buffer) return queue.release();
    kept_until_ = Clock::now() + kept_time;
    alarm_by(kept_until_);
  }

  // One alarm serves all limits: it may ring too early, and then looks which of them has really passed.
  void alarm_by(Clock::time_point time) {
    if (!is_set() || time < this->time()) loop_.set(*this, time);
  }

  void ring() override {
    const auto self = shared_from_this();
    const Clock::time_point now = Clock::now();
    std::optional<Clock::time_point> next;
    const auto passed = [&](Clock::time_point limit) {
      if (limit <= now) return true;
      next = next ? (std::min)(*next, limit) : limit;
      return false;
    };
    if (state_ == State::lingering) {
      if (passed(linger_until_)) return end();
    } else {
      if (stalled_ && limits_.write_time.count() > 0 && passed(*stalled_ + limits_.write_time))
        return give_up("the peer does not read");
      if (partial_ && !paused_ && passed(*partial_ + limits_.message_time))
        return give_up("a message took too long to arrive");
      if (limits_.idle_time.count() > 0 && session_.in_flight() == 0 && passed(last_read_ + limits_.idle_time))
        return give_up("idle");
      if (limits_.idle_time.count() > 0 && session_.in_flight() != 0) passed(now + limits_.idle_time);
      if (input_.capacity() > 0 || output_.capacity() > 0) {
        if (passed(kept_until_)) {
          if (input_.empty()) input_.release();
          if (output_.empty()) output_.release();
        }
      }
    }
    if (next) alarm_by(*next);
  }

  void give_up(std::string_view why) {
    host_.core()->log(LogLevel::info, "polyrpc: " + connection_->peer().address + " closed: " + std::string(why));
    end();
  }

  ServerHost& host_;
  Loop& loop_;
  const Limits& limits_;
  std::unique_ptr<Connection> connection_;
  ServedPeer peer_;
  ServerSession session_;
  ByteQueue input_;   // the beginning of a request, or requests not yet served
  ByteQueue output_;  // replies that the peer has not taken
  State state_ = State::open;
  bool over_ = false;
  bool draining_ = false;
  bool paused_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool flush_posted_ = false;
  std::optional<Clock::time_point> stalled_;
  std::optional<Clock::time_point> partial_;
  Clock::time_point last_read_{};
  Clock::time_point kept_until_{};
  Clock::time_point linger_until_{};
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
