#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/status.hpp"

#include <cstddef>
#include <span>

/// Snappy's raw form, where this library was built with it (`POLYRPC_SNAPPY`).
namespace polyrpc::protobuf::detail {

bool has_snappy() noexcept;

/// How long `size` bytes can become.
constexpr std::size_t most_packed(std::size_t size) noexcept { return 32 + size + size / 6; }

/// Appends `size` of the bytes in `output`, those at `from`, compressed. Only where `has_snappy`.
void pack(std::size_t from, std::size_t size, ByteQueue& output);

/// Replaces what is in `output`. The claimed length is checked against `limit` before any memory is taken.
Status unpack(std::span<const std::byte> packed, std::size_t limit, ByteQueue& output);

}  // namespace polyrpc::protobuf::detail
