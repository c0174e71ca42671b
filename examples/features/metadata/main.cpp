// Metadata travels beside the messages, in both directions, on every wire.

#include "polyrpc/polyrpc.hpp"

#include <cstdio>
#include <thread>

int main() {
  polyrpc::Registry registry;
  registry.add("Greeter.Greet", [](polyrpc::Context& context, const std::string& name) {
    context.headers().set("served-by", "kitchen-7");
    const bool german = context.metadata().get("accept-language") == "de";
    return (german ? "Guten Tag, " : "Good day, ") + name;
  });

  polyrpc::Server server(registry, polyrpc::standard_protocols());
  const auto endpoint = server.listen("tcp://127.0.0.1:0");
  const std::string where = endpoint.host + ":" + std::to_string(endpoint.port);
  std::thread serving([&] { server.run(); });
  {
    const auto greet = [](const char* wire, polyrpc::Client& client) {
      polyrpc::Metadata headers;
      polyrpc::CallOptions options;
      options.metadata.set("accept-language", "de");
      options.headers = &headers;
      const auto greeting = client.call<std::string>("Greeter.Greet", std::string("Ada"), options);
      std::printf("%-20s %s (%s)\n", wire, greeting.value().c_str(),
                  std::string(headers.get("served-by").value_or("nobody")).c_str());
    };
    greet("gob", *polyrpc::dial("tcp://" + where, polyrpc::gob::net_rpc()));
    greet("JSON-RPC", *polyrpc::dial("tcp://" + where, polyrpc::json::rpc()));
    greet("JSON-RPC by POST", *polyrpc::dial("http://" + where, polyrpc::json::rpc()));
  }
  server.shutdown();
  serving.join();
}
