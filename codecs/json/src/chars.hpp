#pragma once

#include <array>
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

inline bool is_special(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == '"' || byte == '\\' || byte >= 0x80;
}

/// Copies a text of at most 16 bytes, if nothing in it is special.
inline bool copy_if_plain(const char* from, std::size_t size, char* to) noexcept {
  if (size >= 8) {
    const std::uint64_t first = load8(from);
    const std::uint64_t last = load8(from + size - 8);
    if ((special_bytes(first) | special_bytes(last)) != 0) return false;
    std::memcpy(to, &first, 8);
    std::memcpy(to + size - 8, &last, 8);
    return true;
  }
  if (size >= 4) {
    std::uint32_t first;
    std::uint32_t last;
    std::memcpy(&first, from, 4);
    std::memcpy(&last, from + size - 4, 4);
    if (special_bytes(first | std::uint64_t{last} << 32) != 0) return false;
    std::memcpy(to, &first, 4);
    std::memcpy(to + size - 4, &last, 4);
    return true;
  }
  if (size == 0) return true;
  const char first = from[0];
  const char middle = from[size / 2];
  const char last = from[size - 1];
  if (is_special(first) || is_special(middle) || is_special(last)) return false;
  to[0] = first;
  to[size / 2] = middle;
  to[size - 1] = last;
  return true;
}

inline constexpr std::uint64_t eight_digits = 100'000'000;

/// The number that eight digits make, a byte each, the first one lowest. Neighbours are joined: to pairs, fours, eight.
constexpr std::uint64_t join_eight(std::uint64_t digits) noexcept {
  const std::uint64_t pairs = digits * 10 + (digits >> 8);
  return (((pairs & 0x000000ff000000ff) * (100 + (std::uint64_t{1'000'000} << 32)) +
           ((pairs >> 16) & 0x000000ff000000ff) * (1 + (std::uint64_t{10'000} << 32))) >>
          32) &
         0xffffffff;
}

/// Takes digits from `p` on into `value`, which runs over when they are more than 19.
inline const char* take_digits(const char* p, const char* end, std::uint64_t& value) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    static constexpr std::array<std::uint64_t, 8> tens{1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000};
    while (end - p >= 8) {
      const std::uint64_t text = load8(p);
      const std::uint64_t digits = text - each_byte('0');
      // Above '9' the sum, below '0' the difference has the top bit; above such a byte both may be wrong.
      const std::uint64_t others = ((text + each_byte(0x80 - '9' - 1)) | digits) & each_byte(0x80);
      if (others != 0) {
        const int count = std::countr_zero(others) / 8;
        if (count == 0) return p;
        value = value * tens[static_cast<std::size_t>(count)] + join_eight(digits << (64 - 8 * count));
        return p + count;
      }
      value = value * eight_digits + join_eight(digits);
      p += 8;
    }
  }
  for (; p != end && is_digit(*p); ++p) value = value * 10 + static_cast<std::uint64_t>(*p - '0');
  return p;
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

}  // namespace polyrpc::json
