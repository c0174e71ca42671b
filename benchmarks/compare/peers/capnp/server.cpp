// The echo with Cap'n Proto's RPC, on KJ's event loop.

#include "echo.capnp.h"
#include "support/options.hpp"

#include <capnp/rpc-twoparty.h>
#include <cstdio>
#include <kj/async-io.h>
#include <kj/exception.h>

namespace {

using bench::capnproto::Echo;

class Service final : public Echo::Server {
 protected:
  kj::Promise<void> echo(EchoContext context) override {
    context.setResults(context.getParams());
    return kj::READY_NOW;
  }
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(argc, argv, "options: --port N (0: any) ");
  const auto failure = kj::runCatchingExceptions([&options] {
    auto io = kj::setupAsyncIo();
    const auto address = "127.0.0.1:" + options.text("port", "0");
    auto listener = io.provider->getNetwork().parseAddress(address.c_str()).wait(io.waitScope)->listen();
    capnp::TwoPartyServer server(kj::heap<Service>());
    std::printf("listening tcp 127.0.0.1:%u\n", listener->getPort());
    std::fflush(stdout);
    server.listen(*listener).wait(io.waitScope);
  });
  KJ_IF_MAYBE (exception, failure) {
    std::fprintf(stderr, "capnp_server: %s\n", exception->getDescription().cStr());
    return 1;
  }
}
