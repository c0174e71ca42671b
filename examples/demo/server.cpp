// What scripts/demo starts: the services of the examples hello and arith, on one port. Usage: demo_server [address]

#include "polyrpc/grpc/server.hpp"

#include "polyrpc/codecs/protobuf_rpc.hpp"
#include "polyrpc/grpc/reflection.hpp"
#include "polyrpc/polyrpc.hpp"

#include "../arith/arith.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) try {
  polyrpc::Registry registry;
  registry.add("HelloService.SayHello", [](const std::string& name) { return "Hello World:" + name; });
  registry.add(arith::multiply, [](const arith::Args& args) { return args.a * args.b; });
  registry.add(arith::divide, [](const arith::Args& args) -> polyrpc::Result<arith::Quotient> {
    if (args.b == 0) return polyrpc::Status::invalid_argument("divide by zero");
    return arith::Quotient{args.a / args.b, args.a % args.b};
  });

  polyrpc::grpc::add_reflection(registry);

  polyrpc::Protocols protocols = polyrpc::standard_protocols();
  polyrpc::grpc::ServerOptions options;
  options.connect.formats = {polyrpc::json::format()};
  protocols.add(polyrpc::grpc::protocol(options));
  protocols.add(polyrpc::codec_protocol(polyrpc::protobuf::rpc()));
  polyrpc::Server server(registry, protocols);
  std::printf("listening on %s\n", server.listen(argc > 1 ? argv[1] : "tcp://127.0.0.1:0").to_string().c_str());
  std::fflush(stdout);
  server.run();
} catch (const std::exception& error) {
  std::fprintf(stderr, "demo_server: %s\n", error.what());
  return 1;
}
