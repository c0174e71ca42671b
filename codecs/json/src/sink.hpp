#pragma once

#include "polyrpc/core/bytes.hpp"

#include "number.hpp"
#include "text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace polyrpc::json {

/// Appends to a queue. Until `keep` the queue's readers do not miss it: without, all that was written is taken back.
class Sink {
 public:
  explicit Sink(ByteQueue& queue) : queue_(queue), size_before_(queue.size()) { open(128); }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  ~Sink() {
    if (!kept_) queue_.truncate(size_before_);
  }

  void keep() noexcept {
    flush();
    kept_ = true;
  }

  /// Room for so many bytes behind the returned pointer; `advance` says how far it was used.
  char* room(std::size_t size) {
    if (static_cast<std::size_t>(limit_ - cursor_) < size) grow(size);
    return cursor_;
  }
  void advance(char* to) noexcept { cursor_ = to; }

  void put(char c) {
    char* out = room(1);
    *out = c;
    advance(out + 1);
  }
  void put(std::string_view text) {
    char* out = room(text.size());
    copy_short_bytes(out, text.data(), text.size());
    advance(out + text.size());
  }

  // Looking back at what was written.
  std::size_t size() const noexcept { return queue_.size() - size_before_ + static_cast<std::size_t>(cursor_ - base_); }
  char at(std::size_t index) noexcept {
    flush();
    return static_cast<char>(queue_.data()[size_before_ + index]);
  }
  void shrink(std::size_t size) {
    flush();
    queue_.truncate(size_before_ + size);
    open(0);
  }
  void insert(std::size_t index, char c) {
    put(c);
    flush();
    auto* const place = queue_.data() + size_before_ + index;
    std::rotate(place, queue_.data() + queue_.size() - 1, queue_.data() + queue_.size());
  }

  template <class Integer>
  void integer(Integer value) {
    advance(write_integer(value, room(integer_room)));
  }
  /// A JSON string with its quotes.
  void string(std::string_view text, bool escape_html) {
    if (text.size() > at_once) return long_string(text, escape_html);
    advance(put_string(text, room(escaped_room(text.size()) + 2), escape_html));
  }
  /// A member's name with its colon, behind a comma if there is one before it.
  void member_name(bool comma, std::string_view name, bool escape_html) {
    if (name.size() > at_once) {
      if (comma) put(',');
      long_string(name, escape_html);
      return put(':');
    }
    char* out = room(escaped_room(name.size()) + 4);
    if (comma) *out++ = ',';
    out = put_string(name, out, escape_html);
    *out++ = ':';
    advance(out);
  }

 private:
  static constexpr std::size_t at_once = 512;  // the longest string that gets its room at one go

  static char* put_string(std::string_view text, char* out, bool escape_html) noexcept {
    *out++ = '"';
    if (text.size() <= 16 && !escape_html && copy_if_plain(text.data(), text.size(), out))
      out += text.size();
    else
      out = escape(text, out, escape_html);
    *out++ = '"';
    return out;
  }
  void open(std::size_t size) {
    const std::span<std::byte> space = queue_.prepare(size);
    base_ = cursor_ = reinterpret_cast<char*>(space.data());
    limit_ = base_ + space.size();
  }
  void flush() noexcept {
    queue_.commit(static_cast<std::size_t>(cursor_ - base_));
    base_ = cursor_;
  }
  void grow(std::size_t size) {
    flush();
    open(size);
  }
  /// Piece by piece: not many times the text's size is wanted at once because some of it may need escapes.
  void long_string(std::string_view text, bool escape_html) {
    constexpr std::size_t piece_size = 4096;
    put('"');
    room(text.size() + text.size() / 16);
    while (!text.empty()) {
      std::size_t size = (std::min)(piece_size, text.size());
      // Not in the middle of a character.
      if (size < text.size())
        for (int back = 0; back < 3 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80; ++back) --size;
      advance(escape(text.substr(0, size), room(escaped_room(size)), escape_html));
      text.remove_prefix(size);
    }
    put('"');
  }

  ByteQueue& queue_;
  std::size_t size_before_;
  char* base_ = nullptr;
  char* cursor_ = nullptr;
  char* limit_ = nullptr;
  bool kept_ = false;
};

}  // namespace polyrpc::json
