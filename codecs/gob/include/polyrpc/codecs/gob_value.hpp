#pragma once

#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/shape.hpp"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// A header of its own, because of what it brings in: with `std::complex` comes all of the standard library's
/// mathematics.
namespace polyrpc::gob {

/// A value of a type that is not known beforehand, in the wire's own shape; for tools, proxies and tests. Can be an
/// argument, a reply or a field. When sent, its type is taken from what is in it: all elements of a list must be of one
/// kind, an empty list or map can only stand in a field (and is left out there, as `Nil` is), and fields keep their
/// order.
struct Value {
  using Nil = std::monostate;  ///< an interface that holds nothing
  using Bytes = std::vector<std::byte>;
  struct List {
    std::vector<Value> elements;
    bool fixed = false;  ///< Go's array, not a slice
    friend bool operator==(const List&, const List&);
  };
  struct Map {
    std::vector<std::pair<Value, Value>> entries;
    friend bool operator==(const Map&, const Map&);
  };
  struct Struct {
    std::vector<std::pair<std::string, Value>> fields;  ///< those that were sent; zero ones are not
    std::string name;                                   ///< the type's, for people
    friend bool operator==(const Struct&, const Struct&);
  };
  struct Interface {
    std::string name;                    ///< the registered name of the type inside
    std::shared_ptr<const Value> value;  ///< never null
    friend bool operator==(const Interface&, const Interface&);
  };
  /// A type that encodes itself, as its bytes.
  struct Own {
    OwnEncoding encoding = OwnEncoding::gob;
    std::string bytes;
    friend bool operator==(const Own&, const Own&) = default;
  };

  std::variant<Nil, bool, std::int64_t, std::uint64_t, double, std::complex<double>, std::string, Bytes, List, Map,
               Struct, Interface, Own>
      data;

  /// The field of that name, or null.
  const Value* field(std::string_view name) const noexcept;

  friend bool operator==(const Value&, const Value&);
};

/// A value on one line for people, close to Go's syntax: `{X: 1, Y: 2}`, `["a", "b"]`, `map["k": 1]`.
std::string to_string(const Value& value);

}  // namespace polyrpc::gob

namespace polyrpc::gob::detail {

/// The address says that a shape is a `Value`'s.
inline constexpr char value_family = 0;
inline constexpr ForeignOps value_ops{&value_family, nullptr};

}  // namespace polyrpc::gob::detail

namespace polyrpc::detail {

template <>
struct ShapeMaker<gob::Value> {
  static constexpr Shape make() {
    Shape shape = basic_shape<gob::Value>(Kind::foreign);
    shape.foreign = &gob::detail::value_ops;
    return shape;
  }
};

}  // namespace polyrpc::detail
