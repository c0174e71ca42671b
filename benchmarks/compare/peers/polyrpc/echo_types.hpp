#pragma once

#include <polyrpc/core/describe.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bench {

/// The call that all benchmarks make, as everyone would write it.
struct Echo {
  std::int64_t a = 0;
  std::int64_t b = 0;
  std::vector<std::byte> s;
};
POLYRPC_DESCRIBE(Echo, (a, "A"), (b, "B"), (s, "S"));

/// The same for a handler that looks at the bytes where they arrived.
struct EchoView {
  std::int64_t a = 0;
  std::int64_t b = 0;
  std::span<const std::byte> s;
};
POLYRPC_DESCRIBE(EchoView, (a, "A"), (b, "B"), (s, "S"));

}  // namespace bench
