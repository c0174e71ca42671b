#pragma once

// What the protorpc peers serve and call; go/protorpc/arith/arith.proto is the same for Go.

#include "polyrpc/core/describe.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace interop {

struct Args {
  std::int64_t a = 0, b = 0;
};
POLYRPC_DESCRIBE(Args, (a), (b));

struct Number {
  std::int64_t value = 0;
};
POLYRPC_DESCRIBE(Number, (value));

struct Text {
  std::string text;
};
POLYRPC_DESCRIBE(Text, (text));

struct Blob {
  std::vector<std::byte> data;
};
POLYRPC_DESCRIBE(Blob, (data));

}  // namespace interop
