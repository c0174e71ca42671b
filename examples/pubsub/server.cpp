// Publish and subscribe over gRPC streams. See README.md.

#include <polyrpc/grpc/server.hpp>
#include <polyrpc/polyrpc.hpp>

#include "broker.hpp"
#include "pubsub.polyrpc_async.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>

using namespace pubsub::v1;
using polyrpc::Awaitable;
using polyrpc::Context;
using polyrpc::Status;

class PubSubService final : public PubSub::Service {
 public:
  explicit PubSubService(Broker& broker) : broker_(broker) {}

  Awaitable<Status> Publish(Context&, polyrpc::Reader<Message>& messages, PublishReply& reply) override {
    Message message;
    while (co_await messages.read(message)) {
      if (message.topic().empty()) co_return Status::invalid_argument("a message has a topic");
      polyrpc::Result<long long> sent = co_await broker_.publish(message.topic(), message.payload());
      if (!sent.ok()) co_return sent.status();
      reply.set_messages(reply.messages() + 1);
      reply.set_deliveries(reply.deliveries() + *sent);
      message.Clear();
    }
    co_return messages.status();
  }

  Awaitable<Status> Subscribe(Context&, const SubscribeRequest& request, polyrpc::Writer<Message>& out) override {
    if (request.topic().empty()) co_return Status::invalid_argument("a subscription has a topic");
    polyrpc::Result<std::unique_ptr<Subscription>> subscription = co_await broker_.subscribe(request.topic());
    if (!subscription.ok()) co_return subscription.status();
    Message message;
    message.set_topic(request.topic());
    Status status = co_await out.write(message);  // empty: nothing is missed from now on
    std::string payload;
    while (status.ok()) {
      status = co_await (*subscription)->next(payload);
      if (!status.ok()) break;
      message.set_payload(payload);
      status = co_await out.write(message);
    }
    co_return status;
  }

 private:
  Broker& broker_;
};

int main(int argc, char** argv) try {
  const char* redis = std::getenv("REDIS_URL");
  const std::unique_ptr<Broker> broker = redis != nullptr && *redis != '\0' ? redis_broker(redis) : local_broker();
  PubSubService service(*broker);
  polyrpc::Registry registry;
  add(registry, service);
  polyrpc::Protocols protocols = polyrpc::standard_protocols();
  protocols.add(polyrpc::grpc::protocol());
  polyrpc::Server server(registry, protocols);
  const std::string where = server.listen(argc > 1 ? argv[1] : "tcp://127.0.0.1:50052").to_string();
  std::printf("listening on %s, broker: %s\n", where.c_str(),
              redis != nullptr && *redis != '\0' ? redis : "in this process");
  std::fflush(stdout);
  server.run();
} catch (const std::exception& failure) {
  std::fprintf(stderr, "%s\n", failure.what());
  return 1;
}
