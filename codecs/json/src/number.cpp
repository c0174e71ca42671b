#include "number.hpp"

#include "decimal.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

namespace polyrpc::json {

namespace {

/// Whether a number that does not fit is too small rather than too big: the place of its first digit that counts.
bool is_tiny(std::string_view number) noexcept {
  std::int64_t place = 0;  // of the current digit: 10^place
  bool found = false;
  std::size_t i = 0;
  if (number[0] == '-') ++i;
  std::int64_t whole_digits = 0;
  while (i + static_cast<std::size_t>(whole_digits) < number.size() &&
         is_digit(number[i + static_cast<std::size_t>(whole_digits)]))
    ++whole_digits;
  place = whole_digits - 1;
  for (; i < number.size() && (is_digit(number[i]) || number[i] == '.'); ++i) {
    if (number[i] == '.') continue;
    if (number[i] != '0') {
      found = true;
      break;
    }
    --place;
  }
  if (!found) return true;
  const std::size_t mark = number.find_first_of("eE");
  if (mark == std::string_view::npos) return place < 0;
  std::string_view digits = number.substr(mark + 1);
  const bool negative = digits[0] == '-';
  if (digits[0] == '-' || digits[0] == '+') digits.remove_prefix(1);
  constexpr std::int64_t huge = std::int64_t{1} << 50;  // beyond the length of any text
  std::int64_t power = 0;
  for (const char c : digits) power = (std::min)(power * 10 + (c - '0'), huge);
  return place + (negative ? -power : power) < 0;
}

template <class Float>
Parsed parse(std::string_view number, Float& value) noexcept {
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error == std::errc::result_out_of_range) {
    if (!is_tiny(number)) return Parsed::range;
    value = number[0] == '-' ? -Float{0} : Float{0};
    return Parsed::ok;
  }
  if (error != std::errc() || end != number.data() + number.size()) return Parsed::syntax;
  return Parsed::ok;
}

/// The digits of a number below 10^8, zeros in front too, a byte each, the first one lowest. First two times four, then
/// four times two.
constexpr std::uint64_t split_eight(std::uint64_t value) noexcept {
  const std::uint64_t fours = value / 10'000 | (value % 10'000) << 32;
  const std::uint64_t high_pairs = ((fours * 10'486) >> 20) & 0x0000007f0000007f;  // divided by 100
  const std::uint64_t pairs = high_pairs | (fours - 100 * high_pairs) << 16;
  const std::uint64_t high_digits = ((pairs * 103) >> 10) & 0x000f000f000f000f;  // divided by 10
  return high_digits | (pairs - 10 * high_digits) << 8;
}
static_assert(split_eight(12'345'678) == 0x0807060504030201 && split_eight(99'990'000) == 0x09090909);
static_assert(join_eight(split_eight(12'345'678)) == 12'345'678);

void store_eight(std::uint64_t digits, char* out) noexcept {
  digits |= each_byte('0');
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(out, &digits, sizeof digits);
  } else {
    for (int i = 0; i < 8; ++i) out[i] = static_cast<char>(digits >> (8 * i));
  }
}

int zeros_in_front(std::uint64_t digits) noexcept { return std::countr_zero(digits) / 8; }
int zeros_behind(std::uint64_t digits) noexcept { return std::countl_zero(digits) / 8; }

/// Enough digits for every double, and so much room behind any of them.
constexpr std::size_t digits_room = 24;

/// Writes 0.d1d2d3... x 10^point, of at least one digit, the last not zero. Behind the digits are `digits_room` bytes.
char* write_digits(const char* digits, std::size_t count, int point, char* out) noexcept {
  // A copy of a constant length, of which the rest is written over, costs less than one of the right length.
  const auto put = [&out](const char* from, std::size_t size) {
    std::memcpy(out, from, digits_room);
    out += size;
  };
  const auto zeros = [&out](std::size_t size) {
    std::memset(out, '0', size);
    out += size;
  };
  if (point < -5 || point > 21) {
    *out++ = digits[0];
    if (count > 1) {
      *out++ = '.';
      put(digits + 1, count - 1);
    }
    *out++ = 'e';
    *out++ = point < 1 ? '-' : '+';
    out = write_integer(static_cast<std::uint64_t>(point < 1 ? 1 - point : point - 1), out);
  } else if (point <= 0) {
    *out++ = '0';
    *out++ = '.';
    zeros(static_cast<std::size_t>(-point));
    put(digits, count);
  } else {
    const auto whole = static_cast<std::size_t>(point);
    if (count <= whole) {
      put(digits, count);
      zeros(whole - count);
    } else {
      put(digits, whole);
      *out++ = '.';
      put(digits + whole, count - whole);
    }
  }
  return out;
}

/// `value` is greater than zero; so it is in the next one.
char* write_positive(float value, char* out) noexcept {
  // d[.ddd]e[+-]dd[d], the shortest digits.
  std::array<char, 40> text;
  const char* const end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific).ptr;
  const char* p = text.data();
  std::array<char, 2 * digits_room> digits{};
  std::size_t count = 0;
  for (; *p != 'e'; ++p)
    if (*p != '.') digits[count++] = *p;
  int power = 0;
  std::from_chars(p[1] == '+' ? p + 2 : p + 1, end, power);
  return write_digits(digits.data(), count, power + 1, out);
}

char* write_positive(double value, char* out) noexcept {
  const auto [decimal, power] = shortest(value);
  // Three times eight digits, of which zeros in front and behind are left out.
  const std::uint64_t front = decimal / eight_digits;
  const std::array<std::uint64_t, 3> eights{split_eight(front / eight_digits), split_eight(front % eight_digits),
                                            split_eight(decimal % eight_digits)};
  std::array<char, 2 * digits_room> digits{};
  for (std::size_t i = 0; i < eights.size(); ++i) store_eight(eights[i], digits.data() + 8 * i);
  const int first = eights[0] != 0   ? zeros_in_front(eights[0])
                    : eights[1] != 0 ? 8 + zeros_in_front(eights[1])
                                     : 16 + zeros_in_front(eights[2]);
  const int last = eights[2] != 0   ? 24 - zeros_behind(eights[2])
                   : eights[1] != 0 ? 16 - zeros_behind(eights[1])
                                    : 8 - zeros_behind(eights[0]);
  return write_digits(digits.data() + first, static_cast<std::size_t>(last - first), power + 24 - first, out);
}

template <class Float>
char* write(Float value, char* out) noexcept {
  if (std::signbit(value)) {
    *out++ = '-';
    value = -value;
  }
  if (value == 0) {
    *out++ = '0';
    return out;
  }
  return write_positive(value, out);
}

}  // namespace

const char* read_float(const char* p, const char* end, double& value) noexcept {
  const bool negative = p != end && *p == '-';
  if (negative) ++p;
  Decimal decimal;
  const char* const whole = p;
  p = take_digits(p, end, decimal.digits);
  std::ptrdiff_t count = p - whole;
  if (count == 0 || (count > 1 && *whole == '0')) return nullptr;
  constexpr std::ptrdiff_t digits_of_a_word = 19;
  if (p != end && *p == '.') {
    const char* const fraction = ++p;
    p = take_digits(p, end, decimal.digits);
    if (p == fraction) return nullptr;
    count += p - fraction;
    if (count > digits_of_a_word) return nullptr;
    decimal.power = -static_cast<int>(p - fraction);
  }
  if (count > digits_of_a_word) return nullptr;
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    const bool down = p != end && *p == '-';
    if (p != end && (*p == '-' || *p == '+')) ++p;
    const char* const exponent = p;
    std::uint64_t power = 0;
    p = take_digits(p, end, power);
    if (p == exponent || p - exponent > 4) return nullptr;
    decimal.power += down ? -static_cast<int>(power) : static_cast<int>(power);
  }
  if (!closest(decimal, value)) return nullptr;
  if (negative) value = -value;
  return p;
}

const char* scan_number(const char* p, const char* end, NumberPart& part) noexcept {
  NumberPart now = part;
  for (; p != end; ++p) {
    const char c = *p;
    if (is_digit(c)) {
      switch (now) {
        case NumberPart::start:
        case NumberPart::minus:
          now = c == '0' ? NumberPart::zero : NumberPart::whole;
          break;
        case NumberPart::zero:
          part = now;
          return p;
        case NumberPart::whole:
        case NumberPart::fraction:
        case NumberPart::power:
          break;
        case NumberPart::point:
          now = NumberPart::fraction;
          break;
        case NumberPart::exponent:
        case NumberPart::exponent_sign:
          now = NumberPart::power;
          break;
      }
    } else if (c == '-' && now == NumberPart::start) {
      now = NumberPart::minus;
    } else if (c == '.' && (now == NumberPart::zero || now == NumberPart::whole)) {
      now = NumberPart::point;
    } else if ((c == 'e' || c == 'E') &&
               (now == NumberPart::zero || now == NumberPart::whole || now == NumberPart::fraction)) {
      now = NumberPart::exponent;
    } else if ((c == '+' || c == '-') && now == NumberPart::exponent) {
      now = NumberPart::exponent_sign;
    } else {
      break;
    }
  }
  part = now;
  return p;
}

Parsed parse_float(std::string_view number, double& value) noexcept { return parse(number, value); }
Parsed parse_float(std::string_view number, float& value) noexcept { return parse(number, value); }

Parsed parse_integer(std::string_view text, std::uint64_t& value) noexcept {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return Parsed::syntax;
  if (!std::all_of(text.begin(), text.end(), is_digit)) return Parsed::syntax;
  const auto error = std::from_chars(text.data(), text.data() + text.size(), value).ec;
  return error == std::errc() ? Parsed::ok : Parsed::range;
}

Parsed parse_integer(std::string_view text, std::int64_t& value) noexcept {
  const bool negative = !text.empty() && text[0] == '-';
  std::uint64_t magnitude = 0;
  const Parsed parsed = parse_integer(negative ? text.substr(1) : text, magnitude);
  if (parsed != Parsed::ok) return parsed;
  constexpr auto largest = static_cast<std::uint64_t>((std::numeric_limits<std::int64_t>::max)());
  if (magnitude > largest + (negative ? 1 : 0)) return Parsed::range;
  value = static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
  return Parsed::ok;
}

char* write_integer(std::uint64_t value, char* out) noexcept {
  if (value < 10) {
    *out = static_cast<char>('0' + value);
    return out + 1;
  }
  if (value < eight_digits) {
    const std::uint64_t digits = split_eight(value);
    const int zeros = zeros_in_front(digits);
    store_eight(digits >> (8 * zeros), out);
    return out + (8 - zeros);
  }
  out = write_integer(value / eight_digits, out);
  store_eight(split_eight(value % eight_digits), out);
  return out + 8;
}

char* write_float(double value, char* out) noexcept { return write(value, out); }
char* write_float(float value, char* out) noexcept { return write(value, out); }

}  // namespace polyrpc::json
