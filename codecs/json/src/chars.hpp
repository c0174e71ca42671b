#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

// The smallest steps: single characters, and eight at a time.
namespace polyrpc::json {

inline bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
inline bool is_digit(char c) noexcept { return static_cast<unsigned char>(c - '0') < 10; }

inline const char* skip_spaces(const char* p, const char* end) noexcept {
  while (p != end && is_space(*p)) ++p;
  return p;
}

inline std::uint64_t load8(const char* p) noexcept {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

inline constexpr std::uint64_t each_byte(unsigned char c) noexcept { return 0x0101010101010101u * c; }

/// A word whose bytes have their top bit set where a string cannot simply go on: a quote, a backslash, a control
/// character, a byte outside ASCII. In bytes above the lowest such one the bit may be set by mistake, never the
/// reverse.
inline std::uint64_t special_bytes(std::uint64_t word) noexcept {
  const std::uint64_t quote = word ^ each_byte('"');
  const std::uint64_t backslash = word ^ each_byte('\\');
  const std::uint64_t ones = each_byte(1);
  return ((word - each_byte(0x20)) | (quote - ones) | (backslash - ones) | word) & each_byte(0x80);
}

inline constexpr std::size_t block_size = 32;

/// Whether none of the next `block_size` bytes is special; written so that compilers make vector code of it.
inline bool is_plain_block(const char* p) noexcept {
  unsigned char special = 0;
  for (std::size_t i = 0; i < block_size; ++i) {
    const auto c = static_cast<unsigned char>(p[i]);
    special = static_cast<unsigned char>(special | (c < 0x20) | (c == '"') | (c == '\\') | (c >> 7));
  }
  return special == 0;
}

inline bool is_special(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == '"' || byte == '\\' || byte >= 0x80;
}

}  // namespace polyrpc::json
