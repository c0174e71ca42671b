#include "polyrpc/core/spare.hpp"

#include "support/catch.hpp"

#include <memory>
#include <thread>
#include <utility>

using polyrpc::ReusesMemory;
using polyrpc::Spare;

namespace {

struct Thing {
  int value = 0;
};

struct Node : ReusesMemory<Node> {
  int value = 0;
};
struct LargerNode : Node {
  int more[16] = {};
};

}  // namespace

TEST_CASE("a thread keeps one spare object as it was left", "[spare]") {
  CHECK(Spare<Thing>::take() == nullptr);
  auto thing = std::make_unique<Thing>();
  const Thing* const place = thing.get();
  thing->value = 7;
  Spare<Thing>::keep(std::move(thing));
  std::thread([] { CHECK(Spare<Thing>::take() == nullptr); }).join();
  auto taken = Spare<Thing>::take();
  REQUIRE(taken.get() == place);
  CHECK(taken->value == 7);
  CHECK(Spare<Thing>::take() == nullptr);
}

TEST_CASE("the memory of one object is used again", "[spare]") {
  auto first = std::make_unique<Node>();
  auto second = std::make_unique<Node>();
  const void* const place = first.get();
  first.reset();
  second.reset();
  auto third = std::make_unique<Node>();
  CHECK(static_cast<const void*>(third.get()) == place);
  CHECK(third->value == 0);
  // Memory goes from thread to thread with its object.
  std::thread([node = std::move(third)]() mutable { node.reset(); }).join();
  const auto larger = std::make_unique<LargerNode>();
  CHECK(larger->more[15] == 0);
}
