// polyrpc's echo server, all wires on one port. --copy 1 copies the bytes into a vector and out of it again, as a
// handler that keeps them would; without it the handler sees them where they arrived.

#include <polyrpc/polyrpc.hpp>

#include "echo_types.hpp"
#include "support/options.hpp"

#include <cstdio>
#include <exception>
#include <string>

int main(int argc, char** argv) {
  const bench::Options options(argc, argv, "options: --port N (0: any) --copy 0|1 --threads N ");
  try {
    polyrpc::Registry registry;
    if (options.number("copy", 0) != 0)
      registry.add("Echo.Echo", [](const bench::Echo& echo) { return echo; });
    else
      registry.add("Echo.Echo", [](const bench::EchoView& echo) { return echo; });

    polyrpc::Server server(registry, polyrpc::standard_protocols());
    const polyrpc::Endpoint endpoint = server.listen("tcp://127.0.0.1:" + options.text("port", "0"));
    std::printf("listening tcp 127.0.0.1:%u\n", static_cast<unsigned>(endpoint.port));
    std::fflush(stdout);
    server.run(options.number<std::size_t>("threads", 1));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "polyrpc_server: %s\n", error.what());
    return 1;
  }
}
