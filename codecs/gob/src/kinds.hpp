#pragma once

#include "polyrpc/core/shape.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace polyrpc::gob::detail {

/// What is to be done for a value, on either way: `Kind` seen with gob's eyes.
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
  float32,
  float64,
  complex64,
  complex128,
  std_string,  ///< text in a `std::string`
  text,        ///< text behind `StringOps`
  bytes,
  byte_list,  ///< a list whose elements are bytes: Go has only byte slices for it
  duration,
  enum_name,
  text_form,  ///< a type that encodes itself as text only and has no fields described, a string on the wire
  time,
  custom,
  structure,
  array,
  list,
  map,
  optional,
  variant,
  any,
  tree,     ///< a `gob::Value`
  bridged,  ///< a foreign type with a bridge: its mirror is what travels
  skip,     ///< read over: there is no such field here
  foreign,  ///< not for gob
};

Op op_of(const Shape& shape) noexcept;

constexpr bool is_number(Op op) noexcept { return op <= Op::complex128; }
constexpr bool is_text_or_bytes(Op op) noexcept { return op == Op::std_string || op == Op::text || op == Op::bytes; }

/// The id of a type that is not defined on the stream, or 0.
std::int32_t basic_id(Op op) noexcept;

/// The structure in whose place a foreign type with a bridge stands.
inline const Shape& mirror_of(const Shape& shape) { return shape.foreign->bridge->mirror(shape); }

/// `shape` without the pointers (`std::optional`, smart pointers) around it.
inline const Shape& behind_pointers(const Shape& shape) noexcept {
  const Shape* inner = &shape;
  while (inner->kind == Kind::optional) inner = inner->element;
  return *inner;
}

/// The same, and for a foreign type its mirror.
inline const Shape& pointee(const Shape& shape) {
  const Shape& inner = behind_pointers(shape);
  return op_of(inner) == Op::bridged ? mirror_of(inner) : inner;
}

/// How `int64_t` and `uint64_t` are written in Go's source form: Go has two names for each.
enum class WordNames : std::uint8_t { sized, plain };

/// The type as Go source would write it: `main.Point`, `[]int64`, `map[string]*main.Point`, `interface {}`.
/// A described type lives in package `main`, unless its name has a package already (`geo.Point`).
std::string go_text(const Shape& shape, WordNames words = WordNames::sized);

/// A described type's name as a definition carries it, without package; empty for types that have none.
std::string_view declared_name(const Shape& shape) noexcept;

/// The field's name as Go's exported fields are written: an ASCII lower-case first letter becomes upper-case.
/// Empty if Go could not know such a field.
std::string exported_name(std::string_view name);

}  // namespace polyrpc::gob::detail
