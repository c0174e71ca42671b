// gRPC without a .proto file: described structs, an error that a caller can act on, one connection for many calls, and
// timeouts. Both ends in one program; see README.md.

#include <polyrpc/codecs/protobuf_export.hpp>
#include <polyrpc/grpc/client.hpp>
#include <polyrpc/grpc/server.hpp>
#include <polyrpc/polyrpc.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

struct HelloRequest {
  std::string name;
};
POLYRPC_DESCRIBE(HelloRequest, (name, "name", 1));
struct HelloReply {
  std::string message;
};
POLYRPC_DESCRIBE(HelloReply, (message, "message", 1));

inline constexpr polyrpc::Method<HelloRequest, HelloReply> say_hello{"helloworld.Greeter.SayHello"};
inline constexpr polyrpc::Method<HelloRequest, HelloReply> say_hello_late{"helloworld.Greeter.SayHelloLate"};

polyrpc::Result<HelloReply> greet(const HelloRequest& request) {
  if (request.name.empty()) return polyrpc::Status::invalid_argument("name must not be empty");
  HelloReply reply;
  reply.message = "Hello " + request.name;
  return reply;
}

int main() {
  polyrpc::Registry registry;
  registry.add(say_hello, greet);
  registry.add(say_hello_late, polyrpc::blocking([](const HelloRequest& request) {
                 std::this_thread::sleep_for(std::chrono::milliseconds(300));
                 return greet(request);
               }));
  polyrpc::Protocols protocols = polyrpc::standard_protocols();
  protocols.add(polyrpc::grpc::protocol());
  polyrpc::Server server(registry, protocols);
  int connections = 0;
  server.admit([&connections](polyrpc::Context& context) {
    static std::string last;
    if (context.peer().address != last) ++connections, last = context.peer().address;
    return polyrpc::Status();
  });
  const std::string address = server.listen("tcp://127.0.0.1:0").to_string();
  std::thread running([&server] { server.run_without_signals(); });

  const auto client = polyrpc::grpc::dial(address);
  HelloRequest request;
  request.name = "world";
  const polyrpc::Result<HelloReply> reply = client->call(say_hello, request);
  std::printf("%s\n", reply.ok() ? reply->message.c_str() : reply.status().to_string().c_str());

  const polyrpc::Result<HelloReply> refused = client->call(say_hello, HelloRequest());
  std::printf("without a name: %s\n", refused.status().to_string().c_str());

  for (int i = 0; i < 1000; ++i)
    if (!client->call(say_hello, request).ok()) return 1;
  std::printf("1002 calls on %d connection\n", connections);

  polyrpc::CallOptions hurry;
  hurry.timeout = std::chrono::milliseconds(50);
  std::printf("in 50 ms: %s\n", client->call(say_hello_late, request, hurry).status().to_string().c_str());
  hurry.timeout = std::chrono::seconds(5);
  const polyrpc::Result<HelloReply> late = client->call(say_hello_late, request, hurry);
  std::printf("in 5 s: %s\n", late.ok() ? late->message.c_str() : late.status().to_string().c_str());

  server.stop();
  running.join();
  std::vector<polyrpc::protobuf::ProtoMethod> methods;
  for (const polyrpc::MethodEntry* method : registry.methods())
    methods.push_back({method->name, &method->handler->args(), &method->handler->reply(), method->handler->kind()});
  std::printf("the .proto file of all this:\n%s", polyrpc::protobuf::export_proto(methods).files.front().text.c_str());
}
