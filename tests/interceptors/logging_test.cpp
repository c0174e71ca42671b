#include "polyrpc/interceptors/logging.hpp"

#include "fake_call.hpp"
#include "support/catch.hpp"

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace polyrpc;
using namespace polyrpc::interceptors;
using namespace std::chrono_literals;
using polyrpc::test::contains;
using polyrpc::test::FakeCall;

namespace {

struct Log {
  LogSink sink() {
    return [this](LogLevel level, std::string_view line) { lines.emplace_back(level, line); };
  }
  LoggingOptions options() {
    LoggingOptions result;
    result.now = [this] { return now; };
    return result;
  }
  std::vector<std::pair<LogLevel, std::string>> lines;
  Clock::time_point now{};
};

Awaitable<Status> never(InterceptedCall&, Next) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, 24h);
  co_await timer.async_wait(asio::use_awaitable);
  co_return Status();
}

}  // namespace

TEST_CASE("a call leaves one line", "[logging]") {
  Log log;
  FakeCall call(Side::server);
  call.target = [&] {
    log.now += 1234us;
    return Status();
  };
  call.interceptors = {logging(log.sink(), log.options())};
  CHECK(call().ok());
  REQUIRE(log.lines.size() == 1);
  CHECK(log.lines[0].first == LogLevel::info);
  CHECK(log.lines[0].second == "side=server method=Arith.Add peer=tcp://10.0.0.1:40312 status=ok time_us=1234");
}

TEST_CASE("an error stands in the line and goes on to the caller", "[logging]") {
  Log log;
  FakeCall call;
  call.target = [] { return Status::not_found("no such \"user\""); };
  call.interceptors = {logging(log.sink(), log.options())};
  CHECK(call() == Status::not_found("no such \"user\""));
  REQUIRE(log.lines.size() == 1);
  CHECK(log.lines[0].first == LogLevel::warning);
  CHECK(log.lines[0].second ==
        "side=client method=Arith.Add peer=tcp://10.0.0.1:40312 status=not_found time_us=0 "
        "message=\"no such \\\"user\\\"\"");
}

TEST_CASE("what a peer wrote can't forge a line", "[logging]") {
  Log log;
  FakeCall call;
  call.context().set_method("A.B status=ok\nside=server");
  call.target = [] { return Status::aborted("x\r\nside=server \xff\\ " + std::string(500, 'y')); };
  call.interceptors = {logging(log.sink(), log.options())};
  CHECK_FALSE(call().ok());
  REQUIRE(log.lines.size() == 1);
  const std::string& line = log.lines[0].second;
  CHECK_THAT(line, contains("method=A.B\\x20status=ok\\x0aside=server peer="));
  CHECK_THAT(line, contains("message=\"x\\x0d\\x0aside=server \\xff\\\\ yyy"));
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.size() < 500);
  CHECK_THAT(line, contains("yyy...\""));
}

TEST_CASE("levels may be chosen", "[logging]") {
  Log log;
  LoggingOptions options = log.options();
  options.level = [](const Status& status) { return status.ok() ? LogLevel::debug : LogLevel::error; };
  FakeCall call;
  call.interceptors = {logging(log.sink(), options)};
  CHECK(call().ok());
  call.target = [] { return Status::not_found("x"); };
  CHECK_FALSE(call().ok());
  REQUIRE(log.lines.size() == 2);
  CHECK(log.lines[0].first == LogLevel::debug);
  CHECK(log.lines[1].first == LogLevel::error);

  Log usual;
  FakeCall failing;
  failing.interceptors = {logging(usual.sink())};
  failing.target = [] { return Status::internal("x"); };
  CHECK_FALSE(failing().ok());
  CHECK(usual.lines.at(0).first == LogLevel::error);
}

TEST_CASE("an exception leaves a line and goes on", "[logging]") {
  Log log;
  FakeCall call;
  call.target = []() -> Status { throw std::runtime_error("oops"); };
  call.interceptors = {logging(log.sink(), log.options())};
  CHECK_THROWS_AS(call(), std::runtime_error);
  call.target = []() -> Status { throw 5; };
  CHECK_THROWS_AS(call(), int);
  REQUIRE(log.lines.size() == 2);
  CHECK_THAT(log.lines[0].second, contains("status=internal time_us=0 message=\"oops\""));
  CHECK_THAT(log.lines[1].second, contains("status=internal"));
}

TEST_CASE("a call that is cut off leaves a line", "[logging]") {
  Log log;
  auto call = std::make_unique<FakeCall>();
  call->interceptors = {logging(log.sink(), log.options()), never};
  {
    asio::io_context io;
    call->start(io);
    io.poll();
    CHECK(log.lines.empty());
  }
  REQUIRE(log.lines.size() == 1);
  CHECK_THAT(log.lines[0].second, contains("method=Arith.Add"));
  CHECK_THAT(log.lines[0].second, contains("status=cancelled"));
}

TEST_CASE("without a sink there is no line and no harm", "[logging]") {
  FakeCall call;
  call.interceptors = {logging(nullptr)};
  CHECK(call().ok());
}
