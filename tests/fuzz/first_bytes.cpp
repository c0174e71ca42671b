// Any bytes to a server that speaks everything: which protocol is picked, what is answered and whether the connection
// is closed must not depend on the pieces that they come in, and another client is answered all the same.

#include "polyrpc/polyrpc.hpp"
#include "polyrpc/transports/http1.hpp"

#include "door.hpp"
#include "fuzz.hpp"
#include "services.hpp"
#include "support/turned_server.hpp"

#include <memory>
#include <utility>

namespace {

using namespace polyrpc;
using namespace polyrpc::fuzz;

constexpr std::size_t sniff_bytes = 64;

ServerOptions small_options() {
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
  Site() : turned(services(), standard_protocols(), small_options()) {
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

/// The server of this run. It is made anew now and then, since it keeps its log.
Site& site() {
  static std::unique_ptr<Site> made;
  static int runs = 0;
  if (runs++ % 5000 == 0) made.reset();
  if (made == nullptr) made = std::make_unique<Site>();
  return *made;
}

const char* to_text(Match match) { return match == Match::yes ? "yes" : match == Match::no ? "no" : "more"; }

/// Which protocol the bytes tell, and by how many of them at most.
void check_told(std::uint8_t how, std::string_view bytes) {
  static const Protocols protocols = standard_protocols();
  const auto tell = [](std::string_view first) {
    const Protocol* protocol = nullptr;
    const Match match = tell_protocol(protocols, as_bytes(first), sniff_bytes, protocol);
    if ((match == Match::yes) != (protocol != nullptr)) fail("no protocol, or one too many", to_text(match));
    if (match == Match::more && first.size() >= sniff_bytes) fail("not told in time", first);
    return std::string(to_text(match)) + (protocol == nullptr ? "" : " " + std::string(protocol->name()));
  };
  std::string in_parts = "more";
  std::size_t there = 0;
  in_pieces(how, bytes, [&](std::string_view piece) {
    there += piece.size();
    in_parts = tell(bytes.substr(0, there));
    return in_parts == "more";
  });
  if (!bytes.empty()) check_same("another protocol in pieces", tell(bytes), in_parts);
}

struct Answers {
  std::string text;
  std::string rest;  // behind the peer's end
  bool closed;
};

std::string comparable(std::string text) {
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
bool has_counters(const Answers& answers) {
  return answers.text.find("<title>Services") != std::string::npos ||
         answers.text.find("{\"draining\":") != std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint8_t how = data[0];
  const std::string_view bytes = text_of(data + 1, size - 1);
  check_told(how, bytes);

  test::TurnedServer& server = site().turned;
  const Answers whole = ask(server, [&](auto feed) { feed(bytes); });
  const Answers pieces = ask(server, [&](auto feed) { in_pieces(how, bytes, feed); });
  if (!has_counters(whole)) {
    check_same("other answers in pieces", whole.text, pieces.text);
    check_same("other answers in pieces when the peer has ended", whole.rest, pieces.rest);
    if (whole.closed != pieces.closed) fail("closed at once or in pieces, but not both", whole.text);
  }

  const Answers other = ask(server, [](auto feed) { feed("{\"method\":\"Arith.Sleep\",\"params\":[5],\"id\":1}"); });
  check_same("another client is not answered", "{\"id\":1,\"result\":5,\"error\":null}\n", other.text);
  return 0;
}
