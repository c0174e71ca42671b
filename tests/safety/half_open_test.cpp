// Peers that stop half-way: that send no more, vanish, or stall.

#include "safety/services.hpp"
#include "safety/sockets.hpp"
#include "safety/wires.hpp"
#include "support/catch.hpp"
#include "support/running_server.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

struct Served {
  explicit Served(const Limits& limits = {}) : server(services.registry, standard_protocols(), with(limits)) {}
  const std::string& address() const noexcept { return server.address(); }

  Services services;
  RunningServer server;

 private:
  static ServerOptions with(const Limits& limits) {
    ServerOptions options;
    options.limits = limits;
    return options;
  }
};

}  // namespace

TEST_CASE("a peer that sends no more gets all its replies, then the end", "[half_open]") {
  for (const Wire& wire : wires()) {
    CAPTURE(wire.name);
    Served served;
    Caller caller(wire, served.address());
    std::string calls;
    for (int i = 0; i < 100; ++i) calls += caller.voice.call(i % 2 == 0 ? "Test.Echo" : "Test.Later", "hello");
    // Where closing cancels what is under way there is nothing to wait for behind the last call.
    if (!wire.is_post) calls += caller.voice.call("Test.Gate", "slow");
    caller.peer.send(calls);
    for (std::size_t i = 0; i < 100; ++i) REQUIRE(caller.outcome(i).value() == "hello");
    caller.peer.finish_sending();
    if (!wire.is_post) {
      served.services.gate.await(1);
      served.services.gate.open();
      CHECK(caller.outcome(100).value() == "slow");
    }
    CHECK(caller.peer.rest().empty());
  }
}

TEST_CASE("calls that arrive together with the end are answered, but for one under way by POST", "[half_open]") {
  for (const Wire& wire : wires()) {
    CAPTURE(wire.name);
    Served served;
    Caller caller(wire, served.address());
    std::string calls;
    for (int i = 0; i < 10; ++i) calls += caller.voice.call("Test.Echo", "hello");
    if (wire.is_post) calls += caller.voice.call("Test.Until", "never");
    caller.peer.send(calls);
    caller.peer.finish_sending();
    for (std::size_t i = 0; i < 10; ++i) CHECK(caller.outcome(i).value() == "hello");
    CHECK(caller.peer.rest().empty());
    if (wire.is_post) served.services.until_cancelled.await(1);
  }
}

TEST_CASE("a peer that vanishes in the middle of a request, a call or a reply leaves nothing behind", "[half_open]") {
  Served served;
  const std::uint16_t port = port_of(served.address());
  Witness witness(served.address());
  REQUIRE(witness.is_answered());
  const int descriptors = open_descriptors();
  int under_way = 0;
  for (const Wire& wire : wires()) {
    CAPTURE(wire.name);
    Voice voice(wire);
    const std::string request = voice.call("Test.Echo", std::string(300, 'x'));
    for (std::size_t size = 0; size < request.size(); size += 7) {
      PlainSocket socket(port);
      REQUIRE(socket.send(std::string_view(request).substr(0, size)));
      socket.reset();
    }
    for (int i = 0; i < 20; ++i) {
      Voice waiting(wire);
      PlainSocket socket(port);
      REQUIRE(socket.send(waiting.call("Test.Until", "never")));
      ++under_way;
      while (served.services.until_calls < under_way) std::this_thread::yield();
      socket.reset();
    }
    for (int i = 0; i < 20; ++i) {
      Voice greedy(wire);
      PlainSocket socket(port);
      std::string calls;
      for (int call = 0; call < 4; ++call) calls += greedy.call("Test.Big", std::int64_t{1} << 20);
      REQUIRE(socket.send(calls));
      CHECK(socket.receive(1000).size() == 1000);
      socket.reset();
    }
    CHECK(witness.is_answered());
  }
  served.services.until_cancelled.await(under_way);
  // The witness's own come and go.
  const auto give_up = Clock::now() + 60s;
  while (open_descriptors() > descriptors + 10 && Clock::now() < give_up) CHECK(witness.is_answered());
  CHECK(open_descriptors() <= descriptors + 10);
}

// ---- limits on time ----

namespace {

/// How many of the first bytes do not yet tell the protocol.
std::size_t undecided_bytes(const std::string& request) {
  const Protocols protocols = standard_protocols();
  std::size_t size = 0;
  const auto is_told = [&] {
    for (const auto& protocol : protocols.list)
      if (protocol->matches(as_bytes(std::string_view(request).substr(0, size))) == Match::yes) return true;
    return false;
  };
  while (!is_told()) ++size;
  return size - 1;
}

/// A connection on which a call has been answered. Where time is short a slow machine may need another one.
std::unique_ptr<Caller> answered(const Wire& wire, const std::string& address) {
  for (int attempt = 0;; ++attempt) {
    auto caller = std::make_unique<Caller>(wire, address);
    const Result<std::string> reply = caller->call("Test.Echo", "hello");
    if (reply.ok()) return caller;
    if (attempt == 10) throw StatusError(reply.status());
  }
}

/// Expects that connections which send one of `beginnings` each and then nothing end, with `farewell` in what comes.
void check_cut(Served& served, const std::vector<std::string>& beginnings, std::string_view farewell = "") {
  std::vector<std::unique_ptr<Caller>> others;
  for (const Wire& wire : wires()) others.push_back(answered(wire, served.address()));
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (const std::string& bytes : beginnings) {
    peers.push_back(std::make_unique<RawPeer>(served.address()));
    peers.back()->send(bytes);
  }
  for (std::size_t i = 0; i < peers.size(); ++i) {
    CAPTURE(beginnings[i]);
    const std::string rest = peers[i]->rest();
    CHECK_THAT(rest, contains(std::string(farewell)));
    if (farewell.empty()) CHECK(rest.empty());
  }
  for (const auto& other : others) CHECK(other->call("Test.Echo", "still here").ok());
  for (const Wire& wire : wires()) answered(wire, served.address());
}

std::vector<std::string> prefixes(const std::string& text, std::size_t from, std::size_t to) {
  std::vector<std::string> made;
  for (std::size_t size = from; size < to; ++size) made.push_back(text.substr(0, size));
  return made;
}

}  // namespace

TEST_CASE("a peer that does not tell its protocol is cut when its time is over", "[half_open]") {
  Limits limits;
  limits.sniff_time = 50ms;
  Served served(limits);
  for (const Wire& wire : wires()) {
    CAPTURE(wire.name);
    Voice voice(wire);
    const std::string request = voice.call("Test.Echo", "hello");
    const std::size_t undecided = undecided_bytes(request);
    CHECK(undecided > 0);
    check_cut(served, prefixes(request, 0, undecided + 1));
  }
}

TEST_CASE("a peer that stalls within a message is cut when its time is over", "[half_open]") {
  Limits limits;
  limits.message_time = 50ms;
  limits.http_header_time = 50ms;
  Served served(limits);
  for (const Wire& wire : wires()) {
    CAPTURE(wire.name);
    Voice voice(wire);
    std::string request = voice.call("Test.Echo", "hello");
    if (wire.name == "JSON-RPC") request.pop_back();  // the end of the line is not needed
    // Behind CONNECT an answer comes first.
    std::string opening;
    if (const std::size_t end = request.find("\n\n"); request.starts_with("CONNECT"))
      opening = request.substr(0, end + 2);
    const std::size_t told = (std::max)(opening.size(), undecided_bytes(request)) + 1;
    if (opening.empty())
      check_cut(served, prefixes(request, told, request.size()), wire.is_post ? "HTTP/1.1 408 Request Timeout" : "");
    else
      check_cut(served, prefixes(request, told, request.size()), "200 Connected to Go RPC");
    if (!opening.empty()) {
      check_cut(served, prefixes(opening, undecided_bytes(request) + 1, opening.size()), "408 Request Timeout");
    }
    // In a later message too.
    const auto caller = answered(wire, served.address());
    const std::string next = caller->voice.call("Test.Echo", "again");
    caller->peer.send(next.substr(0, next.size() / 2));
    const std::string rest = caller->peer.rest();
    CHECK(rest.empty() != wire.is_post);
    CHECK(rest.find("hello") == std::string::npos);
  }
}

TEST_CASE("an idle connection is cut when its time is over, but not with a call under way", "[half_open]") {
  Limits limits;
  limits.idle_time = 50ms;
  for (const Wire& wire : wires()) {
    CAPTURE(wire.name);
    Served served(limits);
    const auto busy = answered(wire, served.address());
    busy->start("Test.Gate", "slow");
    served.services.gate.await(1);
    CHECK(answered(wire, served.address())->peer.rest().empty());
    CHECK(answered(wire, served.address())->peer.rest().empty());
    // Twice that time has passed.
    served.services.gate.open();
    CHECK(busy->outcome(1).value() == "slow");
    CHECK(busy->peer.rest().empty());
  }
}

TEST_CASE("a message is not late because others came before it", "[half_open]") {
  constexpr auto limit = 500ms;
  Limits limits;
  limits.message_time = limit;
  limits.http_header_time = limit;
  for (const Wire& wire : wires()) {
    CAPTURE(wire.name);
    Served served(limits);
    // Each packet is the end of a call and the beginning of the next, for much longer than one may take. What a machine
    // says that stalls for as long is no answer.
    for (int attempt = 0;; ++attempt) {
      Caller caller(wire, served.address());
      CHECK(caller.call("Test.Echo", "hello").ok());
      std::string next = caller.voice.call("Test.Echo", "hello");
      caller.peer.send(next.substr(0, next.size() / 2));
      const auto begun = Clock::now();
      auto last = begun;
      Clock::duration longest{};
      bool good = true;
      while (good && last - begun < 2 * limit) {
        const std::string rest = next.substr(next.size() / 2);
        next = caller.voice.call("Test.Echo", "hello");
        caller.peer.send(rest + next.substr(0, next.size() / 2));
        good = caller.outcome(caller.voice.calls() - 2).ok();
        const auto now = Clock::now();
        longest = (std::max)(longest, now - last);
        last = now;
      }
      if (!good && longest > limit / 3 && attempt < 5) continue;
      CHECK(good);
      break;
    }
  }
}
