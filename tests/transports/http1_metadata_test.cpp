#include "http1_metadata.hpp"

#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <string>

using namespace polyrpc;
using namespace polyrpc::http1;
using namespace std::chrono_literals;

TEST_CASE("a timeout is read as gRPC writes it", "[http1]") {
  CHECK(parse_timeout("1H") == 1h);
  CHECK(parse_timeout("2M") == 2min);
  CHECK(parse_timeout("3S") == 3s);
  CHECK(parse_timeout("250m") == 250ms);
  CHECK(parse_timeout("7u") == 7us);
  CHECK(parse_timeout("00000009n") == 9ns);
  CHECK(parse_timeout("0S") == 0ns);
  CHECK(parse_timeout("99999999H") == std::chrono::nanoseconds::max());
  for (const std::string_view wrong : {"", "S", "1", "123456789S", "1s", "-1S", "+1S", "1.5S", "1 S", " 1S", "1x"})
    CHECK_FALSE(parse_timeout(wrong));
}

TEST_CASE("a timeout is never sent longer than it is", "[http1]") {
  CHECK(format_timeout(1ns) == "1n");
  CHECK(format_timeout(0ns) == "1n");
  CHECK(format_timeout(-5s) == "1n");
  CHECK(format_timeout(99'999'999ns) == "99999999n");
  CHECK(format_timeout(100'000'001ns) == "100000u");
  CHECK(format_timeout(1500ms) == "1500000u");
  CHECK(format_timeout(720h + 1ns) == "2592000S");
  for (const std::chrono::nanoseconds timeout : {std::chrono::nanoseconds(1h), std::chrono::nanoseconds(1234567890123),
                                                 std::chrono::nanoseconds(20000h), std::chrono::nanoseconds::max()}) {
    const std::string text = format_timeout(timeout);
    CHECK(text.size() <= 9);
    const auto read = parse_timeout(text);
    REQUIRE(read);
    CHECK(*read <= timeout);
    CHECK(*read > timeout / 100 * 99);
  }
}

TEST_CASE("a caller's own header fields become metadata", "[http1]") {
  const std::array<http::Field, 16> fields = {{{"Host", "a"},
                                               {"Authorization", "Bearer x"},
                                               {"X-Trace", "1"},
                                               {"x-trace", "2"},
                                               {"Content-Type", "application/json"},
                                               {"Content-Length", "5"},
                                               {"Transfer-Encoding", "chunked"},
                                               {"Connection", "close, x-hop"},
                                               {"X-Hop", "not for you"},
                                               {"polyrpc-timeout", "1S"},
                                               {"grpc-timeout", "1S"},
                                               {"X-Text", "\xc3\xa4"},
                                               {"odd!name", "a"},
                                               {"Accept-Encoding", "gzip"},
                                               {"Blob-Bin", "AAH/, q6s="},
                                               {"User-Agent", "curl/8"}}};
  Metadata metadata;
  REQUIRE(add_metadata(fields, metadata).ok());
  const Metadata expected = {{"authorization", "Bearer x"},
                             {"x-trace", "1"},
                             {"x-trace", "2"},
                             {"blob-bin", std::string("\0\1\xff", 3)},
                             {"blob-bin", "\xab\xab"},
                             {"user-agent", "curl/8"}};
  CHECK(metadata == expected);
}

TEST_CASE("a -bin field that is no base64 is refused", "[http1]") {
  Metadata metadata;
  for (const std::string_view value : {"!!!!", "A", "AAAAA", "AA=A", "A A="}) {
    const std::array<http::Field, 1> fields = {{{"x-bin", value}}};
    CHECK(add_metadata(fields, metadata).code() == StatusCode::invalid_argument);
  }
  CHECK(metadata.empty());
}

TEST_CASE("metadata becomes header lines, and nothing else", "[http1]") {
  std::string lines;
  const Metadata good = {{"x-a", "1"}, {"x-a", "2"}, {"raw-bin", std::string("\r\n\0", 3)}};
  CHECK(write_metadata(good, lines) == 0);
  CHECK(lines == "x-a: 1\r\nx-a: 2\r\nraw-bin: DQoA\r\n");

  lines.clear();
  Metadata bad;
  bad.add("x", "a\r\nSet-Cookie: b");
  bad.add("x", "a\nb");
  bad.add("x", std::string_view("a\0b", 3));
  bad.add("x", "\xc3\xa4");
  bad.add("x\r\ny", "a");
  bad.add("x: y", "a");
  bad.add("x y", "a");
  bad.add("", "a");
  bad.add("content-length", "0");
  bad.add("Transfer-Encoding", "chunked");
  bad.add("connection", "close");
  bad.add("content-type", "text/html");
  bad.add("grpc-status", "0");
  CHECK(write_metadata(bad, lines) == bad.size());
  CHECK(lines.empty());
}

TEST_CASE("base64 comes back as it was", "[http1]") {
  CHECK(to_base64("") == "");
  CHECK(to_base64("f") == "Zg");
  CHECK(to_base64("fo") == "Zm8");
  CHECK(to_base64("foo") == "Zm9v");
  CHECK(to_base64("foobar") == "Zm9vYmFy");
  CHECK(from_base64("Zg") == "f");
  CHECK(from_base64("Zg==") == "f");
  CHECK(from_base64("Zm8=") == "fo");
  CHECK(from_base64("") == "");
  CHECK_FALSE(from_base64("Zg="));
  CHECK_FALSE(from_base64("Zg==="));
  CHECK_FALSE(from_base64("Zm9-"));
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<char>(i));
    CHECK(from_base64(to_base64(bytes)) == bytes);
  }
}
