#pragma once

#include "polyrpc/runtime/http.hpp"

#include <functional>

namespace polyrpc::services {

/// Whether the program is fit to work beyond what the server knows of itself. Called for each request, on the
/// connection's thread; must not block.
using HealthCheck = std::function<bool()>;

/// A page for load balancers and probes: 200 with `ok` while the server serves, 503 with `draining` while it shuts
/// down, or with `unhealthy` when `check` says so. With `?format=json` or `Accept: application/json` it is
/// `{"status":"ok"}`.
http::Handler health(HealthCheck check = {});

}  // namespace polyrpc::services
