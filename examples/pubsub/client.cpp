// pubsub_client ADDRESS subscribe TOPIC COUNT    prints so many messages
// pubsub_client ADDRESS publish TOPIC TEXT...
// pubsub_client ADDRESS demo                     two subscribers and a publisher

#include <polyrpc/grpc/client.hpp>

#include "pubsub.polyrpc.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace pubsub::v1;

namespace {

int subscribe(PubSub::Stub& stub, const std::string& topic, int count, const std::string& who) {
  SubscribeRequest request;
  request.set_topic(topic);
  auto messages = stub.Subscribe(request);
  Message message;
  while (count > 0 && messages.read(message)) {
    if (message.payload().empty()) continue;
    std::printf("%s%s: %s\n", who.c_str(), message.topic().c_str(), message.payload().c_str());
    std::fflush(stdout);
    --count;
  }
  if (count == 0) return 0;
  std::fprintf(stderr, "subscribe: %s\n", messages.finish().to_string().c_str());
  return 1;
}

int publish(PubSub::Stub& stub, const std::string& topic, const std::vector<std::string>& texts) {
  auto publishing = stub.Publish();
  for (const std::string& text : texts) {
    Message message;
    message.set_topic(topic);
    message.set_payload(text);
    if (const polyrpc::Status sent = publishing.write(message); !sent.ok()) break;
  }
  const polyrpc::Result<PublishReply> reply = publishing.finish();
  if (!reply.ok()) {
    std::fprintf(stderr, "publish: %s\n", reply.status().to_string().c_str());
    return 1;
  }
  std::printf("published %lld, delivered %lld\n", static_cast<long long>(reply->messages()),
              static_cast<long long>(reply->deliveries()));
  return 0;
}

int demo(PubSub::Stub& stub) {
  SubscribeRequest request;
  request.set_topic("news");
  auto first = stub.Subscribe(request);
  auto second = stub.Subscribe(request);
  Message message;
  if (!first.read(message) || !second.read(message)) {
    std::fprintf(stderr, "subscribe: %s\n", first.finish().to_string().c_str());
    return 1;
  }
  if (publish(stub, "news", {"the sun rises", "the sun sets"}) != 0) return 1;
  publish(stub, "weather", {"nobody hears this"});
  for (auto* subscriber : {&first, &second})
    for (int i = 0; i < 2 && subscriber->read(message); ++i)
      std::printf("%s hears: %s\n", subscriber == &first ? "one" : "two", message.payload().c_str());
  publish(stub, "", {"no topic"});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 2) {
    std::fprintf(stderr, "pubsub_client ADDRESS subscribe TOPIC COUNT | publish TOPIC TEXT... | demo\n");
    return 2;
  }
  const auto client = polyrpc::grpc::dial(arguments[0]);
  PubSub::Stub stub(*client);
  if (arguments[1] == "demo") return demo(stub);
  if (arguments[1] == "subscribe" && arguments.size() == 4)
    return subscribe(stub, arguments[2], std::atoi(arguments[3].c_str()), "");
  if (arguments[1] == "publish" && arguments.size() > 3)
    return publish(stub, arguments[2], {arguments.begin() + 3, arguments.end()});
  std::fprintf(stderr, "pubsub_client ADDRESS subscribe TOPIC COUNT | publish TOPIC TEXT... | demo\n");
  return 2;
}
