#include "polyrpc/interceptors/rate_limit.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace polyrpc::interceptors {

namespace {

/// `tcp://10.0.0.1:40312` to `tcp://10.0.0.1`: every connection has a port of its own.
std::string_view host_of(std::string_view address) noexcept {
  if (address.starts_with("unix://") || address.starts_with("memory://")) return address;
  const std::size_t colon = address.rfind(':');
  const bool port = colon != std::string_view::npos && colon + 1 < address.size() &&
                    std::all_of(address.begin() + static_cast<std::ptrdiff_t>(colon) + 1, address.end(),
                                [](char c) { return c >= '0' && c <= '9'; });
  return port ? address.substr(0, colon) : address;
}

class RateLimiter {
 public:
  explicit RateLimiter(RateLimitOptions options) : options_(std::move(options)) {}

  Status admit(const Context& context) {
    const Clock::time_point now = options_.now ? options_.now() : Clock::now();
    if (options_.key) {
      const std::string key = options_.key(context);
      return take(key, now);
    }
    switch (options_.by) {
      case RateBy::peer:
        return take(host_of(context.peer().address), now);
      case RateBy::method:
        return take(context.method(), now);
      case RateBy::server:
        break;
    }
    return take({}, now);
  }

 private:
  struct Bucket {
    double tokens;
    Clock::time_point filled;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  Status take(std::string_view key, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    Bucket& bucket = bucket_of(key, now);
    fill(bucket, now);
    if (bucket.tokens < 1) return Status::resource_exhausted("polyrpc: too many calls in a short time");
    bucket.tokens -= 1;
    return {};
  }

  void fill(Bucket& bucket, Clock::time_point now) const {
    if (now <= bucket.filled) return;  // threads may come out of order
    const std::chrono::duration<double> time = now - bucket.filled;
    bucket.tokens = (std::min)(options_.burst, bucket.tokens + time.count() * options_.calls_per_second);
    bucket.filled = now;
  }

  Bucket& bucket_of(std::string_view key, Clock::time_point now) {
    if (const auto found = buckets_.find(key); found != buckets_.end()) return found->second;
    if (buckets_.size() >= options_.most_keys) forget_rested(now);
    if (buckets_.size() >= options_.most_keys) return shared_;
    return buckets_.emplace(std::string(key), Bucket{options_.burst, now}).first->second;
  }

  // A full bucket is as good as none. Looked for at most once a second, because it takes a look at all of them.
  void forget_rested(Clock::time_point now) {
    if (now - looked_ < std::chrono::seconds(1) && looked_ != Clock::time_point()) return;
    looked_ = now;
    for (auto entry = buckets_.begin(); entry != buckets_.end();) {
      fill(entry->second, now);
      entry = entry->second.tokens >= options_.burst ? buckets_.erase(entry) : std::next(entry);
    }
  }

  const RateLimitOptions options_;
  std::mutex mutex_;  // guards all below
  std::unordered_map<std::string, Bucket, Hash, std::equal_to<>> buckets_;
  Bucket shared_{options_.burst, {}};  // of those who found no place
  Clock::time_point looked_{};
};

}  // namespace

Admission rate_limit(RateLimitOptions options) {
  if (!std::isfinite(options.calls_per_second) || options.calls_per_second <= 0)
    throw std::invalid_argument("polyrpc: a rate limit needs a positive number of calls per second");
  if (!std::isfinite(options.burst) || options.burst < 1)
    throw std::invalid_argument("polyrpc: a rate limit needs a burst of at least 1");
  if (options.most_keys == 0) throw std::invalid_argument("polyrpc: a rate limit needs at least one key");
  auto limiter = std::make_shared<RateLimiter>(std::move(options));
  return [limiter](Context& context) { return limiter->admit(context); };
}

}  // namespace polyrpc::interceptors
