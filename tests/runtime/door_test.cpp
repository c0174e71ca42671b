#include "polyrpc/runtime/protocol.hpp"

#include "support/catch.hpp"
#include "support/turned_server.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace polyrpc;
using test::TurnedPeer;
using test::TurnedServer;

/// Says a name and hangs up.
class Greeting final : public ServedConnection {
 public:
  Greeting(std::unique_ptr<Connection> connection, std::string_view name, ServerHost& host)
      : connection_(std::move(connection)), name_(name), host_(host) {}

  void start() override {
    CHECK(connection_->write_some(as_bytes(name_)).bytes == name_.size());
    close();
    host_.ended(*this);
  }
  void drain() override {}
  void close() override { connection_->close(); }

 private:
  std::unique_ptr<Connection> connection_;
  std::string_view name_;
  ServerHost& host_;
};

/// Known by the text that its connections begin with.
class Beginning final : public Protocol {
 public:
  Beginning(std::string name, std::string beginning) : name_(std::move(name)), beginning_(std::move(beginning)) {}

  std::string_view name() const noexcept override { return name_; }
  Match matches(std::span<const std::byte> first_bytes) const noexcept override {
    const std::string_view text = as_text(first_bytes);
    if (text.starts_with(beginning_)) return Match::yes;
    return beginning_.starts_with(text) ? Match::more : Match::no;
  }
  std::shared_ptr<ServedConnection> serve(std::unique_ptr<Connection> connection, ByteQueue,
                                          ServerHost& host) const override {
    return std::make_shared<Greeting>(std::move(connection), name_, host);
  }

 private:
  std::string name_;
  std::string beginning_;
};

/// The name that a peer is told who sends `text` in pieces of that size; empty if it is turned away.
std::string greeted_by(TurnedServer& server, std::string_view text, std::size_t piece) {
  TurnedPeer peer(server);
  for (; !text.empty() && !peer.closed(); text.remove_prefix((std::min)(piece, text.size())))
    peer.send(text.substr(0, piece));
  CHECK(peer.closed());
  return peer.take();
}

}  // namespace

TEST_CASE("a protocol that may yet be meant is waited for before one behind it is taken", "[server]") {
  const Registry registry;
  Protocols protocols;
  protocols.add(std::make_shared<Beginning>("socket", "GET /socket"));
  protocols.add(std::make_shared<Beginning>("web", "GET "));
  TurnedServer server(registry, std::move(protocols));
  for (const std::size_t piece : {1u, 2u, 3u, 5u, 100u}) {
    INFO("in pieces of " << piece);
    CHECK(greeted_by(server, "GET /socket HTTP/1.1", piece) == "socket");
    CHECK(greeted_by(server, "GET /sock HTTP/1.1", piece) == "web");
    CHECK(greeted_by(server, "GET / HTTP/1.1", piece) == "web");
    CHECK(greeted_by(server, "POST / HTTP/1.1", piece).empty());
  }
}

TEST_CASE("no more than the limit of first bytes tells a protocol, however they come", "[server]") {
  const Registry registry;
  ServerOptions options;
  options.limits.sniff_bytes = 20;
  const std::string text(30, 'x');
  Protocols far;
  far.add(std::make_shared<Beginning>("far", text.substr(0, 21)));
  TurnedServer turning_away(registry, std::move(far), options);
  Protocols both;
  both.add(std::make_shared<Beginning>("far", text.substr(0, 21)));
  both.add(std::make_shared<Beginning>("near", text.substr(0, 20)));
  TurnedServer taking_the_next(registry, std::move(both), options);
  for (const std::size_t piece : {1u, 2u, 7u, 20u, 21u, 100u}) {
    INFO("in pieces of " << piece);
    CHECK(greeted_by(turning_away, text, piece).empty());
    CHECK(greeted_by(taking_the_next, text, piece) == "near");
  }
}
