#pragma once

#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/shape.hpp"

#include <concepts>
#include <cstddef>
#include <google/protobuf/message.h>
#include <string_view>

/// Lets the messages that protoc generates be arguments and replies, and fields of described structs.
namespace polyrpc::protobuf {

/// What `Shape::foreign->ops` points to when `Shape::foreign->family` is `&message_family`.
struct MessageOps {
  const google::protobuf::MessageLite& (*get)(const void*);
  google::protobuf::MessageLite& (*get_mutable)(void*);
  const google::protobuf::MessageLite& (*prototype)();
  /// The type's descriptor, null for messages of the lite runtime.
  const google::protobuf::Descriptor* (*descriptor)();
  void (*construct_mirror)(void*);
};

/// Its address names the family of types that `MessageOps` serve.
extern const char message_family;

/// How codecs without protobuf carry a generated message: its mirror is a structure with the fields that protoc-gen-go
/// would make of it, its JSON is protobuf's own mapping. Unknown members of JSON objects are passed over.
extern const ForeignBridge message_bridge;

template <class T>
concept GeneratedMessage = std::derived_from<T, google::protobuf::MessageLite> && requires { T::default_instance(); };

namespace detail {

/// Makes a mirror in raw memory.
void construct_mirror(const google::protobuf::Descriptor& descriptor, void* place);

template <class T>
struct MessageTable {
  static const google::protobuf::Descriptor* descriptor() {
    if constexpr (std::derived_from<T, google::protobuf::Message>)
      return T::descriptor();
    else
      return nullptr;
  }
  static constexpr MessageOps ops = {
      [](const void* o) -> const google::protobuf::MessageLite& { return *static_cast<const T*>(o); },
      [](void* o) -> google::protobuf::MessageLite& { return *static_cast<T*>(o); },
      []() -> const google::protobuf::MessageLite& { return T::default_instance(); },
      &descriptor,
      [](void* place) { construct_mirror(*descriptor(), place); },
  };
  static constexpr ForeignOps foreign = {&message_family, &ops,
                                         std::derived_from<T, google::protobuf::Message> ? &message_bridge : nullptr};
};

/// The class's name without namespaces: of a nested message `Outer_Inner`, as in Go.
template <class T>
constexpr std::string_view message_name() {
#if defined(__GNUC__)
  std::string_view name = __PRETTY_FUNCTION__;
  const std::size_t start = name.find("T = ");
  if (start == std::string_view::npos) return "message";
  name.remove_prefix(start + 4);
  return polyrpc::detail::unqualified(name.substr(0, name.find_first_of(";]")));
#else
  return "message";
#endif
}

}  // namespace detail
}  // namespace polyrpc::protobuf

namespace polyrpc::detail {

template <protobuf::GeneratedMessage T>
struct ShapeMaker<T> {
  static constexpr Shape make() {
    Shape shape = basic_shape<T>(Kind::foreign);
    shape.name = protobuf::detail::message_name<T>();
    shape.foreign = &protobuf::detail::MessageTable<T>::foreign;
    return shape;
  }
};

}  // namespace polyrpc::detail
