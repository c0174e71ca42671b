#include "polyrpc/interceptors/deadline.hpp"

#include "polyrpc/interceptors/client_deadline.hpp"

#include "from_now.hpp"

namespace polyrpc::interceptors {

Admission default_deadline(std::chrono::nanoseconds time) {
  return [time](Context& context) -> Status {
    if (!context.deadline()) context.set_deadline(from_now(time));
    return {};
  };
}

Admission longest_deadline(std::chrono::nanoseconds time) {
  return [time](Context& context) -> Status {
    bring_forward(context, from_now(time));
    return {};
  };
}

CallOptions within(const Context& context, std::chrono::nanoseconds margin) {
  CallOptions options;
  if (const auto deadline = context.deadline()) {
    const bool reaches = margin.count() > 0 && *deadline < Clock::time_point::min() + margin;
    options.deadline = reaches ? Clock::time_point::min() : *deadline - margin;
    // The call's own limit counts, not the client's usual one.
    options.timeout = no_timeout;
  }
  options.stop = context.stop_token();
  return options;
}

namespace {

Awaitable<Status> limited(InterceptedCall& call, Next next, std::chrono::nanoseconds time) {
  const auto before = call.context().deadline();
  bring_forward(call.context(), from_now(time));
  Status status = co_await next(call);
  call.context().set_deadline(before);  // made again, the call has its time again
  co_return status;
}

}  // namespace

Interceptor client_deadline(std::chrono::nanoseconds time) {
  return [time](InterceptedCall& call, Next next) { return limited(call, next, time); };
}

}  // namespace polyrpc::interceptors
