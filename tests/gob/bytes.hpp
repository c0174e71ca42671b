#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// gob written by hand, right or wrong, in the words of docs/wire/gob.md.
namespace polyrpc::gob::test {

inline std::string natural(std::uint64_t v) {
  if (v < 128) return std::string(1, static_cast<char>(v));
  std::string bytes;
  for (; v != 0; v >>= 8) bytes.insert(bytes.begin(), static_cast<char>(v & 255));
  return static_cast<char>(256 - bytes.size()) + bytes;
}
inline std::string integer(std::int64_t v) {
  const auto bits = static_cast<std::uint64_t>(v);
  return natural(v < 0 ? ~bits << 1 | 1 : bits << 1);
}
inline std::string real(double v) {
  const auto bits = std::bit_cast<std::uint64_t>(v);
  std::uint64_t reversed = 0;
  for (int i = 0; i < 8; ++i) reversed = reversed << 8 | (bits >> 8 * i & 255);
  return natural(reversed);
}
inline std::string text(std::string_view v) { return natural(v.size()) + std::string(v); }
inline std::string message(std::string_view content) { return text(content); }

/// A value of a type that is no struct, and of one that is.
inline std::string value(std::int64_t type, std::string_view content) {
  return message(integer(type) + '\0' + std::string(content));
}
inline std::string struct_value(std::int64_t type, std::string_view content) {
  return message(integer(type) + std::string(content));
}

inline const std::string common_part = std::string("\1\2\0\0", 4);  // without a name; the id in it says nothing
inline const std::string ends{"\0\0", 2};

using Fields = std::vector<std::pair<std::string, std::int64_t>>;
inline std::string array_of(std::int64_t element, std::int64_t length) {
  return "\1" + common_part + "\1" + integer(element) + "\1" + integer(length) + ends;
}
inline std::string slice_of(std::int64_t element) { return "\2" + common_part + "\1" + integer(element) + ends; }
inline std::string struct_of(const Fields& fields) {
  std::string list = fields.empty() ? std::string() : "\1" + natural(fields.size());
  for (const auto& [name, type] : fields) list += "\1" + text(name) + "\1" + integer(type) + '\0';
  return "\3" + common_part + list + ends;
}
inline std::string map_of(std::int64_t key, std::int64_t element) {
  return "\4" + common_part + "\1" + integer(key) + "\1" + integer(element) + ends;
}
inline std::string own_encoding(int kind) { return static_cast<char>(kind) + common_part + ends; }  // 5 gob, 6, 7

inline std::string definition(std::int64_t type, std::string_view descriptor) {
  return message(integer(-type) + std::string(descriptor));
}

// What is known beforehand.
inline constexpr std::int64_t bool_type = 1, int_type = 2, uint_type = 3, float_type = 4, bytes_type = 5,
                              string_type = 6, complex_type = 7, interface_type = 8;

}  // namespace polyrpc::gob::test
