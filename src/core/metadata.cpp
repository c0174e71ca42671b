#include "polyrpc/core/metadata.hpp"

#include <algorithm>

namespace polyrpc {

namespace {

std::string lowered(std::string_view key) {
  std::string text(key);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

}  // namespace

Metadata::Metadata(std::initializer_list<value_type> entries) {
  for (const auto& [key, value] : entries) add(key, value);
}

void Metadata::add(std::string_view key, std::string_view value) { entries_.emplace_back(lowered(key), value); }

void Metadata::set(std::string_view key, std::string_view value) {
  value_type entry(lowered(key), value);  // made first: both may be parts of what is erased
  std::erase_if(entries_, [&](const value_type& other) { return other.first == entry.first; });
  entries_.push_back(std::move(entry));
}

void Metadata::erase(std::string_view key) {
  const std::string wanted = lowered(key);
  std::erase_if(entries_, [&](const value_type& entry) { return entry.first == wanted; });
}

std::optional<std::string_view> Metadata::get(std::string_view key) const noexcept {
  for (const auto& [name, value] : entries_)
    if (name == key) return value;
  return std::nullopt;
}

std::vector<std::string_view> Metadata::get_all(std::string_view key) const {
  std::vector<std::string_view> values;
  for (const auto& [name, value] : entries_)
    if (name == key) values.emplace_back(value);
  return values;
}

std::size_t Metadata::wire_size() const noexcept {
  std::size_t size = 0;
  for (const auto& [key, value] : entries_) size += key.size() + value.size() + 32;
  return size;
}

Status check_metadata(const Metadata& metadata) {
  for (const auto& [key, value] : metadata) {
    if (key.empty() || !std::all_of(key.begin(), key.end(), is_key_character))
      return Status::invalid_argument("polyrpc: metadata key \"" + key + "\" has a character outside 0-9 a-z _ - .");
    if (key.starts_with("grpc-")) return Status::invalid_argument("polyrpc: metadata key \"" + key + "\" is reserved");
    if (key.ends_with("-bin")) continue;
    if (std::any_of(value.begin(), value.end(), [](char c) { return c < ' ' || c > '~'; }))
      return Status::invalid_argument("polyrpc: the value of metadata key \"" + key +
                                      "\" is not printable ASCII; a key that ends in -bin carries bytes");
  }
  return {};
}

}  // namespace polyrpc
