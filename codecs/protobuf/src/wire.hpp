#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

/// The wire format's smallest parts (protobuf.dev, "Encoding").
namespace polyrpc::protobuf {

enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, length = 2, group_start = 3, group_end = 4, fixed32 = 5 };

inline constexpr std::uint32_t largest_number = (1u << 29) - 1;
inline constexpr std::uint32_t first_reserved_number = 19000;
inline constexpr std::uint32_t last_reserved_number = 19999;

constexpr std::uint32_t make_tag(std::uint32_t number, Wire wire) noexcept {
  return number << 3 | static_cast<std::uint32_t>(wire);
}

inline constexpr std::size_t varint_room = 10;

constexpr std::uint8_t* write_varint(std::uint64_t value, std::uint8_t* out) noexcept {
  while (value >= 0x80) {
    *out++ = static_cast<std::uint8_t>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<std::uint8_t>(value);
  return out;
}

constexpr std::size_t varint_size(std::uint64_t value) noexcept {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) * 9 + 64) / 64;
}

template <class Unsigned>
std::uint8_t* write_fixed(Unsigned value, std::uint8_t* out) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(out, &value, sizeof value);
  } else {
    for (std::size_t i = 0; i < sizeof value; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
  return out + sizeof value;
}

template <class Unsigned>
Unsigned read_fixed(const std::uint8_t* in) noexcept {
  Unsigned value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&value, in, sizeof value);
  } else {
    for (std::size_t i = 0; i < sizeof value; ++i)
      value = static_cast<Unsigned>(value | static_cast<Unsigned>(static_cast<Unsigned>(in[i]) << (8 * i)));
  }
  return value;
}

/// The bytes of a message that are still to be read.
struct Input {
  const std::uint8_t* at = nullptr;
  const std::uint8_t* end = nullptr;

  bool empty() const noexcept { return at == end; }
  std::size_t size() const noexcept { return static_cast<std::size_t>(end - at); }
};

/// False: cut short, or longer than ten bytes. As in protobuf, bits beyond the 64th are dropped.
inline bool read_varint(Input& in, std::uint64_t& value) noexcept {
  if (in.at != in.end && *in.at < 0x80) {
    value = *in.at++;
    return true;
  }
  std::uint64_t result = 0;
  const std::uint8_t* at = in.at;
  for (unsigned shift = 0; shift < 70 && at != in.end; shift += 7) {
    const std::uint8_t byte = *at++;
    result |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      in.at = at;
      value = result;
      return true;
    }
  }
  return false;
}

/// False: cut short, longer than five bytes, or without a field number. As in protobuf, bits beyond the 32nd are
/// dropped.
inline bool read_tag(Input& in, std::uint32_t& tag) noexcept {
  const std::uint8_t* const start = in.at;
  std::uint64_t value = 0;
  if (!read_varint(in, value) || in.at - start > 5) return false;
  tag = static_cast<std::uint32_t>(value);
  return tag >> 3 != 0;
}

/// A length and that many bytes. False: fewer are there.
inline bool read_length(Input& in, Input& part) noexcept {
  std::uint64_t length = 0;
  if (!read_varint(in, length) || length > in.size()) return false;
  part = {in.at, in.at + length};
  in.at = part.end;
  return true;
}

}  // namespace polyrpc::protobuf
