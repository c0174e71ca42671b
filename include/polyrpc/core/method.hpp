#pragma once

#include <cstdint>
#include <string_view>

namespace polyrpc {

/// How many messages go each way in a call, in gRPC's words.
enum class CallKind : std::uint8_t {
  unary,             ///< one request, one reply
  client_streaming,  ///< any number of requests, one reply
  server_streaming,  ///< one request, any number of replies
  bidirectional,     ///< any number of both, in any order
};

constexpr bool streams_requests(CallKind kind) noexcept {
  return kind == CallKind::client_streaming || kind == CallKind::bidirectional;
}
constexpr bool streams_replies(CallKind kind) noexcept {
  return kind == CallKind::server_streaming || kind == CallKind::bidirectional;
}

/// A method's name with its types, shared by client and server:
/// `inline constexpr polyrpc::Method<Args, std::int64_t> multiply{"Arith.Multiply"};`
template <class ArgsType, class ReplyType, CallKind kind_of_call = CallKind::unary>
struct Method {
  using Args = ArgsType;
  using Reply = ReplyType;
  static constexpr CallKind kind = kind_of_call;

  std::string_view name;
};

/// The same for the streaming kinds; the types are those of one message.
template <class Args, class Reply>
using ClientStreaming = Method<Args, Reply, CallKind::client_streaming>;
template <class Args, class Reply>
using ServerStreaming = Method<Args, Reply, CallKind::server_streaming>;
template <class Args, class Reply>
using Bidirectional = Method<Args, Reply, CallKind::bidirectional>;

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
