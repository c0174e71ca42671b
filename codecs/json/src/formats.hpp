#pragma once

#include "polyrpc/core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

// What JSON has no type for and Go writes as a string.
namespace polyrpc::json {

/// Standard alphabet, padded (RFC 4648, section 4).
constexpr std::size_t base64_size(std::size_t bytes) noexcept { return (bytes + 2) / 3 * 4; }
char* write_base64(std::span<const std::byte> bytes, char* out) noexcept;

/// The most bytes that so many characters stand for.
constexpr std::size_t base64_room(std::size_t characters) noexcept { return characters / 4 * 3 + 3; }
/// How many bytes were written to `out`, or nothing if it is not base64. Line ends are skipped, as Go does;
/// `padding_optional` takes it without `=` too.
std::optional<std::size_t> read_base64(std::string_view text, std::byte* out, bool padding_optional = false) noexcept;

inline constexpr std::size_t time_room = 40;
/// RFC 3339 with as many digits of the second as needed (time.RFC3339Nano); null if the year is not 0 to 9999.
char* write_time(const Time& time, char* out) noexcept;
std::optional<Time> read_time(std::string_view text) noexcept;

}  // namespace polyrpc::json
