#include "polyrpc/runtime/stats.hpp"

#include "support/catch.hpp"

#include <cstdint>

using namespace std::chrono_literals;
using polyrpc::MethodStats;
using polyrpc::StatsShard;

namespace {

MethodStats total_of(const StatsShard& shard, std::size_t method = 0) {
  MethodStats total;
  shard.add_to(method, total);
  return total;
}

}  // namespace

TEST_CASE("a method without calls has no quantiles", "[stats]") {
  const MethodStats nothing;
  CHECK(nothing.quantile(0.5) == 0us);
  CHECK(nothing.quantile(1) == 0us);
}

TEST_CASE("a duration falls into the bucket that ends above it", "[stats]") {
  const auto bucket_of = [](std::chrono::nanoseconds duration) {
    StatsShard shard(1);
    shard.time(0, duration);
    const MethodStats total = total_of(shard);
    CHECK(total.timed == 1);
    for (std::size_t i = 0; i < MethodStats::buckets; ++i)
      if (total.latency[i] == 1) return static_cast<int>(i);
    return -1;
  };
  CHECK(bucket_of(-5ns) == 0);
  CHECK(bucket_of(0ns) == 0);
  CHECK(bucket_of(999ns) == 0);
  CHECK(bucket_of(1us) == 1);
  CHECK(bucket_of(1999ns) == 1);
  CHECK(bucket_of(2us) == 2);
  CHECK(bucket_of(1024us) == 11);
  CHECK(bucket_of(1s) == 20);
  CHECK(bucket_of(24h * 365) == 31);
  CHECK(bucket_of(std::chrono::nanoseconds::max()) == 31);
}

TEST_CASE("a quantile is the upper end of the bucket it lies in", "[stats]") {
  StatsShard shard(1);
  for (int i = 0; i < 90; ++i) shard.time(0, 3us);   // below 4
  for (int i = 0; i < 9; ++i) shard.time(0, 100us);  // below 128
  shard.time(0, 5ms);                                // below 8192
  const MethodStats total = total_of(shard);
  CHECK(total.timed == 100);
  CHECK(total.quantile(0.5) == 4us);
  CHECK(total.quantile(0.9) == 4us);
  CHECK(total.quantile(0.91) == 128us);
  CHECK(total.quantile(0.99) == 128us);
  CHECK(total.quantile(0.995) == 8192us);
  CHECK(total.quantile(1) == 8192us);
}

TEST_CASE("a quantile outside 0 to 1 is that of the nearest end", "[stats]") {
  StatsShard shard(1);
  shard.time(0, 100us);
  shard.time(0, 5ms);
  const MethodStats total = total_of(shard);
  CHECK(total.quantile(0) == 128us);
  CHECK(total.quantile(-1) == 128us);
  CHECK(total.quantile(2) == 8192us);
}

TEST_CASE("calls and errors are counted for each method, and every 16th call is to be timed", "[stats]") {
  StatsShard shard(2);
  int timed = 0;
  for (int i = 0; i < 33; ++i) timed += shard.begin(0) ? 1 : 0;
  CHECK(timed == 3);
  CHECK(shard.begin(1));
  CHECK_FALSE(shard.begin(1));
  shard.error(1);
  CHECK(total_of(shard, 0).calls == 33);
  CHECK(total_of(shard, 0).errors == 0);
  CHECK(total_of(shard, 0).timed == 0);
  CHECK(total_of(shard, 1).calls == 2);
  CHECK(total_of(shard, 1).errors == 1);
}

TEST_CASE("shards are added up, and a method unknown to one adds nothing", "[stats]") {
  StatsShard first(1);
  StatsShard second(2);
  first.begin(0);
  second.begin(0);
  second.begin(1);
  second.time(0, 1us);
  MethodStats total;
  first.add_to(0, total);
  second.add_to(0, total);
  CHECK(total.calls == 2);
  CHECK(total.timed == 1);
  MethodStats other;
  first.add_to(1, other);
  second.add_to(1, other);
  CHECK(other.calls == 1);
}
