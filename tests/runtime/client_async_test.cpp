#include "polyrpc/runtime/async.hpp"
#include "polyrpc/runtime/interceptor.hpp"

#include "client_fixture.hpp"
#include "support/catch.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

TEST_CASE("callbacks run on the loop with the reply", "[client][async]") {
  Served served;
  asio::io_context io;
  auto client = std::make_unique<Client>(io, served.target());
  std::vector<std::int64_t> products;
  std::thread::id ran_on;
  for (std::int64_t i = 0; i < 100; ++i) {
    client->async_call(multiply, {i, 2}, [&](Result<std::int64_t> product) {
      products.push_back(product.value());
      ran_on = std::this_thread::get_id();
      if (products.size() == 100) client->close();
    });
  }
  CHECK(products.empty());
  io.run();
  CHECK(products.size() == 100);
  CHECK(products[99] == 198);
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("every form of an asynchronous call", "[client][async]") {
  Served served;
  LoopThread loop;
  Client client(loop.context(), served.target());
  CallOptions options;
  options.metadata.set("token", "secret");

  CHECK(client.async_call<std::int64_t>("Test.Multiply", Pair{6, 7}, asio::use_future).get().value() == 42);
  CHECK(client.async_call<std::string>("Test.Headers", "token", options, asio::use_future).get().value() == "secret");
  CHECK(client.async_call(multiply, {6, 7}, asio::use_future).get().value() == 42);
  CHECK(client.async_call(multiply, {6, 7}, options, asio::use_future).get().value() == 42);
  CHECK(client.async_call_with(multiply, asio::use_future, 6, 7).get().value() == 42);
  CHECK(client.async_call<void>("Test.Note", "noted", asio::use_future).get().ok());
  CHECK(client.go(multiply, {6, 7}).async_wait(asio::use_future).get().value() == 42);
  const std::string text = "a name of more than a few bytes, so that it is on the heap";
  std::string named = "Test.Echo";
  CHECK(client.async_call<std::string>(named, text, asio::use_future).get().value() == text);
  CHECK(client.async_call<std::string>("Test.Fail", "why", asio::use_future).get().status().message() == "why");
}

TEST_CASE("coroutines call one after the other and side by side", "[client][async]") {
  Served served;
  asio::io_context io;
  Client client(io, served.target());
  std::int64_t sum = 0;
  const auto chain = [](Client& on, std::int64_t& total) -> asio::awaitable<void> {
    for (std::int64_t i = 1; i <= 10; ++i) {
      auto product = co_await on.async_call_with(multiply, asio::use_awaitable, i, 10);
      total += product.value();
    }
    const Pair args{5, 5};
    auto product = co_await on.async_call(multiply, args, asio::use_awaitable);
    total += product.value();
    auto pending = on.go(multiply, args);
    auto waited = co_await pending.async_wait(asio::use_awaitable);
    total += waited.value();
  };
  int ended = 0;
  for (int i = 0; i < 3; ++i) {
    asio::co_spawn(io, chain(client, sum), [&](const std::exception_ptr& failure) {
      CHECK(!failure);
      if (++ended == 3) client.close();
    });
  }
  io.run();
  CHECK(ended == 3);
  CHECK(sum == 3 * (550 + 50));
}

TEST_CASE("a token that starts later takes what it needs with it", "[client][async]") {
  Served served;
  LoopThread loop;
  Client client(loop.context(), served.target());
  const auto make = [&]() {
    std::string method = "Test.Headers";
    std::string key = "token";
    CallOptions options;
    options.metadata.set("token", "kept");
    return client.async_call<std::string>(method, key, options, asio::use_awaitable);
  };
  const auto run = [](asio::awaitable<Result<std::string>> call) -> asio::awaitable<std::string> {
    auto result = co_await std::move(call);
    co_return result.value();
  };
  CHECK(asio::co_spawn(loop.context(), run(make()), asio::use_future).get() == "kept");
}

TEST_CASE("handlers run on their own executors", "[client][async]") {
  Served served;
  LoopThread loop;
  Client client(loop.context(), served.target());
  asio::thread_pool pool(1);
  std::promise<std::thread::id> pool_thread;
  asio::post(pool, [&] { pool_thread.set_value(std::this_thread::get_id()); });
  const std::thread::id expected = pool_thread.get_future().get();

  std::promise<std::thread::id> called;
  client.async_call(multiply, {6, 7}, asio::bind_executor(pool, [&](const Result<std::int64_t>& product) {
                      CHECK(product.value() == 42);
                      called.set_value(std::this_thread::get_id());
                    }));
  CHECK(called.get_future().get() == expected);
  pool.join();
}

TEST_CASE("asio's cancellation cancels the call", "[client][async]") {
  const bool started_here = GENERATE(false, true);
  Served served;
  LoopThread loop;
  Client client(loop.context(), served.target());
  REQUIRE(client.call(multiply, {6, 7}).ok());
  asio::cancellation_signal signal;
  std::promise<Status> outcome;
  const auto start = [&] {
    client.async_call<std::string>("Test.UntilCancelled", "",
                                   asio::bind_cancellation_slot(signal.slot(), [&](const Result<std::string>& result) {
                                     outcome.set_value(result.status());
                                   }));
  };
  if (started_here)
    start();
  else
    asio::post(loop.context(), start);
  served.services.started.pass();
  asio::post(loop.context(), [&] { signal.emit(asio::cancellation_type::total); });
  CHECK(outcome.get_future().get().code() == StatusCode::cancelled);
  served.services.cancelled.pass();
  CHECK(client.call(multiply, {6, 7}).value() == 42);
}

TEST_CASE("cancelling a wait for a pending call cancels the call", "[client][async]") {
  Served served;
  LoopThread loop;
  Client client(loop.context(), served.target());
  asio::cancellation_signal signal;
  std::promise<Status> outcome;
  client.go<std::string>("Test.UntilCancelled", "")
      .async_wait(asio::bind_cancellation_slot(
          signal.slot(), [&](const Result<std::string>& result) { outcome.set_value(result.status()); }));
  served.services.started.pass();
  asio::post(loop.context(), [&] { signal.emit(asio::cancellation_type::terminal); });
  CHECK(outcome.get_future().get().code() == StatusCode::cancelled);
  served.services.cancelled.pass();
}

TEST_CASE("a handler may do anything: call, throw, close, destroy the client", "[client][async]") {
  Served served;
  asio::io_context io;
  auto client = std::make_unique<Client>(io, served.target());
  int thrown = 0;
  std::vector<Status> outcomes;
  bool called_again = false;
  std::thread opener;

  client->async_call(multiply, {1, 1}, [&](const Result<std::int64_t>&) {
    CHECK(client->call(multiply, {1, 1}).status().code() == StatusCode::failed_precondition);
    auto pending = client->go(multiply, {1, 1});
    CHECK(pending.wait().status().code() == StatusCode::failed_precondition);
    client->async_call(multiply, {2, 2}, [&](const Result<std::int64_t>& product) {
      CHECK(product.value() == 4);
      called_again = true;
      opener = std::thread([&] {
        served.services.gate.await(4);
        served.services.gate.open();
      });
      throw std::runtime_error("out of a handler");
    });
  });
  client->async_call(multiply, {1, 1}, [](const Result<std::int64_t>&) { throw std::runtime_error("early"); });
  client->async_call<std::string>("Test.Gate", "", [&](const Result<std::string>& result) {
    outcomes.push_back(result.status());
    if (client != nullptr) client.reset();
  });
  for (int i = 0; i < 3; ++i) {
    client->async_call<std::string>("Test.Gate", "",
                                    [&](const Result<std::string>& result) { outcomes.push_back(result.status()); });
  }
  for (;;) {
    try {
      io.run();
      break;
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  opener.join();
  CHECK(thrown == 2);
  CHECK(called_again);
  REQUIRE(outcomes.size() == 4);
  for (const Status& outcome : outcomes) CHECK((outcome.ok() || outcome.code() == StatusCode::cancelled));
}

TEST_CASE("destroying the client ends its calls on the loop", "[client][async]") {
  Served served;
  asio::io_context io;
  auto client = std::make_unique<Client>(io, served.target());
  std::vector<Status> outcomes;
  for (int i = 0; i < 3; ++i) {
    client->async_call<std::string>("Test.Gate", "",
                                    [&](const Result<std::string>& result) { outcomes.push_back(result.status()); });
  }
  SECTION("before anything has happened") {}
  SECTION("when they are under way") {
    std::atomic<bool> waiting{false};
    std::thread waiter([&] {
      served.services.gate.await(3);
      waiting = true;
    });
    while (!waiting) io.run_one_for(1ms);
    waiter.join();
  }
  client.reset();
  CHECK(outcomes.empty());
  io.run();
  REQUIRE(outcomes.size() == 3);
  for (const Status& outcome : outcomes) CHECK(outcome.code() == StatusCode::cancelled);
}

TEST_CASE("an io_context that is destroyed takes the calls with it", "[client][async]") {
  Served served;
  auto alive = std::make_shared<int>(0);
  std::optional<Pending<std::string>> pending;
  const bool connected = GENERATE(false, true);
  {
    asio::io_context io;
    // The client is owned by a coroutine that is never resumed.
    const auto run = [](asio::io_context& on, ClientTarget target, std::optional<Pending<std::string>>& started,
                        std::shared_ptr<int> held) -> asio::awaitable<void> {
      const auto client = std::make_unique<Client>(on, std::move(target));
      started = client->go<std::string>("Test.Gate", "");
      auto result = co_await client->async_call<std::string>("Test.Gate", "", asio::use_awaitable);
      *held = result.ok() ? 1 : 2;
    };
    asio::co_spawn(io, run(io, served.target(), pending, alive), asio::detached);
    io.poll();
    if (connected) {
      std::atomic<bool> waiting{false};
      std::thread waiter([&] {
        served.services.gate.await(2);
        waiting = true;
      });
      while (!waiting) io.run_one_for(1ms);
      waiter.join();
    }
  }
  CHECK(alive.use_count() == 1);
  CHECK(*alive == 0);
  REQUIRE(pending);
  CHECK(pending->wait().status().code() == StatusCode::cancelled);
}

TEST_CASE("asynchronous calls of a client without a loop say what is missing", "[client][async]") {
  Served served;
  Client client(served.target());
  const Status status = client.async_call(multiply, {6, 7}, asio::use_future).get().status();
  CHECK(status.code() == StatusCode::failed_precondition);
  CHECK_THAT(status.message(), contains("io_context"));
  CHECK(client.go(multiply, {6, 7}).async_wait(asio::use_future).get().status().code() ==
        StatusCode::failed_precondition);
}

TEST_CASE("two clients of one io_context and calls between them", "[client][async]") {
  Served served;
  asio::io_context io;
  Client first(io, served.target());
  Client second(io, served.target());
  std::int64_t last = 0;
  first.async_call(multiply, {2, 3}, [&](const Result<std::int64_t>& six) {
    second.async_call(multiply, {six.value(), 7}, [&](const Result<std::int64_t>& product) {
      last = product.value();
      first.close();
      second.close();
    });
  });
  io.run();
  CHECK(last == 42);
}

TEST_CASE("calls made in one turn leave in one write, or in three if there is time to spare", "[client][async]") {
  MemoryNetwork network(MemoryOptions{1 << 20, 0});
  Services services;
  Transports transports{network.transport()};
  const RunningServer server(services.registry, json_over(transports), {}, 1, "memory://server");
  asio::io_context io;
  Client client(io, json_target("memory://server", network.transport()));
  int answered = 0;
  const auto count = [&](const Result<std::int64_t>& product) {
    CHECK(product.ok());
    ++answered;
  };
  client.async_call(multiply, {1, 1}, [&](const Result<std::int64_t>&) {
    network.inject({1'000'000, MemoryOperation::write, MemorySide::dialler, MemoryEffect::fail});
    for (int i = 0; i < 100; ++i) client.async_call(multiply, {1, 1}, count);
    asio::post(io, [&] {
      for (int i = 0; i < 100; ++i) client.async_call(multiply, {1, 1}, count);
    });
  });
  while (answered < 200) io.run_one();
  CHECK(network.operations() >= 2);
  CHECK(network.operations() <= 6);  // of 8, of 24 more, and of the rest
  client.close();
}
