#include "wait.hpp"

#ifdef _WIN32
using PollEntry = WSAPOLLFD;
#else
#include <poll.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/eventfd.h>
#else
#include <fcntl.h>
#endif
using PollEntry = pollfd;
#endif

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>

// The only place that blocks a thread, and what wakes it there: an eventfd on Linux, a pipe on other POSIX systems, and
// on Windows, which polls nothing but sockets, a datagram socket connected to itself.
namespace polyrpc::sockets {

namespace {

#ifdef _WIN32
int poll_handles(PollEntry* entries, unsigned count, int milliseconds) noexcept {
  return ::WSAPoll(entries, count, milliseconds);
}
bool was_interrupted() noexcept { return false; }
std::error_code poll_error() noexcept { return {::WSAGetLastError(), std::system_category()}; }

bool open_signal(Handle& receiver, Handle& sender) noexcept {
  const Handle handle = ::WSASocketW(AF_INET, SOCK_DGRAM, 0, nullptr, 0, WSA_FLAG_NO_HANDLE_INHERIT);
  if (handle == no_handle) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  u_long on = 1;
  if (::bind(handle, generic, size) != 0 || ::getsockname(handle, generic, &size) != 0 ||
      ::connect(handle, generic, size) != 0 || ::ioctlsocket(handle, FIONBIO, &on) != 0) {
    ::closesocket(handle);
    return false;
  }
  receiver = sender = handle;
  return true;
}
void close_signal(Handle receiver, Handle) noexcept { ::closesocket(receiver); }
void raise_signal(Handle sender) noexcept { static_cast<void>(::send(sender, "x", 1, 0)); }
void drain_signal(Handle receiver) noexcept {
  char bytes[64];
  while (::recv(receiver, bytes, sizeof bytes, 0) > 0) continue;
}
#else
int poll_handles(PollEntry* entries, unsigned count, int milliseconds) noexcept {
  return ::poll(entries, count, milliseconds);
}
bool was_interrupted() noexcept { return errno == EINTR; }
std::error_code poll_error() noexcept { return {errno, std::system_category()}; }

bool open_signal(Handle& receiver, Handle& sender) noexcept {
#ifdef __linux__
  receiver = sender = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return receiver != no_handle;
#else
  int ends[2];
  if (::pipe(ends) != 0) return false;
  for (const int end : ends) {
    ::fcntl(end, F_SETFL, O_NONBLOCK);
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
  }
  receiver = ends[0];
  sender = ends[1];
  return true;
#endif
}
void close_signal(Handle receiver, Handle sender) noexcept {
  ::close(receiver);
  if (sender != receiver) ::close(sender);
}
void raise_signal(Handle sender) noexcept {
  const std::uint64_t one = 1;
  while (::write(sender, &one, sizeof one) < 0 && errno == EINTR) continue;
}
void drain_signal(Handle receiver) noexcept {
  std::uint64_t bytes;
  while (::read(receiver, &bytes, sizeof bytes) > 0) continue;
}
#endif

constexpr int look_time = 10;  // milliseconds

/// For poll: rounded up, so that the deadline has passed when it returns; -1 for no deadline.
int milliseconds_left(std::optional<Clock::time_point> deadline) noexcept {
  if (!deadline) return -1;
  const auto left = *deadline - Clock::now();
  if (left <= Clock::duration::zero()) return 0;
  // Long waits are cut in pieces; the caller's loop puts them together.
  constexpr std::chrono::hours longest(24);
  if (left > longest) return static_cast<int>(std::chrono::milliseconds(longest).count());
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
}

bool has_passed(std::optional<Clock::time_point> deadline) noexcept { return deadline && *deadline <= Clock::now(); }

}  // namespace

Interrupt::~Interrupt() {
  const Handle receiver = receiver_.load(std::memory_order_relaxed);
  if (receiver != no_handle) close_signal(receiver, sender_.load(std::memory_order_relaxed));
}

// Sequentially consistent on both sides: either this sees the sender, or the one who opens it sees the request.
void Interrupt::request() noexcept {
  requested_.store(true);
  const Handle sender = sender_.load();
  if (sender != no_handle) raise_signal(sender);
}

// By the waiting thread alone.
Handle Interrupt::open() noexcept {
  Handle receiver = receiver_.load(std::memory_order_relaxed);
  if (receiver != no_handle) return receiver;
  Handle sender = no_handle;
  if (!open_signal(receiver, sender)) return no_handle;
  receiver_.store(receiver, std::memory_order_relaxed);
  sender_.store(sender);
  return receiver;
}

bool Interrupt::take() noexcept { return requested_.exchange(false); }

Status wait_for(Handle handle, std::optional<Direction> direction, std::optional<Clock::time_point> deadline,
                Interrupt& interrupt, std::string_view who) {
  const std::string name(who);
  const int events = (direction != Direction::write ? POLLIN : 0) | (direction != Direction::read ? POLLOUT : 0);
  const Handle signal = interrupt.open();
  for (;;) {
    if (interrupt.take()) return Status::cancelled(name + ": wait interrupted");
    PollEntry entries[2] = {};
    entries[0].fd = signal;
    entries[0].events = POLLIN;
    entries[1].fd = handle;
    entries[1].events = static_cast<short>(events);
    PollEntry* const first = signal == no_handle ? entries + 1 : entries;
    PollEntry* const last = handle == no_handle ? entries + 1 : entries + 2;
    int milliseconds = milliseconds_left(deadline);
    // Without a descriptor for the signal one has to look for it now and then.
    if (signal == no_handle) milliseconds = milliseconds < 0 ? look_time : (std::min)(milliseconds, look_time);
    const int count = poll_handles(first, static_cast<unsigned>(last - first), milliseconds);
    if (count < 0 && !was_interrupted()) return Status::internal(name + ": cannot wait: " + reason(poll_error()));
    if (count > 0 && entries[0].revents != 0) {
      drain_signal(signal);
      continue;
    }
    if (count > 0) return {};
    if (count == 0 && has_passed(deadline)) return Status::deadline_exceeded(name + ": deadline exceeded");
  }
}

}  // namespace polyrpc::sockets
