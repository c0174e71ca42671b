#include "wire_types.hpp"

#include "errors.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace polyrpc::gob::detail {

namespace {

constexpr char bad_descriptor[] = "gob: malformed type definition";

/// Steps through the fields of a struct of the descriptor language: false at its end and on errors.
class FieldStepper {
 public:
  explicit FieldStepper(Reader& reader, std::int64_t last) noexcept : reader_(reader), last_(last) {}

  bool next() noexcept {
    std::uint64_t delta = 0;
    if (!reader_.get_uint(delta) || delta == 0) return false;
    if (delta > static_cast<std::uint64_t>(last_ - number_)) return reader_.fail(bad_descriptor);
    number_ += static_cast<std::int64_t>(delta);
    return true;
  }
  std::int64_t number() const noexcept { return number_; }

 private:
  Reader& reader_;
  std::int64_t number_ = -1;
  std::int64_t last_;
};

bool get_id(Reader& reader, std::int32_t& id) noexcept {
  std::int64_t wide = 0;
  if (!reader.get_int(wide)) return false;
  // What does not fit can't have been defined; 0 is no type either.
  id = wide > 0 && wide <= (std::numeric_limits<std::int32_t>::max)() ? static_cast<std::int32_t>(wide) : 0;
  return true;
}

}  // namespace

bool WireTypes::read_common(Reader& reader, Descriptor& into) const {
  FieldStepper step(reader, 1);
  while (step.next()) {
    if (step.number() == 0) {
      std::span<const std::byte> name;
      if (!reader.get_bytes(name)) return false;
      if (name.size() > limits_.name_bytes) return reader.fail(name_too_long);
      into.name = {reinterpret_cast<const char*>(name.data()), name.size()};
    } else {
      std::int64_t ignored =
          0;  // says again what is being defined, or not even that (docs/wire/gob.md, "Type numbers")
      if (!reader.get_int(ignored)) return false;
    }
  }
  return reader.error == nullptr;
}

bool WireTypes::read_fields(Reader& reader, Descriptor& into) const {
  std::uint64_t count = 0;
  if (!reader.get_uint(count)) return false;
  if (count > limits_.type_fields) return reader.fail(too_many_fields);
  if (count > reader.left()) return reader.fail(bad_descriptor);
  into.fields.clear();
  into.fields.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) {
    WireField field;
    FieldStepper step(reader, 1);
    while (step.next()) {
      if (step.number() == 0) {
        std::span<const std::byte> name;
        if (!reader.get_bytes(name)) return false;
        if (name.size() > limits_.name_bytes) return reader.fail(name_too_long);
        field.name = {reinterpret_cast<const char*>(name.data()), name.size()};
      } else if (!get_id(reader, field.id)) {
        return false;
      }
    }
    if (reader.error != nullptr) return false;
    if (field.name.empty()) return reader.fail("gob: type definition has a field without a name");
    into.fields.push_back(field);
  }
  return true;
}

bool WireTypes::read_descriptor(Reader& reader, Descriptor& into) const {
  FieldStepper outer(reader, 6);
  while (outer.next()) {
    ++into.kinds;
    into.kind = static_cast<WireKind>(outer.number());
    std::int64_t last = 0;
    if (into.kind == WireKind::slice || into.kind == WireKind::structure) last = 1;
    if (into.kind == WireKind::array || into.kind == WireKind::map) last = 2;
    FieldStepper inner(reader, last);
    while (inner.next()) {
      bool good = true;
      if (inner.number() == 0)
        good = read_common(reader, into);
      else if (into.kind == WireKind::structure)
        good = read_fields(reader, into);
      else if (into.kind == WireKind::map)
        good = get_id(reader, inner.number() == 1 ? into.key : into.element);
      else if (inner.number() == 1)
        good = get_id(reader, into.element);
      else
        good = reader.get_int(into.length);
      if (!good) return false;
    }
    if (reader.error != nullptr) return false;
  }
  if (reader.error != nullptr) return false;
  if (into.kinds != 1 || into.length < 0) return reader.fail(bad_descriptor);
  return true;
}

bool WireTypes::skip_descriptor(Reader& reader) const {
  Descriptor descriptor;
  return read_descriptor(reader, descriptor);
}

bool WireTypes::read(Reader& reader, std::int64_t wide_id, Descriptor& into) const {
  if (wide_id < id::first_user || wide_id > (std::numeric_limits<std::int32_t>::max)())
    return reader.fail("gob: type id out of range in a definition");
  into.id = static_cast<std::int32_t>(wide_id);
  if (entry(into.id) != nullptr) return reader.fail("gob: duplicate type received");
  if (types_.size() >= limits_.types) return reader.fail(too_many_types);

  const std::byte* start = reader.cur;
  if (!read_descriptor(reader, into)) return false;
  into.bytes = {start, reader.cur};
  if (into.bytes.size() > limits_.type_bytes || bytes_ > limits_.type_bytes - into.bytes.size())
    return reader.fail(too_many_types);
  return true;
}

void WireTypes::add(const Descriptor& descriptor) {
  auto type = std::make_shared<WireType>();
  type->kind = descriptor.kind;
  type->id = descriptor.id;
  type->element = descriptor.element;
  type->key = descriptor.key;
  type->length = static_cast<std::uint64_t>(descriptor.length);
  std::size_t name_bytes = descriptor.name.size();
  for (const WireField& field : descriptor.fields) name_bytes += field.name.size();
  type->names_ = std::make_unique<char[]>(name_bytes);
  char* free = type->names_.get();
  const auto keep = [&free](std::string_view text) {
    if (!text.empty()) std::memcpy(free, text.data(), text.size());
    const std::string_view kept(free, text.size());
    free += text.size();
    return kept;
  };
  type->name = keep(descriptor.name);
  type->field_storage_ = std::make_unique<WireField[]>(descriptor.fields.size());
  for (std::size_t i = 0; i < descriptor.fields.size(); ++i)
    type->field_storage_[i] = {keep(descriptor.fields[i].name), descriptor.fields[i].id};
  type->fields = {type->field_storage_.get(), descriptor.fields.size()};
  const auto place = std::lower_bound(types_.begin(), types_.end(), descriptor.id,
                                      [](const Entry& each, std::int32_t wanted) { return each.id < wanted; });
  types_.insert(place, {descriptor.id, {}, std::move(type)});
  bytes_ += descriptor.bytes.size();
}

const WireTypes::Entry* WireTypes::entry(std::int32_t wanted) const noexcept {
  std::size_t low = 0;
  std::size_t high = types_.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (types_[middle].id < wanted)
      low = middle + 1;
    else
      high = middle;
  }
  return low < types_.size() && types_[low].id == wanted ? &types_[low] : nullptr;
}

const WireType* WireTypes::find(std::int32_t wanted) const noexcept {
  const Entry* found = entry(wanted);
  return found == nullptr ? nullptr : found->type.get();
}

WireTypes::Split WireTypes::may_split(std::int32_t root_id) const {
  if (is_basic(root_id)) return root_id == id::interface ? Split::yes : Split::no;
  const Entry* root = entry(root_id);
  if (root == nullptr) return Split::undefined;
  const Reach known = root->reaches_interface.get();
  if (known != Reach::unknown) return known == Reach::yes ? Split::yes : Split::no;

  std::vector<const Entry*> visited{root};
  std::vector<bool> seen(types_.size());
  const auto mark = [&](const Entry* each) {
    const auto index = static_cast<std::size_t>(each - types_.data());
    return !seen[index] && (seen[index] = true);
  };
  mark(root);
  bool interface = false;
  bool undefined = false;
  const auto visit = [&](std::int32_t inner_id) {
    if (inner_id == id::interface) interface = true;
    if (is_basic(inner_id)) return;
    const Entry* inner = entry(inner_id);
    if (inner == nullptr) {
      undefined = true;
      return;
    }
    const Reach reach = inner->reaches_interface.get();
    if (reach == Reach::yes) interface = true;
    if (reach == Reach::unknown && mark(inner)) visited.push_back(inner);
  };
  for (std::size_t i = 0; i < visited.size(); ++i) {
    const WireType& type = *visited[i]->type;
    if (type.kind == WireKind::structure) {
      for (const WireField& field : type.fields) visit(field.id);
    } else if (type.kind == WireKind::array || type.kind == WireKind::slice || type.kind == WireKind::map) {
      visit(type.element);
      if (type.kind == WireKind::map) visit(type.key);
    }
  }
  if (undefined) return Split::undefined;
  // What was visited on the way to an interface need not lead there itself.
  if (interface)
    root->reaches_interface.set(Reach::yes);
  else
    for (const Entry* each : visited) each->reaches_interface.set(Reach::no);
  return interface ? Split::yes : Split::no;
}

std::string_view WireTypes::name_of(std::int32_t wanted) const noexcept {
  switch (wanted) {
    case id::boolean:
      return "bool";
    case id::integer:
      return "int";
    case id::unsigned_integer:
      return "uint";
    case id::floating:
      return "float";
    case id::bytes:
      return "bytes";
    case id::string:
      return "string";
    case id::complex:
      return "complex";
    case id::interface:
      return "interface";
    default:
      break;
  }
  const WireType* type = find(wanted);
  return type == nullptr ? "unknown type" : type->name;
}

}  // namespace polyrpc::gob::detail
