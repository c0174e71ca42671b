#include "http1_metadata.hpp"

#include <algorithm>
#include <cstdint>

namespace polyrpc::http1 {

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
