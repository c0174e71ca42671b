#include "polyrpc/runtime/server_session.hpp"

#include "polyrpc/runtime/coroutine.hpp"
#include "polyrpc/runtime/interceptor.hpp"
#include "polyrpc/runtime/worker_pool.hpp"

#include "session_fixture.hpp"
#include "support/catch.hpp"
#include "support/counted_new.hpp"
#include "support/gate.hpp"

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <variant>

using namespace polyrpc;
using namespace std::chrono_literals;
using polyrpc::test::contains;
using polyrpc::test::Gate;
using polyrpc::test::SessionFixture;
using polyrpc::test::starts_with;
using Progress = polyrpc::ServerSession::Progress;

namespace {

struct Args {
  std::int64_t a = 0;
  std::int64_t b = 0;
};
POLYRPC_DESCRIBE(Args, (a, "A"), (b, "B"));

struct ThrowsWhenMade {
  ThrowsWhenMade() { throw std::runtime_error("not made"); }
};
POLYRPC_DESCRIBE(ThrowsWhenMade);

struct Large {
  std::int64_t n = 0;
  std::array<std::int64_t, 0> nothing;
  char padding[2000] = {};
};
POLYRPC_DESCRIBE(Large, (n, "N"));

struct alignas(128) Aligned {
  std::int64_t n = 0;
};
POLYRPC_DESCRIBE(Aligned, (n, "N"));

void add_plain(Registry& registry) {
  registry.add("Test.Multiply", [](const Args& x) { return x.a * x.b; });
  registry.add("Test.Echo", [](const std::string& text) { return text; });
  registry.add("Test.Fail", [](const std::string& text) { return Status::not_found(text); });
  registry.add("Test.Nothing", [](const std::string&) {});
  registry.add("Test.Throw", [](const std::string& text) -> std::int64_t { throw std::runtime_error(text); });
  registry.add("Test.ThrowOdd", [](const std::string&) -> std::int64_t { throw 5; });
}

/// A handler that waits at `gate` and counts in `told` that it was asked to stop.
auto waiting_at(Gate& gate, std::atomic<int>& told) {
  return blocking([&](Context& context, const std::string& text) {
    const std::stop_callback on_stop(context.stop_token(), [&] { ++told; });
    gate.pass();
    return text;
  });
}

/// Waits for a timer that never rings; says in `ended` how that ended.
struct Waiter {
  Awaitable<std::string> wait(Context& context, const std::string& text) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, 24h);
    ++waiting;
    try {
      co_await timer.async_wait(asio::use_awaitable);
    } catch (...) {
      ++cancelled;
      if (context.cancelled()) ++told;
      throw;
    }
    std::string reply = text;
    co_return reply;
  }

  int waiting = 0;
  int cancelled = 0;
  int told = 0;
};

Awaitable<void> pause(Clock::duration time) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

Awaitable<std::string> slow_echo(const std::string& text) {
  co_await pause(1ms);
  std::string reply = text;
  co_return reply;
}

Awaitable<Status> slow_reply(Context& context, std::int64_t n, std::int64_t& reply) {
  context.headers().add("before", "pause");
  co_await pause(1ms);
  context.trailers().add("behind", "pause");
  reply = n * 2;
  Status status = n < 0 ? Status::out_of_range("below zero") : Status();
  co_return status;
}

Awaitable<Result<std::int64_t>> quick(const std::int64_t& n) {
  Result<std::int64_t> result = n + 1;
  if (n < 0) result = Status::out_of_range("below zero");
  co_return result;
}

Awaitable<void> nothing(Context&, std::string) { co_return; }

Awaitable<std::int64_t> slow_throw(const std::string& text) {
  co_await pause(1ms);
  throw std::runtime_error(text);
}

}  // namespace

// ---- the straight road ----

TEST_CASE("a plain handler is answered on the spot", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  CHECK(f.send("call 7 Test.Multiply : 6,7\n") == "ok 7 : 42\n");
  CHECK(f.progress == Progress::need_input);
  CHECK(f.send("call 8 Test.Echo : text\ncall 9 Test.Nothing : x\n") == "ok 8 : text\nok 9 : \n");
  CHECK(f.session->in_flight() == 0);
  CHECK(f.session->late_output().empty());
  CHECK(f.progressed == 0);
}

TEST_CASE("requests may come in pieces of any size", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  std::string answers;
  for (const char c : std::string("call 1 Test.Multiply : 6,7\nnotify 2 Test.Echo : x\ncall 3 Test.Echo : y\n"))
    answers += f.send(std::string(1, c));
  CHECK(answers == "ok 1 : 42\nok 3 : y\n");
}

TEST_CASE("a handler's error is its caller's alone", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  CHECK(f.send("call 1 Test.Fail : no such thing\ncall 2 Test.Echo : on\n") ==
        "error 1 not_found : no such thing\nok 2 : on\n");
}

TEST_CASE("a method that is not there is told in net/rpc's words, and its body is skipped", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  CHECK(f.send("call 1 Test.Other : nonsense\ncall 2 Other.Echo : x\ncall 3 Test.Echo : y\n") ==
        "error 1 unimplemented : rpc: can't find method Test.Other\n"
        "error 2 unimplemented : rpc: can't find service Other.Echo\n"
        "ok 3 : y\n");
}

TEST_CASE("an argument that can't be read is an error of that call", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  CHECK(f.send("call 1 Test.Multiply : 6,seven\ncall 2 Test.Multiply : 6,7\n") ==
        "error 1 invalid_argument : lines: \"seven\" is not a number\nok 2 : 42\n");
}

TEST_CASE("a request that the codec refuses is answered and not called", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  CHECK(f.send("refuse 1 too deep\ncall 2 Test.Echo : x\n") == "error 1 invalid_argument : too deep\nok 2 : x\n");
}

TEST_CASE("nobody is told how a notification ended", "[session]") {
  SessionFixture f;
  int calls = 0;
  f.registry.add("Test.Count", [&calls](const std::string&) { ++calls; });
  f.registry.add("Test.Slow", slow_echo);
  add_plain(f.registry);
  CHECK(f.send("notify 1 Test.Count : x\nnotify 2 Test.Fail : x\nnotify 3 Test.Throw : x\nnotify 4 No.Such : x\n"
               "notify 5 Test.Multiply : nonsense\ncall 6 Test.Echo : x\n") == "ok 6 : x\n");
  CHECK(calls == 1);
  CHECK(f.send("notify 7 Test.Slow : x\n").empty());
  f.run_until([&] { return f.progressed == 1; });
  CHECK(f.session->late_output().empty());
  CHECK(f.session->in_flight() == 0);
}

TEST_CASE("an exception is internal to its caller, and its text goes to the log", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  CHECK(f.send("call 1 Test.Throw : secret\ncall 2 Test.ThrowOdd : x\ncall 3 Test.Echo : on\n") ==
        "error 1 internal : polyrpc: the handler failed\nerror 2 internal : polyrpc: the handler failed\nok 3 : on\n");
  CHECK_THAT(f.log(), contains("the handler of Test.Throw threw secret"));
  CHECK_THAT(f.log(), contains("the handler of Test.ThrowOdd threw something"));
}

TEST_CASE("an argument or reply that throws when it is made fails its call alone", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  f.registry.add("Test.Made", [](const ThrowsWhenMade&) {});
  f.registry.add("Test.MadeLater", blocking([](const ThrowsWhenMade&) {}));
  f.registry.add("Test.MadeReply", [](const std::string&) { return ThrowsWhenMade(); });
  f.registry.add("Test.MadeReplyLater", blocking([](const std::string&) { return ThrowsWhenMade(); }));
  CHECK(f.send("call 1 Test.Made : x\ncall 2 Test.MadeLater : x\ncall 3 Test.MadeReply : x\n"
               "call 4 Test.MadeReplyLater : x\ncall 5 Test.Echo : on\n") ==
        "error 1 internal : polyrpc: the handler failed\n"
        "error 2 internal : polyrpc: the handler failed\n"
        "error 3 internal : polyrpc: the handler failed\n"
        "error 4 internal : polyrpc: the handler failed\n"
        "ok 5 : on\n");
  CHECK(f.session->in_flight() == 0);
  CHECK_THAT(f.log(), contains("the handler of Test.Made threw not made"));
}

TEST_CASE("a call for which there is no memory is told so", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  f.registry.add("Test.Huge", [](const std::string&) -> std::string { throw std::bad_alloc(); });
  CHECK(f.send("call 1 Test.Huge : x\ncall 2 Test.Echo : on\n") ==
        "error 1 resource_exhausted : polyrpc: no memory for the call\nok 2 : on\n");
}

TEST_CASE("a codec that throws ends its session, not the server", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  f.registry.add("Test.Slow", slow_echo);
  CHECK(f.send("call 1 Test.Echo : x\nthrow 2 now\ncall 3 Test.Echo : y\n") == "ok 1 : x\n");
  CHECK(f.progress == Progress::ended);
  CHECK(f.session->failure().code() == StatusCode::internal);
  CHECK_THAT(f.log(), contains("lines: thrown"));

  f.session.reset();
  f.input.clear();
  CHECK(f.send("call 1 Test.Echo : x\ncall 2 Test.Echo : THROW\ncall 3 Test.Echo : y\n") == "ok 1 : x\n");
  CHECK(f.progress == Progress::ended);

  f.session.reset();
  f.input.clear();
  f.send("call 1 Test.Slow : THROW\n");
  f.run_until([&] { return f.progressed == 1; });
  CHECK(f.session->late_output().empty());
  CHECK(f.send("call 2 Test.Echo : y\n").empty());
  CHECK(f.progress == Progress::ended);
}

TEST_CASE("large and strictly aligned arguments and replies are served too", "[session]") {
  SessionFixture f;
  f.registry.add("Test.Large", [](const Large& x) {
    Large reply;
    reply.n = x.n + 1;
    return reply;
  });
  f.registry.add("Test.Aligned", [](const Aligned& x) {
    Aligned reply;
    reply.n = reinterpret_cast<std::uintptr_t>(&x) % 128 == 0 ? x.n : -1;
    return reply;
  });
  CHECK(f.send("call 1 Test.Large : 5\ncall 2 Test.Aligned : 6\n") == "ok 1 : 6\nok 2 : 6\n");
}

TEST_CASE("an argument may borrow from the message", "[session]") {
  SessionFixture f;
  f.registry.add("Test.View", [](std::string_view text) { return text; });
  CHECK(f.send("call 1 Test.View : borrowed\n") == "ok 1 : borrowed\n");
}

TEST_CASE("input beyond trust ends the session after the replies so far", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  CHECK(f.send("call 1 Test.Echo : x\nnonsense\ncall 2 Test.Echo : y\n") ==
        "ok 1 : x\nbye lines: \"nonsense\" is no request\n");
  CHECK(f.progress == Progress::ended);
  CHECK(f.session->failure().code() == StatusCode::invalid_argument);
  CHECK(f.send("call 3 Test.Echo : z\n").empty());
  CHECK(f.progress == Progress::ended);
}

TEST_CASE("a reply that can't be encoded becomes an error", "[session]") {
  SessionFixture f;
  f.registry.add("Test.Lines", [](const std::string& text) { return text + "\n"; });
  f.registry.add("Test.Unknown", [](const std::string&) { return 1.5; });
  f.registry.add("Test.BadError", [](const std::string&) { return Status::aborted("two\nlines"); });
  add_plain(f.registry);
  CHECK(f.send("call 1 Test.Lines : x\ncall 2 Test.Unknown : x\ncall 3 Test.BadError : x\ncall 4 Test.Echo : y\n") ==
        "error 1 internal : lines: the reply has a line end\n"
        "error 2 internal : lines: float64 can't be written\n"
        "error 3 internal : lines: the reply has a line end\n"
        "ok 4 : y\n");
  CHECK_THAT(f.log(), contains("the reply of Test.Lines cannot be sent"));
}

TEST_CASE("metadata goes both ways", "[session]") {
  SessionFixture f;
  f.registry.add("Test.Metadata", [](Context& context, const std::string& key) {
    context.headers().add("method", context.method());
    context.headers().add("peer", context.peer().address);
    context.trailers().add("count", std::to_string(context.metadata().size()));
    return std::string(context.metadata().get(key).value_or("none"));
  });
  CHECK(f.send("call 1 Test.Metadata meta=user=ann meta=trace=7 : user\n") ==
        "ok 1 head=method=Test.Metadata head=peer=memory://test tail=count=2 : ann\n");
  // The next call does not see it.
  CHECK(f.send("call 2 Test.Metadata : user\n") ==
        "ok 2 head=method=Test.Metadata head=peer=memory://test tail=count=0 : none\n");
}

TEST_CASE("metadata of the session comes before the call's own", "[session]") {
  SessionFixture f;
  f.registry.add("Test.All", [](Context& context, const std::string&) {
    std::string all;
    for (const auto& [key, value] : context.metadata()) all += key + "=" + value + ";";
    return all;
  });
  f.process();
  f.session->set_ambient_metadata({{"host", "h"}});
  CHECK(f.send("call 1 Test.All meta=user=ann : x\ncall 2 Test.All : x\n") ==
        "ok 1 : host=h;user=ann;\nok 2 : host=h;\n");
}

TEST_CASE("an error carries the metadata that the handler left", "[session]") {
  SessionFixture f;
  f.registry.add("Test.Fail", [](Context& context, const std::string&) {
    context.trailers().add("retry", "no");
    return Status::aborted("x");
  });
  CHECK(f.send("call 1 Test.Fail : x\n") == "error 1 aborted tail=retry=no : x\n");
}

TEST_CASE("the straight road allocates nothing", "[session]") {
  SessionFixture f;
  f.registry.add("Test.Multiply", [](Context&, const Args& x) -> Result<std::int64_t> { return x.a * x.b; });
  f.registry.add("Test.Sum", [](const Args& x, std::int64_t& sum) {
    sum = x.a + x.b;
    return Status();
  });
  std::string calls;
  std::string answers;
  for (int i = 0; i < 100; ++i) {
    const std::string tag = std::to_string(1000 + i);
    calls += "call " + tag + " Test.Multiply : 6,7\ncall " + tag + " Test.Sum timeout=60000000000 : 6,7\n";
    answers += "ok " + tag + " : 42\nok " + tag + " : 13\n";
  }
  CHECK(f.send(calls) == answers);  // buffers and statistics are made with the first calls
  f.input.append(calls);
  std::size_t before = 0;
  std::size_t after = 0;
  before = test::allocations();
  f.session->process(f.input, f.output, 1 << 20);
  after = test::allocations();
  CHECK(f.output.text() == answers);
  CHECK(after - before == 0);
}

// ---- admission, deadlines ----

TEST_CASE("an admission may refuse a call before its body is decoded", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  f.server.admit([](Context& context) {
    return context.metadata().get("user") == "ann" ? Status() : Status::unauthenticated("who are you");
  });
  f.server.admit([](Context& context) {
    return context.method() == "Test.Fail" ? Status::permission_denied("not this one") : Status();
  });
  CHECK(
      f.send("call 1 Test.Multiply : nonsense\ncall 2 Test.Fail meta=user=ann : x\ncall 3 Test.Echo meta=user=ann : y\n"
             "notify 4 Test.Echo : x\n") ==
      "error 1 unauthenticated : who are you\nerror 2 permission_denied : not this one\nok 3 : y\n");
  std::uint64_t errors = 0;
  for (const MethodStats& method : f.server.core()->stats()) errors += method.errors;
  CHECK(errors == 3);
}

TEST_CASE("an admission that throws is an internal error", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  f.server.admit([](Context&) -> Status { throw std::runtime_error("secret"); });
  CHECK(f.send("call 1 Test.Echo : x\n") == "error 1 internal : polyrpc: the handler failed\n");
  CHECK_THAT(f.log(), contains("secret"));
}

TEST_CASE("an admission leaves something for the handler", "[session]") {
  SessionFixture f;
  f.server.admit([](Context& context) {
    context.set(std::string("ann"));
    return Status();
  });
  f.registry.add("Test.Who", [](Context& context, const std::string&) { return *context.get<std::string>(); });
  f.registry.add("Test.WhoLater",
                 blocking([](Context& context, const std::string&) { return *context.get<std::string>(); }));
  CHECK(f.send("call 1 Test.Who : x\n") == "ok 1 : ann\n");
  CHECK(f.send("call 2 Test.WhoLater : x\n") == "");
  CHECK(f.late() == "ok 2 : ann\n");
}

TEST_CASE("a call whose time is over when it comes is not made", "[session]") {
  SessionFixture f;
  int calls = 0;
  f.registry.add("Test.Count", [&calls](const std::string&) { ++calls; });
  f.registry.add("Test.CountLater", blocking([&calls](const std::string&) { ++calls; }));
  CHECK(f.send("call 1 Test.Count timeout=0 : x\ncall 2 Test.CountLater timeout=-5 : x\n") ==
        "error 1 deadline_exceeded : polyrpc: the deadline has passed\n"
        "error 2 deadline_exceeded : polyrpc: the deadline has passed\n");
  CHECK(calls == 0);
}

TEST_CASE("a handler sees how much time is left", "[session]") {
  SessionFixture f;
  std::optional<std::chrono::nanoseconds> left;
  f.registry.add("Test.Left", [&left](Context& context, const std::string&) { left = context.time_left(); });
  f.send("call 1 Test.Left : x\n");
  CHECK_FALSE(left.has_value());
  f.send("call 2 Test.Left timeout=3600000000000 : x\n");
  REQUIRE(left.has_value());
  CHECK(*left <= 1h);
  CHECK(*left > 50min);
  // As long as can be said: no overflow.
  f.send("call 3 Test.Left timeout=9223372036854775807 : x\n");
  REQUIRE(left.has_value());
  CHECK(*left > 24h * 365);
}

TEST_CASE("the server may cap the time of every call", "[session]") {
  ServerOptions options;
  options.longest_call = 1min;
  SessionFixture f(options);
  std::optional<std::chrono::nanoseconds> left;
  f.registry.add("Test.Left", [&left](Context& context, const std::string&) { left = context.time_left(); });
  f.send("call 1 Test.Left : x\n");
  CHECK(left.value() <= 1min);
  f.send("call 2 Test.Left timeout=3600000000000 : x\n");
  CHECK(left.value() <= 1min);
  f.send("call 3 Test.Left timeout=1000000000 : x\n");
  CHECK(left.value() <= 1s);
}

TEST_CASE("a plain handler that takes too long has missed its deadline", "[session]") {
  SessionFixture f;
  f.registry.add("Test.Slow", [](Context& context, const std::string& text) {
    while (*context.time_left() > 0ns) std::this_thread::yield();
    return text;
  });
  CHECK(f.send("call 1 Test.Slow timeout=1000000 : x\n") ==
        "error 1 deadline_exceeded : polyrpc: the deadline has passed\n");
}

// ---- blocking handlers ----

TEST_CASE("a blocking handler does not stop the calls behind it", "[session]") {
  SessionFixture f;
  Gate gate;
  add_plain(f.registry);
  f.registry.add("Test.Block", blocking([&gate](const std::string& text) {
                   gate.pass();
                   return text;
                 }));
  CHECK(f.send("call 1 Test.Block : a\ncall 2 Test.Echo : b\n") == "ok 2 : b\n");
  CHECK(f.session->in_flight() == 1);
  gate.open();
  CHECK(f.late() == "ok 1 : a\n");
  CHECK(f.session->in_flight() == 0);
  CHECK(f.progressed == 1);
}

TEST_CASE("blocking handlers answer in the order in which they end", "[session]") {
  SessionFixture f;
  Gate first;
  Gate second;
  f.registry.add("Test.Block", blocking([&](Context& context, const std::string& text) -> Result<std::string> {
                   (text == "first" ? first : second).pass();
                   context.trailers().add("done", text);
                   if (text == "second") return Status::aborted("x");
                   return text;
                 }));
  CHECK(f.send("call 1 Test.Block : first\ncall 2 Test.Block : second\n").empty());
  second.open();
  CHECK(f.late() == "error 2 aborted tail=done=second : x\n");
  first.open();
  CHECK(f.late() == "ok 1 tail=done=first : first\n");
}

TEST_CASE("a blocking handler runs on the pool it was given", "[session]") {
  WorkerPool pool(1);
  SessionFixture f;
  std::thread::id own;
  std::promise<std::thread::id> id;
  pool.submit([&] { id.set_value(std::this_thread::get_id()); });
  own = id.get_future().get();
  f.registry.add(
      "Test.Own",
      blocking([own](const std::string&) { return std::string(std::this_thread::get_id() == own ? "own" : "other"); },
               pool));
  f.registry.add("Test.Throw",
                 blocking([](const std::string&) -> std::int64_t { throw std::runtime_error("secret"); }));
  f.send("call 1 Test.Own : x\n");
  CHECK(f.late() == "ok 1 : own\n");
  f.send("call 2 Test.Throw : x\n");
  CHECK(f.late() == "error 2 internal : polyrpc: the handler failed\n");
  CHECK_THAT(f.log(), contains("secret"));
}

TEST_CASE("an argument that can't be read does not reach a blocking handler", "[session]") {
  SessionFixture f;
  f.registry.add("Test.Block", blocking([](const Args& x) { return x.a; }));
  CHECK(f.send("call 1 Test.Block : 1,x\n") == "error 1 invalid_argument : lines: \"x\" is not a number\n");
  CHECK(f.session->in_flight() == 0);
}

TEST_CASE("a deadline answers for a handler that goes on, and its own answer is dropped", "[session]") {
  SessionFixture f;
  Gate gate;
  std::atomic<int> told = 0;
  f.registry.add("Test.Block", waiting_at(gate, told));
  f.send("call 1 Test.Block timeout=2000000 : x\n");
  CHECK(f.late() == "error 1 deadline_exceeded : polyrpc: the deadline has passed\n");
  CHECK(f.session->in_flight() == 1);
  gate.await(1);
  gate.open();
  f.run_until([&] { return f.session->in_flight() == 0; });
  CHECK(told == 1);
  CHECK(f.session->late_output().empty());
  CHECK(f.progressed == 2);  // its place is free
  const std::vector<MethodStats> stats = f.server.core()->stats();
  CHECK(stats[0].calls == 1);
  CHECK(stats[0].errors == 1);
}

TEST_CASE("a caller cancels a call and is answered at once", "[session]") {
  SessionFixture f;
  Gate gate;
  std::atomic<int> told = 0;
  f.registry.add("Test.Block", waiting_at(gate, told));
  f.send("call 1 Test.Block : x\n");
  gate.await(1);
  CHECK(f.send("cancel 2 1\n") == "error 1 cancelled : polyrpc: the caller cancelled the call\nok 2 : true\n");
  CHECK(f.session->in_flight() == 1);
  CHECK(f.send("cancel 3 1\n") == "ok 3 : true\n");  // it has been answered
  CHECK(f.send("cancel 4 99\n") == "ok 4 : true\n");
  gate.open();
  f.run_until([&] { return f.session->in_flight() == 0; });
  CHECK(told == 1);
  CHECK(f.session->late_output().empty());
}

// ---- coroutine handlers ----

TEST_CASE("coroutine handlers of every form are served", "[session]") {
  SessionFixture f;
  f.registry.add("Test.Echo", slow_echo);
  f.registry.add("Test.Reply", slow_reply);
  f.registry.add("Test.Quick", quick);
  f.registry.add("Test.Nothing", nothing);
  CHECK(f.send("call 1 Test.Quick : 4\ncall 2 Test.Nothing : x\ncall 3 Test.Quick : -1\n") ==
        "ok 1 : 5\nok 2 : \nerror 3 out_of_range : below zero\n");
  CHECK(f.send("call 4 Test.Echo : slow\n").empty());
  CHECK(f.session->in_flight() == 1);
  CHECK(f.late() == "ok 4 : slow\n");
  f.send("call 5 Test.Reply : 21\n");
  CHECK(f.late() == "ok 5 head=before=pause tail=behind=pause : 42\n");
  f.send("call 6 Test.Reply : -1\n");
  CHECK(f.late() == "error 6 out_of_range head=before=pause tail=behind=pause : below zero\n");
}

TEST_CASE("a coroutine that throws is an internal error", "[session]") {
  SessionFixture f;
  f.registry.add("Test.Throw", slow_throw);
  f.send("call 1 Test.Throw : secret\n");
  CHECK(f.late() == "error 1 internal : polyrpc: the handler failed\n");
  CHECK_THAT(f.log(), contains("secret"));
}

TEST_CASE("a coroutine's argument outlives the input it came in", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  f.registry.add("Test.Slow", slow_echo);
  std::string text(500, 'x');
  f.send("call 1 Test.Slow : " + text + "\n");
  f.send("call 2 Test.Echo : " + std::string(5000, 'y') + "\n");
  CHECK(f.late() == "ok 1 : " + text + "\n");
}

TEST_CASE("cancelling a call ends what its coroutine waits for", "[session]") {
  Waiter waiter;
  SessionFixture f;
  f.registry.add("Test.Wait", waiter, &Waiter::wait);
  f.send("call 1 Test.Wait : x\n");
  CHECK(waiter.waiting == 1);
  CHECK(f.send("cancel 2 1\n") == "error 1 cancelled : polyrpc: the caller cancelled the call\nok 2 : true\n");
  f.run_until([&] { return f.session->in_flight() == 0; });
  CHECK(waiter.cancelled == 1);
  CHECK(waiter.told == 1);
  CHECK(f.log().empty());  // that is no failure of the handler
}

TEST_CASE("a deadline ends what a coroutine waits for", "[session]") {
  Waiter waiter;
  SessionFixture f;
  f.registry.add("Test.Wait", waiter, &Waiter::wait);
  f.send("call 1 Test.Wait timeout=1000000 : x\n");
  CHECK(f.late() == "error 1 deadline_exceeded : polyrpc: the deadline has passed\n");
  f.run_until([&] { return f.session->in_flight() == 0; });
  CHECK(waiter.cancelled == 1);
  CHECK(waiter.told == 1);
  CHECK(f.log().empty());
}

// ---- limits, draining, the end ----

TEST_CASE("too many calls under way stop the session until one has ended", "[session]") {
  ServerOptions options;
  options.limits.calls_in_flight = 2;
  SessionFixture f(options);
  Gate first;
  Gate second;
  add_plain(f.registry);
  f.registry.add("Test.Block", blocking([&](const std::string& text) {
                   (text == "first" ? first : second).pass();
                   return text;
                 }));
  CHECK(f.send("call 1 Test.Block : first\ncall 2 Test.Block : second\ncall 3 Test.Echo : x\n").empty());
  CHECK(f.progress == Progress::paused);
  CHECK(f.send("").empty());
  CHECK(f.progress == Progress::paused);
  first.open();
  CHECK(f.late() == "ok 1 : first\n");
  CHECK(f.progressed == 1);
  CHECK(f.send("") == "ok 3 : x\n");
  CHECK(f.progress == Progress::need_input);
  second.open();
  CHECK(f.late() == "ok 2 : second\n");
}

TEST_CASE("a full output stops the session between two requests", "[session]") {
  SessionFixture f;
  add_plain(f.registry);
  const std::string calls = "call 1 Test.Echo : aaaaaaaaaa\ncall 2 Test.Echo : b\ncall 3 Test.Echo : c\n";
  CHECK(f.send(calls, 5) == "ok 1 : aaaaaaaaaa\n");
  CHECK(f.progress == Progress::output_full);
  CHECK(f.send("", 10) == "ok 2 : b\nok 3 : c\n");
  CHECK(f.send("", 10).empty());
  CHECK(f.progress == Progress::need_input);
}

TEST_CASE("a draining session refuses new calls and finishes the others", "[session]") {
  SessionFixture f;
  Gate gate;
  add_plain(f.registry);
  f.registry.add("Test.Block", blocking([&](const std::string& text) {
                   gate.pass();
                   return text;
                 }));
  f.send("call 1 Test.Block : x\n");
  f.session->drain();
  CHECK(f.send("call 2 Test.Echo : y\nnotify 3 Test.Echo : z\n") ==
        "error 2 unavailable : polyrpc: the server is shutting down\n");
  gate.open();
  CHECK(f.late() == "ok 1 : x\n");
}

TEST_CASE("calls that are cancelled all at once are not answered", "[session]") {
  Waiter waiter;
  SessionFixture f;
  Gate gate;
  std::atomic<int> told = 0;
  f.registry.add("Test.Wait", waiter, &Waiter::wait);
  f.registry.add("Test.Block", waiting_at(gate, told));
  f.send("call 1 Test.Wait : x\ncall 2 Test.Block timeout=3600000000000 : y\n");
  gate.await(1);
  CHECK(f.session->in_flight() == 2);
  f.session->cancel_all();
  CHECK(f.session->in_flight() == 0);
  gate.open();
  f.run_until([&] { return told == 1 && waiter.cancelled == 1; });
  f.settle();
  CHECK(f.session->late_output().empty());
  CHECK(f.progressed == 0);
}

TEST_CASE("a session may end with calls of every kind under way", "[session]") {
  Waiter waiter;
  Gate gate;
  std::atomic<int> returned = 0;
  {
    SessionFixture f;
    f.registry.add("Test.Wait", waiter, &Waiter::wait);
    f.registry.add("Test.Block", blocking([&](Context& context, const std::string& text) {
                     gate.pass();
                     if (context.cancelled()) ++returned;
                     return text;
                   }));
    f.send("call 1 Test.Wait : x\ncall 2 Test.Block : y\ncall 3 Test.Block timeout=1000000 : z\n");
    gate.await(2);
    f.session.reset();
    f.settle();
    CHECK(waiter.cancelled == 1);
    gate.open();
    // The registry waits for its pool; loop and io_context may be gone before.
  }
  CHECK(returned == 2);
}

TEST_CASE("a blocking handler may return when session, loop and io_context are gone", "[session]") {
  Gate gate;
  Registry registry;
  registry.add("Test.Block", blocking([&](const std::string& text) {
                 gate.pass();
                 return text;
               }));
  struct Owner : SessionOwner {
    void session_progressed() override {}
  } owner;
  {
    asio::io_context context;
    Server server(context, registry, Protocols());
    SECTION("without interceptors") {}
    SECTION("with interceptors") {
      server.intercept(Interceptor([](InterceptedCall& call, Next next) { return next(call); }));
    }
    const test::KnownPeer peer{{"memory://test", "lines"}};
    Loop loop(context);
    ServerSession session(server.core(), loop, test::line_server_codec(), peer, owner);
    ByteQueue input;
    ByteQueue output;
    input.append("call 1 Test.Block : x\ncall 2 Test.Block : y\n");
    loop.post([&] { session.process(input, output, 1000); });
    context.poll();
    gate.await(2);
  }
  gate.open();
  // The registry's end waits for the handlers.
}

TEST_CASE("calls and errors are counted for each method", "[session]") {
  SessionFixture f;
  f.registry.add("Test.Slow", slow_echo);
  add_plain(f.registry);
  f.send(
      "call 1 Test.Echo : x\ncall 2 Test.Fail : x\ncall 3 Test.Throw : x\ncall 4 Test.Slow : x\ncall 5 No.Such : x\n");
  f.late();
  for (const MethodStats& method : f.server.core()->stats()) {
    CAPTURE(method.name);
    const bool called = method.name == "Test.Echo" || method.name == "Test.Fail" || method.name == "Test.Throw" ||
                        method.name == "Test.Slow";
    const bool failed = method.name == "Test.Fail" || method.name == "Test.Throw";
    CHECK(method.calls == (called ? 1 : 0));
    CHECK(method.errors == (failed ? 1 : 0));
    CHECK(method.timed == (called ? 1 : 0));  // the first call of each method is timed
  }
}

TEST_CASE("a handler may serve another session of its own thread", "[session]") {
  SessionFixture inner;
  add_plain(inner.registry);
  SessionFixture outer;
  outer.registry.add("Test.Proxy", [&inner](Context& context, const std::string& text) {
    context.headers().add("via", "outer");
    std::string reply = inner.send("call 99 Test.Echo meta=inner=yes : " + text + "\n");
    while (!reply.empty() && reply.back() == '\n') reply.pop_back();
    return reply;
  });
  add_plain(outer.registry);
  CHECK(outer.send("call 1 Test.Proxy : x\ncall 2 Test.Echo : y\n") == "ok 1 head=via=outer : ok 99 : x\nok 2 : y\n");
  CHECK(outer.send("notify 3 Test.Proxy : x\n").empty());
}
