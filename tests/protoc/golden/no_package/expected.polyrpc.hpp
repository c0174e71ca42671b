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

struct Oracle {
  static constexpr ::std::string_view full_name = "Oracle";

  /// The methods as constants, for `polyrpc::Registry::add` and `polyrpc::Client::call`.
  struct methods {
    static constexpr ::polyrpc::Method<
        ::Question,
        ::Answer>
        Ask{"Oracle.Ask"};
    static constexpr ::polyrpc::ServerStreaming<
        ::Question,
        ::Answer>
        Watch{"Oracle.Watch"};
  };

  class Stub;
  class Service;    // in in.polyrpc_async.hpp
  class CoService;  // in in.polyrpc_async.hpp
};

/// Calls a server's Oracle.
class Oracle::Stub {
 public:
  /// `client` outlives the stub.
  explicit Stub(::polyrpc::Client& client) noexcept : client_(&client) {}

  ::polyrpc::Result<::Answer> Ask(
      const ::Question& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Ask, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::Answer> go_Ask(
      ::Question request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Ask, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::Answer>)`.
  template <class Token>
  auto async_Ask(
      ::Question request, Token&& token) {
    return client_->async_call(methods::Ask, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Ask(
      ::Question request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Ask, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::ServerStreamingCall<::Answer> Watch(
      const ::Question& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->open(methods::Watch, request, options);
  }

 private:
  ::polyrpc::Client* client_;
};

