#include "interface_names.hpp"

#include "kinds.hpp"

namespace polyrpc::gob::detail {

namespace {

/// Whether Go's default name for the type is `name`.
bool has_default_name(const Shape& shape, std::string_view name) {
  if (!name.empty() && name.front() == '*') name.remove_prefix(1);  // registered there as a pointer
  return go_text(shape, WordNames::sized) == name || go_text(shape, WordNames::plain) == name;
}

}  // namespace

std::string_view interface_name_of(const Shape& shape, const TypeRegistry& names, std::string& scratch) {
  const std::string_view registered = names.name_of(shape);
  if (!registered.empty()) return registered;
  scratch = go_text(shape);
  return scratch;
}

std::size_t nil_alternative(const VariantOps& ops) noexcept {
  for (std::size_t i = 0; i < ops.alternatives.size(); ++i)
    if (ops.alternatives[i]->is_nothing) return i;
  return ops.alternatives.size();
}

std::size_t alternative_named(const VariantOps& ops, std::string_view name, const TypeRegistry& names) {
  const std::size_t count = ops.alternatives.size();
  const Shape* known = names.find(name);
  for (std::size_t i = 0; i < count; ++i) {
    const Shape& alternative = behind_pointers(*ops.alternatives[i]);
    if (&alternative == known || names.name_of(alternative) == name) return i;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Shape& alternative = behind_pointers(*ops.alternatives[i]);
    if (!alternative.is_nothing && names.name_of(alternative).empty() && has_default_name(alternative, name)) return i;
  }
  return count;
}

}  // namespace polyrpc::gob::detail
