// A server of one method with Thrift: what compare/footprint.py builds.

#include "HelloService.h"

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/server/TThreadedServer.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TServerSocket.h>

namespace {

class Service final : public bench::HelloServiceIf {
 public:
  void say_hello(std::string& reply, const std::string& name) override { reply = "Hello World:" + name; }
};

class SayWhere final : public apache::thrift::server::TServerEventHandler {
 public:
  explicit SayWhere(const apache::thrift::transport::TServerSocket& socket) : socket_(socket) {}
  void preServe() override {
    std::printf("listening on 127.0.0.1:%d\n", socket_.getPort());
    std::fflush(stdout);
  }

 private:
  const apache::thrift::transport::TServerSocket& socket_;
};

}  // namespace

int main() try {
  const auto socket = std::make_shared<apache::thrift::transport::TServerSocket>("127.0.0.1", 0);
  apache::thrift::server::TThreadedServer server(
      std::make_shared<bench::HelloServiceProcessor>(std::make_shared<Service>()), socket,
      std::make_shared<apache::thrift::transport::TFramedTransportFactory>(),
      std::make_shared<apache::thrift::protocol::TBinaryProtocolFactory>());
  server.setServerEventHandler(std::make_shared<SayWhere>(*socket));
  server.serve();
} catch (const std::exception& error) {
  std::fprintf(stderr, "hello: %s\n", error.what());
  return 1;
}
