#include "polyrpc/interceptors/rate_limit.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace polyrpc;
using namespace polyrpc::interceptors;
using namespace std::chrono_literals;

namespace {

/// A limit on a clock that is set by hand.
class Limited {
 public:
  explicit Limited(RateLimitOptions options) : admission_(rate_limit(with_clock(std::move(options)))) {}

  bool call(const std::string& peer = "tcp://10.0.0.1:1000", const std::string& method = "Test.Echo") {
    const PeerInfo info{peer, "gob"};
    Context context;
    context.set_peer(info);
    context.set_method(method);
    const Status status = admission_(context);
    if (!status.ok()) CHECK(status.code() == StatusCode::resource_exhausted);
    return status.ok();
  }
  int calls(int count) {
    int good = 0;
    for (int i = 0; i < count; ++i) good += call() ? 1 : 0;
    return good;
  }

  Clock::time_point now = Clock::time_point() + 1h;

 private:
  RateLimitOptions with_clock(RateLimitOptions options) {
    options.now = [this] { return now; };
    return options;
  }
  Admission admission_;
};

RateLimitOptions options(double rate, double burst, RateBy by = RateBy::peer) {
  RateLimitOptions result;
  result.calls_per_second = rate;
  result.burst = burst;
  result.by = by;
  return result;
}

}  // namespace

TEST_CASE("a burst is let through, then so many calls a second", "[rate_limit]") {
  Limited limited(options(10, 5));
  CHECK(limited.calls(8) == 5);
  limited.now += 99ms;
  CHECK(limited.calls(1) == 0);
  limited.now += 2ms;
  CHECK(limited.calls(3) == 1);
  limited.now += 1h;
  CHECK(limited.calls(100) == 5);
}

TEST_CASE("calls that were refused cost nothing", "[rate_limit]") {
  Limited limited(options(1, 1));
  CHECK(limited.calls(1) == 1);
  CHECK(limited.calls(1000) == 0);
  limited.now += 1s;
  CHECK(limited.calls(2) == 1);
}

TEST_CASE("a clock that goes back gives nothing and takes nothing", "[rate_limit]") {
  Limited limited(options(1, 2));
  CHECK(limited.calls(1) == 1);
  limited.now -= 30min;
  CHECK(limited.calls(5) == 1);
  limited.now += 30min;
  CHECK(limited.calls(5) == 0);
}

TEST_CASE("a peer is a host, whatever its port", "[rate_limit]") {
  Limited limited(options(1, 1));
  CHECK(limited.call("tcp://10.0.0.1:1000"));
  CHECK_FALSE(limited.call("tcp://10.0.0.1:2000"));
  CHECK(limited.call("tcp://10.0.0.2:1000"));
  CHECK(limited.call("tcp://[fe80::1]:1000"));
  CHECK_FALSE(limited.call("tcp://[fe80::1]:1001"));
  CHECK(limited.call("tcp://[fe80::2]:1000"));
  CHECK(limited.call("unix:///run/a:1"));
  CHECK(limited.call("unix:///run/a:2"));
  CHECK(limited.call("memory://one"));
  CHECK_FALSE(limited.call("memory://one"));
}

TEST_CASE("limits may be by method or for the whole server", "[rate_limit]") {
  Limited by_method(options(1, 1, RateBy::method));
  CHECK(by_method.call("tcp://10.0.0.1:1", "Test.A"));
  CHECK_FALSE(by_method.call("tcp://10.0.0.2:1", "Test.A"));
  CHECK(by_method.call("tcp://10.0.0.1:1", "Test.B"));

  Limited all(options(1, 1, RateBy::server));
  CHECK(all.call("tcp://10.0.0.1:1", "Test.A"));
  CHECK_FALSE(all.call("tcp://10.0.0.2:1", "Test.B"));
}

TEST_CASE("limits may be by a name of one's own", "[rate_limit]") {
  RateLimitOptions by_user = options(1, 1);
  by_user.key = [](const Context& context) { return std::string(context.metadata().get("user").value_or("")); };
  const Admission admission = rate_limit(by_user);
  const auto call = [&](const char* user) {
    Context context;
    context.metadata().set("user", user);
    return admission(context).ok();
  };
  CHECK(call("ann"));
  CHECK(call("bob"));
  CHECK_FALSE(call("ann"));
}

TEST_CASE("the number of limits is bounded, and newcomers then share one", "[rate_limit]") {
  RateLimitOptions few = options(1, 1);
  few.most_keys = 2;
  Limited limited(few);
  CHECK(limited.call("tcp://10.0.0.1:1"));
  CHECK(limited.call("tcp://10.0.0.2:1"));
  CHECK(limited.call("tcp://10.0.0.3:1"));        // the shared one
  CHECK_FALSE(limited.call("tcp://10.0.0.4:1"));  // the same
  CHECK_FALSE(limited.call("tcp://10.0.0.1:1"));
  limited.now += 10s;
  // Those that have rested make room.
  CHECK(limited.call("tcp://10.0.0.5:1"));
  CHECK(limited.call("tcp://10.0.0.6:1"));
  CHECK_FALSE(limited.call("tcp://10.0.0.5:1"));
  CHECK_FALSE(limited.call("tcp://10.0.0.6:1"));
}

TEST_CASE("threads share a limit without going past it", "[rate_limit]") {
  const Clock::time_point fixed = Clock::now();
  RateLimitOptions shared = options(1, 500, RateBy::server);
  shared.now = [fixed] { return fixed; };
  const Admission admission = rate_limit(shared);
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        Context context;
        if (admission(context).ok()) ++good;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 500);
}

TEST_CASE("a limit that makes no sense is refused at set-up", "[rate_limit]") {
  CHECK_THROWS_AS(rate_limit(options(0, 1)), std::invalid_argument);
  CHECK_THROWS_AS(rate_limit(options(-1, 1)), std::invalid_argument);
  CHECK_THROWS_AS(rate_limit(options(std::numeric_limits<double>::quiet_NaN(), 1)), std::invalid_argument);
  CHECK_THROWS_AS(rate_limit(options(std::numeric_limits<double>::infinity(), 1)), std::invalid_argument);
  CHECK_THROWS_AS(rate_limit(options(1, 0.5)), std::invalid_argument);
  RateLimitOptions none = options(1, 1);
  none.most_keys = 0;
  CHECK_THROWS_AS(rate_limit(none), std::invalid_argument);
}
