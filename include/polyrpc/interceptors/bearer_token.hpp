#pragma once

#include "polyrpc/core/result.hpp"
#include "polyrpc/runtime/interceptor.hpp"

#include <functional>
#include <string>

/// The client's end of bearer tokens (RFC 6750, 2.1). The server's is `bearer_auth.hpp`.
namespace polyrpc::interceptors {

/// Gives the token for a call that is about to be made; must not block. Its error ends the call.
using TokenProvider = std::function<Result<std::string>()>;

/// Adds `authorization: Bearer <token>` to every call that has no `authorization` of its own:
/// `client.intercept(bearer_token("..."))`. A call on a wire that can't carry metadata fails with `unimplemented`. A
/// token of characters that no bearer token has is `invalid_argument`.
Interceptor bearer_token(std::string token);
/// The same, asking for the token each time; outermost of a `retry` it is asked once, inside it for each attempt.
Interceptor bearer_token(TokenProvider provider);

}  // namespace polyrpc::interceptors
