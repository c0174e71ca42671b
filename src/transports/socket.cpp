#include "socket.hpp"

#ifdef _WIN32
#include <mstcpip.h>
#else
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>

namespace polyrpc::sockets {

// What differs between the systems.
namespace {

#ifdef _WIN32

int last_error() noexcept { return ::WSAGetLastError(); }
int close_handle(Handle handle) noexcept { return ::closesocket(handle); }
bool is_blocked(int error) noexcept { return error == WSAEWOULDBLOCK; }
bool is_interrupted(int) noexcept { return false; }
bool is_in_progress(int error) noexcept { return error == WSAEWOULDBLOCK; }
bool is_no_more_wanted(int error) noexcept { return error == WSAECONNRESET || error == WSAECONNABORTED; }
constexpr int send_flags = 0;
constexpr int shut_write = SD_SEND;
constexpr std::size_t most_at_once = INT_MAX;

// Winsock has to be started once, and ends with the process.
void start_sockets() noexcept {
  static const bool started = [] {
    WSADATA data;
    return ::WSAStartup(MAKEWORD(2, 2), &data) == 0;
  }();
  static_cast<void>(started);
}

bool set_non_blocking(Handle handle) noexcept {
  u_long on = 1;
  return ::ioctlsocket(handle, FIONBIO, &on) == 0;
}

Handle open_handle(int family) noexcept {
  start_sockets();
  return ::WSASocketW(family, SOCK_STREAM, 0, nullptr, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
}

#else

int last_error() noexcept { return errno; }
int close_handle(Handle handle) noexcept { return ::close(handle); }
bool is_blocked(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }
bool is_interrupted(int error) noexcept { return error == EINTR; }
bool is_in_progress(int error) noexcept { return error == EINPROGRESS; }
bool is_no_more_wanted(int error) noexcept { return error == EPIPE || error == ECONNRESET; }
constexpr int shut_write = SHUT_WR;
constexpr std::size_t most_at_once = static_cast<std::size_t>(1) << 30;
#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;
#else
constexpr int send_flags = 0;
#endif

#ifndef SOCK_CLOEXEC
bool set_non_blocking(Handle handle) noexcept {
  int on = 1;
  return ::ioctl(handle, FIONBIO, &on) == 0 && ::ioctl(handle, FIOCLEX) == 0;
}
#endif

Handle open_handle(int family) noexcept {
#ifdef SOCK_CLOEXEC
  return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
#else
  return ::socket(family, SOCK_STREAM, 0);
#endif
}

#endif

template <class T>
void set_option(Handle handle, int level, int name, T value) noexcept {
  static_cast<void>(::setsockopt(handle, level, name, reinterpret_cast<const char*>(&value), sizeof value));
}

/// What a new handle needs where one call does not do it all.
bool prepare([[maybe_unused]] Handle handle) noexcept {
#ifdef SO_NOSIGPIPE
  set_option(handle, SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
#ifdef SOCK_CLOEXEC
  return true;
#else
  return set_non_blocking(handle);
#endif
}

std::error_code last_error_code() noexcept { return {last_error(), std::system_category()}; }

bool is(const std::error_code& error, std::initializer_list<std::errc> any) noexcept {
  return std::any_of(any.begin(), any.end(), [&](std::errc one) { return error == one; });
}

}  // namespace

Address Address::ip(const sockaddr* address, std::size_t size) noexcept {
  Address result;
  result.size_ = static_cast<socklen_t>((std::min)(size, sizeof result.storage_));
  std::memcpy(&result.storage_, address, result.size_);
  return result;
}

Address Address::loopback(int family, std::uint16_t port) noexcept {
  Address result = any(family, port);
  if (family == AF_INET6)
    result.storage_.v6.sin6_addr = in6addr_loopback;
  else
    result.storage_.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return result;
}

Address Address::any(int family, std::uint16_t port) noexcept {
  Address result;
  if (family == AF_INET6) {
    result.storage_.v6.sin6_family = AF_INET6;
    result.storage_.v6.sin6_port = htons(port);
    result.size_ = sizeof(sockaddr_in6);
  } else {
    result.storage_.v4.sin_family = AF_INET;
    result.storage_.v4.sin_port = htons(port);
    result.size_ = sizeof(sockaddr_in);
  }
  return result;
}

Address Address::unix_path(std::string_view path) noexcept {
  Address result;
  result.storage_.path.sun_family = AF_UNIX;
  const std::size_t size = (std::min)(path.size(), max_path - 1);
  std::memcpy(result.storage_.path.sun_path, path.data(), size);
  result.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size + 1);
#ifdef __linux__
  // unix(7): a name that starts with a zero byte is no file, and all of the length belongs to it.
  if (path.starts_with('@')) {
    result.storage_.path.sun_path[0] = '\0';
    --result.size_;
  }
#endif
  return result;
}

std::uint16_t Address::port() const noexcept {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
  return 0;
}

std::string Address::host() const {
  if (family() != AF_INET && family() != AF_INET6) return {};
  char text[NI_MAXHOST];
  if (::getnameinfo(data(), size(), text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) return {};
  return text;
}

std::string Address::to_string() const {
  if (family() == AF_INET6) return '[' + host() + "]:" + std::to_string(port());
  if (family() == AF_INET) return host() + ':' + std::to_string(port());
  return {};
}

bool Address::is_unspecified() const noexcept {
  if (family() == AF_INET6) return std::memcmp(&storage_.v6.sin6_addr, &in6addr_any, sizeof in6addr_any) == 0;
  return family() == AF_INET && storage_.v4.sin_addr.s_addr == htonl(INADDR_ANY);
}

bool operator==(const Address& a, const Address& b) noexcept {
  if (a.family() != b.family() || a.port() != b.port()) return false;
  if (a.family() == AF_INET) return a.storage_.v4.sin_addr.s_addr == b.storage_.v4.sin_addr.s_addr;
  if (a.family() == AF_INET6)
    return std::memcmp(&a.storage_.v6.sin6_addr, &b.storage_.v6.sin6_addr, sizeof(in6_addr)) == 0 &&
           a.storage_.v6.sin6_scope_id == b.storage_.v6.sin6_scope_id;
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size())) == 0;
}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

Socket Socket::open(int family, std::error_code& error) {
  Socket socket(open_handle(family));
  if (!socket || !prepare(socket.get())) {
    error = last_error_code();
    return {};
  }
  error.clear();
  return socket;
}

Socket Socket::accept(Handle listener, Address& peer, std::error_code& error) {
  for (;;) {
    peer.size_ = sizeof peer.storage_;
#ifdef SOCK_CLOEXEC
    Socket socket(::accept4(listener, &peer.storage_.base, &peer.size_, SOCK_NONBLOCK | SOCK_CLOEXEC));
#else
    Socket socket(::accept(listener, &peer.storage_.base, &peer.size_));
#endif
    if (socket && prepare(socket.get())) {
      error.clear();
      return socket;
    }
    if (is_interrupted(last_error())) continue;
    error = is_blocked(last_error()) ? std::make_error_code(std::errc::operation_would_block) : last_error_code();
    return {};
  }
}

void Socket::close() noexcept {
  if (handle_ != no_handle) close_handle(std::exchange(handle_, no_handle));
}

void Socket::bind(const Address& address, std::error_code& error) {
  error.clear();
  if (::bind(handle_, address.data(), address.size()) != 0) error = last_error_code();
}

void Socket::listen(int backlog, std::error_code& error) {
  error.clear();
  if (::listen(handle_, backlog > 0 ? backlog : SOMAXCONN) != 0) error = last_error_code();
}

bool Socket::connect(const Address& address, std::error_code& error) {
  error.clear();
  if (::connect(handle_, address.data(), address.size()) == 0) return true;
  // connect(2): an interrupted connect goes on by itself.
  if (!is_in_progress(last_error()) && !is_interrupted(last_error())) error = last_error_code();
  return false;
}

std::error_code Socket::connect_outcome() const {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(handle_, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&error), &size) != 0)
    return last_error_code();
  return {error, std::system_category()};
}

IoResult receive(Handle handle, std::span<std::byte> into, int& error) noexcept {
  if (into.empty()) return {IoState::would_block};  // the system's answer would mean the end
  const std::size_t size = (std::min)(into.size(), most_at_once);
  for (;;) {
    const auto count = ::recv(handle, reinterpret_cast<char*>(into.data()), size, 0);
    if (count > 0) return {IoState::done, static_cast<std::size_t>(count)};
    if (count == 0) return {IoState::closed};
    const int number = last_error();
    if (is_blocked(number)) return {IoState::would_block};
    if (is_interrupted(number)) continue;
    error = number;
    return {IoState::failed};
  }
}

IoResult send(Handle handle, std::span<const std::byte> from, int& error) noexcept {
  if (from.empty()) return {IoState::would_block};
  const std::size_t size = (std::min)(from.size(), most_at_once);
  for (;;) {
    const auto count = ::send(handle, reinterpret_cast<const char*>(from.data()), size, send_flags);
    if (count >= 0) return {IoState::done, static_cast<std::size_t>(count)};
    const int number = last_error();
    if (is_blocked(number)) return {IoState::would_block};
    if (is_interrupted(number)) continue;
    error = number;
    return {is_no_more_wanted(number) ? IoState::closed : IoState::failed};
  }
}

void shutdown_write(Handle handle) noexcept { static_cast<void>(::shutdown(handle, shut_write)); }

Address local_address(Handle handle) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(handle, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return Address::ip(reinterpret_cast<const sockaddr*>(&storage), static_cast<std::size_t>(size));
}

Address remote_address(Handle handle) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(handle, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return Address::ip(reinterpret_cast<const sockaddr*>(&storage), static_cast<std::size_t>(size));
}

void set_no_delay(Handle handle) noexcept { set_option(handle, IPPROTO_TCP, TCP_NODELAY, 1); }

void set_keep_alive(Handle handle, int seconds) noexcept {
  set_option(handle, SOL_SOCKET, SO_KEEPALIVE, 1);
#if defined(TCP_KEEPIDLE)
  set_option(handle, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
#elif defined(TCP_KEEPALIVE)
  set_option(handle, IPPROTO_TCP, TCP_KEEPALIVE, seconds);
#endif
#ifdef TCP_KEEPINTVL
  set_option(handle, IPPROTO_TCP, TCP_KEEPINTVL, seconds);
#endif
}

void set_reuse_address([[maybe_unused]] Handle handle) noexcept {
#ifdef _WIN32
  // There the option would let two servers have one port.
  set_option(handle, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1);
#else
  set_option(handle, SOL_SOCKET, SO_REUSEADDR, 1);
#endif
}

void set_v6_only(Handle handle, bool only) noexcept { set_option(handle, IPPROTO_IPV6, IPV6_V6ONLY, only ? 1 : 0); }

void set_buffers(Handle handle, std::size_t receive, std::size_t send) noexcept {
  const auto as_int = [](std::size_t size) { return static_cast<int>((std::min)(size, std::size_t{INT_MAX})); };
  if (receive != 0) set_option(handle, SOL_SOCKET, SO_RCVBUF, as_int(receive));
  if (send != 0) set_option(handle, SOL_SOCKET, SO_SNDBUF, as_int(send));
}

namespace {

class LookUpCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "getaddrinfo"; }
  std::string message(int number) const override {
    const char* text = ::gai_strerror(number);
    return text != nullptr ? text : "unknown error";
  }
};

std::vector<Address> get_addresses(const std::string& host, std::uint16_t port, int flags, std::error_code& error) {
#ifdef _WIN32
  start_sockets();
#endif
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  error.clear();
  const int number = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (number != 0) {
    error = {number, look_up_category()};
    return {};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, [](addrinfo* list) { ::freeaddrinfo(list); });
  std::vector<Address> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next)
    addresses.push_back(Address::ip(entry->ai_addr, entry->ai_addrlen));
  return addresses;
}

// RFC 6761, section 6.3: such a name is never asked for.
bool is_localhost(std::string_view host) noexcept {
  constexpr std::string_view name = "localhost";
  return host.size() == name.size() && std::equal(host.begin(), host.end(), name.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

}  // namespace

std::vector<Address> known_addresses(const std::string& host, std::uint16_t port, bool wildcard) {
  if (host.empty() && wildcard) return {Address::any(AF_INET6, port), Address::any(AF_INET, port)};
  if (host.empty() || is_localhost(host)) return {Address::loopback(AF_INET, port), Address::loopback(AF_INET6, port)};
  std::error_code error;
  return get_addresses(host, port, AI_NUMERICHOST, error);
}

std::vector<Address> look_up(const std::string& host, std::uint16_t port, std::error_code& error) {
  return get_addresses(host, port, 0, error);
}

const std::error_category& look_up_category() noexcept {
  static const LookUpCategory category;
  return category;
}

std::string reason(const std::error_code& error) {
  std::string text = error.message();
  // "No such file" becomes "no such file", but "TLS ..." stays.
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && !(text[1] >= 'A' && text[1] <= 'Z'))
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  while (!text.empty() && (text.back() == '.' || text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

bool is_exhausted(const std::error_code& error) noexcept {
  return is(error, {std::errc::too_many_files_open, std::errc::too_many_files_open_in_system,
                    std::errc::no_buffer_space, std::errc::not_enough_memory});
}

bool is_temporary(const std::error_code& error) noexcept {
  return error.category() == look_up_category() && error.value() == EAI_AGAIN;
}

bool is_address_in_use(const std::error_code& error) noexcept { return error == std::errc::address_in_use; }

bool is_not_supported(const std::error_code& error) noexcept {
  return is(error, {std::errc::address_family_not_supported, std::errc::protocol_not_supported,
                    std::errc::address_not_available});
}

// accept(2): on Linux it also reports network errors that the new connection has met already.
bool is_passing(const std::error_code& error) noexcept {
  return is(error, {std::errc::connection_aborted, std::errc::connection_reset, std::errc::protocol_error,
                    std::errc::network_down, std::errc::network_unreachable, std::errc::host_unreachable,
                    std::errc::no_protocol_option, std::errc::operation_not_supported, std::errc::timed_out,
                    std::errc::operation_not_permitted});
}

StatusCode listen_code(const std::error_code& error) noexcept {
  if (is_exhausted(error)) return StatusCode::resource_exhausted;
  if (is(error, {std::errc::permission_denied, std::errc::operation_not_permitted, std::errc::read_only_file_system}))
    return StatusCode::permission_denied;
  if (is(error, {std::errc::no_such_file_or_directory, std::errc::not_a_directory})) return StatusCode::not_found;
  if (is(error, {std::errc::address_not_available, std::errc::invalid_argument, std::errc::filename_too_long}))
    return StatusCode::invalid_argument;
  return StatusCode::unavailable;
}

StatusCode dial_code(const std::error_code& error) noexcept {
  if (is_exhausted(error)) return StatusCode::resource_exhausted;
  if (is(error, {std::errc::permission_denied, std::errc::operation_not_permitted}))
    return StatusCode::permission_denied;
  return StatusCode::unavailable;
}

}  // namespace polyrpc::sockets
