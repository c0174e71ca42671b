#pragma once

#include "support/meter.hpp"

#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <mutex>

namespace bench {

/// A meter that several threads may use.
class SharedMeter {
 public:
  SharedMeter(double warmup, double seconds) : meter_(warmup, seconds) { meter_.start(); }

  bool finished(std::uint64_t began, std::uint64_t time) {
    const std::lock_guard lock(mutex_);
    if (meter_.over()) return false;
    const bool again = meter_.finished(began, time);
    if (!again) ended_.notify_one();
    return again;
  }
  /// Waits for the end, prints, and leaves the program with what is under way.
  [[noreturn]] void print_at_end() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return meter_.over(); });
    meter_.print();
    std::_Exit(0);
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  Meter meter_;
};

}  // namespace bench
