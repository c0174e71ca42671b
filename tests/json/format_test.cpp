#include "polyrpc/codecs/json.hpp"

#include "support/catch.hpp"

#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

using namespace polyrpc;

namespace {

struct Point {
  std::int64_t x = 0;
  std::uint8_t small = 7;
  double real = 0;
};
POLYRPC_DESCRIBE(Point, (x), (small), (real));

template <class T>
Status read(std::string_view text, T& into, const CodecLimits& limits = {}) {
  return json::format()->decode(as_bytes(text), message_slot(into), limits);
}

}  // namespace

TEST_CASE("a message is one JSON value", "[json]") {
  const auto format = json::format();
  CHECK(format->name() == "json");
  ByteQueue output;
  output.append(std::string_view("before"));
  const Point point{-1, 2, 0.5};
  REQUIRE(format->encode(message_ref(point), output).ok());
  CHECK(output.text() == R"(before{"x":-1,"small":2,"real":0.5})");

  Point read_point;
  REQUIRE(read(R"( {"x":-1,"small":2,"real":0.5} )", read_point).ok());
  CHECK(read_point.x == -1);
  CHECK(read_point.small == 2);
  CHECK(read_point.real == 0.5);
}

TEST_CASE("a message that JSON cannot say leaves nothing behind", "[json]") {
  ByteQueue output;
  output.append(std::string_view("before"));
  const std::vector<std::complex<double>> complex(1);
  CHECK(json::format()->encode(message_ref(complex), output).code() == StatusCode::invalid_argument);
  CHECK(output.text() == "before");
}

TEST_CASE("what is not one JSON value is refused", "[json]") {
  Point point;
  for (const std::string_view text : {"", " ", "{", "{}x", "{} {}", "nul", R"({"x":})", R"({"x":1,})", "[1]", "\xFF"}) {
    INFO(text);
    CHECK(read(text, point).code() == StatusCode::invalid_argument);
  }
  CodecLimits limits;
  limits.message_bytes = 8;
  CHECK(read(R"({"x": 1})", point, limits).ok());
  CHECK(read(R"({"x": 12})", point, limits).code() == StatusCode::resource_exhausted);
  limits = {};
  limits.depth = 3;
  std::vector<std::vector<std::vector<std::vector<int>>>> deep;
  CHECK(read("[[[[1]]]]", deep, limits).code() == StatusCode::resource_exhausted);
}

TEST_CASE("numbers may stand in strings", "[json]") {
  Point point;
  REQUIRE(read(R"({"x":"-9223372036854775808","small":"255","real":"1.5e3"})", point).ok());
  CHECK(point.x == (std::numeric_limits<std::int64_t>::min)());
  CHECK(point.small == 255);
  CHECK(point.real == 1500);
  REQUIRE(read(R"({"real":"Infinity"})", point).ok());
  CHECK(point.real == std::numeric_limits<double>::infinity());
  REQUIRE(read(R"({"real":"-Infinity"})", point).ok());
  CHECK(point.real == -std::numeric_limits<double>::infinity());
  REQUIRE(read(R"({"real":"NaN"})", point).ok());
  CHECK(std::isnan(point.real));
  for (const std::string_view text :
       {R"({"x":"9223372036854775808"})", R"({"x":""})", R"({"x":" 1"})", R"({"x":"1 "})", R"({"x":"1.5"})",
        R"({"x":"\u0031"})", R"({"x":"one"})", R"({"small":"256"})", R"({"small":"-1"})", R"({"real":""})",
        R"({"real":"1x"})", R"({"real":"nan"})", R"({"real":"."})", R"({"x":"1)", R"({"real":"1e999"})"}) {
    INFO(text);
    CHECK(read(text, point).code() == StatusCode::invalid_argument);
  }
  // What JavaScript would lose is written so.
  const auto written = [](const auto& value) {
    ByteQueue output;
    REQUIRE(json::format()->encode(message_ref(value), output).ok());
    return std::string(output.text());
  };
  constexpr std::int64_t exact = std::int64_t{1} << 53;
  CHECK(written(exact) == "9007199254740992");
  CHECK(written(-exact) == "-9007199254740992");
  CHECK(written(exact + 1) == R"("9007199254740993")");
  CHECK(written(-exact - 1) == R"("-9007199254740993")");
  CHECK(written((std::numeric_limits<std::int64_t>::min)()) == R"("-9223372036854775808")");
  CHECK(written((std::numeric_limits<std::uint64_t>::max)()) == R"("18446744073709551615")");
  CHECK(written(std::nan("")) == R"("NaN")");
  CHECK(written(-std::numeric_limits<float>::infinity()) == R"("-Infinity")");
  // JSON-RPC knows no such thing.
  ByteQueue plain;
  REQUIRE(json::encode(exact + 1, plain).ok());
  CHECK(plain.text() == "9007199254740993");
  CHECK(json::decode(R"({"x":"1"})", point).code() == StatusCode::invalid_argument);
}
