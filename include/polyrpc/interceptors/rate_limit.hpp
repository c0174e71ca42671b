#pragma once

#include "polyrpc/core/context.hpp"
#include "polyrpc/runtime/server_core.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace polyrpc::interceptors {

/// Whose calls share one limit.
enum class RateBy : std::uint8_t {
  peer,    ///< a host's, whatever its port; all of a Unix socket's
  method,  ///< a method's, whoever calls
  server,  ///< all
};

struct RateLimitOptions {
  double calls_per_second = 100;
  /// So many may come at once after a rest; at least 1.
  double burst = 100;
  RateBy by = RateBy::peer;
  /// Instead of `by`: the name of the limit that a call counts against, such as a user's. From any thread.
  std::function<std::string(const Context&)> key = {};
  /// Limits kept at the same time; past it newcomers share one until others have been at rest.
  std::size_t most_keys = 65536;
  /// Null: the steady clock. From any thread.
  std::function<Clock::time_point()> now = {};
};

/// An admission that refuses calls which come too fast with `resource_exhausted` (a token bucket): `server.admit(
/// rate_limit({.calls_per_second = 50, .burst = 10}))`. One limit for all threads of a server. Throws
/// `std::invalid_argument` for a rate that is not positive and finite, for a burst below 1, and for no keys.
Admission rate_limit(RateLimitOptions options = {});

}  // namespace polyrpc::interceptors
