#include "polyrpc/runtime/stats.hpp"

#include <algorithm>

namespace polyrpc {

std::chrono::microseconds MethodStats::quantile(double share) const noexcept {
  if (timed == 0) return std::chrono::microseconds(0);
  // At least the first of them and at most the last.
  const double count = static_cast<double>(timed);
  const double wanted = (std::min)((std::max)(share * count, 1.0), count);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    seen += latency[i];
    if (static_cast<double>(seen) >= wanted) return std::chrono::microseconds(std::int64_t{1} << i);
  }
  return std::chrono::microseconds(std::int64_t{1} << (buckets - 1));
}

void StatsShard::add_to(std::size_t method, MethodStats& total) const noexcept {
  if (method >= count_) return;
  const Cell& cell = cells_[method];
  total.calls += cell.calls.load(std::memory_order_relaxed);
  total.errors += cell.errors.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < MethodStats::buckets; ++i) {
    const std::uint64_t count = cell.latency[i].load(std::memory_order_relaxed);
    total.latency[i] += count;
    total.timed += count;
  }
}

}  // namespace polyrpc
