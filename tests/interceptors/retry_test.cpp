#include "polyrpc/interceptors/retry.hpp"

#include "fake_call.hpp"
#include "support/catch.hpp"

#include <cstddef>
#include <exception>
#include <stdexcept>

using namespace polyrpc;
using namespace polyrpc::interceptors;
using namespace std::chrono_literals;
using polyrpc::test::FakeCall;

namespace {

RetryOptions at_once(std::size_t attempts) {
  RetryOptions options;
  options.attempts = attempts;
  options.backoff.initial = 0ms;
  return options;
}

}  // namespace

TEST_CASE("a call that succeeds is made once", "[retry]") {
  FakeCall call;
  call.interceptors = {retry(at_once(5))};
  CHECK(call().ok());
  CHECK(call.attempts == 1);
}

TEST_CASE("a call that was unavailable is made again until it succeeds", "[retry]") {
  FakeCall call;
  call.target = [&] { return call.attempts < 3 ? Status::unavailable("not yet") : Status(); };
  call.interceptors = {retry(at_once(5))};
  CHECK(call().ok());
  CHECK(call.attempts == 3);
}

TEST_CASE("when the attempts are used up the last error is the outcome", "[retry]") {
  FakeCall call;
  call.target = [&] { return Status::unavailable("attempt " + std::to_string(call.attempts)); };
  call.interceptors = {retry(at_once(3))};
  CHECK(call() == Status::unavailable("attempt 3"));
  CHECK(call.attempts == 3);
}

TEST_CASE("other errors are not tried again, unless they are listed", "[retry]") {
  FakeCall call;
  call.target = [] { return Status::aborted("x"); };
  call.interceptors = {retry(at_once(3))};
  CHECK(call() == Status::aborted("x"));
  CHECK(call.attempts == 1);

  RetryOptions options = at_once(3);
  options.codes = {StatusCode::aborted, StatusCode::unavailable};
  FakeCall listed;
  listed.target = [] { return Status::aborted("x"); };
  listed.interceptors = {retry(options)};
  CHECK_FALSE(listed().ok());
  CHECK(listed.attempts == 3);
}

TEST_CASE("no rest goes past the deadline", "[retry]") {
  RetryOptions options;
  options.backoff.initial = options.backoff.max = 1h;
  FakeCall call;
  call.target = [] { return Status::unavailable("x"); };
  call.context().set_deadline(Clock::now() + 1min);
  call.interceptors = {retry(options)};
  CHECK(call() == Status::unavailable("x"));  // at once
  CHECK(call.attempts == 1);
}

TEST_CASE("a call that was cancelled is not made again", "[retry]") {
  FakeCall call;
  call.target = [&] {
    call.context().request_stop();
    return Status::unavailable("x");
  };
  call.interceptors = {retry(at_once(3))};
  CHECK_FALSE(call().ok());
  CHECK(call.attempts == 1);
}

TEST_CASE("cancelling ends a rest", "[retry]") {
  RetryOptions options;
  options.backoff.initial = options.backoff.max = 24h;
  FakeCall call;
  call.target = [] { return Status::unavailable("x"); };
  call.interceptors = {retry(options)};
  asio::io_context io;
  call.start(io);
  io.poll();
  CHECK_FALSE(call.outcome.has_value());
  call.signal.emit(asio::cancellation_type::terminal);
  io.restart();
  io.run();
  CHECK(call.exception != nullptr);
  CHECK(call.attempts == 1);
}

TEST_CASE("rests grow up to a limit and are spread", "[retry]") {
  const Backoff backoff{100ms, 1000ms, 2.0, 0.25};
  CHECK(retry_pause(backoff, 1, 0.5) == 100ms);
  CHECK(retry_pause(backoff, 2, 0.5) == 200ms);
  CHECK(retry_pause(backoff, 3, 0.5) == 400ms);
  CHECK(retry_pause(backoff, 4, 0.5) == 800ms);
  CHECK(retry_pause(backoff, 5, 0.5) == 1000ms);
  CHECK(retry_pause(backoff, 100'000, 0.5) == 1000ms);
  CHECK(retry_pause(backoff, 1, 0) == 75ms);
  CHECK(retry_pause(backoff, 1, 1) == 125ms);
  CHECK(retry_pause(backoff, 100'000, 1) == 1250ms);
}

TEST_CASE("the spread is drawn for each rest", "[retry]") {
  RetryOptions options = at_once(4);
  int drawn = 0;
  options.random = [&drawn] { return ++drawn, 0.5; };
  FakeCall call;
  call.target = [] { return Status::unavailable("x"); };
  call.interceptors = {retry(options)};
  CHECK_FALSE(call().ok());
  CHECK(drawn == 3);
}

TEST_CASE("no attempts at all are refused at set-up", "[retry]") {
  CHECK_THROWS_AS(retry(at_once(0)), std::invalid_argument);
}
