#pragma once

#include "polyrpc/core/describe.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

/// The messages of messages.proto as described structs.
namespace polyrpc::test::described {

enum class Color : std::int32_t { none, red, green, below = -1 };
POLYRPC_DESCRIBE_ENUM(Color, (none), (red), (green), (below));

struct Point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};
POLYRPC_DESCRIBE(Point, (x), (y));

struct Scalars {
  bool flag = false;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  float f32 = 0;
  double f64 = 0;
  std::string text;
  std::vector<std::byte> data;
  Color color = Color::none;
  friend bool operator==(const Scalars&, const Scalars&) = default;
};
POLYRPC_DESCRIBE(Scalars, (flag), (i32), (i64), (u32), (u64), (f32), (f64), (text), (data), (color));

struct Lists {
  std::vector<std::int32_t> numbers;
  std::vector<std::int32_t> loose_numbers;
  std::vector<double> reals;
  std::vector<bool> flags;
  std::vector<std::string> texts;
  std::vector<std::vector<std::byte>> datas;
  std::vector<Point> points;
  std::vector<Color> colors;
  std::set<std::uint64_t> longs;
  std::list<float> floats;
  friend bool operator==(const Lists&, const Lists&) = default;
};
POLYRPC_DESCRIBE(Lists, (numbers), (loose_numbers), (reals), (flags), (texts), (datas), (points), (colors), (longs),
                 (floats));

struct Maps {
  std::map<std::string, std::int64_t> by_name;
  std::map<std::int32_t, Point> by_number;
  std::map<bool, std::string> by_flag;
  friend bool operator==(const Maps&, const Maps&) = default;
};
POLYRPC_DESCRIBE(Maps, (by_name), (by_number), (by_flag));

struct Choice {
  std::int32_t before = 0;
  std::variant<std::monostate, std::int64_t, std::string, Point> value;
  std::int32_t after = 0;
  friend bool operator==(const Choice&, const Choice&) = default;
};
POLYRPC_DESCRIBE(Choice, (before), (value), (after));

struct Presence {
  std::optional<std::int32_t> number;
  std::optional<std::string> text;
  std::optional<bool> flag;
  std::unique_ptr<Point> point;
};
POLYRPC_DESCRIBE(Presence, (number), (text), (flag), (point));

struct Tree {
  std::string name;
  std::vector<Tree> children;
  std::unique_ptr<Tree> next;
};
POLYRPC_DESCRIBE(Tree, (name), (children), (next));

struct Nested {
  std::vector<std::vector<std::int32_t>> rows;
  std::map<std::string, std::vector<std::int32_t>> by_name;
  friend bool operator==(const Nested&, const Nested&) = default;
};
POLYRPC_DESCRIBE(Nested, (rows), (by_name));

}  // namespace polyrpc::test::described
