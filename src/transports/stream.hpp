#pragma once

#include "polyrpc/runtime/transport.hpp"

#include "socket.hpp"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

/// What TCP and Unix sockets have in common: everything but addresses and options.
namespace polyrpc::sockets {

/// What one kind of socket is to the code here.
struct SocketKind {
  std::string_view scheme;  ///< outlives everything
  std::size_t receive_buffer = 0;
  std::size_t send_buffer = 0;
  bool no_delay = false;
  int keep_alive = 0;  ///< seconds; zero: none

  /// Before a listener binds or a connect begins: buffer sizes take part in the handshake.
  void prepare(Handle handle) const noexcept { set_buffers(handle, receive_buffer, send_buffer); }
  /// For each connection.
  void configure(Handle handle) const noexcept {
    if (no_delay) set_no_delay(handle);
    if (keep_alive > 0) set_keep_alive(handle, keep_alive);
  }
};

/// One address to connect to, and its name in messages.
struct Target {
  Address address;
  std::string name;
};

/// What is dialled: for messages, and the addresses to try in turn.
struct Targets {
  std::string name;
  std::vector<Target> list;
};

/// Finds the targets, on the loop; `found` is called once, at once or later. Returns what ends it silently, or nothing.
using FindTargets = std::function<std::function<void()>(std::function<void(Result<Targets>)> found)>;

/// Connects to the first target that answers and calls `done` once, later; the function returned ends it silently.
std::function<void()> dial_on_loop(SocketKind kind, Loop& loop, FindTargets find, DialHandler done);
/// The same on this thread.
Result<std::unique_ptr<Connection>> dial_here(const SocketKind& kind, const Targets& targets,
                                              std::optional<Clock::time_point> deadline, const std::stop_token& stop);

/// Accepts on `socket`, which listens. `closed` is called once, when the address is to be freed.
/// The peers of a Unix socket have no addresses: `local` names them too.
std::unique_ptr<Listener> make_listener(SocketKind kind, Socket socket, Loop& loop, Endpoint local,
                                        std::function<void()> closed = {});

}  // namespace polyrpc::sockets
