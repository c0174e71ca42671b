// The interceptor of docs/extend/interceptor.md.

#include "../../examples/features/interceptors/timing.hpp"
#include "fake_call.hpp"
#include "support/catch.hpp"

#include <optional>
#include <string>
#include <vector>

using namespace polyrpc;
using namespace std::chrono_literals;
using polyrpc::test::FakeCall;

namespace {

struct Seen {
  Side side;
  std::string method;
  CallTime time;
};

struct Times {
  Interceptor interceptor() {
    return timing(
        [this](Side side, std::string_view method, const CallTime& time) {
          seen.push_back({side, std::string(method), time});
        },
        [this] { return now; });
  }
  std::vector<Seen> seen;
  Clock::time_point now{};
};

}  // namespace

TEST_CASE("own interceptor: a server's time goes with the reply", "[own_interceptor]") {
  Times times;
  FakeCall call(Side::server);
  call.target = [&] {
    times.now += 1234us;
    return Status();
  };
  call.interceptors = {times.interceptor()};
  CHECK(call().ok());
  CHECK(call.context().headers().get("time-us") == "1234");
  REQUIRE(times.seen.size() == 1);
  CHECK(times.seen[0].side == Side::server);
  CHECK(times.seen[0].method == "Arith.Add");
  CHECK(times.seen[0].time.total == 1234us);
  CHECK_FALSE(times.seen[0].time.server);
}

TEST_CASE("own interceptor: a client's time has the server's in it", "[own_interceptor]") {
  Times times;
  FakeCall call;
  call.target = [&] {
    times.now += 2000us;
    call.context().headers().set("time-us", "1234");
    return Status::not_found("x");
  };
  call.interceptors = {times.interceptor()};
  CHECK(call() == Status::not_found("x"));
  REQUIRE(times.seen.size() == 1);
  CHECK(times.seen[0].side == Side::client);
  CHECK(times.seen[0].time.total == 2000us);
  CHECK(times.seen[0].time.server == 1234us);
}

TEST_CASE("own interceptor: what is no time is not taken for one", "[own_interceptor]") {
  for (const char* text : {"", "-1", "12x", " 12", "99999999999999999999", "soon"}) {
    CAPTURE(text);
    Times times;
    FakeCall call;
    call.target = [&] {
      call.context().headers().set("time-us", text);
      return Status();
    };
    call.interceptors = {times.interceptor()};
    CHECK(call().ok());
    REQUIRE(times.seen.size() == 1);
    CHECK_FALSE(times.seen[0].time.server);
  }
}

TEST_CASE("own interceptor: without anyone to tell and on the real clock it lets calls pass", "[own_interceptor]") {
  FakeCall call(Side::server);
  call.interceptors = {timing(nullptr)};
  CHECK(call().ok());
  CHECK(call.attempts == 1);
  CHECK(call.context().headers().get("time-us").has_value());
}
