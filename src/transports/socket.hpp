#pragma once

#include "polyrpc/core/status.hpp"
#include "polyrpc/runtime/transport.hpp"

#ifdef _WIN32
#include <winsock2.h>
// behind winsock2.h
#include <afunix.h>
#include <ws2tcpip.h>
#else
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#endif

#include <cstddef>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

/// The system's stream sockets, always non-blocking. What differs between POSIX and Windows is in socket.cpp and
/// wait.cpp, and nowhere else.
namespace polyrpc::sockets {

#ifdef _WIN32
using Handle = SOCKET;
inline constexpr Handle no_handle = INVALID_SOCKET;
#else
using Handle = int;
inline constexpr Handle no_handle = -1;
#endif

/// An address of a TCP or Unix socket, as the system writes it.
class Address {
 public:
  Address() noexcept : storage_{} {}
  static Address ip(const sockaddr* address, std::size_t size) noexcept;
  /// 127.0.0.1 or ::1, or every address of this machine.
  static Address loopback(int family, std::uint16_t port) noexcept;
  static Address any(int family, std::uint16_t port) noexcept;
  /// A path must have fewer bytes than `max_path`.
  static constexpr std::size_t max_path = sizeof(sockaddr_un::sun_path);
  static Address unix_path(std::string_view path) noexcept;

  int family() const noexcept { return storage_.base.sa_family; }
  const sockaddr* data() const noexcept { return &storage_.base; }
  socklen_t size() const noexcept { return size_; }
  std::uint16_t port() const noexcept;
  /// `127.0.0.1`, `fe80::1%eth0`; empty for a Unix socket.
  std::string host() const;
  /// `127.0.0.1:80`, `[::1]:80`; empty for a Unix socket.
  std::string to_string() const;
  bool is_unspecified() const noexcept;

  friend bool operator==(const Address& a, const Address& b) noexcept;

 private:
  friend class Socket;

  union {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un path;
  } storage_;
  socklen_t size_ = 0;
};

/// Owns a socket.
class Socket {
 public:
  Socket() noexcept = default;
  explicit Socket(Handle handle) noexcept : handle_(handle) {}
  Socket(Socket&& other) noexcept : handle_(std::exchange(other.handle_, no_handle)) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { close(); }

  static Socket open(int family, std::error_code& error);
  /// Fails with `operation_would_block` when nobody has connected.
  static Socket accept(Handle listener, Address& peer, std::error_code& error);

  Handle get() const noexcept { return handle_; }
  Handle release() noexcept { return std::exchange(handle_, no_handle); }
  explicit operator bool() const noexcept { return handle_ != no_handle; }
  void close() noexcept;

  void bind(const Address& address, std::error_code& error);
  /// `backlog` as in the options: zero for the greatest.
  void listen(int backlog, std::error_code& error);
  /// True when connected; otherwise `error` is set, or the outcome is known when the socket can be written to.
  /// A Unix socket connects at once or fails, with `resource_unavailable_try_again` when the listener's queue is full.
  bool connect(const Address& address, std::error_code& error);
  /// How a connect that was under way has ended.
  std::error_code connect_outcome() const;

 private:
  Handle handle_ = no_handle;
};

IoResult receive(Handle handle, std::span<std::byte> into, int& error) noexcept;
IoResult send(Handle handle, std::span<const std::byte> from, int& error) noexcept;
void shutdown_write(Handle handle) noexcept;
Address local_address(Handle handle) noexcept;
Address remote_address(Handle handle) noexcept;

// Options are wishes: a system that does not know one goes without.
void set_no_delay(Handle handle) noexcept;
void set_keep_alive(Handle handle, int seconds) noexcept;
void set_reuse_address(Handle handle) noexcept;
void set_v6_only(Handle handle, bool only) noexcept;
void set_buffers(Handle handle, std::size_t receive, std::size_t send) noexcept;

/// The addresses of a numeric host, of `localhost` or of none (`wildcard`: what that one means), without asking
/// anybody; empty if `host` is another name.
std::vector<Address> known_addresses(const std::string& host, std::uint16_t port, bool wildcard);
/// Asks the system's name service, on this thread.
std::vector<Address> look_up(const std::string& host, std::uint16_t port, std::error_code& error);
/// The errors of `look_up`.
const std::error_category& look_up_category() noexcept;

/// The reason as it stands in a message: `connection refused`.
std::string reason(const std::error_code& error);
/// The reason for a number that `receive` and `send` gave.
inline std::error_code system_error(int error) { return {error, std::system_category()}; }

/// Whether accepting failed for lack of descriptors or memory, and may work later.
bool is_exhausted(const std::error_code& error) noexcept;
/// Whether a name may have an address later: the name service did not answer.
bool is_temporary(const std::error_code& error) noexcept;
bool is_address_in_use(const std::error_code& error) noexcept;
bool is_not_supported(const std::error_code& error) noexcept;
/// Whether accepting the next may work at once: the peer had gone, a signal came.
bool is_passing(const std::error_code& error) noexcept;

StatusCode listen_code(const std::error_code& error) noexcept;
StatusCode dial_code(const std::error_code& error) noexcept;

}  // namespace polyrpc::sockets
