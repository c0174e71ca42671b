#include "polyrpc/interceptors/bearer_auth.hpp"

#include "support/catch.hpp"

#include <string>

using namespace polyrpc;
using namespace polyrpc::interceptors;
using polyrpc::test::contains;

namespace {

struct User {
  std::string name;
};

Result<User> verify(std::string_view token) {
  if (token == "t-ann") return User{"ann"};
  if (token == "t-bob") return Status::permission_denied("bob may not");
  return Status::unauthenticated("who is that");
}

Status admit(const Admission& admission, Context& context, const char* authorization) {
  context.set_method("Test.Echo");
  if (authorization != nullptr) context.metadata().set("authorization", authorization);
  return admission(context);
}

}  // namespace

TEST_CASE("a good token lets a call go on and tells the handler who calls", "[bearer_auth]") {
  const Admission admission = bearer_auth(verify);
  Context context;
  CHECK(admit(admission, context, "Bearer t-ann").ok());
  REQUIRE(context.get<User>() != nullptr);
  CHECK(context.get<User>()->name == "ann");
}

TEST_CASE("a bad token's error is the verifier's", "[bearer_auth]") {
  const Admission admission = bearer_auth(verify);
  Context bob;
  CHECK(admit(admission, bob, "Bearer t-bob") == Status::permission_denied("bob may not"));
  CHECK(bob.get<User>() == nullptr);
  Context nobody;
  CHECK(admit(admission, nobody, "Bearer t-carl") == Status::unauthenticated("who is that"));
}

TEST_CASE("a missing or malformed token is unauthenticated, and is not repeated", "[bearer_auth]") {
  bool asked = false;
  const Admission admission = bearer_auth([&asked](std::string_view) {
    asked = true;
    return Status();
  });
  for (const char* authorization : {static_cast<const char*>(nullptr), "", "Bearer", "Bearer ", "Basic secret",
                                    "secret", "Bearersecret", "Bearer sec ret", "Bearer secret,", "Bearer =",
                                    "Bearer s=ecret", "Bearer secret ", " Bearer secret", "Bearer\tsecret"}) {
    CAPTURE(authorization == nullptr ? "none" : authorization);
    Context context;
    const Status status = admit(admission, context, authorization);
    CHECK(status.code() == StatusCode::unauthenticated);
    CHECK_THAT(status.message(), !contains("secret"));
  }
  CHECK_FALSE(asked);
}

TEST_CASE("two tokens are none", "[bearer_auth]") {
  Context context;
  context.metadata().add("authorization", "Bearer t-ann");
  context.metadata().add("authorization", "Bearer t-bob");
  CHECK(bearer_auth(verify)(context).code() == StatusCode::unauthenticated);
}

TEST_CASE("a token of every allowed character is taken as it is", "[bearer_auth]") {
  for (const char* authorization : {"Bearer aZ09-._~+/==", "bearer aZ09-._~+/==", "BEARER   aZ09-._~+/=="}) {
    Metadata metadata;
    metadata.set("authorization", authorization);
    const Result<std::string_view> token = bearer_token_of(metadata);
    REQUIRE(token.ok());
    CHECK(*token == "aZ09-._~+/==");
  }
}

TEST_CASE("a verifier may give a status and no identity", "[bearer_auth]") {
  const Admission admission = bearer_auth(
      [](std::string_view token) { return same_secret(token, "s3cret") ? Status() : Status::unauthenticated("no"); });
  Context good;
  CHECK(admit(admission, good, "Bearer s3cret").ok());
  Context bad;
  CHECK(admit(admission, bad, "Bearer other1").code() == StatusCode::unauthenticated);
}

TEST_CASE("methods can be left open", "[bearer_auth]") {
  BearerAuthOptions options;
  options.open_methods = {"Health.Check"};
  const Admission admission = bearer_auth(verify, options);
  Context open;
  open.set_method("Health.Check");
  CHECK(admission(open).ok());
  Context other;
  other.set_method("Health.Checks");
  CHECK_FALSE(admission(other).ok());
}

TEST_CASE("secrets are compared whole", "[bearer_auth]") {
  CHECK(same_secret("", ""));
  CHECK(same_secret("abc", "abc"));
  CHECK_FALSE(same_secret("abc", "abd"));
  CHECK_FALSE(same_secret("xbc", "abc"));
  CHECK_FALSE(same_secret("abc", "abcd"));
  CHECK_FALSE(same_secret("abc", ""));
}
