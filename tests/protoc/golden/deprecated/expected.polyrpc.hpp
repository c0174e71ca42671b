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

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif

namespace past {

struct Mixed {
  static constexpr ::std::string_view full_name = "past.Mixed";

  /// The methods as constants, for `polyrpc::Registry::add` and `polyrpc::Client::call`.
  struct methods {
    static constexpr ::polyrpc::Method<
        ::past::Old,
        ::past::Fresh>
        Then{"past.Mixed.Then"};
    static constexpr ::polyrpc::Method<
        ::past::Fresh,
        ::past::Fresh>
        Now{"past.Mixed.Now"};
    static constexpr ::polyrpc::ServerStreaming<
        ::past::Fresh,
        ::past::Old>
        Stream{"past.Mixed.Stream"};
  };

  class Stub;
  class Service;    // in in.polyrpc_async.hpp
  class CoService;  // in in.polyrpc_async.hpp
};

/// Calls a server's past.Mixed.
class Mixed::Stub {
 public:
  /// `client` outlives the stub.
  explicit Stub(::polyrpc::Client& client) noexcept : client_(&client) {}

  /// Use Now.
  [[deprecated]] ::polyrpc::Result<::past::Fresh> Then(
      const ::past::Old& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Then, request, options);
  }
  /// Starts the call and returns at once.
  [[deprecated]] ::polyrpc::Pending<::past::Fresh> go_Then(
      ::past::Old request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Then, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::past::Fresh>)`.
  template <class Token>
  [[deprecated]] auto async_Then(
      ::past::Old request, Token&& token) {
    return client_->async_call(methods::Then, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  [[deprecated]] auto async_Then(
      ::past::Old request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Then, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  ::polyrpc::Result<::past::Fresh> Now(
      const ::past::Fresh& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Now, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::past::Fresh> go_Now(
      ::past::Fresh request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Now, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::past::Fresh>)`.
  template <class Token>
  auto async_Now(
      ::past::Fresh request, Token&& token) {
    return client_->async_call(methods::Now, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Now(
      ::past::Fresh request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Now, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  [[deprecated]] ::polyrpc::ServerStreamingCall<::past::Old> Stream(
      const ::past::Fresh& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->open(methods::Stream, request, options);
  }

 private:
  ::polyrpc::Client* client_;
};

struct Gone {
  static constexpr ::std::string_view full_name = "past.Gone";

  /// The methods as constants, for `polyrpc::Registry::add` and `polyrpc::Client::call`.
  struct methods {
    static constexpr ::polyrpc::Method<
        ::past::Fresh,
        ::past::Fresh>
        Get{"past.Gone.Get"};
  };

  class Stub;
  class Service;
  class CoService;  // in in.polyrpc_async.hpp
};

/// Calls a server's past.Gone.
class Gone::Stub {
 public:
  /// `client` outlives the stub.
  [[deprecated]] explicit Stub(::polyrpc::Client& client) noexcept : client_(&client) {}

  ::polyrpc::Result<::past::Fresh> Get(
      const ::past::Fresh& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Get, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::past::Fresh> go_Get(
      ::past::Fresh request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Get, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::past::Fresh>)`.
  template <class Token>
  auto async_Get(
      ::past::Fresh request, Token&& token) {
    return client_->async_call(methods::Get, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Get(
      ::past::Fresh request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Get, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

 private:
  ::polyrpc::Client* client_;
};

/// Serves past.Gone, every method as a function that does not block.
/// A method that is not overridden answers `unimplemented`.
class Gone::Service {
 public:
  virtual ~Service() = default;

  virtual ::polyrpc::Status Get(
      ::polyrpc::Context& /*context*/,
      const ::past::Fresh& /*request*/,
      ::past::Fresh& /*reply*/) {
    return ::polyrpc::Status::unimplemented("past.Gone.Get is not implemented");
  }

 protected:
  Service() = default;
  Service(const Service&) = default;
  Service& operator=(const Service&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Gone::Service& service) {
  registry.add(Gone::methods::Get, service, &Gone::Service::Get);
}

}  // namespace past

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
