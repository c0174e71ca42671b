#include "polyrpc/interceptors/deadline.hpp"

#include "polyrpc/interceptors/client_deadline.hpp"

#include "fake_call.hpp"
#include "support/catch.hpp"

#include <optional>

using namespace polyrpc;
using namespace polyrpc::interceptors;
using namespace std::chrono_literals;
using polyrpc::test::FakeCall;

TEST_CASE("a call without a deadline gets the usual one", "[deadline]") {
  const Admission admission = default_deadline(1min);
  Context without;
  CHECK(admission(without).ok());
  REQUIRE(without.deadline().has_value());
  CHECK(*without.time_left() <= 1min);
  CHECK(*without.time_left() > 30s);

  Context later;
  const auto own = Clock::now() + 1h;
  later.set_deadline(own);
  CHECK(admission(later).ok());
  CHECK(later.deadline() == own);
}

TEST_CASE("a deadline that is too late is brought forward", "[deadline]") {
  const Admission admission = longest_deadline(1min);
  Context without;
  CHECK(admission(without).ok());
  CHECK(without.time_left().value() <= 1min);
  Context later;
  later.set_deadline(Clock::now() + 1h);
  CHECK(admission(later).ok());
  CHECK(*later.time_left() <= 1min);
  Context earlier;
  const auto own = Clock::now() + 1s;
  earlier.set_deadline(own);
  CHECK(admission(earlier).ok());
  CHECK(earlier.deadline() == own);
}

TEST_CASE("as long as can be said is the end of all time", "[deadline]") {
  Context context;
  CHECK(default_deadline(std::chrono::nanoseconds::max())(context).ok());
  CHECK(context.deadline() == Clock::time_point::max());
}

TEST_CASE("what a handler calls ends with it", "[deadline]") {
  Context context;
  const auto deadline = Clock::now() + 1h;
  context.set_deadline(deadline);
  const CallOptions options = within(context);
  CHECK(options.deadline == deadline);
  CHECK(options.timeout == no_timeout);
  CHECK(within(context, 5ms).deadline == deadline - 5ms);
  CHECK_FALSE(options.stop.stop_requested());
  context.request_stop();
  CHECK(options.stop.stop_requested());

  const Context without;
  CHECK_FALSE(within(without, 5ms).deadline.has_value());
  CHECK_FALSE(within(without).timeout.has_value());  // the client's usual time

  Context passed;
  passed.set_deadline(Clock::time_point::min());
  CHECK(within(passed, 5ms).deadline == Clock::time_point::min());
}

TEST_CASE("a client's calls have at most their time, and get it back", "[deadline]") {
  FakeCall call;
  std::optional<std::chrono::nanoseconds> left;
  call.target = [&] {
    left = call.context().time_left();
    return Status();
  };
  call.interceptors = {client_deadline(1min)};
  CHECK(call().ok());
  CHECK(left.value() <= 1min);
  CHECK_FALSE(call.context().deadline().has_value());

  const auto own = Clock::now() + 1s;
  call.context().set_deadline(own);
  CHECK(call().ok());
  CHECK(left.value() <= 1s);
  CHECK(call.context().deadline() == own);
}
