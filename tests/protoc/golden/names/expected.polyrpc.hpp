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

namespace names {

/// Methods that have the names of keywords, of generated members, and of types that the header mentions.
struct Clashes {
  static constexpr ::std::string_view full_name = "names.Clashes";

  /// The methods as constants, for `polyrpc::Registry::add` and `polyrpc::Client::call`.
  struct methods {
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        class__{"names.Clashes.class"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        class_{"names.Clashes.class_"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        co_await_{"names.Clashes.co_await"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        NULL_{"names.Clashes.NULL"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        methods_{"names.Clashes.methods"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        full_name_{"names.Clashes.full_name"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        client__{"names.Clashes.client_"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        Stub_{"names.Clashes.Stub"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        Service__{"names.Clashes.Service"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        Service_{"names.Clashes.Service_"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        CoService_{"names.Clashes.CoService"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        Get{"names.Clashes.Get"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        go_Get_{"names.Clashes.go_Get"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        async_Get_{"names.Clashes.async_Get"};
    static constexpr ::polyrpc::Method<
        ::names::Status,
        ::names::Status>
        Status{"names.Clashes.Status"};
    static constexpr ::polyrpc::ServerStreaming<
        ::names::Status_Context,
        ::names::Status_Context>
        Context{"names.Clashes.Context"};
    static constexpr ::polyrpc::ClientStreaming<
        ::names::class_,
        ::names::class_>
        Reader{"names.Clashes.Reader"};
    static constexpr ::polyrpc::Bidirectional<
        ::names::class_,
        ::names::class_>
        Method{"names.Clashes.Method"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        Token{"names.Clashes.Token"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        request{"names.Clashes.request"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        reply{"names.Clashes.reply"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        options{"names.Clashes.options"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        token{"names.Clashes.token"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        registry{"names.Clashes.registry"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        service{"names.Clashes.service"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        std{"names.Clashes.std"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        polyrpc{"names.Clashes.polyrpc"};
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        names{"names.Clashes.names"};
  };

  class Stub;
  class Service;    // in in.polyrpc_async.hpp
  class CoService;  // in in.polyrpc_async.hpp
};

/// Calls a server's names.Clashes.
class Clashes::Stub {
 public:
  /// `client` outlives the stub.
  explicit Stub(::polyrpc::Client& client) noexcept : client_(&client) {}

  ::polyrpc::Result<::names::class_> class__(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::class__, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_class__(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::class__, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_class__(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::class__, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_class__(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::class__, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> class_(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::class_, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_class_(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::class_, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_class_(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::class_, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_class_(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::class_, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> co_await_(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::co_await_, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_co_await_(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::co_await_, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_co_await_(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::co_await_, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_co_await_(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::co_await_, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> NULL_(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::NULL_, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_NULL_(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::NULL_, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_NULL_(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::NULL_, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_NULL_(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::NULL_, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> methods_(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::methods_, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_methods_(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::methods_, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_methods_(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::methods_, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_methods_(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::methods_, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> full_name_(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::full_name_, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_full_name_(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::full_name_, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_full_name_(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::full_name_, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_full_name_(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::full_name_, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> client__(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::client__, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_client__(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::client__, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_client__(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::client__, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_client__(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::client__, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> Stub_(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Stub_, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_Stub_(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Stub_, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_Stub_(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::Stub_, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Stub_(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Stub_, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> Service__(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Service__, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_Service__(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Service__, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_Service__(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::Service__, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Service__(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Service__, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> Service_(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Service_, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_Service_(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Service_, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_Service_(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::Service_, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Service_(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Service_, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> CoService_(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::CoService_, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_CoService_(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::CoService_, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_CoService_(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::CoService_, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_CoService_(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::CoService_, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> Get(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Get, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_Get(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Get, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_Get(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::Get, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Get(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Get, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> go_Get_(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::go_Get_, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_go_Get_(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::go_Get_, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_go_Get_(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::go_Get_, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_go_Get_(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::go_Get_, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> async_Get_(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::async_Get_, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_async_Get_(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::async_Get_, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_async_Get_(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::async_Get_, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_async_Get_(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::async_Get_, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::Status> Status(
      const ::names::Status& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Status, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::Status> go_Status(
      ::names::Status request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Status, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::Status>)`.
  template <class Token>
  auto async_Status(
      ::names::Status request, Token&& token) {
    return client_->async_call(methods::Status, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Status(
      ::names::Status request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Status, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::ServerStreamingCall<::names::Status_Context> Context(
      const ::names::Status_Context& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->open(methods::Context, request, options);
  }

  ::polyrpc::ClientStreamingCall<::names::class_, ::names::class_> Reader(
      const ::polyrpc::CallOptions& options = {}) {
    return client_->open(methods::Reader, options);
  }

  ::polyrpc::BidirectionalCall<::names::class_, ::names::class_> Method(
      const ::polyrpc::CallOptions& options = {}) {
    return client_->open(methods::Method, options);
  }

  ::polyrpc::Result<::names::class_> Token(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Token, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_Token(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Token, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_Token(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::Token, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Token(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Token, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> request(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::request, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_request(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::request, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_request(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::request, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_request(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::request, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> reply(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::reply, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_reply(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::reply, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_reply(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::reply, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_reply(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::reply, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> options(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::options, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_options(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::options, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_options(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::options, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_options(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::options, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> token(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::token, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_token(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::token, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_token(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::token, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_token(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::token, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> registry(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::registry, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_registry(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::registry, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_registry(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::registry, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_registry(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::registry, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> service(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::service, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_service(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::service, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_service(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::service, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_service(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::service, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> std(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::std, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_std(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::std, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_std(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::std, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_std(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::std, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> polyrpc(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::polyrpc, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_polyrpc(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::polyrpc, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_polyrpc(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::polyrpc, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_polyrpc(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::polyrpc, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::names::class_> names(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::names, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_names(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::names, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_names(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::names, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_names(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::names, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

 private:
  ::polyrpc::Client* client_;
};

struct Service_ {
  static constexpr ::std::string_view full_name = "names.Service";

  /// The methods as constants, for `polyrpc::Registry::add` and `polyrpc::Client::call`.
  struct methods {
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        Get{"names.Service.Get"};
  };

  class Stub;
  class Service;
  class CoService;  // in in.polyrpc_async.hpp
};

/// Calls a server's names.Service.
class Service_::Stub {
 public:
  /// `client` outlives the stub.
  explicit Stub(::polyrpc::Client& client) noexcept : client_(&client) {}

  ::polyrpc::Result<::names::class_> Get(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Get, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_Get(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Get, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_Get(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::Get, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Get(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Get, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

 private:
  ::polyrpc::Client* client_;
};

/// Serves names.Service, every method as a function that does not block.
/// A method that is not overridden answers `unimplemented`.
class Service_::Service {
 public:
  virtual ~Service() = default;

  virtual ::polyrpc::Status Get(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Service.Get is not implemented");
  }

 protected:
  Service() = default;
  Service(const Service&) = default;
  Service& operator=(const Service&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add_(::polyrpc::Registry& registry, Service_::Service& service) {
  registry.add(Service_::methods::Get, service, &Service_::Service::Get);
}

struct namespace_ {
  static constexpr ::std::string_view full_name = "names.namespace";

  /// The methods as constants, for `polyrpc::Registry::add` and `polyrpc::Client::call`.
  struct methods {
    static constexpr ::polyrpc::Method<
        ::names::class_,
        ::names::class_>
        Get{"names.namespace.Get"};
  };

  class Stub;
  class Service;
  class CoService;  // in in.polyrpc_async.hpp
};

/// Calls a server's names.namespace.
class namespace_::Stub {
 public:
  /// `client` outlives the stub.
  explicit Stub(::polyrpc::Client& client) noexcept : client_(&client) {}

  ::polyrpc::Result<::names::class_> Get(
      const ::names::class_& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Get, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::names::class_> go_Get(
      ::names::class_ request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Get, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::names::class_>)`.
  template <class Token>
  auto async_Get(
      ::names::class_ request, Token&& token) {
    return client_->async_call(methods::Get, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Get(
      ::names::class_ request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Get, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

 private:
  ::polyrpc::Client* client_;
};

/// Serves names.namespace, every method as a function that does not block.
/// A method that is not overridden answers `unimplemented`.
class namespace_::Service {
 public:
  virtual ~Service() = default;

  virtual ::polyrpc::Status Get(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.namespace.Get is not implemented");
  }

 protected:
  Service() = default;
  Service(const Service&) = default;
  Service& operator=(const Service&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add_(::polyrpc::Registry& registry, namespace_::Service& service) {
  registry.add(namespace_::methods::Get, service, &namespace_::Service::Get);
}

}  // namespace names
