#include "http1_metadata.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace polyrpc::http1 {

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

std::size_t write_metadata(const Metadata& metadata, std::string& lines) {
  std::size_t left_out = 0;
  for (const auto& [key, value] : metadata) {
    if (!http::may_be_field(key, value)) {
      ++left_out;
      continue;
    }
    lines += key;
    lines += ": ";
    http::append_value(key, value, lines);
    lines += "\r\n";
  }
  return left_out;
}

}  // namespace polyrpc::http1
