#include "polyrpc/runtime/http.hpp"

#include <algorithm>

namespace polyrpc::http {

namespace {

constexpr char lowered(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lowered(x) == lowered(y); });
}

std::string_view Request::header(std::string_view name) const noexcept {
  for (const Field& field : headers)
    if (equal_ignoring_case(field.name, name)) return field.value;
  return {};
}

}  // namespace polyrpc::http
