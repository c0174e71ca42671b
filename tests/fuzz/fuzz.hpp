#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

/// What the fuzz targets share. The first byte of an input says how the others are cut up.
namespace polyrpc::fuzz {

/// Ends the run, and says which promise was broken.
[[noreturn]] inline void fail(std::string_view what, std::string_view details) {
  std::cerr << what << ":\n" << details << std::endl;
  std::abort();
}

/// Fails unless both are equal.
inline void check_same(std::string_view what, const std::string& one, const std::string& other) {
  if (one != other) fail(what, one + "\n--- and\n" + other);
}

/// Whether a deadline, which peers may set as short as they like, has passed in one of two conversations: then they
/// need not be equal.
inline bool is_late(const std::string& one, const std::string& other) {
  return one.find("deadline") != std::string::npos || other.find("deadline") != std::string::npos;
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Hands `bytes` over piece by piece, until `take` returns false. Below 128 `how` is the pieces' length less one, from
/// 128 on the seed of their lengths.
template <class Take>
void in_pieces(std::uint8_t how, std::string_view bytes, Take take) {
  std::uint32_t state = how;
  while (!bytes.empty()) {
    std::size_t size = std::size_t{1} + how % 128;
    if (how >= 128) {
      state = state * 1664525 + 1013904223;  // Numerical Recipes' generator
      size = std::size_t{1} + (state >> 24) % ((state >> 16) % 32 + 1);
    }
    size = (std::min)(size, bytes.size());
    if (!take(bytes.substr(0, size))) return;
    bytes.remove_prefix(size);
  }
}

}  // namespace polyrpc::fuzz
