#pragma once

#include "polyrpc/runtime/interceptor.hpp"

#include <chrono>

namespace polyrpc::interceptors {

/// Gives every call of a client at most so long, and tells the server where the wire can:
/// `client.intercept(client_deadline(2s))`. A call that has less time keeps it. Outside a `retry` this is the time for
/// all attempts together, inside it for each, as far as the call's own deadline allows.
Interceptor client_deadline(std::chrono::nanoseconds time);

}  // namespace polyrpc::interceptors
