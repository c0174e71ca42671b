// The server that gRPC's clients are aimed at: TestService, health, reflection, and a page for h2spec, on the addresses
// given. Options before them: --certificate FILE --key FILE [--clients FILE] for those that begin with tls://. Prints
// "listening SCHEME ADDRESS" for each, then "ready", and serves until its standard input ends.

#include "polyrpc/codecs/json.hpp"
#include "polyrpc/codecs/protobuf.hpp"
#include "polyrpc/grpc/reflection.hpp"
#include "polyrpc/grpc/server.hpp"
#include "polyrpc/runtime/server.hpp"
#include "polyrpc/services/grpc_health.hpp"
#include "polyrpc/transports/standard.hpp"

#include "grpc/testing/test.pb.h"
#include "test_service.hpp"
#ifdef INTEROP_GZIP
#include "polyrpc/compression/gzip.hpp"
#endif
#ifdef INTEROP_TLS
#include "polyrpc/transports/tls.hpp"
#endif

#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <thread>

// So that reflection knows the file with the service, which has no message to be linked for.
const volatile void* const service_file = &::descriptor_table_grpc_2ftesting_2ftest_2eproto;

int main(int argc, char** argv) {
  polyrpc::Registry registry;
  interop::register_test_service(registry);
  polyrpc::services::GrpcHealth health;
  health.add_to(registry);
  health.set("grpc.testing.TestService", polyrpc::services::Serving::serving);
  polyrpc::grpc::add_reflection(registry);

  polyrpc::grpc::ServerOptions grpc_options;
#ifdef INTEROP_GZIP
  grpc_options.compressors = {polyrpc::gzip()};
#endif
  grpc_options.connect.formats = {polyrpc::protobuf::format(), polyrpc::json::format()};
  grpc_options.mount("/h2spec", [](const polyrpc::http::Request&) {
    return polyrpc::http::Response::text(200, "a page with a body, for h2spec\n");
  });
  polyrpc::ServerOptions options;
  options.log = [](polyrpc::LogLevel, std::string_view line) { std::cerr << line << '\n'; };
  polyrpc::Protocols protocols;
  protocols.transports = polyrpc::standard_transports();
  protocols.add(polyrpc::grpc::protocol(grpc_options));
  std::map<std::string, std::string> flags;
  int first = 1;
  for (; first + 1 < argc && std::string_view(argv[first]).starts_with("--"); first += 2)
    flags[argv[first]] = argv[first + 1];
#ifdef INTEROP_TLS
  if (flags.count("--certificate") != 0) {
    polyrpc::tls::ServerOptions security;
    security.certificate = polyrpc::tls::Pem::file(flags["--certificate"]);
    security.key = polyrpc::tls::Pem::file(flags["--key"]);
    security.alpn = polyrpc::tls::alpn_for(protocols);
    if (flags.count("--clients") != 0) {
      security.client_ca = polyrpc::tls::Pem::file(flags["--clients"]);
      security.client_certificates = polyrpc::tls::ClientCertificates::required;
    }
    const auto identity = polyrpc::tls::ServerIdentity::load(security);
    if (!identity.ok()) {
      std::cerr << identity.status().message() << '\n';
      return 1;
    }
    protocols.transports.add(polyrpc::tls::server_transport(*identity));
  }
#endif
  polyrpc::Server server(registry, protocols, options);
  for (int i = first; i < argc; ++i) {
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
    server.shutdown(std::chrono::milliseconds(1000));
  });
  server.run_without_signals();
  until_input_ends.join();
}
