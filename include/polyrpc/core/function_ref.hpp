#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace polyrpc {

/// A borrowed callable: two pointers, never owns, must not outlive what it was made from.
template <class Signature>
class FunctionRef;

template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> && std::is_invocable_r_v<R, F&, Args...>)
  FunctionRef(F&& f) noexcept
      : object_(address(f)), call_([](void* object, Args... args) -> R {
          auto& callee = *reinterpret_cast<std::remove_reference_t<F>*>(object);
          if constexpr (std::is_void_v<R>)
            callee(std::forward<Args>(args)...);
          else
            return callee(std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  template <class F>
  static void* address(F& f) noexcept {
    if constexpr (std::is_function_v<F>)
      return reinterpret_cast<void*>(&f);  // as POSIX allows
    else
      return const_cast<void*>(static_cast<const void*>(std::addressof(f)));
  }

  void* object_;
  R (*call_)(void*, Args...);
};

}  // namespace polyrpc
