#include "send_types.hpp"

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

namespace polyrpc::gob {

namespace {

using detail::Op;

void append_uint(std::string& to, std::uint64_t v) {
  std::byte bytes[detail::max_uint_size];
  const std::byte* end = detail::put_uint(bytes, v);
  to.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(end - bytes));
}
void append_int(std::string& to, std::int64_t v) { append_uint(to, detail::zigzag(v)); }
void append_text(std::string& to, std::string_view text) {
  append_uint(to, text.size());
  to += text;
}

/// The name of a slice's element: a pointer has none.
std::string_view element_name(const Shape& shape) noexcept {
  return shape.kind == Kind::optional ? std::string_view() : detail::declared_name(shape);
}

/// The name of what is handed to Encode: a pointer is followed, but not to a type with an encoding of its own.
std::string_view root_name(const Shape& shape) {
  const Shape& base = detail::pointee(shape);
  return detail::op_of(base) == Op::custom || detail::op_of(base) == Op::time ? element_name(shape)
                                                                              : detail::declared_name(base);
}

}  // namespace

TypeNumbers::TypeNumbers(std::int32_t first) : table_(std::make_unique<Table>(first)) {
  if (first < detail::id::first_user)
    throw std::invalid_argument("gob: type numbers begin at 64 or above, not at " + std::to_string(first));
}

TypeNumbers::~TypeNumbers() = default;

const std::shared_ptr<TypeNumbers>& TypeNumbers::process() {
  static const auto numbers = std::make_shared<TypeNumbers>();
  return numbers;
}

std::pair<std::int32_t, std::uint32_t> TypeNumbers::Table::take_number() {
  const std::lock_guard lock(mutex_);
  return {next_id_++, next_bit_++};
}

const detail::Root* TypeNumbers::Table::root(const Shape& shape, Status& why) {
  const std::lock_guard lock(mutex_);
  if (const auto known = roots_.find(&shape); known != roots_.end()) return known->second.get();
  if (const auto refused = refused_.find(&shape); refused != refused_.end()) {
    why = refused->second;
    return nullptr;
  }
  why = check(shape);
  if (!why.ok()) {
    refused_.emplace(&shape, why);
    return nullptr;
  }

  const Shape& base = detail::pointee(shape);
  const Op op = detail::op_of(base);
  const bool was_defined = definitions_.contains(&base);
  auto root = std::make_unique<detail::Root>();
  const std::int32_t id = number_of(describe(root_name(shape), shape));
  root->is_struct = op == Op::structure;
  root->id_size = static_cast<std::uint8_t>(detail::put_int(root->id_bytes, id) - root->id_bytes);
  new_types_.clear();
  root->type = send_type(shape);
  mark_interfaces();
  list_definitions(shape, *root);
  if (!root->definitions.empty()) root->own = root->definitions.front();
  for (const detail::Definition* definition : root->definitions) root->messages += definition->message;
  // Go describes a pointer to a type with its own encoding once more, whether it is going to be defined or not.
  if (was_defined && &base != &shape && (op == Op::custom || op == Op::time)) ++next_id_;
  return roots_.emplace(&shape, std::move(root)).first->second.get();
}

/// Whether everything that can be reached without going through an interface has a form in gob.
Status TypeNumbers::Table::check(const Shape& root) const {
  std::unordered_set<const Shape*> seen{&root};
  std::vector<const Shape*> open{&root};
  const auto visit = [&](const Shape* shape) {
    if (seen.insert(shape).second) open.push_back(shape);
  };
  while (!open.empty()) {
    const Shape& shape = *open.back();
    open.pop_back();
    const Op op = detail::op_of(shape);
    if (op == Op::foreign)
      return Status::unimplemented("gob: type " + detail::go_text(shape) + " can't be sent as gob");
    if (op == Op::bridged) {
      visit(&detail::mirror_of(shape));
      continue;
    }
    if (op != Op::structure) {
      if (op == Op::custom || op == Op::text_form) continue;
      if (shape.element != nullptr) visit(shape.element);
      if (shape.key != nullptr) visit(shape.key);
      continue;
    }
    std::unordered_set<std::string> names;
    Status status;
    for_each_field(shape, [&](const Field& field, std::size_t) {
      const std::string name = detail::exported_name(field.name);
      if (status.ok() && name.empty())
        status = Status::unimplemented("gob: field " + detail::go_text(shape) + "." + std::string(field.name) +
                                       " can't be exported");
      if (status.ok() && !names.insert(name).second)
        status = Status::unimplemented("gob: type " + detail::go_text(shape) + " has two fields " + name);
      visit(&field.shape());
    });
    if (!status.ok()) return status;
  }
  return {};
}

std::int32_t TypeNumbers::Table::number_of(TypeId type) {
  if (type.described == nullptr) return type.basic;
  if (type.described->id == 0) type.described->id = next_id_++;
  return type.described->id;
}

/// Hands out numbers in Go's order (docs/wire/gob.md, "Type numbers"): to structs before what is inside of them, to
/// lists and maps after it.
TypeNumbers::Table::TypeId TypeNumbers::Table::describe(std::string_view name, const Shape& any_shape) {
  const Shape& shape = detail::pointee(any_shape);
  const Op op = detail::op_of(shape);
  if (const std::int32_t basic = detail::basic_id(op); basic != 0) return {nullptr, basic};
  const auto [place, is_new] = described_.try_emplace(&shape);
  Described& described = place->second;
  const TypeId result{&described, 0};
  if (!is_new) return result;
  described.name = name;
  switch (op) {
    case Op::structure:
      number_of(result);
      for_each_field(shape, [&](const Field& field, std::size_t) {
        const Shape& inner = detail::pointee(field.shape());
        std::string inner_name(detail::declared_name(inner));
        if (inner_name.empty()) inner_name = detail::go_text(inner);
        const std::int32_t id = number_of(describe(inner_name, field.shape()));
        described.fields.emplace_back(detail::exported_name(field.name), id);
      });
      break;
    case Op::list: {
      const TypeId element = describe(element_name(*shape.element), *shape.element);
      number_of(result);
      described.element = number_of(element);
      break;
    }
    case Op::array: {
      const TypeId element = describe({}, *shape.element);
      number_of(result);
      described.element = number_of(element);
      break;
    }
    case Op::map: {
      const TypeId key = describe({}, *shape.key);
      const TypeId element = describe({}, *shape.element);
      number_of(result);
      described.key = number_of(key);
      described.element = number_of(element);
      break;
    }
    default:
      number_of(result);
      break;
  }
  return result;
}

const detail::SendType* TypeNumbers::Table::send_type(const Shape& shape) {
  auto& place = types_[&shape];
  if (place != nullptr) return place.get();
  place = std::make_unique<detail::SendType>();
  detail::SendType& type = *place;
  new_types_.push_back(&type);
  type.op = detail::op_of(shape);
  type.shape = &shape;
  type.holds_interface = type.op == Op::variant || type.op == Op::any || type.op == Op::tree;
  if (type.op == Op::structure) {
    std::uint32_t number = 0;
    type.room = 1;
    for_each_field(shape, [&](const Field& field, std::size_t offset) {
      const detail::SendType* inner = send_type(field.shape());
      type.fields.push_back({inner->op, number++, offset, inner});
      if (detail::is_text_or_bytes(inner->op) || inner->op == Op::list) type.sized.push_back(type.fields.back());
      type.room += 3 * detail::max_uint_size;  // the delta, and up to two numbers
    });
  } else if (type.op == Op::bridged) {
    type.element = send_type(detail::mirror_of(shape));
  } else if (type.op != Op::custom && type.op != Op::text_form) {
    if (shape.key != nullptr) type.key = send_type(*shape.key);
    if (shape.element != nullptr && type.op != Op::bytes && type.op != Op::byte_list)
      type.element = send_type(*shape.element);
  }
  return &type;
}

/// Carries `holds_interface` from the inside out; types may be recursive, so until nothing changes.
void TypeNumbers::Table::mark_interfaces() {
  bool changed = true;
  while (changed) {
    changed = false;
    for (detail::SendType* type : new_types_) {
      if (type->holds_interface) continue;
      bool holds = (type->key != nullptr && type->key->holds_interface) ||
                   (type->element != nullptr && type->element->holds_interface);
      for (const detail::SendField& field : type->fields) holds = holds || field.type->holds_interface;
      type->holds_interface = holds;
      changed = changed || holds;
    }
  }
  new_types_.clear();
}

std::string TypeNumbers::Table::descriptor(const Shape& base, std::int32_t id, std::string_view name,
                                           const Described& type) const {
  const Op op = detail::op_of(base);
  std::string common;
  if (name.empty()) {
    common += '\2';
  } else {
    common += '\1';
    append_text(common, name);
    common += '\1';
  }
  append_int(common, id);
  common += '\0';

  // The first number selects the field of wireType, the second one CommonType in it.
  std::string text;
  const auto begin = [&](char field) {
    text += field;
    text += '\1';
    text += common;
  };
  switch (op) {
    case Op::structure:
      begin('\3');
      if (type.fields.empty()) break;
      text += '\1';
      append_uint(text, type.fields.size());
      for (const auto& [field_name, field_id] : type.fields) {
        text += '\1';
        append_text(text, field_name);
        text += '\1';
        append_int(text, field_id);
        text += '\0';
      }
      break;
    case Op::list:
      begin('\2');
      text += '\1';
      append_int(text, type.element);
      break;
    case Op::array:
      begin('\1');
      text += '\1';
      append_int(text, type.element);
      if (base.array_length != 0) {
        text += '\1';
        append_int(text, static_cast<std::int64_t>(base.array_length));
      }
      break;
    case Op::map:
      begin('\4');
      text += '\1';
      append_int(text, type.key);
      text += '\1';
      append_int(text, type.element);
      break;
    default:
      begin(op == Op::time || base.custom->has_gob ? '\5' : '\6');
      break;
  }
  text += '\0';
  text += '\0';
  return text;
}

const detail::Definition& TypeNumbers::Table::define(const Shape& shape) {
  const Shape& base = detail::pointee(shape);
  auto& place = definitions_[&base];
  if (place != nullptr) return *place;
  const TypeId type = describe(root_name(shape), shape);
  const std::int32_t id = number_of(type);
  std::int32_t inner_id = id;
  std::string_view name = type.described->name;
  const Op op = detail::op_of(base);
  if (&base != &shape && (op == Op::custom || op == Op::time)) {
    // Reached through a pointer, Go describes the pointer too and writes that into the descriptor.
    inner_id = next_id_++;
    name = {};
  }
  std::string content;
  append_int(content, -id);
  content += descriptor(base, inner_id, name, *type.described);
  place = std::make_unique<detail::Definition>();
  place->bit = next_bit_++;
  append_uint(place->message, content.size());
  place->content_at = place->message.size();
  place->message += content;
  return *place;
}

void TypeNumbers::Table::list_definitions(const Shape& root_shape, detail::Root& root) {
  std::unordered_set<const Shape*> seen;
  // What is next to visit lies on top, so that the order is depth first.
  std::vector<const Shape*> open{&root_shape};
  while (!open.empty()) {
    const Shape& shape = *open.back();
    open.pop_back();
    const Shape& base = detail::pointee(shape);
    const Op op = detail::op_of(base);
    if (detail::basic_id(op) != 0 || !seen.insert(&base).second) continue;
    root.definitions.push_back(&define(shape));
    const std::size_t before = open.size();
    if (op == Op::structure) {
      for_each_field(base, [&](const Field& field, std::size_t) { open.push_back(&field.shape()); });
    } else if (op == Op::custom) {
      // Go defines what is inside of such a type too, though no value uses it.
      for_each_field(base, [&](const Field& field, std::size_t) {
        if (check(field.shape()).ok()) open.push_back(&field.shape());
      });
    } else {
      if (base.key != nullptr) open.push_back(base.key);
      if (base.element != nullptr) open.push_back(base.element);
    }
    std::reverse(open.begin() + static_cast<std::ptrdiff_t>(before), open.end());
  }
}

}  // namespace polyrpc::gob
