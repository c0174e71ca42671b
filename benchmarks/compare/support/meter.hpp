#pragma once

#include "support/clock.hpp"
#include "support/histogram.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace bench {

/// Warm-up and measured time of a closed loop, and what happened in it. Prints "measuring" when the warm-up is over.
class Meter {
 public:
  Meter(double warmup_seconds, double seconds)
      : warmup_(static_cast<std::uint64_t>(warmup_seconds * 1e9)), length_(static_cast<std::uint64_t>(seconds * 1e9)) {}

  void start() { started_ = now(); }
  bool over() const { return ended_ != 0; }

  /// Counts a call or message. False: time is up.
  bool finished(std::uint64_t began, std::uint64_t time) {
    if (ended_ != 0) return false;
    if (!measuring_) {
      if (time - started_ >= warmup_) {
        measuring_ = true;
        started_ = time;
        cpu_ = cpu_seconds();
        std::printf("measuring\n");
        std::fflush(stdout);
      }
      return true;
    }
    latency_.add(time - began, 1);
    ++calls_;
    if (time - started_ < length_) return true;
    ended_ = time;
    cpu_ = cpu_seconds() - cpu_;
    return false;
  }

  /// The line of JSON.
  void print() const {
    const double seconds = static_cast<double>(ended_ - started_) * 1e-9;
    const double calls = static_cast<double>(calls_);
    std::printf(
        "{\"calls\":%llu,\"seconds\":%.4f,\"calls_per_second\":%.1f,\"mean_us\":%.2f,\"p50_us\":%.2f,\"p99_us\":%.2f,"
        "\"p999_us\":%.2f,\"max_us\":%.2f,\"client_cpu_us_per_call\":%.4f,\"client_cpu_share\":%.3f}\n",
        static_cast<unsigned long long>(calls_), seconds, calls / seconds, latency_.mean() / 1e3,
        latency_.quantile(0.5) / 1e3, latency_.quantile(0.99) / 1e3, latency_.quantile(0.999) / 1e3,
        static_cast<double>(latency_.largest()) / 1e3, cpu_ * 1e6 / std::max(calls, 1.0), cpu_ / seconds);
    std::fflush(stdout);
  }

 private:
  std::uint64_t warmup_;
  std::uint64_t length_;
  bool measuring_ = false;
  std::uint64_t started_ = 0;
  std::uint64_t ended_ = 0;
  std::uint64_t calls_ = 0;
  double cpu_ = 0;
  Histogram latency_;
};

}  // namespace bench
