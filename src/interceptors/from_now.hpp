#pragma once

#include "polyrpc/core/context.hpp"

#include <chrono>

namespace polyrpc::interceptors {

/// So long from now, or the end of all time.
inline Clock::time_point from_now(std::chrono::nanoseconds time) {
  const Clock::time_point now = Clock::now();
  return time > Clock::time_point::max() - now ? Clock::time_point::max()
                                               : now + std::chrono::duration_cast<Clock::duration>(time);
}

/// Gives the call a deadline no later than that.
inline void bring_forward(Context& context, Clock::time_point deadline) {
  const auto known = context.deadline();
  if (!known || deadline < *known) context.set_deadline(deadline);
}

}  // namespace polyrpc::interceptors
