#include "polyrpc/transports/standard.hpp"

#include "polyrpc/transports/tcp.hpp"
#include "polyrpc/transports/unix.hpp"

namespace polyrpc {

Transports standard_transports() { return {tcp_transport(), unix_transport()}; }

}  // namespace polyrpc
