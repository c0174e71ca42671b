// Calls the arith service, ours or Go's. Usage: arith_client [address]; the address may be tcp://, unix:// or http://
// (CONNECT)

#include "polyrpc/polyrpc.hpp"

#include "arith.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) try {
  const auto client = polyrpc::dial(argc > 1 ? argv[1] : "tcp://127.0.0.1:1234", polyrpc::gob::net_rpc());

  const auto product = client->call(arith::multiply, arith::Args{7, 8});
  if (!product.ok()) throw polyrpc::StatusError(product.status());
  std::printf("Arith: 7*8=%lld\n", static_cast<long long>(*product));

  // Two calls under way at once, as with Go's client.Go.
  auto first = client->go(arith::divide, arith::Args{17, 5});
  auto second = client->go(arith::divide, arith::Args{1, 0});
  const auto quotient = first.wait();
  if (!quotient.ok()) throw polyrpc::StatusError(quotient.status());
  std::printf("Arith: 17/5=%lld remainder %lld\n", static_cast<long long>(quotient->quo),
              static_cast<long long>(quotient->rem));
  std::printf("Arith: 1/0: %s\n", second.wait().status().message().c_str());
} catch (const std::exception& error) {
  std::fprintf(stderr, "arith_client: %s\n", error.what());
  return 1;
}
