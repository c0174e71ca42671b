#pragma once

#include "polyrpc/core/status.hpp"
#include "polyrpc/runtime/client_options.hpp"
#include "polyrpc/runtime/interceptor.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

namespace polyrpc::interceptors {

struct RetryOptions {
  /// How often a call is made at most, the first time included; at least 1.
  std::size_t attempts = 3;
  /// Errors that another attempt may mend.
  std::vector<StatusCode> codes = {StatusCode::unavailable};
  /// How long to rest after the n-th failure.
  Backoff backoff{std::chrono::milliseconds(50), std::chrono::milliseconds(2000), 2.0, 0.2};
  /// Null: evenly distributed over 0 to 1. From any thread.
  std::function<double()> random = {};
};

/// How long to rest after so many failures in a row; `random` is from 0 to 1.
std::chrono::nanoseconds retry_pause(const Backoff& backoff, std::size_t failures, double random) noexcept;

/// Makes a client's call again when it failed with one of the codes: `client.intercept(retry())`. Ends with the last
/// error when the attempts are used up or the deadline would pass during the rest. A server may have begun with a call
/// that failed: retry only what may be done twice. Throws `std::invalid_argument` for no attempts.
Interceptor retry(RetryOptions options = {});

}  // namespace polyrpc::interceptors
