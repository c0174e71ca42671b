#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <ratio>
#include <type_traits>
#include <utility>

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

namespace detail {

inline constexpr std::int64_t nanos_per_second = 1'000'000'000;

/// `count * numerator / denominator`, rounded towards zero; nothing if it leaves the range.
template <class Rep>
constexpr std::optional<std::int64_t> scaled(Rep count, std::int64_t numerator, std::int64_t denominator) noexcept {
  using Wide = std::conditional_t<std::is_signed_v<Rep>, std::int64_t, std::uint64_t>;
  constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
  constexpr std::int64_t least = (std::numeric_limits<std::int64_t>::min)();
  const auto unit = static_cast<Wide>(denominator);
  const Wide whole = static_cast<Wide>(count) / unit;
  const auto rest = static_cast<std::int64_t>(static_cast<Wide>(count) % unit) * numerator / denominator;
  if (std::cmp_greater(whole, most / numerator) || std::cmp_less(whole, least / numerator)) return std::nullopt;
  const std::int64_t product = static_cast<std::int64_t>(whole) * numerator;
  if (rest > 0 ? product > most - rest : product < least - rest) return std::nullopt;
  return product + rest;
}

template <class Rep>
constexpr std::int64_t saturated(std::optional<std::int64_t> value, Rep count) noexcept {
  if (value) return *value;
  return count > Rep{0} ? (std::numeric_limits<std::int64_t>::max)() : (std::numeric_limits<std::int64_t>::min)();
}

/// The nearest that fits; 0 for what is no number.
constexpr std::int64_t saturated(long double value) noexcept {
  constexpr long double limit = 9223372036854775808.0L;  // 2^63
  if (value != value) return 0;
  if (value >= limit) return (std::numeric_limits<std::int64_t>::max)();
  if (value < -limit) return (std::numeric_limits<std::int64_t>::min)();
  return static_cast<std::int64_t>(value);
}

}  // namespace detail

/// `duration` in nanoseconds, rounded towards zero; the nearest that fits if it is out of their range.
template <class Rep, class Period>
constexpr std::int64_t to_nanoseconds(std::chrono::duration<Rep, Period> duration) noexcept {
  using Factor = std::ratio_divide<Period, std::nano>;
  if constexpr (std::is_floating_point_v<Rep>)
    return detail::saturated(static_cast<long double>(duration.count()) * Factor::num / Factor::den);
  else
    return detail::saturated(detail::scaled(duration.count(), Factor::num, Factor::den), duration.count());
}

/// So many nanoseconds, rounded towards zero, or nothing if `Duration` can't hold them.
template <class Duration>
constexpr std::optional<Duration> from_nanoseconds(std::int64_t nanoseconds) noexcept {
  using Rep = typename Duration::rep;
  using Factor = std::ratio_divide<std::nano, typename Duration::period>;
  if constexpr (std::is_floating_point_v<Rep>) {
    return Duration(static_cast<Rep>(static_cast<long double>(nanoseconds) * Factor::num / Factor::den));
  } else {
    const auto count = detail::scaled(nanoseconds, Factor::num, Factor::den);
    if (!count || !std::in_range<Rep>(*count)) return std::nullopt;
    return Duration(static_cast<Rep>(*count));
  }
}

/// `time` as a `Time` in UTC; the nearest that fits if it is out of its range.
template <class Duration>
constexpr Time to_time(std::chrono::sys_time<Duration> time) noexcept {
  using Rep = typename Duration::rep;
  using Period = typename Duration::period;
  const Rep count = time.time_since_epoch().count();
  Time result;
  if constexpr (std::is_floating_point_v<Rep>) {
    const long double seconds = static_cast<long double>(count) * Period::num / Period::den;
    result.unix_seconds = detail::saturated(seconds);
    const long double rest = seconds - static_cast<long double>(result.unix_seconds);
    if (rest < 0 && rest > -1) {
      --result.unix_seconds;
      result.nanoseconds = static_cast<std::int32_t>((rest + 1) * detail::nanos_per_second);
      if (result.nanoseconds == detail::nanos_per_second) --result.nanoseconds;
    } else if (rest > 0 && rest < 1) {
      result.nanoseconds = static_cast<std::int32_t>(rest * detail::nanos_per_second);
    }
  } else {
    using Wide = std::conditional_t<std::is_signed_v<Rep>, std::int64_t, std::uint64_t>;
    static_assert(Period::num == 1 || Period::den == 1, "polyrpc: this unit of time is not a simple one");
    result.unix_seconds = detail::saturated(detail::scaled(count, Period::num, Period::den), count);
    if constexpr (Period::den != 1) {
      auto rest = static_cast<std::int64_t>(static_cast<Wide>(count) % static_cast<Wide>(Period::den));
      if (rest < 0) {
        rest += Period::den;
        --result.unix_seconds;
      }
      using Factor = std::ratio_divide<Period, std::nano>;
      result.nanoseconds = static_cast<std::int32_t>(*detail::scaled(rest, Factor::num, Factor::den));
    }
  }
  return result;
}

/// `time` in units of `Duration` since the epoch, rounded down, or nothing if it does not fit.
template <class Duration>
constexpr std::optional<std::chrono::sys_time<Duration>> to_sys_time(const Time& time) noexcept {
  using Rep = typename Duration::rep;
  using Period = typename Duration::period;
  if (time.nanoseconds < 0 || time.nanoseconds >= detail::nanos_per_second) return std::nullopt;
  if constexpr (std::is_floating_point_v<Rep>) {
    const long double seconds = static_cast<long double>(time.unix_seconds) +
                                static_cast<long double>(time.nanoseconds) / detail::nanos_per_second;
    return std::chrono::sys_time<Duration>(Duration(static_cast<Rep>(seconds * Period::den / Period::num)));
  } else {
    static_assert(Period::num == 1 || Period::den == 1, "polyrpc: this unit of time is not a simple one");
    using Factor = std::ratio_divide<std::nano, std::ratio<1, Period::den>>;
    std::int64_t part = *detail::scaled(time.nanoseconds, Factor::num, Factor::den);
    std::int64_t whole = time.unix_seconds;
    if constexpr (Period::num != 1) {
      const std::int64_t below = whole % Period::num < 0 ? 1 : 0;
      whole = whole / Period::num - below;
    } else if (whole < 0 && part > 0) {  // a step towards zero, so that the smallest value does not overflow half-way
      ++whole;
      part -= Period::den;
    }
    const auto units = detail::scaled(whole, Period::den, 1);
    constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
    constexpr std::int64_t least = (std::numeric_limits<std::int64_t>::min)();
    if (!units || (part > 0 ? *units > most - part : *units < least - part)) return std::nullopt;
    const std::int64_t count = *units + part;
    if (!std::in_range<Rep>(count)) return std::nullopt;
    return std::chrono::sys_time<Duration>(Duration(static_cast<Rep>(count)));
  }
}

}  // namespace polyrpc
