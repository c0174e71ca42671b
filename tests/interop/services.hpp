#pragma once

// The services that every interop peer serves and calls; services/*.go beside this declare the same for Go, README.md
// for people.

#include "polyrpc/core/any.hpp"
#include "polyrpc/core/describe.hpp"
#include "polyrpc/runtime/registry.hpp"

#include <array>
#include <complex>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace interop {

struct Args {
  std::int64_t a = 0, b = 0;
};
POLYRPC_DESCRIBE(Args, (a, "A"), (b, "B"));

struct Quotient {
  std::int64_t quo = 0, rem = 0;
};
POLYRPC_DESCRIBE(Quotient, (quo, "Quo"), (rem, "Rem"));

struct EchoArgs {
  std::int64_t a = 0, b = 0;
  std::vector<std::byte> s;
};
POLYRPC_DESCRIBE(EchoArgs, (a, "A"), (b, "B"), (s, "S"));

struct Empty {};
POLYRPC_DESCRIBE(Empty);

struct Integers {
  bool boolean = false;
  std::int64_t i = 0;
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  std::uint64_t u = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
};
POLYRPC_DESCRIBE(Integers, (boolean, "Bool"), (i, "Int"), (i8, "Int8"), (i16, "Int16"), (i32, "Int32"), (i64, "Int64"),
                 (u, "Uint"), (u8, "Uint8"), (u16, "Uint16"), (u32, "Uint32"), (u64, "Uint64"));

struct Reals {
  float f32 = 0;
  double f64 = 0;
};
POLYRPC_DESCRIBE(Reals, (f32, "Float32"), (f64, "Float64"));

struct Complexes {
  std::complex<float> c64;
  std::complex<double> c128;
};
POLYRPC_DESCRIBE(Complexes, (c64, "Complex64"), (c128, "Complex128"));

struct Point {
  std::int64_t x = 0, y = 0;
};
POLYRPC_DESCRIBE(Point, (x, "X"), (y, "Y"));

struct Containers {
  std::string text;
  std::vector<std::uint8_t> bytes;
  std::vector<std::string> strings;
  std::vector<bool> bools;
  std::vector<std::vector<double>> matrix;
  std::vector<std::vector<std::uint8_t>> chunks;
  std::array<std::uint8_t, 4> four{};
  std::vector<Point> points;
  std::array<Point, 2> corners{};
  std::map<std::string, Point> by_name;
  std::map<std::int64_t, std::string> by_id;
  std::map<std::string, std::vector<std::int64_t>> lists;
  std::map<std::string, std::map<std::string, std::int64_t>> maps;
};
POLYRPC_DESCRIBE(Containers, (text, "Text"), (bytes, "Bytes"), (strings, "Strings"), (bools, "Bools"),
                 (matrix, "Matrix"), (chunks, "Chunks"), (four, "Four"), (points, "Points"), (corners, "Corners"),
                 (by_name, "ByName"), (by_id, "ByID"), (lists, "Lists"), (maps, "Maps"));

struct Deep {
  std::int64_t level = 0;
  std::string label;
};
POLYRPC_DESCRIBE(Deep, (level, "Level"), (label, "Label"));

struct Inner {
  Point point;
  Deep deep;
};
POLYRPC_DESCRIBE(Inner, (point, "Point"), (deep, "Deep"));

struct Nested {
  std::string name;
  Inner inner;
  std::optional<Inner> other;
  std::vector<Inner> more;
};
POLYRPC_DESCRIBE(Nested, (name, "Name"), (inner, "Inner"), (other, "Other"), (more, "More"));

struct Pointers {
  std::optional<bool> boolean;
  std::optional<std::int64_t> i;
  std::optional<double> f;
  std::shared_ptr<std::string> s;
  std::unique_ptr<Point> point;
};
POLYRPC_DESCRIBE(Pointers, (boolean, "Bool"), (i, "Int"), (f, "Float"), (s, "String"), (point, "Point"));

struct List {
  std::int64_t value = 0;
  std::unique_ptr<List> next;
};
POLYRPC_DESCRIBE(List, (value, "Value"), (next, "Next"));

struct Tree {
  std::string name;
  std::vector<Tree> children;
  std::map<std::string, std::shared_ptr<Tree>> by_name;
};
POLYRPC_DESCRIBE(Tree, (name, "Name"), (children, "Children"), (by_name, "ByName"));

struct Times {
  polyrpc::Time at;
  std::optional<polyrpc::Time> maybe;
  std::vector<polyrpc::Time> list;
  std::chrono::nanoseconds took{0};
  std::vector<std::chrono::nanoseconds> timings;
};
POLYRPC_DESCRIBE(Times, (at, "At"), (maybe, "Maybe"), (list, "List"), (took, "Took"), (timings, "Timings"));

struct Circle {
  double radius = 0;
};
POLYRPC_DESCRIBE(Circle, (radius, "Radius"));

struct Square {
  double side = 0;
};
POLYRPC_DESCRIBE(Square, (side, "Side"));

using Shape = std::variant<std::monostate, Circle, Square>;

struct Drawing {
  std::string title;
  Shape main;
  std::vector<Shape> shapes;
  polyrpc::Any extra;
  std::map<std::string, polyrpc::Any> by_name;
};
POLYRPC_DESCRIBE(Drawing, (title, "Title"), (main, "Main"), (shapes, "Shapes"), (extra, "Extra"), (by_name, "ByName"));

/// Eight bytes, big-endian, thousandths of a degree.
struct Temperature {
  std::int64_t value = 0;

  std::string gob_encode() const {
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes.push_back(static_cast<char>(static_cast<unsigned char>(static_cast<std::uint64_t>(value) >> shift)));
    return bytes;
  }
  polyrpc::Status gob_decode(std::span<const std::byte> bytes) {
    if (bytes.size() != 8)
      return polyrpc::Status::invalid_argument("temperature of " + std::to_string(bytes.size()) + " bytes");
    std::uint64_t bits = 0;
    for (const std::byte byte : bytes) bits = bits << 8 | std::to_integer<std::uint64_t>(byte);
    value = static_cast<std::int64_t>(bits);
    return {};
  }
  bool is_zero() const { return value == 0; }
};

/// Three bytes: red, green, blue.
struct Color {
  std::uint8_t r = 0, g = 0, b = 0;

  std::vector<std::uint8_t> marshal_binary() const { return {r, g, b}; }
  polyrpc::Status unmarshal_binary(std::span<const std::byte> bytes) {
    if (bytes.size() != 3)
      return polyrpc::Status::invalid_argument("color of " + std::to_string(bytes.size()) + " bytes");
    r = std::to_integer<std::uint8_t>(bytes[0]);
    g = std::to_integer<std::uint8_t>(bytes[1]);
    b = std::to_integer<std::uint8_t>(bytes[2]);
    return {};
  }
  bool is_zero() const { return r == 0 && g == 0 && b == 0; }
};

struct Own {
  Temperature now;
  std::vector<Temperature> earlier;
  std::optional<Temperature> limit;
  Color paint;
  std::vector<Color> palette;
  std::map<std::string, Temperature> by_room;
  std::optional<Color> fallback;
};
POLYRPC_DESCRIBE(Own, (now, "Now"), (earlier, "Earlier"), (limit, "Limit"), (paint, "Paint"), (palette, "Palette"),
                 (by_room, "ByRoom"), (fallback, "Fallback"));

/// Text in JSON, "1.2"; a struct in gob.
struct Version {
  std::int64_t major = 0, minor = 0;

  std::string marshal_text() const { return std::to_string(major) + "." + std::to_string(minor); }
  polyrpc::Status unmarshal_text(std::string_view text) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) return polyrpc::Status::invalid_argument("version without a dot");
    try {
      major = std::stoll(std::string(text.substr(0, dot)));
      minor = std::stoll(std::string(text.substr(dot + 1)));
    } catch (const std::exception&) {
      return polyrpc::Status::invalid_argument("version that is no number: " + std::string(text));
    }
    return {};
  }
};
POLYRPC_DESCRIBE(Version, (major, "Major"), (minor, "Minor"));

struct Release {
  std::string name;
  Version version;
  std::vector<Version> previous;
};
POLYRPC_DESCRIBE(Release, (name, "Name"), (version, "Version"), (previous, "Previous"));

struct CancelCounts {
  std::int64_t started = 0, running = 0, cancelled = 0;
};
POLYRPC_DESCRIBE(CancelCounts, (started, "Started"), (running, "Running"), (cancelled, "Cancelled"));

struct Difference {
  double minuend = 0, subtrahend = 0;
};
POLYRPC_DESCRIBE(Difference, (minuend), (subtrahend));

/// The names under which the shapes of a `Drawing` travel.
polyrpc::TypeRegistry types();

/// Arith, HelloService, Types, Cancellable, and the methods of JSON-RPC 2.0's examples.
void register_services(polyrpc::Registry& registry);

}  // namespace interop
