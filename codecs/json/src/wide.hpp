#pragma once

#include <cstddef>

// The steps that are worth the processor's widest registers: long strings and long base64. Which of them this
// processor has is asked in wide.cpp, and nowhere else.
namespace polyrpc::json::wide {

struct Steps {
  const char* name;
  /// Writes base64 for the first so many bytes, a multiple of 3, and returns how many; the rest is the caller's.
  std::size_t (*encode_base64)(const std::byte* bytes, std::size_t size, char* out) noexcept;
  /// Reads the first so many characters, a multiple of 4, and returns how many: up to the end, or up to somewhere in
  /// front of what is not base64. `out` has room for 3 bytes of every 4 characters, and no more is written.
  std::size_t (*decode_base64)(const char* text, std::size_t size, std::byte* out) noexcept;
  /// The first byte that is a quote, a backslash, a control character or not ASCII, or somewhere in front of it.
  const char* (*skip_plain)(const char* text, const char* end) noexcept;
};

/// For any processor.
const Steps& portable() noexcept;
/// The best for this one.
const Steps& best() noexcept;

/// Shorter ones are not worth the call.
inline constexpr std::size_t least = 32;

}  // namespace polyrpc::json::wide
