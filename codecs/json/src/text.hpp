#pragma once

#include "chars.hpp"
#include "wide.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

// Strings: their end, what stands in them, UTF-8 (RFC 8259, section 7; RFC 3629).
namespace polyrpc::json {

enum class StringEnd : std::uint8_t {
  quote,     ///< at the closing quote
  more,      ///< the text ends inside; go on from here when there is more
  control,   ///< at a control character
  escape,    ///< at an escape that is none
  encoding,  ///< at a byte that is not UTF-8
};

/// The first byte that is a quote, a backslash, a control character or not ASCII; `end` if there is none.
inline const char* find_special(const char* p, const char* end) noexcept {
  const char* const start = p;
  while (end - p >= 8) {
    if (const std::uint64_t marks = special_bytes(load8(p)); marks != 0) {
      if constexpr (std::endian::native == std::endian::little)
        return p + static_cast<std::size_t>(std::countr_zero(marks)) / 8;
      else  // the marks in front of the special byte may be wrong
        break;
    }
    p += 8;
    if (static_cast<std::size_t>(p - start) == block_size)  // most strings are short: words first
      if (static_cast<std::size_t>(end - p) >= wide::least) p = wide::best().skip_plain(p, end);
  }
  while (p != end && !is_special(*p)) ++p;
  return p;
}

/// Goes on inside a string from `p`, checking every byte. `p` is left where the answer says; `escapes` is set when
/// there is an escape.
StringEnd scan_string(const char*& p, const char* end, bool& escapes) noexcept;

/// The same, without a call for up to seven plain characters.
inline StringEnd scan_short_string(const char*& p, const char* end, bool& escapes) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    if (end - p >= 8) {
      const std::uint64_t marks = special_bytes(load8(p));
      const char* const special = p + static_cast<std::size_t>(std::countr_zero(marks)) / 8;
      if (marks != 0 && *special == '"') {
        p = special;
        return StringEnd::quote;
      }
    }
  }
  return scan_string(p, end, escapes);
}

/// The length of the UTF-8 sequence at `p`; 0 when it is wrong, -1 when the text ends in it and it may still be right.
int utf8_length(const char* p, const char* end) noexcept;

/// Writes what the inside of a checked string means to `out`, which has room for `raw.size()` bytes, and may be where
/// `raw` is; returns the end. Surrogates without their other half become U+FFFD, as in Go.
char* unescape(std::string_view raw, char* out) noexcept;

/// The most bytes that `escape` makes of so many: each may become \u00XX.
constexpr std::size_t escaped_room(std::size_t size) noexcept { return size * 6; }

/// Writes `text` as the inside of a JSON string; what is not UTF-8 becomes U+FFFD, byte by byte, as in Go.
char* escape(std::string_view text, char* out, bool escape_html) noexcept;

/// `raw` without the white space between tokens; `raw` is a checked JSON value.
char* compact(std::string_view raw, char* out) noexcept;

/// Equal but for the case of ASCII letters.
bool equal_folded(std::string_view a, std::string_view b) noexcept;

}  // namespace polyrpc::json
