// Cap'n Proto's own client, all connections on one event loop. Prints as polyrpc_client does.

#include "echo.capnp.h"
#include "support/clock.hpp"
#include "support/meter.hpp"
#include "support/options.hpp"

#include <capnp/rpc-twoparty.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <kj/async-io.h>
#include <kj/exception.h>
#include <memory>
#include <utility>
#include <vector>

namespace {

using bench::now;
using bench::capnproto::Echo;

class Load {
 public:
  explicit Load(const bench::Options& options)
      : address_(options.text("address", "")),
        connections_(options.number<std::size_t>("connections", 1)),
        depth_(options.number<std::size_t>("in-flight", 1)),
        payload_(kj::heapArray<kj::byte>(options.number<std::size_t>("payload", 32))),
        meter_(options.number("warmup", 0.5), options.number("seconds", 2.0)) {
    for (std::size_t i = 0; i < payload_.size(); ++i) payload_[i] = static_cast<kj::byte>(i * 31);
  }

  void run() {
    auto io = kj::setupAsyncIo();
    auto address = io.provider->getNetwork().parseAddress(address_.c_str()).wait(io.waitScope);
    for (std::size_t i = 0; i < connections_; ++i) clients_.push_back(connect(*address, io.waitScope));
    meter_.start();
    auto loops = kj::heapArrayBuilder<kj::Promise<void>>(connections_ * depth_);
    for (auto& client : clients_)
      for (std::size_t i = 0; i < depth_; ++i) loops.add(call(client.echo, now()));
    kj::joinPromises(loops.finish()).wait(io.waitScope);
    meter_.print();
    std::_Exit(0);
  }

 private:
  struct Client {
    kj::Own<kj::AsyncIoStream> stream;
    std::unique_ptr<capnp::TwoPartyClient> rpc;
    Echo::Client echo;
  };

  static Client connect(kj::NetworkAddress& address, kj::WaitScope& scope) {
    auto stream = address.connect().wait(scope);
    auto rpc = std::make_unique<capnp::TwoPartyClient>(*stream);
    auto echo = rpc->bootstrap().castAs<Echo>();
    echo.whenResolved().wait(scope);
    return {kj::mv(stream), std::move(rpc), kj::mv(echo)};
  }

  /// One call after the other, until time is up.
  kj::Promise<void> call(Echo::Client& echo, std::uint64_t began) {
    // So that the request is in one segment.
    auto request = echo.echoRequest(capnp::MessageSize{8 + payload_.size() / 8, 0});
    request.setA(1);
    request.setB(2);
    request.setS(payload_);
    return request.send().then(
        [this, &echo, began](capnp::Response<bench::capnproto::Message>&& reply) -> kj::Promise<void> {
          KJ_REQUIRE(reply.getA() == 1 && reply.getB() == 2 && reply.getS().size() == payload_.size(), "not an echo");
          const std::uint64_t time = now();
          if (!meter_.finished(began, time)) return kj::READY_NOW;
          return call(echo, time);
        });
  }

  std::string address_;
  std::size_t connections_;
  std::size_t depth_;
  kj::Array<kj::byte> payload_;
  bench::Meter meter_;
  std::vector<Client> clients_;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(
      argc, argv,
      "options: --address HOST:PORT --wire capnp --connections N --in-flight N --payload BYTES "
      "--warmup SECONDS --seconds SECONDS ");
  Load load(options);
  const auto failure = kj::runCatchingExceptions([&load] { load.run(); });
  KJ_IF_MAYBE (exception, failure) {
    std::fprintf(stderr, "capnp_client: %s\n", exception->getDescription().cStr());
    return 1;
  }
}
