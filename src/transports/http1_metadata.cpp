#include "http1_metadata.hpp"

namespace polyrpc::http1 {

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
