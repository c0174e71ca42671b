// A transport of our own: it prints what goes over another one.

#include "polyrpc/polyrpc.hpp"
#include "polyrpc/transports/tcp.hpp"

#include "dump_transport.hpp"

#include <cstdio>
#include <thread>

struct Factors {
  std::int64_t a = 0, b = 0;
};
POLYRPC_DESCRIBE(Factors, (a, "A"), (b, "B"));

int main() {
  const auto dumped_tcp = dump_transport(polyrpc::tcp_transport(), [](std::string_view line) {
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
  });

  polyrpc::Registry registry;
  registry.add("Arith.Multiply", [](const Factors& factors) { return factors.a * factors.b; });
  polyrpc::Server server(registry, polyrpc::standard_protocols());
  polyrpc::Endpoint endpoint = server.listen("tcp://127.0.0.1:0");
  std::thread serving([&] { server.run(); });

  // Both ends would print if the server had the transport too: protocols.transports.add(dumped_tcp).
  endpoint.scheme = "dump";
  for (const auto& codec : {polyrpc::json::rpc(), polyrpc::gob::net_rpc()}) {
    polyrpc::ClientTarget target;
    target.endpoint = endpoint;
    target.transport = dumped_tcp;
    target.codec = codec;
    polyrpc::Client client(target);
    const auto product = client.call<std::int64_t>("Arith.Multiply", Factors{6, 7});
    std::printf("%s: %lld\n\n", std::string(codec->name()).c_str(), static_cast<long long>(product.value()));
  }
  server.shutdown();
  serving.join();
}
