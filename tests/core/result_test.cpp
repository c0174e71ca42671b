#include "polyrpc/core/result.hpp"

#include "support/catch.hpp"

#include <memory>
#include <string>
#include <vector>

using polyrpc::Result;
using polyrpc::Status;
using polyrpc::StatusCode;
using polyrpc::StatusError;

namespace {

struct NoDefault {
  explicit NoDefault(int n) : number(n) {}
  int number;
};

Result<std::string> text_or_not(bool good) {
  if (!good) return Status::not_found("no text");
  return "text";
}

}  // namespace

TEST_CASE("a result has either a value or the reason why not", "[result]") {
  const Result<std::string> good = text_or_not(true);
  CHECK(good.ok());
  CHECK(static_cast<bool>(good));
  CHECK(good.value() == "text");
  CHECK(*good == "text");
  CHECK(good->size() == 4);
  CHECK(good.status().ok());

  const Result<std::string> bad = text_or_not(false);
  CHECK_FALSE(bad.ok());
  CHECK_FALSE(static_cast<bool>(bad));
  CHECK(bad.status() == Status::not_found("no text"));
  CHECK(bad.value_or("other") == "other");
}

TEST_CASE("value() throws the status where there is no value", "[result]") {
  const Result<int> bad = Status::unavailable("gone");
  try {
    (void)bad.value();
    FAIL("did not throw");
  } catch (const StatusError& error) {
    CHECK(error.status() == Status::unavailable("gone"));
  }
  Result<int> movable = Status::unavailable("gone");
  CHECK_THROWS_AS(movable.value(), StatusError);
  CHECK_THROWS_AS(std::move(movable).value(), StatusError);
}

TEST_CASE("a result made from an ok status is an error, not a value out of nothing", "[result]") {
  const Result<int> result = Status();
  CHECK_FALSE(result.ok());
  CHECK(result.status().code() == StatusCode::internal);
}

TEST_CASE("a result of a type that only moves gives it away", "[result]") {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  REQUIRE(result.ok());
  std::unique_ptr<int> taken = *std::move(result);
  CHECK(*taken == 7);

  Result<std::unique_ptr<int>> again = std::move(taken);
  CHECK(*std::move(again).value() == 7);

  Result<std::unique_ptr<int>> none = Status::internal("x");
  CHECK(std::move(none).value_or(nullptr) == nullptr);
}

TEST_CASE("a result takes what converts to its type", "[result]") {
  const Result<std::string> from_literal = "abc";
  CHECK(*from_literal == "abc");
  const Result<std::shared_ptr<const int>> from_other_pointer = std::make_shared<int>(3);
  CHECK(**from_other_pointer == 3);
  const Result<std::optional<int>> from_nothing = std::nullopt;
  CHECK(from_nothing.ok());
  CHECK_FALSE(from_nothing->has_value());
  const Result<NoDefault> no_default = NoDefault(4);
  CHECK(no_default->number == 4);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<int, Result<NoDefault>>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<std::string, Result<int>>);
  STATIC_REQUIRE(std::is_convertible_v<Status, Result<int>>);
}

TEST_CASE("a result of bool is not its own truth", "[result]") {
  const Result<bool> no = false;
  CHECK(no.ok());
  CHECK_FALSE(*no);
  const Result<bool> failed = Status::internal("x");
  CHECK_FALSE(failed.ok());
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Result<bool>, bool>);
}

TEST_CASE("a result can be copied, changed and assigned", "[result]") {
  Result<std::vector<int>> first = std::vector<int>{1, 2};
  Result<std::vector<int>> second = first;
  second->push_back(3);
  CHECK(first->size() == 2);
  CHECK(second->size() == 3);
  second = Status::aborted("x");
  CHECK_FALSE(second.ok());
  second = first;
  CHECK(second.ok());
  CHECK(std::move(second).status().ok());
  first = Status::aborted("y");
  CHECK(std::move(first).status() == Status::aborted("y"));
}
