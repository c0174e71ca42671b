#include "polyrpc/runtime/async_stream.hpp"
#include "polyrpc/runtime/interceptor.hpp"

#include "stream_peer.hpp"
#include "support/catch.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

using Text = std::string;
constexpr ServerStreaming<Text, Text> list{"List"};
constexpr ClientStreaming<Text, Text> count{"Count"};
constexpr Bidirectional<Text, Text> echo{"Echo"};
constexpr Bidirectional<Text, Text> hang{"Hang"};

/// A client on an io_context that the test runs.
struct Turned {
  Turned() : peer(network), client(std::make_unique<Client>(io, stream_target(network))) {}

  /// Runs a coroutine to its end, then the rest.
  template <class Coroutine>
  void run(Coroutine coroutine) {
    std::exception_ptr thrown;
    asio::co_spawn(io, coroutine(*client), [&](std::exception_ptr failure) {
      thrown = failure;
      client->close();
    });
    io.run();
    if (thrown) std::rethrow_exception(thrown);
  }

  MemoryNetwork network;
  StreamPeer peer;
  asio::io_context io;
  std::unique_ptr<Client> client;
};

Awaitable<void> all_kinds(Client& client) {
  auto listed = client.open(list, "3");
  std::vector<Text> texts;
  Text text;
  while (co_await listed.async_read(text)) texts.push_back(text);
  CHECK(texts == std::vector<Text>{"0", "1", "2"});
  Status status = co_await listed.async_finish();
  CHECK(status.ok());
  CHECK(listed.trailers().get("behind") == "it");

  auto counted = client.open(count);
  for (int i = 0; i < 10; ++i) {
    status = co_await counted.async_write(text);
    CHECK(status.ok());
  }
  auto number = co_await counted.async_finish();
  CHECK(number.value() == "10");

  auto echoed = client.open(echo);
  const Metadata* headers = co_await echoed.async_headers();
  CHECK(headers->get("ahead") == "of-it");
  status = co_await echoed.async_write(text);
  auto answer = co_await echoed.async_next();
  CHECK(answer == text);
  status = co_await echoed.async_close_writing();
  CHECK(status.ok());
  answer = co_await echoed.async_next();
  CHECK(!answer);
  status = co_await echoed.async_finish();
  CHECK(status.ok());
}

Awaitable<void> write_all(BidirectionalCall<Text, Text>& call, int messages) {
  for (int i = 0; i < messages; ++i) {
    const Text text = std::to_string(i);
    Status written = co_await call.async_write(text);
    CHECK(written.ok());
  }
  Status closed = co_await call.async_close_writing();
  CHECK(closed.ok());
}

Awaitable<void> both_ways(Client& client) {
  auto executor = co_await asio::this_coro::executor;
  auto call = client.open(echo);
  auto writing = write_all(call, 300);
  asio::co_spawn(executor, std::move(writing), asio::detached);
  Text text;
  int next = 0;
  while (co_await call.async_read(text)) CHECK(text == std::to_string(next++));
  CHECK(next == 300);
  Status status = co_await call.async_finish();
  CHECK(status.ok());
}

Awaitable<void> many_in_a_turn(Client& client, Turned& setting, std::size_t messages) {
  auto call = client.open(hang);
  const Metadata* headers = co_await call.async_headers();
  CHECK(headers->get("ahead") == "of-it");
  setting.peer.say("room 0 1000");
  const Text text = "x";
  Status status;
  for (int i = 0; i < 3; ++i) status = co_await call.async_write(text);
  setting.network.inject({std::size_t(-1), MemoryOperation::write, MemorySide::dialler});
  for (std::size_t i = 3; i < messages && status.ok(); ++i) status = co_await call.async_write(text);
  CHECK(status.ok());
  setting.peer.release();
  status = co_await call.async_finish();
  CHECK(status.ok());
}

Awaitable<void> ends(Client& client) {
  auto early = client.open_bidirectional<Text, Text>("Early");
  const Text text = "x";
  Status status;
  while (status.ok()) status = co_await early.async_write(text);
  status = co_await early.async_finish();
  CHECK(status.message() == "enough");

  CallOptions brief;
  brief.timeout = 20ms;
  auto late = client.open(hang, brief);
  auto nothing = co_await late.async_next();
  CHECK(!nothing);
  status = co_await late.async_finish();
  CHECK(status.code() == StatusCode::deadline_exceeded);

  auto cancelled = client.open(hang);
  const Metadata* headers = co_await cancelled.async_headers();
  CHECK(headers->size() == 1);
  cancelled.cancel();
  CHECK(!cancelled.next());  // on this thread, but it has ended
  status = co_await cancelled.async_finish();
  CHECK(status.code() == StatusCode::cancelled);

  auto blocking = client.open(hang);
  CHECK(blocking.write(text).code() == StatusCode::failed_precondition);
  CHECK(blocking.finish().code() == StatusCode::failed_precondition);
}

Awaitable<void> read_for_ever(Client& client, bool& reached) {
  auto call = client.open(hang);
  const Metadata* headers = co_await call.async_headers();
  CHECK(headers->size() == 1);
  reached = true;
  Text text;
  while (co_await call.async_read(text)) continue;
  Status status = co_await call.async_finish();
  CHECK(status.code() == StatusCode::cancelled);
}

Awaitable<void> elsewhere(Client& client) {
  auto call = client.open(hang);
  const Text text = "x";
  Status status = co_await call.async_write(text);
  CHECK(status.code() == StatusCode::failed_precondition);
}

}  // namespace

TEST_CASE("coroutines use all kinds of streaming calls", "[client][stream][async]") {
  Turned turned;
  turned.run(all_kinds);
}

TEST_CASE("messages of a turn leave together", "[client][stream][async]") {
  Turned turned;
  turned.run([&](Client& client) { return many_in_a_turn(client, turned, 1000); });
  turned.peer.await("msg 0", 1000);
  CHECK(turned.network.operations() < 20);
}

TEST_CASE("one coroutine writes while another reads", "[client][stream][async]") {
  Turned turned;
  turned.run(both_ways);
}

TEST_CASE("coroutines see how streaming calls end", "[client][stream][async]") {
  Turned turned;
  turned.run(ends);
}

TEST_CASE("cancelling an operation cancels the call", "[client][stream][async]") {
  Turned turned;
  asio::cancellation_signal signal;
  bool reached = false;
  bool ended = false;
  asio::co_spawn(turned.io, read_for_ever(*turned.client, reached),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr) { ended = true; }));
  while (!reached) turned.io.run_one();
  turned.io.poll();
  CHECK(!ended);
  signal.emit(asio::cancellation_type::terminal);
  while (!ended) turned.io.run_one();
  turned.peer.await("cancel 0");
  turned.client->close();
  turned.io.run();
}

TEST_CASE("a coroutine may be left waiting", "[client][stream][async]") {
  const bool client_first = GENERATE(false, true);
  MemoryNetwork network;
  StreamPeer peer(network);
  bool reached = false;
  std::unique_ptr<Client> client;
  {
    asio::io_context io;
    client = std::make_unique<Client>(io, stream_target(network));
    asio::co_spawn(io, read_for_ever(*client, reached), asio::detached);
    while (!reached) io.run_one();
    io.poll();
    if (client_first) client.reset();
  }
  CHECK(reached);
}

TEST_CASE("coroutines need the client's own loop", "[client][stream][async]") {
  MemoryNetwork network;
  StreamPeer peer(network);
  AnyClient client(GENERATE(Driver::blocking, Driver::loop), stream_target(network));
  asio::io_context io;
  std::exception_ptr thrown;
  asio::co_spawn(io, elsewhere(*client), [&](std::exception_ptr failure) { thrown = failure; });
  io.run();
  CHECK(thrown == nullptr);
}

namespace {

struct Seen {
  std::vector<Text> names;
  std::vector<CallKind> kinds;
  std::vector<StatusCode> requests;
  std::vector<StatusCode> ends;
  std::vector<std::size_t> trailers;
};

Awaitable<Status> watched(InterceptedCall& call, Next next, Seen* seen) {
  seen->names.emplace_back(call.method());
  seen->kinds.push_back(call.kind());
  seen->requests.push_back(call.request().status().code());
  CHECK((call.kind() == CallKind::unary || call.reply().object == nullptr));
  call.context().metadata().set("user", "ann");
  Status status = co_await next(call);
  seen->ends.push_back(status.code());
  seen->trailers.push_back(call.context().trailers().size());
  co_return status;
}

Awaitable<Status> twice(InterceptedCall& call, Next next) {
  Status first = co_await next(call);
  Status second = co_await next(call);
  CHECK(second.code() == StatusCode::failed_precondition);
  co_return first;
}

Awaitable<Status> rejected(InterceptedCall&, Next) {
  Status status = Status::permission_denied("no");
  co_return status;
}

Awaitable<Status> delayed(InterceptedCall& call, Next next) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, 5ms);
  co_await timer.async_wait(asio::use_awaitable);
  Status status = co_await next(call);
  timer.expires_after(5ms);
  co_await timer.async_wait(asio::use_awaitable);
  if (status.ok()) status = Status::aborted("after all");
  co_return status;
}

}  // namespace

TEST_CASE("interceptors surround streaming calls", "[client][stream][interceptors]") {
  MemoryNetwork network;
  StreamPeer peer(network);
  Tally tally;
  Seen seen;  // an interceptor may still end when the handle of its call has gone, but not behind the client
  AnyClient client(GENERATE(Driver::blocking, Driver::loop), stream_target(network));
  SECTION("and see them as a whole") {
    client->intercept([&](InterceptedCall& call, Next next) { return watched(call, next, &seen); });
    auto listed = client->open(list, "2");
    auto echoed = client->open(echo);
    CHECK(echoed.headers().get("ahead") == "of-it");
    CHECK(echoed.write("x").ok());
    CHECK(echoed.next() == "x");
    CHECK(listed.next() == "0");
    CHECK(seen.ends.empty());
    CHECK(listed.finish().ok());
    CHECK(listed.trailers().get("behind") == "it");
    CHECK(echoed.finish().ok());
    auto early = client->open_client_streaming<Text, Text>("Early");
    CHECK(early.write("1").ok());
    CHECK(early.finish().status().message() == "enough");
    CHECK(client->call<Text>("Unary", "x").value() == "x");
    CHECK(seen.names == std::vector<Text>{"List", "Echo", "Early", "Unary"});
    CHECK(seen.kinds == std::vector<CallKind>{CallKind::server_streaming, CallKind::bidirectional,
                                              CallKind::client_streaming, CallKind::unary});
    using Code = StatusCode;
    CHECK(seen.requests == std::vector<Code>{Code::ok, Code::failed_precondition, Code::failed_precondition, Code::ok});
    CHECK(seen.ends == std::vector<Code>{Code::ok, Code::ok, Code::failed_precondition, Code::ok});
    CHECK(seen.trailers == std::vector<std::size_t>{1, 1, 0, 1});
    peer.await("open 0 List - user=ann : 2");
    CHECK(peer.count("open 0 List - user=ann : 2") == 1);
  }
  SECTION("and make them only once") {
    client->intercept(twice);
    CHECK(client->open(list, "2").finish().ok());
    peer.await("open");
    CHECK(peer.count("open") == 1);
  }
  SECTION("and may reject them") {
    client->intercept(rejected);
    auto call = client->open(echo);
    CHECK(call.write("x").code() == StatusCode::permission_denied);
    CHECK(!call.next());
    CHECK(call.finish().message() == "no");
    CHECK(peer.count("open") == 0);
  }
  SECTION("and may take their time and change the end") {
    client->intercept(delayed);
    auto call = client->open(echo);
    CHECK(call.write("x").ok());
    CHECK(call.next() == "x");
    CHECK(call.finish().message() == "after all");
  }
  SECTION("and are cancelled with them") {
    client->intercept([&](InterceptedCall& call, Next next) { return watched(call, next, &seen); });
    auto call = client->open(hang);
    CHECK(call.headers().size() == 1);
    SECTION("by hand") {
      call.cancel();
      CHECK(!call.next());
      CHECK(call.finish().code() == StatusCode::cancelled);
    }
    SECTION("by the end of the handle") { call = {}; }
    peer.await("cancel 0");
  }
  SECTION("and end at the deadline") {
    client->intercept([&](InterceptedCall& call, Next next) { return watched(call, next, &seen); });
    CallOptions brief;
    brief.timeout = 20ms;
    auto call = client->open(hang, brief);
    CHECK(!call.next());
    CHECK(call.finish().code() == StatusCode::deadline_exceeded);
  }
  SECTION("while one thread reads and another writes") {
    client->intercept([&](InterceptedCall& call, Next next) { return watched(call, next, &seen); });
    auto call = client->open(echo);
    std::thread writer([&] {
      for (int i = 0; i < 100; ++i) tally(call.write(std::to_string(i)).ok());
      tally(call.close_writing().ok());
    });
    int next = 0;
    while (const auto text = call.next()) CHECK(*text == std::to_string(next++));
    CHECK(next == 100);
    writer.join();
    CHECK(call.finish().ok());
  }
  CHECK(tally.wrong() == 0);
}
