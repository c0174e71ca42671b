#include "rpc_fields.hpp"

#include "utf8.hpp"

namespace polyrpc::protobuf::detail {

Varint get_varint(std::span<const std::byte> bytes, std::size_t& at, std::uint64_t& value) noexcept {
  std::uint64_t result = 0;
  for (std::size_t i = 0; i < varint_room; ++i) {
    if (at + i >= bytes.size()) return Varint::more;
    const auto byte = std::to_integer<std::uint64_t>(bytes[at + i]);
    if (i + 1 == varint_room && byte > 1) return Varint::bad;
    result |= (byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      at += i + 1;
      value = result;
      return Varint::done;
    }
  }
  return Varint::bad;
}

bool Fields::next() noexcept {
  if (!sound_ || at_ == bytes_.size()) return false;
  if (!read_key() || !read_value()) return bad();
  return true;
}

bool Fields::take(std::size_t size) noexcept {
  if (size > bytes_.size() - at_) return false;
  content_ = bytes_.subspan(at_, size);
  at_ += size;
  return true;
}

bool Fields::read_key() noexcept {
  constexpr std::uint64_t most_number = (std::uint64_t{1} << 29) - 1;
  if (get_varint(bytes_, at_, key_) != Varint::done) return false;
  const std::uint64_t number = key_ >> 3;
  return number >= 1 && number <= most_number;
}

bool Fields::read_value() noexcept {
  switch (static_cast<Wire>(key_ & 7)) {
    case Wire::varint:
      return get_varint(bytes_, at_, number_) == Varint::done;
    case Wire::fixed64:
      return take(8);
    case Wire::length: {
      std::uint64_t size = 0;
      return get_varint(bytes_, at_, size) == Varint::done && size <= bytes_.size() &&
             take(static_cast<std::size_t>(size));
    }
    case Wire::group_start:
      return skip_group();
    case Wire::fixed32:
      return take(4);
    case Wire::group_end:
      break;
  }
  return false;
}

/// Groups are of no use here, but a field that is skipped may be one, with others inside.
bool Fields::skip_group() noexcept {
  constexpr std::size_t most_open = 32;
  std::uint64_t open[most_open];
  std::size_t depth = 0;
  const std::uint64_t key = key_;
  open[depth++] = key >> 3;
  while (depth > 0) {
    if (!read_key()) return false;
    const auto type = static_cast<Wire>(key_ & 7);
    if (type == Wire::group_start) {
      if (depth == most_open) return false;
      open[depth++] = key_ >> 3;
    } else if (type == Wire::group_end) {
      if (open[--depth] != key_ >> 3) return false;
    } else if (!read_value()) {
      return false;
    }
  }
  key_ = key;
  return true;
}

namespace {

/// How many bytes at the front are one character; 0: none.
std::size_t character_size(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t i, unsigned char low = 0x80, unsigned char high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  // The Unicode Standard, table 3-7: what the second byte may be after these.
  if (first >= 0xE0 && first <= 0xEF)
    return follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && follows(2) ? 3 : 0;
  if (first >= 0xF0 && first <= 0xF4)
    return follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF) && follows(2) && follows(3) ? 4 : 0;
  return 0;
}

}  // namespace

std::string_view valid_utf8(std::string_view text, ByteQueue& room) {
  if (is_utf8(text)) return text;
  room.clear();
  for (std::size_t good = 0; good < text.size();) {
    const std::size_t size = character_size(text.substr(good));
    room.append(size == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(good, size));
    good += size == 0 ? 1 : size;
  }
  return room.text();
}

}  // namespace polyrpc::protobuf::detail
