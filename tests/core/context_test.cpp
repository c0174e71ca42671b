#include "polyrpc/core/context.hpp"

#include "support/catch.hpp"

#include <memory>
#include <string>

using namespace std::chrono_literals;
using polyrpc::Clock;
using polyrpc::Context;
using polyrpc::PeerInfo;

namespace {
struct User {
  std::string name;
};
struct OtherUser {
  std::string name;
};
}  // namespace

TEST_CASE("a new context has nobody on the other side and no deadline", "[context]") {
  const Context context;
  CHECK(context.method().empty());
  CHECK(context.peer().address.empty());
  CHECK(context.peer().protocol.empty());
  CHECK_FALSE(context.deadline().has_value());
  CHECK_FALSE(context.time_left().has_value());
  CHECK_FALSE(context.cancelled());
  CHECK(context.metadata().empty());
  CHECK(context.headers().empty());
  CHECK(context.trailers().empty());
}

TEST_CASE("a context borrows its method and peer", "[context]") {
  const PeerInfo peer{"tcp://127.0.0.1:4711", "gob"};
  Context context;
  context.set_method("Arith.Multiply");
  context.set_peer(peer);
  CHECK(context.method() == "Arith.Multiply");
  CHECK(&context.peer() == &peer);
}

TEST_CASE("the time left runs to the deadline and below zero", "[context]") {
  Context context;
  context.set_deadline(Clock::now() + 1h);
  REQUIRE(context.time_left().has_value());
  CHECK(*context.time_left() > 59min);
  CHECK(*context.time_left() <= 1h);
  context.set_deadline(Clock::now() - 1s);
  CHECK(*context.time_left() <= -1s);
  context.set_deadline(std::nullopt);
  CHECK_FALSE(context.time_left().has_value());
}

TEST_CASE("the time left to the end of all time does not overflow", "[context]") {
  Context context;
  context.set_deadline(Clock::time_point::max());
  CHECK(*context.time_left() > 24h * 365);
  context.set_deadline(Clock::time_point::min());
  CHECK(*context.time_left() < -24h * 365);
}

TEST_CASE("a stop is seen by tokens taken before and after it", "[context]") {
  Context context;
  const std::stop_token early = context.stop_token();
  CHECK(early.stop_possible());
  CHECK_FALSE(early.stop_requested());
  context.request_stop();
  CHECK(context.cancelled());
  CHECK(early.stop_requested());
  CHECK(context.stop_token().stop_requested());
}

TEST_CASE("a prepared context can be stopped before anybody asks for a token", "[context]") {
  Context context;
  context.prepare_stop();
  context.request_stop();
  CHECK(context.cancelled());
  CHECK(context.stop_token().stop_requested());
}

TEST_CASE("a context keeps one object of each type for those who see the call later", "[context]") {
  Context context;
  CHECK(context.get<User>() == nullptr);
  context.set(User{"ann"});
  context.set(OtherUser{"bob"});
  REQUIRE(context.get<User>() != nullptr);
  CHECK(context.get<User>()->name == "ann");
  CHECK(context.get<OtherUser>()->name == "bob");
  context.get<User>()->name = "carl";
  CHECK(context.get<User>()->name == "carl");
  context.set(User{"dora"});
  CHECK(context.get<User>()->name == "dora");
  CHECK(context.get<int>() == nullptr);
}

TEST_CASE("what was left in a context ends with it", "[context]") {
  auto watched = std::make_shared<int>(1);
  {
    Context context;
    context.set(watched);
    CHECK(watched.use_count() == 2);
    context.set(std::make_shared<int>(2));
    CHECK(watched.use_count() == 1);
    context.set(watched);
  }
  CHECK(watched.use_count() == 1);
}
