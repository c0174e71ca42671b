#include "utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace polyrpc::protobuf {

bool is_utf8(std::string_view text) noexcept {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  while (at != end) {
    while (end - at >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, 8);
      if ((word & 0x8080808080808080u) != 0) break;
      at += 8;
    }
    if (at == end) return true;
    const unsigned char first = *at++;
    if (first < 0x80) continue;
    std::ptrdiff_t more = 0;
    unsigned char least = 0x80;  // of the second byte, table 3-7 of the Unicode standard
    unsigned char most = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
      more = 1;
    } else if (first >= 0xE0 && first <= 0xEF) {
      more = 2;
      if (first == 0xE0) least = 0xA0;
      if (first == 0xED) most = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
      more = 3;
      if (first == 0xF0) least = 0x90;
      if (first == 0xF4) most = 0x8F;
    } else {
      return false;
    }
    if (end - at < more || *at < least || *at > most) return false;
    for (++at; --more > 0; ++at)
      if (*at < 0x80 || *at > 0xBF) return false;
  }
  return true;
}

}  // namespace polyrpc::protobuf
