// Coroutines for the services of in.proto, made by protoc-gen-polyrpc. Do not edit.
#pragma once

#include "in.polyrpc.hpp"

#include <polyrpc/runtime/async.hpp>
#include <polyrpc/runtime/async_stream.hpp>
#include <polyrpc/runtime/coroutine.hpp>
#include <polyrpc/runtime/stream.hpp>

namespace acme::polyrpc::std::v1 {

/// Serves acme.polyrpc.std.v1.Everywhere, unary methods as functions, the others as coroutines.
/// A method that is not overridden answers `unimplemented`.
class Everywhere::Service {
 public:
  virtual ~Service() = default;

  virtual ::polyrpc::Status Nested(
      ::polyrpc::Context& /*context*/,
      const ::acme::polyrpc::std::v1::Outer_Inner& /*request*/,
      ::acme::polyrpc::std::v1::Outer_Inner_Innermost& /*reply*/) {
    return ::polyrpc::Status::unimplemented("acme.polyrpc.std.v1.Everywhere.Nested is not implemented");
  }

  virtual ::polyrpc::Status Imported(
      ::polyrpc::Context& /*context*/,
      const ::elsewhere::Thing& /*request*/,
      ::elsewhere::Thing_Part& /*reply*/) {
    return ::polyrpc::Status::unimplemented("acme.polyrpc.std.v1.Everywhere.Imported is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Public(
      ::polyrpc::Context& /*context*/,
      const ::elsewhere::hidden::Thing& /*request*/,
      ::polyrpc::Writer<::elsewhere::hidden::Thing>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("acme.polyrpc.std.v1.Everywhere.Public is not implemented");
  }

  virtual ::polyrpc::Status Nothing(
      ::polyrpc::Context& /*context*/,
      const ::google::protobuf::Empty& /*request*/,
      ::google::protobuf::Empty& /*reply*/) {
    return ::polyrpc::Status::unimplemented("acme.polyrpc.std.v1.Everywhere.Nothing is not implemented");
  }

  virtual ::polyrpc::Status Now(
      ::polyrpc::Context& /*context*/,
      const ::google::protobuf::Empty& /*request*/,
      ::google::protobuf::Timestamp& /*reply*/) {
    return ::polyrpc::Status::unimplemented("acme.polyrpc.std.v1.Everywhere.Now is not implemented");
  }

  virtual ::polyrpc::Status Sleep(
      ::polyrpc::Context& /*context*/,
      const ::google::protobuf::Duration& /*request*/,
      ::google::protobuf::BoolValue& /*reply*/) {
    return ::polyrpc::Status::unimplemented("acme.polyrpc.std.v1.Everywhere.Sleep is not implemented");
  }

  virtual ::polyrpc::Status Any(
      ::polyrpc::Context& /*context*/,
      const ::google::protobuf::Struct& /*request*/,
      ::google::protobuf::Value& /*reply*/) {
    return ::polyrpc::Status::unimplemented("acme.polyrpc.std.v1.Everywhere.Any is not implemented");
  }

 protected:
  Service() = default;
  Service(const Service&) = default;
  Service& operator=(const Service&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Everywhere::Service& service) {
  registry.add(Everywhere::methods::Nested, service, &Everywhere::Service::Nested);
  registry.add(Everywhere::methods::Imported, service, &Everywhere::Service::Imported);
  registry.add(Everywhere::methods::Public, service, &Everywhere::Service::Public);
  registry.add(Everywhere::methods::Nothing, service, &Everywhere::Service::Nothing);
  registry.add(Everywhere::methods::Now, service, &Everywhere::Service::Now);
  registry.add(Everywhere::methods::Sleep, service, &Everywhere::Service::Sleep);
  registry.add(Everywhere::methods::Any, service, &Everywhere::Service::Any);
}

/// Serves acme.polyrpc.std.v1.Everywhere, every method as a coroutine.
/// A method that is not overridden answers `unimplemented`.
class Everywhere::CoService {
 public:
  virtual ~CoService() = default;

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Nested(
      ::polyrpc::Context& /*context*/,
      const ::acme::polyrpc::std::v1::Outer_Inner& /*request*/,
      ::acme::polyrpc::std::v1::Outer_Inner_Innermost& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("acme.polyrpc.std.v1.Everywhere.Nested is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Imported(
      ::polyrpc::Context& /*context*/,
      const ::elsewhere::Thing& /*request*/,
      ::elsewhere::Thing_Part& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("acme.polyrpc.std.v1.Everywhere.Imported is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Public(
      ::polyrpc::Context& /*context*/,
      const ::elsewhere::hidden::Thing& /*request*/,
      ::polyrpc::Writer<::elsewhere::hidden::Thing>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("acme.polyrpc.std.v1.Everywhere.Public is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Nothing(
      ::polyrpc::Context& /*context*/,
      const ::google::protobuf::Empty& /*request*/,
      ::google::protobuf::Empty& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("acme.polyrpc.std.v1.Everywhere.Nothing is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Now(
      ::polyrpc::Context& /*context*/,
      const ::google::protobuf::Empty& /*request*/,
      ::google::protobuf::Timestamp& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("acme.polyrpc.std.v1.Everywhere.Now is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Sleep(
      ::polyrpc::Context& /*context*/,
      const ::google::protobuf::Duration& /*request*/,
      ::google::protobuf::BoolValue& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("acme.polyrpc.std.v1.Everywhere.Sleep is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Any(
      ::polyrpc::Context& /*context*/,
      const ::google::protobuf::Struct& /*request*/,
      ::google::protobuf::Value& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("acme.polyrpc.std.v1.Everywhere.Any is not implemented");
  }

 protected:
  CoService() = default;
  CoService(const CoService&) = default;
  CoService& operator=(const CoService&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Everywhere::CoService& service) {
  registry.add(Everywhere::methods::Nested, service, &Everywhere::CoService::Nested);
  registry.add(Everywhere::methods::Imported, service, &Everywhere::CoService::Imported);
  registry.add(Everywhere::methods::Public, service, &Everywhere::CoService::Public);
  registry.add(Everywhere::methods::Nothing, service, &Everywhere::CoService::Nothing);
  registry.add(Everywhere::methods::Now, service, &Everywhere::CoService::Now);
  registry.add(Everywhere::methods::Sleep, service, &Everywhere::CoService::Sleep);
  registry.add(Everywhere::methods::Any, service, &Everywhere::CoService::Any);
}

}  // namespace acme::polyrpc::std::v1
