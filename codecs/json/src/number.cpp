#include "number.hpp"

#include <algorithm>
#include <array>
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

constexpr auto digit_pairs = [] {
  std::array<char, 200> table{};
  for (std::size_t i = 0; i < 100; ++i) {
    table[2 * i] = static_cast<char>('0' + i / 10);
    table[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return table;
}();

template <class Float>
char* write(Float value, char* out) noexcept {
  // d[.ddd]e[+-]dd[d], the shortest digits.
  std::array<char, 40> text;
  const char* const end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific).ptr;
  const char* p = text.data();
  if (*p == '-') *out++ = *p++;
  std::array<char, 24> digits;
  std::size_t count = 0;
  for (; *p != 'e'; ++p)
    if (*p != '.') digits[count++] = *p;
  int power = 0;
  std::from_chars(p[1] == '+' ? p + 2 : p + 1, end, power);

  const auto put = [&out](const char* from, std::size_t size) {
    std::memcpy(out, from, size);
    out += size;
  };
  const auto zeros = [&out](std::size_t size) {
    std::memset(out, '0', size);
    out += size;
  };
  if (count == 1 && digits[0] == '0') {
    *out++ = '0';
  } else if (power < -6 || power >= 21) {
    *out++ = digits[0];
    if (count > 1) {
      *out++ = '.';
      put(digits.data() + 1, count - 1);
    }
    *out++ = 'e';
    *out++ = power < 0 ? '-' : '+';
    out = write_integer(static_cast<std::uint64_t>(power < 0 ? -power : power), out);
  } else if (power < 0) {
    put("0.", 2);
    zeros(static_cast<std::size_t>(-power - 1));
    put(digits.data(), count);
  } else {
    const auto whole = static_cast<std::size_t>(power) + 1;
    if (count <= whole) {
      put(digits.data(), count);
      zeros(whole - count);
    } else {
      put(digits.data(), whole);
      *out++ = '.';
      put(digits.data() + whole, count - whole);
    }
  }
  return out;
}

}  // namespace

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
  if (value < 100) {
    std::memcpy(out, &digit_pairs[2 * value], 2);
    return out + 2;
  }
  std::array<char, integer_room> text;
  std::size_t at = text.size();
  while (value >= 100) {
    at -= 2;
    std::memcpy(&text[at], &digit_pairs[2 * (value % 100)], 2);
    value /= 100;
  }
  if (value >= 10) {
    at -= 2;
    std::memcpy(&text[at], &digit_pairs[2 * value], 2);
  } else {
    text[--at] = static_cast<char>('0' + value);
  }
  std::memcpy(out, &text[at], text.size() - at);
  return out + (text.size() - at);
}

char* write_float(double value, char* out) noexcept { return write(value, out); }
char* write_float(float value, char* out) noexcept { return write(value, out); }

}  // namespace polyrpc::json
