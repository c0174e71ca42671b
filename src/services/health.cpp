#include "polyrpc/services/health.hpp"

#include "polyrpc/runtime/server_core.hpp"

#include "page.hpp"

#include <utility>

namespace polyrpc::services {

http::Handler health(HealthCheck check) {
  return [check = std::move(check)](const http::Request& request) {
    if (auto refusal = refuse_method(request)) return *std::move(refusal);
    const bool draining = request.server->draining();
    const std::string status = draining ? "draining" : check && !check() ? "unhealthy" : "ok";
    const int number = status == "ok" ? 200 : 503;
    if (wants_json(request)) return page(number, "application/json", "{\"status\":" + json_text(status) + "}\n");
    return page(number, "text/plain; charset=utf-8", status + "\n");
  };
}

}  // namespace polyrpc::services
