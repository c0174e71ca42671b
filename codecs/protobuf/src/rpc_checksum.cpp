#include "rpc_checksum.hpp"

#include <array>

namespace polyrpc::protobuf::detail {

namespace {

constexpr std::size_t slices = 8;
using Tables = std::array<std::array<std::uint32_t, 256>, slices>;

/// The first table says what one byte does to the sum; each further one, what it does with one more byte behind it.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) sum = (sum & 1) != 0 ? sum >> 1 ^ 0xEDB88320u : sum >> 1;
    tables[0][byte] = sum;
  }
  for (std::size_t slice = 1; slice < slices; ++slice)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = before >> 8 ^ tables[0][before & 0xFF];
    }
  return tables;
}

constexpr Tables tables = make_tables();

}  // namespace

std::uint32_t crc32(std::span<const std::byte> bytes) noexcept {
  std::uint32_t sum = ~std::uint32_t{0};
  const std::byte* p = bytes.data();
  std::size_t left = bytes.size();
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(p[i]); };
  for (; left >= slices; left -= slices, p += slices) {
    const std::uint32_t low = sum ^ (at(0) | at(1) << 8 | at(2) << 16 | at(3) << 24);
    sum = tables[7][low & 0xFF] ^ tables[6][low >> 8 & 0xFF] ^ tables[5][low >> 16 & 0xFF] ^ tables[4][low >> 24] ^
          tables[3][at(4)] ^ tables[2][at(5)] ^ tables[1][at(6)] ^ tables[0][at(7)];
  }
  for (; left > 0; --left, ++p) sum = sum >> 8 ^ tables[0][(sum ^ at(0)) & 0xFF];
  return ~sum;
}

}  // namespace polyrpc::protobuf::detail
