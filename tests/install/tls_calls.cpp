// A consumer of TLS: tls_calls CERTIFICATE KEY

#include <polyrpc/polyrpc.hpp>
#include <polyrpc/transports/tls.hpp>

#include <cstdio>
#include <string>
#include <thread>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  namespace tls = polyrpc::tls;
  polyrpc::Registry registry;
  registry.add("HelloService.SayHello", [](const std::string& name) { return "Hello World:" + name; });
  polyrpc::Protocols protocols = polyrpc::standard_protocols();
  protocols.transports.add(
      tls::server_transport({.certificate = tls::Pem::file(argv[1]), .key = tls::Pem::file(argv[2])}));
  polyrpc::Server server(registry, protocols);
  const std::string where = server.listen("tls://127.0.0.1:0").to_string();
  std::thread thread([&] { server.run_without_signals(); });

  const auto client = tls::dial(where, polyrpc::gob::net_rpc(), {.ca = tls::Pem::file(argv[1])});
  const polyrpc::Result<std::string> greeting =
      client->call<std::string>("HelloService.SayHello", std::string("consumer"));
  std::printf("TLS: %s\n", greeting.ok() ? greeting->c_str() : greeting.status().to_string().c_str());
  // Who does not trust the certificate does not call.
  const auto stranger = tls::dial(where, polyrpc::gob::net_rpc());
  const polyrpc::Result<std::string> refused =
      stranger->call<std::string>("HelloService.SayHello", std::string("consumer"));
  std::printf("without its certificate: %s\n", refused.status().to_string().c_str());

  server.stop();
  thread.join();
  return greeting.ok() && *greeting == "Hello World:consumer" && !refused.ok() ? 0 : 1;
}
