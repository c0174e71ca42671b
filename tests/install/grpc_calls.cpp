// A consumer of gRPC: a server that speaks it beside the others, and a client.

#include <polyrpc/grpc/client.hpp>
#include <polyrpc/grpc/reflection.hpp>
#include <polyrpc/grpc/server.hpp>
#include <polyrpc/polyrpc.hpp>

#include <cstdio>
#include <string>
#include <thread>

int main() {
  polyrpc::Registry registry;
  registry.add("HelloService.SayHello", [](const std::string& name) { return "Hello World:" + name; });
  polyrpc::grpc::add_reflection(registry);
  polyrpc::Protocols protocols = polyrpc::standard_protocols();
  protocols.add(polyrpc::grpc::protocol({.concurrent_streams = 10}));
  polyrpc::Server server(registry, protocols);
  const std::string where = server.listen("tcp://127.0.0.1:0").to_string();
  std::thread thread([&] { server.run_without_signals(); });

  const auto client = polyrpc::grpc::dial(where, {.user_agent = "consumer"});
  const polyrpc::Result<std::string> greeting =
      client->call<std::string>("HelloService.SayHello", std::string("consumer"));
  std::printf("gRPC: %s\n", greeting.ok() ? greeting->c_str() : greeting.status().to_string().c_str());

  server.stop();
  thread.join();
  return greeting.ok() && *greeting == "Hello World:consumer" ? 0 : 1;
}
