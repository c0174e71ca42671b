#include "polyrpc/core/shape.hpp"

#include <new>
#include <unordered_set>
#include <utility>

namespace polyrpc {

namespace {

void visit_fields(const Shape& structure, std::size_t offset, FunctionRef<void(const Field&, std::size_t)> visit) {
  for (const Base& base : structure.bases) visit_fields(*base.shape, offset + base.offset(), visit);
  for (const Field& field : structure.fields) visit(field, offset + field.offset);
}

bool contains_view(const Shape& shape, std::unordered_set<const Shape*>& seen) {
  if (shape.is_view) return true;
  if (!seen.insert(&shape).second) return false;
  if (shape.element != nullptr && contains_view(*shape.element, seen)) return true;
  if (shape.key != nullptr && contains_view(*shape.key, seen)) return true;
  for (const Field& field : shape.fields)
    if (contains_view(field.shape(), seen)) return true;
  for (const Base& base : shape.bases)
    if (contains_view(*base.shape, seen)) return true;
  if (shape.kind == Kind::variant)
    for (const Shape* alternative : shape.variant->alternatives)
      if (contains_view(*alternative, seen)) return true;
  return false;
}

}  // namespace

void for_each_field(const Shape& structure, FunctionRef<void(const Field&, std::size_t offset)> visit) {
  visit_fields(structure, 0, visit);
}

bool contains_view(const Shape& shape) {
  std::unordered_set<const Shape*> seen;
  return contains_view(shape, seen);
}

std::string type_text(const Shape& shape) {
  if (!shape.name.empty()) return std::string(shape.name);
  switch (shape.kind) {
    case Kind::boolean:
      return "bool";
    case Kind::int8:
      return "int8";
    case Kind::int16:
      return "int16";
    case Kind::int32:
      return "int32";
    case Kind::int64:
      return "int64";
    case Kind::uint8:
      return "uint8";
    case Kind::uint16:
      return "uint16";
    case Kind::uint32:
      return "uint32";
    case Kind::uint64:
      return "uint64";
    case Kind::float32:
      return "float32";
    case Kind::float64:
      return "float64";
    case Kind::complex64:
      return "complex64";
    case Kind::complex128:
      return "complex128";
    case Kind::string:
    case Kind::enum_name:
      return "string";
    case Kind::bytes:
      return "[]uint8";
    case Kind::array:
      return "[" + std::to_string(shape.array_length) + "]" + type_text(*shape.element);
    case Kind::list:
      return "[]" + type_text(*shape.element);
    case Kind::map:
      return "map[" + type_text(*shape.key) + "]" + type_text(*shape.element);
    case Kind::optional:
      return "*" + type_text(*shape.element);
    case Kind::structure: {
      if (shape.is_nothing) return "struct{}";
      std::string text = "struct{";
      for_each_field(shape, [&text, first = true](const Field& field, std::size_t) mutable {
        if (!std::exchange(first, false)) text += "; ";
        text += field.name;
        text += ' ';
        text += type_text(field.shape());
      });
      return text + "}";
    }
    case Kind::variant:
    case Kind::any:
      return "interface{}";
    case Kind::time:
      return "time.Time";
    case Kind::duration:
      return "time.Duration";
    case Kind::custom:
      return "custom";
    case Kind::foreign:
      return "any";
  }
  return "?";
}

Message::Message(const Shape& shape) : shape_(&shape) {
  object_ = ::operator new(shape.size == 0 ? 1 : shape.size, std::align_val_t(shape.align));
  try {
    shape.construct(object_);
  } catch (...) {
    ::operator delete(object_, std::align_val_t(shape.align));
    throw;
  }
}

Message::Message(Message&& other) noexcept
    : object_(std::exchange(other.object_, nullptr)), shape_(std::exchange(other.shape_, nullptr)) {}

Message& Message::operator=(Message&& other) noexcept {
  std::swap(object_, other.object_);
  std::swap(shape_, other.shape_);
  return *this;
}

Message::~Message() {
  if (object_ == nullptr) return;
  shape_->destroy(object_);
  ::operator delete(object_, std::align_val_t(shape_->align));
}

}  // namespace polyrpc
