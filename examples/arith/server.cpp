// The arithmetic service of Go's net/rpc documentation, in C++. Usage: arith_server [address]

#include "polyrpc/polyrpc.hpp"

#include "arith.hpp"

#include <cstdio>
#include <exception>

namespace {

class Arith {
 public:
  std::int64_t multiply(const arith::Args& args) { return args.a * args.b; }

  polyrpc::Status divide(const arith::Args& args, arith::Quotient& reply) {
    if (args.b == 0) return polyrpc::Status::invalid_argument("divide by zero");
    reply = {args.a / args.b, args.a % args.b};
    return {};
  }
};

}  // namespace

int main(int argc, char** argv) try {
  Arith service;
  polyrpc::Registry registry;
  registry.add(arith::multiply, service, &Arith::multiply);
  registry.add(arith::divide, service, &Arith::divide);

  polyrpc::Server server(registry, polyrpc::standard_protocols());
  std::printf("listening on %s\n", server.listen(argc > 1 ? argv[1] : "tcp://127.0.0.1:1234").to_string().c_str());
  std::fflush(stdout);
  server.run();
} catch (const std::exception& error) {
  std::fprintf(stderr, "arith_server: %s\n", error.what());
  return 1;
}
