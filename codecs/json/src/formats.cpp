#include "formats.hpp"

#include "chars.hpp"
#include "wide.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace polyrpc::json {

namespace {

constexpr char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What twelve bits become.
constexpr auto base64_pairs = [] {
  std::array<std::array<char, 2>, 4096> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {base64_digits[i >> 6], base64_digits[i & 63]};
  return pairs;
}();

constexpr std::uint32_t not_base64 = 0xFFFFFFFF;

/// What a character stands for, in each of a group's four places.
constexpr auto base64_places = [] {
  std::array<std::array<std::uint32_t, 256>, 4> places{};
  for (auto& place : places) place.fill(not_base64);
  for (std::uint32_t i = 0; i < 64; ++i)
    for (std::size_t place = 0; place < 4; ++place)
      places[place][static_cast<unsigned char>(base64_digits[i])] = i << (18 - 6 * place);
  return places;
}();

constexpr std::uint64_t big_endian(std::uint64_t v) noexcept {
  if constexpr (std::endian::native == std::endian::big) return v;
  v = (v & 0x00FF00FF00FF00FF) << 8 | (v >> 8 & 0x00FF00FF00FF00FF);
  v = (v & 0x0000FFFF0000FFFF) << 16 | (v >> 16 & 0x0000FFFF0000FFFF);
  return v << 32 | v >> 32;
}

// Days and dates in the Gregorian calendar, counted in eras of 400 years that start in March.
constexpr std::int64_t days_per_era = 146097;
constexpr std::int64_t days_to_1970 = 719468;  // from 0000-03-01

struct Date {
  std::int64_t year;
  int month;
  int day;
};

constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) noexcept {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

constexpr std::int64_t days_from_date(const Date& date) noexcept {
  const std::int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  const std::int64_t era = floor_divide(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t month_from_march = (date.month + 9) % 12;
  const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  return era * days_per_era + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - days_to_1970;
}

constexpr Date date_from_days(std::int64_t days) noexcept {
  days += days_to_1970;
  const std::int64_t era = floor_divide(days, days_per_era);
  const std::int64_t day_of_era = days - era * days_per_era;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (days_per_era - 1)) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const int month = static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

constexpr int days_in_month(std::int64_t year, int month) noexcept {
  constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return days[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

char* put_digits(std::int64_t value, int count, char* out) noexcept {
  for (int i = count - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + count;
}

/// Takes texts apart from the front; remembers when something was not as wanted.
class Fields {
 public:
  explicit Fields(std::string_view text) noexcept : rest_(text) {}

  int digits(std::size_t count) noexcept {
    if (rest_.size() < count) return bad_ = true, 0;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(rest_[i])) return bad_ = true, 0;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  char one() noexcept {
    if (rest_.empty()) return bad_ = true, '\0';
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  void expect(char c) noexcept {
    if (one() != c) bad_ = true;
  }
  char peek() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }
  bool at_end() const noexcept { return rest_.empty(); }
  bool bad() const noexcept { return bad_; }

 private:
  std::string_view rest_;
  bool bad_ = false;
};

}  // namespace

char* write_base64(std::span<const std::byte> bytes, char* out) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(bytes[i]); };
  const auto put = [&out](std::uint32_t twelve_bits) {
    std::memcpy(out, base64_pairs[twelve_bits].data(), 2);
    out += 2;
  };
  std::size_t i = 0;
  if (bytes.size() >= wide::least) {
    i = wide::best().encode_base64(bytes.data(), bytes.size(), out);
    out += i / 3 * 4;
  }
  for (; i + 8 <= bytes.size(); i += 6) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, bytes.data() + i, 8);
    eight = big_endian(eight);
    for (int shift = 52; shift >= 16; shift -= 12) put(static_cast<std::uint32_t>(eight >> shift) & 0xFFF);
  }
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    put(group >> 12);
    put(group & 0xFFF);
  }
  if (i < bytes.size()) {
    const bool two = i + 2 == bytes.size();
    const std::uint32_t group = at(i) << 16 | (two ? at(i + 1) << 8 : 0);
    put(group >> 12);
    *out++ = two ? base64_digits[group >> 6 & 63] : '=';
    *out++ = '=';
  }
  return out;
}

std::optional<std::size_t> read_base64(std::string_view text, std::byte* out, bool padding_optional) noexcept {
  std::byte* const start = out;
  const auto put = [&out](std::uint32_t group) {
    *out++ = static_cast<std::byte>(group >> 16);
    *out++ = static_cast<std::byte>(group >> 8);
    *out++ = static_cast<std::byte>(group);
  };
  std::uint32_t group = 0;
  int count = 0;    // characters in the group
  int padding = 0;  // `=` at the end
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    if (count == 0 && padding == 0) {
      const auto four = [](const char* from) {
        const auto place = [from](std::size_t i) { return base64_places[i][static_cast<unsigned char>(from[i])]; };
        return place(0) | place(1) | place(2) | place(3);
      };
      if (static_cast<std::size_t>(end - p) >= wide::least) {
        const std::size_t size = wide::best().decode_base64(p, static_cast<std::size_t>(end - p), out);
        p += size;
        out += size / 4 * 3;
      }
      // Eight bytes are written for six, so more must follow.
      for (; end - p >= 16; p += 8) {
        const std::uint32_t first = four(p);
        const std::uint32_t second = four(p + 4);
        if (first == not_base64 || second == not_base64) break;
        const std::uint64_t six = big_endian(std::uint64_t{first} << 40 | std::uint64_t{second} << 16);
        std::memcpy(out, &six, 8);
        out += 6;
      }
      for (; end - p >= 4; p += 4) {
        const std::uint32_t bits = four(p);
        if (bits == not_base64) break;
        put(bits);
      }
      if (p == end) break;
    }
    const char c = *p++;
    if (c == '\n' || c == '\r') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const std::uint32_t value = base64_places[3][static_cast<unsigned char>(c)];
    if (value == not_base64 || padding != 0) return std::nullopt;
    group = group << 6 | value;
    if (++count == 4) {
      put(group);
      group = 0;
      count = 0;
    }
  }
  if (count == 1) return std::nullopt;
  const int wanted = count == 0 ? 0 : 4 - count;
  if (padding != wanted && !(padding_optional && padding == 0)) return std::nullopt;
  if (count == 2) *out++ = static_cast<std::byte>(group >> 4);
  if (count == 3) {
    *out++ = static_cast<std::byte>(group >> 10);
    *out++ = static_cast<std::byte>(group >> 2);
  }
  return static_cast<std::size_t>(out - start);
}

char* write_time(const Time& time, char* out) noexcept {
  // The format has whole minutes of offset only: the instant stays right, seconds of offset are dropped.
  const std::int64_t offset_minutes = time.offset_seconds ? *time.offset_seconds / 60 : 0;
  if (offset_minutes <= -24 * 60 || offset_minutes >= 24 * 60) return nullptr;
  constexpr std::int64_t far = std::int64_t{1} << 40;  // beyond year 9999 in seconds
  if (time.unix_seconds > far || time.unix_seconds < -far) return nullptr;
  const std::int64_t local = time.unix_seconds + offset_minutes * 60;
  const std::int64_t days = floor_divide(local, 86400);
  const std::int64_t second = local - days * 86400;
  const Date date = date_from_days(days);
  if (date.year < 0 || date.year > 9999) return nullptr;
  out = put_digits(date.year, 4, out);
  *out++ = '-';
  out = put_digits(date.month, 2, out);
  *out++ = '-';
  out = put_digits(date.day, 2, out);
  *out++ = 'T';
  out = put_digits(second / 3600, 2, out);
  *out++ = ':';
  out = put_digits(second / 60 % 60, 2, out);
  *out++ = ':';
  out = put_digits(second % 60, 2, out);
  if (time.nanoseconds != 0) {
    *out++ = '.';
    out = put_digits(time.nanoseconds, 9, out);
    while (out[-1] == '0') --out;
  }
  if (!time.offset_seconds || offset_minutes == 0) {
    *out++ = 'Z';
  } else {
    const std::int64_t minutes = offset_minutes < 0 ? -offset_minutes : offset_minutes;
    *out++ = offset_minutes < 0 ? '-' : '+';
    out = put_digits(minutes / 60, 2, out);
    *out++ = ':';
    out = put_digits(minutes % 60, 2, out);
  }
  return out;
}

std::optional<Time> read_time(std::string_view text) noexcept {
  Fields fields(text);
  const int year = fields.digits(4);
  fields.expect('-');
  const int month = fields.digits(2);
  fields.expect('-');
  const int day = fields.digits(2);
  fields.expect('T');
  const int hour = fields.digits(2);
  fields.expect(':');
  const int minute = fields.digits(2);
  fields.expect(':');
  const int second = fields.digits(2);
  if (fields.bad() || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 ||
      minute > 59 || second > 59)
    return std::nullopt;
  Time time;
  if (fields.peek() == '.') {
    fields.one();
    std::int32_t unit = 100'000'000;
    if (!is_digit(fields.peek())) return std::nullopt;
    for (; is_digit(fields.peek()); unit /= 10) time.nanoseconds += (fields.one() - '0') * unit;
  }
  const char zone = fields.one();
  std::int32_t offset = 0;
  if (zone == '+' || zone == '-') {
    const int hours = fields.digits(2);
    fields.expect(':');
    const int minutes = fields.digits(2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    offset = (hours * 60 + minutes) * (zone == '-' ? -60 : 60);
    time.offset_seconds = offset;
  } else if (zone != 'Z') {
    return std::nullopt;
  }
  if (fields.bad() || !fields.at_end()) return std::nullopt;
  time.unix_seconds = days_from_date({year, month, day}) * 86400 + hour * 3600 + minute * 60 + second - offset;
  return time;
}

}  // namespace polyrpc::json
