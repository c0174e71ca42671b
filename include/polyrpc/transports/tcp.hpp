#pragma once

#include "polyrpc/runtime/transport.hpp"

#include <chrono>
#include <cstddef>
#include <memory>

namespace polyrpc {

struct TcpOptions {
  bool no_delay = true;  ///< small messages leave at once (TCP_NODELAY)
  std::chrono::seconds keep_alive{
      15};                 ///< silence before a probe, and between probes, that find a vanished peer; zero: none
  bool dual_stack = true;  ///< a listener on every address (`tcp://:port`, `tcp://[::]:port`) takes IPv4 too
  int backlog = 0;         ///< connections that may wait to be accepted; zero: the system's greatest
  std::size_t receive_buffer = 0;  ///< bytes in the system's buffers of each connection; zero: the system's choice
  std::size_t send_buffer = 0;
};

/// `tcp://host:port`. The host is an address (IPv6 in brackets), a name, or empty.
///
/// Listening: an empty host means every address of this machine, a name the first address it has; port 0 takes a free
/// one, which `Listener::local` tells. Errors: `unavailable` for a taken address, `permission_denied`, `not_found` for
/// a name without an address, `invalid_argument` for an address that is not of this machine.
///
/// Dialling: an empty host or an unspecified address (`0.0.0.0`, `[::]`) means this machine. A name's addresses are
/// tried in turn. `localhost` is 127.0.0.1, then ::1, without asking a name service; other names are looked up by a
/// thread of asio's when dialled on a loop, and on the calling thread, for which the deadline does not hold, when
/// dialled for blocking use. Errors: `unavailable`, with the reason for each address that was tried, `not_found` for a
/// name without an address, `deadline_exceeded`.
std::shared_ptr<const Transport> tcp_transport(TcpOptions options = {});

}  // namespace polyrpc
