// A wire of our own beside the others, on the same port. With an address it serves until it is stopped; without one it
// plays both ends.

#include "polyrpc/polyrpc.hpp"
#include "polyrpc/transports/standard.hpp"

#include "line_codec.hpp"

#include <cstdio>
#include <thread>

struct Sum {
  std::int64_t a = 0, b = 0;
};
POLYRPC_DESCRIBE(Sum, (a, "A"), (b, "B"));

namespace {

/// Sends lines and prints what comes back, as somebody at a terminal would.
void talk(const polyrpc::Endpoint& endpoint, std::string_view lines, std::size_t answers) {
  const auto deadline = polyrpc::Clock::now() + std::chrono::seconds(10);
  auto dialled = polyrpc::standard_transports().find("tcp")->dial(endpoint, deadline);
  polyrpc::Connection& connection = *dialled.value();
  connection.write_some({reinterpret_cast<const std::byte*>(lines.data()), lines.size()});
  while (answers > 0 && connection.wait_until(polyrpc::Direction::read, deadline).ok()) {
    std::byte bytes[256];
    const polyrpc::IoResult result = connection.read_some(bytes);
    for (std::size_t i = 0; i < result.bytes; ++i) {
      std::putchar(static_cast<char>(bytes[i]));
      if (static_cast<char>(bytes[i]) == '\n') --answers;
    }
    if (result.state == polyrpc::IoState::closed || result.state == polyrpc::IoState::failed) break;
  }
}

}  // namespace

int main(int argc, char** argv) {
  polyrpc::Registry registry;
  registry.add("Calc.Add", [](const Sum& sum) { return sum.a + sum.b; });

  polyrpc::Protocols protocols = polyrpc::standard_protocols();
  protocols.add(polyrpc::codec_protocol(line_codec()));
  polyrpc::Server server(registry, protocols);
  const polyrpc::Endpoint endpoint = server.listen(argc > 1 ? argv[1] : "tcp://127.0.0.1:0");
  if (argc > 1) {
    server.run();
    return 0;
  }
  std::thread serving([&] { server.run(); });
  talk(endpoint, "> Calc.Add 2 3\n> Calc.Add two 3\n> Calc.Sub 2 3\n", 3);
  const auto client = polyrpc::dial(endpoint.to_string(), polyrpc::gob::net_rpc());
  std::printf("gob on the same port: %lld\n",
              static_cast<long long>(client->call<std::int64_t>("Calc.Add", Sum{2, 3}).value()));
  server.shutdown();
  serving.join();
}
