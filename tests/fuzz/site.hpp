#pragma once

#include "polyrpc/polyrpc.hpp"
#include "polyrpc/transports/http1.hpp"

#include "fuzz.hpp"
#include "services.hpp"
#include "support/turned_server.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

/// A whole server with narrow limits, and what it says to a peer.
namespace polyrpc::fuzz {

inline constexpr std::size_t sniff_bytes = 64;

inline ServerOptions small_options() {
  ServerOptions options;
  options.limits.sniff_bytes = sniff_bytes;
  options.limits.http_header_bytes = 500;
  options.limits.http_target_bytes = 100;
  options.limits.http_headers = 20;
  CodecLimits& limits = options.limits.codec;
  limits.message_bytes = 600;
  limits.depth = 30;
  limits.elements = 100;
  limits.batch = 5;
  limits.types = 16;
  limits.type_fields = 20;
  limits.type_bytes = 600;
  limits.name_bytes = 40;
  limits.metadata_bytes = 200;
  return options;
}

struct Site {
  explicit Site(Protocols protocols) : turned(services(), std::move(protocols), small_options()) {
    // Whether a deadline has passed depends on the time a run takes.
    turned.server().admit([](Context& context) {
      return context.deadline() ? Status::failed_precondition("no deadlines here") : Status();
    });
  }

  static const Registry& services() {
    static Registry registry;
    static const bool filled = [] {
      add_services(registry);
      return true;
    }();
    static_cast<void>(filled);
    return registry;
  }

  test::TurnedServer turned;
};

/// The server of this run, with what `protocols()` returns. It is made anew now and then, since it keeps its log.
inline test::TurnedServer& server_of_run(Protocols (*protocols)()) {
  static std::unique_ptr<Site> made;
  static int runs = 0;
  if (runs++ % 5000 == 0) made.reset();
  if (made == nullptr) made = std::make_unique<Site>(protocols());
  return made->turned;
}

struct Answers {
  std::string text;
  std::string rest;  // behind the peer's end
  bool closed;
};

inline std::string comparable(std::string text) {
  for (std::size_t at = 0; (at = text.find("\r\nDate: ", at)) != std::string::npos;)
    text.erase(at, text.find("\r\n", at + 2) - at);
  // Whether 100 is sent depends on what has come.
  constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
  for (std::size_t at = 0; (at = text.find(interim, at)) != std::string::npos;) text.erase(at, interim.size());
  return text;
}

template <class FeedAll>
Answers ask(test::TurnedServer& server, FeedAll feed_all) {
  test::TurnedPeer peer(server);
  feed_all([&](std::string_view piece) {
    peer.send(piece);
    return !peer.closed();
  });
  Answers answers{comparable(peer.take()), {}, peer.closed()};
  peer.finish_sending();
  answers.rest = comparable(peer.take());
  if (!peer.closed()) fail("the connection stays when its peer has ended", answers.text + answers.rest);
  return answers;
}

/// What the page with the counters says changes from call to call.
inline bool has_counters(const Answers& answers) {
  return answers.text.find("<title>Services") != std::string::npos ||
         answers.text.find("{\"draining\":") != std::string::npos;
}

/// Fails unless a client of another protocol is served.
inline void check_another(test::TurnedServer& server) {
  const Answers other = ask(server, [](auto feed) { feed("{\"method\":\"Arith.Sleep\",\"params\":[5],\"id\":1}"); });
  check_same("another client is not answered", "{\"id\":1,\"result\":5,\"error\":null}\n", other.text);
}

}  // namespace polyrpc::fuzz
