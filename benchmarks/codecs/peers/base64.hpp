#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

/// Base64 with tables, for JSON libraries that leave it to their users.
namespace bench {

inline constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Two digits for each 12 bits.
inline constexpr auto base64_pairs = [] {
  std::array<std::array<char, 2>, 4096> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {base64_digits[i >> 6], base64_digits[i & 63]};
  return pairs;
}();

inline constexpr auto base64_values = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(255);
  for (std::size_t i = 0; i < base64_digits.size(); ++i)
    table[static_cast<unsigned char>(base64_digits[i])] = static_cast<std::uint8_t>(i);
  return table;
}();

inline void to_base64(std::span<const std::byte> bytes, std::vector<char>& text) {
  text.resize((bytes.size() + 2) / 3 * 4);
  char* out = text.data();
  const auto at = [&bytes](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  const auto write = [&out](std::uint32_t twelve_bits) {
    *out++ = base64_pairs[twelve_bits][0];
    *out++ = base64_pairs[twelve_bits][1];
  };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    write(group >> 12);
    write(group & 4095);
  }
  if (i == bytes.size()) return;
  const bool two = i + 2 == bytes.size();
  const std::uint32_t group = at(i) << 16 | (two ? at(i + 1) << 8 : 0);
  write(group >> 12);
  write(group & 4095);
  out[-1] = '=';
  if (!two) out[-2] = '=';
}

inline std::vector<std::byte> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) throw std::runtime_error("no base64");
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::vector<std::byte> bytes(text.size() / 4 * 3);
  std::uint32_t wrong = 0;
  std::byte* out = bytes.data();
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const std::uint32_t value =
          last && j + padding >= 4 ? 0U : base64_values[static_cast<unsigned char>(text[i + j])];
      wrong |= value & 128;
      group = group << 6 | value;
    }
    *out++ = static_cast<std::byte>(group >> 16);
    *out++ = static_cast<std::byte>(group >> 8);
    *out++ = static_cast<std::byte>(group);
  }
  if (wrong != 0) throw std::runtime_error("no base64");
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace bench
