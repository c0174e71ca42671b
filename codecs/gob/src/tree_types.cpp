#include "tree_types.hpp"

#include <algorithm>
#include <utility>

namespace polyrpc::gob::detail {

namespace {

using Form = TreeType::Form;

constexpr std::int32_t first_id = 1 << 24;
constexpr std::size_t most_types = 4096;

void append_uint(std::string& to, std::uint64_t v) {
  std::byte bytes[max_uint_size];
  const std::byte* end = put_uint(bytes, v);
  to.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(end - bytes));
}
void append_int(std::string& to, std::int64_t v) { append_uint(to, zigzag(v)); }
void append_text(std::string& to, std::string_view text) {
  append_uint(to, text.size());
  to += text;
}

Status not_alike() { return Status::invalid_argument("gob: elements of a value's list or map are not of one type"); }

bool is_interface(const TreeType& type) noexcept { return type.form == Form::basic && type.id == id::interface; }

/// Whether there is a type that both fit.
bool alike(const TreeType& one, const TreeType& other) {
  if (one.form == Form::unknown || (one.form == Form::nil && is_interface(other))) return true;
  if (other.form == Form::unknown || (other.form == Form::nil && is_interface(one))) return true;
  if (one.form != other.form || one.id != other.id || one.length != other.length) return false;
  for (std::size_t i = 0; i < other.parts.size(); ++i) {
    std::size_t at = i;
    if (one.form == Form::structure) {
      const auto known = std::find(one.names.begin(), one.names.end(), other.names[i]);
      if (known == one.names.end()) continue;
      at = static_cast<std::size_t>(known - one.names.begin());
    }
    if (!alike(one.parts[at], other.parts[i])) return false;
  }
  return true;
}

/// Makes `into` a type that both fit, which are alike. Fields keep the order that they have in both.
void merge(TreeType& into, TreeType&& from) {
  if (from.form == Form::unknown || (from.form == Form::nil && is_interface(into))) return;
  if (into.form == Form::unknown || (into.form == Form::nil && is_interface(from))) {
    into = std::move(from);
    return;
  }
  std::size_t at = 0;
  for (std::size_t i = 0; i < from.parts.size(); ++i, ++at) {
    if (into.form == Form::structure) {
      const auto known = std::find(into.names.begin(), into.names.end(), from.names[i]);
      if (known == into.names.end()) {
        into.names.insert(into.names.begin() + static_cast<std::ptrdiff_t>(at), std::move(from.names[i]));
        into.parts.insert(at, std::move(from.parts.at(i)));
        continue;
      }
      at = static_cast<std::size_t>(known - into.names.begin());
    }
    merge(into.parts[at], std::move(from.parts[i]));
  }
}

using Places = std::vector<std::shared_ptr<TreeType>*>;

/// The structs inside `type` that stand in no other struct.
void collect_structs(TreeType& type, Places& places) {
  for (std::size_t i = 0; i < type.parts.size(); ++i) {
    if (type.parts[i].is_struct())
      places.push_back(&type.parts.at(i));
    else
      collect_structs(type.parts[i], places);
  }
}

/// Gives structs of one name one type. What is inside a struct is not shared before its turn comes.
void share_structs(TreeType& root) {
  std::vector<TreeType*> scopes{&root};
  Places places;
  while (!scopes.empty()) {
    TreeType& scope = *scopes.back();
    scopes.pop_back();
    places.clear();
    collect_structs(scope, places);
    std::unordered_map<std::string_view, std::shared_ptr<TreeType>> by_name;
    for (std::shared_ptr<TreeType>* place : places) {
      const auto& first = (*place)->name.empty() ? *place : by_name.try_emplace((*place)->name, *place).first->second;
      if (first == *place || !alike(*first, **place)) {
        scopes.push_back(place->get());
      } else {
        merge(*first, std::move(**place));
        *place = first;
      }
    }
  }
}

class Finder {
 public:
  explicit Finder(std::size_t depth) : depth_(depth) {}

  Status find(const Value& value, TreeType& type) {
    if (depth_ == 0) return Status::resource_exhausted("gob: values nested deeper than the limit");
    --depth_;
    Status status = std::visit([&](const auto& v) { return find_in(v, type); }, value.data);
    ++depth_;
    return status;
  }

 private:
  static Status basic(std::int32_t id, TreeType& type) {
    type.form = Form::basic;
    type.id = id;
    return {};
  }
  Status add(const Value& value, TreeType& to) {
    TreeType type;
    if (Status status = find(value, type); !status.ok()) return status;
    if (!alike(to, type)) return not_alike();
    merge(to, std::move(type));
    return {};
  }

  Status find_in(Value::Nil, TreeType& type) {
    type.form = Form::nil;
    return {};
  }
  Status find_in(bool, TreeType& type) { return basic(id::boolean, type); }
  Status find_in(std::int64_t, TreeType& type) { return basic(id::integer, type); }
  Status find_in(std::uint64_t, TreeType& type) { return basic(id::unsigned_integer, type); }
  Status find_in(double, TreeType& type) { return basic(id::floating, type); }
  Status find_in(const std::complex<double>&, TreeType& type) { return basic(id::complex, type); }
  Status find_in(const std::string&, TreeType& type) { return basic(id::string, type); }
  Status find_in(const Value::Bytes&, TreeType& type) { return basic(id::bytes, type); }
  Status find_in(const Value::List& list, TreeType& type) {
    type.form = list.fixed ? Form::array : Form::list;
    type.length = list.fixed ? list.elements.size() : 0;
    type.parts.add();
    for (const Value& element : list.elements)
      if (Status status = add(element, type.parts[0]); !status.ok()) return status;
    return {};
  }
  Status find_in(const Value::Map& map, TreeType& type) {
    type.form = Form::map;
    type.parts.add();
    type.parts.add();
    for (const auto& [key, element] : map.entries) {
      if (Status status = add(key, type.parts[0]); !status.ok()) return status;
      if (Status status = add(element, type.parts[1]); !status.ok()) return status;
    }
    return {};
  }
  Status find_in(const Value::Struct& structure, TreeType& type) {
    type.form = Form::structure;
    type.name = structure.name;
    for (const auto& [name, value] : structure.fields) {
      if (name.empty() || exported_name(name) != name)
        return Status::invalid_argument("gob: a value's field \"" + name + "\" is not exported");
      if (std::find(type.names.begin(), type.names.end(), name) != type.names.end())
        return Status::invalid_argument("gob: a value has two fields " + name);
      type.names.push_back(name);
      if (Status status = find(value, type.parts.add()); !status.ok()) return status;
    }
    return {};
  }
  Status find_in(const Value::Interface& interface, TreeType& type) {
    if (interface.value == nullptr || interface.name.empty())
      return Status::invalid_argument("gob: an interface value without a name or a value");
    return basic(id::interface, type);
  }
  Status find_in(const Value::Own& own, TreeType& type) {
    if (own.encoding == OwnEncoding::text) return Status::unimplemented("gob: Go does not read text encodings");
    type.form = own.encoding == OwnEncoding::gob ? Form::gob : Form::binary;
    return {};
  }

  std::size_t depth_;
};

}  // namespace

Status type_of(const Value& value, std::size_t depth, TreeType& type) {
  Status status = Finder(depth).find(value, type);
  if (status.ok()) share_structs(type);
  return status;
}

bool is_left_out(const Value& value) noexcept {
  struct Test {
    bool operator()(Value::Nil) const noexcept { return true; }
    bool operator()(bool v) const noexcept { return !v; }
    bool operator()(std::int64_t v) const noexcept { return v == 0; }
    bool operator()(std::uint64_t v) const noexcept { return v == 0; }
    bool operator()(double v) const noexcept { return v == 0; }
    bool operator()(const std::complex<double>& v) const noexcept { return v.real() == 0 && v.imag() == 0; }
    bool operator()(const std::string& v) const noexcept { return v.empty(); }
    bool operator()(const Value::Bytes& v) const noexcept { return v.empty(); }
    bool operator()(const Value::List& v) const noexcept { return !v.fixed && v.elements.empty(); }
    bool operator()(const Value::Map& v) const noexcept { return v.entries.empty(); }
    bool operator()(const Value::Struct&) const noexcept { return false; }
    bool operator()(const Value::Interface&) const noexcept { return false; }
    bool operator()(const Value::Own&) const noexcept { return false; }
  };
  return std::visit(Test{}, value.data);
}

std::int32_t TreeTypes::known_or_new(const std::string& signature, bool& is_new) {
  const auto [place, added] = ids_.try_emplace(signature, 0);
  is_new = added;
  if (added) {
    place->second = first_id + static_cast<std::int32_t>(signatures_.size());
    signatures_.push_back(signature);
  }
  return place->second;
}

void TreeTypes::truncate(std::size_t size) {
  for (; signatures_.size() > size; signatures_.pop_back()) ids_.erase(signatures_.back());
}

Status TreeTypes::number(TreeType& type, std::vector<Definition>& definitions) {
  Status status = number_part(type, definitions);
  if (status.ok() && type.id == 0)
    status = Status::invalid_argument("gob: a value's type can't be known: an empty list or map, or nil");
  return status;
}

/// What is inside comes first. A part whose type can't be known keeps the number 0, and so does what needs it.
Status TreeTypes::number_part(TreeType& type, std::vector<Definition>& definitions) {
  if (type.form == Form::unknown || type.form == Form::nil || type.form == Form::basic) return {};
  if (std::exchange(type.numbered, true)) return {};
  std::string text(1, static_cast<char>('A' + static_cast<int>(type.form)));
  append_text(text, type.name);
  append_uint(text, type.length);
  std::string descriptor_parts;
  std::size_t fields = 0;
  for (std::size_t i = 0; i < type.parts.size(); ++i) {
    TreeType& part = type.parts[i];
    if (Status status = number_part(part, definitions); !status.ok()) return status;
    if (type.form == Form::structure) {
      if (part.id == 0) continue;  // never set in any value, so left out of the type
      ++fields;
      append_text(text, type.names[i]);
      descriptor_parts += '\1';
      append_text(descriptor_parts, type.names[i]);
    } else if (part.form == Form::nil) {
      part.form = Form::basic;
      part.id = id::interface;
    } else if (part.id == 0) {
      return {};
    }
    append_int(text, part.id);
    descriptor_parts += '\1';
    append_int(descriptor_parts, part.id);
    if (type.form == Form::structure) descriptor_parts += '\0';
  }

  bool is_new = false;
  type.id = known_or_new(text, is_new);
  if (!is_new) return {};
  if (signatures_.size() > most_types)
    return Status::resource_exhausted("gob: too many types of gob::Value on one stream");

  static constexpr char descriptor_of[] = {0, 0, 0, 2, 1, 4, 3, 5, 6};  // the field of wireType, counted from 1
  std::string content;
  append_int(content, -static_cast<std::int64_t>(type.id));
  content += descriptor_of[static_cast<std::size_t>(type.form)];
  content += '\1';
  content += type.name.empty() ? '\2' : '\1';
  if (!type.name.empty()) {
    append_text(content, type.name);
    content += '\1';
  }
  append_int(content, type.id);
  content += '\0';
  if (type.form == Form::structure && fields != 0) {
    content += '\1';
    append_uint(content, fields);
  }
  content += descriptor_parts;
  if (type.form == Form::array && type.length != 0) {
    content += '\1';
    append_int(content, static_cast<std::int64_t>(type.length));
  }
  content += '\0';
  content += '\0';

  Definition& definition = definitions.emplace_back();
  definition.bit = 0;
  append_uint(definition.message, content.size());
  definition.content_at = definition.message.size();
  definition.message += content;
  return {};
}

}  // namespace polyrpc::gob::detail
