// Coroutines for the services of in.proto, made by protoc-gen-polyrpc. Do not edit.
#pragma once

#include "in.polyrpc.hpp"

#include <polyrpc/runtime/async.hpp>
#include <polyrpc/runtime/async_stream.hpp>
#include <polyrpc/runtime/coroutine.hpp>
#include <polyrpc/runtime/stream.hpp>

namespace names {

/// Serves names.Clashes, unary methods as functions, the others as coroutines.
/// A method that is not overridden answers `unimplemented`.
class Clashes::Service {
 public:
  virtual ~Service() = default;

  virtual ::polyrpc::Status class__(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.class is not implemented");
  }

  virtual ::polyrpc::Status class_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.class_ is not implemented");
  }

  virtual ::polyrpc::Status co_await_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.co_await is not implemented");
  }

  virtual ::polyrpc::Status NULL_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.NULL is not implemented");
  }

  virtual ::polyrpc::Status methods_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.methods is not implemented");
  }

  virtual ::polyrpc::Status full_name_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.full_name is not implemented");
  }

  virtual ::polyrpc::Status client__(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.client_ is not implemented");
  }

  virtual ::polyrpc::Status Stub_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.Stub is not implemented");
  }

  virtual ::polyrpc::Status Service__(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.Service is not implemented");
  }

  virtual ::polyrpc::Status Service_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.Service_ is not implemented");
  }

  virtual ::polyrpc::Status CoService_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.CoService is not implemented");
  }

  virtual ::polyrpc::Status Get(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.Get is not implemented");
  }

  virtual ::polyrpc::Status go_Get_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.go_Get is not implemented");
  }

  virtual ::polyrpc::Status async_Get_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.async_Get is not implemented");
  }

  virtual ::polyrpc::Status Status(
      ::polyrpc::Context& /*context*/,
      const ::names::Status& /*request*/,
      ::names::Status& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.Status is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Context(
      ::polyrpc::Context& /*context*/,
      const ::names::Status_Context& /*request*/,
      ::polyrpc::Writer<::names::Status_Context>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.Context is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Reader(
      ::polyrpc::Context& /*context*/,
      ::polyrpc::Reader<::names::class_>& /*requests*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.Reader is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Method(
      ::polyrpc::Context& /*context*/,
      ::polyrpc::Reader<::names::class_>& /*requests*/,
      ::polyrpc::Writer<::names::class_>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.Method is not implemented");
  }

  virtual ::polyrpc::Status Token(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.Token is not implemented");
  }

  virtual ::polyrpc::Status request(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.request is not implemented");
  }

  virtual ::polyrpc::Status reply(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.reply is not implemented");
  }

  virtual ::polyrpc::Status options(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.options is not implemented");
  }

  virtual ::polyrpc::Status token(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.token is not implemented");
  }

  virtual ::polyrpc::Status registry(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.registry is not implemented");
  }

  virtual ::polyrpc::Status service(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.service is not implemented");
  }

  virtual ::polyrpc::Status std(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.std is not implemented");
  }

  virtual ::polyrpc::Status polyrpc(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.polyrpc is not implemented");
  }

  virtual ::polyrpc::Status names(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    return ::polyrpc::Status::unimplemented("names.Clashes.names is not implemented");
  }

 protected:
  Service() = default;
  Service(const Service&) = default;
  Service& operator=(const Service&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add_(::polyrpc::Registry& registry, Clashes::Service& service) {
  registry.add(Clashes::methods::class__, service, &Clashes::Service::class__);
  registry.add(Clashes::methods::class_, service, &Clashes::Service::class_);
  registry.add(Clashes::methods::co_await_, service, &Clashes::Service::co_await_);
  registry.add(Clashes::methods::NULL_, service, &Clashes::Service::NULL_);
  registry.add(Clashes::methods::methods_, service, &Clashes::Service::methods_);
  registry.add(Clashes::methods::full_name_, service, &Clashes::Service::full_name_);
  registry.add(Clashes::methods::client__, service, &Clashes::Service::client__);
  registry.add(Clashes::methods::Stub_, service, &Clashes::Service::Stub_);
  registry.add(Clashes::methods::Service__, service, &Clashes::Service::Service__);
  registry.add(Clashes::methods::Service_, service, &Clashes::Service::Service_);
  registry.add(Clashes::methods::CoService_, service, &Clashes::Service::CoService_);
  registry.add(Clashes::methods::Get, service, &Clashes::Service::Get);
  registry.add(Clashes::methods::go_Get_, service, &Clashes::Service::go_Get_);
  registry.add(Clashes::methods::async_Get_, service, &Clashes::Service::async_Get_);
  registry.add(Clashes::methods::Status, service, &Clashes::Service::Status);
  registry.add(Clashes::methods::Context, service, &Clashes::Service::Context);
  registry.add(Clashes::methods::Reader, service, &Clashes::Service::Reader);
  registry.add(Clashes::methods::Method, service, &Clashes::Service::Method);
  registry.add(Clashes::methods::Token, service, &Clashes::Service::Token);
  registry.add(Clashes::methods::request, service, &Clashes::Service::request);
  registry.add(Clashes::methods::reply, service, &Clashes::Service::reply);
  registry.add(Clashes::methods::options, service, &Clashes::Service::options);
  registry.add(Clashes::methods::token, service, &Clashes::Service::token);
  registry.add(Clashes::methods::registry, service, &Clashes::Service::registry);
  registry.add(Clashes::methods::service, service, &Clashes::Service::service);
  registry.add(Clashes::methods::std, service, &Clashes::Service::std);
  registry.add(Clashes::methods::polyrpc, service, &Clashes::Service::polyrpc);
  registry.add(Clashes::methods::names, service, &Clashes::Service::names);
}

/// Serves names.Clashes, every method as a coroutine.
/// A method that is not overridden answers `unimplemented`.
class Clashes::CoService {
 public:
  virtual ~CoService() = default;

  virtual ::polyrpc::Awaitable<::polyrpc::Status> class__(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.class is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> class_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.class_ is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> co_await_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.co_await is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> NULL_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.NULL is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> methods_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.methods is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> full_name_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.full_name is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> client__(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.client_ is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Stub_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.Stub is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Service__(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.Service is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Service_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.Service_ is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> CoService_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.CoService is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Get(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.Get is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> go_Get_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.go_Get is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> async_Get_(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.async_Get is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Status(
      ::polyrpc::Context& /*context*/,
      const ::names::Status& /*request*/,
      ::names::Status& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.Status is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Context(
      ::polyrpc::Context& /*context*/,
      const ::names::Status_Context& /*request*/,
      ::polyrpc::Writer<::names::Status_Context>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.Context is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Reader(
      ::polyrpc::Context& /*context*/,
      ::polyrpc::Reader<::names::class_>& /*requests*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.Reader is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Method(
      ::polyrpc::Context& /*context*/,
      ::polyrpc::Reader<::names::class_>& /*requests*/,
      ::polyrpc::Writer<::names::class_>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.Method is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Token(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.Token is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> request(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.request is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> reply(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.reply is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> options(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.options is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> token(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.token is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> registry(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.registry is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> service(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.service is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> std(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.std is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> polyrpc(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.polyrpc is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> names(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Clashes.names is not implemented");
  }

 protected:
  CoService() = default;
  CoService(const CoService&) = default;
  CoService& operator=(const CoService&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add_(::polyrpc::Registry& registry, Clashes::CoService& service) {
  registry.add(Clashes::methods::class__, service, &Clashes::CoService::class__);
  registry.add(Clashes::methods::class_, service, &Clashes::CoService::class_);
  registry.add(Clashes::methods::co_await_, service, &Clashes::CoService::co_await_);
  registry.add(Clashes::methods::NULL_, service, &Clashes::CoService::NULL_);
  registry.add(Clashes::methods::methods_, service, &Clashes::CoService::methods_);
  registry.add(Clashes::methods::full_name_, service, &Clashes::CoService::full_name_);
  registry.add(Clashes::methods::client__, service, &Clashes::CoService::client__);
  registry.add(Clashes::methods::Stub_, service, &Clashes::CoService::Stub_);
  registry.add(Clashes::methods::Service__, service, &Clashes::CoService::Service__);
  registry.add(Clashes::methods::Service_, service, &Clashes::CoService::Service_);
  registry.add(Clashes::methods::CoService_, service, &Clashes::CoService::CoService_);
  registry.add(Clashes::methods::Get, service, &Clashes::CoService::Get);
  registry.add(Clashes::methods::go_Get_, service, &Clashes::CoService::go_Get_);
  registry.add(Clashes::methods::async_Get_, service, &Clashes::CoService::async_Get_);
  registry.add(Clashes::methods::Status, service, &Clashes::CoService::Status);
  registry.add(Clashes::methods::Context, service, &Clashes::CoService::Context);
  registry.add(Clashes::methods::Reader, service, &Clashes::CoService::Reader);
  registry.add(Clashes::methods::Method, service, &Clashes::CoService::Method);
  registry.add(Clashes::methods::Token, service, &Clashes::CoService::Token);
  registry.add(Clashes::methods::request, service, &Clashes::CoService::request);
  registry.add(Clashes::methods::reply, service, &Clashes::CoService::reply);
  registry.add(Clashes::methods::options, service, &Clashes::CoService::options);
  registry.add(Clashes::methods::token, service, &Clashes::CoService::token);
  registry.add(Clashes::methods::registry, service, &Clashes::CoService::registry);
  registry.add(Clashes::methods::service, service, &Clashes::CoService::service);
  registry.add(Clashes::methods::std, service, &Clashes::CoService::std);
  registry.add(Clashes::methods::polyrpc, service, &Clashes::CoService::polyrpc);
  registry.add(Clashes::methods::names, service, &Clashes::CoService::names);
}

/// Serves names.Service, every method as a coroutine.
/// A method that is not overridden answers `unimplemented`.
class Service_::CoService {
 public:
  virtual ~CoService() = default;

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Get(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.Service.Get is not implemented");
  }

 protected:
  CoService() = default;
  CoService(const CoService&) = default;
  CoService& operator=(const CoService&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add_(::polyrpc::Registry& registry, Service_::CoService& service) {
  registry.add(Service_::methods::Get, service, &Service_::CoService::Get);
}

/// Serves names.namespace, every method as a coroutine.
/// A method that is not overridden answers `unimplemented`.
class namespace_::CoService {
 public:
  virtual ~CoService() = default;

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Get(
      ::polyrpc::Context& /*context*/,
      const ::names::class_& /*request*/,
      ::names::class_& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("names.namespace.Get is not implemented");
  }

 protected:
  CoService() = default;
  CoService(const CoService&) = default;
  CoService& operator=(const CoService&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add_(::polyrpc::Registry& registry, namespace_::CoService& service) {
  registry.add(namespace_::methods::Get, service, &namespace_::CoService::Get);
}

}  // namespace names
