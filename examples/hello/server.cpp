// HelloService.SayHello, callable over every wire on one port. Usage: hello_server [address]

#include "polyrpc/polyrpc.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) try {
  polyrpc::Registry registry;
  registry.add("HelloService.SayHello", [](const std::string& name) { return "Hello World:" + name; });

  polyrpc::Server server(registry, polyrpc::standard_protocols());
  const auto endpoint = server.listen(argc > 1 ? argv[1] : "tcp://127.0.0.1:1234");
  std::printf("listening on %s\n", endpoint.to_string().c_str());
  std::fflush(stdout);

  server.run();  // until SIGINT or SIGTERM, then drains
} catch (const std::exception& error) {
  std::fprintf(stderr, "hello_server: %s\n", error.what());
  return 1;
}
