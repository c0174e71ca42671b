#include "polyrpc/codecs/gob.hpp"

#include <algorithm>

namespace polyrpc::gob {

namespace {

// Version 1, shifted left by one; the sign is the low bit (math/big, `Int.GobEncode`).
constexpr std::byte version{1 << 1};
constexpr std::byte sign{1};

}  // namespace

BigInt::BigInt(std::int64_t value) : negative(value < 0) {
  auto rest = static_cast<std::uint64_t>(value);
  if (negative) rest = ~rest + 1;
  for (; rest != 0; rest >>= 8) magnitude.insert(magnitude.begin(), static_cast<std::byte>(rest));
}

std::optional<std::int64_t> BigInt::to_int64() const noexcept {
  const auto first = std::find_if(magnitude.begin(), magnitude.end(), [](std::byte b) { return b != std::byte{0}; });
  if (magnitude.end() - first > 8) return std::nullopt;
  std::uint64_t size = 0;
  for (auto byte = first; byte != magnitude.end(); ++byte) size = size << 8 | static_cast<std::uint8_t>(*byte);
  constexpr std::uint64_t limit = std::uint64_t{1} << 63;
  if (size > limit || (size == limit && !negative)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? ~size + 1 : size);
}

std::vector<std::byte> BigInt::gob_encode() const {
  const auto first = std::find_if(magnitude.begin(), magnitude.end(), [](std::byte b) { return b != std::byte{0}; });
  std::vector<std::byte> bytes(static_cast<std::size_t>(magnitude.end() - first) + 1);
  bytes[0] = negative && first != magnitude.end() ? version | sign : version;
  std::copy(first, magnitude.end(), bytes.begin() + 1);
  return bytes;
}

Status BigInt::gob_decode(std::span<const std::byte> bytes) {
  negative = false;
  magnitude.clear();
  if (bytes.empty()) return {};  // what Go sends for a nil pointer in a list
  if ((bytes[0] & ~sign) != version) return Status::invalid_argument("Int.GobDecode: encoding version not supported");
  const auto first = std::find_if(bytes.begin() + 1, bytes.end(), [](std::byte b) { return b != std::byte{0}; });
  magnitude.assign(first, bytes.end());
  negative = !magnitude.empty() && (bytes[0] & sign) == sign;
  return {};
}

std::string BigInt::marshal_text() const {
  // Nine decimal digits at a time, lowest first, by long division.
  constexpr std::uint32_t base = 1'000'000'000;
  std::vector<std::byte> rest(magnitude);
  std::string digits;
  std::size_t start = 0;
  while (start < rest.size()) {
    std::uint64_t remainder = 0;
    for (std::size_t i = start; i < rest.size(); ++i) {
      const std::uint64_t part = remainder << 8 | static_cast<std::uint8_t>(rest[i]);
      rest[i] = static_cast<std::byte>(part / base);
      remainder = part % base;
    }
    while (start < rest.size() && rest[start] == std::byte{0}) ++start;
    for (int i = 0; i < 9 && (start < rest.size() || remainder != 0); ++i, remainder /= 10)
      digits += static_cast<char>('0' + remainder % 10);
  }
  if (digits.empty()) return "0";
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

Status BigInt::unmarshal_text(std::string_view text) {
  constexpr std::size_t most_digits = 10'000;  // quadratic below
  std::string_view digits = text;
  const bool minus = !digits.empty() && digits.front() == '-';
  if (!digits.empty() && (minus || digits.front() == '+')) digits.remove_prefix(1);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return Status::invalid_argument("gob: not a decimal number");
  if (digits.size() > most_digits) return Status::resource_exhausted("gob: number too long");
  std::vector<std::byte> number;  // little-endian
  for (const char digit : digits) {
    unsigned carry = static_cast<unsigned>(digit - '0');
    for (std::byte& byte : number) {
      carry += static_cast<unsigned>(byte) * 10;
      byte = static_cast<std::byte>(carry);
      carry >>= 8;
    }
    if (carry != 0) number.push_back(static_cast<std::byte>(carry));
  }
  std::reverse(number.begin(), number.end());
  magnitude = std::move(number);
  negative = minus && !magnitude.empty();
  return {};
}

}  // namespace polyrpc::gob
