#include "polyrpc/transports/memory.hpp"

#include "contract/transport_contract.hpp"

#include <set>

namespace polyrpc::test {

namespace {

Endpoint address(std::string_view text) { return Endpoint::parse(text).value(); }

std::string read_now(Connection& connection) {
  std::array<std::byte, 64> room{};
  const IoResult result = connection.read_some(room);
  return result.state == IoState::done ? std::string(as_text(std::span(room).first(result.bytes))) : std::string();
}

IoState read_state(Connection& connection) {
  std::array<std::byte, 64> room{};
  return connection.read_some(room).state;
}

MemoryFault fault(std::size_t nth, MemoryOperation operation, MemorySide side = MemorySide::any,
                  MemoryEffect effect = MemoryEffect::fail) {
  MemoryFault result;
  result.nth = nth;
  result.operation = operation;
  result.side = side;
  result.effect = effect;
  return result;
}

}  // namespace

TEST_CASE("memory: the contract", "[memory]") {
  MemoryNetwork network;
  MemoryOptions small;
  small.buffer_bytes = 1000;
  MemoryNetwork small_network(small);
  TransportSubject subject;
  subject.transport = network.transport();
  subject.small_buffers = small_network.transport();
  int number = 0;
  subject.new_address = [&] { return address("memory://name " + std::to_string(++number)); };
  transport_contract(subject);
}

TEST_CASE("memory: the contract with bytes that come in ones", "[memory]") {
  MemoryOptions options;
  options.chunk_bytes = 1;
  MemoryNetwork network(options);
  options.chunk_bytes = 7;
  options.buffer_bytes = 100;
  MemoryNetwork small_network(options);
  TransportSubject subject;
  subject.bulk_bytes = 20'000;
  subject.transport = network.transport();
  subject.small_buffers = small_network.transport();
  int number = 0;
  subject.new_address = [&] { return address("memory://name " + std::to_string(++number)); };
  transport_contract(subject);
}

TEST_CASE("memory: a test drives both ends of a pair", "[memory]") {
  MemoryNetwork network;
  const auto [first, second] = network.pair();
  CHECK(read_state(*second) == IoState::would_block);
  CHECK(first->write_some(as_bytes("hello")).bytes == 5);
  CHECK(read_now(*second) == "hello");
  CHECK(second->write_some(as_bytes("and back")).bytes == 8);
  CHECK(read_now(*first) == "and back");
  first->shutdown_write();
  CHECK(read_state(*second) == IoState::closed);
  CHECK(second->write_some(as_bytes("still")).bytes == 5);
  second->close();
  CHECK(read_now(*first) == "still");
  CHECK(read_state(*first) == IoState::closed);
}

TEST_CASE("memory: a direction holds so many bytes and no more", "[memory]") {
  MemoryOptions options;
  options.buffer_bytes = 4;
  MemoryNetwork network(options);
  const auto [first, second] = network.pair();
  CHECK(first->write_some(as_bytes("abcdef")).bytes == 4);
  CHECK(first->write_some(as_bytes("ef")).state == IoState::would_block);
  // The other direction has room of its own.
  CHECK(second->write_some(as_bytes("xy")).bytes == 2);
  std::array<std::byte, 1> one{};
  CHECK(second->read_some(one).bytes == 1);
  CHECK(first->write_some(as_bytes("ef")).bytes == 1);
  CHECK(read_now(*second) == "bcde");
}

TEST_CASE("memory: one end on a loop, the other in the test's hands", "[memory]") {
  TestLoop here;
  MemoryNetwork network;
  auto pair = network.pair(here.loop());
  Pump served(std::move(pair.first));
  served.echo = true;
  CHECK(pair.second->write_some(as_bytes("ping")).bytes == 4);
  here.settle();
  CHECK(read_now(*pair.second) == "ping");
  pair.second->close();
  here.settle();
  CHECK(served.read_end == IoState::closed);
}

TEST_CASE("memory: names of two networks do not meet", "[memory]") {
  TestLoop here;
  MemoryNetwork first;
  MemoryNetwork second;
  const auto transport = first.transport();
  TestListener listener(*transport, address("memory://name"), here.loop());
  CHECK(second.transport()->dial(address("memory://name"), std::nullopt).status() ==
        Status::unavailable("memory: cannot connect to name: nobody listens there"));
  CHECK(transport->dial(address("memory://name"), std::nullopt).ok());
  const TestListener same_name(*second.transport(), address("memory://name"), here.loop());
}

TEST_CASE("memory: a transport outlives its network object", "[memory]") {
  TestLoop here;
  std::shared_ptr<const Transport> transport;
  {
    MemoryNetwork network;
    transport = network.transport();
  }
  TestListener listener(*transport, address("memory://name"), here.loop());
  CHECK(dial_on(here, *transport, address("memory://name")).ok());
}

TEST_CASE("memory: a failing read breaks the connection at both ends", "[memory]") {
  MemoryNetwork network;
  const auto [first, second] = network.pair();
  network.inject(fault(2, MemoryOperation::read, MemorySide::acceptor));
  REQUIRE(first->write_some(as_bytes("one")).bytes == 3);
  CHECK(read_now(*second) == "one");
  REQUIRE(first->write_some(as_bytes("two")).bytes == 3);
  CHECK(read_state(*first) == IoState::would_block);  // the dialler's, which does not count
  CHECK_FALSE(network.fault_happened());
  CHECK(read_state(*second) == IoState::failed);
  CHECK(network.fault_happened());
  CHECK(network.operations() == 2);
  CHECK(second->error() == Status::unavailable("memory: connection broken: fault injected at a read"));
  CHECK(first->error() == second->error());
  CHECK(read_state(*first) == IoState::failed);
  CHECK(first->write_some(as_bytes("x")).state == IoState::failed);
  CHECK(first->wait_until(Direction::read, std::nullopt) == first->error());
}

TEST_CASE("memory: a fault that closes looks like a peer that closed", "[memory]") {
  MemoryNetwork network;
  const auto [first, second] = network.pair();
  network.inject(fault(1, MemoryOperation::write, MemorySide::dialler, MemoryEffect::close));
  CHECK(second->write_some(as_bytes("lost")).bytes == 4);
  CHECK(first->write_some(as_bytes("x")).state == IoState::closed);
  CHECK(read_state(*first) == IoState::closed);
  CHECK(read_state(*second) == IoState::closed);
  CHECK(second->write_some(as_bytes("x")).state == IoState::closed);
  CHECK(second->wait_until(Direction::read, std::nullopt).ok());
}

TEST_CASE("memory: a failing wait is told by the read that follows", "[memory]") {
  TestLoop here;
  MemoryNetwork network;
  auto pair = network.pair(here.loop());
  network.inject(fault(2, MemoryOperation::wait));
  Pump served(std::move(pair.first));
  REQUIRE(pair.second->write_some(as_bytes("one")).bytes == 3);
  here.settle();
  CHECK(served.received == "one");
  CHECK(served.read_end == IoState::failed);
  CHECK(network.fault_happened());

  const auto [first, second] = network.pair();
  network.inject(fault(1, MemoryOperation::wait));
  CHECK(first->wait_until(Direction::read, std::nullopt) ==
        Status::unavailable("memory: connection broken: fault injected at a wait"));
}

TEST_CASE("memory: a dial and an accept can go wrong", "[memory]") {
  TestLoop here;
  MemoryNetwork network;
  const auto transport = network.transport();
  const Endpoint name = address("memory://name");
  TestListener listener(*transport, name, here.loop());

  network.inject(fault(2, MemoryOperation::dial));
  CHECK(transport->dial(name, std::nullopt).ok());
  CHECK(transport->dial(name, std::nullopt).status() ==
        Status::unavailable("memory: cannot connect to name: fault injected"));
  CHECK(transport->dial(name, std::nullopt).ok());
  here.settle();
  CHECK(listener.accepted.size() == 2);

  network.inject(fault(1, MemoryOperation::dial, MemorySide::any, MemoryEffect::close));
  const auto closed = transport->dial(name, std::nullopt).value();
  CHECK(read_state(*closed) == IoState::closed);

  here.settle();
  listener.accepted.clear();
  network.inject(fault(1, MemoryOperation::accept));
  const auto broken = dial_on(here, *transport, name).value();
  here.settle();
  CHECK(listener.accepted.empty());
  CHECK(read_state(*broken) == IoState::failed);
  network.clear_fault();
  CHECK_FALSE(network.fault_happened());
  CHECK(dial_on(here, *transport, name).ok());
}

TEST_CASE("memory: an exchange meets a fault at each of its operations", "[memory]") {
  const MemoryEffect effect = GENERATE(MemoryEffect::fail, MemoryEffect::close);
  std::size_t answered = 0;
  std::set<std::size_t> seen;
  const auto exchange = [&](MemoryNetwork& network) {
    TestLoop here;
    const auto transport = network.transport();
    TestListener listener(*transport, address("memory://echo"), here.loop());
    const auto dialled = dial_on(here, *transport, address("memory://echo"));
    if (!dialled.ok()) return;
    Pump client(std::move(const_cast<std::unique_ptr<Connection>&>(*dialled)));
    std::optional<Pump> server;
    client.send("question");
    client.finish();
    // However it ends, it ends: nobody is left waiting.
    const auto over = [&] {
      if (!server && !listener.accepted.empty()) {
        server.emplace(std::move(listener.accepted.front()));
        server->echo = true;
      }
      return client.read_end != IoState::would_block;
    };
    REQUIRE(here.run_until(over));
    if (client.received == "question" && client.read_end == IoState::closed) ++answered;
    seen.insert(network.operations());
  };
  MemoryFault first;
  first.effect = effect;
  const std::size_t points = for_each_failure_point(exchange, first);
  // dial, accept, and at each end: writes, reads and waits.
  CHECK(points >= 9);
  CHECK(points < 30);
  CHECK(answered >= 1);
  CHECK(answered < points);
  CHECK(*seen.rbegin() == points);
}

TEST_CASE("memory: many threads dial and speak", "[memory]") {
  ThreadLoop first;
  ThreadLoop second;
  std::array<ThreadLoop*, 2> loops{&first, &second};
  std::array<std::vector<std::unique_ptr<Pump>>, 2> served;
  MemoryOptions options;
  options.buffer_bytes = 100;
  MemoryNetwork network(options);
  const auto transport = network.transport();
  std::size_t turn = 0;
  const auto listener = transport->listen(address("memory://echo"), first.loop()).value();
  listener->start([&]() -> Loop& { return loops[turn++ % 2]->loop(); },
                  [&](std::unique_ptr<Connection> made) {
                    const std::size_t which = first.loop().is_this_thread() ? 0 : 1;
                    served[which].push_back(std::make_unique<Pump>(std::move(made)));
                    served[which].back()->echo = true;
                  });
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      const auto connection = transport->dial(address("memory://echo"), std::nullopt).value();
      for (unsigned round = 0; round < 50; ++round) {
        const std::string sent = pattern(90, i * 1000 + round);
        if (write_all(*connection, sent) == IoState::done && read_up_to(*connection, sent.size()) == sent) ++good;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 200);
  first.run([&] {
    listener->close();
    served[0].clear();
  });
  second.run([&] { served[1].clear(); });
}

}  // namespace polyrpc::test
