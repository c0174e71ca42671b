// Coroutines for the services of in.proto, made by protoc-gen-polyrpc. Do not edit.
#pragma once

#include "in.polyrpc.hpp"

#include <polyrpc/runtime/async.hpp>
#include <polyrpc/runtime/async_stream.hpp>
#include <polyrpc/runtime/coroutine.hpp>
#include <polyrpc/runtime/stream.hpp>

namespace old::school {

/// Serves old.school.Search, unary methods as functions, the others as coroutines.
/// A method that is not overridden answers `unimplemented`.
class Search::Service {
 public:
  virtual ~Service() = default;

  virtual ::polyrpc::Status Find(
      ::polyrpc::Context& /*context*/,
      const ::old::school::Query& /*request*/,
      ::old::school::Hit& /*reply*/) {
    return ::polyrpc::Status::unimplemented("old.school.Search.Find is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> FindAll(
      ::polyrpc::Context& /*context*/,
      const ::old::school::Query& /*request*/,
      ::polyrpc::Writer<::old::school::Hit>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("old.school.Search.FindAll is not implemented");
  }

 protected:
  Service() = default;
  Service(const Service&) = default;
  Service& operator=(const Service&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Search::Service& service) {
  registry.add(Search::methods::Find, service, &Search::Service::Find);
  registry.add(Search::methods::FindAll, service, &Search::Service::FindAll);
}

/// Serves old.school.Search, every method as a coroutine.
/// A method that is not overridden answers `unimplemented`.
class Search::CoService {
 public:
  virtual ~CoService() = default;

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Find(
      ::polyrpc::Context& /*context*/,
      const ::old::school::Query& /*request*/,
      ::old::school::Hit& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("old.school.Search.Find is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> FindAll(
      ::polyrpc::Context& /*context*/,
      const ::old::school::Query& /*request*/,
      ::polyrpc::Writer<::old::school::Hit>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("old.school.Search.FindAll is not implemented");
  }

 protected:
  CoService() = default;
  CoService(const CoService&) = default;
  CoService& operator=(const CoService&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Search::CoService& service) {
  registry.add(Search::methods::Find, service, &Search::CoService::Find);
  registry.add(Search::methods::FindAll, service, &Search::CoService::FindAll);
}

}  // namespace old::school
