#pragma once

#include "polyrpc/core/status.hpp"
#include "polyrpc/core/time.hpp"

#include <cstddef>
#include <span>

namespace polyrpc::gob::detail {

/// The greatest number of bytes that `write_time` makes.
inline constexpr std::size_t max_time_size = 16;

/// Go's own encoding of time.Time (`Time.MarshalBinary`). Writes into `to` and returns how many bytes; 0: the zone's
/// offset has no form.
std::size_t write_time(const Time& time, std::byte* to) noexcept;

Status read_time(std::span<const std::byte> bytes, Time& time);

}  // namespace polyrpc::gob::detail
