#include "polyrpc/services/grpc_health.hpp"

#include "polyrpc/core/describe.hpp"
#include "polyrpc/runtime/stream.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace polyrpc::services {

namespace {

struct HealthCheckRequest {
  std::string service;
};
struct HealthCheckResponse {
  Serving status = Serving::unknown;
};
struct HealthListRequest {};
struct HealthListResponse {
  std::map<std::string, HealthCheckResponse, std::less<>> statuses;
};

}  // namespace

POLYRPC_DESCRIBE_ENUM(Serving, (unknown, "UNKNOWN"), (serving, "SERVING"), (not_serving, "NOT_SERVING"),
                      (service_unknown, "SERVICE_UNKNOWN"));
POLYRPC_DESCRIBE(HealthCheckRequest, (service, "service"));
POLYRPC_DESCRIBE(HealthCheckResponse, (status, "status"));
POLYRPC_DESCRIBE(HealthListRequest);
POLYRPC_DESCRIBE(HealthListResponse, (statuses, "statuses"));

class GrpcHealth::Impl : public std::enable_shared_from_this<GrpcHealth::Impl> {
 public:
  Impl() { statuses_.emplace("", Serving::serving); }

  void set(std::string_view service, Serving status) {
    const std::lock_guard lock(mutex_);
    statuses_.insert_or_assign(std::string(service), status);
    wake();
  }
  void set_down(bool down) {
    const std::lock_guard lock(mutex_);
    down_ = down;
    wake();
  }

  Serving status(std::string_view service) const {
    const std::lock_guard lock(mutex_);
    return look_up(service);
  }
  HealthListResponse list() const {
    const std::lock_guard lock(mutex_);
    HealthListResponse all;
    for (const auto& [name, status] : statuses_) all.statuses[name].status = down_ ? Serving::not_serving : status;
    return all;
  }

  /// Sends the status of a service at once, and again whenever it changes.
  Awaitable<Status> watch(Context& context, std::string service, Writer<HealthCheckResponse>& out) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto bell = std::make_shared<Bell>(executor);
    const Listed listed(*this, bell);
    HealthCheckResponse said;
    bool first = true;
    while (!context.cancelled()) {
      bell->rung = false;
      const Serving now = status(service);
      if (std::exchange(first, false) || now != said.status) {
        said.status = now;
        Status sent = co_await out.write(said);
        if (!sent.ok()) co_return sent;
      }
      if (bell->rung) continue;
      asio::error_code ignored;
      auto token = asio::redirect_error(asio::use_awaitable, ignored);
      bell->timer.expires_at(asio::steady_timer::time_point::max());
      co_await bell->timer.async_wait(token);
    }
    co_return Status::cancelled("health: nobody watches any more");
  }

 private:
  /// Rung on its coroutine's own executor.
  struct Bell {
    explicit Bell(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    bool rung = false;
  };
  class Listed {
   public:
    Listed(Impl& impl, const std::shared_ptr<Bell>& bell) : impl_(impl), bell_(bell) {
      const std::lock_guard lock(impl_.mutex_);
      impl_.bells_.push_back(bell_);
    }
    Listed(const Listed&) = delete;
    Listed& operator=(const Listed&) = delete;
    ~Listed() {
      const std::lock_guard lock(impl_.mutex_);
      std::erase(impl_.bells_, bell_);
    }

   private:
    Impl& impl_;
    std::shared_ptr<Bell> bell_;
  };

  Serving look_up(std::string_view service) const {
    const auto found = statuses_.find(service);
    if (found == statuses_.end()) return Serving::service_unknown;
    return down_ ? Serving::not_serving : found->second;
  }
  void wake() {
    for (const auto& bell : bells_)
      asio::post(bell->timer.get_executor(), [bell] {
        bell->rung = true;
        bell->timer.cancel();
      });
  }

  mutable std::mutex mutex_;  // guards all below
  std::map<std::string, Serving, std::less<>> statuses_;
  bool down_ = false;
  std::vector<std::shared_ptr<Bell>> bells_;
};

GrpcHealth::GrpcHealth() : impl_(std::make_shared<Impl>()) {}
GrpcHealth::~GrpcHealth() = default;

void GrpcHealth::add_to(Registry& registry) {
  registry.add("grpc.health.v1.Health.Check",
               [impl = impl_](const HealthCheckRequest& request) -> Result<HealthCheckResponse> {
                 HealthCheckResponse response;
                 response.status = impl->status(request.service);
                 if (response.status == Serving::service_unknown)
                   return Status::not_found("health: unknown service " + request.service);
                 return response;
               });
  registry.add("grpc.health.v1.Health.List", [impl = impl_](const HealthListRequest&) { return impl->list(); });
  registry.add("grpc.health.v1.Health.Watch",
               [impl = impl_](Context& context, const HealthCheckRequest& request, Writer<HealthCheckResponse>& out) {
                 return impl->watch(context, request.service, out);
               });
}

void GrpcHealth::set(std::string_view service, Serving status) { impl_->set(service, status); }
void GrpcHealth::shutdown() { impl_->set_down(true); }
void GrpcHealth::resume() { impl_->set_down(false); }

}  // namespace polyrpc::services
