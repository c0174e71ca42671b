// Any bytes to a server that speaks everything: which protocol is picked, what is answered and whether the connection
// is closed must not depend on the pieces that they come in, and another client is answered all the same.

#include "door.hpp"
#include "fuzz.hpp"
#include "site.hpp"

namespace {

using namespace polyrpc;
using namespace polyrpc::fuzz;

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint8_t how = data[0];
  const std::string_view bytes = text_of(data + 1, size - 1);
  check_told(how, bytes);

  test::TurnedServer& server = server_of_run([] { return standard_protocols(); });
  const Answers whole = ask(server, [&](auto feed) { feed(bytes); });
  const Answers pieces = ask(server, [&](auto feed) { in_pieces(how, bytes, feed); });
  if (!has_counters(whole)) {
    check_same("other answers in pieces", whole.text, pieces.text);
    check_same("other answers in pieces when the peer has ended", whole.rest, pieces.rest);
    if (whole.closed != pieces.closed) fail("closed at once or in pieces, but not both", whole.text);
  }

  check_another(server);
  return 0;
}
