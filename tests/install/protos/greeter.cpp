#include <polyrpc/codecs/protobuf.hpp>

#include "acme/greeter.polyrpc_async.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>

class Greeter : public acme::Greeter::Service {
 public:
  polyrpc::Status Greet(polyrpc::Context&, const acme::types::Name& request, acme::Greeting& reply) override {
    reply.set_text("hello " + request.text());
    return {};
  }
};

int main() {
  polyrpc::Registry registry;
  Greeter greeter;
  add(registry, greeter);

  // Served by hand: bytes in, the handler, bytes out.
  const polyrpc::MethodEntry* const greet = registry.find(acme::Greeter::methods::Greet.name);
  acme::types::Name name;
  name.set_text("you");
  acme::Greeting greeting;
  polyrpc::Context context;
  const polyrpc::Status status = greet->handler->call(context, &name, &greeting);
  polyrpc::ByteQueue bytes;
  const polyrpc::Status encoded = polyrpc::protobuf::encode(greeting, bytes);
  if (!status.ok() || !encoded.ok() || bytes.size() != 11) return EXIT_FAILURE;
  std::puts(greeting.text().c_str());
}
