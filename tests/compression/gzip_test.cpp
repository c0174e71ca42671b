#include "polyrpc/compression/gzip.hpp"

#include "support/catch.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

using namespace polyrpc;

namespace {

// printf hello | gzip -n
constexpr std::array<unsigned char, 25> hello = {0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                                 0x03, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x86,
                                                 0xA6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00};
constexpr std::size_t plenty = 1 << 20;

std::string hello_text() { return {hello.begin(), hello.end()}; }

std::string packed(std::string_view text, int level = 6) {
  ByteQueue output;
  REQUIRE(gzip(level)->compress(as_bytes(text), output).ok());
  return std::string(output.text());
}

/// What the data holds, or the code of its status.
std::string unpacked(std::string_view data, std::size_t limit = plenty) {
  ByteQueue output;
  output.append(std::string_view("before"));
  const Status status = gzip()->decompress(as_bytes(data), limit, output);
  if (!status.ok()) {
    CHECK(output.text() == "before");
    return std::string(to_string(status.code()));
  }
  CHECK(output.text().starts_with("before"));
  return std::string(output.text().substr(6));
}

/// Text that does not become smaller.
std::string noise(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (char& c : text) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

}  // namespace

TEST_CASE("gzip reads what the program gzip writes", "[gzip]") {
  CHECK(gzip()->name() == "gzip");
  CHECK(unpacked(hello_text()) == "hello");
}

TEST_CASE("what gzip writes it reads again", "[gzip]") {
  for (const int level : {0, 1, 6, 9})
    for (const std::size_t size : {0, 1, 5, 16383, 16384, 16385, 300'000}) {
      INFO(level << " " << size);
      const std::string text = noise(size);
      const std::string data = packed(text, level);
      CHECK(data.starts_with("\x1F\x8B\x08"));
      CHECK(unpacked(data) == text);
      const std::string even(size, 'x');
      CHECK(unpacked(packed(even, level)) == even);
    }
  CHECK(packed(std::string(100'000, 'x')).size() < 1000);
  CHECK(unpacked(packed("")).empty());
}

TEST_CASE("several gzip members are one text", "[gzip]") {
  CHECK(unpacked(hello_text() + hello_text()) == "hellohello");
  CHECK(unpacked(hello_text() + packed("") + packed(" there")) == "hello there");
}

TEST_CASE("gzip data that is cut off anywhere is refused", "[gzip]") {
  const std::string data = hello_text();
  for (std::size_t size = 0; size < data.size(); ++size) {
    INFO(size);
    CHECK(unpacked(data.substr(0, size)) == "invalid_argument");
    CHECK(unpacked(data + data.substr(0, size)) == (size == 0 ? "hello" : "invalid_argument"));
  }
}

TEST_CASE("what is no gzip data is refused", "[gzip]") {
  CHECK(unpacked("hello") == "invalid_argument");
  CHECK(unpacked(hello_text() + "x") == "invalid_argument");
  CHECK(unpacked(hello_text() + std::string(1, '\0')) == "invalid_argument");
  // zlib's own header is not gzip's.
  CHECK(unpacked("\x78\x9C\xCB\x48\xCD\xC9\xC9\x07\x00\x06\x2C\x02\x15") == "invalid_argument");
  // A wrong checksum, a wrong length, a reserved block type.
  for (const std::size_t at : {17, 21, 10}) {
    std::string data = hello_text();
    data[at] = static_cast<char>(data[at] ^ 0x04);
    INFO(at);
    CHECK(unpacked(data) == "invalid_argument");
  }
}

TEST_CASE("gzip stops at the limit, not behind it", "[gzip]") {
  CHECK(unpacked(hello_text(), 5) == "hello");
  CHECK(unpacked(hello_text(), 4) == "resource_exhausted");
  CHECK(unpacked(hello_text(), 0) == "resource_exhausted");
  CHECK(unpacked(hello_text() + hello_text(), 10) == "hellohello");
  CHECK(unpacked(hello_text() + hello_text(), 9) == "resource_exhausted");
  CHECK(unpacked(packed(""), 0).empty());
  for (const std::size_t size : {16384, 16385, 100'000}) {
    const std::string data = packed(noise(size));
    CHECK(unpacked(data, size) == noise(size));
    CHECK(unpacked(data, size - 1) == "resource_exhausted");
  }
}

TEST_CASE("a gzip bomb takes no more memory than the limit allows", "[gzip]") {
  const std::string bomb = packed(std::string(50'000'000, '\0'), 9);
  REQUIRE(bomb.size() < 60'000);
  ByteQueue output;
  CHECK(gzip()->decompress(as_bytes(bomb), 100'000, output).code() == StatusCode::resource_exhausted);
  CHECK(output.empty());
  CHECK(output.capacity() < 1'000'000);
}

TEST_CASE("a failure leaves nothing behind for the next message", "[gzip]") {
  for (int round = 0; round < 3; ++round) {
    CHECK(unpacked(hello_text().substr(0, 12)) == "invalid_argument");
    CHECK(unpacked(hello_text(), 2) == "resource_exhausted");
    CHECK(unpacked(hello_text()) == "hello");
    CHECK(unpacked(packed("other", round)) == "other");
  }
  std::string elsewhere;
  std::thread([&] { elsewhere = unpacked(hello_text()); }).join();
  CHECK(elsewhere == "hello");
}

TEST_CASE("gzip knows the levels from 0 to 9", "[gzip]") {
  CHECK_THROWS_AS(gzip(-1), std::invalid_argument);
  CHECK_THROWS_AS(gzip(10), std::invalid_argument);
}
