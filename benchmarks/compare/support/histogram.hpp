#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

/// Counts durations in nanoseconds, exact to 1.6 %: 64 buckets for every power of two.
class Histogram {
 public:
  Histogram() : counts_(buckets) {}

  void add(std::uint64_t nanoseconds, std::uint64_t times) {
    counts_[bucket_of(nanoseconds)] += times;
    total_ += times;
    sum_ += static_cast<double>(nanoseconds) * static_cast<double>(times);
    if (nanoseconds > largest_) largest_ = nanoseconds;
  }

  void clear() { *this = Histogram(); }

  /// The duration that `share` of all do not exceed, 0 if there are none.
  double quantile(double share) const {
    const double wanted = share * static_cast<double>(total_);
    double seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] == 0) continue;
      seen += static_cast<double>(counts_[i]);
      if (seen >= wanted) return middle_of(i);
    }
    return static_cast<double>(largest_);
  }

  double mean() const { return total_ == 0 ? 0 : sum_ / static_cast<double>(total_); }
  std::uint64_t largest() const { return largest_; }

 private:
  static constexpr unsigned fine_bits = 6;
  static constexpr std::size_t fine = std::size_t{1} << fine_bits;
  static constexpr std::size_t buckets = (64 - fine_bits + 1) * fine;

  static std::size_t bucket_of(std::uint64_t value) {
    if (value < fine) return static_cast<std::size_t>(value);
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - fine_bits - 1;
    return (std::size_t{shift} << fine_bits) + static_cast<std::size_t>(value >> shift);
  }

  static double middle_of(std::size_t bucket) {
    if (bucket < 2 * fine) return static_cast<double>(bucket);
    const std::size_t shift = (bucket >> fine_bits) - 1;
    const std::uint64_t first = static_cast<std::uint64_t>(bucket - (shift << fine_bits)) << shift;
    return static_cast<double>(first) + static_cast<double>(std::uint64_t{1} << shift) / 2;
  }

  std::vector<std::uint64_t> counts_;
  std::uint64_t total_ = 0;
  std::uint64_t largest_ = 0;
  double sum_ = 0;
};

}  // namespace bench
