// A server of one method with Cap'n Proto: what compare/footprint.py builds.

#include "hello.capnp.h"

#include <capnp/rpc-twoparty.h>
#include <cstdio>
#include <kj/async-io.h>

namespace {

class Service final : public bench::HelloService::Server {
  kj::Promise<void> sayHello(SayHelloContext context) override {
    context.getResults().setReply(kj::str("Hello World:", context.getParams().getName()));
    return kj::READY_NOW;
  }
};

}  // namespace

int main() {
  auto io = kj::setupAsyncIo();
  auto listener = io.provider->getNetwork().parseAddress("127.0.0.1:0").wait(io.waitScope)->listen();
  capnp::TwoPartyServer server(kj::heap<Service>());
  std::printf("listening on 127.0.0.1:%u\n", listener->getPort());
  std::fflush(stdout);
  server.listen(*listener).wait(io.waitScope);
}
