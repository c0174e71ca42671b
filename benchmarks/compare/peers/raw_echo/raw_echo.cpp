// The limit that an RPC server on TCP can reach: an echo of framed messages on bare epoll, one thread, no RPC at all.
//
// A frame is eight bytes, its length and a tag, both 32 bits little-endian, the length counting what follows the eight,
// and then the payload. A frame is echoed when the whole of it is there, as any RPC server must do.
//
//   --batch 1   reads as much as there is and answers all whole frames in it with one write
//   --batch 0   reads one frame and writes one frame, as most frameworks do

#include "support/buffer.hpp"
#include "support/options.hpp"
#include "support/socket.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <sys/epoll.h>
#include <unordered_map>

namespace {

constexpr std::size_t header_bytes = 8;
constexpr std::size_t scratch_bytes = std::size_t{256} << 10;
constexpr std::size_t largest_payload = std::size_t{64} << 20;

/// The size of the frame that begins here, or 0 if too little of it is there to tell.
std::size_t frame_size(std::span<const char> bytes) {
  if (bytes.size() < header_bytes) return 0;
  std::array<unsigned char, 4> length;
  std::memcpy(length.data(), bytes.data(), length.size());
  const std::size_t payload =
      length[0] | std::size_t{length[1]} << 8 | std::size_t{length[2]} << 16 | std::size_t{length[3]} << 24;
  if (payload > largest_payload) throw std::runtime_error("frame too large");
  return header_bytes + payload;
}

/// Bytes that wait: the beginning of a frame, or what a peer did not take yet.
class Waiting {
 public:
  bool empty() const { return begin_ == end_; }
  std::span<const char> bytes() const { return {data_.get() + begin_, end_ - begin_}; }
  char* end() { return data_.get() + end_; }
  void grew_by(std::size_t bytes) { end_ += bytes; }
  void drop(std::size_t bytes) {
    begin_ += bytes;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  void reserve(std::size_t room) {
    if (capacity_ - end_ >= room) return;
    const std::span<const char> old = bytes();
    const std::size_t capacity = std::max(2 * old.size(), old.size() + room);
    bench::Buffer data(capacity);
    std::memcpy(data.get(), old.data(), old.size());
    data_ = std::move(data);
    capacity_ = capacity;
    begin_ = 0;
    end_ = old.size();
  }

  void append(std::span<const char> more) {
    if (more.empty()) return;
    reserve(more.size());
    std::memcpy(end(), more.data(), more.size());
    grew_by(more.size());
  }

 private:
  bench::Buffer data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

class Server {
 public:
  Server(std::uint16_t port, bool batch) : batch_(batch), scratch_(scratch_bytes) {
    auto [listener, bound] = bench::listen_on_loopback(port);
    listener_ = std::move(listener);
    epoll_ = bench::Descriptor(::epoll_create1(EPOLL_CLOEXEC));
    if (epoll_.get() < 0) bench::throw_errno("epoll_create1");
    watch(EPOLL_CTL_ADD, listener_.get(), EPOLLIN);
    std::printf("listening tcp 127.0.0.1:%u\n", static_cast<unsigned>(bound));
    std::fflush(stdout);
  }

  void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
      if (count < 0 && errno != EINTR) bench::throw_errno("epoll_wait");
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        const int socket = event.data.fd;
        if (socket == listener_.get()) {
          accept_all();
          continue;
        }
        Connection& connection = *connections_.at(socket);
        bool alive = false;
        try {
          alive = connection.unsent.empty() ? read(connection) : write_rest(connection);
        } catch (const std::exception& error) {
          std::fprintf(stderr, "raw_echo: %s\n", error.what());
        }
        if (!alive) connections_.erase(socket);
      }
    }
  }

 private:
  struct Connection {
    explicit Connection(bench::Descriptor d) : socket(std::move(d)) {}

    bench::Descriptor socket;
    Waiting partial;        // the beginning of a frame
    Waiting unsent;         // nothing is read while there is something in it
    std::size_t usual = 0;  // size of the last frame, to read just one when not batching
  };

  void watch(int operation, int socket, std::uint32_t events) {
    bench::watch(epoll_, operation, socket, events, {.fd = socket});
  }

  void accept_all() {
    for (;;) {
      bench::Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket.get() < 0) return;
      bench::no_delay(socket.get());
      const int number = socket.get();
      watch(EPOLL_CTL_ADD, number, EPOLLIN);
      connections_[number] = std::make_unique<Connection>(std::move(socket));
    }
  }

  /// False: the connection is over. So also below.
  bool read(Connection& connection) {
    Waiting& partial = connection.partial;
    if (partial.empty()) {
      const std::size_t room = batch_ ? scratch_bytes : std::clamp(connection.usual, header_bytes, scratch_bytes);
      const ssize_t got = ::recv(connection.socket.get(), scratch_.get(), room, 0);
      if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
      const std::span<const char> bytes(scratch_.get(), static_cast<std::size_t>(got));
      const std::size_t whole = whole_frames(connection, bytes);
      partial.append(bytes.subspan(whole));
      std::size_t sent = 0;
      if (!send(connection, bytes.first(whole), sent)) return false;
      if (sent < whole) keep(connection).append(bytes.subspan(sent, whole - sent));
      return true;
    }
    // A frame that did not come at once: the rest of it goes straight behind its beginning.
    const std::size_t frame = frame_size(partial.bytes());
    const std::size_t missing = (frame == 0 ? header_bytes : frame) - partial.bytes().size();
    const std::size_t room = batch_ ? std::max(missing, scratch_bytes) : missing;
    partial.reserve(room);
    const ssize_t got = ::recv(connection.socket.get(), partial.end(), room, 0);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
    partial.grew_by(static_cast<std::size_t>(got));
    const std::size_t whole = whole_frames(connection, partial.bytes());
    std::size_t sent = 0;
    if (!send(connection, partial.bytes().first(whole), sent)) return false;
    if (sent < whole) keep(connection).append(partial.bytes().subspan(sent, whole - sent));
    partial.drop(whole);
    return true;
  }

  static std::size_t whole_frames(Connection& connection, std::span<const char> bytes) {
    std::size_t whole = 0;
    while (const std::size_t frame = frame_size(bytes.subspan(whole))) {
      if (frame > bytes.size() - whole) break;
      whole += frame;
      connection.usual = frame;
    }
    return whole;
  }

  static bool send(Connection& connection, std::span<const char> bytes, std::size_t& sent) {
    if (bytes.empty()) return true;
    const ssize_t taken = ::send(connection.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (taken < 0) return errno == EAGAIN || errno == EINTR;
    sent = static_cast<std::size_t>(taken);
    return true;
  }

  Waiting& keep(Connection& connection) {
    watch(EPOLL_CTL_MOD, connection.socket.get(), EPOLLOUT);
    return connection.unsent;
  }

  bool write_rest(Connection& connection) {
    std::size_t sent = 0;
    if (!send(connection, connection.unsent.bytes(), sent)) return false;
    connection.unsent.drop(sent);
    if (connection.unsent.empty()) watch(EPOLL_CTL_MOD, connection.socket.get(), EPOLLIN);
    return true;
  }

  bool batch_;
  bench::Buffer scratch_;
  bench::Descriptor listener_;
  bench::Descriptor epoll_;
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(argc, argv, "options: --port N (0: any) --batch 0|1 ");
  try {
    Server server(options.number<std::uint16_t>("port", 0), options.number("batch", 1) != 0);
    server.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "raw_echo: %s\n", error.what());
    return 1;
  }
}
