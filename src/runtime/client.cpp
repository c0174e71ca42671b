#include "polyrpc/runtime/client.hpp"

#include <utility>

namespace polyrpc {

namespace detail {

PendingHandle& PendingHandle::operator=(PendingHandle&& other) noexcept {
  if (this != &other) {
    reset();
    core_ = std::move(other.core_);
    call_ = std::exchange(other.call_, nullptr);
    taken_ = other.taken_;
  }
  return *this;
}

void PendingHandle::reset() noexcept {
  if (call_ != nullptr) {
    call_->stop_hook.reset();
    core_->forget(*call_);
    std::exchange(call_, nullptr)->release();
  }
  core_.reset();
}

bool PendingHandle::wait_until(Clock::time_point until) {
  if (call_ == nullptr) return false;
  if (call_->done()) return true;
  if (core_->must_not_wait()) return false;
  return core_->wait(*call_, until);
}

void PendingHandle::cancel() {
  if (call_ != nullptr) core_->cancel(*call_);
}

Status PendingHandle::wait() {
  if (!valid()) return Status::failed_precondition("polyrpc: this call's outcome has been taken");
  if (!call_->done()) {
    if (core_->must_not_wait())
      return Status::failed_precondition("polyrpc: waiting here would stop the thread that makes the call");
    if (!core_->wait(*call_, Clock::time_point::max())) {
      taken_ = true;
      core_->cancel(*call_);
      return core_->why_not_waited();
    }
  }
  taken_ = true;
  return {};
}

}  // namespace detail

Client::Client(ClientTarget target, ClientOptions options)
    : core_(ClientCore::make(nullptr, std::move(target), std::move(options))) {}

Client::Client(asio::io_context& context, ClientTarget target, ClientOptions options)
    : core_(ClientCore::make(&context, std::move(target), std::move(options))) {}

Client::~Client() {
  core_->shut_down(Status::cancelled("polyrpc: the client was destroyed"));
  core_->join();
}

Status Client::call_message(std::string_view method, MessageRef args, MessageSlot reply, const CallOptions& options) {
  WaitableCall call;
  call.method = method;
  call.args = args;
  call.reply = reply;
  return core_->call(call, options);
}

void Client::close() { core_->shut_down(Status::unavailable("connection is shut down")); }

ConnectionState Client::state() const { return core_->state(); }

InterceptorList& Client::interceptors() { return core_->interceptors(); }

}  // namespace polyrpc
