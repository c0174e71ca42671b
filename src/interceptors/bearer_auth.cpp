#include "polyrpc/interceptors/bearer_auth.hpp"

#include "bearer.hpp"

#include <cstddef>

namespace polyrpc::interceptors {

namespace {

bool is_bearer(std::string_view scheme) noexcept {
  constexpr std::string_view bearer = "bearer";
  if (scheme.size() != bearer.size()) return false;
  for (std::size_t i = 0; i < bearer.size(); ++i) {
    const char c = scheme[i] >= 'A' && scheme[i] <= 'Z' ? static_cast<char>(scheme[i] - 'A' + 'a') : scheme[i];
    if (c != bearer[i]) return false;
  }
  return true;
}

}  // namespace

// RFC 6750, 2.1: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
bool is_bearer_token(std::string_view text) noexcept {
  while (text.ends_with('=')) text.remove_suffix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~' || c == '+' || c == '/';
  });
}

Result<std::string_view> bearer_token_of(const Metadata& metadata) {
  const std::vector<std::string_view> values = metadata.get_all("authorization");
  if (values.empty()) return Status::unauthenticated("polyrpc: the call has no authorization");
  if (values.size() > 1) return Status::unauthenticated("polyrpc: the call has more than one authorization");
  std::string_view token = values.front();
  const std::size_t space = token.find(' ');
  // The scheme's case does not matter, and one space or more follow it (RFC 9110, 11.1 and 11.4).
  if (space == std::string_view::npos || !is_bearer(token.substr(0, space)))
    return Status::unauthenticated("polyrpc: the authorization is no bearer token");
  token.remove_prefix(space);
  while (token.starts_with(' ')) token.remove_prefix(1);
  if (!is_bearer_token(token)) return Status::unauthenticated("polyrpc: the bearer token is malformed");
  return token;
}

bool same_secret(std::string_view one, std::string_view other) noexcept {
  if (one.size() != other.size()) return false;
  // volatile, so that no compiler leaves the loop early
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < one.size(); ++i)
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(one[i] ^ other[i]));
  return difference == 0;
}

}  // namespace polyrpc::interceptors
