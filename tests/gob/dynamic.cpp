#include "gob/dynamic.hpp"

#include "polyrpc/core/any.hpp"
#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/time.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace polyrpc::gob::test {

struct DynamicTypes::Type {
  DynamicTypes* owner = nullptr;
  std::size_t slot = 0;
  std::string text;
  Shape shape;
  std::deque<std::string> names;
  std::vector<Field> fields;
  std::vector<Type*> field_types;
  Type* element = nullptr;
  Type* key = nullptr;
  ListOps list{};
  MapOps map{};
  OptionalOps optional{};
  CustomOps custom{};
  bool stands_for_map = false;
};

namespace {

using Type = DynamicTypes::Type;

constexpr std::size_t slots = 192;
std::array<Type*, slots> types_in_use{};
std::deque<std::unique_ptr<Type>> owned;

// What objects are made of. A basic type is the real thing.
struct ListObject {
  std::byte* memory = nullptr;  // `count` elements one behind the other
  std::size_t count = 0;
};
struct MapObject {
  std::vector<std::pair<void*, void*>> entries;
};
struct PointerObject {
  void* object = nullptr;
};
struct OwnObject {
  std::string bytes;
  bool zero = true;
};

void construct(const Type& type, void* place);
void destroy(const Type& type, void* object);

void* make(const Type& type) {
  void* object = ::operator new(type.shape.size == 0 ? 1 : type.shape.size);
  construct(type, object);
  return object;
}
void unmake(const Type& type, void* object) {
  if (object == nullptr) return;
  destroy(type, object);
  ::operator delete(object);
}

void clear_list(const Type& type, void* object) {
  auto& list = *static_cast<ListObject*>(object);
  for (std::size_t i = 0; i < list.count; ++i) destroy(*type.element, list.memory + i * type.element->shape.size);
  ::operator delete(list.memory);
  list = {};
}

/// Moves an object to other memory.
void relocate(const Type& type, void* to, void* from) {
  switch (type.shape.kind) {
    case Kind::string:
      ::new (to) std::string(std::move(*static_cast<std::string*>(from)));
      static_cast<std::string*>(from)->~basic_string();
      return;
    case Kind::custom:
      ::new (to) OwnObject(std::move(*static_cast<OwnObject*>(from)));
      static_cast<OwnObject*>(from)->~OwnObject();
      return;
    case Kind::any:
      ::new (to) Any(std::move(*static_cast<Any*>(from)));
      static_cast<Any*>(from)->~Any();
      return;
    case Kind::structure:
      for (std::size_t i = 0; i < type.fields.size(); ++i)
        relocate(*type.field_types[i], at(to, type.fields[i].offset), at(from, type.fields[i].offset));
      return;
    case Kind::array:
      for (std::size_t i = 0; i < type.shape.array_length; ++i) {
        const std::size_t offset = i * type.element->shape.size;
        relocate(*type.element, at(to, offset), at(from, offset));
      }
      return;
    default:
      std::memcpy(to, from, type.shape.size);  // numbers, and what only points elsewhere
      return;
  }
}

void* resize_list(const Type& type, void* object, std::size_t count) {
  auto& list = *static_cast<ListObject*>(object);
  if (count < list.count) throw std::logic_error("test: lists only grow");
  const std::size_t size = type.element->shape.size;
  auto* memory = static_cast<std::byte*>(::operator new(count* size + 1));
  for (std::size_t i = 0; i < list.count; ++i) relocate(*type.element, memory + i * size, list.memory + i * size);
  for (std::size_t i = list.count; i < count; ++i) construct(*type.element, memory + i * size);
  ::operator delete(list.memory);
  list = {memory, count};
  return memory;
}

void clear_map(const Type& type, void* object) {
  auto& map = *static_cast<MapObject*>(object);
  for (const auto& [key, element] : map.entries) {
    unmake(*type.key, key);
    unmake(*type.element, element);
  }
  map.entries.clear();
}

void construct(const Type& type, void* place) {
  switch (type.shape.kind) {
    case Kind::structure:
      for (std::size_t i = 0; i < type.fields.size(); ++i)
        construct(*type.field_types[i], at(place, type.fields[i].offset));
      return;
    case Kind::array:
      for (std::size_t i = 0; i < type.shape.array_length; ++i)
        construct(*type.element, at(place, i * type.element->shape.size));
      return;
    case Kind::list:
      ::new (place) ListObject();
      return;
    case Kind::map:
      ::new (place) MapObject();
      return;
    case Kind::optional:
      ::new (place) PointerObject();
      return;
    case Kind::custom:
      ::new (place) OwnObject();
      return;
    case Kind::string:
      ::new (place) std::string();
      return;
    case Kind::bytes:
      ::new (place) std::vector<std::byte>();
      return;
    case Kind::any:
      ::new (place) Any();
      return;
    case Kind::time:
      ::new (place) Time();
      return;
    default:
      std::memset(place, 0, type.shape.size);
      return;
  }
}

void destroy(const Type& type, void* object) {
  switch (type.shape.kind) {
    case Kind::structure:
      for (std::size_t i = 0; i < type.fields.size(); ++i)
        destroy(*type.field_types[i], at(object, type.fields[i].offset));
      return;
    case Kind::array:
      for (std::size_t i = 0; i < type.shape.array_length; ++i)
        destroy(*type.element, at(object, i * type.element->shape.size));
      return;
    case Kind::list:
      clear_list(type, object);
      return;
    case Kind::map:
      clear_map(type, object);
      static_cast<MapObject*>(object)->~MapObject();
      return;
    case Kind::optional:
      unmake(*type.element, static_cast<PointerObject*>(object)->object);
      return;
    case Kind::custom:
      static_cast<OwnObject*>(object)->~OwnObject();
      return;
    case Kind::string:
      static_cast<std::string*>(object)->~basic_string();
      return;
    case Kind::bytes:
      static_cast<std::vector<std::byte>*>(object)->~vector();
      return;
    case Kind::any:
      static_cast<Any*>(object)->~Any();
      return;
    default:
      return;
  }
}

Status add_to_list(const Type& type, void* object, FunctionRef<Status(void*)> fill) {
  void* element = make(*type.element);
  Status status = fill(element);
  if (status.ok()) {
    auto& list = *static_cast<ListObject*>(object);
    const std::size_t size = type.element->shape.size;
    auto* memory = static_cast<std::byte*>(::operator new((list.count + 1) * size + 1));
    for (std::size_t i = 0; i < list.count; ++i) relocate(*type.element, memory + i * size, list.memory + i * size);
    relocate(*type.element, memory + list.count * size, element);
    ::operator delete(element);
    ::operator delete(list.memory);
    list = {memory, list.count + 1};
  } else {
    unmake(*type.element, element);
  }
  return status;
}

Status add_to_map(const Type& type, void* object, FunctionRef<Status(void*, void*)> fill) {
  void* key = make(*type.key);
  void* element = make(*type.element);
  Status status = fill(key, element);
  auto& map = *static_cast<MapObject*>(object);
  bool kept = false;
  if (status.ok()) {
    const Json wanted = type.owner->tree(type.key->shape, key);
    for (auto& entry : map.entries) {
      if (type.owner->tree(type.key->shape, entry.first) != wanted) continue;
      std::swap(entry.second, element);
      unmake(*type.key, key);
      unmake(*type.element, element);
      return status;
    }
    map.entries.emplace_back(key, element);
    kept = true;
  }
  if (!kept) {
    unmake(*type.key, key);
    unmake(*type.element, element);
  }
  return status;
}

/// The plain functions for one slot of the table.
template <std::size_t Slot>
struct Functions {
  static Type& type() { return *types_in_use[Slot]; }

  static const Shape& shape() noexcept { return type().shape; }

  static void set(Type& t) {
    t.shape.construct = [](void* place) { test::construct(type(), place); };
    t.shape.destroy = [](void* object) { test::destroy(type(), object); };
    t.list.size = [](const void* o) { return static_cast<const ListObject*>(o)->count; };
    t.list.data = [](const void* o) -> const void* { return static_cast<const ListObject*>(o)->memory; };
    t.list.for_each = [](const void* o, FunctionRef<bool(const void*)> visit) {
      const auto& list = *static_cast<const ListObject*>(o);
      for (std::size_t i = 0; i < list.count; ++i)
        if (!visit(list.memory + i * type().element->shape.size)) return;
    };
    t.list.clear = [](void* o) { clear_list(type(), o); };
    t.list.resize = [](void* o, std::size_t count) { return resize_list(type(), o, count); };
    t.list.add = [](void* o, FunctionRef<Status(void*)> fill) { return add_to_list(type(), o, fill); };
    t.map.size = [](const void* o) { return static_cast<const MapObject*>(o)->entries.size(); };
    t.map.for_each = [](const void* o, FunctionRef<bool(const void*, const void*)> visit) {
      for (const auto& [key, element] : static_cast<const MapObject*>(o)->entries)
        if (!visit(key, element)) return;
    };
    t.map.clear = [](void* o) { clear_map(type(), o); };
    t.map.add = [](void* o, FunctionRef<Status(void*, void*)> fill) { return add_to_map(type(), o, fill); };
    t.optional.get = [](const void* o) -> const void* { return static_cast<const PointerObject*>(o)->object; };
    t.optional.emplace = [](void* o) {
      auto& pointer = *static_cast<PointerObject*>(o);
      unmake(*type().element, pointer.object);
      return pointer.object = make(*type().element);
    };
    t.optional.reset = [](void* o) {
      auto& pointer = *static_cast<PointerObject*>(o);
      unmake(*type().element, pointer.object);
      pointer.object = nullptr;
    };
  }
};

struct Slot {
  const Shape& (*shape)() noexcept;
  void (*set)(Type&);
};
template <std::size_t... I>
constexpr std::array<Slot, sizeof...(I)> make_slots(std::index_sequence<I...>) {
  return {Slot{&Functions<I>::shape, &Functions<I>::set}...};
}
const std::array<Slot, slots> slot_table = make_slots(std::make_index_sequence<slots>{});

std::uint64_t bits_of(const Json& hex) { return std::stoull(hex.get<std::string>(), nullptr, 16); }

std::string hex_of(double v) {
  if (v != v) return "nan";
  const auto bits = std::bit_cast<std::uint64_t>(v);
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(bits >> shift);
  return to_hex(bytes);
}

bool is_utf8(std::string_view text) {
  try {
    Json(std::string(text)).dump();
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

Json string_tree(std::string_view text) {
  if (is_utf8(text)) return {{"string", std::string(text)}};
  return {{"string_hex", to_hex(text)}};
}

}  // namespace

DynamicTypes::DynamicTypes(const Json& types, Lists lists) : table_(types), lists_(lists) {
  if (!owned.empty()) throw std::logic_error("test: one DynamicTypes at a time");
}

DynamicTypes::~DynamicTypes() {
  owned.clear();
  types_in_use.fill(nullptr);
}

const Shape& DynamicTypes::shape(const std::string& go_type) { return type(go_type).shape; }

void DynamicTypes::set_basic(Shape& shape, const std::string& kind) {
  const auto copy = [&](const Shape& from) {
    const std::string_view name = shape.name;
    shape = from;
    shape.name = name;
  };
  // Go has two names for words of 64 bits; the shorter ones have to be said.
  if (shape.name.empty() && (kind == "int" || kind == "uint" || kind == "uintptr"))
    shape.name = kind == "int" ? "int" : kind == "uint" ? "uint" : "uintptr";
  if (kind == "bool") return copy(shape_of<bool>());
  if (kind == "int" || kind == "int64") return copy(shape_of<std::int64_t>());
  if (kind == "int8") return copy(shape_of<std::int8_t>());
  if (kind == "int16") return copy(shape_of<std::int16_t>());
  if (kind == "int32") return copy(shape_of<std::int32_t>());
  if (kind == "uint" || kind == "uint64" || kind == "uintptr") return copy(shape_of<std::uint64_t>());
  if (kind == "uint8") return copy(shape_of<std::uint8_t>());
  if (kind == "uint16") return copy(shape_of<std::uint16_t>());
  if (kind == "uint32") return copy(shape_of<std::uint32_t>());
  if (kind == "float32") return copy(shape_of<float>());
  if (kind == "float64") return copy(shape_of<double>());
  if (kind == "complex64") return copy(shape_of<std::complex<float>>());
  if (kind == "complex128") return copy(shape_of<std::complex<double>>());
  if (kind == "string") return copy(shape_of<std::string>());
  if (kind == "interface") return copy(shape_of<Any>());
  throw std::runtime_error("test: no such kind of type: " + kind);
}

namespace {

constexpr std::size_t rounded(std::size_t size) { return (size + 15) / 16 * 16; }

}  // namespace

/// Taken from the table, because a type's shape may still be in the making.
std::size_t DynamicTypes::size_of(const std::string& go_type) const {
  constexpr std::size_t enough = 64;  // for every object that is not a struct or an array
  if (!table_.contains(go_type)) return enough;
  const Json& description = table_[go_type];
  if (description.contains("marshaler")) return enough;
  if (description["kind"] == "array")
    return rounded(description["len"].get<std::size_t>() * size_of(description["elem"]));
  if (description["kind"] != "struct") return enough;
  std::size_t size = 0;
  for (const Json& field : description["fields"])
    if (field.value("sent", true)) size += size_of(field["type"]);
  return size;
}

DynamicTypes::Type& DynamicTypes::new_type(const std::string& text) {
  if (owned.size() == slots) throw std::runtime_error("test: too many types");
  Type& made = *owned.emplace_back(std::make_unique<Type>());
  made.owner = this;
  made.slot = owned.size() - 1;
  made.text = text;
  types_in_use[made.slot] = &made;
  by_text_[text] = &made;
  slot_table[made.slot].set(made);
  return made;
}

/// A nil map and an empty one are not the same to Go. A pointer around a field's map knows the difference too.
DynamicTypes::Type& DynamicTypes::map_in_field(const std::string& go_type) {
  const std::string text = go_type + " in a field";
  if (const auto known = by_text_.find(text); known != by_text_.end()) return *known->second;
  Type& pointer = new_type(text);
  pointer.stands_for_map = true;
  pointer.shape.kind = Kind::optional;
  pointer.shape.align = alignof(std::max_align_t);
  pointer.shape.size = rounded(sizeof(PointerObject));
  pointer.shape.optional = &pointer.optional;
  pointer.element = &type(go_type);
  pointer.shape.element = &pointer.element->shape;
  return pointer;
}

DynamicTypes::Type& DynamicTypes::type(const std::string& go_type) {
  if (const auto known = by_text_.find(go_type); known != by_text_.end()) return *known->second;
  Type& made = new_type(go_type);
  Shape& shape = made.shape;

  if (go_type == "[]uint8" || go_type == "net.IP") {
    shape = shape_of<std::vector<std::byte>>();
    return made;
  }
  const bool is_plain_slice = !table_.contains(go_type) && go_type.starts_with("[]");
  if (!table_.contains(go_type) && !is_plain_slice) {
    set_basic(shape, go_type);
    return made;
  }
  const Json description = is_plain_slice ? Json{{"kind", "slice"}, {"elem", go_type.substr(2)}} : table_[go_type];
  const std::string kind = description["kind"];
  if (!description.value("name", "").empty()) shape.name = made.text;
  const std::string element_text = description.value("elem", "");
  if (kind == "slice" &&
      (element_text == "uint8" || (table_.contains(element_text) && table_[element_text]["kind"] == "uint8"))) {
    const std::string_view name = shape.name;
    shape = shape_of<std::vector<std::byte>>();
    shape.name = name;
    return made;
  }
  if (go_type == "time.Time") {
    shape = shape_of<Time>();
    return made;
  }

  shape.align = alignof(std::max_align_t);
  // Fields come before what depends on sizes: a type that contains itself does so behind a pointer or in a container.
  const auto add_fields = [&] {
    std::size_t offset = 0;
    for (const Json& field : description.value("fields", Json::array())) {
      if (!field.value("sent", true)) continue;
      std::string field_type = field["type"];
      const bool is_map = table_.contains(field_type) && table_[field_type]["kind"] == "map" && kind == "struct";
      made.field_types.push_back(is_map ? &map_in_field(field_type) : &type(field_type));
      const std::string& name = made.names.emplace_back(field["name"]);
      made.fields.push_back({name, offset, slot_table[made.field_types.back()->slot].shape, 0});
      offset += size_of(field["type"]);
    }
    shape.fields = made.fields;
  };

  if (description.contains("marshaler")) {
    shape.kind = Kind::custom;
    shape.size = rounded(sizeof(OwnObject));
    add_fields();
    made.custom.has_gob = description["marshaler"] == "gob";
    made.custom.has_binary = !made.custom.has_gob;
    made.custom.encode = [](const void* o, OwnEncoding, std::string& out) {
      const auto& own = *static_cast<const OwnObject*>(o);
      if (own.bytes == "will not") return Status::internal("BadGob: will not");
      out = own.bytes;
      return Status();
    };
    made.custom.decode = [](void* o, OwnEncoding, std::span<const std::byte> bytes) {
      *static_cast<OwnObject*>(o) = {std::string(as_text(bytes)), false};
      return Status();
    };
    if (description["receiver"] == "value")
      made.custom.is_zero = [](const void* o) { return static_cast<const OwnObject*>(o)->zero; };
    shape.custom = &made.custom;
  } else if (kind == "struct") {
    shape.kind = Kind::structure;
    shape.size = size_of(go_type);
    add_fields();
  } else if (kind == "ptr") {
    shape.kind = Kind::optional;
    shape.size = rounded(sizeof(PointerObject));
    made.element = &type(description["elem"]);
    shape.element = &made.element->shape;
    shape.optional = &made.optional;
  } else if (kind == "slice") {
    shape.kind = Kind::list;
    shape.size = rounded(sizeof(ListObject));
    made.element = &type(description["elem"]);
    shape.element = &made.element->shape;
    if (lists_ == Lists::one_by_one) {
      made.list.data = nullptr;
      made.list.resize = nullptr;
    }
    shape.list = &made.list;
  } else if (kind == "map") {
    shape.kind = Kind::map;
    shape.size = rounded(sizeof(MapObject));
    made.key = &type(description["key"]);
    made.element = &type(description["elem"]);
    shape.key = &made.key->shape;
    shape.element = &made.element->shape;
    shape.map = &made.map;
  } else if (kind == "array") {
    shape.kind = Kind::array;
    made.element = &type(description["elem"]);
    shape.element = &made.element->shape;
    shape.array_length = description["len"];
    shape.size = shape.array_length * made.element->shape.size;
  } else {
    const std::string_view name = shape.name;
    shape = {};
    shape.name = name;
    set_basic(shape, kind);
  }
  return made;
}

void DynamicTypes::fill(const Shape& shape, const Json& tree, void* object) {
  Type* type = nullptr;
  for (const auto& candidate : owned)
    if (&candidate->shape == &shape) type = candidate.get();
  const auto number = [&](auto zero) {
    using T = decltype(zero);
    const std::string text = tree.begin().value();
    const T value = std::is_signed_v<T> ? static_cast<T>(std::stoll(text)) : static_cast<T>(std::stoull(text));
    std::memcpy(object, &value, sizeof value);
  };
  const auto floating = [](const Json& hex) { return std::bit_cast<double>(bits_of(hex)); };
  switch (shape.kind) {
    case Kind::boolean:
      *static_cast<bool*>(object) = tree["bool"];
      return;
    case Kind::int8:
      return number(std::int8_t());
    case Kind::int16:
      return number(std::int16_t());
    case Kind::int32:
      return number(std::int32_t());
    case Kind::int64:
      return number(std::int64_t());
    case Kind::uint8:
      return number(std::uint8_t());
    case Kind::uint16:
      return number(std::uint16_t());
    case Kind::uint32:
      return number(std::uint32_t());
    case Kind::uint64:
      return number(std::uint64_t());
    case Kind::float32:
      *static_cast<float*>(object) = static_cast<float>(floating(tree["float"]));
      return;
    case Kind::float64:
      *static_cast<double*>(object) = floating(tree["float"]);
      return;
    case Kind::complex64:
      *static_cast<std::complex<float>*>(object) = {static_cast<float>(floating(tree["complex"][0])),
                                                    static_cast<float>(floating(tree["complex"][1]))};
      return;
    case Kind::complex128:
      *static_cast<std::complex<double>*>(object) = {floating(tree["complex"][0]), floating(tree["complex"][1])};
      return;
    case Kind::string:
      *static_cast<std::string*>(object) =
          tree.contains("string") ? tree["string"].get<std::string>() : from_hex(tree["string_hex"].get<std::string>());
      return;
    case Kind::bytes: {
      const std::string bytes = tree["bytes"].is_null() ? "" : from_hex(tree["bytes"].get<std::string>());
      shape.bytes->set(object, as_bytes(bytes));
      return;
    }
    case Kind::time: {
      const Json& time = tree["time"];
      auto& into = *static_cast<Time*>(object);
      into.unix_seconds = std::stoll(time["unix"].get<std::string>());
      into.nanoseconds = time["nsec"];
      into.offset_seconds.reset();
      if (time["offset"] != "utc") into.offset_seconds = time["offset"].get<std::int32_t>();
      return;
    }
    case Kind::custom:
      *static_cast<OwnObject*>(object) = {
          tree.contains("error") ? "will not" : from_hex(tree["hex"].get<std::string>()), tree.value("zero", false)};
      return;
    case Kind::structure:
      for (std::size_t i = 0; i < type->fields.size(); ++i) {
        const Json& field = tree["struct"][i];
        if (field[0] != type->names[i]) throw std::runtime_error("test: fields out of order");
        fill(type->field_types[i]->shape, field[1], at(object, type->fields[i].offset));
      }
      return;
    case Kind::array:
      for (std::size_t i = 0; i < shape.array_length; ++i)
        fill(*shape.element, tree["array"][i], at(object, i * shape.element->size));
      return;
    case Kind::list: {
      if (tree["slice"].is_null()) return;
      const Json& elements = tree["slice"];
      auto* first = static_cast<std::byte*>(resize_list(*type, object, elements.size()));
      for (std::size_t i = 0; i < elements.size(); ++i) {
        Json element = elements[i];
        // Go asks a nil *big.Int for its bytes, and gets none.
        if (shape.element->kind == Kind::optional && type->element->element->shape.kind == Kind::custom &&
            element["ptr"].is_null())
          element = {{"ptr", {{"hex", ""}}}};
        fill(*shape.element, element, first + i * shape.element->size);
      }
      return;
    }
    case Kind::map:
      for (const Json& entry : tree["map"]) {
        const Status added = shape.map->add(object, [&](void* key, void* element) {
          fill(*shape.key, entry[0], key);
          fill(*shape.element, entry[1], element);
          return Status();
        });
        if (!added.ok()) throw std::runtime_error(added.to_string());
      }
      return;
    case Kind::optional: {
      const bool is_pointer = tree.contains("ptr");
      const Json& inner = is_pointer ? tree["ptr"] : tree;
      const bool nil = is_pointer ? inner.is_null() : inner.begin().value().is_null();
      if (!nil) fill(*shape.element, inner, shape.optional->emplace(object));
      return;
    }
    case Kind::any: {
      const Json& interface = tree["iface"];
      if (interface.is_null()) return;
      const Shape& inner = this->shape(interface["type"]);
      auto message = std::make_shared<Message>(inner);
      fill(inner, interface["value"], message->object());
      const void* inside = message->object();
      *static_cast<Any*>(object) = Any(inner, std::shared_ptr<const void>(message, inside));
      return;
    }
    default:
      throw std::runtime_error("test: cannot fill " + type->text);
  }
}

Json DynamicTypes::tree(const Shape& shape, const void* object) const {
  const Type* type = nullptr;
  for (const auto& candidate : owned)
    if (&candidate->shape == &shape) type = candidate.get();
  const auto integer = [&](auto zero) -> Json {
    using T = decltype(zero);
    T value;
    std::memcpy(&value, object, sizeof value);
    return {{std::is_signed_v<T> ? "int" : "uint", std::to_string(value)}};
  };
  switch (shape.kind) {
    case Kind::boolean:
      return {{"bool", *static_cast<const bool*>(object)}};
    case Kind::int8:
      return integer(std::int8_t());
    case Kind::int16:
      return integer(std::int16_t());
    case Kind::int32:
      return integer(std::int32_t());
    case Kind::int64:
      return integer(std::int64_t());
    case Kind::uint8:
      return integer(std::uint8_t());
    case Kind::uint16:
      return integer(std::uint16_t());
    case Kind::uint32:
      return integer(std::uint32_t());
    case Kind::uint64:
      return integer(std::uint64_t());
    case Kind::float32:
      return {{"float", hex_of(static_cast<double>(*static_cast<const float*>(object)))}};
    case Kind::float64:
      return {{"float", hex_of(*static_cast<const double*>(object))}};
    case Kind::complex64: {
      const auto& v = *static_cast<const std::complex<float>*>(object);
      return {{"complex", {hex_of(static_cast<double>(v.real())), hex_of(static_cast<double>(v.imag()))}}};
    }
    case Kind::complex128: {
      const auto& v = *static_cast<const std::complex<double>*>(object);
      return {{"complex", {hex_of(v.real()), hex_of(v.imag())}}};
    }
    case Kind::string:
      return string_tree(*static_cast<const std::string*>(object));
    case Kind::bytes:
      return {{"bytes", to_hex(as_text(shape.bytes->get(object)))}};
    case Kind::time: {
      const auto& time = *static_cast<const Time*>(object);
      Json offset = time.offset_seconds ? Json(*time.offset_seconds) : Json("utc");
      return {{"time", {{"unix", std::to_string(time.unix_seconds)}, {"nsec", time.nanoseconds}, {"offset", offset}}}};
    }
    case Kind::custom: {
      const auto& own = *static_cast<const OwnObject*>(object);
      if (own.zero) return {{"own", "zero"}};
      return {{"own", to_hex(own.bytes)}};
    }
    case Kind::structure: {
      Json fields = Json::array();
      for (std::size_t i = 0; i < type->fields.size(); ++i)
        fields.push_back(
            Json::array({type->names[i], tree(type->field_types[i]->shape, at(object, type->fields[i].offset))}));
      return {{"struct", fields}};
    }
    case Kind::array: {
      Json elements = Json::array();
      for (std::size_t i = 0; i < shape.array_length; ++i)
        elements.push_back(tree(*shape.element, at(object, i * shape.element->size)));
      return {{"array", elements}};
    }
    case Kind::list: {
      Json elements = Json::array();
      shape.list->for_each(object, [&](const void* element) {
        elements.push_back(tree(*shape.element, element));
        return true;
      });
      return {{"slice", elements}};
    }
    case Kind::map: {
      std::map<std::string, Json> sorted;
      shape.map->for_each(object, [&](const void* key, const void* element) {
        Json entry = Json::array({tree(*shape.key, key), tree(*shape.element, element)});
        sorted.emplace(entry.dump(), entry);
        return true;
      });
      Json entries = Json::array();
      for (auto& [text, entry] : sorted) entries.push_back(std::move(entry));
      return {{"map", entries}};
    }
    case Kind::optional: {
      const void* inner = shape.optional->get(object);
      if (type->stands_for_map) {
        if (inner == nullptr) return {{"map", Json::array()}};
        return tree(*shape.element, inner);
      }
      return {{"ptr", inner == nullptr ? Json() : tree(*shape.element, inner)}};
    }
    case Kind::any: {
      const auto& any = *static_cast<const Any*>(object);
      if (!any.has_value()) return {{"iface", nullptr}};
      return {{"iface", tree(*any.shape(), any.object())}};
    }
    default:
      throw std::runtime_error("test: cannot show this type");
  }
}

Json plain(const Json& tree) {
  if (tree.is_array()) {
    Json parts = Json::array();
    for (const Json& part : tree) parts.push_back(plain(part));
    return parts;
  }
  if (!tree.is_object() || tree.empty()) return tree;
  const std::string kind = tree.begin().key();
  if (tree.contains("time")) {
    const Json& time = tree["time"];
    return {{"time", {{"unix", time["unix"]}, {"nsec", time["nsec"]}, {"offset", time["offset"]}}}};
  }
  if (tree.contains("marshaler"))
    return {{"own", tree.value("zero", false) ? std::string("zero") : tree["hex"].get<std::string>()}};
  if (kind == "bytes") return {{"bytes", tree["bytes"].is_null() ? Json("") : tree["bytes"]}};
  if (kind == "slice") return {{"slice", tree["slice"].is_null() ? Json::array() : plain(tree["slice"])}};
  if (kind == "map") {
    std::map<std::string, Json> sorted;
    for (const Json& entry : tree["map"]) {
      Json part = plain(entry);
      sorted.emplace(part.dump(), part);
    }
    Json entries = Json::array();
    for (auto& [text, entry] : sorted) entries.push_back(std::move(entry));
    return {{"map", entries}};
  }
  if (kind == "float") return {{"float", hex_of(std::bit_cast<double>(bits_of(tree["float"])))}};
  if (kind == "complex") {
    const auto part = [&](std::size_t i) { return hex_of(std::bit_cast<double>(bits_of(tree["complex"][i]))); };
    return {{"complex", {part(0), part(1)}}};
  }
  if (kind == "iface") {
    const Json& interface = tree["iface"];
    if (interface.is_null()) return {{"iface", nullptr}};
    const Json& value = interface["value"];
    return {{"iface", plain(value.contains("ptr") ? value["ptr"] : value)}};
  }
  if (kind == "struct") {
    Json fields = Json::array();
    for (const Json& field : tree["struct"]) fields.push_back(Json::array({field[0], plain(field[1])}));
    return {{"struct", fields}};
  }
  return {{kind, plain(tree.begin().value())}};
}

Json plain_wire(const Json& tree) {
  if (tree.is_array()) {
    Json parts = Json::array();
    for (const Json& part : tree) parts.push_back(plain_wire(part));
    return parts;
  }
  if (!tree.is_object() || tree.empty()) return tree;
  if (tree.contains("marshaler")) return {{"marshaler", tree["marshaler"]}, {"hex", tree["hex"]}};
  const std::string kind = tree.begin().key();
  if (kind == "float" || kind == "complex" || kind == "map") {
    if (kind != "map") return plain(tree);
    std::map<std::string, Json> sorted;
    for (const Json& entry : tree["map"]) {
      Json part = plain_wire(entry);
      sorted.emplace(part.dump(), part);
    }
    Json entries = Json::array();
    for (auto& [text, entry] : sorted) entries.push_back(std::move(entry));
    return {{"map", entries}};
  }
  if (kind == "iface") {
    const Json& interface = tree["iface"];
    if (interface.is_null()) return {{"iface", nullptr}};
    return {{"iface", {{"name", interface["name"]}, {"value", plain_wire(interface["value"])}}}};
  }
  if (kind == "struct") {
    Json fields = Json::array();
    for (const Json& field : tree["struct"]) fields.push_back(Json::array({field[0], plain_wire(field[1])}));
    return {{"struct", fields}};
  }
  return {{kind, plain_wire(tree.begin().value())}};
}

namespace {

struct WireTree {
  Json operator()(Value::Nil) const { return {{"iface", nullptr}}; }
  Json operator()(bool v) const { return {{"bool", v}}; }
  Json operator()(std::int64_t v) const { return {{"int", std::to_string(v)}}; }
  Json operator()(std::uint64_t v) const { return {{"uint", std::to_string(v)}}; }
  Json operator()(double v) const { return {{"float", hex_of(v)}}; }
  Json operator()(const std::complex<double>& v) const { return {{"complex", {hex_of(v.real()), hex_of(v.imag())}}}; }
  Json operator()(const std::string& v) const { return string_tree(v); }
  Json operator()(const Value::Bytes& v) const { return {{"bytes", to_hex(as_text(v))}}; }
  Json operator()(const Value::List& v) const {
    Json elements = Json::array();
    for (const Value& element : v.elements) elements.push_back(wire_tree(element));
    return {{v.fixed ? "array" : "slice", elements}};
  }
  Json operator()(const Value::Map& v) const {
    std::map<std::string, Json> sorted;
    for (const auto& [key, element] : v.entries) {
      Json entry = Json::array({wire_tree(key), wire_tree(element)});
      sorted.emplace(entry.dump(), entry);
    }
    Json entries = Json::array();
    for (auto& [text, entry] : sorted) entries.push_back(std::move(entry));
    return {{"map", entries}};
  }
  Json operator()(const Value::Struct& v) const {
    Json fields = Json::array();
    for (const auto& [name, value] : v.fields) fields.push_back(Json::array({name, wire_tree(value)}));
    return {{"struct", fields}};
  }
  Json operator()(const Value::Interface& v) const {
    return {{"iface", {{"name", v.name}, {"value", wire_tree(*v.value)}}}};
  }
  Json operator()(const Value::Own& v) const {
    const char* marshaler = v.encoding == OwnEncoding::gob      ? "gob"
                            : v.encoding == OwnEncoding::binary ? "binary"
                                                                : "text";
    return {{"marshaler", marshaler}, {"hex", to_hex(v.bytes)}};
  }
};

}  // namespace

Json wire_tree(const Value& value) { return std::visit(WireTree{}, value.data); }

}  // namespace polyrpc::gob::test
