#include "polyrpc/transports/tcp.hpp"

#include "polyrpc/runtime/loop.hpp"

#include "socket.hpp"
#include "stream.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/basic_resolver.hpp>
#include <asio/ip/tcp.hpp>

#include <string>
#include <utility>

namespace polyrpc {

namespace {

using namespace sockets;

using Resolver = asio::ip::basic_resolver<asio::ip::tcp, asio::io_context::executor_type>;

constexpr std::string_view tcp_scheme = "tcp";

std::string host_and_port(const Endpoint& endpoint) {
  return (endpoint.host.find(':') == std::string::npos ? endpoint.host : '[' + endpoint.host + ']') + ':' +
         std::to_string(endpoint.port);
}

Targets targets_of(const Endpoint& endpoint, const std::vector<Address>& addresses) {
  Targets targets;
  targets.name = host_and_port(endpoint);
  for (const Address& found : addresses) {
    const Address address = found.is_unspecified() ? Address::loopback(found.family(), found.port()) : found;
    targets.list.push_back({address, address.to_string()});
  }
  return targets;
}

Status cannot_resolve(const Endpoint& endpoint, const std::error_code& error, bool may_pass) {
  return {may_pass ? StatusCode::unavailable : StatusCode::not_found,
          "tcp: cannot find the address of " + endpoint.host + ": " + reason(error)};
}

Status wrong_scheme(const Endpoint& endpoint) {
  return Status::invalid_argument("tcp: " + endpoint.to_string() + " is no tcp:// address");
}

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(const TcpOptions& options) : options_(options) {
    kind_.scheme = tcp_scheme;
    kind_.receive_buffer = options.receive_buffer;
    kind_.send_buffer = options.send_buffer;
    kind_.no_delay = options.no_delay;
    kind_.keep_alive = static_cast<int>(options.keep_alive.count());
  }

  std::string_view scheme() const noexcept override { return tcp_scheme; }

  Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, Loop& loop) const override {
    if (endpoint.scheme != tcp_scheme) return wrong_scheme(endpoint);
    std::vector<Address> addresses = known_addresses(endpoint.host, endpoint.port, true);
    if (addresses.empty()) {
      std::error_code error;
      addresses = look_up(endpoint.host, endpoint.port, error);
      if (addresses.empty()) return cannot_resolve(endpoint, error, is_temporary(error));
    }
    std::error_code error;
    for (const Address& address : addresses) {
      Socket socket = listen_on(address, error);
      if (!error) {
        Endpoint local = endpoint;
        const Address bound = local_address(socket.get());
        local.host = bound.host();
        local.port = bound.port();
        return make_listener(kind_, std::move(socket), loop, std::move(local));
      }
      // The next address only where this machine has no such one: it may lack IPv6 or IPv4.
      if (!is_not_supported(error)) break;
    }
    return Status(listen_code(error), "tcp: cannot listen on " + host_and_port(endpoint) + ": " + reason(error));
  }

  std::function<void()> dial(const Endpoint& endpoint, Loop& loop, DialHandler done) const override {
    const auto find = [&endpoint, &loop](const std::function<void(Result<Targets>)>& found) -> std::function<void()> {
      if (endpoint.scheme != tcp_scheme) {
        found(wrong_scheme(endpoint));
        return {};
      }
      const std::vector<Address> known = known_addresses(endpoint.host, endpoint.port, false);
      if (!known.empty()) {
        found(targets_of(endpoint, known));
        return {};
      }
      const auto resolver = std::make_shared<Resolver>(loop.context());
      resolver->async_resolve(
          endpoint.host, std::to_string(endpoint.port), asio::ip::resolver_base::numeric_service,
          [resolver, found, endpoint](const asio::error_code& error, const Resolver::results_type& results) {
            std::vector<Address> addresses;
            for (const auto& entry : results)
              addresses.push_back(Address::ip(entry.endpoint().data(), entry.endpoint().size()));
            if (addresses.empty())
              found(cannot_resolve(endpoint, error, error == asio::error::host_not_found_try_again));
            else
              found(targets_of(endpoint, addresses));
          });
      return [resolver] { resolver->cancel(); };
    };
    return dial_on_loop(kind_, loop, find, std::move(done));
  }

  Result<std::unique_ptr<Connection>> dial(const Endpoint& endpoint, std::optional<Clock::time_point> deadline,
                                           const std::stop_token& stop) const override {
    if (endpoint.scheme != tcp_scheme) return wrong_scheme(endpoint);
    std::vector<Address> addresses = known_addresses(endpoint.host, endpoint.port, false);
    if (addresses.empty()) {
      std::error_code error;
      addresses = look_up(endpoint.host, endpoint.port, error);
      if (addresses.empty()) return cannot_resolve(endpoint, error, is_temporary(error));
    }
    return dial_here(kind_, targets_of(endpoint, addresses), deadline, stop);
  }

 private:
  Socket listen_on(const Address& address, std::error_code& error) const {
    Socket socket = Socket::open(address.family(), error);
    if (error) return {};
    set_reuse_address(socket.get());
    if (address.family() == AF_INET6) set_v6_only(socket.get(), !(options_.dual_stack && address.is_unspecified()));
    kind_.prepare(socket.get());
    socket.bind(address, error);
    if (!error) socket.listen(options_.backlog, error);
    return socket;
  }

  TcpOptions options_;
  SocketKind kind_;
};

}  // namespace

std::shared_ptr<const Transport> tcp_transport(TcpOptions options) {
  return std::make_shared<const TcpTransport>(options);
}

}  // namespace polyrpc
