#pragma once

#include "errors.hpp"
#include "scalars.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace polyrpc::gob::detail {

/// What became of looking for a message at the end of what has arrived.
enum class Cut : std::uint8_t { done, more, bad };

/// Reads scalars out of one message, and goes on to the message behind it.
/// Everything that fails leaves why in `error`, a text that lives for ever.
struct Reader {
  const std::byte* cur = nullptr;
  const std::byte* end = nullptr;    ///< of the message
  const std::byte* limit = nullptr;  ///< of all that has arrived
  const char* error = nullptr;

  std::size_t left() const noexcept { return static_cast<std::size_t>(end - cur); }

  bool fail(const char* why) noexcept {
    if (error == nullptr) error = why;
    return false;
  }

  bool get_uint(std::uint64_t& v) noexcept {
    if (cur == end) [[unlikely]]
      return fail("gob: value cut off inside its message");
    const auto first = static_cast<std::uint8_t>(*cur);
    if (first < 128) [[likely]] {
      ++cur;
      v = first;
      return true;
    }
    return get_long_uint(v);
  }

  bool get_int(std::int64_t& v) noexcept {
    std::uint64_t u = 0;
    if (!get_uint(u)) return false;
    v = unzigzag(u);
    return true;
  }

  bool get_float(double& v) noexcept {
    std::uint64_t u = 0;
    if (!get_uint(u)) return false;
    v = uint_to_float(u);
    return true;
  }

  /// A length and as many bytes.
  bool get_bytes(std::span<const std::byte>& bytes) noexcept {
    std::uint64_t size = 0;
    if (!get_uint(size)) return false;
    if (size > left()) [[unlikely]]
      return fail("gob: length of a string or byte slice exceeds its message");
    bytes = {cur, static_cast<std::size_t>(size)};
    cur += size;
    return true;
  }

  /// The zero byte in front of a value that is not a struct.
  bool get_singleton_zero() noexcept {
    std::uint64_t zero = 0;
    if (!get_uint(zero)) return false;
    if (zero != 0) return fail("gob: decode: corrupted data: non-zero delta for singleton");
    return true;
  }

  /// Goes on to the message that begins at `limit`'s side of `end`. `more`: it has not arrived whole; nothing is
  /// changed then but `wanted`, which gets how many bytes there must be from its first one.
  Cut next_message(std::size_t message_limit, std::size_t& wanted) noexcept;

 private:
  bool get_long_uint(std::uint64_t& v) noexcept {
    const std::size_t count = 256u - static_cast<std::uint8_t>(*cur);
    if (count > 8) return fail("gob: encoded unsigned integer out of range");
    if (left() >= max_uint_size) [[likely]] {
      v = big_endian(load<std::uint64_t>(cur + 1)) >> (64 - 8 * count);
      cur += 1 + count;
      return true;
    }
    if (left() - 1 < count) return fail("gob: value cut off inside its message");
    v = 0;
    for (std::size_t i = 1; i <= count; ++i) v = v << 8 | static_cast<std::uint8_t>(cur[i]);
    cur += 1 + count;
    return true;
  }
};

inline Cut Reader::next_message(std::size_t message_limit, std::size_t& wanted) noexcept {
  Reader length;
  length.cur = end;
  length.end = limit;
  const auto arrived = static_cast<std::size_t>(limit - end);
  if (arrived == 0) {
    wanted = 1;
    return Cut::more;
  }
  const auto first = static_cast<std::uint8_t>(*end);
  if (first >= 128) {
    const std::size_t count = 256u - first;
    if (count > 8) return fail("gob: encoded unsigned integer out of range"), Cut::bad;
    if (arrived < 1 + count) {
      wanted = 1 + count;
      return Cut::more;
    }
  }
  std::uint64_t size = 0;
  if (!length.get_uint(size)) return fail(length.error), Cut::bad;
  if (size == 0) return fail("gob: message of length 0"), Cut::bad;
  if (size > message_limit) return fail(message_too_long), Cut::bad;
  if (size > length.left()) {
    wanted = static_cast<std::size_t>(length.cur - end) + static_cast<std::size_t>(size);
    return Cut::more;
  }
  cur = length.cur;
  end = cur + size;
  return Cut::done;
}

}  // namespace polyrpc::gob::detail
