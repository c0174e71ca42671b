// Coroutines for the services of in.proto, made by protoc-gen-polyrpc. Do not edit.
#pragma once

#include "in.polyrpc.hpp"

#include <polyrpc/runtime/async.hpp>
#include <polyrpc/runtime/async_stream.hpp>
#include <polyrpc/runtime/coroutine.hpp>
#include <polyrpc/runtime/stream.hpp>

namespace acme::v1 {

/// Serves acme.v1.UserService, unary methods as functions, the others as coroutines.
/// A method that is not overridden answers `unimplemented`.
class UserService::Service {
 public:
  virtual ~Service() = default;

  /// Finds one.
  virtual ::polyrpc::Status GetUser(
      ::polyrpc::Context& /*context*/,
      const ::acme::v1::GetUserRequest& /*request*/,
      ::acme::v1::User& /*reply*/) {
    return ::polyrpc::Status::unimplemented("acme.v1.UserService.GetUser is not implemented");
  }

  /// All of them, in no order.
  virtual ::polyrpc::Awaitable<::polyrpc::Status> ListUsers(
      ::polyrpc::Context& /*context*/,
      const ::acme::v1::ListUsersRequest& /*request*/,
      ::polyrpc::Writer<::acme::v1::User>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("acme.v1.UserService.ListUsers is not implemented");
  }

  /// Takes any number.
  virtual ::polyrpc::Awaitable<::polyrpc::Status> CreateUsers(
      ::polyrpc::Context& /*context*/,
      ::polyrpc::Reader<::acme::v1::User>& /*requests*/,
      ::acme::v1::Summary& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("acme.v1.UserService.CreateUsers is not implemented");
  }

  /// Both ways.
  virtual ::polyrpc::Awaitable<::polyrpc::Status> Chat(
      ::polyrpc::Context& /*context*/,
      ::polyrpc::Reader<::acme::v1::Note>& /*requests*/,
      ::polyrpc::Writer<::acme::v1::Note>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("acme.v1.UserService.Chat is not implemented");
  }

 protected:
  Service() = default;
  Service(const Service&) = default;
  Service& operator=(const Service&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, UserService::Service& service) {
  registry.add(UserService::methods::GetUser, service, &UserService::Service::GetUser);
  registry.add(UserService::methods::ListUsers, service, &UserService::Service::ListUsers);
  registry.add(UserService::methods::CreateUsers, service, &UserService::Service::CreateUsers);
  registry.add(UserService::methods::Chat, service, &UserService::Service::Chat);
}

/// Serves acme.v1.UserService, every method as a coroutine.
/// A method that is not overridden answers `unimplemented`.
class UserService::CoService {
 public:
  virtual ~CoService() = default;

  /// Finds one.
  virtual ::polyrpc::Awaitable<::polyrpc::Status> GetUser(
      ::polyrpc::Context& /*context*/,
      const ::acme::v1::GetUserRequest& /*request*/,
      ::acme::v1::User& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("acme.v1.UserService.GetUser is not implemented");
  }

  /// All of them, in no order.
  virtual ::polyrpc::Awaitable<::polyrpc::Status> ListUsers(
      ::polyrpc::Context& /*context*/,
      const ::acme::v1::ListUsersRequest& /*request*/,
      ::polyrpc::Writer<::acme::v1::User>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("acme.v1.UserService.ListUsers is not implemented");
  }

  /// Takes any number.
  virtual ::polyrpc::Awaitable<::polyrpc::Status> CreateUsers(
      ::polyrpc::Context& /*context*/,
      ::polyrpc::Reader<::acme::v1::User>& /*requests*/,
      ::acme::v1::Summary& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("acme.v1.UserService.CreateUsers is not implemented");
  }

  /// Both ways.
  virtual ::polyrpc::Awaitable<::polyrpc::Status> Chat(
      ::polyrpc::Context& /*context*/,
      ::polyrpc::Reader<::acme::v1::Note>& /*requests*/,
      ::polyrpc::Writer<::acme::v1::Note>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("acme.v1.UserService.Chat is not implemented");
  }

 protected:
  CoService() = default;
  CoService(const CoService&) = default;
  CoService& operator=(const CoService&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, UserService::CoService& service) {
  registry.add(UserService::methods::GetUser, service, &UserService::CoService::GetUser);
  registry.add(UserService::methods::ListUsers, service, &UserService::CoService::ListUsers);
  registry.add(UserService::methods::CreateUsers, service, &UserService::CoService::CreateUsers);
  registry.add(UserService::methods::Chat, service, &UserService::CoService::Chat);
}

}  // namespace acme::v1
