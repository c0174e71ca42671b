#include "polyrpc/runtime/loop.hpp"

#include "support/catch.hpp"

#include <asio/io_context.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using polyrpc::Alarm;
using polyrpc::Clock;
using polyrpc::Loop;

namespace {

class Bell : public Alarm {
 public:
  Bell() = default;
  explicit Bell(std::function<void()> f) : then(std::move(f)) {}
  std::function<void()> then;
  int rung = 0;

 private:
  void ring() override {
    ++rung;
    if (then) then();
  }
};

Clock::time_point long_ago(int n = 0) { return Clock::time_point() + std::chrono::nanoseconds(n); }
Clock::time_point far() { return Clock::now() + 24h; }

/// Runs what is due now.
void settle(asio::io_context& context) {
  context.restart();
  while (context.poll() > 0) {
  }
}

template <class Done>
void run_until(asio::io_context& context, Done done) {
  context.restart();
  const auto give_up = Clock::now() + 60s;
  while (!done()) {
    REQUIRE(Clock::now() < give_up);
    context.run_one_for(1s);
    if (context.stopped()) context.restart();
  }
}

}  // namespace

TEST_CASE("an alarm rings once, not before its time", "[loop]") {
  asio::io_context context;
  Loop loop(context);
  std::optional<Clock::time_point> when;
  Bell bell([&] { when = Clock::now(); });
  const auto time = Clock::now() + 5ms;
  loop.set(bell, time);
  CHECK(bell.is_set());
  CHECK(bell.time() == time);
  context.run();  // returns, because nothing else is to be done
  REQUIRE(when.has_value());
  CHECK(*when >= time);
  CHECK(bell.rung == 1);
  CHECK_FALSE(bell.is_set());
}

TEST_CASE("alarms ring in the order of their times", "[loop]") {
  asio::io_context context;
  Loop loop(context);
  std::vector<int> order;
  std::vector<std::unique_ptr<Bell>> bells;
  for (const int n : {5, 3, 9, 1, 7, 0, 8, 2, 6, 4}) {
    bells.push_back(std::make_unique<Bell>([&order, n] { order.push_back(n); }));
    loop.set(*bells.back(), long_ago(n));
  }
  settle(context);
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("a cleared alarm does not ring, and may be set again", "[loop]") {
  asio::io_context context;
  Loop loop(context);
  Bell bell;
  loop.set(bell, long_ago());
  loop.clear(bell);
  loop.clear(bell);
  CHECK_FALSE(bell.is_set());
  settle(context);
  CHECK(bell.rung == 0);
  loop.set(bell, long_ago());
  settle(context);
  CHECK(bell.rung == 1);
}

TEST_CASE("an alarm can be moved to an earlier and to a later time", "[loop]") {
  asio::io_context context;
  Loop loop(context);
  Bell early;
  Bell late;
  loop.set(early, far());
  loop.set(late, long_ago());
  loop.set(early, long_ago());
  loop.set(late, far());
  settle(context);
  CHECK(early.rung == 1);
  CHECK(late.rung == 0);
  CHECK(late.is_set());
}

TEST_CASE("an alarm earlier than the first one does not wait for it", "[loop]") {
  asio::io_context context;
  Loop loop(context);
  Bell far_away;
  Bell soon;
  loop.set(far_away, far());
  settle(context);
  loop.set(soon, Clock::now() + 2ms);
  run_until(context, [&] { return soon.rung == 1; });
  CHECK(far_away.rung == 0);
}

TEST_CASE("the next alarm rings although the one before it was cleared", "[loop]") {
  asio::io_context context;
  Loop loop(context);
  Bell first;
  Bell second;
  loop.set(first, Clock::now() + 1ms);
  loop.set(second, Clock::now() + 3ms);
  loop.clear(first);
  run_until(context, [&] { return second.rung == 1; });
  CHECK(first.rung == 0);
}

TEST_CASE("an alarm that is destroyed is forgotten", "[loop]") {
  asio::io_context context;
  Loop loop(context);
  Bell other;
  {
    Bell bell;
    loop.set(bell, long_ago());
    loop.set(other, long_ago(1));
  }
  settle(context);
  CHECK(other.rung == 1);
}

TEST_CASE("an alarm may set, clear and destroy alarms when it rings", "[loop]") {
  asio::io_context context;
  Loop loop(context);
  Bell cleared;
  auto destroyed = std::make_unique<Bell>();
  Bell set_by_it;
  auto itself = std::make_unique<Bell>();
  itself->then = [&] {
    loop.clear(cleared);
    destroyed.reset();
    loop.set(set_by_it, long_ago());
    const auto kept = std::move(itself->then);  // what runs must live
    itself.reset();
  };
  loop.set(*itself, long_ago(0));
  loop.set(cleared, long_ago(1));
  loop.set(*destroyed, long_ago(2));
  settle(context);
  CHECK(itself == nullptr);
  CHECK(cleared.rung == 0);
  CHECK(set_by_it.rung == 1);
}

TEST_CASE("an alarm that sets itself into the past does not keep others from working", "[loop]") {
  asio::io_context context;
  Loop loop(context);
  Bell stubborn;
  bool posted_ran = false;
  stubborn.then = [&] {
    if (stubborn.rung < 1000) loop.set(stubborn, long_ago());
    if (stubborn.rung == 1) loop.post([&] { posted_ran = true; });
    if (stubborn.rung == 1000) CHECK(posted_ran);
  };
  loop.set(stubborn, long_ago());
  run_until(context, [&] { return stubborn.rung == 1000; });
}

TEST_CASE("an alarm may end the loop", "[loop]") {
  asio::io_context context;
  auto loop = std::make_unique<Loop>(context);
  Bell last([&] { loop.reset(); });
  Bell never;
  loop->set(last, long_ago(0));
  loop->set(never, long_ago(1));
  settle(context);
  CHECK(loop == nullptr);
  CHECK(last.rung == 1);
  CHECK(never.rung == 0);
  CHECK_FALSE(never.is_set());
}

TEST_CASE("alarms that are set survive their loop", "[loop]") {
  asio::io_context context;
  Bell bell;
  {
    Loop loop(context);
    loop.set(bell, far());
  }
  CHECK_FALSE(bell.is_set());
  CHECK(context.run_for(10s) <= 1);  // the timer is cancelled: this does not take ten seconds
  CHECK(context.stopped());
  Loop other(context);
  other.set(bell, long_ago());
  settle(context);
  CHECK(bell.rung == 1);
}

TEST_CASE("an alarm that throws does not stop the others", "[loop]") {
  asio::io_context context;
  Loop loop(context);
  Bell throwing([] { throw std::runtime_error("rung"); });
  Bell after;
  loop.set(throwing, long_ago(0));
  loop.set(after, long_ago(1));
  CHECK_THROWS_AS(context.run(), std::runtime_error);
  CHECK(after.rung == 0);
  settle(context);
  CHECK(after.rung == 1);
}

TEST_CASE("a loop at rest lets its io_context return", "[loop]") {
  asio::io_context context;
  Loop loop(context);
  Bell bell;
  loop.set(bell, far());
  loop.clear(bell);
  context.poll();
  CHECK_FALSE(context.stopped());  // the timer stays, because moving it costs a system call
  loop.rest();
  context.run_for(60s);
  CHECK(context.stopped());

  // With an alarm set it has no rest.
  context.restart();
  loop.set(bell, far());
  loop.rest();
  context.poll();
  CHECK_FALSE(context.stopped());
}

TEST_CASE("work posted from any thread runs on the loop's", "[loop]") {
  asio::io_context context;
  Loop loop(context);
  CHECK_FALSE(loop.is_this_thread());
  std::thread::id ran;
  bool inside = false;
  std::thread other([&] {
    loop.post([&] {
      ran = std::this_thread::get_id();
      inside = loop.is_this_thread();
    });
  });
  other.join();
  context.run();
  CHECK(ran == std::this_thread::get_id());
  CHECK(inside);
  CHECK(&loop.context() == &context);
}

TEST_CASE("posted work runs later, in order", "[loop]") {
  asio::io_context context;
  Loop loop(context);
  std::vector<int> order;
  loop.post([&] {
    loop.post([&] { order.push_back(3); });
    order.push_back(1);
  });
  loop.post([&] { order.push_back(2); });
  CHECK(order.empty());
  context.run();
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("a loop has scratch memory to lend", "[loop]") {
  asio::io_context context;
  Loop loop(context);
  CHECK(loop.input().empty());
  CHECK(loop.output().empty());
  CHECK(&loop.input() != &loop.output());
}

namespace {

/// Alarms and what is known of them without looking into the loop.
struct Model {
  Model(std::uint32_t seed, std::size_t count) : random(seed), times(count) {
    for (std::size_t i = 0; i < count; ++i) bells.push_back(std::make_unique<Bell>([this, i] { rang(i); }));
  }

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); }

  void rang(std::size_t i) {
    // It was set, and no other was to ring before it.
    if (!times[i]) return fail("rang although it was not set");
    for (const auto& time : times)
      if (time && *time < *times[i]) return fail("rang too late or too early");
    times[i].reset();
    ++rings;
    ringing = i;
    if (below(3) != 0) change();
    ringing.reset();
  }

  void change() {
    if (changes == 0) return;
    --changes;
    const std::size_t i = below(bells.size());
    switch (below(5)) {
      case 0:
      case 1:
      case 2: {
        const Clock::time_point time = long_ago(static_cast<int>(below(50)));
        loop.set(*bells[i], time);
        times[i] = time;
        break;
      }
      case 3:
        loop.clear(*bells[i]);
        times[i].reset();
        break;
      case 4:
        if (ringing == i) break;
        bells[i] = std::make_unique<Bell>([this, i] { rang(i); });
        times[i].reset();
        break;
    }
  }

  void fail(const char* text) {
    if (!failure) failure = text;
  }

  asio::io_context context;
  Loop loop{context};
  std::mt19937 random;
  std::vector<std::unique_ptr<Bell>> bells;
  std::vector<std::optional<Clock::time_point>> times;
  std::optional<std::size_t> ringing;
  std::size_t changes = 2000;
  int rings = 0;
  const char* failure = nullptr;
};

}  // namespace

TEST_CASE("alarms behave like a sorted list under any operations", "[loop]") {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    Model model(seed, 1 + seed);
    while (model.changes > 0) {
      const std::size_t batch = 1 + model.below(40);
      for (std::size_t i = 0; i < batch; ++i) model.change();
      for (std::size_t i = 0; i < model.bells.size(); ++i) {
        REQUIRE(model.bells[i]->is_set() == model.times[i].has_value());
        if (model.times[i]) REQUIRE(model.bells[i]->time() == *model.times[i]);
      }
      if (model.below(4) == 0) settle(model.context);
      REQUIRE(model.failure == nullptr);
    }
    settle(model.context);
    REQUIRE(model.failure == nullptr);
    for (const auto& time : model.times) REQUIRE_FALSE(time.has_value());
    for (const auto& bell : model.bells) REQUIRE_FALSE(bell->is_set());
    CHECK(model.rings > 0);
  }
}
