#include "polyrpc/core/function_ref.hpp"

#include "support/catch.hpp"

#include <memory>
#include <string>
#include <utility>

using polyrpc::FunctionRef;

namespace {
int twice(int n) { return n * 2; }
int apply(FunctionRef<int(int)> f, int n) { return f(n); }
}  // namespace

TEST_CASE("a function reference calls what it was made from, in place", "[function_ref]") {
  int calls = 0;
  auto counting = [&calls](int n) mutable { return ++calls + n; };
  const FunctionRef<int(int)> ref = counting;
  CHECK(ref(10) == 11);
  CHECK(ref(10) == 12);
  CHECK(calls == 2);

  const FunctionRef<int(int)> copy = ref;
  CHECK(copy(10) == 13);
  CHECK(apply([](int n) { return n + 1; }, 4) == 5);
}

TEST_CASE("a function reference calls const objects and plain functions", "[function_ref]") {
  const auto constant = [](int n) { return n + 1; };
  CHECK(apply(constant, 1) == 2);
  int (*pointer)(int) = &twice;
  CHECK(apply(pointer, 4) == 8);
}

TEST_CASE("a function reference takes a plain function by its name", "[function_ref]") { CHECK(apply(twice, 4) == 8); }

TEST_CASE("a function reference forwards arguments that only move", "[function_ref]") {
  auto take = [](std::unique_ptr<int> p) { return *p; };
  const FunctionRef<int(std::unique_ptr<int>)> ref = take;
  CHECK(ref(std::make_unique<int>(5)) == 5);
}

TEST_CASE("a function reference drops a result that nobody wants", "[function_ref]") {
  int calls = 0;
  auto f = [&] { return ++calls; };
  const FunctionRef<void()> ref = f;
  ref();
  CHECK(calls == 1);
}
