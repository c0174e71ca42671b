#include "polyrpc/runtime/client_stream.hpp"

#include "polyrpc/runtime/client.hpp"

#include <string>
#include <utility>

namespace polyrpc {

namespace detail {

namespace {

const Metadata& no_metadata() noexcept {
  static const Metadata none;
  return none;
}

Status no_call() { return Status::failed_precondition("polyrpc: this handle has no call"); }

}  // namespace

StreamHandle& StreamHandle::operator=(StreamHandle&& other) noexcept {
  if (this != &other) {
    reset();
    core_ = std::move(other.core_);
    call_ = std::exchange(other.call_, nullptr);
  }
  return *this;
}

void StreamHandle::reset() noexcept {
  if (call_ != nullptr) {
    call_->stop_hook.reset();
    core_->abandon(*std::exchange(call_, nullptr));
  }
  core_.reset();
}

void StreamHandle::cancel() {
  if (call_ != nullptr) core_->cancel(*call_);
}

Status StreamHandle::perform(StreamOperation& operation) {
  if (call_ == nullptr) return no_call();
  if (!call_->done() && core_->must_not_wait())
    return Status::failed_precondition("polyrpc: waiting here would stop the thread that makes the call");
  core_->perform(*call_, operation);
  return std::move(operation.status);
}

Status StreamHandle::write(MessageRef message) {
  StreamOperation write(StreamOperation::Kind::write);
  write.message = message;
  return perform(write);
}

Status StreamHandle::close_writing() {
  StreamOperation close(StreamOperation::Kind::close_writing);
  return perform(close);
}

bool StreamHandle::read(MessageSlot into) {
  StreamOperation read(StreamOperation::Kind::read);
  read.into = into;
  return perform(read).ok() && read.got;
}

Status StreamHandle::outcome() {
  StreamOperation end(StreamOperation::Kind::outcome);
  return perform(end);
}

Status StreamHandle::finish(MessageSlot scratch) {
  if (call_ == nullptr) return no_call();
  if (streams_requests(call_->kind)) {
    if (Status closed = close_writing(); !closed.ok()) return closed;
  }
  while (read(scratch)) continue;
  return outcome();
}

Status StreamHandle::finish_one(MessageSlot reply, MessageSlot scratch) {
  if (call_ == nullptr) return no_call();
  if (Status closed = close_writing(); !closed.ok()) return closed;
  std::size_t replies = 0;
  while (read(replies == 0 ? reply : scratch)) ++replies;
  return check_one_reply(outcome(), replies);
}

const Metadata& StreamHandle::headers() {
  if (call_ == nullptr) return no_metadata();
  StreamOperation headers(StreamOperation::Kind::headers);
  if (!perform(headers).ok()) return no_metadata();
  return call_->received_headers;
}

const Metadata& StreamHandle::trailers() const { return call_ != nullptr ? call_->received_trailers : no_metadata(); }

Status check_one_reply(Status status, std::size_t replies) {
  if (!status.ok() || replies == 1) return status;
  return Status::unimplemented("polyrpc: one reply should have come, but " + std::to_string(replies) + " did");
}

}  // namespace detail

detail::StreamHandle Client::open_stream(std::string_view method, CallKind kind, const CallOptions& options) {
  auto* const call = new StreamCall(method, kind);
  detail::StreamHandle handle(core_, *call);
  call->retain();  // the core's
  detail::start_call(*core_, *call, options);
  return handle;
}

}  // namespace polyrpc
