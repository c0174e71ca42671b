#include "mirror.hpp"

#include "polyrpc/core/describe.hpp"

#include "message.hpp"
#include "numbers.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace polyrpc::protobuf {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;
using ProtoMessage = google::protobuf::Message;
using Bytes = std::vector<std::byte>;

struct MirrorType;

/// What lists, maps and pointers of a mirror hold: objects of a constant shape, or mirrors.
struct Inside {
  const Shape* shape = nullptr;
  const MirrorType* type = nullptr;  // null: a constant shape

  void* make() const;
  void free(void* object) const noexcept {
    shape->destroy(object);
    ::operator delete(object, std::align_val_t(shape->align));
  }
};

/// Each of these begins with what it holds, because the operations are not told.
struct Pointer {
  const Inside* inside;
  void* object = nullptr;

  void reset() noexcept {
    if (object != nullptr) inside->free(std::exchange(object, nullptr));
  }
};
struct List {
  const Inside* inside;
  std::vector<void*> objects;

  void clear() noexcept {
    for (void* object : objects) inside->free(object);
    objects.clear();
  }
};
struct MapInside {
  Inside key;
  Inside element;
};
struct Map {
  const MapInside* inside;
  std::vector<std::pair<void*, void*>> entries;

  void clear() noexcept {
    for (const auto& [key, element] : entries) inside->key.free(key), inside->element.free(element);
    entries.clear();
  }
};

/// Frees an object that nobody took.
class Guard {
 public:
  Guard(const Inside& inside, void* object) noexcept : inside_(inside), object_(object) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() {
    if (object_ != nullptr) inside_.free(object_);
  }
  void* get() const noexcept { return object_; }
  void* take() noexcept { return std::exchange(object_, nullptr); }

 private:
  const Inside& inside_;
  void* object_;
};

constexpr OptionalOps pointer_ops = {
    [](const void* o) -> const void* { return as<Pointer>(o).object; },
    [](void* o) -> void* {
      auto& pointer = as<Pointer>(o);
      void* made = pointer.inside->make();
      pointer.reset();
      return pointer.object = made;
    },
    [](void* o) { as<Pointer>(o).reset(); },
};

constexpr ListOps make_list_ops() {
  ListOps ops{};
  ops.size = [](const void* o) { return as<List>(o).objects.size(); };
  ops.for_each = [](const void* o, FunctionRef<bool(const void*)> visit) {
    for (const void* object : as<List>(o).objects)
      if (!visit(object)) return;
  };
  ops.clear = [](void* o) { as<List>(o).clear(); };
  ops.add = [](void* o, FunctionRef<Status(void*)> fill) {
    auto& list = as<List>(o);
    Guard made(*list.inside, list.inside->make());
    Status status = fill(made.get());
    if (!status.ok()) return status;
    list.objects.push_back(made.get());
    made.take();
    return status;
  };
  return ops;
}
constexpr ListOps list_ops = make_list_ops();

constexpr MapOps make_map_ops() {
  MapOps ops{};
  ops.size = [](const void* o) { return as<Map>(o).entries.size(); };
  ops.for_each = [](const void* o, FunctionRef<bool(const void*, const void*)> visit) {
    for (const auto& [key, element] : as<Map>(o).entries)
      if (!visit(key, element)) return;
  };
  ops.clear = [](void* o) { as<Map>(o).clear(); };
  // Of equal keys the last counts when the message is made.
  ops.add = [](void* o, FunctionRef<Status(void*, void*)> fill) {
    auto& map = as<Map>(o);
    Guard key(map.inside->key, map.inside->key.make());
    Guard element(map.inside->element, map.inside->element.make());
    Status status = fill(key.get(), element.get());
    if (!status.ok()) return status;
    map.entries.emplace_back(key.get(), element.get());
    key.take();
    element.take();
    return status;
  };
  return ops;
}
constexpr MapOps map_ops = make_map_ops();

enum class Form : std::uint8_t { constant, pointer, list, map };

struct MirrorField {
  const FieldDescriptor* descriptor = nullptr;
  std::string name;
  Form form = Form::constant;
  std::size_t offset = 0;
  const Shape* shape = nullptr;  // constant, or `own`
  Shape own;
  Inside inside;
  MapInside map;
};

/// Begins with the pointer to its type.
struct MirrorType {
  const Descriptor* descriptor = nullptr;
  std::string name;
  Shape shape;
  std::deque<MirrorField> fields;
  std::vector<Field> listed;
};

template <template <class> class Outer>
const Shape& scalar_shape(FieldDescriptor::CppType type, bool is_bytes) {
  switch (type) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_ENUM:
      return shape_of<typename Outer<std::int32_t>::type>();
    case FieldDescriptor::CPPTYPE_INT64:
      return shape_of<typename Outer<std::int64_t>::type>();
    case FieldDescriptor::CPPTYPE_UINT32:
      return shape_of<typename Outer<std::uint32_t>::type>();
    case FieldDescriptor::CPPTYPE_UINT64:
      return shape_of<typename Outer<std::uint64_t>::type>();
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return shape_of<typename Outer<double>::type>();
    case FieldDescriptor::CPPTYPE_FLOAT:
      return shape_of<typename Outer<float>::type>();
    case FieldDescriptor::CPPTYPE_BOOL:
      return shape_of<typename Outer<bool>::type>();
    default:
      return is_bytes ? shape_of<typename Outer<Bytes>::type>() : shape_of<typename Outer<std::string>::type>();
  }
}
template <class T>
struct Plain {
  using type = T;
};
template <class T>
struct Optional {
  using type = std::optional<T>;
};
template <class T>
struct Repeated {
  using type = std::vector<T>;
};

void destroy_mirror(void* object);

/// All mirrors there are; like the descriptors they live as long as the program.
class Mirrors {
 public:
  const MirrorType& of(const Descriptor& descriptor, void (*construct)(void*)) {
    const std::lock_guard lock(mutex_);
    MirrorType& type = build(descriptor);
    // Who reads it has been here.
    if (construct != nullptr && type.shape.construct == nullptr) type.shape.construct = construct;
    return type;
  }

 private:
  MirrorType& build(const Descriptor& descriptor) {
    auto& place = types_[&descriptor];
    if (place != nullptr) return *place;
    place = std::make_unique<MirrorType>();
    MirrorType& type = *place;
    type.descriptor = &descriptor;
    type.name = std::string(descriptor.name());
    for (const Descriptor* outer = descriptor.containing_type(); outer != nullptr; outer = outer->containing_type())
      type.name = std::string(outer->name()) + "_" + type.name;
    type.shape.kind = Kind::structure;
    type.shape.name = type.name;
    type.shape.size = sizeof(const MirrorType*);
    type.shape.align = alignof(const MirrorType*);
    type.shape.destroy = &destroy_mirror;
    for (int i = 0; i < descriptor.field_count(); ++i) add(type, *descriptor.field(i));
    type.shape.size = rounded(type.shape.size, type.shape.align);
    for (const MirrorField& field : type.fields)
      type.listed.push_back({field.name, field.offset, FieldShape(*field.shape), 0});
    type.shape.fields = type.listed;
    return type;
  }

  static std::size_t rounded(std::size_t size, std::size_t align) noexcept {
    return (size + align - 1) / align * align;
  }

  Inside inside_of(const FieldDescriptor& field) {
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE)
      return {&scalar_shape<Plain>(field.cpp_type(), field.type() == FieldDescriptor::TYPE_BYTES), nullptr};
    MirrorType& type = build(*field.message_type());
    return {&type.shape, &type};
  }

  void add(MirrorType& type, const FieldDescriptor& descriptor) {
    MirrorField& field = type.fields.emplace_back();
    field.descriptor = &descriptor;
    field.name = go_name(descriptor.name());
    // Go puts underscores behind names that are taken by then.
    while (std::any_of(type.fields.begin(), type.fields.end() - 1,
                       [&](const MirrorField& other) { return other.name == field.name; }))
      field.name += '_';
    const bool is_bytes = descriptor.type() == FieldDescriptor::TYPE_BYTES;
    if (descriptor.is_map()) {
      field.form = Form::map;
      field.map.key = inside_of(*descriptor.message_type()->field(0));
      field.map.element = inside_of(*descriptor.message_type()->field(1));
      own_shape<Map>(field, Kind::map);
      field.own.key = field.map.key.shape;
      field.own.element = field.map.element.shape;
      field.own.map = &map_ops;
    } else if (descriptor.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      field.inside = inside_of(descriptor);
      if (descriptor.is_repeated()) {
        field.form = Form::list;
        own_shape<List>(field, Kind::list);
        field.own.list = &list_ops;
      } else {
        field.form = Form::pointer;
        own_shape<Pointer>(field, Kind::optional);
        field.own.optional = &pointer_ops;
      }
      field.own.element = field.inside.shape;
    } else {
      field.shape = descriptor.is_repeated()    ? &scalar_shape<Repeated>(descriptor.cpp_type(), is_bytes)
                    : descriptor.has_presence() ? &scalar_shape<Optional>(descriptor.cpp_type(), is_bytes)
                                                : &scalar_shape<Plain>(descriptor.cpp_type(), is_bytes);
    }
    field.offset = rounded(type.shape.size, field.shape->align);
    type.shape.size = field.offset + field.shape->size;
    type.shape.align = (std::max)(type.shape.align, field.shape->align);
  }

  template <class T>
  static void own_shape(MirrorField& field, Kind kind) {
    field.own.kind = kind;
    field.own.size = sizeof(T);
    field.own.align = alignof(T);
    field.shape = &field.own;
  }

  std::mutex mutex_;  // guards types_; what has been given out does not change any more
  std::unordered_map<const Descriptor*, std::unique_ptr<MirrorType>> types_;
};

const MirrorType& mirror_type(const Descriptor& descriptor, void (*construct)(void*) = nullptr) {
  static Mirrors mirrors;
  return mirrors.of(descriptor, construct);
}

void destroy_fields(const MirrorType& type, void* object, std::size_t count) noexcept {
  while (count > 0) {
    const MirrorField& field = type.fields[--count];
    void* place = at(object, field.offset);
    switch (field.form) {
      case Form::constant:
        field.shape->destroy(place);
        break;
      case Form::pointer:
        as<Pointer>(place).reset();
        break;
      case Form::list:
        as<List>(place).clear();
        as<List>(place).~List();
        break;
      case Form::map:
        as<Map>(place).clear();
        as<Map>(place).~Map();
        break;
    }
  }
}

void destroy_mirror(void* object) {
  const MirrorType& type = *as<const MirrorType*>(object);
  destroy_fields(type, object, type.fields.size());
}

void construct(const MirrorType& type, void* object) {
  ::new (object) const MirrorType*(&type);
  std::size_t made = 0;
  try {
    for (const MirrorField& field : type.fields) {
      void* place = at(object, field.offset);
      switch (field.form) {
        case Form::constant:
          field.shape->construct(place);
          break;
        case Form::pointer:
          ::new (place) Pointer{&field.inside};
          break;
        case Form::list:
          ::new (place) List{&field.inside, {}};
          break;
        case Form::map:
          ::new (place) Map{&field.map, {}};
          break;
      }
      ++made;
    }
  } catch (...) {
    destroy_fields(type, object, made);
    throw;
  }
}

void* Inside::make() const {
  void* object = ::operator new(shape->size, std::align_val_t(shape->align));
  try {
    if (type != nullptr)
      construct(*type, object);
    else
      shape->construct(object);
  } catch (...) {
    ::operator delete(object, std::align_val_t(shape->align));
    throw;
  }
  return object;
}

// ---- from the message ----

void put_bytes(const std::string& from, Bytes& to) {
  const auto* first = reinterpret_cast<const std::byte*>(from.data());
  to.assign(first, first + from.size());
}
std::string_view text_of(const Bytes& bytes) noexcept { return as_text(bytes); }

/// Calls with the member functions of `Reflection` for the field's type and a value of the mirror's.
template <class Visit>
void visit_scalar(const FieldDescriptor& field, Visit&& visit) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return visit(std::int32_t{}, &Reflection::GetInt32, &Reflection::GetRepeatedInt32, &Reflection::SetInt32,
                   &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_ENUM:
      return visit(std::int32_t{}, &Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue,
                   &Reflection::SetEnumValue, &Reflection::AddEnumValue);
    case FieldDescriptor::CPPTYPE_INT64:
      return visit(std::int64_t{}, &Reflection::GetInt64, &Reflection::GetRepeatedInt64, &Reflection::SetInt64,
                   &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return visit(std::uint32_t{}, &Reflection::GetUInt32, &Reflection::GetRepeatedUInt32, &Reflection::SetUInt32,
                   &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return visit(std::uint64_t{}, &Reflection::GetUInt64, &Reflection::GetRepeatedUInt64, &Reflection::SetUInt64,
                   &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return visit(double{}, &Reflection::GetDouble, &Reflection::GetRepeatedDouble, &Reflection::SetDouble,
                   &Reflection::AddDouble);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return visit(float{}, &Reflection::GetFloat, &Reflection::GetRepeatedFloat, &Reflection::SetFloat,
                   &Reflection::AddFloat);
    default:
      return visit(bool{}, &Reflection::GetBool, &Reflection::GetRepeatedBool, &Reflection::SetBool,
                   &Reflection::AddBool);
  }
}

bool is_text(const FieldDescriptor& field) noexcept { return field.cpp_type() == FieldDescriptor::CPPTYPE_STRING; }
bool is_bytes(const FieldDescriptor& field) noexcept { return field.type() == FieldDescriptor::TYPE_BYTES; }

/// One value that is no message, into an object of its plain shape.
void fill_one(const ProtoMessage& message, const FieldDescriptor& field, void* place) {
  const Reflection& reflection = *message.GetReflection();
  if (is_text(field)) {
    std::string scratch;
    const std::string& text = reflection.GetStringReference(message, &field, &scratch);
    if (is_bytes(field))
      put_bytes(text, as<Bytes>(place));
    else
      as<std::string>(place) = text;
    return;
  }
  visit_scalar(field, [&](auto zero, auto get, auto, auto, auto) {
    as<decltype(zero)>(place) = (reflection.*get)(message, &field);
  });
}

void fill_all(const ProtoMessage& message, const FieldDescriptor& field, void* place) {
  const Reflection& reflection = *message.GetReflection();
  const int count = reflection.FieldSize(message, &field);
  const auto all = [&](auto& list, auto get) {
    list.clear();
    list.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) get(list, i);
  };
  if (is_text(field)) {
    std::string scratch;
    const auto text = [&](int i) -> const std::string& {
      return reflection.GetRepeatedStringReference(message, &field, i, &scratch);
    };
    if (is_bytes(field))
      all(as<std::vector<Bytes>>(place), [&](auto& list, int i) { put_bytes(text(i), list.emplace_back()); });
    else
      all(as<std::vector<std::string>>(place), [&](auto& list, int i) { list.push_back(text(i)); });
    return;
  }
  visit_scalar(field, [&](auto zero, auto, auto get, auto, auto) {
    all(as<std::vector<decltype(zero)>>(place),
        [&](auto& list, int i) { list.push_back((reflection.*get)(message, &field, i)); });
  });
}

void fill(const MirrorType& type, const ProtoMessage& message, void* mirror) {
  const Reflection& reflection = *message.GetReflection();
  for (const MirrorField& field : type.fields) {
    const FieldDescriptor& descriptor = *field.descriptor;
    void* place = at(mirror, field.offset);
    switch (field.form) {
      case Form::constant:
        if (descriptor.is_repeated()) {
          fill_all(message, descriptor, place);
        } else if (!descriptor.has_presence()) {
          fill_one(message, descriptor, place);
        } else if (reflection.HasField(message, &descriptor)) {
          fill_one(message, descriptor, field.shape->optional->emplace(place));
        } else {
          field.shape->optional->reset(place);
        }
        break;
      case Form::pointer:
        if (reflection.HasField(message, &descriptor))
          fill(*field.inside.type, reflection.GetMessage(message, &descriptor), pointer_ops.emplace(place));
        else
          pointer_ops.reset(place);
        break;
      case Form::list: {
        auto& list = as<List>(place);
        list.clear();
        const int count = reflection.FieldSize(message, &descriptor);
        for (int i = 0; i < count; ++i) {
          Guard made(field.inside, field.inside.make());
          fill(*field.inside.type, reflection.GetRepeatedMessage(message, &descriptor, i), made.get());
          list.objects.push_back(made.get());
          made.take();
        }
        break;
      }
      case Form::map: {
        auto& map = as<Map>(place);
        map.clear();
        const int count = reflection.FieldSize(message, &descriptor);
        for (int i = 0; i < count; ++i) {
          const ProtoMessage& entry = reflection.GetRepeatedMessage(message, &descriptor, i);
          const Descriptor& entry_type = *descriptor.message_type();
          Guard key(field.map.key, field.map.key.make());
          Guard element(field.map.element, field.map.element.make());
          fill_one(entry, *entry_type.field(0), key.get());
          if (field.map.element.type != nullptr)
            fill(*field.map.element.type, entry.GetReflection()->GetMessage(entry, entry_type.field(1)), element.get());
          else
            fill_one(entry, *entry_type.field(1), element.get());
          map.entries.emplace_back(key.get(), element.get());
          key.take();
          element.take();
        }
        break;
      }
    }
  }
}

// ---- to the message ----

Status read(const MirrorType& type, const void* mirror, ProtoMessage& message);

Status checked(const FieldDescriptor& field, std::string_view text) {
  if (is_bytes(field) || is_utf8(text)) return {};
  return Status::invalid_argument("protobuf: " + std::string(field.full_name()) + " is not UTF-8");
}

Status read_one(const FieldDescriptor& field, const void* place, ProtoMessage& message) {
  const Reflection& reflection = *message.GetReflection();
  if (is_text(field)) {
    const std::string_view text = is_bytes(field) ? text_of(as<Bytes>(place)) : as<std::string>(place);
    Status status = checked(field, text);
    if (status.ok()) reflection.SetString(&message, &field, std::string(text));
    return status;
  }
  visit_scalar(field, [&](auto zero, auto, auto, auto set, auto) {
    (reflection.*set)(&message, &field, as<decltype(zero)>(place));
  });
  return {};
}

Status read_all(const FieldDescriptor& field, const void* place, ProtoMessage& message) {
  const Reflection& reflection = *message.GetReflection();
  if (is_text(field)) {
    const auto add = [&](std::string_view text) {
      Status status = checked(field, text);
      if (status.ok()) reflection.AddString(&message, &field, std::string(text));
      return status;
    };
    if (is_bytes(field)) {
      for (const Bytes& bytes : as<std::vector<Bytes>>(place))
        if (Status status = add(text_of(bytes)); !status.ok()) return status;
    } else {
      for (const std::string& text : as<std::vector<std::string>>(place))
        if (Status status = add(text); !status.ok()) return status;
    }
    return {};
  }
  visit_scalar(field, [&](auto zero, auto, auto, auto, auto add) {
    for (const auto each : as<std::vector<decltype(zero)>>(place)) (reflection.*add)(&message, &field, each);
  });
  return {};
}

/// An entry is a message with two fields; adding them through the list is what parsing does, so the last key wins.
Status read_map(const MirrorField& field, const Map& map, ProtoMessage& message) {
  const Descriptor& entry_type = *field.descriptor->message_type();
  for (const auto& [key, element] : map.entries) {
    ProtoMessage& entry = *message.GetReflection()->AddMessage(&message, field.descriptor);
    Status status = read_one(*entry_type.field(0), key, entry);
    if (!status.ok()) return status;
    if (field.map.element.type != nullptr)
      status =
          read(*field.map.element.type, element, *entry.GetReflection()->MutableMessage(&entry, entry_type.field(1)));
    else
      status = read_one(*entry_type.field(1), element, entry);
    if (!status.ok()) return status;
  }
  return {};
}

Status read(const MirrorType& type, const void* mirror, ProtoMessage& message) {
  const Reflection& reflection = *message.GetReflection();
  for (const MirrorField& field : type.fields) {
    const FieldDescriptor& descriptor = *field.descriptor;
    const void* place = at(mirror, field.offset);
    Status status;
    switch (field.form) {
      case Form::constant:
        if (descriptor.is_repeated())
          status = read_all(descriptor, place, message);
        else if (!descriptor.has_presence())
          status = read_one(descriptor, place, message);
        else if (const void* element = field.shape->optional->get(place); element != nullptr)
          status = read_one(descriptor, element, message);
        break;
      case Form::pointer:
        if (const void* object = as<Pointer>(place).object; object != nullptr)
          status = read(*field.inside.type, object, *reflection.MutableMessage(&message, &descriptor));
        break;
      case Form::list:
        for (const void* object : as<List>(place).objects) {
          status = read(*field.inside.type, object, *reflection.AddMessage(&message, &descriptor));
          if (!status.ok()) break;
        }
        break;
      case Form::map:
        status = read_map(field, as<Map>(place), message);
        break;
    }
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace

std::string go_name(std::string_view name) {
  // google.golang.org/protobuf, internal/strs: GoCamelCase.
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto upper = [&](char c) { return is_lower(c) ? static_cast<char>(c - 32) : c; };
  std::string result;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '.' && i + 1 < name.size() && is_lower(name[i + 1])) continue;
    if (c == '.') {
      result += '_';
    } else if (c == '_' && (i == 0 || name[i - 1] == '.')) {
      result += 'X';
    } else if (c == '_' && i + 1 < name.size() && is_lower(name[i + 1])) {
      continue;
    } else if (is_digit(c)) {
      result += c;
    } else {
      result += upper(c);
      for (; i + 1 < name.size() && is_lower(name[i + 1]); ++i) result += name[i + 1];
    }
  }
  return result;
}

const Shape& mirror_shape(const Descriptor& descriptor, void (*construct)(void*)) {
  return mirror_type(descriptor, construct).shape;
}

void construct_mirror(const Descriptor& descriptor, void* place) { construct(mirror_type(descriptor), place); }

void fill_mirror(const ProtoMessage& message, void* mirror) { fill(*as<const MirrorType*>(mirror), message, mirror); }

Status read_mirror(const void* mirror, ProtoMessage& message) {
  return read(*as<const MirrorType*>(mirror), mirror, message);
}

}  // namespace polyrpc::protobuf
