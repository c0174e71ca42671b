// A server of one method over gob and JSON, as examples/hello has it: what compare/footprint.py builds.

#include <polyrpc/polyrpc.hpp>

#include <cstdio>
#include <exception>
#include <string>

int main() try {
  polyrpc::Registry registry;
  registry.add("HelloService.SayHello", [](const std::string& name) { return "Hello World:" + name; });

  polyrpc::Server server(registry, polyrpc::standard_protocols());
  const polyrpc::Endpoint endpoint = server.listen("tcp://127.0.0.1:0");
  std::printf("listening on %s\n", endpoint.to_string().c_str());
  std::fflush(stdout);
  server.run();
} catch (const std::exception& error) {
  std::fprintf(stderr, "hello: %s\n", error.what());
  return 1;
}
