// Coroutines for the services of in.proto, made by protoc-gen-polyrpc. Do not edit.
#pragma once

#include "in.polyrpc.hpp"

#include <polyrpc/runtime/async.hpp>
#include <polyrpc/runtime/coroutine.hpp>

namespace acme::greeter::v1 {

/// Serves acme.greeter.v1.Greeter, every method as a coroutine.
/// A method that is not overridden answers `unimplemented`.
class Greeter::CoService {
 public:
  virtual ~CoService() = default;

  /// Says hello. It's "quoted", $dollars$ and all; */ and /* as well.
  virtual ::polyrpc::Awaitable<::polyrpc::Status> SayHello(
      ::polyrpc::Context& /*context*/,
      const ::acme::greeter::v1::HelloRequest& /*request*/,
      ::acme::greeter::v1::HelloReply& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("acme.greeter.v1.Greeter.SayHello is not implemented");
  }

  /// Behind the method.
  virtual ::polyrpc::Awaitable<::polyrpc::Status> SayGoodbye(
      ::polyrpc::Context& /*context*/,
      const ::acme::greeter::v1::HelloRequest& /*request*/,
      ::acme::greeter::v1::HelloReply& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("acme.greeter.v1.Greeter.SayGoodbye is not implemented");
  }

  /// Another
  /// form.
  virtual ::polyrpc::Awaitable<::polyrpc::Status> Wave(
      ::polyrpc::Context& /*context*/,
      const ::acme::greeter::v1::HelloRequest& /*request*/,
      ::acme::greeter::v1::HelloReply& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("acme.greeter.v1.Greeter.Wave is not implemented");
  }

 protected:
  CoService() = default;
  CoService(const CoService&) = default;
  CoService& operator=(const CoService&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Greeter::CoService& service) {
  registry.add(Greeter::methods::SayHello, service, &Greeter::CoService::SayHello);
  registry.add(Greeter::methods::SayGoodbye, service, &Greeter::CoService::SayGoodbye);
  registry.add(Greeter::methods::Wave, service, &Greeter::CoService::Wave);
}

}  // namespace acme::greeter::v1
