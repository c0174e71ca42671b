#pragma once

#include <cstddef>

namespace polyrpc::test {

/// Counts what this program takes from the heap, in any thread. The test that wants to know lists
/// ../support/counted_new.cpp among its sources.
std::size_t allocations() noexcept;
std::size_t allocated_bytes() noexcept;

/// What is held now, and the most that was held at once since `forget_peak`.
std::size_t live_bytes() noexcept;
std::size_t peak_bytes() noexcept;
void forget_peak() noexcept;

/// Whether `malloc` is counted too, which byte queues use; if not, only `operator new` is, and nothing is known of what
/// is held.
bool counts_malloc() noexcept;

}  // namespace polyrpc::test
