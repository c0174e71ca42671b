// Services of in.proto, made by protoc-gen-polyrpc. Do not edit.
#pragma once

#include "in.pb.h"

#include <polyrpc/codecs/protobuf_message.hpp>
#include <polyrpc/core/method.hpp>
#include <polyrpc/runtime/client.hpp>
#include <polyrpc/runtime/client_stream.hpp>
#include <polyrpc/runtime/registry.hpp>

#include <string_view>
#include <utility>

namespace acme::polyrpc::std::v1 {

/// Arguments and replies from everywhere.
struct Everywhere {
  static constexpr ::std::string_view full_name = "acme.polyrpc.std.v1.Everywhere";

  /// The methods as constants, for `polyrpc::Registry::add` and `polyrpc::Client::call`.
  struct methods {
    static constexpr ::polyrpc::Method<
        ::acme::polyrpc::std::v1::Outer_Inner,
        ::acme::polyrpc::std::v1::Outer_Inner_Innermost>
        Nested{"acme.polyrpc.std.v1.Everywhere.Nested"};
    static constexpr ::polyrpc::Method<
        ::elsewhere::Thing,
        ::elsewhere::Thing_Part>
        Imported{"acme.polyrpc.std.v1.Everywhere.Imported"};
    static constexpr ::polyrpc::ServerStreaming<
        ::elsewhere::hidden::Thing,
        ::elsewhere::hidden::Thing>
        Public{"acme.polyrpc.std.v1.Everywhere.Public"};
    static constexpr ::polyrpc::Method<
        ::google::protobuf::Empty,
        ::google::protobuf::Empty>
        Nothing{"acme.polyrpc.std.v1.Everywhere.Nothing"};
    static constexpr ::polyrpc::Method<
        ::google::protobuf::Empty,
        ::google::protobuf::Timestamp>
        Now{"acme.polyrpc.std.v1.Everywhere.Now"};
    static constexpr ::polyrpc::Method<
        ::google::protobuf::Duration,
        ::google::protobuf::BoolValue>
        Sleep{"acme.polyrpc.std.v1.Everywhere.Sleep"};
    static constexpr ::polyrpc::Method<
        ::google::protobuf::Struct,
        ::google::protobuf::Value>
        Any{"acme.polyrpc.std.v1.Everywhere.Any"};
  };

  class Stub;
  class Service;    // in in.polyrpc_async.hpp
  class CoService;  // in in.polyrpc_async.hpp
};

/// Calls a server's acme.polyrpc.std.v1.Everywhere.
class Everywhere::Stub {
 public:
  /// `client` outlives the stub.
  explicit Stub(::polyrpc::Client& client) noexcept : client_(&client) {}

  ::polyrpc::Result<::acme::polyrpc::std::v1::Outer_Inner_Innermost> Nested(
      const ::acme::polyrpc::std::v1::Outer_Inner& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Nested, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::acme::polyrpc::std::v1::Outer_Inner_Innermost> go_Nested(
      ::acme::polyrpc::std::v1::Outer_Inner request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Nested, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::acme::polyrpc::std::v1::Outer_Inner_Innermost>)`.
  template <class Token>
  auto async_Nested(
      ::acme::polyrpc::std::v1::Outer_Inner request, Token&& token) {
    return client_->async_call(methods::Nested, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Nested(
      ::acme::polyrpc::std::v1::Outer_Inner request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Nested, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::elsewhere::Thing_Part> Imported(
      const ::elsewhere::Thing& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Imported, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::elsewhere::Thing_Part> go_Imported(
      ::elsewhere::Thing request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Imported, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::elsewhere::Thing_Part>)`.
  template <class Token>
  auto async_Imported(
      ::elsewhere::Thing request, Token&& token) {
    return client_->async_call(methods::Imported, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Imported(
      ::elsewhere::Thing request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Imported, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::ServerStreamingCall<::elsewhere::hidden::Thing> Public(
      const ::elsewhere::hidden::Thing& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->open(methods::Public, request, options);
  }

  ::polyrpc::Result<::google::protobuf::Empty> Nothing(
      const ::google::protobuf::Empty& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Nothing, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::google::protobuf::Empty> go_Nothing(
      ::google::protobuf::Empty request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Nothing, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::google::protobuf::Empty>)`.
  template <class Token>
  auto async_Nothing(
      ::google::protobuf::Empty request, Token&& token) {
    return client_->async_call(methods::Nothing, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Nothing(
      ::google::protobuf::Empty request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Nothing, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::google::protobuf::Timestamp> Now(
      const ::google::protobuf::Empty& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Now, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::google::protobuf::Timestamp> go_Now(
      ::google::protobuf::Empty request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Now, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::google::protobuf::Timestamp>)`.
  template <class Token>
  auto async_Now(
      ::google::protobuf::Empty request, Token&& token) {
    return client_->async_call(methods::Now, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Now(
      ::google::protobuf::Empty request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Now, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::google::protobuf::BoolValue> Sleep(
      const ::google::protobuf::Duration& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Sleep, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::google::protobuf::BoolValue> go_Sleep(
      ::google::protobuf::Duration request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Sleep, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::google::protobuf::BoolValue>)`.
  template <class Token>
  auto async_Sleep(
      ::google::protobuf::Duration request, Token&& token) {
    return client_->async_call(methods::Sleep, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Sleep(
      ::google::protobuf::Duration request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Sleep, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::google::protobuf::Value> Any(
      const ::google::protobuf::Struct& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Any, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::google::protobuf::Value> go_Any(
      ::google::protobuf::Struct request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Any, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::google::protobuf::Value>)`.
  template <class Token>
  auto async_Any(
      ::google::protobuf::Struct request, Token&& token) {
    return client_->async_call(methods::Any, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Any(
      ::google::protobuf::Struct request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Any, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

 private:
  ::polyrpc::Client* client_;
};

}  // namespace acme::polyrpc::std::v1
