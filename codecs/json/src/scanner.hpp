#pragma once

#include "polyrpc/core/status.hpp"

#include "number.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace polyrpc::json {

/// Part of a text, as offsets, because the text moves when it grows.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  bool present() const noexcept { return end != 0; }
  std::string_view in(std::string_view text) const noexcept { return text.substr(begin, end - begin); }
};

/// The members of JSON-RPC requests and replies.
enum class Member : std::uint8_t { method, params, id, jsonrpc, extension, result, error, other };

/// The name of the member that carries what JSON-RPC has no place for.
inline constexpr std::string_view extension_name = "polyrpc";

/// Where the members of a request or reply are. Of equal names the last counts.
class Envelope {
 public:
  void clear() noexcept { *this = Envelope(); }

  /// The member of exactly that name.
  Span exact(Member member) const noexcept { return exact_[index(member)]; }
  /// The member of that name in any case, as Go takes it.
  Span folded(Member member) const noexcept { return folded_[index(member)]; }

  void set(Member member, bool is_exact, Span value) noexcept {
    if (member == Member::other) return;
    if (is_exact) exact_[index(member)] = value;
    folded_[index(member)] = value;
  }

 private:
  static constexpr std::size_t count = static_cast<std::size_t>(Member::other);
  static constexpr std::size_t index(Member member) noexcept { return static_cast<std::size_t>(member); }

  std::array<Span, count> exact_;
  std::array<Span, count> folded_;
};

/// Finds the end of one JSON value, checking every byte of it against RFC 8259, in as many steps as it takes to arrive,
/// and notes where the members of the outermost object are.
class Scanner {
 public:
  enum class Outcome : std::uint8_t { complete, more, malformed };

  /// Deeper texts are malformed whatever the limits say, as in Go.
  static constexpr std::size_t deepest = 10000;
  /// Longer texts are refused by those who use a scanner: offsets have 32 bits.
  static constexpr std::size_t longest = (std::numeric_limits<std::uint32_t>::max)() - 16;

  explicit Scanner(std::size_t depth_limit) noexcept : depth_limit_(depth_limit < deepest ? depth_limit : deepest) {}

  /// To look for a value that starts at `position`, or behind white space from there.
  void start(std::size_t position) noexcept;

  /// Goes on in `text`, which is what it was before and perhaps more behind it.
  /// A number without anything around it is complete only when something follows it.
  Outcome run(std::string_view text);

  /// For the end of all text: whether what is there is a whole value after all, a number.
  bool complete_at_end() const noexcept;

  std::size_t begin() const noexcept { return begin_; }        ///< of the value, once it has begun
  std::size_t position() const noexcept { return position_; }  ///< the end of the value, or of what was looked at
  bool begun() const noexcept { return begun_; }
  char first() const noexcept { return first_; }  ///< the value's first character
  const Envelope& envelope() const noexcept { return envelope_; }

  /// Why it is malformed: `invalid_argument`, or `resource_exhausted` for depth.
  Status error(std::string_view text) const;

 private:
  enum class State : std::uint8_t {
    value,         // a value
    value_or_end,  // a value or the end of the list
    key_or_end,    // a member's name or the end of the object
    key,           // a member's name
    colon,
    after,  // a value has ended
    in_string,
    in_key,
    in_number,
  };
  enum class Problem : std::uint8_t { none, unexpected, literal, number, control, escape, encoding, depth };

  void push(bool is_object);
  void pop() noexcept;
  void take_key(std::string_view raw, bool escapes) noexcept;

  Envelope envelope_;
  std::size_t depth_limit_;
  std::size_t position_ = 0;
  std::size_t begin_ = 0;
  std::size_t token_ = 0;  // where the current string starts
  std::size_t member_begin_ = 0;
  std::size_t depth_ = 0;
  std::uint64_t kinds_ = 0;  // of the innermost up to 64 levels, the lowest bit being the innermost: 1 is an object
  std::vector<std::uint64_t> outer_kinds_;  // of the levels outside those, 64 each
  State state_ = State::value;
  NumberPart part_ = NumberPart::start;
  Problem problem_ = Problem::none;
  Member member_ = Member::other;
  bool member_exact_ = false;
  bool escapes_ = false;
  bool begun_ = false;
  char first_ = 0;
};

}  // namespace polyrpc::json
