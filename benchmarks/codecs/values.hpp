#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

/// The values that are measured, as benchmarks/README.md has them in words.
namespace values {

struct Ints {
  std::int64_t a = 0, b = 0, c = 0, d = 0;
  bool operator==(const Ints&) const = default;
};

struct Echo {
  std::int64_t a = 0, b = 0;
  std::vector<std::byte> s;
  bool operator==(const Echo&) const = default;
};

struct Texts {
  std::string name, street, city, note;
  bool operator==(const Texts&) const = default;
};

using Doubles = std::vector<double>;
using Ages = std::map<std::string, std::int64_t>;

struct Line {
  std::string sku;
  std::int64_t count = 0;
  double price = 0;
  std::vector<std::string> tags;
  bool operator==(const Line&) const = default;
};

struct Order {
  std::int64_t id = 0;
  std::string buyer;
  std::vector<Line> lines;
  bool operator==(const Order&) const = default;
};

inline Echo echo_of(std::size_t size) {
  Echo echo{1, 2, std::vector<std::byte>(size)};
  for (std::size_t i = 0; i < size; ++i) echo.s[i] = static_cast<std::byte>(i * 31);
  return echo;
}

inline std::string padded(const char* prefix, int number, int digits) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%s%0*d", prefix, digits, number);
  return text.data();
}

/// Calls `f` with the name of each value and the value.
template <class F>
void for_each(F f) {
  f("ints", Ints{1, -200, 300000, std::int64_t{1} << 40});
  f("echo_32", echo_of(32));
  f("echo_1k", echo_of(1 << 10));
  f("echo_1m", echo_of(1 << 20));
  f("texts", Texts{"Grace Hopper", "1 Navy Yard", "Arlington", "wrote the first compiler, and said \"bug\""});
  Doubles doubles(1000);
  for (std::size_t i = 0; i < doubles.size(); ++i) doubles[i] = static_cast<double>(i) * 1.1 + 0.25;
  f("doubles_1000", doubles);
  Ages ages;
  for (int i = 0; i < 100; ++i) ages[padded("key", i, 2)] = std::int64_t{i} * i * i;
  f("map_100", ages);
  Order order{1234567, "Ada Lovelace", {}};
  for (int i = 0; i < 20; ++i) order.lines.push_back({padded("sku-", i * 37, 4), i + 1, i * 9.99, {"new", "in stock"}});
  f("order", order);
}

}  // namespace values
