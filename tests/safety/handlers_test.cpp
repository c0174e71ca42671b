// Handlers that throw anything, on every road and every wire.

#include "polyrpc/polyrpc.hpp"
#include "polyrpc/runtime/coroutine.hpp"

#include "safety/wires.hpp"
#include "support/catch.hpp"

#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/system_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace polyrpc;
using namespace polyrpc::test;

struct NoException {
  std::string text = "secret";
};

constexpr std::int64_t kinds = 12;

[[noreturn]] void throw_anything(std::int64_t kind) {
  switch (kind) {
    case 0:
      throw std::runtime_error("secret");
    case 1:
      throw 5;
    case 2:
      throw "secret";
    case 3:
      throw nullptr;
    case 4:
      throw std::string("secret");
    case 5:
      throw StatusError(Status::not_found("secret"));
    case 6:
      throw Status::not_found("secret");
    case 7:
      throw NoException();
    case 8:
      throw asio::system_error(asio::error::operation_aborted, "secret");
    case 9:
      throw std::logic_error(std::string(1 << 20, '\n') + "secret\xff\"\\{}<0>");
    case 10:
      try {
        throw std::runtime_error("secret");
      } catch (...) {
        std::throw_with_nested(std::invalid_argument("secret"));
      }
    default:
      throw std::bad_alloc();
  }
}

Awaitable<std::string> throw_at_once(std::int64_t kind) {
  throw_anything(kind);
  co_return std::string();
}

Awaitable<std::string> throw_later(std::int64_t kind) {
  auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
  throw_anything(kind);
}

struct Throwing {
  Throwing() {
    registry.add("Test.Echo", [](const std::string& text) { return text; });
    registry.add("Test.Plain", [](std::int64_t kind) -> std::string { throw_anything(kind); });
    registry.add("Test.Blocking", blocking([](std::int64_t kind) -> std::string { throw_anything(kind); }));
    registry.add("Test.AtOnce", throw_at_once);
    registry.add("Test.Later", throw_later);
  }
  Registry registry;
};

/// The wires, all of which tell an error's code.
std::vector<Wire> telling_wires() {
  gob::Options options;
  options.extensions = gob::Extensions::always;
  std::vector<Wire> telling = wires();
  for (Wire& wire : telling)
    if (wire.codec->name() == "gob") wire.codec = gob::net_rpc(options);
  return telling;
}

}  // namespace

TEST_CASE("whatever a handler throws is an error of that call, and the next one is answered", "[handlers]") {
  Throwing throwing;
  for (const Wire& wire : telling_wires()) {
    TurnedServer server(throwing.registry, standard_protocols());
    TurnedWitness witness(server);
    TurnedCaller caller(wire, server);
    for (const char* const method : {"Test.Plain", "Test.Blocking", "Test.AtOnce", "Test.Later"}) {
      for (std::int64_t kind = 0; kind < kinds; ++kind) {
        CAPTURE(wire.name, method, kind);
        const Result<std::string> outcome = caller.call(method, kind);
        REQUIRE_FALSE(outcome.ok());
        CHECK(outcome.status().code() == (kind + 1 == kinds ? StatusCode::resource_exhausted : StatusCode::internal));
        CHECK(outcome.status().message().find("secret") == std::string::npos);
        CHECK(outcome.status().origin() == Origin::remote);
        REQUIRE(caller.call("Test.Echo", std::string("on")).value_or("") == "on");
      }
    }
    CHECK(witness.is_answered());
    CHECK_THAT(server.log(), contains("the handler of Test.Later threw secret"));
  }
}

TEST_CASE("calls that throw and calls that do not are told apart when they come together", "[handlers]") {
  Throwing throwing;
  for (const Wire& wire : wires()) {
    CAPTURE(wire.name);
    TurnedServer server(throwing.registry, standard_protocols());
    TurnedCaller caller(wire, server);
    std::string calls;
    constexpr std::size_t count = 200;
    for (std::size_t i = 0; i < count; ++i) {
      static constexpr const char* methods[] = {"Test.Plain", "Test.Blocking", "Test.AtOnce", "Test.Later"};
      calls += i % 2 == 0 ? caller.voice.call("Test.Echo", std::to_string(i))
                          : caller.voice.call(methods[i / 2 % 4], static_cast<std::int64_t>(i) % kinds);
    }
    caller.peer.send(calls);
    caller.peer.settle_until([&] {
      REQUIRE(caller.voice.hear(caller.peer.take()).ok());
      return caller.voice.answered() == count;
    });
    for (std::size_t i = 0; i < count; ++i) {
      const Result<std::string> outcome = caller.voice.outcome(i).value();
      CHECK(outcome.ok() == (i % 2 == 0));
      if (outcome.ok()) CHECK(*outcome == std::to_string(i));
    }
  }
}

TEST_CASE("what a handler throws that nobody waits for is thrown for nobody", "[handlers]") {
  Throwing throwing;
  TurnedServer server(throwing.registry, standard_protocols());
  TurnedPeer peer(server);
  for (const std::string method : {"Plain", "Blocking", "AtOnce", "Later"})
    peer.send(R"({"jsonrpc":"2.0","method":"Test.)" + method + R"(","params":[1]})");
  peer.send(R"({"jsonrpc":"2.0","method":"Test.Echo","params":["on"],"id":1})");
  peer.settle_until([&] {
    const std::string log = server.log();
    std::size_t lines = 0;
    for (std::size_t at = 0; (at = log.find(" threw ", at)) != std::string::npos; ++at) ++lines;
    return lines == 4;
  });
  CHECK(peer.take() == "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"on\"}\n");
}
