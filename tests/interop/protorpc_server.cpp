// The server that Go's protorpc clients are aimed at. Usage: interop_protorpc_server [--snappy] [--checksum] ADDRESS...
// Prints "listening SCHEME ADDRESS" for each, then "ready", and serves until its standard input ends.

#include "polyrpc/codecs/protobuf_rpc.hpp"
#include "polyrpc/polyrpc.hpp"

#include "protorpc_services.hpp"

#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>

using namespace interop;
using polyrpc::Result;
using polyrpc::Status;

int main(int argc, char** argv) {
  polyrpc::Registry registry;
  registry.add("Arith.Multiply", [](const Args& args) { return Number{args.a * args.b}; });
  registry.add("Arith.Divide", [](const Args& args) -> Result<Number> {
    if (args.b == 0) return Status::unknown("divide by zero");
    return Number{args.a / args.b};
  });
  registry.add("Arith.Sleep", polyrpc::blocking([](const Number& milliseconds) {
                 std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds.value));
                 return milliseconds;
               }));
  registry.add("Arith.Echo", [](const Blob& blob) { return blob; });
  registry.add("Arith.Fail", [](const Text& text) -> Result<Number> { return Status::unknown(text.text); });

  polyrpc::protobuf::RpcOptions options;
  polyrpc::Protocols protocols = polyrpc::standard_protocols();
  std::vector<std::string> addresses;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--snappy")
      options.compress_from = 0;
    else if (word == "--checksum")
      options.checksum = true;
    else
      addresses.emplace_back(word);
  }
  // Beside all the others, which are asked first.
  protocols.add(polyrpc::codec_protocol(polyrpc::protobuf::rpc(options)));
  polyrpc::ServerOptions server_options;
  server_options.log = [](polyrpc::LogLevel, std::string_view line) { std::cerr << line << '\n'; };
  polyrpc::Server server(registry, protocols, server_options);
  for (const std::string& address : addresses) {
    const auto endpoint = server.try_listen(address);
    if (!endpoint.ok()) {
      std::cerr << endpoint.status().message() << '\n';
      return 1;
    }
    const std::string text = endpoint->to_string();
    const std::size_t colon = text.find("://");
    std::printf("listening %s %s\n", text.substr(0, colon).c_str(), text.substr(colon + 3).c_str());
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
