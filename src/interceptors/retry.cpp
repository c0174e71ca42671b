#include "polyrpc/interceptors/retry.hpp"

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <stdexcept>
#include <utility>

namespace polyrpc::interceptors {

namespace {

double usual_random() {
  static thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

bool may_mend(const RetryOptions& options, const Status& status) {
  return std::find(options.codes.begin(), options.codes.end(), status.code()) != options.codes.end();
}

Awaitable<Status> repeated(InterceptedCall& call, Next next, std::shared_ptr<const RetryOptions> options) {
  for (std::size_t made = 1;; ++made) {
    Status status = co_await next(call);
    if (status.ok() || made >= options->attempts || !may_mend(*options, status)) co_return status;
    if (call.context().cancelled()) co_return status;
    const double random = options->random ? options->random() : usual_random();
    const auto pause = std::chrono::duration_cast<Clock::duration>(retry_pause(options->backoff, made, random));
    const auto left = call.context().time_left();
    if (left && *left <= pause) co_return status;
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, pause);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

}  // namespace

std::chrono::nanoseconds retry_pause(const Backoff& backoff, std::size_t failures, double random) noexcept {
  const double initial = std::chrono::duration<double>(backoff.initial).count();
  const double most = std::chrono::duration<double>(backoff.max).count();
  const double exponent = failures == 0 ? 0 : static_cast<double>(failures - 1);
  // The comparison also catches an infinite product.
  double seconds = initial * std::pow(backoff.multiplier, exponent);
  if (!(seconds < most)) seconds = most;
  seconds *= 1 + backoff.jitter * (2 * random - 1);
  return std::chrono::nanoseconds(static_cast<std::int64_t>((std::max)(seconds, 0.0) * 1e9));
}

Interceptor retry(RetryOptions options) {
  if (options.attempts == 0) throw std::invalid_argument("polyrpc: retry needs at least one attempt");
  auto shared = std::make_shared<const RetryOptions>(std::move(options));
  return [shared](InterceptedCall& call, Next next) { return repeated(call, next, shared); };
}

}  // namespace polyrpc::interceptors
