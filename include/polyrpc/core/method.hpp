#pragma once

#include <string_view>

namespace polyrpc {

/// A method's name with its types, shared by client and server:
/// `inline constexpr polyrpc::Method<Args, std::int64_t> multiply{"Arith.Multiply"};`
template <class ArgsType, class ReplyType>
struct Method {
  using Args = ArgsType;
  using Reply = ReplyType;

  std::string_view name;
};

/// `Service.Method` cut at the last dot, or `package.Service/Method` at the slash. Without one, `service` is empty.
struct MethodName {
  std::string_view service;
  std::string_view method;
};

constexpr MethodName split_method_name(std::string_view name) noexcept {
  std::size_t cut = name.rfind('/');
  if (cut == std::string_view::npos) cut = name.rfind('.');
  if (cut == std::string_view::npos) return {{}, name};
  return {name.substr(0, cut), name.substr(cut + 1)};
}

}  // namespace polyrpc
