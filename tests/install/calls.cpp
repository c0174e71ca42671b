// A consumer of everything: a server and clients of several wires in one process.

#include <polyrpc/polyrpc.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

using namespace std::chrono_literals;

// Options that are named one by one must not warn, whatever a consumer's compiler is told to find.
int main() {
  polyrpc::Registry registry;
  registry.add("HelloService.SayHello", [](const std::string& name) { return "Hello World:" + name; });
  polyrpc::Server server(registry, polyrpc::standard_protocols(), {.limits = {.connections = 50}, .drain_time = 2s});
  const std::string where = server.listen("tcp://127.0.0.1:0").to_string();
  std::thread thread([&] { server.run_without_signals(); });

  bool ok = true;
  const auto greet = [&](const std::string& address, const std::shared_ptr<const polyrpc::Codec>& codec) {
    const auto client = polyrpc::dial(address, codec, {.default_timeout = 20s});
    const polyrpc::Result<std::string> greeting =
        client->call<std::string>("HelloService.SayHello", std::string("consumer"), {.wait_for_ready = true});
    const bool right = greeting.ok() && *greeting == "Hello World:consumer";
    std::printf("%s: %s\n", address.c_str(), right ? "works" : greeting.status().to_string().c_str());
    ok = ok && right;
  };
  greet(where, polyrpc::gob::net_rpc({.extensions = polyrpc::gob::Extensions::always}));
  greet(where, polyrpc::json::rpc({.version = polyrpc::json::Version::v1}));
  greet("http" + where.substr(where.find("://")) + "/jsonrpc", polyrpc::json::rpc());

  server.stop();
  thread.join();
  return ok ? 0 : 1;
}
