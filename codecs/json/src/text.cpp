#include "text.hpp"

#include "polyrpc/core/bytes.hpp"

#include <array>

namespace polyrpc::json {

namespace {

constexpr int no_digit = -1;

constexpr auto hex_values = [] {
  std::array<signed char, 256> table{};
  for (auto& value : table) value = no_digit;
  for (int i = 0; i < 10; ++i) table[static_cast<std::size_t>('0' + i)] = static_cast<signed char>(i);
  for (int i = 0; i < 6; ++i) {
    table[static_cast<std::size_t>('a' + i)] = static_cast<signed char>(10 + i);
    table[static_cast<std::size_t>('A' + i)] = static_cast<signed char>(10 + i);
  }
  return table;
}();

int hex_value(char c) noexcept { return hex_values[static_cast<unsigned char>(c)]; }

/// Four checked hex digits.
std::uint32_t hex4(const char* p) noexcept {
  return static_cast<std::uint32_t>(hex_value(p[0]) << 12 | hex_value(p[1]) << 8 | hex_value(p[2]) << 4 |
                                    hex_value(p[3]));
}

constexpr std::uint32_t replacement = 0xFFFD;

char* put_utf8(std::uint32_t c, char* out) noexcept {
  const auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
  return out;
}

constexpr char hex_digits[] = "0123456789abcdef";

char* put_u_escape(std::uint32_t c, char* out) noexcept {
  *out++ = '\\';
  *out++ = 'u';
  for (int shift = 12; shift >= 0; shift -= 4) *out++ = hex_digits[c >> shift & 0xF];
  return out;
}

/// The length of an escape at `p` (a backslash); 0 when it is none, -1 when the text ends in it.
int escape_length(const char* p, const char* end) noexcept {
  if (end - p < 2) return -1;
  switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return 2;
    case 'u':
      for (int i = 2; i < 6; ++i) {
        if (end - p <= i) return -1;
        if (hex_value(p[i]) == no_digit) return 0;
      }
      return 6;
    default:
      return 0;
  }
}

bool is_html(char c) noexcept { return c == '<' || c == '>' || c == '&'; }

/// The end of what goes out as it is.
const char* find_escaped(const char* p, const char* end, bool escape_html) noexcept {
  if (!escape_html) return find_special(p, end);
  while (p != end && !is_special(*p) && !is_html(*p)) ++p;
  return p;
}

}  // namespace

int utf8_length(const char* p, const char* end) noexcept {
  const auto byte = [p](int i) { return static_cast<unsigned char>(p[i]); };
  const unsigned char first = byte(0);
  int length;
  // The second byte's range excludes overlong forms, surrogates and what lies above U+10FFFF (RFC 3629, section 4).
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) {
    length = 2;
  } else if (first < 0xF0) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first < 0xF5) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (end - p < 2) return -1;
  if (byte(1) < low || byte(1) > high) return 0;
  for (int i = 2; i < length; ++i) {
    if (end - p <= i) return -1;
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

StringEnd scan_string(const char*& p, const char* end, bool& escapes) noexcept {
  for (;;) {
    p = find_special(p, end);
    if (p == end) return StringEnd::more;
    if (*p == '"') return StringEnd::quote;
    if (*p == '\\') {
      const int length = escape_length(p, end);
      if (length < 0) return StringEnd::more;
      if (length == 0) return StringEnd::escape;
      escapes = true;
      p += length;
      continue;
    }
    if (static_cast<unsigned char>(*p) < 0x20) return StringEnd::control;
    // Text that is not ASCII seldom has a single such character.
    do {
      const int length = utf8_length(p, end);
      if (length < 0) return StringEnd::more;
      if (length == 0) return StringEnd::encoding;
      p += length;
    } while (p != end && static_cast<unsigned char>(*p) >= 0x80);
  }
}

char* unescape(std::string_view raw, char* out) noexcept {
  const char* p = raw.data();
  const char* const end = p + raw.size();
  for (;;) {
    const auto* slash = static_cast<const char*>(std::memchr(p, '\\', static_cast<std::size_t>(end - p)));
    const std::size_t plain = static_cast<std::size_t>((slash == nullptr ? end : slash) - p);
    std::memmove(out, p, plain);
    out += plain;
    if (slash == nullptr) return out;
    p = slash + 2;
    switch (slash[1]) {
      case 'b':
        *out++ = '\b';
        break;
      case 'f':
        *out++ = '\f';
        break;
      case 'n':
        *out++ = '\n';
        break;
      case 'r':
        *out++ = '\r';
        break;
      case 't':
        *out++ = '\t';
        break;
      case 'u': {
        std::uint32_t c = hex4(p);
        p += 4;
        if (c >= 0xD800 && c < 0xE000) {
          std::uint32_t low = 0;
          if (c < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') low = hex4(p + 2);
          if (low >= 0xDC00 && low < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            p += 6;
          } else {
            c = replacement;
          }
        }
        out = put_utf8(c, out);
        break;
      }
      default:
        *out++ = slash[1];
    }
  }
}

char* escape(std::string_view text, char* out, bool escape_html) noexcept {
  const char* p = text.data();
  const char* const end = p + text.size();
  for (;;) {
    const char* const plain_end = find_escaped(p, end, escape_html);
    const auto plain = static_cast<std::size_t>(plain_end - p);
    copy_bytes(out, p, plain);
    out += plain;
    p = plain_end;
    if (p == end) return out;
    const char c = *p;
    if (static_cast<unsigned char>(c) >= 0x80) {
      const int length = utf8_length(p, end);
      if (length <= 0) {
        out = put_u_escape(replacement, out);
        ++p;
        continue;
      }
      // U+2028 and U+2029 end lines in JavaScript.
      if (escape_html && length == 3 && p[0] == '\xE2' && p[1] == '\x80' && (p[2] == '\xA8' || p[2] == '\xA9')) {
        out = put_u_escape(0x2000u | (static_cast<unsigned char>(p[2]) & 0x3Fu), out);
      } else {
        std::memcpy(out, p, static_cast<std::size_t>(length));
        out += length;
      }
      p += length;
      continue;
    }
    ++p;
    char letter = 0;
    switch (c) {
      case '"':
      case '\\':
        letter = c;
        break;
      case '\n':
        letter = 'n';
        break;
      case '\r':
        letter = 'r';
        break;
      case '\t':
        letter = 't';
        break;
      default:
        break;
    }
    if (letter != 0) {
      *out++ = '\\';
      *out++ = letter;
    } else {
      out = put_u_escape(static_cast<unsigned char>(c), out);
    }
  }
}

char* compact(std::string_view raw, char* out) noexcept {
  bool inside = false;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    if (inside && c == '\\') {
      *out++ = c;
      *out++ = raw[++i];
      continue;
    }
    if (c == '"') inside = !inside;
    if (inside || !is_space(c)) *out++ = c;
  }
  return out;
}

bool equal_folded(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

}  // namespace polyrpc::json
