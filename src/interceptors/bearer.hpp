#pragma once

#include <string_view>

namespace polyrpc::interceptors {

/// Whether `text` has only characters of a bearer token.
bool is_bearer_token(std::string_view text) noexcept;

}  // namespace polyrpc::interceptors
