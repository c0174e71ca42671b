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

namespace shop {

struct Catalogue {
  static constexpr ::std::string_view full_name = "shop.Catalogue";

  /// The methods as constants, for `polyrpc::Registry::add` and `polyrpc::Client::call`.
  struct methods {
    static constexpr ::polyrpc::Method<
        ::shop::Item,
        ::shop::Item>
        Find{"shop.Catalogue.Find"};
  };

  class Stub;
  class Service;
  class CoService;  // in in.polyrpc_async.hpp
};

/// Calls a server's shop.Catalogue.
class Catalogue::Stub {
 public:
  /// `client` outlives the stub.
  explicit Stub(::polyrpc::Client& client) noexcept : client_(&client) {}

  ::polyrpc::Result<::shop::Item> Find(
      const ::shop::Item& request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->call(methods::Find, request, options);
  }
  /// Starts the call and returns at once.
  ::polyrpc::Pending<::shop::Item> go_Find(
      ::shop::Item request,
      const ::polyrpc::CallOptions& options = {}) {
    return client_->go(methods::Find, ::std::move(request), options);
  }
  /// Through a completion token, with the signature `void(polyrpc::Result<::shop::Item>)`.
  template <class Token>
  auto async_Find(
      ::shop::Item request, Token&& token) {
    return client_->async_call(methods::Find, ::std::move(request), ::std::forward<Token>(token));
  }
  template <class Token>
  auto async_Find(
      ::shop::Item request, ::polyrpc::CallOptions options, Token&& token) {
    return client_->async_call(
        methods::Find, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));
  }

 private:
  ::polyrpc::Client* client_;
};

/// Serves shop.Catalogue, every method as a function that does not block.
/// A method that is not overridden answers `unimplemented`.
class Catalogue::Service {
 public:
  virtual ~Service() = default;

  virtual ::polyrpc::Status Find(
      ::polyrpc::Context& /*context*/,
      const ::shop::Item& /*request*/,
      ::shop::Item& /*reply*/) {
    return ::polyrpc::Status::unimplemented("shop.Catalogue.Find is not implemented");
  }

 protected:
  Service() = default;
  Service(const Service&) = default;
  Service& operator=(const Service&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Catalogue::Service& service) {
  registry.add(Catalogue::methods::Find, service, &Catalogue::Service::Find);
}

/// Has no methods yet.
struct Later {
  static constexpr ::std::string_view full_name = "shop.Later";

  /// The methods as constants, for `polyrpc::Registry::add` and `polyrpc::Client::call`.
  struct methods {
  };

  class Stub;
  class Service;
  class CoService;  // in in.polyrpc_async.hpp
};

/// Calls a server's shop.Later.
class Later::Stub {
 public:
  /// `client` outlives the stub.
  explicit Stub(::polyrpc::Client& client) noexcept : client_(&client) {}

 private:
  [[maybe_unused]] ::polyrpc::Client* client_;
};

/// Serves shop.Later, every method as a function that does not block.
/// A method that is not overridden answers `unimplemented`.
class Later::Service {
 public:
  virtual ~Service() = default;

 protected:
  Service() = default;
  Service(const Service&) = default;
  Service& operator=(const Service&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Later::Service& service) {
  (void)registry, (void)service;
}

struct Orders {
  static constexpr ::std::string_view full_name = "shop.Orders";

  /// The methods as constants, for `polyrpc::Registry::add` and `polyrpc::Client::call`.
  struct methods {
    static constexpr ::polyrpc::ClientStreaming<
        ::shop::Item,
        ::shop::Item>
        Place{"shop.Orders.Place"};
  };

  class Stub;
  class Service;    // in in.polyrpc_async.hpp
  class CoService;  // in in.polyrpc_async.hpp
};

/// Calls a server's shop.Orders.
class Orders::Stub {
 public:
  /// `client` outlives the stub.
  explicit Stub(::polyrpc::Client& client) noexcept : client_(&client) {}

  ::polyrpc::ClientStreamingCall<::shop::Item, ::shop::Item> Place(
      const ::polyrpc::CallOptions& options = {}) {
    return client_->open(methods::Place, options);
  }

 private:
  ::polyrpc::Client* client_;
};

}  // namespace shop
