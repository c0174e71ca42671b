#pragma once

// What the arith server and its clients share: the types, and the methods with their types.

#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/method.hpp"

#include <cstdint>

namespace arith {

struct Args {
  std::int64_t a = 0, b = 0;
};
POLYRPC_DESCRIBE(Args, (a, "A"), (b, "B"));  // the names that Go exports

struct Quotient {
  std::int64_t quo = 0, rem = 0;
};
POLYRPC_DESCRIBE(Quotient, (quo, "Quo"), (rem, "Rem"));

inline constexpr polyrpc::Method<Args, std::int64_t> multiply{"Arith.Multiply"};
inline constexpr polyrpc::Method<Args, Quotient> divide{"Arith.Divide"};

}  // namespace arith
