#pragma once

#include "polyrpc/runtime/registry.hpp"

#include <memory>
#include <string_view>

namespace polyrpc::services {

/// Whether a service takes calls, as `grpc.health.v1.HealthCheckResponse.ServingStatus` numbers it.
enum class Serving : std::int32_t { unknown = 0, serving = 1, not_serving = 2, service_unknown = 3 };

/// The service `grpc.health.v1.Health` with `Check`, `Watch` and `List` (gRPC's doc/health-checking.md). An ordinary
/// service: every wire can call it. All members may be called from any thread.
class GrpcHealth {
 public:
  /// The server as a whole, whose name is empty, is serving.
  GrpcHealth();
  GrpcHealth(const GrpcHealth&) = delete;
  GrpcHealth& operator=(const GrpcHealth&) = delete;
  ~GrpcHealth();

  /// Registers the three methods; the object must outlive the servers.
  void add_to(Registry& registry);
  /// Says how a service is doing, and tells those who watch it. Names are the program's own: full names of services by
  /// custom. After `shutdown` this is noted and not told until `resume`.
  void set(std::string_view service, Serving status);
  /// Says of every service that it is not serving, until `resume`.
  void shutdown();
  void resume();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace polyrpc::services
