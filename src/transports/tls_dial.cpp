#include "polyrpc/transports/tls.hpp"

#include <stdexcept>
#include <utility>
#if defined(POLYRPC_HAS_HTTP1)
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
    target.framing = http1::framing_for(*codec, *endpoint);
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
