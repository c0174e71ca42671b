#pragma once

#include "polyrpc/core/context.hpp"
#include "polyrpc/core/status.hpp"
#include "polyrpc/runtime/interceptor.hpp"
#include "polyrpc/runtime/log.hpp"

#include <functional>

namespace polyrpc::interceptors {

struct LoggingOptions {
  /// The level of a call that ended with that status. Null: `info` for ok, `error` for `internal`, `unknown` and
  /// `data_loss`, `warning` for the others.
  std::function<LogLevel(const Status&)> level = {};
  /// Null: the steady clock.
  std::function<Clock::time_point()> now = {};
};

/// Writes one line for each call, on either side, when it has ended:
///
///     side=server method=Arith.Divide peer=tcp://127.0.0.1:40312 status=invalid_argument time_us=81 message="..."
///
/// The first one added sees what the caller is told. What comes from peers is escaped and cut at 200 bytes, so that it
/// can't forge a line. A call that is cut off while it waits has the status `cancelled`.
Interceptor logging(LogSink sink, LoggingOptions options = {});

}  // namespace polyrpc::interceptors
