#pragma once

#include "polyrpc/polyrpc.hpp"

#include "support/gate.hpp"

#include <atomic>
#include <cstdint>

namespace polyrpc::test {

/// What the servers of these tests serve.
struct Services {
  Services();
  ~Services() { gate.open(); }

  Registry registry;
  Gate gate;                       ///< what Test.Gate waits for
  Gate cancelled;                  ///< open; passed by each call of Test.Until that is cancelled
  std::atomic<int> big_calls = 0;  ///< of Test.Big and Test.SlowBig
  std::atomic<int> until_calls = 0;
};

}  // namespace polyrpc::test
