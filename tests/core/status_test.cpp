#include "polyrpc/core/status.hpp"

#include "support/catch.hpp"

#include <string>
#include <type_traits>
#include <utility>

using namespace std::string_literals;
using polyrpc::Origin;
using polyrpc::Status;
using polyrpc::StatusCode;
using polyrpc::StatusDetail;

TEST_CASE("a status without more is ok, and costs one pointer", "[status]") {
  const Status status;
  CHECK(status.ok());
  CHECK(status.code() == StatusCode::ok);
  CHECK(status.message().empty());
  CHECK(status.details().empty());
  CHECK(status.origin() == Origin::local);
  CHECK(status.to_string() == "ok");
  STATIC_REQUIRE(sizeof(Status) == sizeof(void*));
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Status>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<Status>);
}

TEST_CASE("an ok code drops the message", "[status]") {
  const Status status(StatusCode::ok, "fine");
  CHECK(status.ok());
  CHECK(status.message().empty());
  CHECK(status == Status());
}

TEST_CASE("an error keeps its code and its message byte for byte", "[status]") {
  const std::string text = "zero \0 inside, \xff too"s;
  const Status status = Status::not_found(text);
  CHECK_FALSE(status.ok());
  CHECK(status.code() == StatusCode::not_found);
  CHECK(status.message() == text);
  CHECK(Status::aborted("").to_string() == "aborted");
  CHECK(Status::not_found("no such user").to_string() == "not_found: no such user");
}

TEST_CASE("each short form makes the code of its name", "[status]") {
  CHECK(Status::cancelled("m").code() == StatusCode::cancelled);
  CHECK(Status::unknown("m").code() == StatusCode::unknown);
  CHECK(Status::invalid_argument("m").code() == StatusCode::invalid_argument);
  CHECK(Status::deadline_exceeded("m").code() == StatusCode::deadline_exceeded);
  CHECK(Status::not_found("m").code() == StatusCode::not_found);
  CHECK(Status::already_exists("m").code() == StatusCode::already_exists);
  CHECK(Status::permission_denied("m").code() == StatusCode::permission_denied);
  CHECK(Status::resource_exhausted("m").code() == StatusCode::resource_exhausted);
  CHECK(Status::failed_precondition("m").code() == StatusCode::failed_precondition);
  CHECK(Status::aborted("m").code() == StatusCode::aborted);
  CHECK(Status::out_of_range("m").code() == StatusCode::out_of_range);
  CHECK(Status::unimplemented("m").code() == StatusCode::unimplemented);
  CHECK(Status::internal("m").code() == StatusCode::internal);
  CHECK(Status::unavailable("m").code() == StatusCode::unavailable);
  CHECK(Status::data_loss("m").code() == StatusCode::data_loss);
  CHECK(Status::unauthenticated("m").code() == StatusCode::unauthenticated);
}

TEST_CASE("codes have gRPC's numbers and Connect's names", "[status]") {
  const std::pair<int, const char*> codes[] = {
      {0, "ok"},
      {1, "cancelled"},
      {2, "unknown"},
      {3, "invalid_argument"},
      {4, "deadline_exceeded"},
      {5, "not_found"},
      {6, "already_exists"},
      {7, "permission_denied"},
      {8, "resource_exhausted"},
      {9, "failed_precondition"},
      {10, "aborted"},
      {11, "out_of_range"},
      {12, "unimplemented"},
      {13, "internal"},
      {14, "unavailable"},
      {15, "data_loss"},
      {16, "unauthenticated"},
  };
  for (const auto& [number, name] : codes) {
    const StatusCode code = polyrpc::status_code_from_number(number);
    CHECK(static_cast<int>(code) == number);
    CHECK(polyrpc::to_string(code) == name);
    CHECK(polyrpc::status_code_from_string(name) == code);
  }
}

TEST_CASE("a number or name that is no code becomes unknown or nothing", "[status]") {
  CHECK(polyrpc::status_code_from_number(17) == StatusCode::unknown);
  CHECK(polyrpc::status_code_from_number(-1) == StatusCode::unknown);
  CHECK(polyrpc::status_code_from_number(256) == StatusCode::unknown);
  CHECK(polyrpc::status_code_from_number(INT64_MIN) == StatusCode::unknown);
  CHECK(polyrpc::status_code_from_number(INT64_MAX) == StatusCode::unknown);
  CHECK_FALSE(polyrpc::status_code_from_string("").has_value());
  CHECK_FALSE(polyrpc::status_code_from_string("NOT_FOUND").has_value());
  CHECK_FALSE(polyrpc::status_code_from_string("not_foun").has_value());
  CHECK(polyrpc::to_string(static_cast<StatusCode>(200)) == "unknown");
}

TEST_CASE("a copy of a status is independent of it", "[status]") {
  Status original = Status::aborted("first");
  original.add_detail({"type.example/Thing", "bytes"});
  Status copy = original;
  copy.add_detail({"type.example/Other", ""});
  CHECK(original.details().size() == 1);
  CHECK(copy.details().size() == 2);
  CHECK_FALSE(copy == original);

  original = Status();
  CHECK(original.ok());
  CHECK(copy.message() == "first");

  const Status& same = copy;
  copy = same;
  CHECK(copy.message() == "first");
  CHECK(copy.details().size() == 2);

  const Status moved = std::move(copy);
  CHECK(moved.code() == StatusCode::aborted);
  CHECK(copy.ok());  // NOLINT: documented by the class, one null pointer
}

TEST_CASE("details stay in order, and an ok status takes none", "[status]") {
  Status error = Status::invalid_argument("bad");
  error.add_detail({"a", "1"}).add_detail({"b", "\0\xff"s});
  REQUIRE(error.details().size() == 2);
  CHECK(error.details()[0] == StatusDetail{"a", "1"});
  CHECK(error.details()[1] == StatusDetail{"b", "\0\xff"s});

  Status ok;
  ok.add_detail({"a", "1"});
  CHECK(ok.ok());
  CHECK(ok.details().empty());
}

TEST_CASE("a status knows whether the peer made it, and compares without that", "[status]") {
  const Status local = Status::not_found("x");
  const Status remote = Status(local).as_remote();
  CHECK(local.origin() == Origin::local);
  CHECK(remote.origin() == Origin::remote);
  CHECK(Status(StatusCode::not_found, "x", Origin::remote).origin() == Origin::remote);
  CHECK(local == remote);
  CHECK(Status().as_remote().ok());
  CHECK_FALSE(local == Status::not_found("y"));
  CHECK_FALSE(local == Status::internal("x"));
  CHECK_FALSE(local == Status());
}

TEST_CASE("a thrown status says what it is", "[status]") {
  const polyrpc::StatusError error(Status::permission_denied("not you"));
  CHECK(std::string(error.what()) == "permission_denied: not you");
  CHECK(error.status() == Status::permission_denied("not you"));
}
