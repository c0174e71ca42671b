// A load generator that is not itself the limit. It keeps a number of calls in flight on each of some connections by
// sending recorded bytes again and again, and counts the replies.
//
// What makes it fast: every call after the first is the same bytes, so is every reply, and so whatever arrives is
// compared with the expected reply, many times over, in one go; only what differs is looked at by framing. All calls
// that become possible by one read leave in one write. A reply's latency is counted from the write that its call left
// with, so the place of a call in a batch counts. With several calls in flight the kernel is asked to wake it only when
// a quarter of them is answered, but at most eight (more, and TCP's congestion window waits for delayed
// acknowledgements), so that a server that writes its replies one by one is not held up by its client.
//
// A wire whose calls in flight must differ (Cap'n Proto numbers them) is recorded as a round of as many calls as are in
// flight; all of it said above then holds for rounds, and the replies must come in order.
//
// The first call of a connection is made alone, and its reply is checked. Prints "measuring" when the warm-up is over,
// and at the end one line of JSON.

#include "recording.hpp"
#include "support/buffer.hpp"
#include "support/clock.hpp"
#include "support/histogram.hpp"
#include "support/options.hpp"
#include "support/socket.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/epoll.h>
#include <sys/time.h>
#include <vector>

namespace {

using bench::cpu_seconds;
using bench::now;
using bench::Recording;

constexpr std::size_t read_bytes = std::size_t{256} << 10;

/// Some bytes, and the same bytes so often that from any point of the first copy `read_bytes` follow.
class Repeated {
 public:
  explicit Repeated(const std::string& once) : period_(once.size()) {
    while (bytes_.size() < read_bytes + period_) bytes_ += once;
  }

  std::size_t period() const { return period_; }
  std::string_view once() const { return std::string_view(bytes_).substr(0, period_); }
  std::string_view from(std::size_t position) const { return std::string_view(bytes_).substr(position); }

 private:
  std::string bytes_;
  std::size_t period_;
};

/// The replies seen so far. There is one, or few: an HTTP server's change with its Date.
class KnownReplies {
 public:
  std::shared_ptr<const Repeated> find_or_add(std::string_view reply) {
    for (const auto& known : replies_)
      if (known->once() == reply) return known;
    replies_.push_front(std::make_shared<Repeated>(std::string(reply)));
    if (replies_.size() > 16) replies_.pop_back();
    return replies_.front();
  }

 private:
  std::deque<std::shared_ptr<const Repeated>> replies_;
};

struct Connection {
  explicit Connection(bench::Descriptor d) : socket(std::move(d)) {}

  struct Batch {
    std::uint64_t sent_at;
    std::uint64_t calls;
  };

  bench::Descriptor socket;
  std::uint64_t to_send = 0;      // bytes of requests that are due
  std::size_t send_position = 0;  // in the request
  std::shared_ptr<const Repeated> reply;
  std::size_t reply_position = 0;  // in the reply; what came before was as expected
  std::string strange;             // from the beginning of a reply that was not; then reply_position is 0
  std::deque<Batch> in_flight;
  bool waits_to_write = false;
};

class Generator {
 public:
  Generator(const bench::Options& options, Recording recording)
      : recording_(std::move(recording)),
        request_(recording_.request),
        address_(options.text("address", "")),
        connection_count_(options.number<std::size_t>("connections", 1)),
        depth_(options.number<std::uint64_t>("in-flight", 1)),
        calls_(options.number<std::uint64_t>("calls", 0)),
        seconds_(options.number("seconds", 2.0)),
        warmup_(calls_ > 0 ? 0 : options.number("warmup", 0.5)),
        low_water_(options.number<std::uint64_t>("low-water", std::min<std::uint64_t>(depth_ / 4, 8))),
        buffer_(read_bytes) {
    if (connection_count_ == 0 || depth_ == 0) options.fail("at least one connection and one call in flight");
  }

  /// Opens all connections and makes the first calls.
  void connect() {
    for (std::size_t i = 0; i < connection_count_; ++i) {
      auto connection = std::make_unique<Connection>(bench::connect_to(address_));
      const timeval patience{20, 0};
      ::setsockopt(connection->socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      prepare(*connection);
      connections_.push_back(std::move(connection));
    }
  }

  void run() {
    epoll_ = bench::Descriptor(::epoll_create1(EPOLL_CLOEXEC));
    if (epoll_.get() < 0) bench::throw_errno("epoll_create1");
    for (const auto& connection : connections_) watch(EPOLL_CTL_ADD, *connection, EPOLLIN);

    started_ = now();
    if (warmup_ <= 0) begin_measuring(started_);
    for (const auto& connection : connections_) send_more(*connection, depth_);
    const auto length = static_cast<std::uint64_t>(seconds_ * 1e9);
    const auto warmup = static_cast<std::uint64_t>(warmup_ * 1e9);
    for (;;) {
      const std::uint64_t time = connections_.size() == 1 ? turn_alone() : turn();
      if (!measuring_) {
        if (time - started_ >= warmup) begin_measuring(time);
      } else if (calls_ > 0 ? replies_ >= calls_ : time - started_ >= length) {
        report(time);
        return;
      }
    }
  }

 private:
  void watch(int operation, Connection& connection, std::uint32_t events) {
    bench::watch(epoll_, operation, connection.socket.get(), events, {.ptr = &connection});
  }

  /// Sends all of it while reading what arrives, so that neither side waits for the other for ever.
  void send_and_read(Connection& connection, std::string_view bytes, std::string& answer) {
    while (!bytes.empty()) {
      pollfd state{connection.socket.get(), POLLIN | POLLOUT, 0};
      if (::poll(&state, 1, 20'000) <= 0) throw std::runtime_error("the server takes no bytes");
      if ((state.revents & POLLOUT) != 0) {
        const ssize_t sent = ::send(connection.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) bench::throw_errno("send");
        if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      }
      if ((state.revents & (POLLIN | POLLHUP | POLLERR)) != 0) read_into(connection, answer);
    }
  }

  void read_into(Connection& connection, std::string& answer) {
    const ssize_t got = ::recv(connection.socket.get(), buffer_.get(), read_bytes, 0);
    if (got == 0)
      throw std::runtime_error("the server closed the connection after " + std::to_string(answer.size()) + " bytes");
    if (got < 0) bench::throw_errno("the server does not answer");
    answer.append(buffer_.get(), static_cast<std::size_t>(got));
  }

  std::string answer_to(Connection& connection, std::string_view request, std::size_t replies) {
    std::string answer;
    send_and_read(connection, request, answer);
    std::size_t end = 0;
    for (std::size_t seen = 0; seen < replies;) {
      const std::size_t size = bench::reply_size(recording_.framing, std::string_view(answer).substr(end));
      if (size == 0) {
        read_into(connection, answer);
        continue;
      }
      end += size;
      ++seen;
      if (end != size * seen) throw std::runtime_error("the replies differ in size");
    }
    if (end != answer.size()) throw std::runtime_error("bytes after the reply");
    return answer;
  }

  std::string checked_answer_to(Connection& connection, std::string_view request) {
    const std::string answer = answer_to(connection, request, recording_.calls);
    const std::size_t size = answer.size() / recording_.calls;
    for (std::size_t at = 0; at < answer.size(); at += size) check(std::string_view(answer).substr(at, size));
    return answer;
  }

  void check(std::string_view reply) const {
    if (reply.find(recording_.good_reply_has) == std::string_view::npos)
      throw std::runtime_error("not an echo: " + std::string(reply.substr(0, 300)));
  }

  void prepare(Connection& connection) {
    if (!recording_.handshake.empty() && recording_.handshake_answer.empty()) {
      answer_to(connection, recording_.handshake, 1);
    } else if (!recording_.handshake.empty()) {
      std::string answer;
      send_and_read(connection, recording_.handshake, answer);
      while (answer.size() < recording_.handshake_answer.size()) read_into(connection, answer);
      if (answer != recording_.handshake_answer) throw std::runtime_error("the handshake is answered " + answer);
    }
    checked_answer_to(connection, recording_.first_request);
    connection.reply = known_.find_or_add(checked_answer_to(connection, recording_.request));
    const std::uint64_t bytes = low_water_ * reply_bytes(connection);
    const int low_water = static_cast<int>(std::clamp<std::uint64_t>(bytes, 1, 65536));
    ::setsockopt(connection.socket.get(), SOL_SOCKET, SO_RCVLOWAT, &low_water, sizeof low_water);
  }

  void begin_measuring(std::uint64_t time) {
    measuring_ = true;
    started_ = time;
    latency_.clear();
    replies_ = reads_ = writes_ = 0;
    cpu_ = cpu_seconds();
    std::printf("measuring\n");
    std::fflush(stdout);
  }

  /// Waits for any connection. Returns the time.
  std::uint64_t turn() {
    std::array<epoll_event, 256> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 20'000);
    if (count < 0 && errno != EINTR) bench::throw_errno("epoll_wait");
    if (count == 0) throw std::runtime_error("no reply for 20 seconds");
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      Connection& connection = *static_cast<Connection*>(event.data.ptr);
      if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive(connection, MSG_DONTWAIT);
      if ((event.events & EPOLLOUT) != 0 && connection.to_send > 0) flush(connection);
    }
    return now();
  }

  /// With one connection a blocking read is all the waiting there is, unless there is something to send too.
  std::uint64_t turn_alone() {
    Connection& connection = *connections_.front();
    if (connection.waits_to_write) return turn();
    return receive(connection, 0);
  }

  std::uint64_t receive(Connection& connection, int flags) {
    const ssize_t got = ::recv(connection.socket.get(), buffer_.get(), read_bytes, flags);
    if (got == 0) throw std::runtime_error("the server closed the connection");
    if (got < 0) {
      if (errno == EINTR || (errno == EAGAIN && flags != 0)) return now();
      bench::throw_errno("no reply");
    }
    ++reads_;
    bytes_in_ += static_cast<std::uint64_t>(got);
    const std::uint64_t arrived = now();
    const std::uint64_t replies = count(connection, {buffer_.get(), static_cast<std::size_t>(got)});
    replies_ += replies;
    for (std::uint64_t left = replies; left > 0;) {
      if (connection.in_flight.empty()) throw std::runtime_error("more replies than calls");
      Connection::Batch& batch = connection.in_flight.front();
      const std::uint64_t some = std::min(left, batch.calls);
      latency_.add(arrived - batch.sent_at, some);
      left -= some;
      batch.calls -= some;
      if (batch.calls == 0) connection.in_flight.pop_front();
    }
    if (replies > 0) send_more(connection, replies);
    return arrived;
  }

  /// How many replies end in what has just arrived.
  std::uint64_t count(Connection& connection, std::string_view bytes) {
    if (connection.strange.empty()) {
      const std::string_view expected = connection.reply->from(connection.reply_position).substr(0, bytes.size());
      if (bytes == expected) {
        const std::size_t before = connection.reply_position;
        const std::size_t end = before + bytes.size();
        connection.reply_position = end % connection.reply->period();
        return end / reply_bytes(connection) - before / reply_bytes(connection);
      }
      if (recording_.calls > 1) throw std::runtime_error("the replies differ, or come in another order");
      // The reply under way began as expected, and goes on otherwise.
      connection.strange = connection.reply->once().substr(0, connection.reply_position);
      connection.reply_position = 0;
    }
    connection.strange += bytes;
    std::uint64_t replies = 0;
    std::string_view rest = connection.strange;
    while (const std::size_t size = bench::reply_size(recording_.framing, rest)) {
      const std::string_view reply = rest.substr(0, size);
      if (reply != connection.reply->once()) {
        check(reply);
        connection.reply = known_.find_or_add(reply);
      }
      ++replies;
      ++strange_replies_;
      rest.remove_prefix(size);
    }
    const std::string_view expected = connection.reply->once().substr(0, rest.size());
    if (rest == expected) {  // back on the expected road
      connection.reply_position = rest.size();
      connection.strange.clear();
    } else {
      connection.strange.erase(0, connection.strange.size() - rest.size());
    }
    return replies;
  }

  std::size_t request_bytes() const { return request_.period() / recording_.calls; }
  std::size_t reply_bytes(const Connection& connection) const { return connection.reply->period() / recording_.calls; }

  void send_more(Connection& connection, std::uint64_t calls) {
    connection.in_flight.push_back({now(), calls});
    connection.to_send += calls * request_bytes();
    if (!connection.waits_to_write) flush(connection);
  }

  void flush(Connection& connection) {
    while (connection.to_send > 0) {
      std::string_view bytes = request_.from(connection.send_position);
      bytes = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), connection.to_send)));
      const ssize_t sent = ::send(connection.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) bench::throw_errno("send");
      ++writes_;
      if (sent > 0) {
        connection.to_send -= static_cast<std::uint64_t>(sent);
        connection.send_position = (connection.send_position + static_cast<std::size_t>(sent)) % request_.period();
        bytes_out_ += static_cast<std::uint64_t>(sent);
      }
      if (sent < static_cast<ssize_t>(bytes.size())) break;
    }
    const bool waits = connection.to_send > 0;
    if (waits != connection.waits_to_write) {
      connection.waits_to_write = waits;
      watch(EPOLL_CTL_MOD, connection, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
  }

  void report(std::uint64_t time) const {
    const double seconds = static_cast<double>(time - started_) * 1e-9;
    const auto calls = static_cast<double>(replies_);
    const double cpu = cpu_seconds() - cpu_;
    std::printf(
        "{\"calls\":%llu,\"seconds\":%.4f,\"calls_per_second\":%.1f,\"mean_us\":%.2f,\"p50_us\":%.2f,\"p99_us\":%.2f,"
        "\"p999_us\":%.2f,\"max_us\":%.2f,\"client_cpu_us_per_call\":%.4f,\"client_cpu_share\":%.3f,"
        "\"calls_per_read\":%.2f,\"calls_per_write\":%.2f,\"request_bytes\":%zu,\"reply_bytes\":%zu,"
        "\"strange_replies\":%llu}\n",
        static_cast<unsigned long long>(replies_), seconds, calls / seconds, latency_.mean() / 1e3,
        latency_.quantile(0.5) / 1e3, latency_.quantile(0.99) / 1e3, latency_.quantile(0.999) / 1e3,
        static_cast<double>(latency_.largest()) / 1e3, cpu * 1e6 / std::max(calls, 1.0), cpu / seconds,
        calls / static_cast<double>(std::max<std::uint64_t>(reads_, 1)),
        calls / static_cast<double>(std::max<std::uint64_t>(writes_, 1)), request_bytes(),
        reply_bytes(*connections_.front()), static_cast<unsigned long long>(strange_replies_));
    std::fflush(stdout);
  }

  Recording recording_;
  Repeated request_;
  std::string address_;
  std::size_t connection_count_;
  std::uint64_t depth_;
  std::uint64_t calls_;
  double seconds_;
  double warmup_;
  std::uint64_t low_water_;
  bench::Buffer buffer_;
  std::vector<std::unique_ptr<Connection>> connections_;
  KnownReplies known_;
  bench::Descriptor epoll_;

  bool measuring_ = false;
  std::uint64_t started_ = 0;
  double cpu_ = 0;
  bench::Histogram latency_;
  std::uint64_t replies_ = 0;
  std::uint64_t reads_ = 0;
  std::uint64_t writes_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  std::uint64_t strange_replies_ = 0;
};

std::string file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// Names of the same length change nothing else in a recording.
void use_method(Recording& recording, const std::string& method) {
  for (std::string* request : {&recording.first_request, &recording.request}) {
    const std::size_t at = request->find("Echo.Echo");
    if (at == std::string::npos || method.size() != 4) throw std::runtime_error("cannot call another method");
    request->replace(at + 5, 4, method);
  }
}

constexpr const char* usage =
    "options:\n"
    "  --address HOST:PORT or the path of a Unix socket\n"
    "  --wire raw|gob|gob-connect|json1|json2|http|protobuf|connect|nginx|nginx-get|thrift|capnp\n"
    "                   what to record: calls of Echo.Echo\n"
    "  --payload BYTES\n"
    "  --request FILE --first FILE --framing frame|gob|line|http|varint_pair|big_endian|segments    instead of --wire: "
    "recorded bytes\n"
    "  --connections N --in-flight N    calls in flight on each connection\n"
    "  --warmup SECONDS --seconds SECONDS\n"
    "  --low-water N    read only when so many are answered; by default a quarter of those in flight, at most 8\n"
    "  --calls N    instead of seconds; no warm-up\n"
    "  --method NAME    of four letters, of Echo's, instead of Echo\n";

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(argc, argv, usage);
  try {
    Recording recording;
    if (const std::string path = options.text("request", ""); !path.empty()) {
      recording.request = file(path);
      recording.first_request = file(options.text("first", path));
      recording.framing = bench::framing_of(options.text("framing", "line"));
    } else {
      recording = bench::record(options.text("wire", "raw"), options.number<std::size_t>("payload", 32),
                                options.number<std::size_t>("in-flight", 1));
    }
    if (const std::string method = options.text("method", ""); !method.empty()) use_method(recording, method);
    if (recording.framing == bench::Framing::http2) options.fail("every call on HTTP/2 has another number: see pacer");
    Generator generator(options, std::move(recording));
    generator.connect();
    generator.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "generator: %s\n", error.what());
    return 1;
  }
}
