// The echo with Apache Thrift: framed binary, with TNonblockingServer or TThreadedServer.

#include "Echo.h"
#include "framed.hpp"
#include "support/options.hpp"

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <thrift/TOutput.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/server/TNonblockingServer.h>
#include <thrift/server/TThreadedServer.h>
#include <thrift/transport/TNonblockingServerSocket.h>
#include <thrift/transport/TServerSocket.h>

namespace {

namespace protocol = apache::thrift::protocol;
namespace server = apache::thrift::server;
namespace transport = apache::thrift::transport;
using bench::thrift::Message;

class Service final : public bench::thrift::EchoIf {
 public:
  void echo(Message& reply, const Message& message) override { reply = message; }
};

int bound_port(transport::TNonblockingServerSocket& socket) { return socket.getListenPort(); }
int bound_port(transport::TServerSocket& socket) { return socket.getPort(); }

/// Says where the server listens, once it does.
template <class Socket>
class SayWhere final : public server::TServerEventHandler {
 public:
  explicit SayWhere(std::shared_ptr<Socket> socket) : socket_(std::move(socket)) {}
  void preServe() override {
    std::printf("listening tcp 127.0.0.1:%d\n", bound_port(*socket_));
    std::fflush(stdout);
  }

 private:
  std::shared_ptr<Socket> socket_;
};

// The protocol is known when it is compiled, so that reading and writing a field is no virtual call.
using Protocol = protocol::TBinaryProtocolT<transport::TBufferBase>;
using ProtocolFactory = protocol::TBinaryProtocolFactoryT<transport::TBufferBase>;

void serve(server::TServer& echo, std::shared_ptr<server::TServerEventHandler> say_where) {
  echo.setServerEventHandler(std::move(say_where));
  echo.serve();
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(argc, argv, "options: --port N (0: any) --server nonblocking|threaded ");
  apache::thrift::GlobalOutput.setOutputFunction([](const char*) {});  // it would tell of every client that leaves
  try {
    const auto processor = std::make_shared<bench::thrift::EchoProcessorT<Protocol>>(std::make_shared<Service>());
    const auto protocols = std::make_shared<ProtocolFactory>();
    const int port = options.number("port", 0);
    const std::string kind = options.text("server", "nonblocking");
    if (kind == "nonblocking") {
      const auto socket = std::make_shared<transport::TNonblockingServerSocket>("127.0.0.1", port);
      server::TNonblockingServer echo(processor, protocols, socket);
      serve(echo, std::make_shared<SayWhere<transport::TNonblockingServerSocket>>(socket));
    } else if (kind == "threaded") {
      const auto socket = std::make_shared<transport::TServerSocket>("127.0.0.1", port);
      server::TThreadedServer echo(processor, socket, std::make_shared<bench::FramedFactory>(), protocols);
      serve(echo, std::make_shared<SayWhere<transport::TServerSocket>>(socket));
    } else {
      options.fail("no server " + kind);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "thrift_server: %s\n", error.what());
    return 1;
  }
}
