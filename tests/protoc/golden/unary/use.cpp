#include "in.polyrpc.hpp"

namespace v1 = acme::greeter::v1;

static_assert(v1::Greeter::full_name == "acme.greeter.v1.Greeter");
static_assert(v1::Greeter::methods::SayHello.name == "acme.greeter.v1.Greeter.SayHello");

class Greeter : public v1::Greeter::Service {
 public:
  polyrpc::Status SayHello(polyrpc::Context&, const v1::HelloRequest& request, v1::HelloReply& reply) override {
    reply.set_text("hello " + request.name());
    return {};
  }
};

void serve(polyrpc::Registry& registry, Greeter& service);
void serve(polyrpc::Registry& registry, Greeter& service) { add(registry, service); }

polyrpc::Result<v1::HelloReply> call(polyrpc::Client& client);
polyrpc::Result<v1::HelloReply> call(polyrpc::Client& client) {
  v1::Greeter::Stub greeter(client);
  polyrpc::Pending<v1::HelloReply> pending = greeter.go_Wave(v1::HelloRequest());
  return greeter.SayHello(v1::HelloRequest());
}
