#include "polyrpc/grpc/client.hpp"

#include "polyrpc/codecs/protobuf.hpp"
#include "polyrpc/transports/standard.hpp"

#include "client_codec.hpp"
#include "wire.hpp"

#include <stdexcept>
#include <utility>

namespace polyrpc::grpc {

namespace {

class Rpc final : public Codec {
 public:
  explicit Rpc(WireOptions options) : wire_(std::make_shared<ClientWire>(std::move(options))) {}

  std::string_view name() const noexcept override { return "grpc"; }
  Match matches(std::span<const std::byte>) const noexcept override { return Match::no; }
  std::unique_ptr<ServerCodec> server(const CodecLimits&) const override { return nullptr; }
  std::unique_ptr<ClientCodec> client(const CodecLimits& limits) const override {
    return make_client_codec(wire_, limits);
  }

 private:
  const std::shared_ptr<ClientWire> wire_;
};

/// What may stand in a header field as it is (RFC 9110, 5.5), without white space at its ends.
void check_field(const char* what, std::string_view value) {
  for (const char c : value)
    if (c < ' ' || c > '~') throw std::invalid_argument("grpc: the " + std::string(what) + " is not printable ASCII");
  if (value.starts_with(' ') || value.ends_with(' '))
    throw std::invalid_argument("grpc: the " + std::string(what) + " has a space at an end");
}

WireOptions checked(WireOptions options) {
  if (options.format == nullptr) options.format = protobuf::format();
  if (!options.compress_with.empty() && options.compressors.find(options.compress_with) == nullptr)
    throw std::invalid_argument("grpc: compress_with names " + options.compress_with +
                                ", which is none of the compressors");
  if (options.authority.empty()) options.authority = "localhost";
  check_field("authority", options.authority);
  check_field("user agent", options.user_agent);
  return options;
}

std::string content_type_of(const MessageFormat& format) {
  std::string type = "application/grpc";
  if (format.name() != "proto") type.append("+").append(format.name());
  return type;
}

}  // namespace

ClientWire::ClientWire(WireOptions given)
    : options(checked(std::move(given))),
      compressor(options.compress_with.empty() ? nullptr : options.compressors.find(options.compress_with)),
      authority(options.authority),
      content_type(content_type_of(*options.format)),
      user_agent((options.user_agent.empty() ? "" : options.user_agent + " ") + "grpc-c++-polyrpc/" POLYRPC_VERSION),
      accept_encoding(options.compressors.empty() ? "" : grpc::accept_encoding(options.compressors)),
      keepalive_time(options.keepalive.time.count()) {}

std::shared_ptr<const Codec> rpc(WireOptions options) { return std::make_shared<Rpc>(std::move(options)); }

ClientTarget target(std::string_view address, WireOptions options, std::shared_ptr<const Transport> transport) {
  Result<Endpoint> endpoint = Endpoint::parse(address);
  if (!endpoint.ok()) throw std::invalid_argument(endpoint.status().message());
  if (transport == nullptr) transport = standard_transports().find(endpoint->scheme);
  if (transport == nullptr)
    throw std::invalid_argument("grpc: cannot dial " + std::string(address) + ": no transport for " + endpoint->scheme +
                                "://");
  if (options.authority.empty() && endpoint->port != 0) {
    const bool in_brackets = endpoint->host.find(':') != std::string::npos;
    options.authority =
        (in_brackets ? "[" + endpoint->host + "]" : endpoint->host) + ":" + std::to_string(endpoint->port);
  }
  ClientTarget made;
  made.endpoint = *endpoint;
  made.transport = std::move(transport);
  made.codec = rpc(std::move(options));
  return made;
}

std::unique_ptr<Client> dial(std::string_view address, WireOptions options, ClientOptions client_options) {
  return std::make_unique<Client>(target(address, std::move(options)), std::move(client_options));
}

std::unique_ptr<Client> dial(asio::io_context& context, std::string_view address, WireOptions options,
                             ClientOptions client_options) {
  return std::make_unique<Client>(context, target(address, std::move(options)), std::move(client_options));
}

}  // namespace polyrpc::grpc
