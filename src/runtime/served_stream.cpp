#include "polyrpc/runtime/served_stream.hpp"

#include "polyrpc/runtime/server_core.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace polyrpc {

namespace {

constexpr std::size_t kept_scratch = 4 << 20;
constexpr std::size_t kept_buffer = 64 << 10;  // larger ones are kept while the connection is busy, to be reused
constexpr std::chrono::milliseconds linger_time{1000};
constexpr std::chrono::milliseconds kept_time{1000};

}  // namespace

ServedStream::ServedStream(std::unique_ptr<Connection> connection, ByteQueue first_bytes, ServerHost& host,
                           std::string_view protocol)
    : host_(host),
      loop_(host.loop()),
      limits_(host.core()->limits()),
      input_(std::move(first_bytes)),
      connection_(std::move(connection)),
      protocol_(protocol) {}

ServedStream::~ServedStream() = default;

const PeerInfo& ServedStream::peer() const {
  if (peer_ == nullptr) {
    const PeerInfo& known = connection_->peer();
    peer_.reset(new PeerInfo{known.address, std::string(protocol_), known.tls});
  }
  return *peer_;
}

void ServedStream::start() {
  touch();
  if (host_.draining()) {
    draining_ = true;
    draining_begins();
  }
  if (!input_.empty()) {
    serve(input_);
    if (over_) return;
    watch_message();
  }
  keep_or_release(input_);
  settle();
  if (!over_ && can_read()) wait_read();
}

void ServedStream::drain() {
  draining_ = true;
  draining_begins();
  if (!over_ && !lingering_) settle();
}

void ServedStream::close() {
  if (std::exchange(over_, true)) return;
  closing();
  loop_.clear(*this);
  if (connection_ != nullptr) connection_->close();
}

// ---- reading ----

bool ServedStream::can_read() const noexcept { return !lingering_ && !peer_ended_ && !paused_ && wants_input(); }

void ServedStream::ready(Direction direction) {
  const auto self = shared_from_this();
  if (direction == Direction::write) {
    writing_ = false;
    flush();
  } else {
    reading_ = false;
    if (lingering_) return discard();
  }
  resume();
}

void ServedStream::progress_later() {
  if (over_ || std::exchange(progress_posted_, true)) return;
  loop_.post([self = shared_from_this()] {
    self->progress_posted_ = false;
    self->resume();
  });
}

/// Goes on with whatever is possible: serving what was left standing, sending, reading.
void ServedStream::resume() {
  if (over_ || lingering_) return;
  if (paused_ && output_.size() * 2 <= limits_.unsent_bytes) paused_ = false;
  go_on();
  if (over_ || lingering_) return;
  watch_message();
  if (can_read() && !reading_) read();
  if (!over_ && !lingering_) settle();
}

void ServedStream::read() {
  for (int round = 0; round < rounds_in_a_row; ++round) {
    const Got got = read_once();
    if (over_ || !can_read()) return;
    if (got == Got::drained) return wait_read();
  }
  progress_later();
}

std::size_t ServedStream::read_into(std::span<std::byte> into, Got& got) {
  const IoResult result = connection_->read_some(into);
  switch (result.state) {
    case IoState::would_block:
      got = Got::drained;
      return 0;
    case IoState::failed:
      got = Got::stopped;
      end();
      return 0;
    case IoState::closed:
      got = Got::stopped;
      peer_ended_ = true;
      return 0;
    case IoState::done:
      break;
  }
  touch();
  got = result.bytes < into.size() ? Got::drained : Got::more;
  return result.bytes;
}

ServedStream::Got ServedStream::read_once() {
  // What is cut short stays in a buffer of the connection's own; otherwise it borrows the loop's.
  const bool own = !input_.empty();
  ByteQueue& input = own ? input_ : loop_.input();
  Got got = Got::stopped;
  const std::size_t count = read_into(input.prepare(own ? (std::max)(read_size, input.size()) : read_size), got);
  if (count == 0) return got;
  input.commit(count);
  serve(input);
  if (!own) {
    if (!over_) input_.append(input.readable());
    input.recycle(kept_scratch);
  }
  if (over_) return Got::stopped;
  keep_or_release(input_);
  watch_message();
  return got;
}

void ServedStream::wait_read() {
  if (std::exchange(reading_, true)) return;
  connection_->wait(Direction::read, *this);
}

// ---- writing ----

void ServedStream::flush_borrowed() {
  ByteQueue& output = loop_.output();
  if (!send(output)) return output.clear();
  if (output.size() >= kept_buffer)
    std::swap(output, output_);
  else
    output_.append(output.readable());
  output.recycle(kept_scratch);
  if (!output_.empty()) wait_write();
}

void ServedStream::flush() {
  if (output_.empty() || writing_ || !send(output_)) return;
  if (output_.empty())
    keep_or_release(output_);
  else
    wait_write();
}

/// Sends what goes now. False: the connection is over.
bool ServedStream::send(ByteQueue& output) {
  while (!output.empty()) {
    const IoResult result = connection_->write_some(output.readable());
    if (result.state == IoState::would_block) return true;
    if (result.state != IoState::done) {
      end();
      return false;
    }
    output.consume(result.bytes);
    stalled_ = {};
  }
  return true;
}

void ServedStream::wait_write() {
  if (!is_stalled()) {
    stalled_ = Clock::now();
    if (limits_.write_time.count() > 0) alarm_by(stalled_ + limits_.write_time);
  }
  if (std::exchange(writing_, true)) return;
  connection_->wait(Direction::write, *this);
}

void ServedStream::keep_or_release(ByteQueue& queue) {
  if (!queue.empty() || queue.capacity() == 0) return;
  if (queue.capacity() <= kept_buffer) return queue.release();
  until_ = Clock::now() + kept_time;
  alarm_by(until_);
}

// ---- the end ----

void ServedStream::linger() {
  lingering_ = true;
  connection_->shutdown_write();
  until_ = Clock::now() + linger_time;
  alarm_by(until_);
  input_.release();
  if (peer_ended_) return end();
  if (!reading_) discard();
}

void ServedStream::discard() {
  ByteQueue& scratch = loop_.input();
  for (int round = 0; round < rounds_in_a_row; ++round) {
    const IoResult result = connection_->read_some(scratch.prepare(read_size));
    if (result.state == IoState::would_block) return wait_read();
    if (result.state != IoState::done) return end();
  }
  loop_.post([self = shared_from_this()] {
    if (!self->over_ && !self->reading_) self->discard();
  });
}

void ServedStream::end() {
  if (over_) return;
  const auto self = shared_from_this();
  close();
  host_.ended(*this);
}

std::unique_ptr<Connection> ServedStream::take_connection() noexcept {
  over_ = true;
  loop_.clear(*this);
  return std::move(connection_);
}

void ServedStream::give_up(std::string_view why) {
  log("closed: " + std::string(why));
  end();
}

void ServedStream::log(std::string_view what) const {
  host_.core()->log(LogLevel::info, "polyrpc: " + peer().address + ": " + std::string(what));
}

// ---- time ----

void ServedStream::touch() {
  if (limits_.idle_time.count() == 0) return;
  last_read_ = Clock::now();
  alarm_by(last_read_ + limits_.idle_time);
}

void ServedStream::watch_message() {
  if (const auto patience = message_under_way(); patience && patience->limit.count() > 0)
    alarm_by(patience->since + patience->limit);
}

// One alarm serves all limits: it may ring too early, and then looks which of them has really passed.
void ServedStream::alarm_by(Clock::time_point time) {
  if (!is_set() || time < this->time()) loop_.set(*this, time);
}

void ServedStream::ring() {
  const auto self = shared_from_this();
  const Clock::time_point now = Clock::now();
  std::optional<Clock::time_point> next;
  const auto passed = [&](Clock::time_point limit) {
    if (limit <= now) return true;
    next = next ? (std::min)(*next, limit) : limit;
    return false;
  };
  if (lingering_) {
    if (passed(until_)) return end();
  } else {
    if (is_stalled() && limits_.write_time.count() > 0 && passed(stalled_ + limits_.write_time))
      return give_up("the peer does not read");
    if (!paused_) {
      const auto patience = message_under_way();
      if (patience && patience->limit.count() > 0 && passed(patience->since + patience->limit)) {
        message_is_late();
        if (!over_ && !lingering_) settle();
        return;
      }
    }
    if (limits_.idle_time.count() > 0) {
      if (!is_idle())
        passed(now + limits_.idle_time);
      else if (passed(last_read_ + limits_.idle_time))
        return give_up("idle");
    }
    if ((input_.capacity() > 0 || output_.capacity() > 0) && passed(until_)) {
      if (input_.empty()) input_.release();
      if (output_.empty()) output_.release();
    }
  }
  if (next) alarm_by(*next);
}

}  // namespace polyrpc
