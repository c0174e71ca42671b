#include "polyrpc/runtime/client.hpp"

#include "client_fixture.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

// What holds for clients with and without a loop.

namespace {

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

/// A port that nobody listens on, most probably for as long as the test runs.
std::string free_address() {
  Registry registry;
  Server server(registry, json_over(standard_transports()));
  return server.listen("tcp://127.0.0.1:0").to_string();
}

/// Nobody answers a dial: it ends at its deadline, or when it is given up.
class SilentTransport final : public Transport {
 public:
  std::string_view scheme() const noexcept override { return "silent"; }
  Result<std::unique_ptr<Listener>> listen(const Endpoint&, Loop&) const override {
    return Status::unimplemented("silent");
  }
  std::function<void()> dial(const Endpoint&, Loop& loop, DialHandler) const override {
    loop.post([this] { dialled.open(); });
    return [] {};
  }
  Result<std::unique_ptr<Connection>> dial(const Endpoint&, std::optional<Clock::time_point> deadline,
                                           const std::stop_token& stop) const override {
    dialled.open();
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    const auto until = deadline.value_or(Clock::now() + 1h);
    changed.wait_until(lock, stop, until, [] { return false; });
    if (stop.stop_requested()) return Status::cancelled("silent: given up");
    return Status::deadline_exceeded("silent: deadline exceeded");
  }

  mutable Gate dialled;
};

}  // namespace

TEST_CASE("a call is answered", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));

  CHECK(client->state() == ConnectionState::idle);
  CHECK(client->call<std::int64_t>("Test.Multiply", Pair{6, 7}).value() == 42);
  CHECK(client->state() == ConnectionState::ready);
  CHECK(client->call(multiply, {7, 8}).value() == 56);
  CHECK(client->call<std::string>("Test.Echo", "a literal").value() == "a literal");
  CHECK(client->call<std::string>("Test.Echo", std::string("a string")).value() == "a string");
  std::int64_t product = 0;
  REQUIRE(client->call("Test.Multiply", Pair{3, 4}, product).ok());
  CHECK(product == 12);
  CHECK(client->call<void>("Test.Note", "noted").ok());
}

TEST_CASE("the server's errors are told from the client's own", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));

  const auto failed = client->call<std::string>("Test.Fail", "no such thing");
  CHECK(failed.status().code() == StatusCode::not_found);
  CHECK(failed.status().message() == "no such thing");
  CHECK(failed.status().origin() == Origin::remote);
  const auto unknown = client->call<std::string>("Test.Nothing", "");
  CHECK(unknown.status().message() == "rpc: can't find method Test.Nothing");
  CHECK(unknown.status().origin() == Origin::remote);

  CallOptions late;
  late.timeout = 0ns;
  const auto local = client->call<std::string>("Test.Echo", "", late);
  CHECK(local.status().code() == StatusCode::deadline_exceeded);
  CHECK(local.status().origin() == Origin::local);
  CHECK(client->call(multiply, {2, 3}).value() == 6);
}

TEST_CASE("a reply of another type fails its call alone", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));

  auto before = client->go<std::string>("Test.Gate", "waits");
  const auto wrong = client->call<std::vector<bool>>("Test.Multiply", Pair{6, 7});
  CHECK(!wrong.ok());
  CHECK_THAT(wrong.status().message(), starts_with("reading body "));
  CHECK(client->call(multiply, {2, 3}).value() == 6);
  served.services.gate.open();
  CHECK(before.wait().value() == "waits");
}

TEST_CASE("calls that cannot be encoded fail alone", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));

  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(client->call<double>("Test.Echo", nan).status().code() == StatusCode::invalid_argument);
  CHECK(client->go<double>("Test.Echo", nan).wait().status().code() == StatusCode::invalid_argument);
  CHECK(client->call(multiply, {2, 3}).value() == 6);
}

TEST_CASE("started calls are answered in any order of waiting", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));

  std::vector<Pending<std::int64_t>> pending;
  for (std::int64_t i = 0; i < 500; ++i) pending.push_back(client->go(multiply, {i, i}));
  for (std::int64_t i = 499; i >= 0; --i) CHECK(pending[static_cast<std::size_t>(i)].wait().value() == i * i);
}

TEST_CASE("a pending call can be looked at, waited for in part, and taken once", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));

  auto slow = client->go<std::string>("Test.Gate", "slow");
  CHECK(slow.valid());
  CHECK(client->call(multiply, {2, 3}).value() == 6);
  CHECK(!slow.done());
  CHECK(!slow.wait_for(1ms));
  served.services.gate.open();
  CHECK(slow.wait_for(1h));
  CHECK(slow.done());
  Pending<std::string> moved = std::move(slow);
  CHECK(!slow.valid());
  CHECK(moved.wait().value() == "slow");
  CHECK(!moved.valid());
  CHECK(moved.wait().status().code() == StatusCode::failed_precondition);
  CHECK(Pending<std::string>().wait().status().code() == StatusCode::failed_precondition);
}

TEST_CASE("a pending call that is dropped goes on", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));

  { const auto dropped = client->go<void>("Test.Note", "dropped"); }
  CHECK(client->call(multiply, {2, 3}).value() == 6);
  CHECK(served.services.await_note() == "dropped");
}

TEST_CASE("the deadline ends a call and is sent only if it was given", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));

  CallOptions options;
  options.timeout = 50ms;
  const auto begun = Clock::now();
  const auto late = client->call<std::string>("Test.Gate", "late", options);
  CHECK(late.status().code() == StatusCode::deadline_exceeded);
  CHECK(Clock::now() - begun >= 50ms);
  CHECK(client->go<std::string>("Test.Gate", "late", options).wait().status().code() == StatusCode::deadline_exceeded);

  CHECK(client->call<std::int64_t>("Test.TimeLeft", "").value() == -1);
  options.timeout = 1h;
  const auto left = client->call<std::int64_t>("Test.TimeLeft", "", options).value();
  CHECK(left > 1000 * 3000);
  CHECK(left <= 1000 * 3600);
  options.timeout.reset();
  options.deadline = Clock::now() + 1h;
  CHECK(client->call<std::int64_t>("Test.TimeLeft", "", options).value() > 1000 * 3000);
  options.deadline = Clock::now() - 1s;
  CHECK(client->call<std::int64_t>("Test.TimeLeft", "", options).status().code() == StatusCode::deadline_exceeded);
  options.deadline.reset();
  options.timeout = no_timeout;
  CHECK(client->call<std::int64_t>("Test.TimeLeft", "", options).value() == -1);
}

TEST_CASE("calls have the client's timeout if they have none of their own", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  ClientOptions options;
  options.default_timeout = 30ms;
  AnyClient client(driver, json_target(served.address()), options);
  CHECK(client->call<std::string>("Test.Gate", "").status().code() == StatusCode::deadline_exceeded);
  CallOptions patient;
  patient.timeout = no_timeout;
  auto pending = client->go<std::string>("Test.Gate", "patient", patient);
  CHECK(!pending.wait_for(60ms));
  served.services.gate.open();
  CHECK(pending.wait().value() == "patient");
}

TEST_CASE("metadata goes both ways", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));

  CallOptions options;
  options.metadata.set("token", "secret");
  Metadata headers;
  Metadata trailers;
  options.headers = &headers;
  options.trailers = &trailers;
  CHECK(client->call<std::string>("Test.Headers", "token", options).value() == "secret");
  CHECK(headers.get("answer") == "in-a-header");
  CHECK(trailers.get("trailer") == "behind");
  CHECK(client->go<std::string>("Test.Headers", "token", options).wait().value() == "secret");
  CHECK(client->call<std::string>("Test.Headers", "token").value() == "nothing");

  options.metadata.set("bad key", "");
  CHECK(client->call<std::string>("Test.Headers", "", options).status().code() == StatusCode::invalid_argument);
}

TEST_CASE("metadata that the wire cannot carry fails the call before it is sent", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  json::Options plain;
  plain.extensions = false;
  AnyClient client(driver, json_target(served.address(), tcp_transport(), plain));

  CallOptions options;
  options.metadata.set("token", "secret");
  CHECK(client->call<void>("Test.Note", "with", options).code() == StatusCode::unimplemented);
  CHECK(client->call<void>("Test.Note", "without").ok());
  CHECK(served.services.await_note() == "without");
}

TEST_CASE("a stop token cancels a call here and at the server", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));

  std::stop_source source;
  CallOptions options;
  options.stop = source.get_token();
  std::thread stopper([&] {
    served.services.started.pass();
    source.request_stop();
  });
  const auto result = client->call<std::string>("Test.UntilCancelled", "", options);
  stopper.join();
  CHECK(result.status().code() == StatusCode::cancelled);
  CHECK(result.status().origin() == Origin::local);
  served.services.cancelled.pass();
  CHECK(client->call<std::string>("Test.Echo", "", options).status().code() == StatusCode::cancelled);
  CHECK(client->call(multiply, {2, 3}).value() == 6);
}

TEST_CASE("a pending call can be cancelled", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));

  auto pending = client->go<std::string>("Test.UntilCancelled", "");
  served.services.started.pass();
  pending.cancel();
  CHECK(pending.wait().status().code() == StatusCode::cancelled);
  served.services.cancelled.pass();
  pending.cancel();
  CHECK(client->call(multiply, {2, 3}).value() == 6);
}

TEST_CASE("a call can be cancelled while another thread waits for it", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));

  auto pending = client->go<std::string>("Test.Gate", "");
  std::thread canceller([&] {
    served.services.gate.await(1);
    pending.cancel();
  });
  CHECK(pending.wait().status().code() == StatusCode::cancelled);
  canceller.join();
}

TEST_CASE("a call without a reply is sent where the wire has such calls", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));
  CHECK(client->notify("Test.Note", "one way").ok());
  CHECK(served.services.await_note() == "one way");

  json::Options first;
  first.version = json::Version::v1;
  AnyClient old(driver, json_target(served.address(), tcp_transport(), first));
  CHECK(old->notify("Test.Note", "").code() == StatusCode::unimplemented);
}

TEST_CASE("nobody listens: a call fails with the reason", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  const std::string address = free_address();
  AnyClient client(driver, json_target(address));
  for (int i = 0; i < 2; ++i) {
    const auto result = client->call(multiply, {6, 7});
    CHECK(result.status().code() == StatusCode::unavailable);
    CHECK_THAT(result.status().message(), contains("connection refused"));
    CHECK(client->state() == ConnectionState::idle);
  }
  CHECK(client->go(multiply, {6, 7}).wait().status().code() == StatusCode::unavailable);
}

TEST_CASE("a call that waits for the server is made when it comes", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  const std::string address = free_address();
  ClientOptions options;
  options.backoff.initial = 5ms;
  options.backoff.max = 20ms;
  AnyClient client(driver, json_target(address), options);
  CallOptions waiting;
  waiting.wait_for_ready = true;
  std::optional<Result<std::int64_t>> result;
  std::thread caller([&] { result = client->call(multiply, {6, 7}, waiting); });
  while (client->state() != ConnectionState::backoff) std::this_thread::yield();

  Services services;
  const RunningServer server(services.registry, json_over(standard_transports()), {}, 1, address);
  caller.join();
  REQUIRE(result);
  CHECK(result->value() == 42);
  CHECK(client->state() == ConnectionState::ready);
}

TEST_CASE("waiting for a server that does not come ends at the deadline", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  ClientOptions options;
  options.backoff.initial = 5ms;
  AnyClient client(driver, json_target(free_address()), options);
  CallOptions waiting;
  waiting.wait_for_ready = true;
  waiting.timeout = 40ms;
  CHECK(client->call(multiply, {6, 7}, waiting).status().code() == StatusCode::deadline_exceeded);

  std::stop_source source;
  waiting.timeout = no_timeout;
  waiting.stop = source.get_token();
  std::thread stopper([&] {
    while (client->state() != ConnectionState::backoff) std::this_thread::yield();
    source.request_stop();
  });
  CHECK(client->call(multiply, {6, 7}, waiting).status().code() == StatusCode::cancelled);
  stopper.join();
}

TEST_CASE("connecting counts in the deadline", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  const auto transport = std::make_shared<SilentTransport>();
  ClientOptions options;
  options.connect_timeout = 1h;
  AnyClient client(driver, json_target("silent://nobody:1", transport), options);
  CallOptions call;
  call.timeout = 20ms;
  CHECK(client->call<std::string>("Test.Echo", std::string(), call).status().code() == StatusCode::deadline_exceeded);
  call.wait_for_ready = true;
  CHECK(client->call<std::string>("Test.Echo", std::string(), call).status().code() == StatusCode::deadline_exceeded);
}

TEST_CASE("a call can be cancelled, and its client closed, while it connects", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  const bool close = GENERATE(false, true);
  const auto transport = std::make_shared<SilentTransport>();
  ClientOptions options;
  options.connect_timeout = options.default_timeout = 1h;
  AnyClient client(driver, json_target("silent://nobody:1", transport), options);
  std::stop_source stop;
  std::thread other([&] {
    transport->dialled.pass();
    if (close)
      client->close();
    else
      stop.request_stop();
  });
  CallOptions call;
  call.stop = stop.get_token();
  const Status status = client->call<std::string>("Test.Echo", std::string(), call).status();
  other.join();
  CHECK(status.code() == (close ? StatusCode::unavailable : StatusCode::cancelled));
}

TEST_CASE("the client connects again after the server has been restarted", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Services services;
  auto server = std::make_unique<RunningServer>(services.registry, json_over(standard_transports()));
  const std::string address = server->address();
  AnyClient client(driver, json_target(address));
  for (int round = 0; round < 3; ++round) {
    CHECK(client->call(multiply, {6, 7}).value() == 42);
    server.reset();
    if (round == 1) CHECK(client->call(multiply, {6, 7}).status().code() == StatusCode::unavailable);
    server = std::make_unique<RunningServer>(services.registry, json_over(standard_transports()), ServerOptions{}, 1,
                                             address);
  }
}

TEST_CASE("the server goes away: calls under way fail as Go's do", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  auto served = std::make_unique<Served>();
  AnyClient client(driver, json_target(served->address()));
  auto first = client->go<std::string>("Test.Gate", "");
  auto second = client->go<std::string>("Test.Gate", "");
  served->services.gate.await(2);
  served->server.server().stop();
  const Status status = first.wait().status();
  CHECK(status.code() == StatusCode::unavailable);
  CHECK(status.origin() == Origin::local);
  CHECK((status.message() == "unexpected EOF" || status.message().find("reset") != std::string::npos));
  CHECK(second.wait().status() == status);
}

TEST_CASE("a closed client says so in Go's words", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));
  auto pending = client->go<std::string>("Test.Gate", "");
  served.services.gate.await(1);

  client->close();
  client->close();
  CHECK(client->state() == ConnectionState::shut_down);
  for (const Status& status : {pending.wait().status(), client->call(multiply, {6, 7}).status(),
                               client->go(multiply, {6, 7}).wait().status(), client->notify("Test.Note", "")}) {
    CHECK(status.code() == StatusCode::unavailable);
    CHECK(status.message() == "connection is shut down");
  }
}

TEST_CASE("closing and destroying end blocking calls", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  const bool destroyed = GENERATE(false, true);
  Served served;
  AnyClient client(driver, json_target(served.address()));
  Client& raw = *client;
  std::vector<Status> outcomes(3);
  std::vector<std::thread> callers;
  for (Status& outcome : outcomes)
    callers.emplace_back([&] { outcome = raw.call<std::string>("Test.Gate", "").status(); });
  served.services.gate.await(3);
  if (destroyed)
    client.destroy();
  else
    raw.close();
  for (std::thread& caller : callers) caller.join();
  for (const Status& outcome : outcomes)
    CHECK(outcome.code() == (destroyed ? StatusCode::cancelled : StatusCode::unavailable));
}

TEST_CASE("pending calls outlive their client", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  std::optional<Pending<std::string>> pending;
  std::optional<Pending<std::int64_t>> ended;
  {
    AnyClient client(driver, json_target(served.address()));
    pending = client->go<std::string>("Test.Gate", "");
    ended = client->go(multiply, {6, 7});
    CHECK(ended->wait_for(1h));
    served.services.gate.await(1);
  }
  CHECK(pending->wait().status().code() == StatusCode::cancelled);
  CHECK(ended->wait().value() == 42);
}

TEST_CASE("more calls than allowed are refused", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  ClientOptions options;
  options.limits.calls_in_flight = 2;
  AnyClient client(driver, json_target(served.address()), options);
  auto first = client->go<std::string>("Test.Gate", "1");
  auto second = client->go<std::string>("Test.Gate", "2");
  CHECK(client->call(multiply, {6, 7}).status().code() == StatusCode::resource_exhausted);
  served.services.gate.open();
  CHECK(first.wait().value() == "1");
  CHECK(second.wait().value() == "2");
  CHECK(client->call(multiply, {6, 7}).value() == 42);
}

TEST_CASE("replies past the limit fail and the client lives on", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  ClientOptions options;
  options.limits.codec.message_bytes = 1000;
  AnyClient client(driver, json_target(served.address()), options);
  CHECK(client->call<std::string>("Test.Big", std::int64_t{2000}).status().code() == StatusCode::resource_exhausted);
  CHECK(client->call<std::string>("Test.Big", std::int64_t{500}).value().size() == 500);
}

TEST_CASE("large messages go both ways at once", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));
  // More than the sockets hold: whoever only writes, or only reads, hangs.
  const std::string large(3 << 20, 'x');
  std::vector<Pending<std::string>> pending;
  for (int i = 0; i < 8; ++i) pending.push_back(client->go<std::string>("Test.Echo", large));
  for (auto& one : pending) CHECK(one.wait().value() == large);
}

TEST_CASE("many threads share a client", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.address()));
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (std::int64_t t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      std::vector<Pending<std::int64_t>> pending;
      for (std::int64_t i = 0; i < 100; ++i) {
        if (client->call(multiply, {t, i}).value() == t * i) ++right;
        pending.push_back(client->go(multiply, {t, i + 1}));
        if (i % 7 == 0) pending.back().cancel();
      }
      for (std::int64_t i = 0; i < 100; ++i) {
        const auto result = pending[static_cast<std::size_t>(i)].wait();
        if (result.ok() ? *result == t * (i + 1) : i % 7 == 0 && result.status().code() == StatusCode::cancelled)
          ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 6 * 200);
}
