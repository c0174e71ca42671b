#include "polyrpc/codecs/protobuf_export.hpp"
#include "polyrpc/codecs/protobuf_message.hpp"

#include "plan.hpp"

#include <algorithm>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/stubs/common.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace polyrpc::protobuf {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
char to_upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
char to_lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c + 32) : c; }

bool is_identifier(std::string_view name) noexcept {
  return !name.empty() && !is_digit(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

/// A name made of what .proto files allow.
std::string identifier(std::string_view name) {
  std::string result;
  for (const char c : name) result += is_letter(c) || is_digit(c) ? c : '_';
  if (result.empty() || is_digit(result.front())) result.insert(0, 1, '_');
  return result;
}

/// `UserId` to `USER_ID`.
std::string upper_snake(std::string_view name) {
  std::string result;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (i > 0 && is_upper(name[i]) && !is_upper(name[i - 1]) && name[i - 1] != '_') result += '_';
    result += to_upper(name[i]);
  }
  return result;
}

/// As protoc makes the names of map entries and of JSON members.
std::string camel(std::string_view name, bool upper_first) {
  std::string result;
  bool next = upper_first;
  for (const char c : name) {
    if (c == '_')
      next = true;
    else
      result += std::exchange(next, false) ? to_upper(c) : c;
  }
  return result;
}

/// `name`, or with a number behind it if that is taken; takes it.
std::string unique(std::string name, std::set<std::string>& taken) {
  std::string result = name;
  for (int i = 2; !taken.insert(result).second; ++i) result = name + "_" + std::to_string(i);
  return result;
}

const Descriptor* descriptor_of(const Shape& shape) {
  return static_cast<const MessageOps*>(shape.foreign->ops)->descriptor();
}

/// Whether the shape is an enum whose values fit into protobuf's.
bool is_enum(const Value& value) {
  const Shape& shape = *value.shape;
  if (!is_varint(value.op) || value.op == Op::boolean || shape.enumeration == nullptr || shape.name.empty())
    return false;
  const auto& list = shape.enumeration->enumerators;
  return !list.empty() && std::all_of(list.begin(), list.end(), [](const Enumerator& each) {
    return each.value >= (std::numeric_limits<std::int32_t>::min)() &&
           each.value <= (std::numeric_limits<std::int32_t>::max)();
  });
}

/// Why a message of this type can't be written down; empty: it can.
std::string problem(const Value& root) {
  std::unordered_set<const Value*> seen{&root};
  std::vector<const Value*> open{&root};
  const auto visit = [&](const Value* value) {
    if (value != nullptr && seen.insert(value).second) open.push_back(value);
  };
  while (!open.empty()) {
    const Value& value = *open.back();
    open.pop_back();
    if (value.op == Op::unsupported) return value.unsupported;
    if (!value.message.broken.empty()) return value.message.broken;
    if (value.op == Op::foreign && descriptor_of(*value.shape) == nullptr)
      return "protobuf: messages of the lite runtime have no descriptor";
    visit(value.element);
    visit(value.key);
    for (const Value* alternative : value.alternatives) visit(alternative);
    if (value.op == Op::message)
      for (const PlanField& field : value.message.fields) visit(field.value);
  }
  return {};
}

FieldDescriptorProto::Type scalar_type(Op op) noexcept {
  switch (op) {
    case Op::boolean:
      return FieldDescriptorProto::TYPE_BOOL;
    case Op::int8:
    case Op::int16:
    case Op::int32:
    case Op::enum_name:
      return FieldDescriptorProto::TYPE_INT32;
    case Op::int64:
      return FieldDescriptorProto::TYPE_INT64;
    case Op::uint8:
    case Op::uint16:
    case Op::uint32:
      return FieldDescriptorProto::TYPE_UINT32;
    case Op::uint64:
      return FieldDescriptorProto::TYPE_UINT64;
    case Op::float32:
      return FieldDescriptorProto::TYPE_FLOAT;
    case Op::float64:
      return FieldDescriptorProto::TYPE_DOUBLE;
    case Op::string:
    case Op::own_text:
      return FieldDescriptorProto::TYPE_STRING;
    default:
      return FieldDescriptorProto::TYPE_BYTES;
  }
}

bool may_be_key(const Value& value) {
  return (is_varint(value.op) && !is_enum(value)) || value.op == Op::string || value.op == Op::own_text;
}

/// Builds the file of one package.
class Builder {
 public:
  explicit Builder(std::string package) {
    std::string name = package.empty() ? "services" : package;
    std::replace(name.begin(), name.end(), '.', '/');
    file_.set_name(name + ".proto");
    if (!package.empty()) file_.set_package(package);
    file_.set_syntax("proto3");
    prefix_ = package.empty() ? "." : "." + package + ".";
    package_ = std::move(package);
  }

  void reserve_name(const std::string& name) { names_.insert(name); }
  void add(const std::string& service, const std::string& method, const ProtoMethod& what);
  void import(const FileDescriptor& file) { imports_.insert(&file); }

  FileDescriptorProto& finish();
  const std::set<const FileDescriptor*>& imports() const noexcept { return imports_; }
  const std::string& package() const noexcept { return package_; }

 private:
  /// The full name of the message that stands for a value at top level, in a list or behind an alternative.
  std::string message_for(const Value& value, bool top);
  std::string define(const Value& value);
  std::string define_enum(const Value& value);
  std::string define_entry(const Value& key, const Value& element);
  void add_fields(DescriptorProto& message, const MessagePlan& plan);
  void add_map(DescriptorProto& message, FieldDescriptorProto& field, const Value& value);
  void set_type(FieldDescriptorProto& field, const Value& value);
  std::string label(const Value& value, int depth = 0);
  std::string well_known(const Descriptor& descriptor) {
    imports_.insert(descriptor.file());
    return "." + std::string(descriptor.full_name());
  }

  std::string package_;
  std::string prefix_;
  FileDescriptorProto file_;
  std::map<std::string, google::protobuf::ServiceDescriptorProto> services_;
  std::set<std::string> names_;
  std::unordered_map<const Shape*, std::string> messages_;
  std::map<std::pair<const Shape*, const Shape*>, std::string> entries_;
  std::set<const FileDescriptor*> imports_;
};

void Builder::add(const std::string& service, const std::string& method, const ProtoMethod& what) {
  auto& described = services_[service];
  described.set_name(service);
  auto& added = *described.add_method();
  added.set_name(method);
  added.set_input_type(message_for(plan_of(*what.args), true));
  added.set_output_type(message_for(plan_of(*what.reply), true));
  if (streams_requests(what.kind)) added.set_client_streaming(true);
  if (streams_replies(what.kind)) added.set_server_streaming(true);
}

FileDescriptorProto& Builder::finish() {
  for (const auto& [name, service] : services_) *file_.add_service() = service;
  for (const FileDescriptor* import : imports_) file_.add_dependency(std::string(import->name()));
  std::sort(file_.mutable_dependency()->begin(), file_.mutable_dependency()->end());
  return file_;
}

std::string Builder::label(const Value& value, int depth) {
  if (depth > 8) return "Value";
  if (value.op == Op::foreign) return identifier(value.shape->name);
  if (is_enum(value) || value.op == Op::message)
    if (!value.shape->name.empty()) return identifier(value.shape->name);
  switch (value.op) {
    case Op::boolean:
      return "Bool";
    case Op::int8:
    case Op::int16:
    case Op::int32:
    case Op::enum_name:
      return "Int32";
    case Op::int64:
      return "Int64";
    case Op::uint8:
    case Op::uint16:
    case Op::uint32:
      return "UInt32";
    case Op::uint64:
      return "UInt64";
    case Op::float32:
      return "Float";
    case Op::float64:
      return "Double";
    case Op::string:
    case Op::own_text:
      return "String";
    case Op::bytes:
    case Op::own_bytes:
      return "Bytes";
    case Op::time:
      return "Timestamp";
    case Op::duration:
      return "Duration";
    case Op::complex64:
      return "Complex64";
    case Op::complex128:
      return "Complex128";
    case Op::list:
      return label(*value.element, depth + 1) + "List";
    case Op::array:
      return label(*value.element, depth + 1) + "Array" + std::to_string(value.shape->array_length);
    case Op::map:
      return label(*value.key, depth + 1) + label(*value.element, depth + 1) + "Map";
    case Op::optional:
      return "Optional" + label(*value.element, depth + 1);
    case Op::variant: {
      std::string text;
      for (const Value* alternative : value.alternatives)
        if (alternative != nullptr) text += (text.empty() ? "" : "Or") + label(*alternative, depth + 1);
      return text.empty() ? "Nothing" : text;
    }
    case Op::message: {
      std::string text;
      for (const PlanField& field : value.message.fields) text += label(*field.value, depth + 1);
      return text + "Tuple";
    }
    default:
      return "Value";
  }
}

std::string Builder::message_for(const Value& value, bool top) {
  switch (value.op) {
    case Op::foreign: {
      const Descriptor& descriptor = *descriptor_of(*value.shape);
      return well_known(descriptor);
    }
    case Op::time:
      return well_known(*google::protobuf::Timestamp::descriptor());
    case Op::duration:
      return well_known(*google::protobuf::Duration::descriptor());
    case Op::message:
      if (value.shape->is_nothing) return well_known(*google::protobuf::Empty::descriptor());
      return define(value);
    default:
      break;
  }
  // The well-known wrappers are what a number or text at top level is.
  if (top && !is_enum(value)) {
    switch (scalar_type(value.op)) {
      case FieldDescriptorProto::TYPE_BOOL:
        return well_known(*google::protobuf::BoolValue::descriptor());
      case FieldDescriptorProto::TYPE_INT32:
        return well_known(*google::protobuf::Int32Value::descriptor());
      case FieldDescriptorProto::TYPE_INT64:
        return well_known(*google::protobuf::Int64Value::descriptor());
      case FieldDescriptorProto::TYPE_UINT32:
        return well_known(*google::protobuf::UInt32Value::descriptor());
      case FieldDescriptorProto::TYPE_UINT64:
        return well_known(*google::protobuf::UInt64Value::descriptor());
      case FieldDescriptorProto::TYPE_FLOAT:
        return well_known(*google::protobuf::FloatValue::descriptor());
      case FieldDescriptorProto::TYPE_DOUBLE:
        return well_known(*google::protobuf::DoubleValue::descriptor());
      case FieldDescriptorProto::TYPE_STRING:
        return well_known(*google::protobuf::StringValue::descriptor());
      default:
        if (value.op == Op::bytes || value.op == Op::own_bytes)
          return well_known(*google::protobuf::BytesValue::descriptor());
        break;
    }
  }
  return define(value);
}

std::string Builder::define(const Value& value) {
  if (const auto known = messages_.find(value.shape); known != messages_.end()) return known->second;
  std::string name = label(value);
  if (is_enum(value)) name += "Value";
  name = unique(std::move(name), names_);
  const std::string full = prefix_ + name;
  messages_.emplace(value.shape, full);
  const int index = file_.message_type_size();
  file_.add_message_type()->set_name(name);
  DescriptorProto message;
  message.set_name(name);
  if (value.op == Op::complex64 || value.op == Op::complex128) {
    int number = 0;
    for (const char* part : {"real", "imaginary"}) {
      auto& field = *message.add_field();
      field.set_name(part);
      field.set_number(++number);
      field.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
      field.set_type(value.op == Op::complex64 ? FieldDescriptorProto::TYPE_FLOAT : FieldDescriptorProto::TYPE_DOUBLE);
    }
  } else {
    add_fields(message, value.message);
  }
  // Adding fields has defined more messages, which may have moved this one.
  *file_.mutable_message_type(index) = std::move(message);
  return full;
}

std::string Builder::define_enum(const Value& value) {
  if (const auto known = messages_.find(value.shape); known != messages_.end()) return known->second;
  const std::string name = unique(label(value), names_);
  const std::string full = prefix_ + name;
  messages_.emplace(value.shape, full);
  auto& described = *file_.add_enum_type();
  described.set_name(name);
  const std::string prefix = upper_snake(name) + "_";
  std::vector<Enumerator> list(value.shape->enumeration->enumerators.begin(),
                               value.shape->enumeration->enumerators.end());
  // The first has to be zero.
  const auto zero = std::find_if(list.begin(), list.end(), [](const Enumerator& each) { return each.value == 0; });
  if (zero != list.end())
    std::rotate(list.begin(), zero, zero + 1);
  else
    list.insert(list.begin(), {"unspecified", 0});
  std::set<std::string> taken;  // protoc does not want names that differ in case and underscores only
  std::set<std::int64_t> values;
  for (const Enumerator& each : list) {
    std::string base = upper_snake(identifier(each.name));
    const auto folded = [](const std::string& text) {
      std::string result;
      for (const char c : text)
        if (c != '_') result += to_lower(c);
      return result;
    };
    std::string chosen = base;
    for (int i = 2; !taken.insert(folded(chosen)).second; ++i) chosen = base + "_N" + std::to_string(i);
    auto& added = *described.add_value();
    added.set_name(unique(prefix + chosen, names_));
    added.set_number(static_cast<std::int32_t>(each.value));
    if (!values.insert(each.value).second) described.mutable_options()->set_allow_alias(true);
  }
  return full;
}

std::string Builder::define_entry(const Value& key, const Value& element) {
  auto& full = entries_[{key.shape, element.shape}];
  if (!full.empty()) return full;
  const std::string name = unique(label(key) + label(element) + "Entry", names_);
  full = prefix_ + name;
  const std::string result = full;
  const int index = file_.message_type_size();
  file_.add_message_type()->set_name(name);
  DescriptorProto message;
  message.set_name(name);
  int number = 0;
  for (const Value* part : {&key, &element}) {
    auto& field = *message.add_field();
    field.set_name(number == 0 ? "key" : "value");
    field.set_number(++number);
    field.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    set_type(field, *part);
  }
  *file_.mutable_message_type(index) = std::move(message);
  return result;
}

void Builder::set_type(FieldDescriptorProto& field, const Value& outer) {
  const Value& value = unwrapped(outer);
  if (is_enum(value)) {
    field.set_type(FieldDescriptorProto::TYPE_ENUM);
    field.set_type_name(define_enum(value));
  } else if (is_number(value.op) || value.op == Op::string || value.op == Op::bytes || value.op == Op::own_text ||
             value.op == Op::own_bytes) {
    field.set_type(scalar_type(value.op));
  } else {
    field.set_type(FieldDescriptorProto::TYPE_MESSAGE);
    field.set_type_name(message_for(value, false));
  }
}

void Builder::add_map(DescriptorProto& message, FieldDescriptorProto& field, const Value& value) {
  field.set_label(FieldDescriptorProto::LABEL_REPEATED);
  field.set_type(FieldDescriptorProto::TYPE_MESSAGE);
  const Value& key = unwrapped(*value.key);
  const Value& element = unwrapped(*value.element);
  if (!may_be_key(key)) {
    field.set_type_name(define_entry(key, element));
    return;
  }
  const std::string entry_name = camel(field.name(), true) + "Entry";
  field.set_type_name(prefix_ + message.name() + "." + entry_name);
  DescriptorProto entry;
  entry.set_name(entry_name);
  entry.mutable_options()->set_map_entry(true);
  int number = 0;
  for (const Value* part : {&key, &element}) {
    auto& inner = *entry.add_field();
    inner.set_name(number == 0 ? "key" : "value");
    inner.set_number(++number);
    inner.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    set_type(inner, *part);
  }
  *message.add_nested_type() = std::move(entry);
}

void Builder::add_fields(DescriptorProto& message, const MessagePlan& plan) {
  std::set<std::string> taken;
  std::set<std::string> map_names;
  std::vector<int> with_presence;
  const auto begin = [&](std::string_view name, std::uint32_t number) -> FieldDescriptorProto& {
    FieldDescriptorProto& field = *message.add_field();
    const std::string plain = identifier(name);
    field.set_name(unique(plain, taken));
    field.set_number(static_cast<int>(number));
    field.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    if (camel(field.name(), false) != name && field.name() == name) field.set_json_name(std::string(name));
    return field;
  };
  for (const PlanField& planned : plan.fields) {
    const Value& value = unwrapped(*planned.value);
    if (planned.variant != nullptr) {
      const int oneof = message.oneof_decl_size();
      std::uint32_t number = planned.number;
      bool any = false;
      const std::string name = unique(identifier(planned.name), taken);
      for (const Value* alternative : planned.variant->alternatives) {
        if (alternative == nullptr) continue;
        std::string kind = label(*alternative);
        std::transform(kind.begin(), kind.end(), kind.begin(), &to_lower);
        FieldDescriptorProto& field = begin(std::string(planned.name) + "_" + kind, number++);
        field.set_oneof_index(oneof);
        set_type(field, *alternative);
        any = true;
      }
      if (any) message.add_oneof_decl()->set_name(name);
      continue;
    }
    FieldDescriptorProto& field = begin(planned.name, planned.number);
    if (value.op == Op::list || value.op == Op::array) {
      field.set_label(FieldDescriptorProto::LABEL_REPEATED);
      set_type(field, *value.element);
    } else if (value.op == Op::map) {
      std::string entry = camel(field.name(), true);
      if (!map_names.insert(entry).second) field.set_name(unique(field.name() + "_map", taken));
      add_map(message, field, value);
    } else {
      set_type(field, value);
      if (planned.value->op == Op::optional && field.type() != FieldDescriptorProto::TYPE_MESSAGE)
        with_presence.push_back(message.field_size() - 1);
    }
  }
  // As protoc does it, presence is a oneof of one, behind all others.
  for (const int index : with_presence) {
    FieldDescriptorProto& field = *message.mutable_field(index);
    field.set_proto3_optional(true);
    field.set_oneof_index(message.oneof_decl_size());
    message.add_oneof_decl()->set_name(unique("_" + field.name(), taken));
  }
}

/// Keeps what the library would write to the error output.
class Errors final : public DescriptorPool::ErrorCollector {
 public:
#if GOOGLE_PROTOBUF_VERSION >= 4022000
  void RecordError(absl::string_view, absl::string_view element, const google::protobuf::Message*, ErrorLocation,
                   absl::string_view message) override {
    add(std::string(element) + ": " + std::string(message));
  }
#else
  void AddError(const std::string&, const std::string& element, const google::protobuf::Message*, ErrorLocation,
                const std::string& message) override {
    add(element + ": " + message);
  }
#endif
  const std::string& text() const noexcept { return text_; }

 private:
  void add(const std::string& text) { text_ += (text_.empty() ? "" : "; ") + text; }
  std::string text_;
};

void collect(const FileDescriptor& file, std::set<const FileDescriptor*>& seen, std::vector<std::string>& list) {
  if (!seen.insert(&file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) collect(*file.dependency(i), seen, list);
  FileDescriptorProto proto;
  file.CopyTo(&proto);
  list.push_back(proto.SerializeAsString());
}

}  // namespace

ProtoExport export_proto(std::span<const ProtoMethod> methods) {
  ProtoExport result;
  const auto leave_out = [&](std::string_view method, const std::string& why) {
    result.left_out.push_back(std::string(method) + ": " + why);
  };
  std::vector<ProtoMethod> sorted(methods.begin(), methods.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.name < b.name; });

  std::map<std::string, Builder> builders;
  std::map<std::string, std::vector<std::string>> services;
  std::set<std::string> listed;
  std::set<const FileDescriptor*> known_files;
  struct Wanted {
    const ProtoMethod* method;
    std::string package;
    std::string service;
    std::string name;
  };
  std::vector<Wanted> wanted;
  for (const ProtoMethod& method : sorted) {
    const MethodName name = split_method_name(method.name);
    if (const auto* known = DescriptorPool::generated_pool()->FindServiceByName(std::string(name.service));
        known != nullptr) {
      known_files.insert(known->file());
      continue;
    }
    const std::size_t dot = name.service.rfind('.');
    const std::string_view package = dot == std::string_view::npos ? std::string_view() : name.service.substr(0, dot);
    const std::string_view service = dot == std::string_view::npos ? name.service : name.service.substr(dot + 1);
    bool good = is_identifier(service) && is_identifier(name.method);
    for (std::string_view rest = package; good && !rest.empty();) {
      const std::size_t end = std::min(rest.find('.'), rest.size());
      good = is_identifier(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!good) {
      leave_out(method.name, "protobuf: the name is not that of a service and a method");
      continue;
    }
    std::string why = problem(plan_of(*method.args));
    if (why.empty()) why = problem(plan_of(*method.reply));
    if (!why.empty()) {
      leave_out(method.name, why);
      continue;
    }
    if (!listed.insert(std::string(name.service) + "/" + std::string(name.method)).second) continue;
    wanted.push_back({&method, std::string(package), std::string(service), std::string(name.method)});
  }
  // Services have their names for certain; messages take what is left.
  for (const Wanted& each : wanted) {
    builders.try_emplace(each.package, each.package).first->second.reserve_name(each.service);
    auto& list = services[each.package];
    const std::string full = each.package.empty() ? each.service : each.package + "." + each.service;
    if (std::find(list.begin(), list.end(), full) == list.end()) list.push_back(full);
  }
  for (const Wanted& each : wanted) builders.at(each.package).add(each.service, each.name, *each.method);

  std::set<const FileDescriptor*> imports = known_files;
  for (auto& [package, builder] : builders) {
    FileDescriptorProto& proto = builder.finish();
    imports.insert(builder.imports().begin(), builder.imports().end());
    DescriptorPool pool(DescriptorPool::generated_pool());
    Errors errors;
    const FileDescriptor* file = pool.BuildFileCollectingErrors(proto, &errors);
    if (file == nullptr) {
      for (const std::string& service : services[package]) leave_out(service, "protobuf: " + errors.text());
      continue;
    }
    ProtoFile& made = result.files.emplace_back();
    made.package = package;
    made.name = proto.name();
    made.text = file->DebugString();
    made.descriptor = proto.SerializeAsString();
    made.services = services[package];
    std::sort(made.services.begin(), made.services.end());
  }
  std::set<const FileDescriptor*> seen;
  std::vector<const FileDescriptor*> by_name(imports.begin(), imports.end());
  std::sort(by_name.begin(), by_name.end(), [](const auto* a, const auto* b) { return a->name() < b->name(); });
  for (const FileDescriptor* file : by_name) collect(*file, seen, result.imported);
  return result;
}

}  // namespace polyrpc::protobuf
