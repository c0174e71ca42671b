#pragma once

#include "polyrpc/core/context.hpp"
#include "polyrpc/runtime/interceptor.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>

/// What one call took.
struct CallTime {
  std::chrono::microseconds total{};
  /// The server's part of it: on the client's side, if the server has the interceptor too.
  std::optional<std::chrono::microseconds> server;
};

/// Is told of each call when it has ended. Called on the call's thread, and must not block.
using TimeSink = std::function<void(polyrpc::Side side, std::string_view method, const CallTime& time)>;

/// Times calls, on either side. A server's tells the caller in the reply's metadata, `time-us`; a client's reads it
/// there. Null for `now`: the steady clock.
polyrpc::Interceptor timing(TimeSink sink, std::function<polyrpc::Clock::time_point()> now = {});
