#pragma once

#include <cstdint>

namespace bench {

/// Takes about 20 microseconds of processor time: 16,000 multiplications, each of which needs the one before.
inline void work() {
  static volatile std::uint64_t seed = 1;
  std::uint64_t state = seed;
  for (int i = 0; i < 16'000; ++i) state = state * 6364136223846793005U + 1442695040888963407U;
  [[maybe_unused]] static thread_local volatile std::uint64_t result;
  result = state;
}

}  // namespace bench
