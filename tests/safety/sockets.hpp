#pragma once

#include "polyrpc/runtime/transport.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

/// Sockets as the system has them, for what polite peers do not do.
namespace polyrpc::test {

/// A TCP socket to this machine. What takes longer than a minute is an error.
class PlainSocket {
 public:
  PlainSocket() : handle_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (handle_ < 0) throw std::runtime_error(std::string("no socket: ") + std::strerror(errno));
    const timeval patience{60, 0};
    ::setsockopt(handle_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(handle_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  explicit PlainSocket(std::uint16_t port) : PlainSocket() { connect(port); }
  PlainSocket(PlainSocket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  PlainSocket& operator=(PlainSocket&&) = delete;
  ~PlainSocket() { close(); }

  void connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(handle_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error(std::string("cannot connect: ") + std::strerror(errno));
  }
  /// False when the other end takes no more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(handle_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// So many bytes; fewer if the end comes before.
  std::string receive(std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t there = 0;
    while (there < count) {
      const ssize_t received = ::recv(handle_, bytes.data() + there, count - there, 0);
      if (received <= 0) break;
      there += static_cast<std::size_t>(received);
    }
    bytes.resize(there);
    return bytes;
  }
  /// Whether there is anything to receive, the end included, without waiting.
  bool has_answer_or_end() const {
    pollfd entry{handle_, POLLIN, 0};
    return ::poll(&entry, 1, 0) > 0;
  }
  /// Whether the other end has closed, without waiting; what has come otherwise is dropped.
  bool has_ended() {
    for (;;) {
      char bytes[4096];
      const ssize_t received = ::recv(handle_, bytes, sizeof bytes, MSG_DONTWAIT);
      if (received > 0) continue;
      return received == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    }
  }
  /// Ends as a machine does that has lost its memory: the other end gets a reset.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(handle_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  void close() {
    if (handle_ >= 0) ::close(std::exchange(handle_, -1));
  }

 private:
  int handle_;
};

inline std::uint16_t port_of(const std::string& address) { return Endpoint::parse(address).value().port; }

/// How many descriptors this process has, of the first few thousand.
inline int open_descriptors() {
  int count = 0;
  for (int descriptor = 0; descriptor < 4096; ++descriptor)
    if (::fcntl(descriptor, F_GETFD) != -1) ++count;
  return count;
}

/// How many descriptors this process may have, after asking for as many as it may ask for.
inline std::size_t raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace polyrpc::test
