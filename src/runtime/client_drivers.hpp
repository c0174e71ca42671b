#pragma once

#include "polyrpc/runtime/client_core.hpp"

#include <memory>

namespace polyrpc {

/// Belongs to `context`: connects, sends and receives on its thread.
std::shared_ptr<ClientCore> make_loop_client(asio::io_context& context, ClientTarget target, ClientOptions options);
/// Connects, sends and receives on the threads that wait for their calls.
std::shared_ptr<ClientCore> make_blocking_client(ClientTarget target, ClientOptions options);

}  // namespace polyrpc
