#include "polyrpc/runtime/client.hpp"

#include "stream_peer.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

// Connections that are full, that leave, and that need upkeep.

namespace {

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

using Text = std::string;
constexpr ServerStreaming<Text, Text> list{"List"};
constexpr Bidirectional<Text, Text> echo{"Echo"};
constexpr Bidirectional<Text, Text> hang{"Hang"};

struct Setting {
  explicit Setting(Driver driver, std::string greeting = {}, ClientOptions options = {},
                   std::optional<std::chrono::milliseconds> keepalive = {})
      : peer(network, std::move(greeting)), client(driver, stream_target(network, keepalive), std::move(options)) {}

  MemoryNetwork network;
  StreamPeer peer;
  AnyClient client;
};

Driver any_driver() { return GENERATE(Driver::blocking, Driver::loop); }

bool echoes(BidirectionalCall<Text, Text>& call) { return call.write("x").ok() && call.next() == "x"; }

}  // namespace

TEST_CASE("calls that a connection does not take go to another", "[client][links]") {
  ClientOptions options;
  options.connections = 3;
  Setting setting(any_driver(), "limit 2\n", options);
  CHECK(setting.client->call<Text>("Unary", "the limit is known").ok());
  std::vector<BidirectionalCall<Text, Text>> calls;
  for (int i = 0; i < 6; ++i) {
    calls.push_back(setting.client->open(echo));
    CHECK(echoes(calls.back()));
    CHECK(setting.peer.connections() == static_cast<std::size_t>(i / 2 + 1));
  }
  CHECK(setting.client->state() == ConnectionState::ready);
  // All full: the next one waits in a codec until another has ended.
  auto waiting = setting.client->open(echo);
  CHECK(waiting.write("x").ok());
  for (auto& call : calls) CHECK(call.finish().ok());
  CHECK(waiting.next() == "x");
  CHECK(waiting.finish().ok());
  CHECK(setting.peer.connections() == 3);
  for (int i = 0; i < 6; ++i) CHECK(setting.client->call<Text>("Unary", "x").ok());
  CHECK(setting.peer.connections() == 3);
}

TEST_CASE("a full connection is used when no further one can be had", "[client][links]") {
  Setting setting(any_driver(), "limit 1\n");
  auto first = setting.client->open(echo);
  CHECK(echoes(first));
  setting.network.inject({1, MemoryOperation::dial, MemorySide::dialler, MemoryEffect::fail});
  auto second = setting.client->open(echo);
  CHECK(second.write("x").ok());
  CHECK(first.finish().ok());
  CHECK(second.next() == "x");
  CHECK(second.finish().ok());
  CHECK(setting.peer.connections() == 1);
}

TEST_CASE("a connection that leaves finishes its calls, and new ones go to the next", "[client][links]") {
  Setting setting(any_driver());
  auto old = setting.client->open(echo);
  CHECK(echoes(old));
  // Neither seen on the first connection nor lost.
  auto moved = setting.client->open_bidirectional<Text, Text>("Leave");
  CHECK(moved.headers().get("ahead") == "of-it");
  CHECK(echoes(moved));
  CHECK(setting.peer.connections() == 2);
  CHECK(echoes(old));
  CHECK(setting.client->state() == ConnectionState::ready);
  CHECK(setting.client->call<Text>("Unary", "x").ok());
  CHECK(old.finish().ok());
  CHECK(moved.finish().ok());
  CHECK(setting.peer.connections() == 2);
}

TEST_CASE("a unary call that the server has not begun with is made again", "[client][links]") {
  const Driver driver = any_driver();
  SECTION("elsewhere, because the connection leaves") {
    Setting setting(driver);
    CHECK(setting.client->call<Text>("Leave", "x").value() == "x");
    CHECK(setting.peer.connections() == 2);
  }
  SECTION("here, because this one was refused") {
    Setting setting(driver);
    CHECK(setting.client->call<Text>("Refuse", "x").value() == "x");
    CHECK(setting.peer.connections() == 1);
  }
  SECTION("but not for ever") {
    Setting setting(driver);
    CHECK(setting.client->call<Text>("RefuseAlways", "x").status().message() == "stream: refused");
    setting.peer.await("open", 3);
    CHECK(setting.peer.count("open") == 3);
  }
  SECTION("a streaming one too") {
    Setting setting(driver);
    auto call = setting.client->open_bidirectional<Text, Text>("Refuse");
    CHECK(call.headers().get("ahead") == "of-it");
    CHECK(call.finish().ok());
  }
}

TEST_CASE("many threads see a connection leave", "[client][links]") {
  Setting setting(any_driver());
  Tally tally;
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const char* const name = t == 0 && i == 10 ? "Leave" : "Unary";
        tally(setting.client->call<Text>(name, "x").value() == "x");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(setting.peer.connections() == 2);
  CHECK(tally.wrong() == 0);
}

TEST_CASE("the wire's upkeep is done while a call waits", "[client][links]") {
  Setting setting(any_driver(), {}, {}, 2ms);
  Tally tally;
  auto call = setting.client->open(hang);
  std::thread reader([&] { tally(!call.next()); });
  setting.peer.await("ping", 4);
  setting.peer.release();
  reader.join();
  CHECK(call.finish().ok());
  CHECK(tally.wrong() == 0);
}

TEST_CASE("a peer that answers no ping is given up", "[client][links]") {
  MemoryNetwork network;
  StreamPeer peer(network);
  ClientTarget target = stream_target(network);
  target.codec = std::make_shared<StreamCodec>(10ms, 100ms);
  AnyClient client(any_driver(), target);
  auto call = client->open_bidirectional<Text, Text>("Deaf");
  auto other = client->open(hang);
  CHECK(!call.next());
  CHECK(call.finish().code() == StatusCode::unavailable);
  CHECK(other.finish().message() == "stream: no answer to a ping");
}
