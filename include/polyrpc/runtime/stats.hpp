#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace polyrpc {

/// What is known of one method's calls: how many, how many failed, how long they took.
struct MethodStats {
  std::string name;
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  /// Durations fall into buckets that double: bucket i holds those below 2^i microseconds and not below 2^(i-1).
  static constexpr std::size_t buckets = 32;
  std::array<std::uint64_t, buckets> latency{};
  /// Of plain handlers only every 16th call is timed.
  std::uint64_t timed = 0;

  /// The upper end of the bucket in which that share (0 to 1) of the timed calls lies; zero if none was timed.
  std::chrono::microseconds quantile(double share) const noexcept;
};

/// One thread's counters, written by that thread alone and read by any: nothing is shared on the way of a call.
class StatsShard {
 public:
  explicit StatsShard(std::size_t methods) : cells_(std::make_unique<Cell[]>(methods)), count_(methods) {}

  /// Whether this call should be timed.
  bool begin(std::size_t method) noexcept {
    const std::uint64_t calls = bump(cells_[method].calls);
    return calls % 16 == 0;
  }
  void error(std::size_t method) noexcept { bump(cells_[method].errors); }
  void time(std::size_t method, std::chrono::nanoseconds duration) noexcept {
    const auto micros = static_cast<std::uint64_t>(duration.count() > 0 ? duration.count() : 0) / 1000;
    const auto bucket = static_cast<std::size_t>(std::bit_width(micros));
    bump(cells_[method].latency[bucket < MethodStats::buckets ? bucket : MethodStats::buckets - 1]);
  }
  void add_to(std::size_t method, MethodStats& total) const noexcept;

 private:
  struct alignas(64) Cell {  // each loop its own cache lines
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> errors{0};
    std::array<std::atomic<std::uint64_t>, MethodStats::buckets> latency{};
  };
  static std::uint64_t bump(std::atomic<std::uint64_t>& counter) noexcept {
    const std::uint64_t old = counter.load(std::memory_order_relaxed);
    counter.store(old + 1, std::memory_order_relaxed);
    return old;
  }

  std::unique_ptr<Cell[]> cells_;
  std::size_t count_;
};

}  // namespace polyrpc
