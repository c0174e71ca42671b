#pragma once

#include "polyrpc/core/context.hpp"
#include "polyrpc/runtime/client_options.hpp"
#include "polyrpc/runtime/server_core.hpp"

#include <chrono>

/// Deadlines on the server's side, and passing them on. For clients: `client_deadline.hpp`.
namespace polyrpc::interceptors {

/// An admission that gives calls without a deadline one: so long from now.
Admission default_deadline(std::chrono::nanoseconds time);

/// An admission that brings deadlines later than so long from now forward, and gives calls without one that.
Admission longest_deadline(std::chrono::nanoseconds time);

/// The options for calls that a handler makes to do its own: they end with it. Its deadline, earlier by `margin`, so
/// that there is time to answer when they run into it; and its cancellation.
/// `client.call<Reply>("Other.Method", args, within(context, 5ms))`.
CallOptions within(const Context& context, std::chrono::nanoseconds margin = {});

}  // namespace polyrpc::interceptors
