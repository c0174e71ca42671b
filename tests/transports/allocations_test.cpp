// What a connection costs in memory: nothing a round trip, little at rest.

#include "polyrpc/transports/standard.hpp"

#include "contract/transport_contract.hpp"
#include "support/counted_new.hpp"
#include "support/files.hpp"

namespace polyrpc::test {

namespace {

/// Sends back what comes.
class Echo final : public ReadyListener {
 public:
  explicit Echo(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {
    connection_->wait(Direction::read, *this);
  }
  void ready(Direction) override {
    const IoResult result = connection_->read_some(room_);
    if (result.state == IoState::done) connection_->write_some(std::span(room_).first(result.bytes));
    if (result.state == IoState::done || result.state == IoState::would_block)
      connection_->wait(Direction::read, *this);
  }

 private:
  std::unique_ptr<Connection> connection_;
  std::array<std::byte, 256> room_{};
};

}  // namespace

TEST_CASE("a round trip allocates nothing, on a loop and in blocking use", "[allocations]") {
  const TempDir folder;
  for (const std::string& text : {std::string("tcp://127.0.0.1:0"), "unix://" + (folder.path() / "a.sock").string()}) {
    INFO(text);
    const Endpoint endpoint = Endpoint::parse(text).value();
    const auto transport = standard_transports().find(endpoint.scheme);
    ThreadLoop server_loop;
    std::unique_ptr<Echo> echo;
    const auto listener = transport->listen(endpoint, server_loop.loop()).value();
    listener->start([&]() -> Loop& { return server_loop.loop(); },
                    [&](std::unique_ptr<Connection> made) { echo = std::make_unique<Echo>(std::move(made)); });
    const auto client = transport->dial(listener->local(), Clock::now() + patience).value();
    std::array<std::byte, 32> room{};
    const auto round_trip = [&] {
      if (client->write_some(as_bytes("0123456789abcdef")).bytes != 16) return false;
      for (std::size_t received = 0; received < 16;) {
        if (!client->wait_until(Direction::read, Clock::now() + patience).ok()) return false;
        received += client->read_some(room).bytes;
      }
      return true;
    };
    bool good = true;
    for (int i = 0; i < 100; ++i) good = round_trip() && good;
    const std::size_t before = allocations();
    for (int i = 0; i < 1000; ++i) good = round_trip() && good;
    const std::size_t after = allocations();
    CHECK(good);
    CHECK(before > 0);
    CHECK(after == before);
    server_loop.run([&] {
      listener->close();
      echo.reset();
    });
  }
}

TEST_CASE("a connection at rest takes less than 700 bytes", "[allocations]") {
  TestLoop here;
  const auto transport = standard_transports().find("tcp");
  TestListener listener(*transport, Endpoint::parse("tcp://127.0.0.1:0").value(), here.loop());
  constexpr std::size_t count = 300;
  OnReady never([](Direction) {});
  std::vector<std::unique_ptr<Connection>> clients;
  clients.reserve(count);
  listener.accepted.reserve(count);
  std::size_t before = 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(transport->dial(listener.local(), Clock::now() + patience).value());
    before = allocated_bytes();
    REQUIRE(here.run_until([&] { return listener.accepted.size() == i + 1; }));
    listener.accepted.back()->wait(Direction::read, never);
    static_cast<void>(listener.accepted.back()->peer());
    bytes += allocated_bytes() - before;
  }
  // Some of it is given back at once; what stays can't be more.
  CHECK(bytes / count > 100);
  CHECK(bytes / count < 700);
}

}  // namespace polyrpc::test
