// Peers that read slowly, or not at all, while they ask for much.

#include "safety/growth.hpp"
#include "safety/services.hpp"
#include "safety/wires.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <string>

namespace {

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

constexpr std::int64_t big = 64 << 10;
constexpr std::size_t unsent = 1 << 20;

ServerOptions small_limits() {
  ServerOptions options;
  options.limits.unsent_bytes = unsent;
  options.limits.codec.message_bytes = unsent;
  options.limits.calls_in_flight = 8;
  options.limits.write_time = 200ms;
  return options;
}

MemoryOptions small_buffers() {
  MemoryOptions options;
  options.buffer_bytes = 4096;
  return options;
}

struct Served {
  explicit Served(const ServerOptions& options = small_limits())
      : server(services.registry, standard_protocols(), options, small_buffers()) {}

  bool has_cut() const { return server.log().find("the peer does not read") != std::string::npos; }

  Services services;
  TurnedServer server;
};

/// As many calls as have so many bytes.
std::string calls(const Wire& wire, std::string_view method, std::int64_t argument, std::size_t bytes) {
  Voice voice(wire);
  std::string all;
  while (all.size() < bytes) all += voice.call(method, argument);
  return all;
}

}  // namespace

TEST_CASE("a peer that never reads stops being read, holds little memory, and is cut in the end", "[slow_reader]") {
  for (const char* const method : {"Test.Big", "Test.SlowBig"}) {
    for (const Wire& wire : wires()) {
      CAPTURE(wire.name, method);
      Served served;
      const std::string flood = calls(wire, method, big, 1 << 20);
      TurnedWitness witness(served.server);
      CHECK(witness.is_answered());
      TurnedPeer greedy(served.server);
      greedy.stop_reading();
      const Growth growth;
      greedy.send(flood);
      CHECK(greedy.unsent() > flood.size() / 2);
      CHECK(witness.is_answered());
      greedy.settle_until([&] { return served.has_cut(); });
      // What may wait, the calls under way, and one batch.
      CHECK(served.services.big_calls > 1);
      CHECK(served.services.big_calls <= 16 + 8 + 4);
      CHECK(growth.most() < 8 * unsent);
      greedy.read_again();
      greedy.settle();
      CHECK(greedy.closed());
      CHECK(witness.is_answered());
    }
  }
}

TEST_CASE("a slow reader gets every reply, and others are answered meanwhile", "[slow_reader]") {
  for (const Wire& wire : wires()) {
    CAPTURE(wire.name);
    ServerOptions options = small_limits();
    options.limits.write_time = 0ms;
    options.limits.unsent_bytes = 100'000;
    Served served(options);
    Voice voice(wire);
    std::string rest;
    for (int i = 0; i < 200; ++i) rest += voice.call("Test.Big", 20'000 + i);
    TurnedWitness witness(served.server);
    CHECK(witness.is_answered());
    TurnedPeer slow(served.server);
    slow.stop_reading();
    std::ptrdiff_t most_ahead = 0;
    std::ptrdiff_t taken = 0;
    for (int round = 0; voice.answered() < 200; ++round) {
      REQUIRE_FALSE(slow.closed());
      slow.send(rest);
      rest.erase(0, rest.size() - slow.unsent());
      most_ahead = (std::max)(most_ahead, served.services.big_calls * std::ptrdiff_t{20'000} - taken);
      slow.read(3000);
      const std::string bytes = slow.take();
      taken += static_cast<std::ptrdiff_t>(bytes.size());
      REQUIRE(voice.hear(bytes).ok());
      if (round % 500 == 0) CHECK(witness.is_answered());
    }
    for (std::size_t i = 0; i < 200; ++i) CHECK(voice.outcome(i)->value() == std::string(20'000 + i, 'x'));
    // What may wait, and one batch.
    CHECK(most_ahead < 100'000 + 256 * 1024 + 40'000);
  }
}

TEST_CASE("a reader is not cut for being slow, as long as it takes something", "[slow_reader]") {
  constexpr auto limit = 300ms;
  for (const Wire& wire : wires()) {
    CAPTURE(wire.name);
    // What a machine says that stalls for as long is no answer.
    for (int attempt = 0;; ++attempt) {
      ServerOptions options = small_limits();
      options.limits.write_time = limit;
      Served served(options);
      TurnedPeer slow(served.server);
      slow.stop_reading();
      slow.send(calls(wire, "Test.Big", big, 2000));
      const auto begun = Clock::now();
      auto last = begun;
      Clock::duration longest{};
      while (!served.has_cut() && last - begun < 2 * limit) {
        slow.read(1);
        served.server.io.restart();
        served.server.io.run_one_for(20ms);
        const auto now = Clock::now();
        longest = (std::max)(longest, now - last);
        last = now;
      }
      if (served.has_cut() && longest > limit / 3 && attempt < 5) continue;
      CHECK_FALSE(served.has_cut());
      break;
    }
  }
}

TEST_CASE("a message is not late because nobody read it", "[slow_reader]") {
  constexpr auto limit = 200ms;
  for (const Wire& wire : wires()) {
    CAPTURE(wire.name);
    for (int attempt = 0;; ++attempt) {
      ServerOptions options = small_limits();
      options.limits.write_time = 0ms;
      options.limits.message_time = options.limits.http_header_time = limit;
      Served served(options);
      TurnedPeer slow(served.server);
      slow.stop_reading();
      Voice voice(wire);
      std::string bytes;
      for (int i = 0; i < 40; ++i) bytes += voice.call("Test.Big", big);
      const std::string last = voice.call("Test.Echo", "hello");
      slow.send(bytes + last.substr(0, last.size() / 2));
      REQUIRE(slow.unsent() == 0);
      // It is the server that does not read now.
      const auto begun = Clock::now();
      while (Clock::now() - begun < 2 * limit) {
        served.server.io.restart();
        served.server.io.run_one_for(20ms);
      }
      const auto paused = Clock::now();
      slow.read_again();
      slow.settle();
      slow.send(last.substr(last.size() / 2));
      if (slow.closed() && Clock::now() - paused > limit / 3 && attempt < 5) continue;
      REQUIRE(voice.hear(slow.take()).ok());
      CHECK(voice.answered() == 41);
      break;
    }
  }
}

TEST_CASE("the replies of a batch are together no larger than a message may be", "[slow_reader]") {
  std::string batch = "[";
  for (int i = 0; i < 1000; ++i) {
    if (i != 0) batch += ',';
    batch += R"({"jsonrpc":"2.0","method":"Test.Big","params":[65536],"id":)" + std::to_string(i) + "}";
  }
  batch += "]";
  Served served;
  TurnedPeer raw(served.server);
  {
    const Growth growth;
    raw.send(batch);
    CHECK(growth.most() < 8 * unsent);
  }
  const std::string replies = raw.take();
  CHECK(replies.size() > unsent - 2 * big);
  CHECK(replies.size() < unsent + 1000 * 300);
  CHECK(replies.starts_with(R"([{"jsonrpc":"2.0","id":0,"result":"xxx)"));
  CHECK(replies.find(R"({"jsonrpc":"2.0","id":999,"error":{"code":-32008)") != std::string::npos);
  raw.send(R"({"jsonrpc":"2.0","method":"Test.Echo","params":["on"],"id":1})");
  CHECK(raw.take() == R"({"jsonrpc":"2.0","id":1,"result":"on"})"
                      "\n");

  TurnedPeer post(served.server);
  {
    const Growth growth;
    post.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(batch.size()) + "\r\n\r\n" + batch);
    CHECK(growth.most() < 8 * unsent);
  }
  CHECK(post.take().starts_with("HTTP/1.1 500 "));
}

TEST_CASE("batches that wait for a call hold together no more replies than that", "[slow_reader]") {
  ServerOptions options = small_limits();
  options.limits.calls_in_flight = 100;
  Served served(options);
  std::string batches;
  for (int i = 0; i < 50; ++i) {
    batches += R"([{"jsonrpc":"2.0","method":"Test.Until","params":[""],"id":0})";
    for (int call = 1; call < 5; ++call) {
      batches += R"(,{"jsonrpc":"2.0","method":"Test.Big","params":[65536],"id":)" + std::to_string(call) + "}";
    }
    batches += "]";
  }
  TurnedPeer peer(served.server);
  const Growth growth;
  peer.send(batches);
  CHECK(served.services.until_calls == 50);
  CHECK(growth.most() < 8 * unsent);
}
