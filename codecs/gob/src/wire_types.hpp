#pragma once

#include "polyrpc/core/limits.hpp"

#include "reader.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace polyrpc::gob::detail {

/// The id that a definition is for, out of the number in front of it; 0 if it is none.
constexpr std::int64_t defined_id(std::int64_t negative) noexcept {
  return negative < -std::int64_t{0x7FFFFFFF} ? 0 : -negative;
}

/// Which field of a descriptor is set (encoding/gob, `wireType`).
enum class WireKind : std::uint8_t { array, slice, structure, map, gob, binary, text };

struct WireField {
  std::string_view name;
  std::int32_t id = 0;
};

/// One type that the peer has defined on this stream.
struct WireType {
  WireKind kind = WireKind::structure;
  std::int32_t id = 0;
  std::int32_t element = 0;
  std::int32_t key = 0;
  std::uint64_t length = 0;  ///< of an array
  std::string_view name;
  std::span<const WireField> fields;

 private:
  friend class WireTypes;
  std::unique_ptr<WireField[]> field_storage_;
  std::unique_ptr<char[]> names_;
};

/// A definition as read, its names still in the message.
struct Descriptor {
  std::int32_t id = 0;
  std::span<const std::byte> bytes;
  WireKind kind = WireKind::structure;
  std::string_view name;
  std::int32_t element = 0;
  std::int32_t key = 0;
  std::int64_t length = 0;
  std::vector<WireField> fields;
  int kinds = 0;  ///< how many fields of wireType are set: one
};

/// The definitions of one stream, in one direction. A copy shares the types, whose addresses do not change.
/// Const members may be used by several threads at once.
class WireTypes {
 public:
  explicit WireTypes(const CodecLimits& limits) noexcept : limits_(limits) {}

  /// Reads the descriptor of a type that can be added under `id`. False, with `reader.error`, when it can't.
  bool read(Reader& reader, std::int64_t id, Descriptor& into) const;
  void add(const Descriptor& descriptor);
  /// Reads over a descriptor.
  bool skip_descriptor(Reader& reader) const;

  std::size_t size() const noexcept { return types_.size(); }

  /// The type, or null if that id is not defined.
  const WireType* find(std::int32_t id) const noexcept;

  /// Whether a value of that type may run on in further messages, because there may be an interface value in it.
  /// Nothing definite if some type that it needs is not defined.
  enum class Split : std::uint8_t { no, yes, undefined };
  Split may_split(std::int32_t id) const;

  /// For error texts.
  std::string_view name_of(std::int32_t id) const noexcept;

  static bool is_basic(std::int32_t id) noexcept { return id >= id::boolean && id <= id::interface; }

 private:
  enum class Reach : std::uint8_t { unknown, no, yes };
  /// Whether a type's values may hold an interface value, once that is found out: it does not change any more then.
  class Memo {
   public:
    Memo() noexcept = default;
    Memo(const Memo& other) noexcept : reach_(other.get()) {}
    Memo& operator=(const Memo& other) noexcept {
      set(other.get());
      return *this;
    }
    Reach get() const noexcept { return reach_.load(std::memory_order_relaxed); }
    void set(Reach reach) noexcept { reach_.store(reach, std::memory_order_relaxed); }

   private:
    std::atomic<Reach> reach_{Reach::unknown};
  };
  struct Entry {
    std::int32_t id;
    mutable Memo reaches_interface;
    std::shared_ptr<const WireType> type;
  };

  bool read_descriptor(Reader& reader, Descriptor& into) const;
  bool read_common(Reader& reader, Descriptor& into) const;
  bool read_fields(Reader& reader, Descriptor& into) const;
  const Entry* entry(std::int32_t id) const noexcept;

  const CodecLimits& limits_;
  std::vector<Entry> types_;  // ordered by id
  std::size_t bytes_ = 0;     // of all descriptors
};

}  // namespace polyrpc::gob::detail
