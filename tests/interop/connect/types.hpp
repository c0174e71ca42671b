#pragma once

#include "polyrpc/core/describe.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// The messages of arith.proto; the names are those of protobuf's JSON.
namespace connect_peers {

struct Args {
  std::int64_t a = 0, b = 0;
  friend bool operator==(const Args&, const Args&) = default;
};
POLYRPC_DESCRIBE(Args, (a), (b));

struct Product {
  std::int64_t value = 0;
};
POLYRPC_DESCRIBE(Product, (value));

struct Everything {
  bool yes = false;
  std::int64_t whole = 0;
  std::uint64_t natural = 0;
  std::int32_t small = 0;
  double real = 0;
  std::string text;
  std::vector<std::byte> data;
  std::vector<std::string> list;
  std::map<std::string, std::int64_t> table;
  std::optional<Args> some;
  friend bool operator==(const Everything&, const Everything&) = default;
};
POLYRPC_DESCRIBE(Everything, (yes), (whole), (natural), (small), (real), (text), (data), (list), (table), (some));

struct Failure {
  std::string code, message;
};
POLYRPC_DESCRIBE(Failure, (code), (message));

struct Key {
  std::string key;
};
POLYRPC_DESCRIBE(Key, (key));

struct Value {
  std::string value;
};
POLYRPC_DESCRIBE(Value, (value));

struct Time {
  std::int64_t milliseconds = 0;
};
POLYRPC_DESCRIBE(Time, (milliseconds));

struct Nothing {};
POLYRPC_DESCRIBE(Nothing);

}  // namespace connect_peers
