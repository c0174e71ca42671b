#pragma once

#include "polyrpc/runtime/transport.hpp"

#include <functional>
#include <memory>
#include <string_view>

/// Takes one line without its end. Called from every thread that reads or writes.
using PrintLine = std::function<void(std::string_view line)>;

/// `dump://host:port` is `inner`'s address of the same host and port, and what goes over it is printed:
///
///     > 7b 22 6a 73 6f 6e 72 70 63 22 3a 22 32 2e 30 22  {"jsonrpc":"2.0"
///     < 7b 22 72 65 73 75 6c 74 22 3a 34 32              {"result":42
std::shared_ptr<const polyrpc::Transport> dump_transport(std::shared_ptr<const polyrpc::Transport> inner,
                                                         PrintLine print);
