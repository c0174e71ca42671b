#include "polyrpc/interceptors/bearer_token.hpp"

#include "fake_call.hpp"
#include "support/catch.hpp"

#include <string>

using namespace polyrpc;
using namespace polyrpc::interceptors;
using polyrpc::test::FakeCall;

namespace {

/// What went over the wire as `authorization`.
struct Seen {
  explicit Seen(FakeCall& call) {
    call.target = [this, &call] {
      authorization = call.context().metadata().get_all("authorization").size() == 1
                          ? std::string(*call.context().metadata().get("authorization"))
                          : "not one";
      return Status();
    };
  }
  std::string authorization;
};

}  // namespace

TEST_CASE("a token goes out with the call", "[bearer_token]") {
  FakeCall call;
  const Seen seen(call);
  call.interceptors = {bearer_token("t0ken")};
  CHECK(call().ok());
  CHECK(seen.authorization == "Bearer t0ken");
}

TEST_CASE("a call's own authorization stays", "[bearer_token]") {
  FakeCall call;
  const Seen seen(call);
  call.context().metadata().set("authorization", "Basic x");
  call.interceptors = {bearer_token("t0ken")};
  CHECK(call().ok());
  CHECK(seen.authorization == "Basic x");
  CHECK(call.context().metadata().get("authorization") == "Basic x");
}

TEST_CASE("a provider is asked for each attempt inside a repeating interceptor", "[bearer_token]") {
  FakeCall call;
  const Seen seen(call);
  int asked = 0;
  const Interceptor twice = [](InterceptedCall& inner, Next next) -> Awaitable<Status> {
    Status ignored = co_await next(inner);
    Status status = co_await next(inner);
    co_return status;
  };
  call.interceptors = {
      twice, bearer_token(TokenProvider([&asked]() -> Result<std::string> { return "t" + std::to_string(++asked); }))};
  CHECK(call().ok());
  CHECK(call.attempts == 2);
  CHECK(asked == 2);
  CHECK(seen.authorization == "Bearer t2");
}

TEST_CASE("without a token the call is not made", "[bearer_token]") {
  FakeCall call;
  call.interceptors = {
      bearer_token(TokenProvider([]() -> Result<std::string> { return Status::unavailable("no token now"); }))};
  CHECK(call() == Status::unavailable("no token now"));
  CHECK(call.attempts == 0);
}

TEST_CASE("a token that could smuggle something is refused", "[bearer_token]") {
  for (const char* token : {"", "a b", "a\r\nx: y", "a,b", "="}) {
    FakeCall call;
    call.interceptors = {bearer_token(token)};
    CHECK(call().code() == StatusCode::invalid_argument);
    CHECK(call.attempts == 0);
  }
}
