#pragma once

#include "polyrpc/core/bytes.hpp"

#include "wire.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// The little protobuf that the headers need.
namespace polyrpc::protobuf::detail {

inline std::byte* put_varint(std::byte* to, std::uint64_t value) noexcept {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<std::byte>(value | 0x80);
  *to++ = static_cast<std::byte>(value);
  return to;
}

inline void put_varint(ByteQueue& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<std::byte>(value | 0x80));
  to.push_back(static_cast<std::byte>(value));
}

enum class Varint : std::uint8_t { done, more, bad };

/// Reads one at `at` and moves that behind it. Forms longer than needed are read, as Go does.
Varint get_varint(std::span<const std::byte> bytes, std::size_t& at, std::uint64_t& value) noexcept;

/// A field's number and wire type, as they stand in front of it.
constexpr std::uint64_t key_of(std::uint32_t number, Wire type) noexcept {
  return std::uint64_t{number} << 3 | static_cast<std::uint64_t>(type);
}

inline void put_number(ByteQueue& to, std::uint32_t field, std::uint64_t value) {
  put_varint(to, key_of(field, Wire::varint));
  put_varint(to, value);
}

inline void put_text(ByteQueue& to, std::uint32_t field, std::string_view text) {
  put_varint(to, key_of(field, Wire::length));
  put_varint(to, text.size());
  to.append(text);
}

/// Walks over the fields of a message.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  /// False at the end, and where the message is malformed.
  bool next() noexcept;
  bool sound() const noexcept { return sound_; }

  std::uint64_t key() const noexcept { return key_; }
  std::uint64_t number() const noexcept { return number_; }  ///< of type varint
  std::span<const std::byte> bytes() const noexcept { return content_; }
  std::string_view text() const noexcept { return as_text(content_); }

 private:
  bool bad() noexcept { return sound_ = false; }
  bool take(std::size_t size) noexcept;
  bool read_key() noexcept;
  bool read_value() noexcept;
  bool skip_group() noexcept;

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  std::uint64_t key_ = 0;
  std::uint64_t number_ = 0;
  std::span<const std::byte> content_;
  bool sound_ = true;
};

/// The text with what is no UTF-8 in it replaced; `room` holds it if there was something to replace. Go's protobuf
/// takes a header with other text for broken.
std::string_view valid_utf8(std::string_view text, ByteQueue& room);

}  // namespace polyrpc::protobuf::detail
