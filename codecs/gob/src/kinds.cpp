#include "kinds.hpp"

#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/gob_value.hpp"

#include "scalars.hpp"

#include <array>

namespace polyrpc::gob::detail {

namespace {

bool is_go_word(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 18> words = {
      "bool",   "int",    "int8",   "int16",   "int32",   "int64",   "uint",      "uint8",      "uint16",
      "uint32", "uint64", "string", "uintptr", "float32", "float64", "complex64", "complex128", "error"};
  for (const std::string_view word : words)
    if (name == word) return true;
  return false;
}

/// Where the name begins behind its package; dots inside the brackets of a generic type do not count.
std::size_t package_end(std::string_view name) noexcept {
  const std::size_t dot = name.substr(0, name.find_first_of("[<")).rfind('.');
  return dot == std::string_view::npos ? 0 : dot + 1;
}

/// A type may contain itself without a name in between (a struct derived from a vector of itself).
constexpr int text_depth = 16;
constexpr std::size_t text_size = 2000;

void append_text(std::string& text, const Shape& shape, WordNames words, int depth) {
  if (depth > text_depth || text.size() > text_size) {
    text += "...";
    return;
  }
  if (!shape.name.empty()) {
    if (package_end(shape.name) == 0 && !is_go_word(shape.name)) text += "main.";
    text += shape.name;
    return;
  }
  switch (shape.kind) {
    case Kind::boolean:
      text += "bool";
      return;
    case Kind::int8:
      text += "int8";
      return;
    case Kind::int16:
      text += "int16";
      return;
    case Kind::int32:
      text += "int32";
      return;
    case Kind::int64:
      text += words == WordNames::plain ? "int" : "int64";
      return;
    case Kind::uint8:
      text += "uint8";
      return;
    case Kind::uint16:
      text += "uint16";
      return;
    case Kind::uint32:
      text += "uint32";
      return;
    case Kind::uint64:
      text += words == WordNames::plain ? "uint" : "uint64";
      return;
    case Kind::float32:
      text += "float32";
      return;
    case Kind::float64:
      text += "float64";
      return;
    case Kind::complex64:
      text += "complex64";
      return;
    case Kind::complex128:
      text += "complex128";
      return;
    case Kind::string:
    case Kind::enum_name:
      text += "string";
      return;
    case Kind::bytes:
      text += "[]uint8";
      return;
    case Kind::array:
      text += "[" + std::to_string(shape.array_length) + "]";
      append_text(text, *shape.element, words, depth + 1);
      return;
    case Kind::list:
      text += "[]";
      append_text(text, *shape.element, words, depth + 1);
      return;
    case Kind::map:
      text += "map[";
      append_text(text, *shape.key, words, depth + 1);
      text += "]";
      append_text(text, *shape.element, words, depth + 1);
      return;
    case Kind::optional:
      text += "*";
      append_text(text, *shape.element, words, depth + 1);
      return;
    case Kind::structure: {
      bool first = true;
      text += "struct {";
      for_each_field(shape, [&](const Field& field, std::size_t) {
        text += first ? " " : "; ";
        first = false;
        text += exported_name(field.name);
        text += ' ';
        append_text(text, field.shape(), words, depth + 1);
      });
      text += first ? "}" : " }";
      return;
    }
    case Kind::time:
      text += "time.Time";
      return;
    case Kind::duration:
      text += "time.Duration";
      return;
    case Kind::custom:
      text += "custom";
      return;
    case Kind::variant:
    case Kind::any:
    case Kind::foreign:
      text += "interface {}";
      return;
  }
}

/// Go exports what begins with an upper-case letter of any script; these are the alphabets that have them in a row.
bool is_upper(std::string_view name) noexcept {
  const auto byte = [&](std::size_t i) { return i < name.size() ? static_cast<unsigned char>(name[i]) : 0u; };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 'A' && first <= 'Z';
  if (first < 0xC3 || first > 0xDF) return false;
  const unsigned point = (first & 0x1Fu) << 6 | (byte(1) & 0x3Fu);
  return (point >= 0xC0 && point <= 0xDE && point != 0xD7) ||      // Latin-1
         (point >= 0x391 && point <= 0x3AB && point != 0x3A2) ||   // Greek
         (point >= 0x400 && point <= 0x42F) ||                     // Cyrillic
         (point >= 0x531 && point <= 0x556) ||                     // Armenian
         (point >= 0x100 && point <= 0x137 && (point & 1u) == 0);  // Latin Extended-A
}

}  // namespace

Op op_of(const Shape& shape) noexcept {
  switch (shape.kind) {
    case Kind::boolean:
      return Op::boolean;
    case Kind::int8:
      return Op::int8;
    case Kind::int16:
      return Op::int16;
    case Kind::int32:
      return Op::int32;
    case Kind::int64:
      return Op::int64;
    case Kind::uint8:
      return Op::uint8;
    case Kind::uint16:
      return Op::uint16;
    case Kind::uint32:
      return Op::uint32;
    case Kind::uint64:
      return Op::uint64;
    case Kind::float32:
      return Op::float32;
    case Kind::float64:
      return Op::float64;
    case Kind::complex64:
      return Op::complex64;
    case Kind::complex128:
      return Op::complex128;
    case Kind::string:
      return shape.is_std_string ? Op::std_string : Op::text;
    case Kind::bytes:
      return Op::bytes;
    case Kind::array:
      return Op::array;
    case Kind::list:
      return shape.element->kind == Kind::uint8 ? Op::byte_list : Op::list;
    case Kind::map:
      return Op::map;
    case Kind::structure:
      return Op::structure;
    case Kind::optional:
      return Op::optional;
    case Kind::variant:
      return Op::variant;
    case Kind::any:
      return Op::any;
    case Kind::time:
      return Op::time;
    case Kind::duration:
      return Op::duration;
    case Kind::enum_name:
      return Op::enum_name;
    case Kind::custom:
      if (shape.custom->has_gob || shape.custom->has_binary) return Op::custom;
      return shape.fields.empty() ? Op::text_form : Op::structure;  // Go's gob does not use MarshalText
    case Kind::foreign:
      if (shape.foreign->family == &value_family) return Op::tree;
      return shape.foreign->bridge != nullptr ? Op::bridged : Op::foreign;
  }
  return Op::foreign;
}

std::int32_t basic_id(Op op) noexcept {
  switch (op) {
    case Op::boolean:
      return id::boolean;
    case Op::int8:
    case Op::int16:
    case Op::int32:
    case Op::int64:
    case Op::duration:
      return id::integer;
    case Op::uint8:
    case Op::uint16:
    case Op::uint32:
    case Op::uint64:
      return id::unsigned_integer;
    case Op::float32:
    case Op::float64:
      return id::floating;
    case Op::complex64:
    case Op::complex128:
      return id::complex;
    case Op::std_string:
    case Op::text:
    case Op::enum_name:
    case Op::text_form:
      return id::string;
    case Op::bytes:
    case Op::byte_list:
      return id::bytes;
    case Op::variant:
    case Op::any:
    case Op::tree:
      return id::interface;
    default:
      return 0;
  }
}

std::string go_text(const Shape& shape, WordNames words) {
  std::string text;
  append_text(text, shape, words, 0);
  return text;
}

std::string_view declared_name(const Shape& shape) noexcept {
  if (shape.kind == Kind::time) return "Time";
  return shape.name.substr(package_end(shape.name));
}

std::string exported_name(std::string_view name) {
  std::string exported(name);
  if (!exported.empty() && exported[0] >= 'a' && exported[0] <= 'z') exported[0] = static_cast<char>(exported[0] - 32);
  if (!is_upper(exported)) exported.clear();
  return exported;
}

}  // namespace polyrpc::gob::detail
