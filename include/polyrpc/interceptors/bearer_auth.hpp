#pragma once

#include "polyrpc/core/context.hpp"
#include "polyrpc/core/metadata.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/runtime/server_core.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// The server's end of bearer tokens (RFC 6750, 2.1). The client's is `bearer_token.hpp`.
namespace polyrpc::interceptors {

struct BearerAuthOptions {
  /// Methods that need no token, whole names.
  std::vector<std::string> open_methods = {};
};

/// The token in `authorization: Bearer <token>`; valid until `metadata` changes. `unauthenticated` if there is none,
/// more than one, or it has another form. Tokens are never repeated in a message.
Result<std::string_view> bearer_token_of(const Metadata& metadata);

/// Whether two secrets are the same, in a time that tells nothing but their lengths.
bool same_secret(std::string_view one, std::string_view other) noexcept;

/// An admission that lets a call go on only with a good token: `server.admit(bearer_auth(verify))`.
/// `verify(std::string_view token)` returns a `Result<Identity>`, whose value handlers find with
/// `context.get<Identity>()`, or a `Status`; its error is the caller's. It is called on the connections' threads, by
/// several at once if the server has several, and must not block. Tokens are readable by whoever can read the
/// connection.
template <class Verify>
Admission bearer_auth(Verify verify, BearerAuthOptions options = {}) {
  static_assert(std::is_invocable_v<const Verify&, std::string_view>,
                "polyrpc: verify must be callable as const with a std::string_view");
  using Verified = std::remove_cvref_t<std::invoke_result_t<const Verify&, std::string_view>>;
  return [verify = std::move(verify), open = std::move(options.open_methods)](Context& context) -> Status {
    if (std::find(open.begin(), open.end(), context.method()) != open.end()) return {};
    const Result<std::string_view> token = bearer_token_of(context.metadata());
    if (!token.ok()) return token.status();
    Verified verified = verify(*token);
    if constexpr (std::is_same_v<Verified, Status>) {
      return verified;
    } else {
      if (!verified.ok()) return std::move(verified).status();
      context.set(*std::move(verified));
      return {};
    }
  };
}

}  // namespace polyrpc::interceptors
