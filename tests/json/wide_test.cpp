#include "wide.hpp"

#include "formats.hpp"
#include "support/catch.hpp"
#include "text.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace polyrpc::json;

namespace {

const wide::Steps* const all[] = {&wide::portable(), &wide::best()};

/// The slow way.
std::string base64_of(const std::vector<std::byte>& bytes) {
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? std::to_integer<unsigned>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) text += j <= bytes.size() - i ? digits[group >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

std::vector<std::byte> random_bytes(std::size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

/// A copy whose end is the end of its memory, for AddressSanitizer.
template <class T>
std::unique_ptr<T[]> exactly(const T* from, std::size_t size) {
  auto copy = std::make_unique<T[]>(size);
  std::copy(from, from + size, copy.get());
  return copy;
}

}  // namespace

TEST_CASE("base64 of all lengths is the same with any registers", "[json]") {
  for (std::size_t size = 0; size <= 300; ++size) {
    const std::vector<std::byte> bytes = random_bytes(size);
    const std::string text = base64_of(bytes);
    const auto exact_bytes = exactly(bytes.data(), size);
    const auto exact_text = exactly(text.data(), text.size());
    for (const wide::Steps* const steps : all) {
      std::vector<char> written(text.size());
      const std::size_t encoded = steps->encode_base64(exact_bytes.get(), size, written.data());
      REQUIRE(encoded % 3 == 0);
      REQUIRE(encoded <= size);
      CHECK(std::string_view(written.data(), encoded / 3 * 4) == std::string_view(text).substr(0, encoded / 3 * 4));

      std::vector<std::byte> read(text.size() / 4 * 3);
      const std::size_t decoded = steps->decode_base64(exact_text.get(), text.size(), read.data());
      REQUIRE(decoded % 4 == 0);
      REQUIRE(decoded <= text.size());
      const std::size_t count = (std::min)(decoded / 4 * 3, size);
      CHECK(std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count), read.begin()));
    }
    std::vector<char> whole(text.size());
    CHECK(write_base64({exact_bytes.get(), size}, whole.data()) == whole.data() + whole.size());
    CHECK(std::string_view(whole.data(), whole.size()) == text);
    std::vector<std::byte> back(base64_room(text.size()));
    REQUIRE(read_base64({exact_text.get(), text.size()}, back.data()) == size);
    CHECK(std::equal(bytes.begin(), bytes.end(), back.begin()));
  }
}

TEST_CASE("wide registers stop in front of what is not base64, whatever and wherever it is", "[json]") {
  const std::string good = base64_of(random_bytes(96));
  for (int c = 0; c < 256; ++c) {
    const auto bad = static_cast<char>(c);
    const bool is_digit_of_it = base64_of(random_bytes(3000)).find(bad) != std::string::npos && bad != '=';
    for (std::size_t at = 0; at < good.size(); at += 7) {
      std::string text = good;
      text[at] = bad;
      std::vector<std::byte> out(base64_room(text.size()));
      for (const wide::Steps* const steps : all) {
        const std::size_t decoded = steps->decode_base64(text.data(), text.size(), out.data());
        if (!is_digit_of_it) CHECK(decoded <= at);
      }
      const bool is_line_end = bad == '\n' || bad == '\r';
      if (!is_line_end) CHECK(read_base64(text, out.data()).has_value() == is_digit_of_it);
    }
  }
}

TEST_CASE("no special character is skipped, whatever and wherever it is", "[json]") {
  for (std::size_t size = 0; size <= 140; ++size) {
    std::string text(size, 'x');
    const auto plain = exactly(text.data(), size);
    CHECK(find_special(plain.get(), plain.get() + size) == plain.get() + size);
    for (const wide::Steps* const steps : all)
      CHECK(steps->skip_plain(plain.get(), plain.get() + size) <= plain.get() + size);
    for (const char special : {'"', '\\', '\0', '\x1F', '\x80', '\xFF'}) {
      for (std::size_t at = 0; at < size; at += 3) {
        text[at] = special;
        const char* const begin = text.data();
        CHECK(find_special(begin, begin + size) == begin + at);
        for (const wide::Steps* const steps : all) CHECK(steps->skip_plain(begin, begin + size) <= begin + at);
        text[at] = 'x';
      }
    }
  }
  const std::string_view plain = " !#[]~azAZ09\x7F";
  for (const char c : plain) {
    const std::string text(70, c);
    CHECK(find_special(text.data(), text.data() + text.size()) == text.data() + text.size());
  }
}
