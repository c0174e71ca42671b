#pragma once

#include "socket.hpp"

#include <atomic>

namespace polyrpc::sockets {

/// Ends a wait from another thread. Costs nothing until somebody waits.
class Interrupt {
 public:
  Interrupt() = default;
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  /// Ends the wait under way, or else the next one. From any thread.
  void request() noexcept;

 private:
  friend Status wait_for(Handle, std::optional<Direction>, std::optional<Clock::time_point>, Interrupt&,
                         std::string_view);

  Handle open() noexcept;
  bool take() noexcept;

  std::atomic<bool> requested_{false};
  std::atomic<Handle> receiver_{no_handle};  // readable when requested
  std::atomic<Handle> sender_{no_handle};
};

/// Blocks this thread until `handle` may make progress in that direction, or in either if there is none. Without a
/// handle (`no_handle`) only deadline and interrupt end it.
/// `deadline_exceeded`, or `cancelled` when interrupted; `who` begins the message: `tcp`.
Status wait_for(Handle handle, std::optional<Direction> direction, std::optional<Clock::time_point> deadline,
                Interrupt& interrupt, std::string_view who);

}  // namespace polyrpc::sockets
