#include "polyrpc/polyrpc.hpp"

#include "polyrpc/transports/standard.hpp"

#include <stdexcept>
#include <utility>
#if defined(POLYRPC_HAS_HTTP1)
#include "polyrpc/services/debug_page.hpp"
#include "polyrpc/services/health.hpp"
#include "polyrpc/transports/http1.hpp"
#endif

namespace polyrpc {

namespace {

ClientTarget target_of(std::string_view address, std::shared_ptr<const Codec> codec) {
  Result<Endpoint> endpoint = Endpoint::parse(address);
  if (!endpoint.ok()) throw std::invalid_argument(endpoint.status().message());
  ClientTarget target;
  target.endpoint = *endpoint;
  if (endpoint->scheme == "http") {
#if defined(POLYRPC_HAS_HTTP1)
    target.endpoint.scheme = "tcp";
    target.framing = http1::framing_for(*codec, *endpoint);
#else
    throw std::invalid_argument("polyrpc: cannot dial " + std::string(address) + ": this build has no HTTP/1.1");
#endif
  } else if (codec->name() == "connect") {
    throw std::invalid_argument("polyrpc: Connect is spoken with http:// addresses, not with " + std::string(address));
  }
  target.codec = std::move(codec);
  target.transport = standard_transports().find(target.endpoint.scheme);
  if (target.transport == nullptr)
    throw std::invalid_argument(
        "polyrpc: cannot dial " + std::string(address) + ": no transport for " + endpoint->scheme + "://" +
        (endpoint->scheme == "tls" || endpoint->scheme == "https" ? "; use polyrpc::tls::dial" : ""));
  return target;
}

}  // namespace

Protocols standard_protocols(std::shared_ptr<const TypeRegistry> types) {
  gob::Options gob_options;
  gob_options.types = std::move(types);
  const auto gob_codec = gob::net_rpc(gob_options);
  Protocols protocols;
  protocols.transports = standard_transports();
#if defined(POLYRPC_HAS_HTTP1)
  http1::Options http_options;
  http_options.net_rpc = gob_codec;
  json::Options in_bodies;
  in_bodies.undecided = json::Version::v2;  // who posts what can't be read is told so
  http_options.json_rpc = json::rpc(in_bodies);
  http_options.connect.formats = {json::format()};
  http_options.mount("/debug/rpc", services::debug_page());
  http_options.mount("/healthz", services::health());
  protocols.add(http1::protocol(std::move(http_options)));
#endif
  protocols.add(codec_protocol(gob_codec));
  protocols.add(codec_protocol(json::rpc()));
  return protocols;
}

std::unique_ptr<Client> dial(std::string_view address, std::shared_ptr<const Codec> codec, ClientOptions options) {
  return std::make_unique<Client>(target_of(address, std::move(codec)), std::move(options));
}

std::unique_ptr<Client> dial(asio::io_context& context, std::string_view address, std::shared_ptr<const Codec> codec,
                             ClientOptions options) {
  return std::make_unique<Client>(context, target_of(address, std::move(codec)), std::move(options));
}

}  // namespace polyrpc
