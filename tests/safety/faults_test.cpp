// The transport fails under the server at every operation in turn.

#include "safety/growth.hpp"
#include "safety/services.hpp"
#include "safety/wires.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

namespace {

using namespace polyrpc;
using namespace polyrpc::test;

/// A conversation of calls on every road, sent in pieces, and what is answered to it.
struct Script {
  explicit Script(const Wire& which) : wire(which) {
    Voice voice(wire);
    const std::string first = voice.call("Test.Echo", "hello");
    const std::size_t opening = first.find("\n\n");
    if (!wire.is_post && opening != std::string::npos && first.starts_with("CONNECT"))
      pieces = {first.substr(0, opening + 2), first.substr(opening + 2)};
    else
      pieces = {first};
    // Two calls at once, and one in two pieces.
    pieces.push_back(voice.call("Test.Later", "later") + voice.call("Test.Echo", std::string(200, 'x')));
    const std::string last = voice.call("Test.SlowBig", std::int64_t{300});
    pieces.push_back(last.substr(0, last.size() / 2));
    pieces.push_back(last.substr(last.size() / 2));
    calls = voice.calls();
  }

  /// Says all of it to `server`, whatever happens, and returns what came back until the end.
  std::string play(TurnedServer& server, std::size_t enough) const {
    TurnedPeer peer(server);
    for (const std::string& piece : pieces) peer.send(piece);
    // The last call is served by another thread.
    peer.settle_until([&] { return peer.closed() || peer.received().size() >= enough; });
    peer.finish_sending();
    peer.settle_until([&] { return peer.closed(); });
    return hide_dates(peer.take());
  }
  /// The same without faults: until all calls are answered.
  std::string play(TurnedServer& server) const {
    Voice voice(wire);
    for (std::size_t i = 0; i < calls; ++i) static_cast<void>(voice.call("Test.Echo", ""));
    TurnedPeer peer(server);
    std::string all;
    for (const std::string& piece : pieces) peer.send(piece);
    peer.settle_until([&] {
      const std::string bytes = peer.take();
      all += bytes;
      if (!voice.hear(bytes).ok()) throw std::runtime_error("no answer");
      return voice.answered() == calls;
    });
    return hide_dates(all);
  }

  const Wire& wire;
  std::vector<std::string> pieces;
  std::size_t calls = 0;
};

}  // namespace

TEST_CASE("a server survives a failure at any operation, and says nothing wrong before it", "[faults]") {
  struct Sizes {
    std::size_t buffer;
    std::size_t chunk;
  };
  for (const Wire& wire : wires()) {
    for (const Sizes sizes : {Sizes{64 << 10, 0}, Sizes{61, 17}, Sizes{30, 5}}) {
      for (const MemoryEffect effect : {MemoryEffect::fail, MemoryEffect::close}) {
        CAPTURE(wire.name, sizes.buffer, sizes.chunk, static_cast<int>(effect));
        MemoryOptions memory;
        memory.buffer_bytes = sizes.buffer;
        memory.chunk_bytes = sizes.chunk;
        Services services;
        TurnedServer server(services.registry, standard_protocols(), {}, memory);
        const Script script(wire);
        const std::string right = script.play(server);
        REQUIRE(right.size() > 300);
        REQUIRE(script.play(server, right.size()) == right);
        const std::size_t held = live_bytes();
        MemoryFault fault;
        fault.side = MemorySide::acceptor;
        fault.effect = effect;
        std::size_t cut_short = 0;
        for (;; ++fault.nth) {
          server.network().inject(fault);
          const std::string came = script.play(server, right.size());
          const bool met = server.network().fault_happened();
          server.network().clear_fault();
          CAPTURE(fault.nth);
          REQUIRE(right.starts_with(came));
          if (came.size() < right.size()) ++cut_short;
          // The next one finds everything as it was.
          REQUIRE(script.play(server, right.size()) == right);
          if (!met) break;
        }
        CHECK(fault.nth > 8);
        CHECK(cut_short > 4);
        CHECK(cut_short < fault.nth);
        if (counts_malloc()) CHECK(live_bytes() < held + (64 << 10));
      }
    }
  }
}

TEST_CASE("a server survives connections that fail as they are accepted", "[faults]") {
  Services services;
  TurnedServer server(services.registry, standard_protocols());
  TurnedWitness witness(server);
  REQUIRE(witness.is_answered());
  for (const MemoryEffect effect : {MemoryEffect::fail, MemoryEffect::close}) {
    for (std::size_t nth = 1; nth <= 4; ++nth) {
      server.network().inject({nth, MemoryOperation::accept, MemorySide::acceptor, effect});
      std::size_t ended = 0;
      std::vector<std::unique_ptr<TurnedCaller>> callers;
      for (int i = 0; i < 4; ++i) callers.push_back(std::make_unique<TurnedCaller>(wires()[0], server));
      for (const auto& caller : callers)
        if (!caller->call("Test.Echo", "hello").ok()) ++ended;
      CHECK(ended == 1);
      server.network().clear_fault();
      CHECK(witness.is_answered());
    }
  }
}
