#include "polyrpc/transports/tls.hpp"

#include <stdexcept>
#include <utility>
#if defined(POLYRPC_HAS_HTTP1)
#include "polyrpc/transports/connect_client.hpp"
#include "polyrpc/transports/http1.hpp"
#endif

namespace polyrpc::tls {

ClientTarget target(std::string_view address, std::shared_ptr<const Codec> codec, const ClientOptions& tls) {
  const Result<Endpoint> endpoint = Endpoint::parse(address);
  if (!endpoint.ok()) throw std::invalid_argument(endpoint.status().message());
  ClientTarget target;
  target.endpoint = *endpoint;
  ClientOptions options = tls;
  if (endpoint->scheme == "https") {
#if defined(POLYRPC_HAS_HTTP1)
    target.endpoint.scheme = "tls";
    const std::string host =
        endpoint->host.find(':') == std::string::npos ? endpoint->host : '[' + endpoint->host + ']';
    const std::string authority = host + ':' + std::to_string(endpoint->port);
    std::string path = endpoint->path;
    if (codec->name() == "connect") {
      target.framing = [path, authority] { return connect::unary_framing(path, authority); };
    } else if (codec->name() == "gob") {
      if (path.empty() || path == "/") path = http1::default_connect_path;
      target.framing = [path] { return http1::connect_framing(path); };
    } else {
      if (path.empty() || path == "/") path = http1::default_jsonrpc_path;
      target.framing = [path, authority] { return http1::post_framing(path, authority, "application/json"); };
    }
    if (options.alpn.empty()) options.alpn = {"http/1.1"};
#else
    throw std::invalid_argument("tls: cannot dial " + std::string(address) + ": this build has no HTTP/1.1");
#endif
  } else if (codec->name() == "connect") {
    throw std::invalid_argument("tls: Connect is spoken with https:// addresses, not with " + std::string(address));
  } else if (endpoint->scheme != "tls") {
    throw std::invalid_argument("tls: cannot dial " + std::string(address) + ": it is no tls:// or https:// address");
  }
  target.codec = std::move(codec);
  target.transport = client_transport(options);
  return target;
}

std::unique_ptr<Client> dial(std::string_view address, std::shared_ptr<const Codec> codec, const ClientOptions& tls,
                             polyrpc::ClientOptions options) {
  return std::make_unique<Client>(target(address, std::move(codec), tls), std::move(options));
}

std::unique_ptr<Client> dial(asio::io_context& context, std::string_view address, std::shared_ptr<const Codec> codec,
                             const ClientOptions& tls, polyrpc::ClientOptions options) {
  return std::make_unique<Client>(context, target(address, std::move(codec), tls), std::move(options));
}

}  // namespace polyrpc::tls
