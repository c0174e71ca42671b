#pragma once

#include "polyrpc/core/status.hpp"

#include <string_view>

namespace polyrpc::gob::detail {

// Texts for limits; they are told from other errors by their address.
inline constexpr char message_too_long[] = "gob: message longer than the limit";
inline constexpr char too_deep[] = "gob: values nested deeper than the limit";
inline constexpr char too_many_elements[] = "gob: more elements in a list or map than the limit";
inline constexpr char too_much_memory[] = "gob: value needs more memory than the limit";
inline constexpr char too_many_types[] = "gob: more type definitions than the limit";
inline constexpr char too_many_fields[] = "gob: more fields in a type than the limit";
inline constexpr char name_too_long[] = "gob: name longer than the limit";

inline constexpr char unknown_type[] = "gob: unknown type id or corrupted data";

inline bool is_limit(const char* error) noexcept {
  return error == message_too_long || error == too_deep || error == too_many_elements || error == too_much_memory ||
         error == too_many_types || error == too_many_fields || error == name_too_long;
}

inline Status to_status(const char* error) {
  return is_limit(error) ? Status::resource_exhausted(error) : Status::invalid_argument(error);
}

}  // namespace polyrpc::gob::detail
