#include "polyrpc/interceptors/bearer_token.hpp"

#include "bearer.hpp"

#include <memory>
#include <utility>

namespace polyrpc::interceptors {

namespace {

Awaitable<Status> with_token(InterceptedCall& call, Next next, std::shared_ptr<const TokenProvider> provider) {
  Metadata& metadata = call.context().metadata();
  const bool add = !metadata.get("authorization").has_value();
  if (add) {
    const Result<std::string> token = (*provider)();
    if (!token.ok()) co_return token.status();
    if (!is_bearer_token(*token)) {
      Status malformed = Status::invalid_argument("polyrpc: the bearer token has a character that none may have");
      co_return malformed;
    }
    metadata.set("authorization", "Bearer " + *token);
  }
  Status status = co_await next(call);
  // Made again by an interceptor outside, the call asks for a fresh one.
  if (add) metadata.erase("authorization");
  co_return status;
}

}  // namespace

Interceptor bearer_token(std::string token) {
  return bearer_token(TokenProvider([token = std::move(token)]() -> Result<std::string> { return token; }));
}

Interceptor bearer_token(TokenProvider provider) {
  auto shared = std::make_shared<const TokenProvider>(std::move(provider));
  return [shared](InterceptedCall& call, Next next) { return with_token(call, next, shared); };
}

}  // namespace polyrpc::interceptors
