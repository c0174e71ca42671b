#pragma once

#include "polyrpc/runtime/transport.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace polyrpc {

struct UnixOptions {
  /// Who may connect, as permission bits of the socket file (0600: this user only); nothing: what the umask leaves.
  std::optional<std::uint32_t> mode;
  int backlog = 0;                 ///< connections that may wait to be accepted; zero: the system's greatest
  std::size_t receive_buffer = 0;  ///< bytes in the system's buffers of each connection; zero: the system's choice
  std::size_t send_buffer = 0;
};

/// `unix:///run/app.sock`, or `unix://app.sock` for a path relative to the working directory. On Linux a path that
/// starts with `@` names a socket that has no file.
///
/// A listener makes the socket file and removes it when it closes. A file that is there already is replaced if it is a
/// socket that nobody listens on, as a crashed server leaves it. Errors: `unavailable` for an address that is in use or
/// a file that is no socket, `permission_denied`, `not_found` for a missing folder, `invalid_argument` for a path that
/// is too long for a socket address (107 bytes on Linux).
std::shared_ptr<const Transport> unix_transport(UnixOptions options = {});

}  // namespace polyrpc
