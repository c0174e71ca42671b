#pragma once

#include "polyrpc/core/any.hpp"
#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/status.hpp"
#include "polyrpc/core/time.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

/// Types for any JSON text to be read into.
namespace polyrpc::fuzz {

enum class Level : std::int16_t { low = -1, high = 300 };
POLYRPC_DESCRIBE_ENUM(Level, (low), (high));
enum class Mood { good, bad };
POLYRPC_DESCRIBE_ENUM_NAMES(Mood, (good, "Good"), (bad, "Bad"));

struct Point {
  std::int64_t x = 0, y = 0;
  friend auto operator<=>(const Point&, const Point&) = default;
};
POLYRPC_DESCRIBE(Point, (x, "X"), (y, "Y"));

struct Scalars {
  bool b = false;
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  float f32 = 0;
  double f64 = 0;
  std::string s;
  std::vector<std::byte> by;
  std::chrono::milliseconds wait{};
  Time at;
  std::chrono::sys_time<std::chrono::nanoseconds> fine;
  Level level = Level::low;
  Mood mood = Mood::good;
};
POLYRPC_DESCRIBE(Scalars, (b), (i8), (i16), (i32), (i64), (u8), (u16), (u32), (u64), (f32), (f64), (s), (by), (wait),
                 (at), (fine), (level), (mood));

struct Containers : Point {
  std::vector<std::int64_t> ints;
  std::list<std::string> texts;
  std::deque<std::uint8_t> bytes;
  std::set<std::int32_t> set;
  std::vector<bool> flags;
  std::array<std::int64_t, 3> three{};
  std::array<std::uint8_t, 4> address{};
  std::map<std::string, double> by_name;
  std::map<std::int32_t, std::string> by_number;
  std::tuple<std::int64_t, std::string, double> tuple;
  std::pair<std::string, std::optional<Point>> pair;
  std::vector<std::vector<Point>> points;
  std::unique_ptr<std::vector<std::string>> pointer;
  std::optional<bool> maybe;
};
POLYRPC_DESCRIBE_DERIVED(Containers, (Point), (ints), (texts), (bytes), (set), (flags), (three), (address), (by_name),
                         (by_number), (tuple), (pair), (points), (pointer), (maybe));

struct Tree {
  std::int64_t value = 0;
  std::unique_ptr<Tree> next;
  std::vector<Tree> kids;
  std::map<std::string, Tree> named;
};
POLYRPC_DESCRIBE(Tree, (value), (next), (kids), (named));

struct Choices;
using Choice =
    std::variant<std::monostate, std::int64_t, double, bool, std::string, Point, std::vector<std::int64_t>,
                 std::unique_ptr<Choices>, std::map<std::string, std::string>, std::variant<Mood, std::tuple<bool>>>;
struct Choices {
  std::vector<Choice> all;
  std::optional<Choice> one;
};
POLYRPC_DESCRIBE(Choices, (all), (one));

/// Travels as text.
struct Version {
  std::int64_t major = 0, minor = 0;
  std::string marshal_text() const { return std::to_string(major) + "." + std::to_string(minor); }
  Status unmarshal_text(std::string_view text) {
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, major);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.')
      return Status::invalid_argument("version: no dot");
    const auto second = std::from_chars(first.ptr + 1, end, minor);
    if (second.ec != std::errc() || second.ptr != end) return Status::invalid_argument("version: no number");
    return {};
  }
  friend auto operator<=>(const Version&, const Version&) = default;
};
POLYRPC_DESCRIBE(Version);

/// Travels as bytes.
struct Blob {
  std::string bytes;
  std::string marshal_binary() const { return bytes; }
  Status unmarshal_binary(std::span<const std::byte> from) {
    bytes = as_text(from);
    return {};
  }
};
POLYRPC_DESCRIBE(Blob);

struct Owns {
  Version version;
  std::optional<Version> maybe;
  std::map<Version, Blob> table;
  Blob blob;
};
POLYRPC_DESCRIBE(Owns, (version), (maybe), (table), (blob));

struct Views {
  std::string_view s;
  std::span<const std::byte> by;
  std::vector<std::string_view> texts;
};
POLYRPC_DESCRIBE(Views, (s), (by), (texts));

struct Anys {
  Any any;
  std::vector<Any> list;
  std::map<std::string, Any> map;
};
POLYRPC_DESCRIBE(Anys, (any), (list), (map));

/// Its members' names need escapes, or differ in their case only.
struct Odd {
  std::int32_t quoted = 0, html = 0, same = 0, other_case = 0;
};
POLYRPC_DESCRIBE(Odd, (quoted, "a\"b\\"), (html, "<&>"), (same, "same"), (other_case, "SAME"));

struct Nothing {};
POLYRPC_DESCRIBE(Nothing);

}  // namespace polyrpc::fuzz
