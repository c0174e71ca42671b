#pragma once

#include "support/counted_new.hpp"

#include <cstddef>

namespace polyrpc::test {

/// How much more memory was held at one time than now when this is made.
class Growth {
 public:
  Growth() : before_(live_bytes()) { forget_peak(); }
  std::size_t most() const noexcept { return counts_malloc() ? peak_bytes() - before_ : 0; }

 private:
  std::size_t before_;
};

}  // namespace polyrpc::test
