#include "time_form.hpp"

#include "scalars.hpp"

#include <cstdint>

namespace polyrpc::gob::detail {

namespace {

// Version, seconds since year 1, nanoseconds, minutes east of UTC; version 2 adds the seconds of the offset.
constexpr std::size_t short_size = 15;
constexpr std::int32_t utc_minutes = -1;
constexpr std::int32_t nanoseconds_in_second = 1'000'000'000;

}  // namespace

std::size_t write_time(const Time& time, std::byte* to) noexcept {
  std::int32_t minutes = utc_minutes;
  std::int32_t seconds = 0;
  if (time.offset_seconds) {
    minutes = *time.offset_seconds / 60;
    seconds = *time.offset_seconds % 60;
    if (minutes == utc_minutes || minutes < -32768 || minutes > 32767) return 0;
  }
  const std::uint64_t since_year_1 =
      static_cast<std::uint64_t>(time.unix_seconds) - static_cast<std::uint64_t>(Time::zero_seconds);
  to[0] = seconds == 0 ? std::byte{1} : std::byte{2};
  for (std::size_t i = 0; i < 8; ++i) to[1 + i] = static_cast<std::byte>(since_year_1 >> (56 - 8 * i));
  const auto nanoseconds = static_cast<std::uint32_t>(time.nanoseconds);
  for (std::size_t i = 0; i < 4; ++i) to[9 + i] = static_cast<std::byte>(nanoseconds >> (24 - 8 * i));
  const auto offset = static_cast<std::uint16_t>(minutes);
  to[13] = static_cast<std::byte>(offset >> 8);
  to[14] = static_cast<std::byte>(offset);
  if (seconds == 0) return short_size;
  to[15] = static_cast<std::byte>(seconds);
  return short_size + 1;
}

Status read_time(std::span<const std::byte> bytes, Time& time) {
  if (bytes.empty()) return Status::invalid_argument("Time.UnmarshalBinary: no data");
  const auto version = static_cast<std::uint8_t>(bytes[0]);
  if (version != 1 && version != 2) return Status::invalid_argument("Time.UnmarshalBinary: unsupported version");
  if (bytes.size() != short_size + version - 1) return Status::invalid_argument("Time.UnmarshalBinary: invalid length");
  std::uint64_t since_year_1 = 0;
  for (std::size_t i = 1; i < 9; ++i) since_year_1 = since_year_1 << 8 | static_cast<std::uint8_t>(bytes[i]);
  std::uint32_t nanoseconds = 0;
  for (std::size_t i = 9; i < 13; ++i) nanoseconds = nanoseconds << 8 | static_cast<std::uint8_t>(bytes[i]);
  if (nanoseconds >= nanoseconds_in_second) return Status::invalid_argument("gob: time.Time with invalid nanoseconds");
  const auto minutes = static_cast<std::int16_t>(
      static_cast<std::uint16_t>(static_cast<unsigned>(bytes[13]) << 8 | static_cast<unsigned>(bytes[14])));
  time.unix_seconds = static_cast<std::int64_t>(since_year_1 + static_cast<std::uint64_t>(Time::zero_seconds));
  time.nanoseconds = static_cast<std::int32_t>(nanoseconds);
  std::int32_t offset = minutes * 60;
  // Signed, although Go reads this byte as unsigned and so gets negative offsets wrong (docs/wire/gob.md, own
  // encodings).
  if (version == 2) offset += static_cast<std::int8_t>(bytes[short_size]);
  time.offset_seconds.reset();
  if (offset != utc_minutes * 60) time.offset_seconds = offset;
  return {};
}

}  // namespace polyrpc::gob::detail
