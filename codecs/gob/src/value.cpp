#include "polyrpc/codecs/gob_value.hpp"

#include <cstdio>

namespace polyrpc::gob {

bool operator==(const Value::List& a, const Value::List& b) { return a.fixed == b.fixed && a.elements == b.elements; }
bool operator==(const Value::Map& a, const Value::Map& b) { return a.entries == b.entries; }
bool operator==(const Value::Struct& a, const Value::Struct& b) { return a.fields == b.fields; }
bool operator==(const Value::Interface& a, const Value::Interface& b) {
  if (a.name != b.name || a.value == nullptr || b.value == nullptr) return a.name == b.name && a.value == b.value;
  return *a.value == *b.value;
}
bool operator==(const Value& a, const Value& b) { return a.data == b.data; }

const Value* Value::field(std::string_view name) const noexcept {
  const auto* structure = std::get_if<Struct>(&data);
  if (structure == nullptr) return nullptr;
  for (const auto& [field_name, value] : structure->fields)
    if (field_name == name) return &value;
  return nullptr;
}

namespace {

struct Printer {
  std::string text;

  void quote(std::string_view from) {
    text += '"';
    for (const char c : from) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        text += '\\';
        text += c;
      } else if (byte < 0x20 || byte == 0x7F) {
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\x%02x", byte);
        text += escape;
      } else {
        text += c;
      }
    }
    text += '"';
  }
  void hex(const void* bytes, std::size_t size) {
    static constexpr char digits[] = "0123456789abcdef";
    for (std::size_t i = 0; i < size; ++i) {
      const auto byte = static_cast<const unsigned char*>(bytes)[i];
      text += digits[byte >> 4];
      text += digits[byte & 15];
    }
  }
  void number(double v) {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.17g", v);
    text += digits;
  }

  void print(const Value& value) {
    std::visit([this](const auto& v) { print(v); }, value.data);
  }
  void print(Value::Nil) { text += "nil"; }
  void print(bool v) { text += v ? "true" : "false"; }
  void print(std::int64_t v) { text += std::to_string(v); }
  void print(std::uint64_t v) { text += std::to_string(v); }
  void print(double v) { number(v); }
  void print(const std::complex<double>& v) {
    text += '(';
    number(v.real());
    text += ", ";
    number(v.imag());
    text += "i)";
  }
  void print(const std::string& v) { quote(v); }
  void print(const Value::Bytes& v) {
    text += "0x";
    hex(v.data(), v.size());
  }
  void print(const Value::List& v) {
    text += '[';
    for (const Value& element : v.elements) {
      if (&element != &v.elements.front()) text += ", ";
      print(element);
    }
    text += ']';
  }
  void print(const Value::Map& v) {
    text += "map[";
    for (const auto& entry : v.entries) {
      if (&entry != &v.entries.front()) text += ", ";
      print(entry.first);
      text += ": ";
      print(entry.second);
    }
    text += ']';
  }
  void print(const Value::Struct& v) {
    text += v.name;
    text += '{';
    for (const auto& field : v.fields) {
      if (&field != &v.fields.front()) text += ", ";
      text += field.first;
      text += ": ";
      print(field.second);
    }
    text += '}';
  }
  void print(const Value::Interface& v) {
    text += v.name;
    text += '(';
    if (v.value != nullptr) print(*v.value);
    text += ')';
  }
  void print(const Value::Own& v) {
    text += v.encoding == OwnEncoding::gob ? "gob:" : v.encoding == OwnEncoding::binary ? "binary:" : "text:";
    hex(v.bytes.data(), v.bytes.size());
  }
};

}  // namespace

std::string to_string(const Value& value) {
  Printer printer;
  printer.print(value);
  return std::move(printer.text);
}

}  // namespace polyrpc::gob
