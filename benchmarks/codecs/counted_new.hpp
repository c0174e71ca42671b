#pragma once

#include <cstdint>

namespace bench {

/// How often this program has allocated memory, from any thread.
std::uint64_t allocations() noexcept;

}  // namespace bench
