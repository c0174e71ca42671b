#include "http1_chunked.hpp"

#include "http1_head.hpp"

#include <algorithm>

namespace polyrpc::http1 {

namespace {

constexpr std::size_t most_digits = 16;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

ChunkDecoder::State ChunkDecoder::malformed(std::string_view why) noexcept {
  why_ = why;
  return State::malformed;
}

ChunkDecoder::State ChunkDecoder::read_size(std::string_view line) noexcept {
  std::size_t digits = 0;
  left_ = 0;
  for (; digits < line.size() && hex_digit(line[digits]) >= 0; ++digits) {
    if (digits == most_digits) return malformed("a chunk's size is too large a number");
    left_ = left_ << 4 | static_cast<std::uint64_t>(hex_digit(line[digits]));
  }
  if (digits == 0) return malformed("a chunk without a size");
  const std::string_view extension = line.substr(digits);
  if (!extension.empty() && (extension.front() != ';' || !is_field_value(extension)))
    return malformed("a chunk's size is not a number");
  extra_ += extension.size();
  if (extra_ > limits_.extra_bytes || left_ > limits_.data_bytes - data_) return State::too_large;
  part_ = left_ == 0 ? Part::trailer : Part::data;
  return State::more;
}

ChunkDecoder::State ChunkDecoder::read_trailer(std::string_view line) noexcept {
  if (line.empty()) {
    part_ = Part::over;
    return State::complete;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || !is_field_value(line.substr(colon + 1)))
    return malformed("a malformed trailer field");
  extra_ += line.size();
  return extra_ > limits_.extra_bytes ? State::too_large : State::more;
}

ChunkDecoder::State ChunkDecoder::decode(ByteQueue& input, ByteQueue& output) {
  while (failure_ == State::more && part_ != Part::over) {
    if (part_ == Part::data) {
      const auto count = static_cast<std::size_t>((std::min<std::uint64_t>)(left_, input.size()));
      if (count == 0) return State::more;
      output.append(input.data(), count);
      input.consume(count);
      data_ += count;
      left_ -= count;
      if (left_ == 0) part_ = Part::data_end;
      continue;
    }
    const std::string_view text = input.text();
    if (part_ == Part::data_end) {
      constexpr std::string_view end = "\r\n";
      if (!end.starts_with(text.substr(0, end.size())))
        failure_ = malformed("a chunk is longer than its size");
      else if (text.size() < end.size())
        return State::more;
      else
        input.consume(end.size());
      part_ = Part::size;
      continue;
    }
    const std::size_t found = text.find('\n', searched_);
    if (found == std::string_view::npos) {
      searched_ = text.size();
      if (searched_ <= limits_.extra_bytes + most_digits) return State::more;
      failure_ = State::too_large;
      continue;
    }
    searched_ = 0;
    const std::string_view line = text.substr(0, found);
    if (!line.ends_with('\r') || line.find('\r') + 1 != line.size()) {
      failure_ = malformed("a line of the chunked body does not end in CR LF");
      continue;
    }
    const std::string_view content = line.substr(0, line.size() - 1);
    const State state = part_ == Part::size ? read_size(content) : read_trailer(content);
    if (state == State::malformed || state == State::too_large) failure_ = state;
    input.consume(found + 1);
  }
  return failure_ == State::more ? State::complete : failure_;
}

}  // namespace polyrpc::http1
