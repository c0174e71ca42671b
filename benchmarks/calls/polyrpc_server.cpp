// The echo server that the benchmarks measure: every protocol on one port, one thread unless told otherwise.
// Usage: polyrpc_server [--port N] [--threads N]; prints "listening 127.0.0.1:N".

#include "polyrpc/polyrpc.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

struct Echo {
  std::int64_t a = 0, b = 0;
  std::vector<std::byte> s;
};
POLYRPC_DESCRIBE(Echo, (a, "A"), (b, "B"), (s, "S"));

}  // namespace

int main(int argc, char** argv) {
  std::string port = "0";
  std::size_t threads = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--port") == 0) port = argv[i + 1];
    if (std::strcmp(argv[i], "--threads") == 0) threads = std::strtoul(argv[i + 1], nullptr, 10);
  }
  polyrpc::Registry registry;
  registry.add("Echo.Echo", [](Echo args) { return args; });

  polyrpc::Server server(registry, polyrpc::standard_protocols());
  const polyrpc::Endpoint endpoint = server.listen("tcp://127.0.0.1:" + port);
  std::printf("listening 127.0.0.1:%u\n", endpoint.port);
  std::fflush(stdout);
  server.run(threads);
}
