#pragma once

#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace bench {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  int get() const { return number_; }

 private:
  int number_ = -1;
};

[[noreturn]] inline void throw_errno(const std::string& doing) {
  throw std::system_error(errno, std::generic_category(), doing);
}

/// Adds, changes or removes what `epoll` is to say of a socket.
inline void watch(const Descriptor& epoll, int operation, int socket, std::uint32_t events, epoll_data_t data) {
  epoll_event event{};
  event.events = events;
  event.data = data;
  if (::epoll_ctl(epoll.get(), operation, socket, &event) != 0) throw_errno("epoll_ctl");
}

inline void no_delay(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on a Unix socket, where it is not needed
}

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// Listens on the loopback interface; port 0 picks one. Returns the port too.
inline std::pair<Descriptor, std::uint16_t> listen_on_loopback(std::uint16_t port) {
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (listener.get() < 0) throw_errno("socket");
  const int on = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = loopback(port);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw_errno("bind");
  if (::listen(listener.get(), 4096) != 0) throw_errno("listen");
  socklen_t size = sizeof address;
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) throw_errno("getsockname");
  return {std::move(listener), ntohs(address.sin_port)};
}

/// Connects to `127.0.0.1:PORT`, or, if there is a slash in it, to the socket at that path. The socket blocks.
inline Descriptor connect_to(const std::string& address) {
  if (address.find('/') != std::string::npos) {
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    if (address.size() >= sizeof path.sun_path) throw std::runtime_error("path too long: " + address);
    std::memcpy(path.sun_path, address.data(), address.size());
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket.get() < 0) throw_errno("socket");
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&path), sizeof path) != 0)
      throw_errno("connect " + address);
    return socket;
  }
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) throw std::runtime_error("not HOST:PORT: " + address);
  sockaddr_in target = loopback(static_cast<std::uint16_t>(std::stoul(address.substr(colon + 1))));
  if (::inet_pton(AF_INET, address.substr(0, colon).c_str(), &target.sin_addr) != 1)
    throw std::runtime_error("not an IPv4 address: " + address);
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) throw_errno("socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0)
    throw_errno("connect " + address);
  no_delay(socket.get());
  return socket;
}

}  // namespace bench
