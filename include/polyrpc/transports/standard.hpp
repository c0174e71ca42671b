#pragma once

#include "polyrpc/runtime/transport.hpp"

namespace polyrpc {

/// TCP and Unix sockets with their default options. A `MemoryNetwork` is an object of yours; add its transport.
Transports standard_transports();

}  // namespace polyrpc
