#include "polyrpc/runtime/http_metadata.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace polyrpc::http {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto digits = [] {
  std::array<signed char, 256> table{};
  for (auto& value : table) value = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<signed char>(i);
  return table;
}();

// Fields that are about the connection, the body or the choice of an answer, and so never a call's metadata. By length.
constexpr std::array<std::string_view, 27> own_fields = {
    "te",
    "date",
    "host",
    "vary",
    "allow",
    "accept",
    "expect",
    "server",
    "trailer",
    "upgrade",
    "location",
    "connection",
    "keep-alive",
    "content-type",
    "content-range",
    "accept-charset",
    "content-length",
    "accept-encoding",
    "accept-language",
    "polyrpc-timeout",
    "content-encoding",
    "content-language",
    "content-location",
    "proxy-connection",
    "transfer-encoding",
    "proxy-authenticate",
    "proxy-authorization",
};
static_assert(std::is_sorted(own_fields.begin(), own_fields.end(),
                             [](std::string_view a, std::string_view b) { return a.size() < b.size(); }));
constexpr std::size_t longest_own = own_fields.back().size();

// Where the fields of a length begin; those of the next length end them.
constexpr auto own_begin = [] {
  std::array<std::uint8_t, longest_own + 2> begin{};
  for (const std::string_view own : own_fields)
    for (std::size_t size = own.size() + 1; size < begin.size(); ++size) ++begin[size];
  return begin;
}();

bool is_own(std::string_view name) noexcept {
  if (name.size() > longest_own) return false;
  return std::any_of(own_fields.begin() + own_begin[name.size()], own_fields.begin() + own_begin[name.size() + 1],
                     [&](std::string_view own) { return equal_ignoring_case(own, name); });
}

bool is_key(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    const char low = lower_case(c);
    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

bool is_binary(std::string_view name) noexcept {
  return name.size() > 4 && equal_ignoring_case(name.substr(name.size() - 4), "-bin");
}

bool is_plain_value(std::string_view value) noexcept {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_reserved(std::string_view name) noexcept {
  return equal_ignoring_case(name.substr(0, 5), "grpc-") || equal_ignoring_case(name.substr(0, 8), "connect-");
}

/// Whether a Connection field names this one as belonging to the connection (RFC 9110, section 7.6.1).
bool is_of_connection(std::span<const Field> fields, std::string_view name) noexcept {
  return std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
    return field.name.size() == 10 && equal_ignoring_case(field.name, "connection") && list_has(field.value, name);
  });
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text.push_back(alphabet[bits >> (count - 6) & 63]);
  }
  if (count > 0) text.push_back(alphabet[bits << (6 - count) & 63]);
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 == 0)
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = digits[static_cast<unsigned char>(c)];
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 0xff));
  }
  return bytes;
}

std::string format_timeout(std::chrono::nanoseconds timeout) {
  std::int64_t number = (std::max)(timeout.count(), std::int64_t{1});
  constexpr std::int64_t largest = 99'999'999;
  // The finest unit in which the number fits.
  struct Step {
    std::int64_t factor;
    char unit;
  };
  char unit = 'n';
  for (const Step step : {Step{1000, 'u'}, Step{1000, 'm'}, Step{1000, 'S'}, Step{60, 'M'}, Step{60, 'H'}}) {
    if (number <= largest) break;
    number /= step.factor;
    unit = step.unit;
  }
  return std::to_string((std::min)(number, largest)) + unit;
}

std::optional<std::chrono::nanoseconds> parse_timeout(std::string_view text) noexcept {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  std::int64_t number = 0;
  for (const char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  std::int64_t unit = 0;
  switch (text.back()) {
    case 'H':
      unit = 3'600'000'000'000;
      break;
    case 'M':
      unit = 60'000'000'000;
      break;
    case 'S':
      unit = 1'000'000'000;
      break;
    case 'm':
      unit = 1'000'000;
      break;
    case 'u':
      unit = 1'000;
      break;
    case 'n':
      unit = 1;
      break;
    default:
      return std::nullopt;
  }
  constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
  return std::chrono::nanoseconds(number > most / unit ? most : number * unit);
}

Status add_metadata(std::span<const Field> fields, Metadata& metadata) {
  for (const auto& [name, value] : fields) {
    if (is_own(name) || !is_key(name) || is_reserved(name) || is_of_connection(fields, name)) continue;
    if (is_binary(name)) {
      // A list of values may have been joined; commas are not base64 (gRPC, "PROTOCOL-HTTP2", Custom-Metadata).
      std::string_view rest = value;
      for (;;) {
        const std::size_t comma = rest.find(',');
        const auto bytes = from_base64(trimmed(rest.substr(0, comma)));
        if (!bytes) return Status::invalid_argument("http: header field " + std::string(name) + " is no base64");
        metadata.add(name, *bytes);
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 1);
      }
    } else if (is_plain_value(value)) {
      metadata.add(name, value);
    }
  }
  return {};
}

bool may_be_field(std::string_view key, std::string_view value) noexcept {
  return is_key(key) && !is_own(key) && !is_reserved(key) && (is_binary(key) || is_plain_value(value));
}

void append_value(std::string_view key, std::string_view value, std::string& text) {
  if (is_binary(key))
    text += to_base64(value);
  else
    text += value;
}

}  // namespace polyrpc::http
