#include "polyrpc/runtime/http.hpp"

namespace polyrpc::http {

std::string_view Request::header(std::string_view name) const noexcept {
  for (const Field& field : headers)
    if (equal_ignoring_case(field.name, name)) return field.value;
  return {};
}

}  // namespace polyrpc::http
