#pragma once

#include "polyrpc/runtime/client_core.hpp"

#include <memory>

namespace polyrpc {

/// Belongs to `context`: connects, sends and receives on its thread.
std::shared_ptr<ClientCore> make_loop_client(asio::io_context& context, ClientTarget target, ClientOptions options);
/// Connects, sends and receives on the threads that wait for their calls.
std::shared_ptr<ClientCore> make_blocking_client(ClientTarget target, ClientOptions options);

/// A peer that takes no more is read from so often at most, for what it sent before.
inline constexpr int last_reads = 256;

}  // namespace polyrpc
