#include "polyrpc/runtime/async.hpp"
#include "polyrpc/runtime/interceptor.hpp"

#include "client_fixture.hpp"
#include "support/catch.hpp"

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

/// The ways to make a call that interceptors must see.
enum class Way { call, go, future };

template <class Reply, class Args>
Result<Reply> make(Way way, Client& client, std::string_view method, const Args& args,
                   const CallOptions& options = {}) {
  switch (way) {
    case Way::call:
      return client.call<Reply>(method, args, options);
    case Way::go:
      return client.go<Reply>(method, args, options).wait();
    case Way::future:
      break;
  }
  return client.async_call<Reply>(method, args, options, asio::use_future).get();
}

const auto ways = {std::pair(Driver::blocking, Way::call), std::pair(Driver::blocking, Way::go),
                   std::pair(Driver::loop, Way::call), std::pair(Driver::loop, Way::go),
                   std::pair(Driver::loop, Way::future)};

Awaitable<Status> pause(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
  co_return Status();
}

}  // namespace

TEST_CASE("the first interceptor is outermost and sees the call", "[client][interceptor]") {
  const auto [driver, way] = GENERATE(values(ways));
  Served served;
  AnyClient client(driver, served.target());
  std::vector<std::string> seen;
  client->intercept([&](InterceptedCall& call, Next next) -> Awaitable<Status> {
    seen.push_back("outer " + std::string(call.method()));
    CHECK(call.side() == Side::client);
    CHECK(call.request_as<Pair>() != nullptr);
    CHECK(call.request_as<Pair>()->a == 6);
    CHECK(call.request_as<std::string>() == nullptr);
    CHECK(call.context().deadline());
    Status status = co_await next(call);
    CHECK(*call.reply_as<std::int64_t>() == 42);
    seen.push_back("outer done");
    co_return status;
  });
  client->intercept([&](InterceptedCall& call, Next next) -> Awaitable<Status> {
    seen.push_back("inner");
    Status status = co_await next(call);
    co_return status;
  });
  CHECK(make<std::int64_t>(way, *client, "Test.Multiply", Pair{6, 7}).value() == 42);
  CHECK(seen == std::vector<std::string>{"outer Test.Multiply", "inner", "outer done"});
}

TEST_CASE("an interceptor rejects, replaces, adds and reads", "[client][interceptor]") {
  const auto [driver, way] = GENERATE(values(ways));
  Served served;
  AnyClient client(driver, served.target());
  client->intercept([](InterceptedCall& call, Next next) -> Awaitable<Status> {
    if (call.method() == "Test.Forbidden") co_return Status::permission_denied("not from here");
    if (call.method() == "Test.Cached") {
      *call.reply_as<std::string>() = "from the cache";
      co_return Status();
    }
    call.context().metadata().set("token", "from the interceptor");
    Status status = co_await next(call);
    call.context().headers().set("seen", std::string(call.context().headers().get("answer").value_or("no")));
    co_return status;
  });
  const auto rejected = make<std::string>(way, *client, "Test.Forbidden", std::string());
  CHECK(rejected.status().code() == StatusCode::permission_denied);
  CHECK(make<std::string>(way, *client, "Test.Cached", std::string()).value() == "from the cache");
  CHECK(client->state() == ConnectionState::idle);
  Metadata headers;
  CallOptions options;
  options.headers = &headers;
  CHECK(make<std::string>(way, *client, "Test.Headers", std::string("token"), options).value() ==
        "from the interceptor");
  CHECK(headers.get("seen") == "in-a-header");
}

TEST_CASE("an interceptor tries again", "[client][interceptor]") {
  const auto [driver, way] = GENERATE(values(ways));
  Served served;
  AnyClient client(driver, served.target());
  int attempts = 0;
  client->intercept([&](InterceptedCall& call, Next next) -> Awaitable<Status> {
    Status status;
    for (int i = 0; i < 3; ++i) {
      ++attempts;
      status = co_await next(call);
      if (status.ok()) CHECK(*call.reply_as<std::string>() == "same");
      auto pausing = pause(1ms);
      static_cast<void>(co_await std::move(pausing));
    }
    co_return status;
  });
  CHECK(make<std::string>(way, *client, "Test.Echo", std::string("same")).value() == "same");
  CHECK(attempts == 3);
  CHECK(make<std::string>(way, *client, "Test.Fail", std::string("why")).status().message() == "why");
  CHECK(attempts == 6);
}

TEST_CASE("what an interceptor throws is an internal error of that call", "[client][interceptor]") {
  const auto [driver, way] = GENERATE(values(ways));
  Served served;
  ClientOptions options;
  std::string logged;
  options.log = [&](LogLevel level, std::string_view line) {
    if (level == LogLevel::error) logged = line;
  };
  AnyClient client(driver, served.target(), options);
  client->intercept([](InterceptedCall& call, Next next) -> Awaitable<Status> {
    Status status = co_await next(call);
    if (call.method() == "Test.Echo") throw std::runtime_error("the reason");
    co_return status;
  });
  const auto result = make<std::string>(way, *client, "Test.Echo", std::string());
  CHECK(result.status().code() == StatusCode::internal);
  CHECK(result.status().message() == "polyrpc: an interceptor failed");
  CHECK_THAT(logged, contains("the reason"));
  CHECK(make<std::int64_t>(way, *client, "Test.Multiply", Pair{6, 7}).value() == 42);
}

TEST_CASE("deadlines hold inside interceptors", "[client][interceptor]") {
  const auto [driver, way] = GENERATE(values(ways));
  Served served;
  Gate stopped;
  AnyClient client(driver, served.target());
  client->intercept([&](InterceptedCall& call, Next next) -> Awaitable<Status> {
    if (call.method() == "Test.Pause") {
      const std::stop_callback note(call.context().stop_token(), [&] { stopped.open(); });
      auto pausing = pause(1h);
      static_cast<void>(co_await std::move(pausing));
    }
    if (call.method() == "Test.TimeLeft") call.context().set_deadline(Clock::now() + 10s);
    if (call.method() == "Test.Gate") call.context().set_deadline(Clock::now() + 20ms);
    Status status = co_await next(call);
    co_return status;
  });
  CallOptions options;
  options.timeout = 30ms;
  CHECK(make<std::string>(way, *client, "Test.Pause", std::string(), options).status().code() ==
        StatusCode::deadline_exceeded);
  stopped.pass();
  CHECK(make<std::string>(way, *client, "Test.Gate", std::string()).status().code() == StatusCode::deadline_exceeded);
  options.timeout = 1h;
  const auto left = make<std::int64_t>(way, *client, "Test.TimeLeft", std::string(), options).value();
  CHECK(left > 0);
  CHECK(left <= 10'000);
  CHECK(make<std::int64_t>(way, *client, "Test.Multiply", Pair{6, 7}).value() == 42);
}

TEST_CASE("a call is cancelled inside interceptors", "[client][interceptor]") {
  const auto [driver, way] = GENERATE(values(ways));
  const bool on_wire = GENERATE(false, true);
  Served served;
  Gate inside;
  AnyClient client(driver, served.target());
  client->intercept([&](InterceptedCall& call, Next next) -> Awaitable<Status> {
    if (call.method() == "Test.Pause") {
      inside.open();
      auto pausing = pause(1h);
      static_cast<void>(co_await std::move(pausing));
    }
    Status status = co_await next(call);
    co_return status;
  });
  std::stop_source source;
  CallOptions options;
  options.stop = source.get_token();
  std::thread stopper([&] {
    (on_wire ? served.services.started : inside).pass();
    source.request_stop();
  });
  const auto result =
      make<std::string>(way, *client, on_wire ? "Test.UntilCancelled" : "Test.Pause", std::string(), options);
  stopper.join();
  CHECK(result.status().code() == StatusCode::cancelled);
  if (on_wire) served.services.cancelled.pass();
  CHECK(make<std::int64_t>(way, *client, "Test.Multiply", Pair{6, 7}).value() == 42);
}

TEST_CASE("started calls run side by side inside interceptors", "[client][interceptor]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, served.target());
  client->intercept([](InterceptedCall& call, Next next) -> Awaitable<Status> {
    Status status = co_await next(call);
    co_return status;
  });
  std::vector<Pending<std::string>> slow;
  for (int i = 0; i < 4; ++i) slow.push_back(client->go<std::string>("Test.Gate", std::to_string(i)));
  auto fast = client->go(multiply, {6, 7});
  served.services.gate.await(4);
  CHECK(fast.wait().value() == 42);
  CHECK(!slow[0].done());
  { const auto dropped = client->go<std::string>("Test.Gate", "dropped"); }
  served.services.gate.open();
  for (int i = 3; i >= 0; --i) CHECK(slow[static_cast<std::size_t>(i)].wait().value() == std::to_string(i));
}

TEST_CASE("closing and destroying end calls inside interceptors", "[client][interceptor]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  std::optional<Pending<std::string>> pending;
  std::optional<Status> blocked;
  std::thread caller;
  {
    ClientOptions options;
    options.default_timeout = options.connect_timeout = 1h;  // a timer left behind would keep the loop that long
    AnyClient client(driver, served.target(), options);
    client->intercept([](InterceptedCall& call, Next next) -> Awaitable<Status> {
      Status status = co_await next(call);
      co_return status;
    });
    pending = client->go<std::string>("Test.Gate", "");
    caller = std::thread([&, &raw = *client] { blocked = raw.call<std::string>("Test.Gate", "").status(); });
    served.services.gate.await(2);
    client.destroy();
  }
  caller.join();
  REQUIRE(blocked);
  CHECK(blocked->code() == StatusCode::cancelled);
  CHECK(pending->wait().status().code() == StatusCode::cancelled);
}

TEST_CASE("an io_context that is destroyed takes calls inside interceptors with it", "[client][interceptor]") {
  Served served;
  auto alive = std::make_shared<int>(0);
  {
    asio::io_context io;
    Client client(io, served.target());
    client.intercept([alive](InterceptedCall& call, Next next) -> Awaitable<Status> {
      const std::shared_ptr<int> held = alive;
      Status status = co_await next(call);
      co_return status;
    });
    client.async_call<std::string>("Test.Gate", "", [held = alive](const Result<std::string>&) { ++*held; });
    std::atomic<bool> waiting{false};
    std::thread waiter([&] {
      served.services.gate.await(1);
      waiting = true;
    });
    while (!waiting) io.run_one_for(1ms);
    waiter.join();
  }
  CHECK(*alive == 0);
  CHECK(alive.use_count() == 1);
}
