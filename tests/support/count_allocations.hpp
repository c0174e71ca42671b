#pragma once

#include <cstddef>

namespace polyrpc::test {

/// How often this thread has called operator new so far. Only for executables that list
/// `support/count_allocations.cpp` among their sources, which replaces operator new.
std::size_t allocations_of_this_thread() noexcept;

}  // namespace polyrpc::test
