// TLS, client certificates and tokens. See README.md.

#include <polyrpc/grpc/server.hpp>
#include <polyrpc/interceptors/bearer_auth.hpp>
#include <polyrpc/polyrpc.hpp>
#include <polyrpc/transports/tls.hpp>

#include <cstdio>
#include <exception>
#include <string>

namespace tls = polyrpc::tls;

struct Amount {
  std::int64_t cents = 0;
};
POLYRPC_DESCRIBE(Amount, (cents, "cents", 1));
struct Receipt {
  std::string text;
};
POLYRPC_DESCRIBE(Receipt, (text, "text", 1));

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "secure_server CERTIFICATES ADDRESS\n");
    return 2;
  }
  const std::string folder = argv[1];
  polyrpc::Registry registry;
  registry.add("Till.Pay", [](polyrpc::Context& context, const Amount& amount) {
    Receipt receipt;
    const auto& peer = context.peer();
    receipt.text = std::to_string(amount.cents) + " cents from ";
    receipt.text += peer.tls != nullptr && peer.tls->verified ? peer.tls->subject : "somebody without a certificate";
    return receipt;
  });

  tls::ServerOptions options;
  options.certificate = tls::Pem::file(folder + "/server.pem");
  options.key = tls::Pem::file(folder + "/server.key");
  options.client_ca = tls::Pem::file(folder + "/ca.pem");
  options.client_certificates = tls::ClientCertificates::request;  // `required` turns away who has none
  polyrpc::Protocols protocols = polyrpc::standard_protocols();
  protocols.add(polyrpc::grpc::protocol());
  const auto identity = tls::ServerIdentity::load(options).value();  // identity->reload() takes new files into use
  protocols.transports.add(tls::server_transport(identity));

  polyrpc::Server server(registry, protocols);
  // Who comes without a certificate needs a token.
  server.admit([](polyrpc::Context& context) {
    const auto& peer = context.peer();
    if (peer.tls != nullptr && peer.tls->verified) return polyrpc::Status();
    const auto token = context.metadata().get("authorization");
    if (token && *token == "Bearer open-sesame") return polyrpc::Status();
    return polyrpc::Status::unauthenticated("a client certificate or a token is needed");
  });
  std::string address = argv[2];
  if (address.starts_with("tcp://")) address.replace(0, 3, "tls");
  const std::string where = server.listen(address).to_string();
  std::printf("listening on %s (tcp://%s)\n", where.c_str(), where.substr(6).c_str());
  std::fflush(stdout);
  server.run();
} catch (const std::exception& failure) {
  std::fprintf(stderr, "%s\n", failure.what());
  return 1;
}
