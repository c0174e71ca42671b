// Pays four times: without any proof, with a token, with a certificate, and to a server that it must not trust.

#include <polyrpc/codecs/gob.hpp>
#include <polyrpc/core/describe.hpp>
#include <polyrpc/grpc/client.hpp>
#include <polyrpc/transports/tls.hpp>

#include <cstdio>
#include <memory>
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

namespace {

void pay(const char* how, polyrpc::Client& client, const std::string& token = {}) {
  polyrpc::CallOptions options;
  if (!token.empty()) options.metadata.add("authorization", "Bearer " + token);
  Amount amount;
  amount.cents = 250;
  const polyrpc::Result<Receipt> receipt = client.call<Receipt>("Till.Pay", amount, options);
  std::printf("%s: %s\n", how, receipt.ok() ? receipt->text.c_str() : receipt.status().to_string().c_str());
}

std::unique_ptr<polyrpc::Client> grpc_client(const std::string& address, tls::ClientOptions options) {
  options.alpn = {"h2"};
  options.require_alpn = true;
  polyrpc::grpc::WireOptions wire;
  wire.secure = true;
  return std::make_unique<polyrpc::Client>(polyrpc::grpc::target(address, wire, tls::client_transport(options)));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "secure_client CERTIFICATES HOST:PORT\n");
    return 2;
  }
  const std::string folder = argv[1];
  const std::string address = std::string("tls://") + argv[2];

  tls::ClientOptions trusting;
  trusting.ca = tls::Pem::file(folder + "/ca.pem");
  const auto anybody = grpc_client(address, trusting);
  pay("nothing", *anybody);
  pay("token", *anybody, "open-sesame");

  tls::ClientOptions known = trusting;
  known.certificate = tls::Pem::file(folder + "/client.pem");
  known.key = tls::Pem::file(folder + "/client.key");
  pay("certificate", *grpc_client(address, known));
  pay("certificate, gob", *tls::dial(address, polyrpc::gob::net_rpc(), known));

  // The system's authorities do not know ours.
  pay("untrusted", *grpc_client(address, {}), "open-sesame");
  tls::ClientOptions wrong_name = trusting;
  wrong_name.server_name = "bank.example";
  pay("wrong name", *grpc_client(address, wrong_name), "open-sesame");
}
