// Services of in.proto, made by protoc-gen-polyrpc. Do not edit.
#pragma once

#include "in.pb.h"

#include <polyrpc/codecs/protobuf_message.hpp>
#include <polyrpc/core/method.hpp>
#include <polyrpc/runtime/client.hpp>
#include <polyrpc/runtime/registry.hpp>

#include <string_view>
#include <utility>

namespace acme::greeter::v1 {

/// Greets people.
///
///   indented:
///     more so
/// Ends in a backslash
struct Greeter {
  static constexpr ::std::string_view full_name = "acme.greeter.v1.Greeter";

  /// The methods as constants, for `polyrpc::Registry::add` and `polyrpc::Client::call`.
  struct methods {
    static constexpr ::polyrpc::Method<
        ::acme::greeter::v1::HelloRequest,
        ::acme::greeter::v1::HelloReply>
        SayHello{"acme.greeter.v1.Greeter.SayHello"};
    static constexpr ::polyrpc::Method<
        ::acme::greeter::v1::HelloRequest,
        ::acme::greeter::v1::HelloReply>
        SayGoodbye{"acme.greeter.v1.Greeter.SayGoodbye"};
    static constexpr ::polyrpc::Method<
        ::acme::greeter::v1::HelloRequest,
        ::acme::greeter::v1::HelloReply>
        Wave{"acme.greeter.v1.Greeter.Wave"};
  };

  class Stub;
  class Service;
  class CoService;  // in in.polyrpc_async.hpp
};

/// Calls a server's acme.greeter.v1.Greeter.
class Greeter::Stub {
 public:
  /// `client` outlives the stub.
  explicit Stub(::polyrpc::Client& client) noexcept : client_(&client) {}

  /// Says hello. It's "quoted", $dollars$ and all; */ and /* as well.
  ::polyrpc::Result<::acme::greeter::v1::HelloReply> SayHello(
      const ::acme::greeter::v1::HelloRequest& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::SayHello, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::acme::greeter::v1::HelloReply> go_SayHello(
      ::acme::greeter::v1::HelloRequest request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::SayHello, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::acme::greeter::v1::HelloReply>)`.
  template <class Token>
  auto async_SayHello(
      ::acme::greeter::v1::HelloRequest request, Token&& token) {
    return client_->async_call(methods::SayHello, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_SayHello(
      ::acme::greeter::v1::HelloRequest request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::SayHello, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  /// Behind the method.
  ::polyrpc::Result<::acme::greeter::v1::HelloReply> SayGoodbye(
      const ::acme::greeter::v1::HelloRequest& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::SayGoodbye, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::acme::greeter::v1::HelloReply> go_SayGoodbye(
      ::acme::greeter::v1::HelloRequest request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::SayGoodbye, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::acme::greeter::v1::HelloReply>)`.
  template <class Token>
  auto async_SayGoodbye(
      ::acme::greeter::v1::HelloRequest request, Token&& token) {
    return client_->async_call(methods::SayGoodbye, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_SayGoodbye(
      ::acme::greeter::v1::HelloRequest request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::SayGoodbye, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

  /// Another
  /// form.
  ::polyrpc::Result<::acme::greeter::v1::HelloReply> Wave(
      const ::acme::greeter::v1::HelloRequest& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Wave, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::acme::greeter::v1::HelloReply> go_Wave(
      ::acme::greeter::v1::HelloRequest request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Wave, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::acme::greeter::v1::HelloReply>)`.
  template <class Token>
  auto async_Wave(
      ::acme::greeter::v1::HelloRequest request, Token&& token) {
    return client_->async_call(methods::Wave, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Wave(
      ::acme::greeter::v1::HelloRequest request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Wave, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

 private:
  ::polyrpc::Client* client_;
};

/// Serves acme.greeter.v1.Greeter, every method as a function that does not block.
/// A method that is not overridden answers `unimplemented`.
class Greeter::Service {
 public:
  virtual ~Service() = default;

  /// Says hello. It's "quoted", $dollars$ and all; */ and /* as well.
  virtual ::polyrpc::Status SayHello(
      ::polyrpc::Context& /*context*/,
      const ::acme::greeter::v1::HelloRequest& /*request*/,
      ::acme::greeter::v1::HelloReply& /*reply*/) {
    return ::polyrpc::Status::unimplemented("acme.greeter.v1.Greeter.SayHello is not implemented");
  }

  /// Behind the method.
  virtual ::polyrpc::Status SayGoodbye(
      ::polyrpc::Context& /*context*/,
      const ::acme::greeter::v1::HelloRequest& /*request*/,
      ::acme::greeter::v1::HelloReply& /*reply*/) {
    return ::polyrpc::Status::unimplemented("acme.greeter.v1.Greeter.SayGoodbye is not implemented");
  }

  /// Another
  /// form.
  virtual ::polyrpc::Status Wave(
      ::polyrpc::Context& /*context*/,
      const ::acme::greeter::v1::HelloRequest& /*request*/,
      ::acme::greeter::v1::HelloReply& /*reply*/) {
    return ::polyrpc::Status::unimplemented("acme.greeter.v1.Greeter.Wave is not implemented");
  }

 protected:
  Service() = default;
  Service(const Service&) = default;
  Service& operator=(const Service&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Greeter::Service& service) {
  registry.add(Greeter::methods::SayHello, service, &Greeter::Service::SayHello);
  registry.add(Greeter::methods::SayGoodbye, service, &Greeter::Service::SayGoodbye);
  registry.add(Greeter::methods::Wave, service, &Greeter::Service::Wave);
}

}  // namespace acme::greeter::v1
