#pragma once

#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/shape.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace polyrpc {

/// A value of some described type, or nothing: Go's `interface{}`. Copies share the value, which does not change any
/// more. To be read off a wire, its type must be in the `TypeRegistry` that the codec was given.
class Any {
 public:
  Any() noexcept = default;
  template <class T>
    requires(!std::is_same_v<std::remove_cvref_t<T>, Any> && !std::is_convertible_v<T, std::string_view>)
  Any(T&& value)  // NOLINT: a value of any described type is meant to fit
      : shape_(&shape_of<std::remove_cvref_t<T>>()),
        object_(std::make_shared<std::remove_cvref_t<T>>(std::forward<T>(value))) {}
  Any(std::string text) : shape_(&shape_of<std::string>()), object_(std::make_shared<std::string>(std::move(text))) {}
  /// Text of any kind is held as a `std::string`.
  Any(std::string_view text) : Any(std::string(text)) {}
  Any(const char* text) : Any(std::string(text)) {}
  /// For codecs: an object of that shape.
  Any(const Shape& shape, std::shared_ptr<const void> object) noexcept : shape_(&shape), object_(std::move(object)) {}
  Any(const Any&) = default;
  Any(Any&& other) noexcept : shape_(std::exchange(other.shape_, nullptr)), object_(std::move(other.object_)) {}
  Any& operator=(const Any&) = default;
  Any& operator=(Any&& other) noexcept {
    Any taken(std::move(other));
    std::swap(shape_, taken.shape_);
    object_.swap(taken.object_);
    return *this;
  }
  ~Any() = default;

  bool has_value() const noexcept { return shape_ != nullptr; }
  const Shape* shape() const noexcept { return shape_; }
  const void* object() const noexcept { return object_.get(); }

  /// The value if it is a `T`, else null.
  template <class T>
  const T* get() const noexcept {
    return shape_ == &shape_of<T>() ? static_cast<const T*>(object_.get()) : nullptr;
  }

 private:
  const Shape* shape_ = nullptr;
  std::shared_ptr<const void> object_;
};

/// The names under which types travel inside `Any` and `std::variant`. Go's basic types are there from the start, under
/// Go's names. One type has one name and the reverse. Filled before serving starts, read-only afterwards.
class TypeRegistry {
 public:
  TypeRegistry();

  /// Adds `T` under `name`, Go's default being package, dot, type: `main.Point`. Throws `std::logic_error` if either is
  /// taken or `name` is empty.
  template <class T>
  TypeRegistry& add(std::string_view name) {
    add(name, shape_of<T>());
    return *this;
  }
  void add(std::string_view name, const Shape& shape);

  const Shape* find(std::string_view name) const noexcept;
  /// The name of that shape, or empty.
  std::string_view name_of(const Shape& shape) const noexcept;

 private:
  void add_basic(std::string_view name, const Shape& shape);
  template <class T>
  void add_others(std::string_view name);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, const Shape*, Hash, std::equal_to<>> by_name_;
  std::unordered_map<const Shape*, std::string> by_shape_;
};

namespace detail {
template <>
struct ShapeMaker<Any> {
  static constexpr Shape make() {
    Shape shape = basic_shape<Any>(Kind::any);
    return shape;
  }
};
}  // namespace detail

}  // namespace polyrpc
