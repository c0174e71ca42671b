#pragma once

#include <cstdint>

// Between binary and decimal floating point, without a library's call: the two steps that cost most where JSON is
// numbers.
namespace polyrpc::json {

/// digits x 10^power.
struct Decimal {
  std::uint64_t digits = 0;
  int power = 0;
};

/// The shortest decimal that reads back as `value`, the closest of those; it may end in zeros. `value` is finite,
/// greater than zero. (R. Giulietti, "The Schubfach way to render doubles", 2020.)
Decimal shortest(double value) noexcept;

/// The double closest to a decimal, halves to even. False where that takes more than 128 bits of the power of ten, or
/// where the double is subnormal or too big: those few are for a slower way. (D. Lemire, "Number parsing at a gigabyte
/// per second", 2021.)
bool closest(Decimal decimal, double& value) noexcept;

}  // namespace polyrpc::json
