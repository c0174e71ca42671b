// This program's own system call functions stand in front of the C library's. Their headers are not included, because
// some declare their functions otherwise than others.
//
// The kernel calls that the C library makes for itself are not seen: futexes, memory. None is on a call's road.

#include "counted_calls.hpp"

#include "support/counted_new.hpp"

#include <atomic>
#include <cstddef>
#include <sys/syscall.h>

extern "C" {
long syscall(long number, ...) noexcept;

// For callgrind, which is told of these names by budgets.py.
[[gnu::noinline]] void budgets_exclude() noexcept;
}

namespace polyrpc::budgets {

namespace {

std::atomic<std::uint64_t> system_calls{0};
std::atomic<std::uint64_t> wire_bytes{0};
Counts others;      // what the other side has cost
Counts turn_began;  // all, when the turn under way began
OtherSide* other_side = nullptr;
bool in_turn = false;

Counts all() noexcept {
  return {system_calls.load(std::memory_order_relaxed), wire_bytes.load(std::memory_order_relaxed), test::allocations(),
          static_cast<std::int64_t>(test::live_bytes())};
}

void take_turn() noexcept {
  turn_began = all();
  in_turn = true;
  budgets_exclude();
  others = others + (all() - turn_began);
  in_turn = false;
}

template <class... Args>
long call(long number, Args... args) noexcept {
  system_calls.fetch_add(1, std::memory_order_relaxed);
  return syscall(number, args...);
}

template <class... Args>
long move_bytes(long number, Args... args) noexcept {
  const long moved = call(number, args...);
  if (moved > 0) wire_bytes.fetch_add(static_cast<std::uint64_t>(moved), std::memory_order_relaxed);
  return moved;
}

/// Waits, for the program, once. `wait` takes milliseconds.
template <class Wait>
int wait_in_turns(int timeout, Wait wait) noexcept {
  system_calls.fetch_add(1, std::memory_order_relaxed);
  if (timeout == 0 || in_turn || other_side == nullptr) return wait(timeout);
  for (int round = 0;; ++round) {
    // The second look finds what the other side has sent, unless the system takes its time.
    const int ready = wait(round < 2 ? 0 : 1);
    if (ready != 0 || (timeout > 0 && round > timeout)) return ready;
    take_turn();
  }
}

struct Duration {
  long seconds;
  long nanoseconds;
};

int poll_for(void* entries, unsigned long count, int milliseconds) noexcept {
  Duration duration{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
  return static_cast<int>(
      syscall(SYS_ppoll, entries, count, milliseconds < 0 ? nullptr : &duration, nullptr, std::size_t{0}));
}

}  // namespace

Counts counts() noexcept { return (in_turn ? turn_began : all()) - others; }
void set_other_side(OtherSide* side) noexcept { other_side = side; }

}  // namespace polyrpc::budgets

using polyrpc::budgets::call;
using polyrpc::budgets::move_bytes;
using polyrpc::budgets::wait_in_turns;

extern "C" {

void budgets_exclude() noexcept { polyrpc::budgets::other_side->turn(); }

long recv(int socket, void* into, std::size_t size, int flags) {
  return move_bytes(SYS_recvfrom, socket, into, size, flags, nullptr, nullptr);
}
long send(int socket, const void* from, std::size_t size, int flags) {
  return move_bytes(SYS_sendto, socket, from, size, flags, nullptr, 0);
}
long recvmsg(int socket, void* message, int flags) { return move_bytes(SYS_recvmsg, socket, message, flags); }
long sendmsg(int socket, const void* message, int flags) { return move_bytes(SYS_sendmsg, socket, message, flags); }
long readv(int file, const void* parts, int count) { return move_bytes(SYS_readv, file, parts, count); }
long writev(int file, const void* parts, int count) { return move_bytes(SYS_writev, file, parts, count); }
// Timers, and what wakes a loop.
long read(int file, void* into, std::size_t size) { return call(SYS_read, file, into, size); }
long write(int file, const void* from, std::size_t size) { return call(SYS_write, file, from, size); }

int epoll_ctl(int poller, int what, int file, void* event) noexcept {
  return static_cast<int>(call(SYS_epoll_ctl, poller, what, file, event));
}
int timerfd_settime(int timer, int flags, const void* time, void* before) noexcept {
  return static_cast<int>(call(SYS_timerfd_settime, timer, flags, time, before));
}
int setsockopt(int socket, int level, int name, const void* value, unsigned size) noexcept {
  return static_cast<int>(call(SYS_setsockopt, socket, level, name, value, size));
}
int shutdown(int socket, int how) noexcept { return static_cast<int>(call(SYS_shutdown, socket, how)); }
int close(int file) { return static_cast<int>(call(SYS_close, file)); }

int epoll_wait(int poller, void* events, int count, int timeout) {
  return wait_in_turns(timeout, [=](int milliseconds) {
    return static_cast<int>(syscall(SYS_epoll_pwait, poller, events, count, milliseconds, nullptr, std::size_t{0}));
  });
}
int poll(void* entries, unsigned long count, int timeout) {
  return wait_in_turns(timeout,
                       [=](int milliseconds) { return polyrpc::budgets::poll_for(entries, count, milliseconds); });
}

}  // extern "C"
