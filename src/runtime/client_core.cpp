#include "polyrpc/runtime/client_core.hpp"

#include "polyrpc/runtime/client_session.hpp"
#include "polyrpc/runtime/interceptor.hpp"
#include "polyrpc/runtime/stream_call.hpp"

#include "client_drivers.hpp"
#include "client_onion.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

namespace polyrpc {

std::string_view to_string(ConnectionState state) noexcept {
  switch (state) {
    case ConnectionState::idle:
      return "idle";
    case ConnectionState::connecting:
      return "connecting";
    case ConnectionState::ready:
      return "ready";
    case ConnectionState::backoff:
      return "backoff";
    case ConnectionState::shut_down:
      return "shut_down";
  }
  return "unknown";
}

Limits ClientOptions::default_limits() {
  Limits limits;
  limits.calls_in_flight = 65536;
  limits.unsent_bytes = std::size_t{64} << 20;
  return limits;
}

std::shared_ptr<ClientCore> ClientCore::make(asio::io_context* context, ClientTarget target, ClientOptions options) {
  if (target.transport == nullptr || target.codec == nullptr)
    throw std::invalid_argument("polyrpc: a client needs a transport and a codec");
  return context != nullptr ? make_loop_client(*context, std::move(target), std::move(options))
                            : make_blocking_client(std::move(target), std::move(options));
}

ClientCore::ClientCore(ClientTarget target, ClientOptions options)
    : target_(std::move(target)),
      options_(std::move(options)),
      address_(target_.endpoint.to_string()),
      peer_{address_, std::string(target_.codec->name())},
      capabilities_(target_.codec->client(options_.limits.codec)->capabilities()),
      interceptors_(std::make_unique<InterceptorList>()) {}

ClientCore::~ClientCore() = default;

Status ClientCore::call(WaitableCall& call, const CallOptions& options) {
  if (must_not_wait())
    return Status::failed_precondition("polyrpc: a blocking call on the thread of the client's io_context cannot end");
  if (Status prepared = prepare(call, options); !prepared.ok()) return prepared;
  if (options.parent == nullptr) return call_until(call, options.stop);
  const std::stop_token above = options.parent->stop_token();
  if (!options.stop.stop_possible()) return call_until(call, above);
  std::stop_source either;
  const auto stop = [&] { either.request_stop(); };
  const std::stop_callback on_stop(options.stop, stop);
  const std::stop_callback on_stop_above(above, stop);
  return call_until(call, either.get_token());
}

Status ClientCore::call_until(WaitableCall& call, const std::stop_token& stop) {
  if (!has_interceptors()) return call_wire(call, stop);
  const auto innermost = [&](WaitableCall& wire) { return call_wire(wire, stop); };
  return run_onion(*this, call, stop, innermost);
}

bool ClientCore::start(ClientCall& call, const CallOptions& options) {
  Status prepared = prepare(call, options);
  if (!prepared.ok()) {
    end(call, std::move(prepared), Deliver::later);
    return true;
  }
  if (options.parent != nullptr)
    call.stop_hook = std::make_unique<StopHook>(shared_from_this(), call, options.stop, options.parent->stop_token());
  else if (options.stop.stop_possible())
    watch(call, options.stop);
  call.intercept = has_interceptors();
  return !call.intercept && try_start(call);
}

void ClientCore::start_kept(ClientCall& call) { enqueue(call); }

void ClientCore::abandon(StreamCall& call) {
  if (!call.done()) cancel(call);
  call.release();
}

Status ClientCore::prepare(ClientCall& call, const CallOptions& options) {
  if (call.one_way && !capabilities_.one_way)
    return Status::unimplemented("polyrpc: " + peer_.protocol + " has no calls without a reply");
  if (call.kind != CallKind::unary && (!capabilities_.streaming || target_.framing))
    return Status::unimplemented("polyrpc: " + peer_.protocol + " does not stream");
  if (!options.metadata.empty()) {
    if (!capabilities_.metadata) return Status::unimplemented("polyrpc: " + peer_.protocol + " carries no metadata");
    if (Status checked = check_metadata(options.metadata); !checked.ok()) return checked;
    call.metadata = &options.metadata;
  }
  const std::optional<Clock::time_point> above = options.parent != nullptr ? options.parent->deadline() : std::nullopt;
  std::chrono::nanoseconds timeout = no_timeout;
  if (options.timeout)
    timeout = *options.timeout;
  else if (call.kind == CallKind::unary && !options.deadline && !above && options_.default_timeout.count() > 0)
    timeout = options_.default_timeout;
  if (timeout != no_timeout) {
    if (timeout.count() <= 0) return Status::deadline_exceeded("polyrpc: the deadline has passed");
    const Clock::time_point now = Clock::now();
    if (timeout < Clock::time_point::max() - now)
      call.deadline = now + std::chrono::duration_cast<Clock::duration>(timeout);
  }
  if (options.deadline || above) {
    if (options.deadline) call.deadline = (std::min)(call.deadline, *options.deadline);
    if (above) call.deadline = (std::min)(call.deadline, *above);
    if (call.deadline <= Clock::now()) return Status::deadline_exceeded("polyrpc: the deadline has passed");
  }
  call.send_deadline = options.timeout || options.deadline || above;
  call.wait_for_ready = options.wait_for_ready;
  if (call.kind == CallKind::unary) {  // what streams keeps its own
    call.headers = options.headers;
    call.trailers = options.trailers;
  }
  if (options.stop.stop_requested() || (options.parent != nullptr && options.parent->cancelled()))
    return Status::cancelled("polyrpc: the call was cancelled");
  return {};
}

Status ClientCore::check(const Metadata& metadata) const {
  if (!capabilities_.metadata) return Status::unimplemented("polyrpc: " + peer_.protocol + " carries no metadata");
  return check_metadata(metadata);
}

void ClientCore::watch(ClientCall& call, const std::stop_token& stop) {
  call.stop_hook = std::make_unique<StopHook>(shared_from_this(), call, stop);
}

void ClientCore::end(ClientCall& call, Status status, Deliver how) {
  call.stage = ClientCall::Stage::ended;
  call.status = std::move(status);
  call.deliver(how);
}

bool ClientCore::has_interceptors() const noexcept { return !interceptors_->list.empty(); }

std::unique_ptr<ClientSession> ClientCore::new_session() const {
  return std::make_unique<ClientSession>(target_.codec->client(options_.limits.codec),
                                         target_.framing ? target_.framing() : nullptr);
}

std::chrono::nanoseconds ClientCore::rest_after(unsigned failures) const {
  const Backoff& backoff = options_.backoff;
  const double steps = failures > 0 ? failures - 1 : 0;
  const double grown = static_cast<double>(backoff.initial.count()) * std::pow(backoff.multiplier, steps);
  const double longest = (std::min)(grown, static_cast<double>(backoff.max.count()));
  static thread_local std::minstd_rand random{std::random_device{}()};
  const double share = std::uniform_real_distribution<double>(-backoff.jitter, backoff.jitter)(random);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(longest * (1 + share) * 1e6));
}

void ClientCore::log(LogLevel level, std::string_view line) const {
  if (options_.log) options_.log(level, line);
}

StopHook::StopHook(std::shared_ptr<ClientCore> core, ClientCall& call, std::stop_token token, std::stop_token above)
    : callback_(std::move(token), Cancel{core, &call}), callback_above_(std::move(above), Cancel{core, &call}) {}

}  // namespace polyrpc
