#include "polyrpc/runtime/async.hpp"

#include "client_fixture.hpp"
#include "support/catch.hpp"

#include <asio/use_future.hpp>

#include <chrono>
#include <thread>
#include <vector>

// The connection fails at every operation in turn: each call ends once, and the next one is made on a new connection.

namespace {

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

bool is_expected(const Status& status) {
  return status.ok() || (status.code() == StatusCode::unavailable && status.origin() == Origin::local);
}

MemoryFault dialler_fault(MemoryEffect effect) {
  MemoryFault fault;
  fault.side = MemorySide::dialler;
  fault.effect = effect;
  return fault;
}

struct MemoryServer {
  explicit MemoryServer(MemoryNetwork& network)
      : running(services.registry, json_over({network.transport()}), {}, 1, "memory://server") {}
  Services services;
  RunningServer running;
};

}  // namespace

TEST_CASE("blocking calls survive a failure at any operation", "[client][faults]") {
  const MemoryEffect effect = GENERATE(MemoryEffect::fail, MemoryEffect::close);
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  MemoryOptions trickle;
  trickle.chunk_bytes = GENERATE(std::size_t{0}, std::size_t{7});
  trickle.buffer_bytes = 100;
  const auto run = [&](MemoryNetwork& network) {
    MemoryServer server(network);
    AnyClient client(driver, json_target("memory://server", network.transport()));
    std::vector<Pending<std::string>> pending;
    for (int i = 0; i < 3; ++i) pending.push_back(client->go<std::string>("Test.Echo", std::string(60, 'x')));
    const auto product = client->call(multiply, {6, 7});
    CHECK(is_expected(product.status()));
    if (product.ok()) CHECK(*product == 42);
    for (auto& one : pending) {
      const auto text = one.wait();
      CHECK(is_expected(text.status()));
      if (text.ok()) CHECK(text->size() == 60);
    }
    // The next call may meet the end of the connection too, if that has only just come.
    if (network.fault_happened() && !client->call(multiply, {6, 7}).ok())
      CHECK(client->call(multiply, {6, 7}).value() == 42);
  };
  CHECK(for_each_failure_point(run, dialler_fault(effect), trickle) > 5);
}

TEST_CASE("asynchronous calls survive a failure at any operation", "[client][faults]") {
  const MemoryEffect effect = GENERATE(MemoryEffect::fail, MemoryEffect::close);
  const auto run = [](MemoryNetwork& network) {
    MemoryServer server(network);
    asio::io_context io;
    Client client(io, json_target("memory://server", network.transport()));
    std::vector<int> ended(4, 0);
    std::size_t count = 0;
    for (int& times : ended) {
      client.async_call(multiply, {6, 7}, [&](const Result<std::int64_t>& product) {
        CHECK(is_expected(product.status()));
        ++times;
        if (++count == ended.size()) {
          client.async_call(multiply, {6, 7}, [&](const Result<std::int64_t>& last) {
            CHECK(is_expected(last.status()));
            client.close();
          });
        }
      });
    }
    io.run();
    for (const int times : ended) CHECK(times == 1);
  };
  CHECK(for_each_failure_point(run, dialler_fault(effect)) > 5);
}

TEST_CASE("a call that waits for the server survives a failure to connect", "[client][faults]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  MemoryNetwork network;
  MemoryServer server(network);
  network.inject({1, MemoryOperation::dial, MemorySide::dialler, MemoryEffect::fail});
  ClientOptions options;
  options.backoff.initial = 1ms;
  AnyClient client(driver, json_target("memory://server", network.transport()), options);
  CallOptions waiting;
  waiting.wait_for_ready = true;
  CHECK(client->call(multiply, {6, 7}, waiting).value() == 42);
  CHECK(network.fault_happened());
}

TEST_CASE("a server that does not read fills the client up to its limit", "[client][faults]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  asio::io_context io;
  MemoryNetwork network;
  Loop loop(io);
  const auto listener = network.transport()->listen(Endpoint::parse("memory://server").value(), loop).value();
  std::vector<std::unique_ptr<Connection>> kept;
  listener->start([&]() -> Loop& { return loop; },
                  [&](std::unique_ptr<Connection> connection) { kept.push_back(std::move(connection)); });
  ClientOptions options;
  options.limits.unsent_bytes = 1 << 20;
  AnyClient client(driver, json_target("memory://server", network.transport()), options);
  const std::string large(300'000, 'x');
  std::vector<Pending<std::string>> pending;
  for (int i = 0; i < 5; ++i) pending.push_back(client->go<std::string>("Test.Echo", large));
  CHECK(pending.back().wait().status().code() == StatusCode::resource_exhausted);
  CHECK(!pending.front().done());
  CallOptions brief;
  brief.timeout = 20ms;
  CHECK(client->call<std::string>("Test.Echo", large, brief).status().code() ==
        (driver == Driver::blocking ? StatusCode::deadline_exceeded : StatusCode::resource_exhausted));
  client->close();
  CHECK(pending.front().wait().status().code() == StatusCode::unavailable);
}

TEST_CASE("connecting counts in the deadline", "[client][faults]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  // A listener whose queue is full: connects hang.
  asio::io_context io;
  Loop loop(io);
  const auto listener = tcp_transport()->listen(Endpoint::parse("tcp://127.0.0.1:0").value(), loop).value();
  const std::string address = listener->local().to_string();
  AnyClient client(driver, json_target(address));
  CallOptions brief;
  brief.timeout = 30ms;
  CHECK(client->call(multiply, {6, 7}, brief).status().code() == StatusCode::deadline_exceeded);
  CHECK(client->go(multiply, {6, 7}, brief).wait().status().code() == StatusCode::deadline_exceeded);
}
