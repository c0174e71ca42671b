#include "polyrpc/runtime/server.hpp"

#include "polyrpc/codecs/json.hpp"

#include "support/catch.hpp"
#include "support/raw_peer.hpp"
#include "support/running_server.hpp"
#include "support/services.hpp"

#include <asio/io_context.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace {

using namespace polyrpc;
using test::RawPeer;
using test::RunningServer;

Protocols json_only() {
  Protocols protocols;
  protocols.transports = standard_transports();
  protocols.add(codec_protocol(json::rpc()));
  return protocols;
}

struct Services : test::BasicServices {
  Services() {
    registry.add("Test.Throw", [](const std::string& text) -> std::string { throw std::runtime_error(text); });
  }
};

std::string call(const std::string& method, const std::string& param, int id) {
  return R"({"method":")" + method + R"(","params":[)" + param + R"(],"id":)" + std::to_string(id) + "}";
}
std::string answer(int id, const std::string& result) {
  return R"({"id":)" + std::to_string(id) + R"(,"result":)" + result + R"(,"error":null})" + "\n";
}

}  // namespace

TEST_CASE("calls are answered in one connection, as many as come", "[server]") {
  Services services;
  RunningServer server(services.registry, json_only());
  RawPeer peer(server.address());
  std::string calls, answers;
  for (int i = 0; i < 5000; ++i) {
    calls += call("Test.Echo", "\"" + std::to_string(i) + "\"", i);
    answers += answer(i, "\"" + std::to_string(i) + "\"");
  }
  peer.send(calls);
  CHECK(peer.exactly(answers.size()) == answers);
}

TEST_CASE("a peer that has stopped sending still gets all its answers, then the end", "[server]") {
  Services services;
  RunningServer server(services.registry, json_only());
  RawPeer peer(server.address());
  peer.send(call("Test.Gate", "\"slow\"", 1) + call("Test.Echo", "\"fast\"", 2));
  peer.finish_sending();
  CHECK(peer.line() == answer(2, "\"fast\""));
  services.gate.open();
  CHECK(peer.rest() == answer(1, "\"slow\""));
}

TEST_CASE("an exception is internal to its caller, goes to the log, and harms nobody else", "[server]") {
  Services services;
  std::mutex mutex;
  std::string logged;
  ServerOptions options;
  options.log = [&](LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    logged += line;
  };
  RunningServer server(services.registry, json_only(), options);
  RawPeer peer(server.address());
  peer.send(call("Test.Throw", "\"the secret\"", 1) + call("Test.Echo", "\"on\"", 2));
  const std::string failed = peer.line();
  CHECK_THAT(failed, test::contains("the handler failed"));
  CHECK_THAT(failed, !test::contains("secret"));
  CHECK(peer.line() == answer(2, "\"on\""));
  const std::lock_guard lock(mutex);
  CHECK_THAT(logged, test::contains("the secret"));
}

TEST_CASE("bytes of no protocol end their connection and no other", "[server]") {
  Services services;
  RunningServer server(services.registry, json_only());
  RawPeer good(server.address());
  for (const std::string_view garbage : {"garbage", "\x16\x03\x01", "\xff\xff\xff\xff", "PRI * HTTP/2.0\r\n\r\n"}) {
    RawPeer bad(server.address());
    bad.send(garbage);
    CHECK(bad.rest().empty());
  }
  RawPeer broken(server.address());
  broken.send(call("Test.Echo", "\"a\"", 1) + "}{");
  CHECK(broken.rest() == answer(1, "\"a\""));
  good.send(call("Test.Echo", "\"b\"", 2));
  CHECK(good.line() == answer(2, "\"b\""));
}

TEST_CASE("a peer that says nothing is cut when the time to tell its protocol is over", "[server]") {
  Services services;
  ServerOptions options;
  options.limits.sniff_time = std::chrono::milliseconds(50);
  RunningServer server(services.registry, json_only(), options);
  RawPeer silent(server.address());
  CHECK(silent.rest().empty());
}

TEST_CASE("a message that never ends is cut when its time is over", "[server]") {
  Services services;
  ServerOptions options;
  options.limits.message_time = std::chrono::milliseconds(50);
  RunningServer server(services.registry, json_only(), options);
  RawPeer half(server.address());
  half.send(R"({"method":"Test.)");
  CHECK(half.rest().empty());
}

TEST_CASE("an idle connection is closed only if a limit says so", "[server]") {
  Services services;
  ServerOptions options;
  options.limits.idle_time = std::chrono::milliseconds(50);
  RunningServer server(services.registry, json_only(), options);
  RawPeer idle(server.address());
  idle.send(call("Test.Echo", "\"a\"", 1));
  CHECK(idle.rest() == answer(1, "\"a\""));
}

TEST_CASE("a peer that never reads stops being read, and is cut in the end", "[server]") {
  Services services;
  ServerOptions options;
  options.limits.unsent_bytes = 1 << 20;
  options.limits.write_time = std::chrono::milliseconds(200);
  RunningServer server(services.registry, json_only(), options);
  RawPeer greedy(server.address());
  // Each call asks for 64 KiB and none is ever read: the server takes a bounded number of them.
  const std::string ask = call("Test.Big", "65536", 1);
  std::string asks;
  for (int i = 0; i < 1000; ++i) asks += ask;
  greedy.send_some(asks);
  bool cut = false;
  const auto end = Clock::now() + std::chrono::seconds(60);
  while (!cut && Clock::now() < end) {
    RawPeer other(server.address());
    other.send(call("Test.Echo", "\"meanwhile\"", 2));
    REQUIRE(other.line() == answer(2, "\"meanwhile\""));
    cut = !greedy.try_send(" ");
  }
  CHECK(cut);
}

TEST_CASE("too many calls in flight stop a connection from being read until some have ended", "[server]") {
  Services services;
  ServerOptions options;
  options.limits.calls_in_flight = 2;
  RunningServer server(services.registry, json_only(), options);
  RawPeer peer(server.address());
  peer.send(call("Test.Gate", "\"1\"", 1) + call("Test.Gate", "\"2\"", 2) + call("Test.Echo", "\"3\"", 3));
  services.gate.await(2);
  RawPeer other(server.address());
  other.send(call("Test.Echo", "\"other\"", 9));
  CHECK(other.line() == answer(9, "\"other\""));
  services.gate.open();
  // The third one is read as soon as one of the first two has ended.
  std::vector<std::string> answers = {peer.line(), peer.line(), peer.line()};
  std::sort(answers.begin(), answers.end());
  CHECK(answers == std::vector<std::string>{answer(1, "\"1\""), answer(2, "\"2\""), answer(3, "\"3\"")});
}

TEST_CASE("more connections than the limit are closed at once", "[server]") {
  Services services;
  ServerOptions options;
  options.limits.connections = 2;
  RunningServer server(services.registry, json_only(), options);
  RawPeer first(server.address());
  first.send(call("Test.Echo", "\"a\"", 1));
  CHECK(first.line() == answer(1, "\"a\""));
  RawPeer second(server.address());
  second.send(call("Test.Echo", "\"b\"", 2));
  CHECK(second.line() == answer(2, "\"b\""));
  RawPeer third(server.address());
  CHECK(third.rest().empty());
}

TEST_CASE("shutting down refuses new calls with unavailable, finishes those under way, and lets run return",
          "[server]") {
  Services services;
  RunningServer server(services.registry, json_only());
  RawPeer peer(server.address());
  peer.send(call("Test.Gate", "\"under way\"", 1));
  services.gate.await(1);
  std::atomic<bool> finished = false;
  server.server().shutdown([&] { finished = true; });
  // The refusal shows that the server has begun to shut down; the first echoes may still be served.
  std::string refused;
  for (int id = 2; refused.empty(); ++id) {
    peer.send(call("Test.Echo", "\"new\"", id));
    if (const std::string line = peer.line(); line != answer(id, "\"new\"")) refused = line;
  }
  CHECK_THAT(refused, test::contains("shutting down"));
  CHECK_FALSE(finished);
  services.gate.open();
  CHECK(peer.rest() == answer(1, "\"under way\""));
  server.join();
  CHECK(finished);
  CHECK_FALSE(server.server().try_listen("tcp://127.0.0.1:0").ok());
}

TEST_CASE("what does not finish in the drain time is cut", "[server]") {
  Services services;
  RunningServer server(services.registry, json_only());
  RawPeer peer(server.address());
  peer.send(call("Test.Gate", "\"for ever\"", 1));
  services.gate.await(1);
  server.server().shutdown(std::chrono::milliseconds(30));
  CHECK(peer.rest().empty());
  server.join();
  services.gate.open();
}

TEST_CASE("a server ends with calls in flight", "[server]") {
  Services services;
  {
    RunningServer server(services.registry, json_only());
    RawPeer peer(server.address());
    peer.send(call("Test.Gate", "\"a\"", 1) + call("Test.Gate", "\"b\"", 2));
    services.gate.await(2);
  }
  services.gate.open();
}

TEST_CASE("an address that can't be had is an error that says which and why", "[server]") {
  Services services;
  RunningServer server(services.registry, json_only());
  Server other(services.registry, json_only());
  const auto taken = other.try_listen(server.address());
  CHECK(taken.status().code() == StatusCode::unavailable);
  CHECK_THAT(taken.status().message(), test::contains(server.address().substr(6)));
  CHECK_THAT(taken.status().message(), test::contains("in use"));
  CHECK_THROWS_AS(other.listen(server.address()), StatusError);
  for (const char* bad : {"", "127.0.0.1:80", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:99999", "ftp://127.0.0.1:1",
                          "tcp://127.0.0.1:x"}) {
    INFO(bad);
    const auto refused = other.try_listen(bad);
    CHECK(refused.status().code() == StatusCode::invalid_argument);
    CHECK_THAT(refused.status().message(), test::contains(bad));
  }
  CHECK_THAT(other.try_listen("http://127.0.0.1:0").status().message(),
             test::ends_with("HTTP is served on tcp:// addresses"));
}

TEST_CASE("a server on the caller's io_context serves there and takes no thread", "[server]") {
  Services services;
  asio::io_context context;
  Server server(context, services.registry, json_only());
  const Endpoint endpoint = server.listen("tcp://127.0.0.1:0");
  std::thread client([&] {
    RawPeer peer(endpoint.to_string());
    peer.send(call("Test.Echo", "\"embedded\"", 1));
    CHECK(peer.line() == answer(1, "\"embedded\""));
    server.shutdown();
  });
  context.run();  // returns, because after the shutdown nothing is left to do
  client.join();
  CHECK_THROWS_AS(server.run(), std::logic_error);
}

TEST_CASE("several threads serve", "[server]") {
  Services services;
  RunningServer server(services.registry, json_only(), {}, 3);
  std::vector<std::thread> clients;
  std::atomic<int> wrong = 0;
  for (int c = 0; c < 6; ++c) {
    clients.emplace_back([&, c] {
      RawPeer peer(server.address());
      for (int i = 0; i < 200; ++i) {
        peer.send(call("Test.Echo", "\"" + std::to_string(c * 1000 + i) + "\"", i));
        if (peer.line() != answer(i, "\"" + std::to_string(c * 1000 + i) + "\"")) ++wrong;
      }
    });
  }
  for (auto& client : clients) client.join();
  CHECK(wrong == 0);
  std::uint64_t calls = 0;
  for (const MethodStats& stats : server.server().core()->stats()) calls += stats.calls;
  CHECK(calls == 1200);
}

TEST_CASE("threads take connections in turn, and serve all calls of one", "[server]") {
  Services services;
  services.registry.add("Test.Thread", [](int) {
    static thread_local const char here = 0;
    return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&here));
  });
  RunningServer server(services.registry, json_only(), {}, 2);
  std::vector<std::unique_ptr<RawPeer>> peers;
  std::map<std::string, int> connections_of;
  for (int i = 0; i < 8; ++i) {
    RawPeer& peer = *peers.emplace_back(std::make_unique<RawPeer>(server.address()));
    peer.send(call("Test.Thread", "0", 1));
    const std::string thread = peer.line();
    ++connections_of[thread];
    for (int again = 0; again < 20; ++again) {
      peer.send(call("Test.Thread", "0", 1));
      CHECK(peer.line() == thread);
    }
  }
  REQUIRE(connections_of.size() == 2);
  CHECK(connections_of.begin()->second == 4);
}

TEST_CASE("a signal drains the server", "[server]") {
  Services services;
  Server server(services.registry, json_only());
  const Endpoint endpoint = server.listen("tcp://127.0.0.1:0");
  std::thread thread([&] { server.run(); });
  RawPeer peer(endpoint.to_string());
  peer.send(call("Test.Echo", "\"a\"", 1));
  CHECK(peer.line() == answer(1, "\"a\""));
  CHECK(std::raise(SIGTERM) == 0);
  CHECK(peer.rest().empty());
  thread.join();
}

TEST_CASE("a method can't be added after a server has started", "[server]") {
  Services services;
  RunningServer server(services.registry, json_only());
  CHECK_THROWS_AS(services.registry.add("Test.Late", [](int) { return 1; }), std::logic_error);
}
