// Coroutines for the services of in.proto, made by protoc-gen-polyrpc. Do not edit.
#pragma once

#include "in.polyrpc.hpp"

#include <polyrpc/runtime/async.hpp>
#include <polyrpc/runtime/async_stream.hpp>
#include <polyrpc/runtime/coroutine.hpp>
#include <polyrpc/runtime/stream.hpp>

/// Serves Oracle, unary methods as functions, the others as coroutines.
/// A method that is not overridden answers `unimplemented`.
class Oracle::Service {
 public:
  virtual ~Service() = default;

  virtual ::polyrpc::Status Ask(
      ::polyrpc::Context& /*context*/,
      const ::Question& /*request*/,
      ::Answer& /*reply*/) {
    return ::polyrpc::Status::unimplemented("Oracle.Ask is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Watch(
      ::polyrpc::Context& /*context*/,
      const ::Question& /*request*/,
      ::polyrpc::Writer<::Answer>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("Oracle.Watch is not implemented");
  }

 protected:
  Service() = default;
  Service(const Service&) = default;
  Service& operator=(const Service&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Oracle::Service& service) {
  registry.add(Oracle::methods::Ask, service, &Oracle::Service::Ask);
  registry.add(Oracle::methods::Watch, service, &Oracle::Service::Watch);
}

/// Serves Oracle, every method as a coroutine.
/// A method that is not overridden answers `unimplemented`.
class Oracle::CoService {
 public:
  virtual ~CoService() = default;

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Ask(
      ::polyrpc::Context& /*context*/,
      const ::Question& /*request*/,
      ::Answer& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("Oracle.Ask is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Watch(
      ::polyrpc::Context& /*context*/,
      const ::Question& /*request*/,
      ::polyrpc::Writer<::Answer>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("Oracle.Watch is not implemented");
  }

 protected:
  CoService() = default;
  CoService(const CoService&) = default;
  CoService& operator=(const CoService&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Oracle::CoService& service) {
  registry.add(Oracle::methods::Ask, service, &Oracle::CoService::Ask);
  registry.add(Oracle::methods::Watch, service, &Oracle::CoService::Watch);
}

