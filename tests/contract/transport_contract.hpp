#pragma once

// What every transport has to do. A test of a transport instantiates it:
//
//   TEST_CASE("own transport: the contract", "[own]") { transport_contract(subject); }
//
// and is run once for each SECTION below.

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/runtime/loop.hpp"
#include "polyrpc/runtime/transport.hpp"

#include "support/catch.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace polyrpc::test {

/// The transport under test.
struct TransportSubject {
  std::shared_ptr<const Transport> transport;
  /// The same kind with buffers so small that a megabyte does not fit between the two ends.
  std::shared_ptr<const Transport> small_buffers;
  /// An address to listen on; another one each time.
  std::function<Endpoint()> new_address;
  /// Who speaks in messages; the scheme if empty.
  std::string speaker = {};
  /// How much goes through the small buffers.
  std::size_t bulk_bytes = 3 << 20;
  /// Whether an address that is in use is refused; the address is then in the message.
  bool refuses_taken_address = true;
  /// Whether a dial ends only when the other end has answered, and so needs the listener's loop to run.
  bool dial_needs_answer = false;
};

inline constexpr std::chrono::seconds patience{30};  // for what is going to happen; a busy machine is slow

/// One thread's loop, run by the test itself.
class TestLoop {
 public:
  TestLoop() : guard_(context_.get_executor()), loop_(context_) {}

  Loop& loop() noexcept { return loop_; }
  asio::io_context& context() noexcept { return context_; }

  /// Runs handlers until `reached()`; false if that takes too long.
  template <class Reached>
  bool run_until(Reached reached) {
    const auto end = Clock::now() + patience;
    while (!reached()) {
      const auto left = end - Clock::now();
      if (left <= Clock::duration::zero()) return false;
      context_.run_one_for(left);
    }
    return true;
  }

  /// Runs what can run now, and what comes of it.
  void settle() {
    while (context_.poll() != 0) continue;
  }

 private:
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  Loop loop_;
};

/// A loop with a thread of its own.
class ThreadLoop {
 public:
  ThreadLoop() : guard_(context_.get_executor()), loop_(context_), thread_([this] { context_.run(); }) {}
  ~ThreadLoop() {
    loop_.post([this] { loop_.rest(); });
    guard_.reset();
    thread_.join();
  }

  Loop& loop() noexcept { return loop_; }
  std::thread::id thread() const noexcept { return thread_.get_id(); }

  /// Runs `work` on the loop's thread and waits for it.
  template <class Work>
  void run(Work work) {
    std::atomic<bool> done{false};
    loop_.post([&] {
      work();
      done = true;
      done.notify_one();
    });
    done.wait(false);
  }

 private:
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  Loop loop_;
  std::thread thread_;
};

/// Calls a function when ready.
class OnReady final : public ReadyListener {
 public:
  explicit OnReady(std::function<void(Direction)> f) : f_(std::move(f)) {}
  void ready(Direction direction) override { f_(direction); }

 private:
  std::function<void(Direction)> f_;
};

/// `size` bytes, different ones for each seed.
inline std::string pattern(std::size_t size, unsigned seed) {
  std::string bytes(size, '\0');
  unsigned state = seed * 2654435761u + 1;
  for (char& c : bytes) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>(state >> 24);
  }
  return bytes;
}

/// Reads from and writes to a connection on a loop, as the engine does: waits only when nothing goes on.
class Pump final : public ReadyListener {
 public:
  explicit Pump(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) { wait_read(); }

  Connection& connection() { return *connection_; }
  std::string received;
  IoState read_end = IoState::would_block;  // `closed` or `failed` when it has come
  IoState write_end = IoState::would_block;
  std::size_t blocked = 0;  // how often a write would have blocked
  bool echo = false;
  std::size_t read_size = 16 << 10;

  void send(std::string_view bytes) {
    unsent_.append(bytes);
    flush();
  }
  void finish() {
    finishing_ = true;
    flush();
  }
  bool sent_all() const { return unsent_.empty(); }

  void ready(Direction direction) override {
    if (inside_wait_) ++called_inside_wait;
    if (direction == Direction::write) {
      write_waits_ = false;
      return flush();
    }
    room_.resize(read_size);
    const IoResult result = connection_->read_some(room_);
    if (result.state == IoState::done) {
      const std::string_view bytes = as_text(std::span(room_).first(result.bytes));
      received += bytes;
      if (echo) send(bytes);
    } else if (result.state != IoState::would_block) {
      read_end = result.state;
      if (echo) finish();
      return;
    }
    wait_read();
  }

  std::size_t called_inside_wait = 0;

 private:
  void wait_read() {
    inside_wait_ = true;
    connection_->wait(Direction::read, *this);
    inside_wait_ = false;
  }

  void flush() {
    while (!unsent_.empty() && !write_waits_ && write_end == IoState::would_block) {
      const IoResult result = connection_->write_some(unsent_.readable());
      if (result.state == IoState::done) {
        unsent_.consume(result.bytes);
      } else if (result.state == IoState::would_block) {
        ++blocked;
        write_waits_ = true;
        connection_->wait(Direction::write, *this);
      } else {
        write_end = result.state;
      }
    }
    if (finishing_ && unsent_.empty()) {
      finishing_ = false;
      connection_->shutdown_write();
    }
  }

  std::unique_ptr<Connection> connection_;
  ByteQueue unsent_;
  std::vector<std::byte> room_;
  bool write_waits_ = false;
  bool finishing_ = false;
  bool inside_wait_ = false;
};

/// Blocking: writes all of it. What stopped it, or `done`.
inline IoState write_all(Connection& connection, std::string_view bytes, std::size_t* blocked = nullptr) {
  while (!bytes.empty()) {
    const IoResult result = connection.write_some(as_bytes(bytes));
    if (result.state == IoState::done) {
      bytes.remove_prefix(result.bytes);
    } else if (result.state == IoState::would_block) {
      if (blocked != nullptr) ++*blocked;
      if (!connection.wait_until(Direction::write, Clock::now() + patience).ok()) return IoState::would_block;
    } else {
      return result.state;
    }
  }
  return IoState::done;
}

/// Blocking: reads until `size` bytes have come or no more do.
inline std::string read_up_to(Connection& connection, std::size_t size, IoState* end = nullptr) {
  std::string received;
  std::vector<std::byte> room(16 << 10);
  while (received.size() < size) {
    const IoResult result =
        connection.read_some(std::span(room).first((std::min)(room.size(), size - received.size())));
    if (result.state == IoState::done) {
      received += as_text(std::span(room).first(result.bytes));
    } else if (result.state == IoState::would_block) {
      if (!connection.wait_until(Direction::read, Clock::now() + patience).ok()) break;
    } else {
      if (end != nullptr) *end = result.state;
      break;
    }
  }
  return received;
}

inline constexpr std::size_t everything = static_cast<std::size_t>(-1);

/// Listens, and keeps what is accepted.
class TestListener {
 public:
  TestListener(const Transport& transport, const Endpoint& address, Loop& loop)
      : listener_(transport.listen(address, loop).value()), loop_(loop) {
    listener_->start([this]() -> Loop& { return loop_; },
                     [this](std::unique_ptr<Connection> made) { accepted.push_back(std::move(made)); });
  }

  Listener& listener() { return *listener_; }
  Endpoint local() const { return listener_->local(); }
  std::vector<std::unique_ptr<Connection>> accepted;

 private:
  std::unique_ptr<Listener> listener_;
  Loop& loop_;
};

/// Two ends on one loop.
struct LoopPair {
  std::unique_ptr<Connection> dialled;
  std::unique_ptr<Connection> accepted;
};

inline Result<std::unique_ptr<Connection>> dial_on(TestLoop& test_loop, const Transport& transport,
                                                   const Endpoint& address) {
  std::optional<Result<std::unique_ptr<Connection>>> outcome;
  bool inside = true;
  bool called_inside = false;
  transport.dial(address, test_loop.loop(), [&](Result<std::unique_ptr<Connection>> made) {
    called_inside = inside;
    outcome.emplace(std::move(made));
  });
  inside = false;
  REQUIRE(test_loop.run_until([&] { return outcome.has_value(); }));
  CHECK_FALSE(called_inside);
  return *std::move(outcome);
}

inline LoopPair connect_on(TestLoop& test_loop, const Transport& transport, TestListener& listener) {
  LoopPair pair;
  pair.dialled = dial_on(test_loop, transport, listener.local()).value();
  REQUIRE(test_loop.run_until([&] { return !listener.accepted.empty(); }));
  pair.accepted = std::move(listener.accepted.back());
  listener.accepted.pop_back();
  return pair;
}

/// Dials for blocking use on a thread of its own, while the listener's loop runs here.
inline Result<std::unique_ptr<Connection>> dial_blocking(TestLoop& test_loop, const Transport& transport,
                                                         const Endpoint& address) {
  std::optional<Result<std::unique_ptr<Connection>>> outcome;
  std::atomic<bool> done{false};
  std::thread dialling([&] {
    outcome.emplace(transport.dial(address, Clock::now() + patience));
    done = true;
    test_loop.loop().post([] {});
  });
  test_loop.run_until([&] { return done.load(); });
  dialling.join();
  return *std::move(outcome);
}

/// A blocking end, and the other one on the loop.
inline LoopPair connect_blocking(TestLoop& test_loop, const Transport& transport, TestListener& listener) {
  LoopPair pair;
  pair.dialled = dial_blocking(test_loop, transport, listener.local()).value();
  REQUIRE(test_loop.run_until([&] { return !listener.accepted.empty(); }));
  test_loop.settle();
  pair.accepted = std::move(listener.accepted.back());
  listener.accepted.pop_back();
  return pair;
}

inline void transport_contract(const TransportSubject& subject) {
  const Transport& transport = *subject.transport;
  const std::string prefix = std::string(transport.scheme()) + "://";
  const std::string speaker = (subject.speaker.empty() ? std::string(transport.scheme()) : subject.speaker) + ": ";
  TestLoop here;

  SECTION("a listener tells an address that can be dialled, read back from its text") {
    TestListener listener(transport, subject.new_address(), here.loop());
    CHECK(listener.local().scheme == transport.scheme());
    const std::string text = listener.local().to_string();
    CHECK_THAT(text, starts_with(prefix));
    const Result<Endpoint> again = Endpoint::parse(text);
    REQUIRE(again.ok());
    CHECK(dial_on(here, transport, *again).ok());
  }

  SECTION("bytes go both ways between two loops' connections") {
    TestListener listener(transport, subject.new_address(), here.loop());
    LoopPair pair = connect_on(here, transport, listener);
    CHECK_THAT(pair.dialled->peer().address, starts_with(prefix));
    CHECK_THAT(pair.accepted->peer().address, starts_with(prefix));
    Pump client(std::move(pair.dialled));
    Pump server(std::move(pair.accepted));
    server.echo = true;
    client.send("ping");
    REQUIRE(here.run_until([&] { return client.received == "ping"; }));
    client.send(" and ping");
    REQUIRE(here.run_until([&] { return client.received == "ping and ping"; }));
    CHECK(server.called_inside_wait == 0);
  }

  SECTION("what is there already is announced too, and not from inside wait") {
    TestListener listener(transport, subject.new_address(), here.loop());
    LoopPair pair = connect_on(here, transport, listener);
    REQUIRE(pair.dialled->write_some(as_bytes("early")).state == IoState::done);
    {
      Pump first(std::move(pair.accepted));
      first.read_size = 2;  // fills its span, so that there may be more
      REQUIRE(here.run_until([&] { return first.received == "early"; }));
      CHECK(first.called_inside_wait == 0);
    }
  }

  SECTION("a blocking connection speaks to one on a loop") {
    ThreadLoop server_loop;
    std::vector<std::unique_ptr<Pump>> served;
    std::unique_ptr<Listener> listener = transport.listen(subject.new_address(), server_loop.loop()).value();
    listener->start([&]() -> Loop& { return server_loop.loop(); },
                    [&](std::unique_ptr<Connection> made) {
                      served.push_back(std::make_unique<Pump>(std::move(made)));
                      served.back()->echo = true;
                    });
    auto connection = transport.dial(listener->local(), Clock::now() + patience).value();
    CHECK_THAT(connection->peer().address, starts_with(prefix));
    for (unsigned i = 0; i < 20; ++i) {
      const std::string sent = pattern(100 + i * 977, i);
      REQUIRE(write_all(*connection, sent) == IoState::done);
      REQUIRE(read_up_to(*connection, sent.size()) == sent);
    }
    IoState end = IoState::would_block;
    connection->shutdown_write();
    CHECK(read_up_to(*connection, everything, &end).empty());
    CHECK(end == IoState::closed);
    server_loop.run([&] {
      served.clear();
      listener->close();
    });
  }

  SECTION("nothing there would block") {
    TestListener listener(transport, subject.new_address(), here.loop());
    const LoopPair pair = connect_blocking(here, transport, listener);
    std::array<std::byte, 8> room{};
    CHECK(pair.dialled->read_some(room).state == IoState::would_block);
    CHECK(pair.accepted->read_some(room).state == IoState::would_block);
  }

  SECTION("an end that sends no more still receives") {
    TestListener listener(transport, subject.new_address(), here.loop());
    LoopPair pair = connect_on(here, transport, listener);
    Pump client(std::move(pair.dialled));
    Pump server(std::move(pair.accepted));
    const bool dialler_first = GENERATE(true, false);
    Pump& quiet = dialler_first ? client : server;
    Pump& other = dialler_first ? server : client;
    quiet.send("last words");
    quiet.finish();
    REQUIRE(here.run_until([&] { return other.read_end == IoState::closed; }));
    CHECK(other.received == "last words");
    CHECK(quiet.read_end == IoState::would_block);
    const std::string answer = pattern(100'000, 1);
    other.send(answer);
    other.finish();
    REQUIRE(here.run_until([&] { return quiet.read_end == IoState::closed; }));
    CHECK(quiet.received == answer);
  }

  SECTION("nothing can be written after the last word") {
    TestListener listener(transport, subject.new_address(), here.loop());
    LoopPair pair = connect_on(here, transport, listener);
    pair.dialled->shutdown_write();
    CHECK(pair.dialled->write_some(as_bytes("x")).state == IoState::closed);
  }

  SECTION("more than the buffers hold goes both ways at once") {
    const Transport& small = *subject.small_buffers;
    TestListener listener(small, subject.new_address(), here.loop());
    LoopPair pair = connect_on(here, small, listener);
    Pump client(std::move(pair.dialled));
    Pump server(std::move(pair.accepted));
    const std::string to_server = pattern(subject.bulk_bytes, 2);
    const std::string to_client = pattern(subject.bulk_bytes, 3);
    client.send(to_server);
    server.send(to_client);
    CHECK(client.blocked > 0);
    CHECK(server.blocked > 0);
    client.finish();
    server.finish();
    REQUIRE(here.run_until([&] { return client.read_end == IoState::closed && server.read_end == IoState::closed; }));
    CHECK(server.received == to_server);
    CHECK(client.received == to_client);
  }

  SECTION("two threads use the two directions of a blocking connection") {
    const Transport& small = *subject.small_buffers;
    ThreadLoop server_loop;
    std::vector<std::unique_ptr<Pump>> served;
    std::unique_ptr<Listener> listener = small.listen(subject.new_address(), server_loop.loop()).value();
    listener->start([&]() -> Loop& { return server_loop.loop(); },
                    [&](std::unique_ptr<Connection> made) {
                      served.push_back(std::make_unique<Pump>(std::move(made)));
                      served.back()->echo = true;
                    });
    auto connection = small.dial(listener->local(), Clock::now() + patience).value();
    const std::string sent = pattern(subject.bulk_bytes, 4);
    IoState written = IoState::would_block;
    std::size_t blocked = 0;
    std::thread writer([&] {
      written = write_all(*connection, sent, &blocked);
      connection->shutdown_write();
    });
    IoState end = IoState::would_block;
    const std::string received = read_up_to(*connection, everything, &end);
    writer.join();
    CHECK(written == IoState::done);
    CHECK(blocked > 0);
    CHECK(end == IoState::closed);
    CHECK(received == sent);
    server_loop.run([&] {
      served.clear();
      listener->close();
    });
  }

  SECTION("a wait for either direction sees both") {
    const Transport& small = *subject.small_buffers;
    TestListener listener(small, subject.new_address(), here.loop());
    LoopPair pair = connect_blocking(here, small, listener);
    // There is room to write.
    CHECK(pair.dialled->wait_until_either(Clock::now() + patience).ok());
    const std::string chunk = pattern(64 << 10, 5);
    // A kernel may find room after it has refused, as long as its peer's buffer fills: until it finds none any more.
    Status full;
    for (int turn = 0; turn < 1000 && full.ok(); ++turn) {
      while (pair.dialled->write_some(as_bytes(chunk)).state == IoState::done) continue;
      full = pair.dialled->wait_until_either(Clock::now() + std::chrono::milliseconds(5));
    }
    CHECK(full.code() == StatusCode::deadline_exceeded);
    // No room, but bytes to read.
    REQUIRE(pair.accepted->write_some(as_bytes("x")).state == IoState::done);
    CHECK(pair.dialled->wait_until_either(Clock::now() + patience).ok());
    std::array<std::byte, 8> room{};
    CHECK(pair.dialled->read_some(room).bytes == 1);
  }

  SECTION("a wait ends at its deadline") {
    TestListener listener(transport, subject.new_address(), here.loop());
    const LoopPair pair = connect_blocking(here, transport, listener);
    const auto deadline = Clock::now() + std::chrono::milliseconds(20);
    const Status status = pair.dialled->wait_until(Direction::read, deadline);
    CHECK(status.code() == StatusCode::deadline_exceeded);
    CHECK(Clock::now() >= deadline);
    CHECK(pair.dialled->wait_until(Direction::read, Clock::now() - std::chrono::seconds(1)).code() ==
          StatusCode::deadline_exceeded);
  }

  SECTION("an interrupt ends the wait of another thread") {
    TestListener listener(transport, subject.new_address(), here.loop());
    const LoopPair pair = connect_blocking(here, transport, listener);
    for (int i = 0; i < 20; ++i) {
      std::atomic<bool> begun{false};
      Status status;
      std::thread waiting([&] {
        begun = true;
        begun.notify_one();
        status = pair.dialled->wait_until(Direction::read, Clock::now() + patience);
      });
      begun.wait(false);  // it may or may not have got into the wait
      pair.dialled->interrupt();
      waiting.join();
      CHECK(status.code() == StatusCode::cancelled);
    }
    // And the connection goes on.
    REQUIRE(pair.accepted->write_some(as_bytes("x")).state == IoState::done);
    CHECK(read_up_to(*pair.dialled, 1) == "x");
  }

  SECTION("an interrupt that finds nobody waiting ends the next wait") {
    TestListener listener(transport, subject.new_address(), here.loop());
    const LoopPair pair = connect_blocking(here, transport, listener);
    pair.dialled->interrupt();
    pair.dialled->interrupt();
    CHECK(pair.dialled->wait_until(Direction::read, Clock::now() + patience).code() == StatusCode::cancelled);
    CHECK(pair.dialled->wait_until(Direction::read, Clock::now() + std::chrono::milliseconds(1)).code() ==
          StatusCode::deadline_exceeded);
  }

  SECTION("no listener is called after close") {
    TestListener listener(transport, subject.new_address(), here.loop());
    LoopPair pair = connect_on(here, transport, listener);
    int calls = 0;
    OnReady count([&](Direction) { ++calls; });
    pair.accepted->wait(Direction::read, count);
    here.settle();
    const bool announced = GENERATE(true, false);
    // The call may be on its way already.
    if (announced) REQUIRE(pair.dialled->write_some(as_bytes("x")).state == IoState::done);
    if (announced) pair.accepted->wait(Direction::write, count);
    pair.accepted->close();
    pair.accepted->close();
    here.settle();
    CHECK(calls == 0);
    std::array<std::byte, 8> room{};
    CHECK(pair.accepted->read_some(room).state == IoState::failed);
    CHECK(pair.accepted->write_some(as_bytes("x")).state == IoState::failed);
    CHECK_FALSE(pair.accepted->error().ok());
    pair.accepted->wait(Direction::read, count);
    here.settle();
    CHECK(calls == 0);
  }

  SECTION("a connection may be destroyed while somebody waits, and from inside ready") {
    TestListener listener(transport, subject.new_address(), here.loop());
    LoopPair pair = connect_on(here, transport, listener);
    int calls = 0;
    OnReady count([&](Direction) {
      ++calls;
      pair.accepted.reset();
    });
    pair.accepted->wait(Direction::read, count);
    pair.accepted->wait(Direction::write, count);  // ready at once: the other wait is still under way
    REQUIRE(here.run_until([&] { return calls != 0; }));
    here.settle();
    CHECK(calls == 1);
    pair.dialled->wait(Direction::read, count);
    pair.dialled.reset();
    here.settle();
    CHECK(calls == 1);
  }

  SECTION("a peer that closes is seen, by who waits and by who does not") {
    TestListener listener(transport, subject.new_address(), here.loop());
    LoopPair pair = connect_on(here, transport, listener);
    Pump server(std::move(pair.accepted));
    LoopPair other = connect_blocking(here, transport, listener);
    REQUIRE(pair.dialled->write_some(as_bytes("bye")).state == IoState::done);
    pair.dialled->close();
    other.accepted->close();
    REQUIRE(here.run_until([&] { return server.read_end != IoState::would_block; }));
    CHECK(server.received == "bye");
    CHECK(server.read_end == IoState::closed);
    IoState end = IoState::would_block;
    CHECK(read_up_to(*other.dialled, everything, &end).empty());
    CHECK(end == IoState::closed);
  }

  SECTION("writing to a peer that has gone ends in closed or failed, and kills nobody") {
    TestListener listener(transport, subject.new_address(), here.loop());
    LoopPair pair = connect_blocking(here, transport, listener);
    pair.accepted.reset();
    const IoState end = write_all(*pair.dialled, pattern(64 << 20, 6));
    CHECK((end == IoState::closed || end == IoState::failed));
    if (end == IoState::failed) CHECK_FALSE(pair.dialled->error().ok());
  }

  SECTION("who waits to write learns that the peer has gone") {
    const Transport& small = *subject.small_buffers;
    TestListener listener(small, subject.new_address(), here.loop());
    LoopPair pair = connect_on(here, small, listener);
    Pump client(std::move(pair.dialled));
    client.send(pattern(4 << 20, 7));
    REQUIRE(client.blocked == 1);
    pair.accepted.reset();
    REQUIRE(here.run_until([&] { return client.write_end != IoState::would_block; }));
    CHECK((client.write_end == IoState::closed || client.write_end == IoState::failed));
  }

  SECTION("dialling where nobody listens is unavailable, with the address") {
    Endpoint nobody;
    {
      const TestListener listener(transport, subject.new_address(), here.loop());
      nobody = listener.local();
    }
    const Status blocking = transport.dial(nobody, Clock::now() + patience).status();
    CHECK(blocking.code() == StatusCode::unavailable);
    CHECK_THAT(blocking.message(), starts_with(speaker));
    CHECK_THAT(blocking.message(), contains(nobody.host));
    const Status on_loop = dial_on(here, transport, nobody).status();
    CHECK(on_loop == blocking);
  }

  SECTION("a dial that is cancelled says nothing more") {
    TestListener listener(transport, subject.new_address(), here.loop());
    int calls = 0;
    const auto cancel =
        transport.dial(listener.local(), here.loop(), [&](Result<std::unique_ptr<Connection>>) { ++calls; });
    if (GENERATE(true, false)) here.context().poll_one();
    const int calls_before = calls;
    cancel();
    cancel();
    here.settle();
    CHECK(calls == calls_before);
    CHECK(dial_on(here, transport, listener.local()).ok());
  }

  SECTION("addresses of another scheme are refused") {
    const Endpoint other = Endpoint::parse("else://where:1").value();
    CHECK(transport.listen(other, here.loop()).status().code() == StatusCode::invalid_argument);
    CHECK(transport.dial(other, Clock::now() + patience).status().code() == StatusCode::invalid_argument);
    CHECK(dial_on(here, transport, other).status().code() == StatusCode::invalid_argument);
  }

  SECTION("an address in use is refused, and free again after close") {
    if (!subject.refuses_taken_address) return;
    TestListener first(transport, subject.new_address(), here.loop());
    const Endpoint address = first.local();
    const Status taken = transport.listen(address, here.loop()).status();
    CHECK(taken.code() == StatusCode::unavailable);
    CHECK_THAT(taken.message(), starts_with(speaker + "cannot listen on "));
    CHECK_THAT(taken.message(), contains(address.host));
    CHECK_THAT(taken.message(), ends_with(": address already in use"));
    // The first one is none the worse.
    CHECK(dial_on(here, transport, address).ok());
    first.listener().close();
    first.listener().close();
    CHECK(transport.dial(address, Clock::now() + patience).status().code() == StatusCode::unavailable);
    TestListener second(transport, address, here.loop());
    CHECK(dial_on(here, transport, second.local()).ok());
  }

  SECTION("a closed listener accepts nobody, not even those who came before") {
    if (subject.dial_needs_answer) return;
    TestListener listener(transport, subject.new_address(), here.loop());
    const auto connection = transport.dial(listener.local(), Clock::now() + patience).value();
    listener.listener().close();
    here.settle();
    CHECK(listener.accepted.empty());
    IoState end = IoState::would_block;
    CHECK(read_up_to(*connection, everything, &end).empty());
    CHECK((end == IoState::closed || end == IoState::failed));
  }

  SECTION("who dials before the listener starts is accepted later") {
    if (subject.dial_needs_answer) return;
    std::unique_ptr<Listener> listener = transport.listen(subject.new_address(), here.loop()).value();
    const auto connection = transport.dial(listener->local(), Clock::now() + patience).value();
    std::unique_ptr<Connection> accepted;
    listener->start([&]() -> Loop& { return here.loop(); },
                    [&](std::unique_ptr<Connection> made) { accepted = std::move(made); });
    CHECK(here.run_until([&] { return accepted != nullptr; }));
  }

  SECTION("many connections at once") {
    TestListener listener(transport, subject.new_address(), here.loop());
    std::vector<std::unique_ptr<Pump>> clients;
    std::vector<std::unique_ptr<Pump>> servers;
    constexpr std::size_t count = 200;
    for (std::size_t i = 0; i < count; ++i)
      transport.dial(listener.local(), here.loop(), [&](Result<std::unique_ptr<Connection>> made) {
        clients.push_back(std::make_unique<Pump>(std::move(made).value()));
      });
    REQUIRE(here.run_until([&] { return clients.size() == count && listener.accepted.size() == count; }));
    for (auto& connection : listener.accepted) {
      servers.push_back(std::make_unique<Pump>(std::move(connection)));
      servers.back()->echo = true;
    }
    for (std::size_t i = 0; i < count; ++i) clients[i]->send("message of " + std::to_string(i) + ".");
    const auto all_answered = [&] {
      return std::all_of(clients.begin(), clients.end(), [](const auto& one) { return one->received.ends_with("."); });
    };
    REQUIRE(here.run_until(all_answered));
    for (std::size_t i = 0; i < count; ++i) CHECK(clients[i]->received == "message of " + std::to_string(i) + ".");
  }

  SECTION("each connection lives on the loop that was picked for it") {
    ThreadLoop first;
    ThreadLoop second;
    std::array<ThreadLoop*, 2> loops{&first, &second};
    struct Served {
      std::thread::id accepted_on;
      std::unique_ptr<Pump> pump;
    };
    std::array<std::vector<Served>, 2> served;  // each its loop's
    std::size_t turn = 0;
    std::unique_ptr<Listener> listener = transport.listen(subject.new_address(), first.loop()).value();
    listener->start([&]() -> Loop& { return loops[turn++ % 2]->loop(); },
                    [&](std::unique_ptr<Connection> made) {
                      const std::size_t which = first.loop().is_this_thread() ? 0 : 1;
                      served[which].push_back({std::this_thread::get_id(), std::make_unique<Pump>(std::move(made))});
                      served[which].back().pump->echo = true;
                    });
    for (unsigned i = 0; i < 10; ++i) {
      auto connection = transport.dial(listener->local(), Clock::now() + patience).value();
      const std::string sent = pattern(1000, i);
      REQUIRE(write_all(*connection, sent) == IoState::done);
      REQUIRE(read_up_to(*connection, sent.size()) == sent);
    }
    first.run([&] { listener->close(); });
    for (std::size_t which = 0; which < 2; ++which) {
      loops[which]->run([&] {
        CHECK(served[which].size() == 5);
        for (const Served& one : served[which]) CHECK(one.accepted_on == loops[which]->thread());
        served[which].clear();
      });
    }
  }

  SECTION("a blocking connection is not for loops, nor a loop's for blocking") {
    TestListener listener(transport, subject.new_address(), here.loop());
    const LoopPair pair = connect_blocking(here, transport, listener);
    OnReady never([](Direction) {});
    CHECK_THROWS_AS(pair.dialled->wait(Direction::read, never), std::logic_error);
    CHECK(pair.accepted->wait_until(Direction::read, Clock::now() + patience).code() ==
          StatusCode::failed_precondition);
  }
}

}  // namespace polyrpc::test
