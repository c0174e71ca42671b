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

namespace old::school {

struct Search {
  static constexpr ::std::string_view full_name = "old.school.Search";

  /// The methods as constants, for `polyrpc::Registry::add` and `polyrpc::Client::call`.
  struct methods {
    static constexpr ::polyrpc::Method<
        ::old::school::Query,
        ::old::school::Hit>
        Find{"old.school.Search.Find"};
    static constexpr ::polyrpc::ServerStreaming<
        ::old::school::Query,
        ::old::school::Hit>
        FindAll{"old.school.Search.FindAll"};
  };

  class Stub;
  class Service;    // in in.polyrpc_async.hpp
  class CoService;  // in in.polyrpc_async.hpp
};

/// Calls a server's old.school.Search.
class Search::Stub {
 public:
  /// `client` outlives the stub.
  explicit Stub(::polyrpc::Client& client) noexcept : client_(&client) {}

  ::polyrpc::Result<::old::school::Hit> Find(
      const ::old::school::Query& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Find, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::old::school::Hit> go_Find(
      ::old::school::Query request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Find, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::old::school::Hit>)`.
  template <class Token>
  auto async_Find(
      ::old::school::Query request, Token&& token) {
    return client_->async_call(methods::Find, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Find(
      ::old::school::Query request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Find, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::ServerStreamingCall<::old::school::Hit> FindAll(
      const ::old::school::Query& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->open(methods::FindAll, request, options);
  }

 private:
  ::polyrpc::Client* client_;
};

}  // namespace old::school
