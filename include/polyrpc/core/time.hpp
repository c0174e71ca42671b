#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

namespace polyrpc {

/// A point in time as Go's `time.Time` sends it: seconds and nanoseconds apart, so that every year fits, and the zone's
/// offset. `std::chrono::sys_time` of any unit may be used instead where its range suffices.
struct Time {
  std::int64_t unix_seconds = zero_seconds;    ///< since 1970-01-01T00:00:00Z; wraps like Go's for far years
  std::int32_t nanoseconds = 0;                ///< 0 to 999,999,999
  std::optional<std::int32_t> offset_seconds;  ///< east of UTC; nothing means UTC itself

  /// Go's zero time, year 1, January 1, 00:00 UTC, in Unix seconds.
  static constexpr std::int64_t zero_seconds = -62135596800;

  bool is_zero() const noexcept { return unix_seconds == zero_seconds && nanoseconds == 0; }

  friend bool operator==(const Time&, const Time&) = default;
};

/// `time` as a `Time` in UTC.
template <class Duration>
constexpr Time to_time(std::chrono::sys_time<Duration> time) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(time - seconds);
  Time result;
  result.unix_seconds = static_cast<std::int64_t>(seconds.time_since_epoch().count());
  result.nanoseconds = static_cast<std::int32_t>(rest.count());
  return result;
}

/// `time` in units of `Duration` since the epoch, or nothing if it does not fit.
template <class Duration>
constexpr std::optional<std::chrono::sys_time<Duration>> to_sys_time(const Time& time) noexcept {
  using Rep = typename Duration::rep;
  using Period = typename Duration::period;
  // Scaled in long double only to see whether it fits; the value itself is computed in integers.
  const long double units = static_cast<long double>(time.unix_seconds) * Period::den / Period::num;
  if constexpr (std::is_integral_v<Rep>) {
    if (units >= static_cast<long double>((std::numeric_limits<Rep>::max)()) ||
        units <= static_cast<long double>((std::numeric_limits<Rep>::min)()))
      return std::nullopt;
  }
  const auto whole = std::chrono::duration_cast<Duration>(std::chrono::duration<std::int64_t>(time.unix_seconds));
  const auto part = std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(time.nanoseconds));
  return std::chrono::sys_time<Duration>(whole + part);
}

}  // namespace polyrpc
