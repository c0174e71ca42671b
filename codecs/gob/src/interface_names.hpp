#pragma once

#include "polyrpc/core/any.hpp"
#include "polyrpc/core/shape.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace polyrpc::gob::detail {

/// The name under which a value of `shape` travels inside an interface value: the registered one, else Go's default.
/// Empty if there is none. May point into `scratch`.
std::string_view interface_name_of(const Shape& shape, const TypeRegistry& names, std::string& scratch);

/// The alternative that stands for nil, or the number of alternatives.
std::size_t nil_alternative(const VariantOps& ops) noexcept;

/// The alternative that travels under `name`, or the number of alternatives.
std::size_t alternative_named(const VariantOps& ops, std::string_view name, const TypeRegistry& names);

}  // namespace polyrpc::gob::detail
