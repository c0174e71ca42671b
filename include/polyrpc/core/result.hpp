#pragma once

#include "polyrpc/core/status.hpp"

#include <cassert>
#include <type_traits>
#include <utility>
#include <variant>

namespace polyrpc {

/// A `T`, or the status that says why there is none.
template <class T>
class [[nodiscard]] Result {
  static_assert(!std::is_reference_v<T> && !std::is_void_v<T> && !std::is_same_v<T, Status>,
                "polyrpc: Result holds an object; where there is no value use Status");

 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<1>, std::move(value)) {}
  /// `status` must not be ok.
  Result(Status status) : state_(std::in_place_index<0>, std::move(status)) {
    if (std::get<0>(state_).ok()) std::get<0>(state_) = Status::internal("polyrpc: a result made from an ok status");
  }
  template <class U>
    requires(!std::is_same_v<std::remove_cvref_t<U>, T> && !std::is_same_v<std::remove_cvref_t<U>, Status> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result> && std::is_convertible_v<U, T>)
  Result(U&& value) : state_(std::in_place_index<1>, std::forward<U>(value)) {}

  bool ok() const noexcept { return state_.index() == 1; }
  explicit operator bool() const noexcept { return ok(); }

  /// The value; throws `StatusError` when there is none.
  T& value() & { return checked(), *std::get_if<1>(&state_); }
  const T& value() const& { return checked(), *std::get_if<1>(&state_); }
  T&& value() && { return checked(), std::move(*std::get_if<1>(&state_)); }

  /// The value; there must be one.
  T& operator*() & noexcept { return assert(ok()), *std::get_if<1>(&state_); }
  const T& operator*() const& noexcept { return assert(ok()), *std::get_if<1>(&state_); }
  T&& operator*() && noexcept { return assert(ok()), std::move(*std::get_if<1>(&state_)); }
  T* operator->() noexcept { return assert(ok()), std::get_if<1>(&state_); }
  const T* operator->() const noexcept { return assert(ok()), std::get_if<1>(&state_); }

  template <class U>
  T value_or(U&& other) const& {
    return ok() ? **this : static_cast<T>(std::forward<U>(other));
  }
  template <class U>
  T value_or(U&& other) && {
    return ok() ? *std::move(*this) : static_cast<T>(std::forward<U>(other));
  }

  /// Why there is no value; ok when there is one.
  Status status() const& { return ok() ? Status() : *std::get_if<0>(&state_); }
  Status status() && { return ok() ? Status() : std::move(*std::get_if<0>(&state_)); }

 private:
  void checked() const {
    if (!ok()) throw StatusError(*std::get_if<0>(&state_));
  }

  std::variant<Status, T> state_;
};

}  // namespace polyrpc
