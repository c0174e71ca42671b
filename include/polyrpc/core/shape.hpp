#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/function_ref.hpp"
#include "polyrpc/core/status.hpp"
#include "polyrpc/core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// A `Shape` is a constant table that says how a C++ type lies in memory and how to reach into it. Templates fill it in
/// at compile time (`describe.hpp`); codecs walk it in `.cpp` files. It keeps the codecs, the registry and the engine
/// free of the user's types.
namespace polyrpc {

struct Shape;

enum class Kind : std::uint8_t {
  boolean,  ///< `bool`
  int8,     ///< the object is a `std::int8_t` (or an enum over it); so are the next seven
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,     ///< `float`
  float64,     ///< `double`
  complex64,   ///< two `float`s: real, imaginary
  complex128,  ///< two `double`s
  string,      ///< text: `string`
  bytes,       ///< a run of bytes: `bytes`
  array,       ///< `array_length` elements, one behind the other
  list,        ///< a container of elements: `list`
  map,         ///< a container of keys and elements: `map`
  structure,   ///< `fields`, and those of `bases`
  optional,    ///< an element or nothing, smart pointers too: `optional`
  variant,     ///< one of several alternatives: `variant`
  any,         ///< the object is a `polyrpc::Any`
  time,        ///< a point in time: `time`
  duration,    ///< a length of time: `duration`
  enum_name,   ///< an enum that travels as its enumerator's name: `enumeration`
  custom,      ///< a type that encodes itself: `custom`; if it is described as well, `fields` are there for codecs that
               ///< don't know that encoding
  foreign,     ///< a type of another world, of which only certain codecs know: `foreign`
};

/// Where a field's shape is found: by a function for those that are constants, else where it lies.
class FieldShape {
 public:
  // A function, because taking a table's address makes g++ fill the table in at once, before a recursive type is
  // described.
  constexpr FieldShape(const Shape& (*shape)() noexcept) noexcept : function_(shape) {}
  /// For structures made at run time; the shape must live as long as the program.
  constexpr explicit FieldShape(const Shape& shape) noexcept : shape_(&shape) {}
  constexpr FieldShape() noexcept = default;

  const Shape& operator()() const noexcept { return shape_ != nullptr ? *shape_ : function_(); }

 private:
  const Shape& (*function_)() noexcept = nullptr;
  const Shape* shape_ = nullptr;
};

/// One field of a structure.
struct Field {
  std::string_view name;  ///< as it stands on the wire
  std::size_t offset;     ///< from the start of the structure that lists it
  FieldShape shape;
  std::uint32_t number = 0;  ///< explicit protobuf field number; 0: its position in the flattened list, from 1
};

/// A base class whose fields come before the structure's own.
struct Base {
  const Shape* shape;
  std::size_t (*offset)();  ///< of the base inside the object
};

struct StringOps {
  std::string_view (*get)(const void*);
  /// Copies, or for a view borrows: then the text must stay until the call's handler has returned.
  void (*set)(void*, std::string_view);
};

struct BytesOps {
  std::span<const std::byte> (*get)(const void*);
  void (*set)(void*, std::span<const std::byte>);  ///< copies, or borrows as above
  std::byte* (*resize)(void*, std::size_t);        ///< room for so many bytes; null for a view
};

struct ListOps {
  std::size_t (*size)(const void*);
  /// The first element of a list that has them one behind the other; null if it never has.
  const void* (*data)(const void*);
  /// Calls for each element until false is returned.
  void (*for_each)(const void*, FunctionRef<bool(const void*)>);
  void (*clear)(void*);
  /// A hint; null where the container has none.
  void (*reserve)(void*, std::size_t);
  /// Makes it that long, new elements value-initialised, and returns the first; null unless `data` is there.
  void* (*resize)(void*, std::size_t);
  /// Lets `fill` write a new, value-initialised element, and adds it if that went well.
  Status (*add)(void*, FunctionRef<Status(void*)> fill);
  /// Refuses elements: what is only a view can't be read into.
  bool read_only = false;
};

struct MapOps {
  std::size_t (*size)(const void*);
  void (*for_each)(const void*, FunctionRef<bool(const void* key, const void* element)>);
  void (*clear)(void*);
  void (*reserve)(void*, std::size_t);  ///< null where the container has none
  /// Lets `fill` write a new key and element; the last of equal keys wins.
  Status (*add)(void*, FunctionRef<Status(void* key, void* element)> fill);
};

struct OptionalOps {
  const void* (*get)(const void*);  ///< null when there is nothing
  void* (*emplace)(void*);          ///< a new, value-initialised element
  void (*reset)(void*);
};

struct VariantOps {
  std::span<const Shape* const> alternatives;
  std::size_t (*index)(const void*);  ///< `alternatives.size()` when valueless
  const void* (*get)(const void*);
  void* (*emplace)(void*, std::size_t);  ///< a new, value-initialised alternative
};

struct TimeOps {
  Time (*get)(const void*);
  bool (*set)(void*, const Time&);  ///< false: out of the type's range
};

struct DurationOps {
  std::int64_t (*get)(const void*);  ///< nanoseconds, saturated
  bool (*set)(void*, std::int64_t);  ///< false: out of the type's range
};

/// How a self-encoding type's bytes are meant: Go's GobEncoder, BinaryMarshaler or TextMarshaler.
enum class OwnEncoding : std::uint8_t { gob, binary, text };

struct CustomOps {
  bool has_gob = false;
  bool has_binary = false;
  bool has_text = false;
  Status (*encode)(const void*, OwnEncoding, std::string& out);
  Status (*decode)(void*, OwnEncoding, std::span<const std::byte>);
  /// Whether the value is its type's zero and may be left out of a gob struct; null: always sent.
  bool (*is_zero)(const void*);

  bool has(OwnEncoding encoding) const noexcept {
    return encoding == OwnEncoding::gob ? has_gob : encoding == OwnEncoding::binary ? has_binary : has_text;
  }
};

struct Enumerator {
  std::string_view name;
  std::int64_t value;
};

struct EnumOps {
  std::span<const Enumerator> enumerators;
  std::int64_t (*get)(const void*);
  void (*set)(void*, std::int64_t);
};

/// How a codec that does not know a foreign type's family carries it all the same. `shape` is the foreign type's own.
struct ForeignBridge {
  /// A described structure that can hold what the object says.
  const Shape& (*mirror)(const Shape& shape);
  Status (*to_mirror)(const Shape& shape, const void* object, void* mirror);
  /// What the mirror does not say becomes the object's default.
  Status (*from_mirror)(const Shape& shape, const void* mirror, void* object);
  /// The object as JSON, where its world says how that looks: appends.
  Status (*to_json)(const Shape& shape, const void* object, std::string& out);
  Status (*from_json)(const Shape& shape, std::string_view text, void* object);
};

/// `family` is the address of an object that the codec knows; `ops` is what that codec and the type agreed on.
struct ForeignOps {
  const void* family;
  const void* ops;
  const ForeignBridge* bridge = nullptr;  ///< null: only codecs that know the family carry it
};

struct Shape {
  Kind kind = Kind::boolean;
  bool is_view = false;        ///< borrows from the message it was read from
  bool is_std_string = false;  ///< kind `string`, and the object is a `std::string`
  bool is_tuple = false;       ///< kind `structure`: fields are known by position (JSON: an array)
  bool is_nothing = false;     ///< kind `structure`: `std::monostate`; in a variant it stands for nil
  std::size_t size = 0;
  std::size_t align = 1;
  std::string_view name = {};  ///< the type's name without namespaces; empty for types that have none
  void (*construct)(void*) =
      nullptr;  ///< value-initialises raw memory of `size` and `align`; null for a view of a type that can't be
  void (*destroy)(void*) = nullptr;

  const Shape* element = nullptr;  ///< of array, list, map, optional
  const Shape* key = nullptr;      ///< of map
  std::size_t array_length = 0;
  std::span<const Field> fields = {};
  std::span<const Base> bases = {};

  union {
    const void* none = nullptr;
    const StringOps* string;
    const BytesOps* bytes;
    const ListOps* list;
    const MapOps* map;
    const OptionalOps* optional;
    const VariantOps* variant;
    const TimeOps* time;
    const DurationOps* duration;
    const CustomOps* custom;
    const EnumOps* enumeration;  ///< of enum_name; of an integer kind: the enumerators, if it is a described enum
    const ForeignOps* foreign;
  };
};

/// Calls for each field of a structure, those of its bases first, with the offset from the start of the whole object.
void for_each_field(const Shape& structure, FunctionRef<void(const Field&, std::size_t offset)> visit);

/// Whether values of this shape may borrow from the message they were read from.
bool contains_view(const Shape& shape);

/// A Go-like text for people: `struct Args`, `[]int64`, `map[string]Point`.
std::string type_text(const Shape& shape);

inline const void* at(const void* object, std::size_t offset) noexcept {
  return static_cast<const std::byte*>(object) + offset;
}
inline void* at(void* object, std::size_t offset) noexcept { return static_cast<std::byte*>(object) + offset; }

/// A message in memory and the table that describes it.
struct MessageRef {
  const void* object = nullptr;
  const Shape* shape = nullptr;
};

/// Where a message is to be read into. The object is alive; what the message does not mention keeps its value.
struct MessageSlot {
  void* object = nullptr;
  const Shape* shape = nullptr;
};

/// An object of a shape, owned.
class Message {
 public:
  Message() noexcept = default;
  /// A value-initialised object.
  explicit Message(const Shape& shape);
  Message(Message&& other) noexcept;
  Message& operator=(Message&& other) noexcept;
  ~Message();

  bool empty() const noexcept { return object_ == nullptr; }
  const Shape* shape() const noexcept { return shape_; }
  void* object() noexcept { return object_; }
  const void* object() const noexcept { return object_; }
  MessageRef ref() const noexcept { return {object_, shape_}; }
  MessageSlot slot() noexcept { return {object_, shape_}; }

 private:
  void* object_ = nullptr;
  const Shape* shape_ = nullptr;
};

}  // namespace polyrpc
