#pragma once

#include "polyrpc/core/shape.hpp"

#include "wire.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace polyrpc::protobuf {

/// How a value travels.
enum class Op : std::uint8_t {
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  enum_name,  // the last varint
  float32,
  float64,  // the last number
  string,
  bytes,
  own_text,   // a custom type as string
  own_bytes,  // a custom type as bytes
  message,    // a structure
  time,       // google.protobuf.Timestamp
  duration,   // google.protobuf.Duration
  complex64,  // a message of two floats
  complex128,
  foreign,  // a generated message; the last that is a message by itself
  list,
  array,
  map,
  optional,
  variant,
  unsupported,
};

constexpr bool is_varint(Op op) noexcept { return op <= Op::enum_name; }
constexpr bool is_number(Op op) noexcept { return op <= Op::float64; }
constexpr bool is_message(Op op) noexcept { return op >= Op::message && op <= Op::foreign; }

struct Value;

/// A tag as it stands on the wire, with room behind it so that it can be copied without asking for its length.
struct Tag {
  std::array<std::uint8_t, 8> bytes{};
  std::uint8_t size = 0;
  std::uint32_t value = 0;

  constexpr Tag() = default;
  constexpr Tag(std::uint32_t number, Wire wire) : value(make_tag(number, wire)) {
    size = static_cast<std::uint8_t>(write_varint(value, bytes.data()) - bytes.data());
  }
};

/// One field of a structure. A variant is one field here and has a number for each alternative.
struct PlanField {
  const Value* value;
  std::size_t offset;  // from the start of the whole object
  std::string_view name;
  std::uint32_t number;            // of a variant: the first
  Tag tag;                         // of a list of numbers: the packed form's
  std::vector<Tag> alternatives;   // of a variant; size 0 for the alternative that is nothing
  const Value* variant = nullptr;  // of a variant, also one in an optional
  bool counts = false;             // an array: its elements so far are counted
  std::uint32_t slot = 0;          // its index among the fields that count
};

/// What a field number leads to.
struct Entry {
  std::uint32_t number;
  std::uint32_t tag;         // as expected
  std::uint8_t wires;        // bits of the wire types that are understood
  std::uint32_t field;       // index in `fields`
  std::int32_t alternative;  // of a variant, else -1
  bool repeats;              // the next field may be this one again
  const Value* value;        // the alternative's, else the field's
};

/// A structure's fields, or the one field of a message that is wrapped around something that is no message.
struct MessagePlan {
  std::vector<PlanField> fields;  // by number
  std::vector<Entry> entries;     // by number
  std::uint32_t slots = 0;
  std::string broken;  // why no message can be made; empty: all is well

  const Entry* find(std::uint32_t number) const noexcept {
    if (number < direct.size()) return direct[number] == 0 ? nullptr : &entries[direct[number] - 1u];
    return search(number);
  }
  const Entry* search(std::uint32_t number) const noexcept;

  std::vector<std::uint16_t> direct;  // index + 1 of small numbers; 0: none
};

/// What a shape means in protobuf, worked out once.
struct Value {
  const Shape* shape = nullptr;
  Op op = Op::unsupported;
  Wire wire = Wire::length;                // of one such value
  const Value* element = nullptr;          // of list, array, map, optional
  const Value* key = nullptr;              // of map
  std::vector<const Value*> alternatives;  // of variant; null for the one that is nothing
  MessagePlan message;                     // of a structure its own, of all that is no message the wrapper's
  std::string unsupported;                 // why
};

/// The plan of a shape, made when first asked for. Safe from several threads, and without a lock once it is there.
const Value& plan_of(const Shape& shape);

/// What is inside an optional or pointer, or several around one another; else the value itself.
const Value& unwrapped(const Value& value) noexcept;

}  // namespace polyrpc::protobuf
