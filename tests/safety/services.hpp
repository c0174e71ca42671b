#pragma once

#include "polyrpc/polyrpc.hpp"

#include "support/services.hpp"

#include <atomic>

namespace polyrpc::test {

/// What the servers of these tests serve.
struct Services : BasicServices {
  Services();

  std::atomic<int> until_calls = 0;  ///< of Test.Until
  Gate until_cancelled;              ///< open; passed by each of them that is cancelled
};

}  // namespace polyrpc::test
