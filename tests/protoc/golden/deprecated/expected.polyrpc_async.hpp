// Coroutines for the services of in.proto, made by protoc-gen-polyrpc. Do not edit.
#pragma once

#include "in.polyrpc.hpp"

#include <polyrpc/runtime/async.hpp>
#include <polyrpc/runtime/async_stream.hpp>
#include <polyrpc/runtime/coroutine.hpp>
#include <polyrpc/runtime/stream.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif

namespace past {

/// Serves past.Mixed, unary methods as functions, the others as coroutines.
/// A method that is not overridden answers `unimplemented`.
class Mixed::Service {
 public:
  virtual ~Service() = default;

  /// Use Now.
  virtual ::polyrpc::Status Then(
      ::polyrpc::Context& /*context*/,
      const ::past::Old& /*request*/,
      ::past::Fresh& /*reply*/) {
    return ::polyrpc::Status::unimplemented("past.Mixed.Then is not implemented");
  }

  virtual ::polyrpc::Status Now(
      ::polyrpc::Context& /*context*/,
      const ::past::Fresh& /*request*/,
      ::past::Fresh& /*reply*/) {
    return ::polyrpc::Status::unimplemented("past.Mixed.Now is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Stream(
      ::polyrpc::Context& /*context*/,
      const ::past::Fresh& /*request*/,
      ::polyrpc::Writer<::past::Old>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("past.Mixed.Stream is not implemented");
  }

 protected:
  Service() = default;
  Service(const Service&) = default;
  Service& operator=(const Service&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Mixed::Service& service) {
  registry.add(Mixed::methods::Then, service, &Mixed::Service::Then);
  registry.add(Mixed::methods::Now, service, &Mixed::Service::Now);
  registry.add(Mixed::methods::Stream, service, &Mixed::Service::Stream);
}

/// Serves past.Mixed, every method as a coroutine.
/// A method that is not overridden answers `unimplemented`.
class Mixed::CoService {
 public:
  virtual ~CoService() = default;

  /// Use Now.
  virtual ::polyrpc::Awaitable<::polyrpc::Status> Then(
      ::polyrpc::Context& /*context*/,
      const ::past::Old& /*request*/,
      ::past::Fresh& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("past.Mixed.Then is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Now(
      ::polyrpc::Context& /*context*/,
      const ::past::Fresh& /*request*/,
      ::past::Fresh& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("past.Mixed.Now is not implemented");
  }

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Stream(
      ::polyrpc::Context& /*context*/,
      const ::past::Fresh& /*request*/,
      ::polyrpc::Writer<::past::Old>& /*replies*/) {
    co_return ::polyrpc::Status::unimplemented("past.Mixed.Stream is not implemented");
  }

 protected:
  CoService() = default;
  CoService(const CoService&) = default;
  CoService& operator=(const CoService&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Mixed::CoService& service) {
  registry.add(Mixed::methods::Then, service, &Mixed::CoService::Then);
  registry.add(Mixed::methods::Now, service, &Mixed::CoService::Now);
  registry.add(Mixed::methods::Stream, service, &Mixed::CoService::Stream);
}

/// Serves past.Gone, every method as a coroutine.
/// A method that is not overridden answers `unimplemented`.
class Gone::CoService {
 public:
  virtual ~CoService() = default;

  virtual ::polyrpc::Awaitable<::polyrpc::Status> Get(
      ::polyrpc::Context& /*context*/,
      const ::past::Fresh& /*request*/,
      ::past::Fresh& /*reply*/) {
    co_return ::polyrpc::Status::unimplemented("past.Gone.Get is not implemented");
  }

 protected:
  CoService() = default;
  CoService(const CoService&) = default;
  CoService& operator=(const CoService&) = default;
};

/// Registers every method. `service` outlives the registry.
inline void add(::polyrpc::Registry& registry, Gone::CoService& service) {
  registry.add(Gone::methods::Get, service, &Gone::CoService::Get);
}

}  // namespace past

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
