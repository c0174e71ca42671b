#pragma once

#include "chars.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

// Numbers (RFC 8259, section 6), and how Go's encoding/json writes floats.
namespace polyrpc::json {

/// Where in a number one is; what comes before decides what may come next.
enum class NumberPart : std::uint8_t { start, minus, zero, whole, point, fraction, exponent, exponent_sign, power };

/// Whether a number may end here.
constexpr bool is_complete(NumberPart part) noexcept {
  return part == NumberPart::zero || part == NumberPart::whole || part == NumberPart::fraction ||
         part == NumberPart::power;
}

/// Goes on in a number from `p` to the first character that cannot belong to it.
const char* scan_number(const char* p, const char* end, NumberPart& part) noexcept;

enum class Parsed : std::uint8_t { ok, range, syntax };

/// A checked number as a double; `range` when it is too big, tiny ones become zero.
Parsed parse_float(std::string_view number, double& value) noexcept;
Parsed parse_float(std::string_view number, float& value) noexcept;

/// Reads the number at `p`, and returns what follows it. Null where it is none, or takes more care: then `scan_number`
/// and `parse_float` say what it is.
const char* read_float(const char* p, const char* end, double& value) noexcept;

/// The whole of `text` as an integer, no white space, fraction, exponent or leading zeros.
Parsed parse_integer(std::string_view text, std::int64_t& value) noexcept;
Parsed parse_integer(std::string_view text, std::uint64_t& value) noexcept;

inline constexpr std::size_t integer_room = 20;
inline constexpr std::size_t float_room = 48;

// These write text at `out` and return its end. They may use the whole of the room, which is more than the text.

char* write_integer(std::uint64_t value, char* out) noexcept;
inline char* write_integer(std::int64_t value, char* out) noexcept {
  if (value >= 0) return write_integer(static_cast<std::uint64_t>(value), out);
  *out++ = '-';
  return write_integer(~static_cast<std::uint64_t>(value) + 1, out);
}

/// The shortest text that reads back as the same value, with an exponent below 1e-6 and from 1e21 (encoding/json,
/// floatEncoder). `value` is finite.
char* write_float(double value, char* out) noexcept;
char* write_float(float value, char* out) noexcept;

}  // namespace polyrpc::json
