// The other load generator: it tells calls apart, and so can do what generator.cpp cannot.
//
//   --rate N     an open loop: calls are due at fixed times, whatever happens to those before them, and their latency
//   is
//                counted from when they were due, so that a server that stops for a while is not spared the calls that
//                it would have got meanwhile. What is not answered a second after the end counts with its age.
//                Of each tenth of a second there is a p99 of its own too: their median is what calls see while nothing
//                else holds up the machine.
//   --other N    every N-th call, at random, is one of Echo.Slow (--method), and counted apart
//   --wire grpc  calls on HTTP/2, also in a closed loop (without --rate)
//
// An open loop never sleeps: it looks for replies and the next call's time in turn, so it needs a core of its own.
// Prints "measuring" when the warm-up is over, and at the end one line of JSON.

#include "speaker.hpp"
#include "support/buffer.hpp"
#include "support/clock.hpp"
#include "support/histogram.hpp"
#include "support/options.hpp"
#include "support/socket.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/time.h>
#include <utility>
#include <vector>

namespace {

using bench::now;

constexpr std::size_t read_bytes = std::size_t{256} << 10;
constexpr std::uint64_t slice_nanoseconds = 100'000'000;
constexpr std::uint32_t most_open = std::uint32_t{1} << 16;  // calls on a connection

struct Call {
  std::uint64_t due = 0;
  bool other = false;
  bool open = false;
};

struct Connection {
  Connection(bench::Descriptor s, std::unique_ptr<bench::Speaker> w) : socket(std::move(s)), speaker(std::move(w)) {}

  bench::Descriptor socket;
  std::unique_ptr<bench::Speaker> speaker;
  std::string unsent;
  std::string partial;                                     // the beginning of what arrives
  std::deque<Call> due;                                    // not sent, as the server allows no more
  std::vector<Call> calls = std::vector<Call>(most_open);  // by number
  std::uint32_t next = 0;
  std::uint32_t open = 0;
  bool waits_to_write = false;
  bool touched = false;
};

class Pacer {
 public:
  explicit Pacer(const bench::Options& options)
      : address_(options.text("address", "")),
        wire_(options.text("wire", "gob")),
        method_(options.text("method", "Slow")),
        payload_(options.number<std::size_t>("payload", 32)),
        connection_count_(options.number<std::size_t>("connections", 1)),
        depth_(options.number<std::uint32_t>("in-flight", 1)),
        rate_(options.number("rate", 0.0)),
        one_in_(options.number<std::uint64_t>("other", 0)),
        calls_(options.number<std::uint64_t>("calls", 0)),
        warmup_(calls_ > 0 ? 0 : static_cast<std::uint64_t>(options.number("warmup", 0.5) * 1e9)),
        length_(static_cast<std::uint64_t>(options.number("seconds", 2.0) * 1e9)),
        buffer_(read_bytes) {
    if (connection_count_ == 0 || depth_ == 0 || depth_ >= most_open) options.fail("how many calls in flight?");
    if (method_.size() != 4) options.fail("--method has four letters");
  }

  void connect() {
    epoll_ = bench::Descriptor(::epoll_create1(EPOLL_CLOEXEC));
    if (epoll_.get() < 0) bench::throw_errno("epoll_create1");
    for (std::size_t i = 0; i < connection_count_; ++i) {
      connections_.push_back(
          std::make_unique<Connection>(bench::connect_to(address_), bench::make_speaker(wire_, payload_, method_)));
      Connection& connection = *connections_.back();
      first_call(connection);
      watch(EPOLL_CTL_ADD, connection, EPOLLIN);
    }
  }

  void run() {
    started_ = now();
    measured_from_ = started_ + warmup_;
    if (warmup_ == 0) begin_measuring(started_);
    if (rate_ > 0)
      run_open();
    else
      run_closed();
    report(now());
  }

 private:
  void watch(int operation, Connection& connection, std::uint32_t events) {
    bench::watch(epoll_, operation, connection.socket.get(), events, {.ptr = &connection});
  }

  /// The only one that waits: makes a call and takes its reply.
  void first_call(Connection& connection) {
    const timeval patience{20, 0};
    ::setsockopt(connection.socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    connection.unsent = connection.speaker->start();
    for (bool answered = false; !answered;) {
      for (std::string& bytes = connection.unsent; !bytes.empty();) {
        const ssize_t sent = ::send(connection.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0) bench::throw_errno("send");
        bytes.erase(0, static_cast<std::size_t>(sent));
      }
      const ssize_t got = ::recv(connection.socket.get(), buffer_.get(), read_bytes, 0);
      if (got <= 0) throw std::runtime_error("the server does not answer");
      connection.partial.append(buffer_.get(), static_cast<std::size_t>(got));
      std::optional<std::uint32_t> number;
      while (const std::size_t size = connection.speaker->take(connection.partial, number, connection.unsent)) {
        connection.partial.erase(0, size);
        if (number) answered = true;
        number.reset();
      }
    }
    flush(connection);
  }

  void begin_measuring(std::uint64_t time) {
    measuring_ = true;
    replies_ = bytes_in_ = bytes_out_ = 0;
    measured_from_ = time;
    cpu_ = bench::cpu_seconds();
    std::printf("measuring\n");
    std::fflush(stdout);
  }

  void run_closed() {
    for (const auto& connection : connections_) {
      for (std::uint32_t i = 0; i < depth_; ++i) connection->due.push_back(Call{now(), is_other(), true});
      send_due(*connection);
    }
    for (std::uint64_t time = now();; time = now()) {
      if (!measuring_ && time >= measured_from_) begin_measuring(time);
      if (measuring_ && (calls_ > 0 ? replies_ >= calls_ : time >= measured_from_ + length_)) break;
      if (look(20'000) == 0) throw std::runtime_error("no reply for 20 seconds");
    }
    replies_in_time_ = replies_;
    measured_until_ = now();
  }

  void run_open() {
    const double interval = 1e9 / rate_;
    const std::uint64_t end = measured_from_ + length_;
    std::size_t turn = 0;
    for (std::uint64_t i = 0;;) {
      const std::uint64_t time = now();
      if (!measuring_ && time >= measured_from_) {
        const std::uint64_t from = measured_from_;
        begin_measuring(time);
        measured_from_ = from;
      }
      if (time >= end) break;
      for (;; ++i) {
        const std::uint64_t due = started_ + static_cast<std::uint64_t>(static_cast<double>(i) * interval);
        if (due > time || due >= end) break;
        if (measuring_) lateness_.add(time - due, 1);
        Connection& connection = *connections_[turn];
        turn = turn + 1 == connections_.size() ? 0 : turn + 1;
        connection.due.push_back(Call{due, is_other(), true});
        touch(connection);
      }
      send_touched();
      look(0);
    }
    replies_in_time_ = replies_;
    measured_until_ = now();
    for (const std::uint64_t patience = end + 1'000'000'000; now() < patience && anything_open(); look(0))
      send_touched();
    const std::uint64_t time = now();
    for (const auto& connection : connections_) {
      for (const Call& call : connection->due) give_up(call, time);
      for (const Call& call : connection->calls)
        if (call.open) give_up(call, time);
    }
  }

  bool anything_open() const {
    return std::any_of(connections_.begin(), connections_.end(),
                       [](const auto& connection) { return connection->open > 0 || !connection->due.empty(); });
  }

  void give_up(const Call& call, std::uint64_t time) {
    if (call.due < measured_from_) return;
    ++unanswered_;
    count(call, time - call.due);
  }

  void count(const Call& call, std::uint64_t latency) {
    if (call.other) {
      other_latency_.add(latency, 1);
      return;
    }
    latency_.add(latency, 1);
    const auto slice = static_cast<std::size_t>((call.due - measured_from_) / slice_nanoseconds);
    if (rate_ > 0 && slice < slices_.size()) slices_[slice].add(latency, 1);
  }

  double median_p99_of_slices() const {
    std::vector<double> each;
    for (const bench::Histogram& slice : slices_) each.push_back(slice.quantile(0.99));
    if (each.empty()) return 0;
    const auto middle = each.begin() + static_cast<std::ptrdiff_t>(each.size() / 2);
    std::nth_element(each.begin(), middle, each.end());
    return *middle;
  }

  bool is_other() {
    if (one_in_ == 0) return false;
    random_ = random_ * 6364136223846793005U + 1442695040888963407U;
    return (random_ >> 33) % one_in_ == 0;
  }

  void touch(Connection& connection) {
    if (connection.touched) return;
    connection.touched = true;
    touched_.push_back(&connection);
  }

  void send_touched() {
    for (Connection* connection : touched_) {
      connection->touched = false;
      send_due(*connection);
    }
    touched_.clear();
  }

  void send_due(Connection& connection) {
    while (!connection.due.empty() && connection.open + 1 < most_open && connection.speaker->may_call()) {
      Call& slot = connection.calls[connection.next % most_open];
      if (slot.open) break;  // a slow one, and 65,536 calls have come after it
      slot = connection.due.front();
      connection.due.pop_front();
      connection.speaker->call(connection.next, slot.other, connection.unsent);
      connection.next = (connection.next + 1) % bench::Speaker::numbers;
      ++connection.open;
    }
    if (!connection.unsent.empty() && !connection.waits_to_write) flush(connection);
  }

  void flush(Connection& connection) {
    std::string& bytes = connection.unsent;
    while (!bytes.empty()) {
      const ssize_t sent = ::send(connection.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) {
        if (errno == EAGAIN || errno == EINTR) break;
        bench::throw_errno("send");
      }
      bytes_out_ += static_cast<std::uint64_t>(sent);
      bytes.erase(0, static_cast<std::size_t>(sent));
    }
    if (const bool waits = !bytes.empty(); waits != connection.waits_to_write) {
      connection.waits_to_write = waits;
      watch(EPOLL_CTL_MOD, connection, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
  }

  /// Takes what has arrived. Returns on how many connections something happened.
  int look(int milliseconds) {
    std::array<epoll_event, 256> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), milliseconds);
    if (count < 0 && errno != EINTR) bench::throw_errno("epoll_wait");
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      Connection& connection = *static_cast<Connection*>(event.data.ptr);
      if ((event.events & EPOLLOUT) != 0) flush(connection);
      if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive(connection);
    }
    return count;
  }

  void receive(Connection& connection) {
    const ssize_t got = ::recv(connection.socket.get(), buffer_.get(), read_bytes, MSG_DONTWAIT);
    if (got == 0) throw std::runtime_error("the server closed the connection");
    if (got < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      bench::throw_errno("recv");
    }
    const std::uint64_t arrived = now();
    bytes_in_ += static_cast<std::uint64_t>(got);
    std::string_view rest(buffer_.get(), static_cast<std::size_t>(got));
    const bool kept = !connection.partial.empty();
    if (kept) rest = connection.partial.append(rest);
    std::optional<std::uint32_t> number;
    while (const std::size_t size = connection.speaker->take(rest, number, connection.unsent)) {
      rest.remove_prefix(size);
      if (number) answered(connection, *number, arrived);
      number.reset();
    }
    if (kept)
      connection.partial.erase(0, connection.partial.size() - rest.size());
    else
      connection.partial = rest;
    send_due(connection);
  }

  void answered(Connection& connection, std::uint32_t number, std::uint64_t arrived) {
    Call& call = connection.calls[number % most_open];
    if (!call.open) throw std::runtime_error("a reply to no call");
    call.open = false;
    --connection.open;
    ++replies_;
    if (call.due >= measured_from_ && measuring_) count(call, arrived - call.due);
    if (rate_ <= 0) connection.due.push_back(Call{arrived, is_other(), true});
  }

  void report(std::uint64_t time) const {
    const double seconds = static_cast<double>(measured_until_ - measured_from_) * 1e-9;
    const double whole = static_cast<double>(time - measured_from_) * 1e-9;
    const auto calls = static_cast<double>(std::max<std::uint64_t>(replies_, 1));
    const double cpu = bench::cpu_seconds() - cpu_;
    std::printf(
        "{\"calls\":%llu,\"seconds\":%.4f,\"calls_per_second\":%.1f,\"mean_us\":%.2f,\"p50_us\":%.2f,\"p99_us\":%.2f,"
        "\"p999_us\":%.2f,\"max_us\":%.2f,\"client_cpu_us_per_call\":%.4f,\"client_cpu_share\":%.3f,"
        "\"request_bytes\":%.1f,\"reply_bytes\":%.1f,\"unanswered\":%llu,\"offered_per_second\":%.1f",
        static_cast<unsigned long long>(replies_), seconds, static_cast<double>(replies_in_time_) / seconds,
        latency_.mean() / 1e3, latency_.quantile(0.5) / 1e3, latency_.quantile(0.99) / 1e3,
        latency_.quantile(0.999) / 1e3, static_cast<double>(latency_.largest()) / 1e3, cpu * 1e6 / calls, cpu / whole,
        static_cast<double>(bytes_out_) / calls, static_cast<double>(bytes_in_) / calls,
        static_cast<unsigned long long>(unanswered_), rate_);
    if (rate_ > 0)
      std::printf(",\"late_p99_us\":%.2f,\"slice_p99_us\":%.2f", lateness_.quantile(0.99) / 1e3,
                  median_p99_of_slices() / 1e3);
    if (one_in_ > 0)
      std::printf(",\"slow_p50_us\":%.2f,\"slow_p99_us\":%.2f", other_latency_.quantile(0.5) / 1e3,
                  other_latency_.quantile(0.99) / 1e3);
    std::printf("}\n");
    std::fflush(stdout);
  }

  const std::string address_;
  const std::string wire_;
  const std::string method_;
  const std::size_t payload_;
  const std::size_t connection_count_;
  const std::uint32_t depth_;
  const double rate_;
  const std::uint64_t one_in_;
  const std::uint64_t calls_;
  const std::uint64_t warmup_;
  const std::uint64_t length_;
  bench::Buffer buffer_;
  bench::Descriptor epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> touched_;

  bool measuring_ = false;
  std::uint64_t random_ = 1;
  std::uint64_t started_ = 0;
  std::uint64_t measured_from_ = 0;
  std::uint64_t measured_until_ = 0;
  double cpu_ = 0;
  bench::Histogram latency_;
  bench::Histogram other_latency_;
  std::vector<bench::Histogram> slices_ =
      std::vector<bench::Histogram>(static_cast<std::size_t>(rate_ > 0 ? length_ / slice_nanoseconds : 0));
  bench::Histogram lateness_;  // of the pacer, when a call is its turn
  std::uint64_t replies_ = 0;
  std::uint64_t replies_in_time_ = 0;
  std::uint64_t unanswered_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(
      argc, argv,
      "options: --address HOST:PORT --wire NAME (see generator, and grpc) --payload BYTES --connections N --in-flight "
      "N "
      "--rate CALLS_PER_SECOND --other N --method NAME --calls N --warmup SECONDS --seconds SECONDS ");
  try {
    Pacer pacer(options);
    pacer.connect();
    pacer.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pacer: %s\n", error.what());
    return 1;
  }
}
