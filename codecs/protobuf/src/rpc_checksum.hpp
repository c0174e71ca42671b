#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace polyrpc::protobuf::detail {

/// CRC-32 as in IEEE 802.3: Go's `crc32.ChecksumIEEE`.
std::uint32_t crc32(std::span<const std::byte> bytes) noexcept;

}  // namespace polyrpc::protobuf::detail
