// As hello.cpp, and over gRPC too.

#include <polyrpc/grpc/server.hpp>
#include <polyrpc/polyrpc.hpp>

#include <cstdio>
#include <exception>
#include <string>

struct Hello {
  std::string text;
};
POLYRPC_DESCRIBE(Hello, (text, "text", 1));

int main() try {
  polyrpc::Registry registry;
  registry.add("bench.HelloService.SayHello", [](const Hello& name) {
    Hello reply;
    reply.text = "Hello World:" + name.text;
    return reply;
  });

  polyrpc::Protocols protocols = polyrpc::standard_protocols();
  protocols.add(polyrpc::grpc::protocol());
  polyrpc::Server server(registry, protocols);
  const polyrpc::Endpoint endpoint = server.listen("tcp://127.0.0.1:0");
  std::printf("listening on %s\n", endpoint.to_string().c_str());
  std::fflush(stdout);
  server.run();
} catch (const std::exception& error) {
  std::fprintf(stderr, "hello_grpc: %s\n", error.what());
  return 1;
}
