#pragma once

#include "polyrpc/runtime/asio_fwd.hpp"
#include "polyrpc/runtime/protocol.hpp"
#include "polyrpc/runtime/registry.hpp"
#include "polyrpc/runtime/server_core.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace polyrpc {

/// Serves a registry on any number of addresses; what a connection speaks is told by its first bytes.
class Server {
 public:
  /// A server with `io_context`s of its own, served by `run`.
  Server(const Registry& registry, Protocols protocols, ServerOptions options = {});
  /// A server on the caller's `io_context`, which the caller runs, on one thread; it must outlive the server.
  Server(asio::io_context& context, const Registry& registry, Protocols protocols, ServerOptions options = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Ends at once what is still served. On a caller's `io_context`: only from its thread or while it is not run.
  ~Server();

  /// Adds an admission check, asked in the order of adding. Before the first `listen`.
  Server& admit(Admission admission);
  /// Adds an interceptor around every call, the first one outermost; see `polyrpc/runtime/interceptor.hpp`. Before the
  /// first `listen`.
  template <class Interceptor>
  Server& intercept(Interceptor interceptor) {
    return add_interceptor(*this, std::move(interceptor));
  }

  /// Listens on `tcp://host:port`, `unix:///path` or `memory://name` and returns the address with the port that was
  /// taken. Throws `StatusError` with the address and the reason: `unavailable` for a taken address,
  /// `permission_denied`, `invalid_argument`.
  Endpoint listen(std::string_view address);
  /// The same without throwing.
  Result<Endpoint> try_listen(std::string_view address);
  /// Listens for one protocol only, whatever the first bytes.
  Result<Endpoint> try_listen(std::string_view address, std::shared_ptr<const Protocol> protocol);

  /// Serves with that many threads, this one included, until SIGINT or SIGTERM comes or `shutdown` or `stop` is called,
  /// then returns. A second signal ends the draining. Only for a server with `io_context`s of its own.
  void run(std::size_t threads = 1);
  /// The same without touching signals.
  void run_without_signals(std::size_t threads = 1);
  /// For a server on a caller's `io_context`: drains at SIGINT or SIGTERM.
  void shutdown_on_signals();

  /// Stops accepting, answers new calls with `unavailable`, lets those under way finish until the drain time has
  /// passed, then cuts what is left. Returns at once; `finished` is called when all connections are gone. From any
  /// thread.
  void shutdown(std::function<void()> finished = {});
  /// The same with another drain time; zero cuts at once.
  void shutdown(std::chrono::milliseconds drain_time, std::function<void()> finished = {});
  /// Closes everything at once. From any thread.
  void stop() { shutdown(std::chrono::milliseconds(0)); }

  const std::shared_ptr<ServerCore>& core() const noexcept;
  /// For interceptor.hpp.
  InterceptorList& interceptors();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace polyrpc
