#pragma once

#include "polyrpc/runtime/client_core.hpp"

#include <chrono>
#include <cstddef>
#include <memory>

namespace polyrpc {

/// Belongs to `context`: connects, sends and receives on its thread.
std::shared_ptr<ClientCore> make_loop_client(asio::io_context& context, ClientTarget target, ClientOptions options);
/// Connects, sends and receives on the threads that wait for their calls.
std::shared_ptr<ClientCore> make_blocking_client(ClientTarget target, ClientOptions options);

inline constexpr std::size_t read_size = 64 << 10;
/// A connection that has rested for longer is looked at before it is used: the server may have gone meanwhile.
inline constexpr std::chrono::microseconds fresh_time{100};
/// A peer that takes no more is read from so often at most, for what it sent before.
inline constexpr int last_reads = 256;

inline Status unavailable(const Status& why) {
  return why.code() == StatusCode::unavailable ? why : Status::unavailable(why.message());
}

}  // namespace polyrpc
