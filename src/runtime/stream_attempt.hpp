#pragma once

#include "polyrpc/core/status.hpp"
#include "polyrpc/runtime/client_session.hpp"
#include "polyrpc/runtime/stream_call.hpp"

#include <cstddef>
#include <cstdint>

namespace polyrpc {

/// What an attempt at an operation came to.
enum class Attempt : std::uint8_t {
  done,
  sent,       ///< done, and there is something to be sent
  wait,       ///< not now
  full,       ///< not before some of the output has been written
  reply_due,  ///< the session may have the reply: have it `receive` what there is, then try again
  over,       ///< the wire's call is out of its session's table and ends with `why`; then try again
};
struct Attempted {
  Attempt what;
  Status why = {};
};

/// Streams leave no more than this to be written, where the wire itself would take all.
inline constexpr std::size_t most_unsent_of_streams = 256 << 10;

/// Tries an operation. `unsent` is what waits to be written where the call was sent.
Attempted try_operation(StreamCall& call, StreamOperation& operation, std::size_t unsent);

/// The wire's part of an intercepted call has ended.
void part_from_front(ClientCall& call);

}  // namespace polyrpc
