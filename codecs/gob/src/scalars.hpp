#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

/// gob's numbers (encoding/gob, "Encoding Details").
namespace polyrpc::gob::detail {

/// The most bytes that one number takes: a byte with the count, and eight.
inline constexpr std::size_t max_uint_size = 9;

constexpr std::uint64_t byte_swap(std::uint64_t v) noexcept {
#if defined(__GNUC__)
  return __builtin_bswap64(v);
#else
  v = ((v & 0x00FF00FF00FF00FFu) << 8) | ((v >> 8) & 0x00FF00FF00FF00FFu);
  v = ((v & 0x0000FFFF0000FFFFu) << 16) | ((v >> 16) & 0x0000FFFF0000FFFFu);
  return (v << 32) | (v >> 32);
#endif
}
constexpr std::uint64_t big_endian(std::uint64_t v) noexcept {
  return std::endian::native == std::endian::big ? v : byte_swap(v);
}

constexpr std::uint64_t little_endian(std::uint64_t v) noexcept {
  return std::endian::native == std::endian::big ? byte_swap(v) : v;
}

constexpr std::size_t uint_size(std::uint64_t v) noexcept {
  return v < 128 ? 1 : 1 + (static_cast<std::size_t>(std::bit_width(v)) + 7) / 8;
}

template <class T>
T load(const void* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <class T>
void store(void* to, T value) noexcept {
  std::memcpy(to, &value, sizeof value);
}

/// Writes `v`, and up to eight bytes of rubbish behind it: `max_uint_size` bytes must be free at `to`.
inline std::byte* put_uint(std::byte* to, std::uint64_t v) noexcept {
  if (v < 128) [[likely]] {
    *to = static_cast<std::byte>(v);
    return to + 1;
  }
  const std::size_t count = (static_cast<std::size_t>(std::bit_width(v)) + 7) / 8;
  *to = static_cast<std::byte>(256 - count);
  const std::uint64_t bytes = big_endian(v << (64 - 8 * count));
  std::memcpy(to + 1, &bytes, 8);
  return to + 1 + count;
}

/// The same in front of something: writes `size` bytes, which is `uint_size(v)`, and no rubbish.
inline void put_uint_exactly(std::byte* to, std::uint64_t v, std::size_t size) noexcept {
  if (size > 1) *to++ = static_cast<std::byte>(257 - size);
  for (std::size_t left = size > 1 ? size - 1 : 1; left > 0; --left)
    *to++ = static_cast<std::byte>(v >> (8 * (left - 1)));
}

constexpr std::uint64_t zigzag(std::int64_t v) noexcept {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t u) noexcept {
  return static_cast<std::int64_t>((u >> 1) ^ (~(u & 1) + 1));
}
inline std::byte* put_int(std::byte* to, std::int64_t v) noexcept { return put_uint(to, zigzag(v)); }

/// A double's bits with the bytes reversed, so that short fractions are short.
constexpr std::uint64_t float_to_uint(double v) noexcept { return byte_swap(std::bit_cast<std::uint64_t>(v)); }
constexpr double uint_to_float(std::uint64_t u) noexcept { return std::bit_cast<double>(byte_swap(u)); }
/// `put_uint` of `float_to_uint`, without turning the bytes round and back.
inline std::byte* put_float(std::byte* to, double v) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(v);
  if ((bits & 0x80FF'FFFF'FFFF'FFFFu) == 0) [[unlikely]] {
    *to = static_cast<std::byte>(bits >> 56);
    return to + 1;
  }
  const auto zeros = static_cast<std::size_t>(std::countr_zero(bits)) / 8;
  *to = static_cast<std::byte>(256 - 8 + zeros);
  const std::uint64_t bytes = little_endian(bits >> (8 * zeros));
  std::memcpy(to + 1, &bytes, 8);
  return to + max_uint_size - zeros;
}

/// Reads a number where `max_uint_size` bytes are there. Null if it is none.
inline const std::byte* take_uint(const std::byte* from, std::uint64_t& v) noexcept {
  const auto first = static_cast<std::uint8_t>(*from);
  if (first < 128) {
    v = first;
    return from + 1;
  }
  const std::size_t count = 256u - first;
  if (count > 8) [[unlikely]]
    return nullptr;
  v = big_endian(load<std::uint64_t>(from + 1)) >> (64 - 8 * count);
  return from + 1 + count;
}
/// The same for a double, without turning the bytes round and back.
inline const std::byte* take_float(const std::byte* from, double& v) noexcept {
  const auto first = static_cast<std::uint8_t>(*from);
  // Most fractions have all their bytes: where the next number begins need not wait for this one then.
  if (first == 256 - 8) [[likely]] {
    v = std::bit_cast<double>(little_endian(load<std::uint64_t>(from + 1)));
    return from + max_uint_size;
  }
  if (first < 128) {
    v = uint_to_float(first);
    return from + 1;
  }
  const std::size_t count = 256u - first;
  if (count > 8) [[unlikely]]
    return nullptr;
  v = std::bit_cast<double>(little_endian(load<std::uint64_t>(from + 1)) << (64 - 8 * count));
  return from + 1 + count;
}

/// Ids that both ends know beforehand.
namespace id {
inline constexpr std::int32_t boolean = 1;
inline constexpr std::int32_t integer = 2;
inline constexpr std::int32_t unsigned_integer = 3;
inline constexpr std::int32_t floating = 4;
inline constexpr std::int32_t bytes = 5;
inline constexpr std::int32_t string = 6;
inline constexpr std::int32_t complex = 7;
inline constexpr std::int32_t interface = 8;
inline constexpr std::int32_t first_user = 64;
}  // namespace id

}  // namespace polyrpc::gob::detail
