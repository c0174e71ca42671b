#pragma once

#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/message_format.hpp"
#include "polyrpc/runtime/client_framing.hpp"
#include "polyrpc/runtime/connect_client.hpp"

#include <memory>
#include <string>

namespace polyrpc::connect {

/// Unary calls of any Connect server over HTTP/1.1: `dial("http://host:port", connect::unary(json::format()))`. A
/// method is called by `package.Service.Method` or `package.Service/Method`. One call after the other on a connection:
/// further ones are sent at once and answered in their order. A call that is cancelled is answered all the same, to
/// nobody. For clients only; servers have `http1::Options::connect`. On the wire it needs `unary_framing`, which `dial`
/// adds.
std::shared_ptr<const Codec> unary(std::shared_ptr<const MessageFormat> format, ClientOptions options = {});

/// Says where the requests of `unary` go: to paths that begin with `prefix` (empty, or `/some/path`), at `host`.
/// Throws `std::invalid_argument` for what cannot stand in a request.
std::unique_ptr<ClientFraming> unary_framing(std::string prefix, std::string host);

}  // namespace polyrpc::connect
