// Streams that define the same types share what is made of the definitions: nothing of one may be seen in another.

#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/gob_value.hpp"

#include "support/catch.hpp"
#include "support/counted_new.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace polyrpc;

namespace {

struct Args {
  std::int64_t a = 0, b = 0;
};
POLYRPC_DESCRIBE(Args, (a, "A"), (b, "B"));

struct Words {
  std::vector<std::string> words;
};
POLYRPC_DESCRIBE(Words, (words, "Words"));

/// A struct of a type of its own: one field, whose name has `number` in it.
gob::Value numbered(int number) {
  gob::Value::Struct fields;
  fields.name = "T";
  fields.fields.emplace_back("Field" + std::to_string(number), gob::Value{std::int64_t{number + 1}});
  return gob::Value{fields};
}

/// A server's end of a connection, and the client that talks to it.
struct Conversation {
  explicit Conversation(const Codec& codec) : server(codec.server({})), client(codec.client({})) {}

  /// What became of the argument on the server's side.
  template <class T>
  T send(const T& value) {
    RequestHead head;
    head.method = "Some.Method";
    REQUIRE(client->write_request(head, message_ref(value), bytes).ok());
    IncomingRequest request;
    REQUIRE(*server->next_request(bytes, request));
    T received{};
    const Status status = request.body->decode(message_slot(received));
    INFO(status.message());
    REQUIRE(status.ok());
    return received;
  }

  std::unique_ptr<ServerCodec> server;
  std::unique_ptr<ClientCodec> client;
  ByteQueue bytes;
};

}  // namespace

TEST_CASE("definitions are forgotten with the last stream that has them", "[gob]") {
  const auto codec = gob::net_rpc();
  const auto converse = [&] {
    Conversation some(*codec);
    CHECK(some.send(Args{1, 2}).b == 2);
    CHECK(some.send(Words{{"a", "b"}}).words.size() == 2);
  };
  Conversation lasting(*codec);
  lasting.send(Args{1, 2});
  converse();
  const std::size_t before = test::live_bytes();
  for (int i = 0; i < 10; ++i) converse();
  if (test::counts_malloc()) CHECK(test::live_bytes() == before);
  CHECK(lasting.send(Args{3, 4}).a == 3);
}

TEST_CASE("streams that begin alike may go different ways", "[gob]") {
  const auto codec = gob::net_rpc();
  Conversation first(*codec);
  Conversation second(*codec);
  Conversation third(*codec);
  CHECK(first.send(Args{1, 2}).a == 1);
  CHECK(second.send(Args{3, 4}).a == 3);
  CHECK(third.send(Words{{"x"}}).words.front() == "x");
  CHECK(first.send(Words{{"y", "z"}}).words.size() == 2);
  CHECK(second.send(numbered(7)) == numbered(7));
  CHECK(third.send(Args{5, 6}).b == 6);
  CHECK(second.send(Words{{"u"}}).words.front() == "u");
  CHECK(first.send(Args{7, 8}).b == 8);
}

TEST_CASE("a stream may define more types than are worth sharing", "[gob]") {
  const auto codec = gob::net_rpc();
  Conversation first(*codec);
  Conversation second(*codec);
  for (int i = 0; i < 100; ++i) {
    CHECK(first.send(numbered(i)) == numbered(i));
    CHECK(second.send(numbered(i < 50 ? i : 1000 + i)) == numbered(i < 50 ? i : 1000 + i));
    CHECK(first.send(numbered(i / 2)) == numbered(i / 2));
  }
}

TEST_CASE("streams share their definitions between threads", "[gob]") {
  const auto codec = gob::net_rpc();
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const auto server = codec->server({});
        const auto client = codec->client({});
        ByteQueue bytes;
        RequestHead head;
        head.method = "Some.Method";
        const auto send = [&](MessageRef sent, MessageSlot received) {
          IncomingRequest request;
          if (client->write_request(head, sent, bytes).ok() && *server->next_request(bytes, request) &&
              request.body->decode(received).ok())
            ++good;
        };
        Args args;
        Words words;
        gob::Value value;
        send(message_ref(Args{1, i}), message_slot(args));
        send(message_ref(Words{{"w"}}), message_slot(words));
        send(message_ref(numbered(i % 50)), message_slot(value));
        if (args.b == i && words.words.size() == 1 && value == numbered(i % 50)) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 4 * 100 * 4);
}
