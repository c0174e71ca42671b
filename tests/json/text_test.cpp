#include "polyrpc/codecs/json.hpp"
#include "polyrpc/codecs/json_dynamic.hpp"
#include "polyrpc/core/any.hpp"

#include "support/catch.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace polyrpc::test {

namespace {

using namespace std::string_literals;

template <class T>
std::string encoded(const T& value, const json::Options& options = {}) {
  ByteQueue out;
  out.append(std::string_view("before"));
  const Status status = json::encode(value, out, options);
  if (!status.ok()) {
    CHECK(out.text() == "before");  // all or nothing
    return status.to_string();
  }
  REQUIRE(out.text().starts_with("before"));
  return std::string(out.text().substr(6));
}

template <class T>
std::string why_not(std::string_view text, const json::Options& options = {}, const CodecLimits& limits = {}) {
  T value{};
  return json::decode(text, value, options, limits).to_string();
}

template <class T>
T decoded(std::string_view text, const json::Options& options = {}) {
  T value{};
  const Status status = json::decode(text, value, options);
  INFO(text << ": " << status.to_string());
  CHECK(status.ok());
  return value;
}

/// The text says the value and the value says the text.
template <class T>
void both_ways(const T& value, std::string_view text) {
  INFO(text);
  CHECK(encoded(value) == text);
  CHECK(decoded<T>(text) == value);
}

enum class Color : std::uint8_t { red = 1, green = 2 };
enum class Level : std::int16_t { low = -1, high = 300 };
enum class Plain : int { one = 1 };

struct Point {
  std::int64_t x = 0;
  std::int64_t y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};
struct Named {
  std::string name;
  friend bool operator==(const Named&, const Named&) = default;
};
struct Circle : Named {
  Point center;
  double radius = 0;
  friend bool operator==(const Circle&, const Circle&) = default;
};
struct Hides : Named {
  std::string other;
};
struct Node {
  std::int64_t value = 0;
  std::unique_ptr<Node> next;
};
struct Many {
  int alpha = 0, beta = 0, gamma = 0, delta = 0, epsilon = 0, zeta = 0, eta = 0, theta = 0, iota = 0, kappa = 0;
  friend bool operator==(const Many&, const Many&) = default;
};
struct Odd {
  int quoted = 0;
  int html = 0;
  int same = 0;
  int other_case = 0;
};
struct Views {
  std::string_view text;
  std::span<const std::byte> bytes;
};
struct Square {
  double side = 0;
  friend bool operator==(const Square&, const Square&) = default;
};
struct Disk {
  double radius = 0;
  friend bool operator==(const Disk&, const Disk&) = default;
};

/// Travels as text.
struct Version {
  int major_part = 0;
  int minor_part = 0;
  std::string marshal_text() const { return std::to_string(major_part) + "." + std::to_string(minor_part); }
  Status unmarshal_text(std::string_view text) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) return Status::invalid_argument("version: no dot");
    major_part = std::stoi(std::string(text.substr(0, dot)));
    minor_part = std::stoi(std::string(text.substr(dot + 1)));
    return {};
  }
  friend auto operator<=>(const Version&, const Version&) = default;
};
/// Travels as bytes.
struct Blob {
  std::string bytes;
  std::string marshal_binary() const { return bytes; }
  Status unmarshal_binary(std::span<const std::byte> from) {
    bytes = as_text(from);
    return {};
  }
  friend bool operator==(const Blob&, const Blob&) = default;
};
struct GobOnly {
  std::string bytes;
  Result<std::string> gob_encode() const {
    if (bytes == "never") return Status::failed_precondition("gobonly: never");
    return bytes;
  }
  Status gob_decode(std::span<const std::byte> from) {
    bytes = as_text(from);
    return {};
  }
};

}  // namespace

POLYRPC_DESCRIBE_ENUM_NAMES(Color, (red, "Red"), (green));
POLYRPC_DESCRIBE_ENUM(Level, (low), (high));
POLYRPC_DESCRIBE(Point, (x, "X"), (y, "Y"));
POLYRPC_DESCRIBE(Named, (name, "Name"));
POLYRPC_DESCRIBE_DERIVED(Circle, (Named), (center, "Center"), (radius, "Radius"));
POLYRPC_DESCRIBE_DERIVED(Hides, (Named), (other, "Name"));
POLYRPC_DESCRIBE(Node, (value, "V"), (next, "Next"));
POLYRPC_DESCRIBE(Many, (alpha), (beta), (gamma), (delta), (epsilon), (zeta), (eta), (theta), (iota), (kappa));
POLYRPC_DESCRIBE(Odd, (quoted, "a\"b\\"), (html, "<&>"), (same, "same"), (other_case, "SAME"));
POLYRPC_DESCRIBE(Views, (text, "Text"), (bytes, "Bytes"));
POLYRPC_DESCRIBE(Square, (side, "Side"));
POLYRPC_DESCRIBE(Disk, (radius, "Radius"));

TEST_CASE("booleans and integers keep every bit", "[json]") {
  both_ways(true, "true");
  both_ways(false, "false");
  both_ways(std::int64_t{0}, "0");
  both_ways(std::int64_t{-1}, "-1");
  both_ways((std::numeric_limits<std::int64_t>::max)(), "9223372036854775807");
  both_ways((std::numeric_limits<std::int64_t>::min)(), "-9223372036854775808");
  both_ways((std::numeric_limits<std::uint64_t>::max)(), "18446744073709551615");
  both_ways((std::numeric_limits<std::int32_t>::min)(), "-2147483648");
  both_ways((std::numeric_limits<std::uint32_t>::max)(), "4294967295");
  both_ways((std::numeric_limits<std::int16_t>::min)(), "-32768");
  both_ways((std::numeric_limits<std::uint16_t>::max)(), "65535");
  both_ways((std::numeric_limits<std::int8_t>::min)(), "-128");
  both_ways((std::numeric_limits<std::uint8_t>::max)(), "255");
  both_ways(std::byte{7}, "7");
  std::uint64_t value = 1;
  std::string digits = "1";
  for (int i = 0; i < 20; ++i) {
    both_ways(value, digits);
    if (i < 19) {
      both_ways(value - 1, std::to_string(value - 1));
      both_ways(-static_cast<std::int64_t>(value), "-" + digits);
      value *= 10;
      digits += '0';
    }
  }
  CHECK(decoded<std::int64_t>("-0") == 0);
}

TEST_CASE("a number that an integer cannot hold is refused", "[json]") {
  const std::string into = "invalid_argument: json: cannot unmarshal ";
  CHECK(why_not<std::int64_t>("7.5") == into + "number 7.5 into Go value of type int64");
  CHECK(why_not<std::int64_t>("7.0") == into + "number 7.0 into Go value of type int64");
  CHECK(why_not<std::int64_t>("1e0") == into + "number 1e0 into Go value of type int64");
  CHECK(why_not<std::int64_t>("9223372036854775808") ==
        into + "number 9223372036854775808 into Go value of type int64");
  CHECK(why_not<std::int64_t>("-9223372036854775809") ==
        into + "number -9223372036854775809 into Go value of type int64");
  CHECK(why_not<std::uint64_t>("18446744073709551616") ==
        into + "number 18446744073709551616 into Go value of type uint64");
  CHECK(why_not<std::uint64_t>("-1") == into + "number -1 into Go value of type uint64");
  CHECK(why_not<std::int8_t>("128") == into + "number 128 into Go value of type int8");
  CHECK(why_not<std::int8_t>("-129") == into + "number -129 into Go value of type int8");
  CHECK(why_not<std::uint8_t>("256") == into + "number 256 into Go value of type uint8");
  CHECK(why_not<std::int16_t>("32768") == into + "number 32768 into Go value of type int16");
  CHECK(why_not<std::uint16_t>("65536") == into + "number 65536 into Go value of type uint16");
  CHECK(why_not<std::int32_t>("-2147483649") == into + "number -2147483649 into Go value of type int32");
  CHECK(why_not<std::uint32_t>("4294967296") == into + "number 4294967296 into Go value of type uint32");
  CHECK(why_not<std::int64_t>("100000000000000000000000000000000000000000000000000000") ==
        into + "number 1000000000000000000000000000000000000000... into Go value of type int64");
  CHECK(why_not<std::int64_t>("01").starts_with("invalid_argument: json: "));
  CHECK(why_not<std::int64_t>("-").starts_with("invalid_argument: json: "));
  CHECK(why_not<std::int64_t>("\"7\"") == into + "string into Go value of type int64");
  CHECK(why_not<std::int64_t>("true") == into + "bool into Go value of type int64");
  CHECK(why_not<bool>("1") == into + "number into Go value of type bool");
  CHECK(why_not<std::string>("{}") == into + "object into Go value of type string");
  CHECK(why_not<double>("[]") == into + "array into Go value of type float64");
}

TEST_CASE("floats are written shortest in Go's form and read back the same", "[json]") {
  // As encoding/json of Go 1.19 writes them.
  both_ways(0.0, "0");
  both_ways(-0.0, "-0");
  both_ways(1.0, "1");
  both_ways(-1.5, "-1.5");
  both_ways(0.1, "0.1");
  both_ways(100.0, "100");
  both_ways(3.141592653589793, "3.141592653589793");
  both_ways(1e20, "100000000000000000000");
  both_ways(1e21, "1e+21");
  both_ways(123456789012345680000.0, "123456789012345680000");
  both_ways(999999999999999900000.0, "999999999999999900000");
  both_ways(1e-6, "0.000001");
  both_ways(1e-7, "1e-7");
  both_ways(9.999e-7, "9.999e-7");
  both_ways(1.2345e-5, "0.000012345");
  both_ways(1.7976931348623157e308, "1.7976931348623157e+308");
  both_ways(5e-324, "5e-324");
  both_ways(2.2250738585072014e-308, "2.2250738585072014e-308");
  both_ways(9007199254740993.0, "9007199254740992");
  both_ways(1e100, "1e+100");
  both_ways(-1e-10, "-1e-10");
  both_ways(123456.789, "123456.789");
  both_ways(0.1f, "0.1");
  both_ways(3.4028235e38f, "3.4028235e+38");
  both_ways(1e-45f, "1e-45");
  both_ways(16777216.0f, "16777216");
  both_ways(1e21f, "1e+21");
  both_ways(1e-6f, "0.000001");
  CHECK(decoded<double>("1E3") == 1000);
  CHECK(decoded<double>("12345678901234567890") == 12345678901234567890.0);
  CHECK(decoded<double>("0.1e1") == 1);
  // Too small is zero, too big is an error.
  CHECK(decoded<double>("1e-400") == 0);
  CHECK(decoded<double>("-1e-400") == 0);
  CHECK(std::signbit(decoded<double>("-1e-400")));
  CHECK(decoded<double>("0." + std::string(500, '0') + "1") == 0);
  CHECK(decoded<double>("0." + std::string(500, '0') + "1e501") == 1);
  CHECK(decoded<double>("1" + std::string(500, '0') + "e-500") == 1);
  CHECK(decoded<double>("0e99999999999999999999") == 0);
  CHECK(decoded<double>("1e-99999999999999999999") == 0);
  CHECK(decoded<float>("1e-60") == 0);
  CHECK(why_not<double>("1e400") ==
        "invalid_argument: json: cannot unmarshal number 1e400 into Go value of type float64");
  CHECK(why_not<double>("-1e99999999999999999999").starts_with("invalid_argument: json: cannot unmarshal number"));
  CHECK(why_not<float>("1e39").starts_with("invalid_argument: json: cannot unmarshal number"));
  CHECK(
      why_not<double>("1" + std::string(400, '0')).starts_with("invalid_argument: json: cannot unmarshal number 1000"));
}

TEST_CASE("floats are read and written as the standard library does", "[json]") {
  std::mt19937_64 random(20261128);
  const auto written = [](double value) {
    std::array<char, 64> text;
    return std::string(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
  };
  const auto read = [](const std::string& text, double& value) {
    return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
  };
  for (int i = 0; i < 20'000; ++i) {
    // Of any size, with few bits, with few digits, whole, and next to a power of two.
    const std::uint64_t bits = random();
    double value = std::bit_cast<double>(bits);
    if (i % 5 == 1) value = std::bit_cast<double>(bits & ~((std::uint64_t{1} << (random() % 53)) - 1));
    if (i % 5 == 2) value = static_cast<double>(bits % 100'000'000) / std::pow(10.0, static_cast<double>(random() % 9));
    if (i % 5 == 3) value = static_cast<double>(bits >> (random() % 64));
    if (i % 5 == 4)
      value = std::nextafter(std::ldexp(1.0, static_cast<int>(bits % 2000) - 1000), i % 2 == 0 ? 0 : 1e308);
    if (!std::isfinite(value)) continue;
    const std::string text = encoded(value);
    double back = 0;
    REQUIRE(read(text, back));
    CAPTURE(text, written(value));
    REQUIRE(back == value);
    REQUIRE(decoded<double>(text) == value);
    // As short as the library's, whose form with an exponent differs.
    const auto digits = [](std::string_view number) {
      std::string found;
      for (const char c : number.substr(0, number.find('e')))
        if (c >= '0' && c <= '9' && (c != '0' || !found.empty())) found += c;
      while (!found.empty() && found.back() == '0') found.pop_back();
      return found;
    };
    REQUIRE(digits(text).size() <= digits(written(value)).size());
  }
  for (int i = 0; i < 20'000; ++i) {
    std::string text = std::to_string(random() >> (random() % 60));
    if (i % 4 == 1) text.insert(text.size() - random() % text.size(), i % 8 == 1 ? "." : "");
    if (text.back() == '.') text += '0';
    if (i % 2 == 0) text += "e" + std::to_string(static_cast<int>(random() % 700) - 350);
    if (i % 3 == 0) text.insert(0, "-");
    // Halfway between two doubles, where whole numbers are rounded to even.
    if (i % 10 == 9) text = std::to_string(((random() >> 11 | std::uint64_t{1} << 52) << 3) + 4);
    double wanted = 0;
    CAPTURE(text);
    if (read(text, wanted))
      REQUIRE(decoded<double>(text) == wanted);
    else
      // Too big or too small.
      REQUIRE((why_not<double>(text).starts_with("invalid_argument") || decoded<double>(text) == 0));
  }
}

TEST_CASE("an integer stands on any place of a text", "[json]") {
  for (const std::size_t spaces : {0, 1, 7, 8, 9, 30}) {
    std::string digits;
    for (int length = 1; length <= 18; ++length) {
      digits += static_cast<char>('0' + length % 10);
      CHECK(decoded<std::int64_t>(digits + std::string(spaces, ' ')) == std::stoll(digits));
      CHECK(decoded<std::int64_t>("-" + digits + std::string(spaces, '\n')) == -std::stoll(digits));
      CHECK(decoded<std::vector<std::int64_t>>("[" + digits + std::string(spaces, ' ') + "," + digits + "]") ==
            std::vector<std::int64_t>(2, std::stoll(digits)));
      // What is near the digits in ASCII, or far beyond.
      for (const char other : {'/', ':', ';', '@', 'a', '\0', '\x7f', '\x80', '\xb0', '\xb5', '\xba', '\xff'})
        CHECK(why_not<std::int64_t>(digits + other + std::string(spaces, '1')).starts_with("invalid_argument"));
    }
  }
}

TEST_CASE("what JSON has no numbers for is refused", "[json]") {
  CHECK(encoded(std::numeric_limits<double>::quiet_NaN()) == "invalid_argument: json: unsupported value: NaN");
  CHECK(encoded(std::numeric_limits<double>::infinity()) == "invalid_argument: json: unsupported value: +Inf");
  CHECK(encoded(-std::numeric_limits<float>::infinity()) == "invalid_argument: json: unsupported value: -Inf");
  CHECK(encoded(std::vector<double>{1, std::numeric_limits<double>::quiet_NaN()}) ==
        "invalid_argument: json: unsupported value: NaN");
  CHECK(encoded(std::complex<double>(1, 2)) == "invalid_argument: json: unsupported type: complex128");
  CHECK(why_not<std::complex<float>>("1") ==
        "invalid_argument: json: cannot unmarshal number into Go value of type complex64");
}

TEST_CASE("strings", "[json]") {
  both_ways(""s, "\"\"");
  both_ways("hello"s, "\"hello\"");
  both_ways("\"\\/\b\f\n\r\t"s, R"("\"\\/\u0008\u000c\n\r\t")");
  both_ways("\x01\x1f\x7f"s, "\"\\u0001\\u001f\x7f\"");
  both_ways("nul \0 inside"s, "\"nul \\u0000 inside\"");
  both_ways("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"s, "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
  CHECK(decoded<std::string>(R"("\u00e9\u20AC\ud83d\uDE00\/\b\f")") == "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80/\b\f");
  // What is not UTF-8 goes out as U+FFFD, byte by byte.
  CHECK(encoded("a\xFF\xFE"
                "b"s) == "\"a\\ufffd\\ufffdb\"");
  CHECK(encoded("\xE2\x82"s) == "\"\\ufffd\\ufffd\"");
  CHECK(encoded("\xED\xA0\x80"s) == "\"\\ufffd\\ufffd\\ufffd\"");

  json::Options html;
  html.escape_html = true;
  CHECK(encoded("<a>&\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA"s, html) ==
        "\"\\u003ca\\u003e\\u0026\\u2028\\u2029\xE2\x80\xAA\"");
  CHECK(encoded("<a>&\xE2\x80\xA8"s) == "\"<a>&\xE2\x80\xA8\"");

  // Every length around the steps that the scanner takes, with something special at every place.
  for (std::size_t size = 0; size < 140; ++size) {
    const std::string plain(size, 'x');
    both_ways(plain, "\"" + plain + "\"");
    for (std::size_t at = 0; at < size; at += 3) {
      for (const auto& [special, text] : {std::pair<std::string, std::string>{"\"", "\\\""},
                                          {"\n", "\\n"},
                                          {"\xC3\xA9", "\xC3\xA9"},
                                          {"\\", "\\\\"}}) {
        const std::string value = plain.substr(0, at) + special + plain.substr(at);
        both_ways(value, "\"" + plain.substr(0, at) + text + plain.substr(at) + "\"");
      }
    }
  }
  // Longer than what is written at once, with characters across the joints.
  std::string longer;
  while (longer.size() < 20000) longer += "0123456789\xE2\x82\xAC";
  for (std::size_t shift = 0; shift < 5; ++shift) {
    const std::string value = std::string(shift, 'x') + longer;
    both_ways(value, "\"" + value + "\"");
  }
  both_ways(std::string(100000, '\n'), [] {
    std::string text = "\"";
    for (int i = 0; i < 100000; ++i) text += "\\n";
    return text + "\"";
  }());
}

TEST_CASE("bytes of any length come back, and no character that is not base64 gets in anywhere", "[json]") {
  std::vector<std::byte> bytes;
  for (std::size_t size = 0; size < 100; ++size) {
    std::string text = "\"";
    for (std::size_t i = 0; i < size; i += 3) {
      const auto at = [&](std::size_t j) { return j < size ? static_cast<unsigned>(bytes[j]) : 0U; };
      const unsigned group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
      const auto digit = [&](int shift) {
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[group >> shift & 63];
      };
      text += {digit(18), digit(12), i + 1 < size ? digit(6) : '=', i + 2 < size ? digit(0) : '='};
    }
    text += '"';
    both_ways(bytes, text);
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
      std::string bad = text;
      bad[i] = '-';
      CHECK(why_not<std::vector<std::byte>>(bad).starts_with("invalid_argument: json: illegal base64 data"));
      bad = text;
      bad.insert(i, "\\n");
      CHECK(decoded<std::vector<std::byte>>(bad) == bytes);
    }
    bytes.push_back(static_cast<std::byte>(size * 73 + 11));
  }
}

TEST_CASE("bytes are padded standard base64", "[json]") {
  const auto bytes = [](std::string_view text) {
    std::vector<std::byte> result;
    for (const char c : text) result.push_back(static_cast<std::byte>(c));
    return result;
  };
  both_ways(bytes(""), "\"\"");
  both_ways(bytes("f"), "\"Zg==\"");
  both_ways(bytes("fo"), "\"Zm8=\"");
  both_ways(bytes("foo"), "\"Zm9v\"");
  both_ways(bytes("foob"), "\"Zm9vYg==\"");
  both_ways(bytes("\xFB\xFF\xBF"), "\"+/+/\"");
  both_ways(std::vector<std::uint8_t>{0, 1, 2}, "\"AAEC\"");
  CHECK(decoded<std::vector<std::byte>>(R"("+\/+\/")") == bytes("\xFB\xFF\xBF"));
  CHECK(decoded<std::vector<std::byte>>("\"Zm9v\\r\\nYg==\"") == bytes("foob"));
  CHECK(decoded<std::vector<std::byte>>("null").empty());
  for (const std::string_view bad :
       {"\"Zg\"", "\"Zg=\"", "\"Z\"", "\"Zg===\"", "\"=\"", "\"Zg=g\"", "\"Z_-g\"", "\"Zm9v=\"", "\"Zm 9\""})
    CHECK(why_not<std::vector<std::byte>>(bad) ==
          "invalid_argument: json: illegal base64 data into Go value of type []uint8");
  CHECK(why_not<std::vector<std::byte>>("[1]") ==
        "invalid_argument: json: cannot unmarshal array into Go value of type []uint8");
  // An array of bytes is a list of numbers, as in Go.
  both_ways(std::array<std::uint8_t, 3>{1, 2, 255}, "[1,2,255]");
}

TEST_CASE("structs: names, bases, order, case, unknown and repeated members", "[json]") {
  both_ways(Point{7, -8}, R"({"X":7,"Y":-8})");
  both_ways(Circle{{"c"}, {1, 2}, 0.5}, R"({"Name":"c","Center":{"X":1,"Y":2},"Radius":0.5})");
  CHECK(encoded(Named{}) == R"({"Name":""})");
  CHECK(decoded<Point>(R"( { "Y" : 2 , "X" : 1 } )") == Point{1, 2});
  CHECK(decoded<Point>(R"({"Y":2})") == Point{0, 2});
  CHECK(decoded<Point>("{}") == Point{});
  CHECK(decoded<Point>("null") == Point{});
  CHECK(decoded<Point>(R"({"X":null,"Y":3})") == Point{0, 3});
  CHECK(decoded<Point>(R"({"X":1,"X":2,"Y":3,"X":4})") == Point{4, 3});
  CHECK(decoded<Point>(R"({"\u0058":1,"\u0059":2})") == Point{1, 2});
  CHECK(decoded<Point>(R"({"Z":[1,{"a":"}"}],"X":1,"":null,"Y":2,"W":"\"x"})") == Point{1, 2});
  // In lower case only if wanted; an exact name comes first.
  CHECK(decoded<Point>(R"({"x":1,"y":2})") == Point{});
  json::Options any_case;
  any_case.case_insensitive_fields = true;
  CHECK(decoded<Point>(R"({"x":1,"y":2})", any_case) == Point{1, 2});
  CHECK(decoded<Many>(R"({"KAPPA":10,"Alpha":1,"zEta":6})", any_case) == Many{.alpha = 1, .zeta = 6, .kappa = 10});
  const Odd odd = decoded<Odd>(R"({"Same":1,"SAME":2,"a\"b\\":3,"<&>":4})", any_case);
  CHECK(odd.same == 1);
  CHECK(odd.other_case == 2);
  CHECK(odd.quoted == 3);
  CHECK(odd.html == 4);
  // A name with HTML in it may go out escaped, which is the same name.
  CHECK(encoded(Odd{1, 2, 3, 4}) == R"({"a\"b\\":1,"\u003c\u0026\u003e":2,"same":3,"SAME":4})");
  CHECK(decoded<Odd>(encoded(Odd{1, 2, 3, 4})).html == 2);
  // Unknown ones can be refused.
  json::Options strict;
  strict.unknown_fields = json::UnknownFields::refused;
  CHECK(why_not<Point>(R"({"X":1,"Z":2})", strict) == "invalid_argument: json: unknown field \"Z\"");
  CHECK(why_not<Point>(R"({"x":1})", strict) == "invalid_argument: json: unknown field \"x\"");
  CHECK(why_not<Point>(R"({"X":1,"Y":2})", strict) == "ok");
  // A field hides one of the same name in a base.
  Hides hides;
  hides.name = "base";
  hides.other = "own";
  CHECK(encoded(hides) == R"({"Name":"own"})");
  CHECK(decoded<Hides>(R"({"Name":"x"})").other == "x");
  CHECK(decoded<Hides>(R"({"Name":"x"})").name.empty());
  // Any order, from first to last and from last to first, and half of them.
  CHECK(encoded(Many{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) ==
        R"({"alpha":1,"beta":2,"gamma":3,"delta":4,"epsilon":5,"zeta":6,"eta":7,"theta":8,"iota":9,"kappa":10})");
  CHECK(decoded<Many>(
            R"({"kappa":10,"iota":9,"theta":8,"eta":7,"zeta":6,"epsilon":5,"delta":4,"gamma":3,"beta":2,"alpha":1})") ==
        Many{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  CHECK(decoded<Many>(R"({"beta":2,"alphabet":0,"delta":4,"kapp":0,"zeta":6})") ==
        Many{.beta = 2, .delta = 4, .zeta = 6});

  CHECK(why_not<Circle>(R"({"Center":{"Y":"2"}})") ==
        "invalid_argument: json: cannot unmarshal string into Go struct field Point.Y of type int64");
  CHECK(why_not<Circle>(R"({"Center":{"X":1},"Radius":"2"})") ==
        "invalid_argument: json: cannot unmarshal string into Go struct field Circle.Radius of type float64");
  CHECK(why_not<Point>("[1,2]") == "invalid_argument: json: cannot unmarshal array into Go value of type Point");
  // What the text does not mention stays.
  Point kept{5, 6};
  REQUIRE(json::decode(R"({"Y":7})", kept).ok());
  CHECK(kept == Point{5, 7});
}

TEST_CASE("lists, arrays and sets", "[json]") {
  both_ways(std::vector<std::int64_t>{}, "[]");
  both_ways(std::vector<std::int64_t>{1, -2, 300}, "[1,-2,300]");
  both_ways(std::vector<bool>{true, false, true}, "[true,false,true]");
  both_ways(std::vector<std::string>{"a", ""}, R"(["a",""])");
  both_ways(std::vector<std::vector<Point>>{{}, {{1, 2}, {}}}, R"([[],[{"X":1,"Y":2},{"X":0,"Y":0}]])");
  both_ways(std::deque<int>{1, 2}, "[1,2]");
  both_ways(std::list<int>{1, 2}, "[1,2]");
  both_ways(std::set<int>{3, 1, 2}, "[1,2,3]");
  CHECK(decoded<std::set<int>>("[2,2,1]") == std::set<int>{1, 2});
  both_ways(std::array<int, 3>{1, 2, 3}, "[1,2,3]");
  CHECK(decoded<std::vector<int>>(" [ 1 , 2 ] ") == std::vector<int>{1, 2});
  CHECK(decoded<std::vector<int>>("null").empty());
  std::vector<int> hundred(100);
  for (int i = 0; i < 100; ++i) hundred[static_cast<std::size_t>(i)] = i;
  CHECK(decoded<std::vector<int>>(encoded(hundred)) == hundred);

  // An array takes as many as it has and zeroes the rest.
  std::array<std::string, 3> array = {"x", "y", "z"};
  REQUIRE(json::decode(R"(["a"])", array).ok());
  CHECK(array == std::array<std::string, 3>{"a", "", ""});
  REQUIRE(json::decode(R"(["a","b","c","d",[{}]])", array).ok());
  CHECK(array == std::array<std::string, 3>{"a", "b", "c"});
  std::array<std::optional<Point>, 2> points = {Point{1, 1}, Point{2, 2}};
  REQUIRE(json::decode("[]", points).ok());
  CHECK(!points[0].has_value());
  std::array<double, 2> doubles = {1, 2};
  REQUIRE(json::decode("[5]", doubles).ok());
  CHECK(doubles == std::array<double, 2>{5, 0});
  std::array<Version, 2> versions = {Version{1, 1}, Version{2, 2}};
  REQUIRE(json::decode("[\"3.4\"]", versions).ok());
  CHECK(versions == std::array<Version, 2>{Version{3, 4}, Version{}});
  // A list is replaced, not added to.
  std::vector<int> list = {1, 2, 3};
  REQUIRE(json::decode("[4]", list).ok());
  CHECK(list == std::vector<int>{4});

  const std::vector<int> numbers = {1, 2};
  CHECK(encoded(std::span<const int>(numbers)) == "[1,2]");
  CHECK(why_not<std::span<const int>>("[1]").starts_with("invalid_argument: json: "));
  CHECK(why_not<std::vector<int>>("{}") ==
        "invalid_argument: json: cannot unmarshal object into Go value of type []int32");
  CHECK(why_not<std::vector<int>>("[1,\"2\"]").starts_with("invalid_argument: json: cannot unmarshal string"));
  CHECK(why_not<std::list<int>>("[1,\"2\"]").starts_with("invalid_argument: json: cannot unmarshal string"));
}

TEST_CASE("one character that needs an escape is found anywhere in a text of any length", "[json]") {
  for (std::size_t size = 0; size <= 40; ++size) {
    const std::string plain = std::string("abcdefghijklmnopqrstuvwxyz0123456789 .,:").substr(0, size);
    CHECK(encoded(plain) == '"' + plain + '"');
    for (std::size_t at = 0; at < size; ++at) {
      for (const auto& [character, escaped] :
           {std::pair{'"', "\\\""}, std::pair{'\\', "\\\\"}, std::pair{'\n', "\\n"}, std::pair{'\x1f', "\\u001f"},
            std::pair{'\xff', "\\ufffd"}, std::pair{'\x7f', "\x7f"}}) {
        std::string text = plain;
        text[at] = character;
        CAPTURE(size, at, escaped);
        CHECK(encoded(text) == '"' + plain.substr(0, at) + escaped + plain.substr(at + 1) + '"');
      }
    }
  }
}

TEST_CASE("maps have text for keys and go out sorted", "[json]") {
  both_ways(std::map<std::string, int>{}, "{}");
  both_ways(std::map<std::string, int>{{"b", 2}, {"a", 1}}, R"({"a":1,"b":2})");
  both_ways(std::unordered_map<std::string, int>{{"b", 2}, {"a", 1}, {"", 0}, {"c\"", 3}},
            R"({"":0,"a":1,"b":2,"c\"":3})");
  std::unordered_map<std::string, std::vector<int>> many;
  std::map<std::string, std::vector<int>> sorted;
  for (int i = 0; i < 300; ++i) sorted[std::to_string(i * 7)] = many[std::to_string(i * 7)] = {i, -i};
  CHECK(encoded(many) == encoded(sorted));
  both_ways(std::map<std::string, int>{{std::string(600, 'a'), 1}, {std::string(700, 'b'), 2}},
            "{\"" + std::string(600, 'a') + "\":1,\"" + std::string(700, 'b') + "\":2}");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(encoded(std::map<std::string, double>{{"a", 1}, {"b", nan}}) ==
        "invalid_argument: json: unsupported value: NaN");
  CHECK(encoded(std::unordered_map<std::string, double>{{"b", nan}, {"a", 1}, {"c", 2}}) ==
        "invalid_argument: json: unsupported value: NaN");
  both_ways(std::map<int, std::string>{{10, "ten"}, {9, "nine"}, {-1, "minus"}},
            R"({"-1":"minus","10":"ten","9":"nine"})");
  both_ways(std::map<std::uint8_t, int>{{255, 1}}, R"({"255":1})");
  both_ways(std::map<std::int64_t, int>{{(std::numeric_limits<std::int64_t>::min)(), 1}},
            R"({"-9223372036854775808":1})");
  both_ways(std::map<Color, int>{{Color::green, 1}, {Color::red, 2}}, R"({"Red":2,"green":1})");
  both_ways(std::map<Version, int>{{Version{1, 2}, 3}}, R"({"1.2":3})");
  both_ways(std::map<std::string, std::map<int, Point>>{{"a", {{1, {1, 2}}}}}, R"({"a":{"1":{"X":1,"Y":2}}})");
  CHECK(decoded<std::map<std::string, int>>(R"({"c":1,"b":2,"a":3,"b":4,"c":5})") ==
        std::map<std::string, int>{{"a", 3}, {"b", 4}, {"c", 5}});
  CHECK(decoded<std::map<std::string, int>>(R"({"a":1,"b":2,"a":3})") ==
        std::map<std::string, int>{{"a", 3}, {"b", 2}});
  CHECK(decoded<std::map<std::string, int>>(R"({"\u0061":1})") == std::map<std::string, int>{{"a", 1}});
  CHECK(decoded<std::map<std::string, int>>("null").empty());
  std::map<std::string, int> map = {{"x", 1}};
  REQUIRE(json::decode(R"({"y":2})", map).ok());
  CHECK(map == std::map<std::string, int>{{"y", 2}});
  CHECK(why_not<std::map<int, int>>(R"({"x":1})").starts_with("invalid_argument: json: cannot unmarshal number x"));
  CHECK(why_not<std::map<int, int>>(R"({"1.5":1})").starts_with("invalid_argument: json: "));
  CHECK(why_not<std::map<int, int>>(R"({" 1":1})").starts_with("invalid_argument: json: "));
  CHECK(why_not<std::map<std::int8_t, int>>(R"({"128":1})").starts_with("invalid_argument: json: "));
  CHECK(why_not<std::map<Color, int>>(R"({"Blue":1})") == "invalid_argument: json: \"Blue\" is no enumerator of Color");
  CHECK(encoded(std::map<double, int>{{1.5, 1}}) ==
        "invalid_argument: json: unsupported type: map with keys of type float64");
  CHECK(why_not<std::map<double, int>>(R"({"1.5":1})") ==
        "invalid_argument: json: unsupported type: map with keys of type float64");
}

TEST_CASE("optionals and pointers are the value or null", "[json]") {
  both_ways(std::optional<int>{}, "null");
  both_ways(std::optional<int>{5}, "5");
  both_ways(std::optional<Point>{Point{1, 2}}, R"({"X":1,"Y":2})");
  CHECK(encoded(std::unique_ptr<int>()) == "null");
  CHECK(*decoded<std::unique_ptr<std::string>>("\"x\"") == "x");
  CHECK(*decoded<std::shared_ptr<const int>>("4") == 4);
  CHECK(decoded<std::shared_ptr<int>>("null") == nullptr);
  std::optional<int> had = 3;
  REQUIRE(json::decode("null", had).ok());
  CHECK(!had);

  Node list;
  list.value = 1;
  list.next = std::make_unique<Node>();
  list.next->value = 2;
  CHECK(encoded(list) == R"({"V":1,"Next":{"V":2,"Next":null}})");
  const Node back = decoded<Node>(R"({"V":1,"Next":{"V":2,"Next":null}})");
  REQUIRE(back.next != nullptr);
  CHECK(back.next->value == 2);
  CHECK(back.next->next == nullptr);
}

TEST_CASE("tuples and pairs are lists", "[json]") {
  both_ways(std::tuple<int, std::string, Point>{1, "a", {2, 3}}, R"([1,"a",{"X":2,"Y":3}])");
  both_ways(std::pair<std::string, double>{"a", 1.5}, R"(["a",1.5])");
  both_ways(std::tuple<>{}, "[]");
  CHECK(decoded<std::tuple<int, int>>("[7]") == std::tuple<int, int>{7, 0});
  CHECK(why_not<std::tuple<int, int>>("[1,2,3]").starts_with("invalid_argument: json: more than 2 elements"));
  CHECK(why_not<std::tuple<int, int>>("{}").starts_with("invalid_argument: json: cannot unmarshal object"));
}

TEST_CASE("a variant is the value of its alternative, read by the first that fits", "[json]") {
  using Number = std::variant<std::int64_t, double, std::string, bool>;
  both_ways(Number{std::int64_t{7}}, "7");
  both_ways(Number{7.5}, "7.5");
  both_ways(Number{"x"s}, "\"x\"");
  both_ways(Number{true}, "true");
  CHECK(std::get<1>(decoded<Number>("9223372036854775808")) == 9223372036854775808.0);
  CHECK(why_not<Number>("[]").starts_with("invalid_argument: json: cannot unmarshal array"));

  using Shape = std::variant<Square, Disk>;
  both_ways(Shape{Square{2}}, R"({"Side":2})");
  both_ways(Shape{Disk{3}}, R"({"Radius":3})");  // not a square with an unknown member
  CHECK(decoded<Shape>(R"({"Other":1})").index() == 0);
  CHECK(decoded<std::vector<Shape>>(R"([{"Radius":1},{"Side":1}])").at(0).index() == 1);

  using Maybe = std::variant<std::monostate, int, std::vector<int>>;
  both_ways(Maybe{}, "null");
  both_ways(Maybe{5}, "5");
  both_ways(Maybe{std::vector<int>{1, 2}}, "[1,2]");
  Maybe had = 5;
  REQUIRE(json::decode("null", had).ok());
  CHECK(had.index() == 0);
}

TEST_CASE("Any is written as its value and read as JSON's own kinds", "[json]") {
  CHECK(encoded(Any()) == "null");
  CHECK(encoded(Any(std::int64_t{5})) == "5");
  CHECK(encoded(Any(Point{1, 2})) == R"({"X":1,"Y":2})");
  CHECK(encoded(std::map<std::string, Any>{{"a", Any(1.5)}, {"b", Any(std::vector<int>{1})}}) ==
        R"({"a":1.5,"b":[1]})");
  CHECK(!decoded<Any>("null").has_value());
  CHECK(*decoded<Any>("true").get<bool>());
  CHECK(*decoded<Any>("7").get<double>() == 7);
  CHECK(*decoded<Any>("\"x\"").get<std::string>() == "x");
  const Any list = decoded<Any>(R"([1,"a",[null]])");
  REQUIRE(list.get<std::vector<Any>>() != nullptr);
  CHECK(*list.get<std::vector<Any>>()->at(1).get<std::string>() == "a");
  const Any object = decoded<Any>(R"({"a":{"b":2}})");
  REQUIRE(object.get<std::map<std::string, Any>>() != nullptr);
  CHECK(encoded(object) == R"({"a":{"b":2}})");
}

TEST_CASE("nlohmann::json takes any value and keeps integers", "[json]") {
  both_ways(nlohmann::json(nullptr), "null");
  both_ways(nlohmann::json(R"({"a":[1,-2,3.5,"x",true,null],"b":{}})"_json),
            R"({"a":[1,-2,3.5,"x",true,null],"b":{}})");
  both_ways(nlohmann::json((std::numeric_limits<std::uint64_t>::max)()), "18446744073709551615");
  both_ways(nlohmann::json((std::numeric_limits<std::int64_t>::min)()), "-9223372036854775808");
  CHECK(decoded<nlohmann::json>("-0").is_number_float());
  CHECK(decoded<nlohmann::json>("18446744073709551616").is_number_float());
  CHECK(decoded<nlohmann::json>(R"({"a":1,"a":2})") == R"({"a":2})"_json);
  CHECK(encoded(nlohmann::json::binary({1, 2, 3})) == "\"AQID\"");
  CHECK(encoded(nlohmann::json(std::numeric_limits<double>::infinity())) ==
        "invalid_argument: json: unsupported value: +Inf");
  CHECK(why_not<nlohmann::json>("1e999") == "invalid_argument: json: a number is out of range");
  struct Check {
    static std::string run(const nlohmann::json& value) { return encoded(std::vector<nlohmann::json>{value, value}); }
  };
  CHECK(Check::run(R"({"k":[{}]})"_json) == R"([{"k":[{}]},{"k":[{}]}])");
}

TEST_CASE("times are RFC 3339 with the digits they need", "[json]") {
  both_ways(Time{}, "\"0001-01-01T00:00:00Z\"");
  both_ways(Time{0, 0, {}}, "\"1970-01-01T00:00:00Z\"");
  both_ways(Time{1700000000, 123456789, {}}, "\"2023-11-14T22:13:20.123456789Z\"");
  both_ways(Time{1700000000, 500000000, {}}, "\"2023-11-14T22:13:20.5Z\"");
  both_ways(Time{1700000000, 1, 3600}, "\"2023-11-14T23:13:20.000000001+01:00\"");
  both_ways(Time{1700000000, 0, -12600}, "\"2023-11-14T18:43:20-03:30\"");
  both_ways(Time{951782400, 0, {}}, "\"2000-02-29T00:00:00Z\"");
  both_ways(Time{-62167219200, 0, {}}, "\"0000-01-01T00:00:00Z\"");
  both_ways(Time{253402300799, 999999999, {}}, "\"9999-12-31T23:59:59.999999999Z\"");
  const std::chrono::sys_seconds seconds{std::chrono::seconds(1700000000)};
  both_ways(seconds, "\"2023-11-14T22:13:20Z\"");
  CHECK(encoded(Time{253402300800, 0, {}}).starts_with("invalid_argument: json: a time"));
  CHECK(encoded(Time{-62167219201, 0, {}}).starts_with("invalid_argument: json: a time"));
  CHECK(encoded(Time{(std::numeric_limits<std::int64_t>::max)(), 0, {}}).starts_with("invalid_argument: json: a time"));
  CHECK(decoded<Time>("\"2023-11-14T22:13:20.1234567891Z\"").nanoseconds == 123456789);
  for (const std::string_view bad : {"",
                                     "2023",
                                     "2023-11-14",
                                     "2023-11-14T22:13Z",
                                     "2023-11-14T22:13:20",
                                     "2023-11-14 22:13:20Z",
                                     "2023-13-01T00:00:00Z",
                                     "2023-00-01T00:00:00Z",
                                     "2023-02-29T00:00:00Z",
                                     "2023-11-31T00:00:00Z",
                                     "2023-11-00T00:00:00Z",
                                     "2023-11-14T24:00:00Z",
                                     "2023-11-14T22:60:20Z",
                                     "2023-11-14T22:13:60Z",
                                     "2023-11-14T22:13:20.Z",
                                     "2023-11-14T22:13:20z",
                                     "2023-11-14T22:13:20+0100",
                                     "2023-11-14T22:13:20+24:00",
                                     "2023-11-14T22:13:20+01:60",
                                     "2023-11-14T22:13:20Zx",
                                     "+023-11-14T22:13:20Z",
                                     "20231114T221320Z"})
    CHECK(why_not<Time>("\"" + std::string(bad) + "\"")
              .starts_with("invalid_argument: json: a time is not as in RFC 3339"));
  // Every day of some centuries there and back.
  for (std::int64_t day = -800000; day < 200000; day += 37) {
    const Time time{day * 86400 + 86399, 0, {}};
    if (day * 86400 < -62167219200) continue;
    CHECK(decoded<Time>(encoded(time)) == time);
  }
}

TEST_CASE("durations are nanoseconds, enums numbers or names", "[json]") {
  both_ways(std::chrono::nanoseconds(-5), "-5");
  both_ways(std::chrono::milliseconds(1500), "1500000000");
  both_ways(std::chrono::seconds(2), "2000000000");
  CHECK(why_not<std::chrono::seconds>("1.5").starts_with("invalid_argument: json: cannot unmarshal number 1.5"));
  both_ways(Color::red, "\"Red\"");
  both_ways(Color::green, "\"green\"");
  both_ways(Level::low, "-1");
  both_ways(Level::high, "300");
  both_ways(Plain::one, "1");
  CHECK(encoded(static_cast<Color>(9)) == "invalid_argument: json: 9 is no enumerator of Color");
  CHECK(why_not<Color>("\"Blue\"") == "invalid_argument: json: \"Blue\" is no enumerator of Color");
  CHECK(why_not<Color>("1") == "invalid_argument: json: cannot unmarshal number into Go value of type Color");
}

TEST_CASE("types with an encoding of their own", "[json]") {
  both_ways(Version{1, 22}, "\"1.22\"");
  both_ways(Blob{"\x01\x02\xFF"}, "\"AQL/\"");
  CHECK(encoded(GobOnly{"ab"}) == "\"YWI=\"");
  CHECK(decoded<GobOnly>("\"YWI=\"").bytes == "ab");
  CHECK(encoded(GobOnly{"never"}) == "failed_precondition: gobonly: never");
  CHECK(why_not<Version>("\"12\"") == "invalid_argument: version: no dot");
  CHECK(why_not<Blob>("\"*\"").starts_with("invalid_argument: json: illegal base64 data"));
  CHECK(why_not<Version>("12").starts_with("invalid_argument: json: cannot unmarshal number"));
}

TEST_CASE("a view of nothing is an empty string", "[json]") { CHECK(encoded(Views{}) == R"({"Text":"","Bytes":""})"); }

TEST_CASE("views borrow from the text, or from scratch when they cannot", "[json]") {
  const std::string plain = R"({"Text":"as it stands"})";
  Views views;
  REQUIRE(json::decode(plain, views).ok());
  CHECK(views.text == "as it stands");
  CHECK(views.text.data() >= plain.data());
  CHECK(views.text.data() < plain.data() + plain.size());

  const std::string escaped = R"({"Text":"two\nlines","Bytes":"AQID"})";
  CHECK(json::decode(escaped, views).code() == StatusCode::invalid_argument);
  Scratch scratch;
  REQUIRE(json::decode(escaped, views, {}, {}, &scratch).ok());
  CHECK(views.text == "two\nlines");
  REQUIRE(views.bytes.size() == 3);
  CHECK(views.bytes[2] == std::byte{3});
  // What was given stays while more is given.
  std::vector<Views> many;
  std::string text = "[";
  for (int i = 0; i < 1000; ++i)
    text += (i == 0 ? "" : ",") + std::string(R"({"Text":"\n)") + std::to_string(i) + "\"}";
  text += "]";
  scratch.clear();
  REQUIRE(json::decode(text, many, {}, {}, &scratch).ok());
  for (std::size_t i = 0; i < many.size(); ++i) CHECK(many[i].text == "\n" + std::to_string(i));
  scratch.clear();
  scratch.clear();
}

TEST_CASE("texts end where the value ends", "[json]") {
  CHECK(why_not<int>("1 ") == "ok");
  CHECK(why_not<int>("1 2") == "invalid_argument: json: the end of the text expected at byte 2");
  CHECK(why_not<Point>("{}{}") == "invalid_argument: json: the end of the text expected at byte 2");
  CHECK(why_not<Point>("") == "invalid_argument: json: a value expected at the end of the text");
  CHECK(why_not<Point>(R"({"X":1)") ==
        "invalid_argument: json: a comma or a closing brace expected at the end of the text");
}

TEST_CASE("limits hold for what is read and for what is passed over", "[json]") {
  CodecLimits limits;
  limits.depth = 5;
  CHECK(why_not<nlohmann::json>("[[[[[]]]]]", {}, limits) == "ok");
  CHECK(why_not<nlohmann::json>("[[[[[[]]]]]]", {}, limits) == "resource_exhausted: json: nested deeper than 5 levels");
  CHECK(why_not<Any>("[[[[[]]]]]", {}, limits) == "ok");
  CHECK(why_not<Any>("{\"a\":[[[[[]]]]]}", {}, limits) == "resource_exhausted: json: nested deeper than 5 levels");
  CHECK(why_not<Point>(R"({"a":[[[[]]]]})", {}, limits) == "ok");
  CHECK(why_not<Point>(R"({"a":[[[[[]]]]]})", {}, limits) == "resource_exhausted: json: nested deeper than 5 levels");
  CHECK(why_not<Node>(R"({"Next":{"Next":{"Next":{"Next":{}}}}})", {}, limits) == "ok");
  CHECK(why_not<Node>(R"({"Next":{"Next":{"Next":{"Next":{"Next":{}}}}}})", {}, limits) ==
        "resource_exhausted: json: nested deeper than 5 levels");
  ByteQueue out;
  Node node;
  Node* last = &node;
  for (int i = 0; i < 4; ++i) last = (last->next = std::make_unique<Node>()).get();
  CHECK(json::encode(node, out, {}, limits).ok());
  last->next = std::make_unique<Node>();
  CHECK(json::encode(node, out, {}, limits).code() == StatusCode::resource_exhausted);

  // However high the limit, nesting ends before the stack does.
  CodecLimits none;
  none.depth = std::size_t{1} << 40;
  const std::string deep = std::string(20000, '[') + std::string(20000, ']');
  CHECK(why_not<nlohmann::json>(deep, {}, none) == "resource_exhausted: json: nested deeper than 10000 levels");
  CHECK(why_not<Point>(R"({"a":)" + deep + "}", {}, none) ==
        "resource_exhausted: json: nested deeper than 10000 levels");

  limits = {};
  limits.elements = 3;
  CHECK(why_not<std::vector<int>>("[1,2,3]", {}, limits) == "ok");
  CHECK(
      why_not<std::vector<int>>("[1,2,3,4]", {}, limits).starts_with("resource_exhausted: json: more than 3 elements"));
  CHECK(why_not<std::list<int>>("[1,2,3,4]", {}, limits).starts_with("resource_exhausted: json: more than 3 elements"));
  CHECK(why_not<std::map<int, int>>(R"({"1":1,"2":2,"3":3,"4":4})", {}, limits)
            .starts_with("resource_exhausted: json: more than 3 elements"));
  CHECK(why_not<nlohmann::json>("[1,2,3,4]", {}, limits).starts_with("resource_exhausted: json: more than 3 elements"));

  limits = {};
  limits.message_bytes = 10;
  CHECK(why_not<std::string>("\"12345678\"", {}, limits) == "ok");
  CHECK(why_not<std::string>("\"123456789\"", {}, limits) ==
        "resource_exhausted: json: the text has 11 bytes, the limit is 10");

  // Three bytes of text for kilobytes of objects: together they may not be many times the message limit.
  struct Grow {
    static std::string text(std::size_t count) {
      std::string all = "[{}";
      for (std::size_t i = 1; i < count; ++i) all += ",{}";
      return all + "]";
    }
  };
  limits.message_bytes = 4096;
  CHECK(why_not<std::vector<std::array<Many, 50>>>("[" + Grow::text(10) + "]", {}, limits) == "ok");
  CHECK(why_not<std::vector<std::array<Many, 50>>>(
            [] {
              std::string all = "[[]";
              for (int i = 0; i < 500; ++i) all += ",[]";
              return all + "]";
            }(),
            {}, limits) == "resource_exhausted: json: the message takes too much memory");
}

namespace {

struct Tree;
using TreeVariant = std::variant<std::vector<Tree>, std::list<Tree>, std::deque<Tree>, std::string>;
struct Tree {
  std::unique_ptr<TreeVariant> inner;
};

}  // namespace

POLYRPC_DESCRIBE(Tree, (inner, "T"));

TEST_CASE("a variant of variants is not read in ever more ways", "[json]") {
  // Each level has three alternatives that fit until the end shows that none does: 3^24 ways.
  std::string text;
  for (int i = 0; i < 24; ++i) text += R"([{"T":)";
  text += "17";
  for (int i = 0; i < 24; ++i) text += "}]";
  CHECK(why_not<TreeVariant>(text).starts_with("resource_exhausted: json: too many ways to read a variant"));
}

}  // namespace polyrpc::test
