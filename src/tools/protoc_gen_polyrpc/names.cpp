#include "names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.h>
#include <set>

namespace polyrpc::tools {
namespace {

// C++20's keywords, and macros of the standard library that could be a method's name.
constexpr std::array<std::string_view, 103> taken_words = {
    "EOF",
    "NULL",
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "assert",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "errno",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "not_eq",
    "nullptr",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "return",
    "setjmp",
    "short",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "stderr",
    "stdin",
    "stdout",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "union",
    "unsigned",
    "using",
    "va_arg",
    "va_end",
    "va_start",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
};

bool is_taken_word(std::string_view name) { return std::binary_search(taken_words.begin(), taken_words.end(), name); }

// What a service's class, and the classes in it, have as members.
bool is_member(std::string_view name) {
  constexpr std::array<std::string_view, 6> members = {"CoService", "Service",   "Stub",
                                                       "client_",   "full_name", "methods"};
  return std::find(members.begin(), members.end(), name) != members.end();
}

// Debian's protobuf writes a macro for its own namespace, which exists only inside its headers.
std::string without_macro(std::string name) {
  constexpr std::string_view macro = "PROTOBUF_NAMESPACE_ID";
  if (const std::size_t at = name.find(macro); at != std::string::npos)
    name.replace(at, macro.size(), "google::protobuf");
  return name;
}

// Whether `name` is how a stub starts another method: go_GetUser, async_GetUser.
bool starts_another(std::string_view name, const google::protobuf::ServiceDescriptor& service) {
  for (const std::string_view prefix : {"go_", "async_"}) {
    if (name.substr(0, prefix.size()) == prefix &&
        service.FindMethodByName(std::string(name.substr(prefix.size()))) != nullptr)
      return true;
  }
  return false;
}

}  // namespace

std::string file_base(const google::protobuf::FileDescriptor& file) {
  return google::protobuf::compiler::cpp::StripProto(std::string(file.name()));
}

std::string namespace_of(const google::protobuf::FileDescriptor& file) {
  const std::string package(file.package());
  std::string escaped;
  for (std::size_t start = 0; start < package.size();) {
    const std::size_t end = std::min(package.find('.', start), package.size());
    const std::string part = package.substr(start, end - start);
    if (!escaped.empty()) escaped += "::";
    escaped += part;
    if (is_taken_word(part)) escaped += '_';
    start = end + 1;
  }
  // Which words are escaped differs between protoc's versions; where it has named something, follow it.
  std::string named;
  if (file.message_type_count() > 0)
    named = google::protobuf::compiler::cpp::QualifiedClassName(file.message_type(0));
  else if (file.enum_type_count() > 0)
    named = google::protobuf::compiler::cpp::QualifiedClassName(file.enum_type(0));
  if (named.empty() || package.empty()) return escaped;
  named = without_macro(named);
  const std::size_t start = named.compare(0, 2, "::") == 0 ? 2 : 0;
  return named.substr(start, named.rfind("::") - start);
}

std::string message_name(const google::protobuf::Descriptor& message) {
  return without_macro(google::protobuf::compiler::cpp::QualifiedClassName(&message));
}

std::string service_name(const google::protobuf::ServiceDescriptor& service) {
  std::string name(service.name());
  if (is_taken_word(name) || is_member(name)) name += '_';
  return name;
}

std::vector<std::string> method_names(const google::protobuf::ServiceDescriptor& service) {
  std::set<std::string> used;
  const auto is_free = [&](const std::string& name) {
    return !is_taken_word(name) && !is_member(name) && !starts_another(name, service);
  };
  for (int i = 0; i < service.method_count(); ++i) used.insert(std::string(service.method(i)->name()));

  std::vector<std::string> names;
  for (int i = 0; i < service.method_count(); ++i) {
    std::string name(service.method(i)->name());
    if (!is_free(name)) {
      do name += '_';
      while (!is_free(name) || used.count(name) > 0);
      used.insert(name);
    }
    names.push_back(name);
  }
  return names;
}

std::string add_name(const google::protobuf::FileDescriptor& file) {
  std::string name = "add";
  const auto is_taken = [&] {
    if (file.FindMessageTypeByName(name) != nullptr || file.FindEnumTypeByName(name) != nullptr ||
        file.FindEnumValueByName(name) != nullptr || file.FindExtensionByName(name) != nullptr)
      return true;
    for (int i = 0; i < file.service_count(); ++i) {
      if (service_name(*file.service(i)) == name) return true;
    }
    return false;
  };
  while (is_taken()) name += '_';
  return name;
}

}  // namespace polyrpc::tools
