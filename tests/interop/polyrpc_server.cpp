// The server that foreign clients are aimed at: every interop service, every protocol, on the addresses given.
// Prints "listening SCHEME ADDRESS" for each, then "ready", and serves until its standard input ends.

#include "polyrpc/polyrpc.hpp"

#include "services.hpp"

#include <cstdio>
#include <iostream>
#include <string>
#include <thread>

int main(int argc, char** argv) {
  polyrpc::Registry registry;
  interop::register_services(registry);

  const auto types = std::make_shared<const polyrpc::TypeRegistry>(interop::types());
  polyrpc::ServerOptions options;
  options.log = [](polyrpc::LogLevel, std::string_view line) { std::cerr << line << '\n'; };
  polyrpc::Server server(registry, polyrpc::standard_protocols(types), options);
  for (int i = 1; i < argc; ++i) {
    const auto endpoint = server.try_listen(argv[i]);
    if (!endpoint.ok()) {
      std::cerr << endpoint.status().message() << '\n';
      return 1;
    }
    const std::string address = endpoint->to_string();
    const std::size_t colon = address.find("://");
    std::printf("listening %s %s\n", address.substr(0, colon).c_str(), address.substr(colon + 3).c_str());
  }
  std::puts("ready");
  std::fflush(stdout);

  std::thread until_input_ends([&server] {
    for (std::string line; std::getline(std::cin, line);) {
    }
    server.shutdown();
  });
  server.run_without_signals();
  until_input_ends.join();
}
