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

namespace acme::v1 {

/// Knows users.
struct UserService {
  static constexpr ::std::string_view full_name = "acme.v1.UserService";

  /// The methods as constants, for `polyrpc::Registry::add` and `polyrpc::Client::call`.
  struct methods {
    static constexpr ::polyrpc::Method<
        ::acme::v1::GetUserRequest,
        ::acme::v1::User>
        GetUser{"acme.v1.UserService.GetUser"};
    static constexpr ::polyrpc::ServerStreaming<
        ::acme::v1::ListUsersRequest,
        ::acme::v1::User>
        ListUsers{"acme.v1.UserService.ListUsers"};
    static constexpr ::polyrpc::ClientStreaming<
        ::acme::v1::User,
        ::acme::v1::Summary>
        CreateUsers{"acme.v1.UserService.CreateUsers"};
    static constexpr ::polyrpc::Bidirectional<
        ::acme::v1::Note,
        ::acme::v1::Note>
        Chat{"acme.v1.UserService.Chat"};
  };

  class Stub;
  class Service;    // in in.polyrpc_async.hpp
  class CoService;  // in in.polyrpc_async.hpp
};

/// Calls a server's acme.v1.UserService.
class UserService::Stub {
 public:
  /// `client` outlives the stub.
  explicit Stub(::polyrpc::Client& client) noexcept : client_(&client) {}

  /// Finds one.
  ::polyrpc::Result<::acme::v1::User> GetUser(
      const ::acme::v1::GetUserRequest& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::GetUser, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::acme::v1::User> go_GetUser(
      ::acme::v1::GetUserRequest request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::GetUser, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::acme::v1::User>)`.
  template <class Token>
  auto async_GetUser(
      ::acme::v1::GetUserRequest request, Token&& token) {
    return client_->async_call(methods::GetUser, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_GetUser(
      ::acme::v1::GetUserRequest request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::GetUser, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  /// All of them, in no order.
  ::polyrpc::ServerStreamingCall<::acme::v1::User> ListUsers(
      const ::acme::v1::ListUsersRequest& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->open(methods::ListUsers, request, options);
  }

  /// Takes any number.
  ::polyrpc::ClientStreamingCall<::acme::v1::User, ::acme::v1::Summary> CreateUsers(
      const ::polyrpc::CallOptions& options = {}) {
    return client_->open(methods::CreateUsers, options);
  }

  /// Both ways.
  ::polyrpc::BidirectionalCall<::acme::v1::Note, ::acme::v1::Note> Chat(
      const ::polyrpc::CallOptions& options = {}) {
    return client_->open(methods::Chat, options);
  }

 private:
  ::polyrpc::Client* client_;
};

}  // namespace acme::v1
