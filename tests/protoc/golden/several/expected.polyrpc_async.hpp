// Coroutines for the services of in.proto, made by protoc-gen-polyrpc. Do not edit.
#pragma once

#include "in.polyrpc.hpp"

#include <polyrpc/runtime/async.hpp>
#include <polyrpc/runtime/async_stream.hpp>
#include <polyrpc/runtime/coroutine.hpp>
#include <polyrpc/runtime/stream.hpp>

namespace shop {

/// Serves shop.Catalogue, every method as a coroutine.
/// A method that is not overridden answers `unimplemented`.
class Catalogue::CoService {
 public:
  virtual ~CoService() = default;

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Find(
      ::polyrpc::Context& /*context*/,
      const ::shop::Item& /*request*/,
      ::shop::Item& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("shop.Catalogue.Find is not implemented");
  }

 protected:
  CoService() = default;
  CoService(const CoService&) = default;
  CoService& operator=(const CoService&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Catalogue::CoService& service) {
  registry.add(Catalogue::methods::Find, service, &Catalogue::CoService::Find);
}

/// Serves shop.Later, every method as a coroutine.
/// A method that is not overridden answers `unimplemented`.
class Later::CoService {
 public:
  virtual ~CoService() = default;

 protected:
  CoService() = default;
  CoService(const CoService&) = default;
  CoService& operator=(const CoService&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Later::CoService& service) {
  (void)registry, (void)service;
}

/// Serves shop.Orders, unary methods as functions, the others as coroutines.
/// A method that is not overridden answers `unimplemented`.
class Orders::Service {
 public:
  virtual ~Service() = default;

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Place(
      ::polyrpc::Context& /*context*/,
      ::polyrpc::Reader<::shop::Item>& /*requests*/,
      ::shop::Item& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("shop.Orders.Place is not implemented");
  }

 protected:
  Service() = default;
  Service(const Service&) = default;
  Service& operator=(const Service&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Orders::Service& service) {
  registry.add(Orders::methods::Place, service, &Orders::Service::Place);
}

/// Serves shop.Orders, every method as a coroutine.
/// A method that is not overridden answers `unimplemented`.
class Orders::CoService {
 public:
  virtual ~CoService() = default;

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Place(
      ::polyrpc::Context& /*context*/,
      ::polyrpc::Reader<::shop::Item>& /*requests*/,
      ::shop::Item& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("shop.Orders.Place is not implemented");
  }

 protected:
  CoService() = default;
  CoService(const CoService&) = default;
  CoService& operator=(const CoService&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Orders::CoService& service) {
  registry.add(Orders::methods::Place, service, &Orders::CoService::Place);
}

}  // namespace shop
