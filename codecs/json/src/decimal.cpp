#include "decimal.hpp"

#include <array>
#include <bit>
#include <cfloat>
#include <cstddef>
#include <limits>

namespace polyrpc::json {

namespace {

static_assert(std::numeric_limits<double>::is_iec559 && std::numeric_limits<double>::digits == 53);

constexpr int fraction_bits = 52;
constexpr std::uint64_t hidden_bit = std::uint64_t{1} << fraction_bits;
constexpr int bias = 1023 + fraction_bits;

struct Wide {
  std::uint64_t high, low;
};

constexpr int lowest_power = -300;  // reading takes no lower ones, writing none below -292
constexpr int highest_power = 324;

/// The first 128 bits of 10^power, cut off; the first bit is one. Powers of two make no difference, so it is 5^power.
class Powers {
 public:
  constexpr Powers() noexcept {
    Number number{};
    number[0] = 1;
    for (int power = 0; power <= highest_power; ++power) {
      at(power) = first_bits(number);
      std::uint64_t carry = 0;
      for (std::uint32_t& word : number) {
        carry += std::uint64_t{word} * 5;
        word = static_cast<std::uint32_t>(carry);
        carry >>= 32;
      }
    }
    // Whole numbers divided by five again and again, and each time cut off, are as if divided once.
    number = {};
    number.back() = 1;
    for (int power = -1; power >= lowest_power; --power) {
      std::uint64_t rest = 0;
      for (std::size_t i = number.size(); i-- > 0;) {
        rest = rest << 32 | number[i];
        number[i] = static_cast<std::uint32_t>(rest / 5);
        rest %= 5;
      }
      at(power) = first_bits(number);
    }
  }

  constexpr const Wide& operator[](int power) const noexcept {
    return words_[static_cast<std::size_t>(power - lowest_power)];
  }

 private:
  using Number =
      std::array<std::uint32_t, 33>;  // lowest first; 2^1024 has more than 128 bits left when divided by 5^300

  constexpr Wide& at(int power) noexcept { return words_[static_cast<std::size_t>(power - lowest_power)]; }

  static constexpr Wide first_bits(const Number& number) noexcept {
    std::size_t top = number.size() - 1;
    while (number[top] == 0) --top;
    std::array<std::uint64_t, 5> words{};
    for (std::size_t i = 0; i < words.size() && i <= top; ++i) words[i] = number[top - i];
    const int shift = std::countl_zero(static_cast<std::uint32_t>(words[0]));
    Wide bits{words[0] << 32 | words[1], words[2] << 32 | words[3]};
    if (shift != 0) {
      bits.high = bits.high << shift | bits.low >> (64 - shift);
      bits.low = bits.low << shift | words[4] >> (32 - shift);
    }
    return bits;
  }

  std::array<Wide, highest_power - lowest_power + 1> words_{};
};

constexpr Powers powers;
static_assert(powers[0].high == std::uint64_t{1} << 63 && powers[0].low == 0);
static_assert(powers[1].high == std::uint64_t{5} << 61 && powers[1].low == 0);
static_assert(powers[-1].high == 0xcccccccccccccccc && powers[-1].low == 0xcccccccccccccccc);

/// Up to here a power is exact.
constexpr int exact_power = 55;
static_assert(powers[exact_power].low != 0 && powers[exact_power + 1].low != 0);

#if defined(__SIZEOF_INT128__)
__extension__ using Int128 = unsigned __int128;

Wide multiply(std::uint64_t a, std::uint64_t b) noexcept {
  const Int128 product = Int128{a} * b;
  return {static_cast<std::uint64_t>(product >> 64), static_cast<std::uint64_t>(product)};
}
#else
Wide multiply(std::uint64_t a, std::uint64_t b) noexcept {
  const std::uint64_t a_low = a & 0xffffffff, a_high = a >> 32, b_low = b & 0xffffffff, b_high = b >> 32;
  const std::uint64_t low = a_low * b_low, one = a_high * b_low, other = a_low * b_high;
  const std::uint64_t middle = (low >> 32) + (one & 0xffffffff) + (other & 0xffffffff);
  return {a_high * b_high + (one >> 32) + (other >> 32) + (middle >> 32), middle << 32 | (low & 0xffffffff)};
}
#endif

// Floors of logarithms as products: right for all exponents that a double has (Giulietti, section 8).
constexpr int floor_log10_pow2(int exponent) noexcept { return (exponent * 1262611) >> 22; }
constexpr int floor_log10_three_quarters_pow2(int exponent) noexcept { return (exponent * 1262611 - 524031) >> 22; }
constexpr int floor_log2_pow10(int power) noexcept { return (power * 1741647) >> 19; }

/// The product's first 64 bits, the last of them set if any of those behind was.
std::uint64_t round_to_odd(const Wide& power, std::uint64_t factor) noexcept {
  const Wide low = multiply(power.low, factor);
  const Wide high = multiply(power.high, factor);
  const std::uint64_t middle = high.low + low.high;
  const std::uint64_t top = high.high + (middle < low.high ? 1 : 0);
  return top | (middle > 1 ? 1 : 0);
}

}  // namespace

Decimal shortest(double value) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const std::uint64_t fraction = bits & (hidden_bit - 1);
  const auto biased = static_cast<int>(bits >> fraction_bits);
  const std::uint64_t c = biased != 0 ? fraction | hidden_bit : fraction;
  const int q = biased != 0 ? biased - bias : 1 - bias;

  if (q <= 0 && q > -fraction_bits - 1 && (c & ((std::uint64_t{1} << -q) - 1)) == 0) return {c >> -q, 0};

  // The interval of what reads back as `value`, in quarters of its last place.
  const bool is_even = c % 2 == 0;
  const bool lower_is_closer = fraction == 0 && biased > 1;
  const std::uint64_t left = 4 * c - 2 + (lower_is_closer ? 1 : 0);
  const std::uint64_t right = 4 * c + 2;

  const int k = lower_is_closer ? floor_log10_three_quarters_pow2(q) : floor_log10_pow2(q);
  const int shift = q + floor_log2_pow10(-k) + 1;
  Wide power = powers[-k];
  // The paper's powers are rounded up.
  if (-k < 0 || -k > exact_power) {
    ++power.low;
    if (power.low == 0) ++power.high;
  }
  const std::uint64_t lower = round_to_odd(power, left << shift) + (is_even ? 0 : 1);
  const std::uint64_t middle = round_to_odd(power, 4 * c << shift);
  const std::uint64_t upper = round_to_odd(power, right << shift) - (is_even ? 0 : 1);

  const std::uint64_t s = middle / 4;
  if (s >= 10) {
    const std::uint64_t tens = s / 10;
    const bool below = lower <= 40 * tens;
    const bool above = 40 * tens + 40 <= upper;
    if (below != above) return {tens + (above ? 1 : 0), k + 1};
  }
  const bool below = lower <= 4 * s;
  const bool above = 4 * s + 4 <= upper;
  if (below != above) return {s + (above ? 1 : 0), k};
  const std::uint64_t half = 4 * s + 2;
  return {s + (middle > half || (middle == half && s % 2 != 0) ? 1 : 0), k};
}

bool closest(Decimal decimal, double& value) noexcept {
  const auto [digits, power] = decimal;
  if (digits == 0) {
    value = 0;
    return true;
  }
  // Both are exact as doubles, so that the one operation rounds right. (W. Clinger, 1990.)
  static constexpr std::array<double, 23> exact{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr int last_exact = exact.size() - 1;
  if constexpr (FLT_EVAL_METHOD == 0) {
    if (digits <= 2 * hidden_bit && power >= -last_exact && power <= last_exact) {
      const auto whole = static_cast<double>(digits);
      value =
          power < 0 ? whole / exact[static_cast<std::size_t>(-power)] : whole * exact[static_cast<std::size_t>(power)];
      return true;
    }
  }
  if (power < lowest_power || power > 288) return false;

  const int leading = std::countl_zero(digits);
  const std::uint64_t w = digits << leading;
  const Wide& factor = powers[power];
  // The table is cut off, where the proof has small negative powers rounded up.
  Wide product = multiply(w, factor.high);
  constexpr std::uint64_t precision_mask = ~std::uint64_t{0} >> (fraction_bits + 3);
  if ((product.high & precision_mask) == precision_mask) {
    const std::uint64_t low_factor = factor.low + (power < 0 && power >= -27 ? 1 : 0);
    const Wide second = multiply(w, low_factor);
    product.low += second.high;
    if (product.low < second.high) ++product.high;
    if (product.low == ~std::uint64_t{0} && (power < -27 || power > exact_power)) return false;
  }
  const auto upper_bit = static_cast<int>(product.high >> 63);
  const int drop = upper_bit + 64 - fraction_bits - 3;
  std::uint64_t mantissa = product.high >> drop;
  int exponent = ((217706 * power) >> 16) + 63 + upper_bit - leading + 1023;
  if (exponent <= 0) return false;
  // Halfway between two doubles: to the even one.
  if (product.low <= 1 && power >= -4 && power <= 23 && (mantissa & 3) == 1 && mantissa << drop == product.high)
    mantissa &= ~std::uint64_t{1};
  mantissa += mantissa & 1;
  mantissa >>= 1;
  if (mantissa >= 2 * hidden_bit) {
    mantissa = hidden_bit;
    ++exponent;
  }
  if (exponent >= 0x7ff) return false;
  value = std::bit_cast<double>((mantissa & ~hidden_bit) | static_cast<std::uint64_t>(exponent) << fraction_bits);
  return true;
}

}  // namespace polyrpc::json
