#pragma once

#include <cstddef>

namespace polyrpc::test {

/// Counts what this program takes from `operator new`, in any thread. The test that wants to know lists
/// ../support/counted_new.cpp among its sources.
std::size_t allocations() noexcept;
std::size_t allocated_bytes() noexcept;

}  // namespace polyrpc::test
