#include "polyrpc/core/any.hpp"

#include <complex>
#include <stdexcept>

namespace polyrpc {

TypeRegistry::TypeRegistry() {
  // encoding/gob registers these itself; Go's int and uint are 64 bits wide here (gob: registerBasics).
  add_basic("int64", shape_of<std::int64_t>());
  add_basic("int", shape_of<std::int64_t>());
  add_basic("int8", shape_of<std::int8_t>());
  add_basic("int16", shape_of<std::int16_t>());
  add_basic("int32", shape_of<std::int32_t>());
  add_basic("uint64", shape_of<std::uint64_t>());
  add_basic("uint", shape_of<std::uint64_t>());
  add_basic("uintptr", shape_of<std::uint64_t>());
  add_basic("uint8", shape_of<std::uint8_t>());
  add_basic("uint16", shape_of<std::uint16_t>());
  add_basic("uint32", shape_of<std::uint32_t>());
  add_basic("float32", shape_of<float>());
  add_basic("float64", shape_of<double>());
  add_basic("complex64", shape_of<std::complex<float>>());
  add_basic("complex128", shape_of<std::complex<double>>());
  add_basic("bool", shape_of<bool>());
  add_basic("string", shape_of<std::string>());
  add_basic("[]uint8", shape_of<std::vector<std::byte>>());
  add_basic("[]bool", shape_of<std::vector<bool>>());
  add_basic("[]int64", shape_of<std::vector<std::int64_t>>());
  add_basic("[]int", shape_of<std::vector<std::int64_t>>());
  add_basic("[]int8", shape_of<std::vector<std::int8_t>>());
  add_basic("[]int16", shape_of<std::vector<std::int16_t>>());
  add_basic("[]int32", shape_of<std::vector<std::int32_t>>());
  add_basic("[]uint64", shape_of<std::vector<std::uint64_t>>());
  add_basic("[]uint", shape_of<std::vector<std::uint64_t>>());
  add_basic("[]uintptr", shape_of<std::vector<std::uint64_t>>());
  add_basic("[]uint16", shape_of<std::vector<std::uint16_t>>());
  add_basic("[]uint32", shape_of<std::vector<std::uint32_t>>());
  add_basic("[]float32", shape_of<std::vector<float>>());
  add_basic("[]float64", shape_of<std::vector<double>>());
  add_basic("[]complex64", shape_of<std::vector<std::complex<float>>>());
  add_basic("[]complex128", shape_of<std::vector<std::complex<double>>>());
  add_basic("[]string", shape_of<std::vector<std::string>>());
  // Other C++ types for the same thing go out under the same name.
  by_shape_.emplace(&shape_of<std::byte>(), "uint8");
  by_shape_.emplace(&shape_of<std::vector<std::uint8_t>>(), "[]uint8");
  by_shape_.emplace(&shape_of<std::string_view>(), "string");
  add_others<long>(sizeof(long) == 8 ? "int64" : "int32");
  add_others<unsigned long>(sizeof(long) == 8 ? "uint64" : "uint32");
  add_others<long long>("int64");
  add_others<unsigned long long>("uint64");
}

template <class T>
void TypeRegistry::add_others(std::string_view name) {
  by_shape_.emplace(&shape_of<T>(), std::string(name));
  by_shape_.emplace(&shape_of<std::vector<T>>(), "[]" + std::string(name));
}

void TypeRegistry::add_basic(std::string_view name, const Shape& shape) {
  by_name_.emplace(std::string(name), &shape);
  by_shape_.emplace(&shape, std::string(name));  // the first name given to a shape is the one it is sent under
}

void TypeRegistry::add(std::string_view name, const Shape& shape) {
  if (name.empty()) throw std::logic_error("polyrpc: a type is registered without a name");
  if (const Shape* taken = find(name); taken != nullptr && taken != &shape)
    throw std::logic_error("polyrpc: type name " + std::string(name) + " is registered for another type");
  if (const auto named = by_shape_.find(&shape); named != by_shape_.end() && named->second != name)
    throw std::logic_error("polyrpc: the type is registered twice, as " + named->second + " and as " +
                           std::string(name));
  by_name_.emplace(std::string(name), &shape);
  by_shape_.emplace(&shape, std::string(name));
}

const Shape* TypeRegistry::find(std::string_view name) const noexcept {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::string_view TypeRegistry::name_of(const Shape& shape) const noexcept {
  const auto found = by_shape_.find(&shape);
  return found == by_shape_.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace polyrpc
