#include "polyrpc/core/time.hpp"

#include "support/catch.hpp"

#include <cstdint>
#include <limits>
#include <random>
#include <ratio>

using namespace std::chrono;
using polyrpc::Time;

namespace {

Time at(std::int64_t seconds, std::int32_t nanoseconds = 0) {
  Time time;
  time.unix_seconds = seconds;
  time.nanoseconds = nanoseconds;
  return time;
}

constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
constexpr std::int64_t least = (std::numeric_limits<std::int64_t>::min)();

using picoseconds = duration<std::int64_t, std::pico>;
using small_seconds = duration<std::int32_t>;
using small_milliseconds = duration<std::int32_t, std::milli>;
using unsigned_seconds = duration<std::uint64_t>;
using real_seconds = duration<double>;

}  // namespace

TEST_CASE("a new time is Go's zero time", "[time]") {
  const Time zero;
  CHECK(zero.is_zero());
  CHECK(zero.unix_seconds == -62135596800);
  CHECK_FALSE(zero.offset_seconds.has_value());
  CHECK_FALSE(at(0).is_zero());
  CHECK_FALSE(at(Time::zero_seconds, 1).is_zero());
  // The first of January of year 1, reckoned by the standard library.
  CHECK(sys_days(year(1) / 1 / 1).time_since_epoch() == duration_cast<days>(seconds(Time::zero_seconds)));
}

TEST_CASE("a system time becomes seconds and nanoseconds, rounded down", "[time]") {
  CHECK(polyrpc::to_time(sys_time<nanoseconds>(nanoseconds(0))) == at(0));
  CHECK(polyrpc::to_time(sys_time<nanoseconds>(nanoseconds(1'500'000'001))) == at(1, 500'000'001));
  CHECK(polyrpc::to_time(sys_time<nanoseconds>(nanoseconds(-1))) == at(-1, 999'999'999));
  CHECK(polyrpc::to_time(sys_time<nanoseconds>(nanoseconds(-1'000'000'000))) == at(-1));
  CHECK(polyrpc::to_time(sys_time<milliseconds>(milliseconds(-1))) == at(-1, 999'000'000));
  CHECK(polyrpc::to_time(sys_time<seconds>(seconds(-7))) == at(-7));
  CHECK(polyrpc::to_time(sys_time<minutes>(minutes(-7))) == at(-420));
  CHECK(polyrpc::to_time(sys_days(1970y / 1 / 2)) == at(86400));
  CHECK(polyrpc::to_time(sys_time<picoseconds>(picoseconds(-1))) == at(-1, 999'999'999));
  CHECK(polyrpc::to_time(sys_time<real_seconds>(real_seconds(2.25))) == at(2, 250'000'000));
  CHECK(polyrpc::to_time(sys_time<real_seconds>(real_seconds(-2.25))) == at(-3, 750'000'000));
  CHECK(polyrpc::to_time(sys_time<real_seconds>(real_seconds(-1e-30))) == at(-1, 999'999'999));
}

TEST_CASE("the ends of a system time's range become the right time", "[time]") {
  CHECK(polyrpc::to_time(sys_time<nanoseconds>(nanoseconds(most))) == at(9'223'372'036, 854'775'807));
  CHECK(polyrpc::to_time(sys_time<nanoseconds>(nanoseconds(least))) == at(-9'223'372'037, 145'224'192));
  CHECK(polyrpc::to_time(sys_time<seconds>(seconds(most))) == at(most));
  CHECK(polyrpc::to_time(sys_time<seconds>(seconds(least))) == at(least));
  CHECK(polyrpc::to_time(sys_time<hours>(hours(most))) == at(most));
  CHECK(polyrpc::to_time(sys_time<hours>(hours(least))) == at(least));
  CHECK(polyrpc::to_time(sys_time<real_seconds>(real_seconds(1e300))) == at(most));
  CHECK(polyrpc::to_time(sys_time<real_seconds>(real_seconds(-1e300))) == at(least));
}

TEST_CASE("a time becomes a system time of any unit, rounded down", "[time]") {
  CHECK(polyrpc::to_sys_time<nanoseconds>(at(1, 5)) == sys_time<nanoseconds>(nanoseconds(1'000'000'005)));
  CHECK(polyrpc::to_sys_time<nanoseconds>(at(-1, 999'999'999)) == sys_time<nanoseconds>(nanoseconds(-1)));
  CHECK(polyrpc::to_sys_time<milliseconds>(at(1, 1'999'999)) == sys_time<milliseconds>(milliseconds(1001)));
  CHECK(polyrpc::to_sys_time<seconds>(at(-1, 999'999'999)) == sys_time<seconds>(seconds(-1)));
  CHECK(polyrpc::to_sys_time<minutes>(at(119)) == sys_time<minutes>(minutes(1)));
  CHECK(polyrpc::to_sys_time<minutes>(at(-1)) == sys_time<minutes>(minutes(-1)));
  CHECK(polyrpc::to_sys_time<minutes>(at(-60)) == sys_time<minutes>(minutes(-1)));
  CHECK(polyrpc::to_sys_time<minutes>(at(-61)) == sys_time<minutes>(minutes(-2)));
  CHECK(polyrpc::to_sys_time<picoseconds>(at(1, 1)).value().time_since_epoch() == picoseconds(1'000'000'001'000));
  CHECK(polyrpc::to_sys_time<real_seconds>(at(-3, 750'000'000)).value().time_since_epoch() == real_seconds(-2.25));
}

TEST_CASE("a time that does not fit a system time's unit is refused", "[time]") {
  CHECK_FALSE(polyrpc::to_sys_time<nanoseconds>(Time()).has_value());  // year 1 is out of the range of nanoseconds
  CHECK(polyrpc::to_sys_time<microseconds>(Time()).has_value());
  CHECK_FALSE(polyrpc::to_sys_time<nanoseconds>(at(9'223'372'036, 854'775'808)).has_value());
  CHECK_FALSE(polyrpc::to_sys_time<nanoseconds>(at(-9'223'372'037, 145'224'191)).has_value());
  CHECK_FALSE(polyrpc::to_sys_time<nanoseconds>(at(-9'223'372'037, 0)).has_value());
  CHECK_FALSE(polyrpc::to_sys_time<nanoseconds>(at(most, 999'999'999)).has_value());
  CHECK_FALSE(polyrpc::to_sys_time<nanoseconds>(at(least)).has_value());
  CHECK_FALSE(polyrpc::to_sys_time<small_seconds>(at(std::int64_t{1} << 31)).has_value());
  CHECK(polyrpc::to_sys_time<small_seconds>(at((std::int64_t{1} << 31) - 1)).has_value());
  CHECK_FALSE(polyrpc::to_sys_time<unsigned_seconds>(at(-1)).has_value());
  CHECK_FALSE(polyrpc::to_sys_time<nanoseconds>(at(0, -1)).has_value());
  CHECK_FALSE(polyrpc::to_sys_time<nanoseconds>(at(0, 1'000'000'000)).has_value());
}

TEST_CASE("every system time survives the way to a time and back", "[time]") {
  const auto survives = [](auto time) {
    using Duration = typename decltype(time)::duration;
    return polyrpc::to_sys_time<Duration>(polyrpc::to_time(time)) == time;
  };
  for (const std::int64_t edge : {most, most - 1, least, least + 1, std::int64_t{-1}, std::int64_t{0}}) {
    CHECK(survives(sys_time<nanoseconds>(nanoseconds(edge))));
    CHECK(survives(sys_time<microseconds>(microseconds(edge))));
    CHECK(survives(sys_time<milliseconds>(milliseconds(edge))));
    CHECK(survives(sys_time<seconds>(seconds(edge))));
  }
  std::mt19937_64 random(7);
  for (int i = 0; i < 1000; ++i) {
    const auto any = static_cast<std::int64_t>(random()) >> (random() % 63);
    REQUIRE(survives(sys_time<nanoseconds>(nanoseconds(any))));
    REQUIRE(survives(sys_time<milliseconds>(milliseconds(any))));
    REQUIRE(survives(sys_time<days>(days(any / 100'000))));
  }
}

TEST_CASE("a duration becomes nanoseconds exactly, up to their ends", "[time]") {
  CHECK(polyrpc::to_nanoseconds(nanoseconds(most)) == most);
  CHECK(polyrpc::to_nanoseconds(nanoseconds(least)) == least);
  CHECK(polyrpc::to_nanoseconds(nanoseconds(most - 3)) == most - 3);
  CHECK(polyrpc::to_nanoseconds(seconds(9'223'372'036)) == 9'223'372'036'000'000'000);
  CHECK(polyrpc::to_nanoseconds(seconds(9'223'372'037)) == most);
  CHECK(polyrpc::to_nanoseconds(seconds(-9'223'372'036)) == -9'223'372'036'000'000'000);
  CHECK(polyrpc::to_nanoseconds(seconds(-9'223'372'037)) == least);
  CHECK(polyrpc::to_nanoseconds(hours(most)) == most);
  CHECK(polyrpc::to_nanoseconds(hours(least)) == least);
  CHECK(polyrpc::to_nanoseconds(unsigned_seconds(~std::uint64_t{0})) == most);
  CHECK(polyrpc::to_nanoseconds(picoseconds(1999)) == 1);
  CHECK(polyrpc::to_nanoseconds(picoseconds(-1999)) == -1);
  CHECK(polyrpc::to_nanoseconds(real_seconds(1.5)) == 1'500'000'000);
  CHECK(polyrpc::to_nanoseconds(real_seconds(-1.5)) == -1'500'000'000);
  CHECK(polyrpc::to_nanoseconds(real_seconds(1e300)) == most);
  CHECK(polyrpc::to_nanoseconds(real_seconds(-1e300)) == least);
  CHECK(polyrpc::to_nanoseconds(real_seconds(std::numeric_limits<double>::quiet_NaN())) == 0);
}

TEST_CASE("nanoseconds become a duration, or nothing where it can't hold them", "[time]") {
  CHECK(polyrpc::from_nanoseconds<nanoseconds>(least) == nanoseconds(least));
  CHECK(polyrpc::from_nanoseconds<milliseconds>(1'999'999) == milliseconds(1));
  CHECK(polyrpc::from_nanoseconds<milliseconds>(-1'999'999) == milliseconds(-1));
  CHECK(polyrpc::from_nanoseconds<real_seconds>(1'500'000'000) == real_seconds(1.5));
  CHECK(polyrpc::from_nanoseconds<small_milliseconds>(std::int64_t{2'147'483'647} * 1'000'000) ==
        small_milliseconds(2'147'483'647));
  CHECK_FALSE(polyrpc::from_nanoseconds<small_milliseconds>(std::int64_t{2'147'483'648} * 1'000'000).has_value());
  CHECK_FALSE(polyrpc::from_nanoseconds<small_milliseconds>(most).has_value());
  CHECK(polyrpc::from_nanoseconds<picoseconds>(9'223'372'036'854'775) == picoseconds(9'223'372'036'854'775'000));
  CHECK_FALSE(polyrpc::from_nanoseconds<picoseconds>(9'223'372'036'854'776).has_value());
  CHECK_FALSE(polyrpc::from_nanoseconds<picoseconds>(least).has_value());
  CHECK_FALSE(polyrpc::from_nanoseconds<unsigned_seconds>(-1'000'000'000).has_value());
  CHECK(polyrpc::from_nanoseconds<unsigned_seconds>(-1) == unsigned_seconds(0));
}
