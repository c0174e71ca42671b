#pragma once

/// The front door: what an application with plain handlers and blocking calls includes. Coroutines, completion tokens
/// and interceptors have headers of their own (`polyrpc/runtime/coroutine.hpp`, `async.hpp`, `interceptor.hpp`),
/// because they bring in asio's.

#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/json.hpp"
#include "polyrpc/core/any.hpp"
#include "polyrpc/core/describe.hpp"
#include "polyrpc/runtime/client.hpp"
#include "polyrpc/runtime/registry.hpp"
#include "polyrpc/runtime/server.hpp"

#include <memory>
#include <string_view>

namespace polyrpc {

/// Everything this build speaks, over TCP and Unix sockets: gob, JSON-RPC 1.0 and 2.0, and HTTP/1.1 where it is built
/// in, with Connect's unary calls in JSON. `types` names what may stand in an `Any` or a variant.
Protocols standard_protocols(std::shared_ptr<const TypeRegistry> types = nullptr);

/// A client of the server at `address`: `tcp://host:port`, `unix:///path`, or `http://host:port[/path]`, which speaks
/// gob after CONNECT, JSON-RPC by POST, and Connect. Connects with the first call. Calls block and do their work on the
/// calling thread. Throws `std::invalid_argument` if the address can't be understood.
std::unique_ptr<Client> dial(std::string_view address, std::shared_ptr<const Codec> codec, ClientOptions options = {});

/// The same on the caller's `io_context`, for asynchronous calls too.
std::unique_ptr<Client> dial(asio::io_context& context, std::string_view address, std::shared_ptr<const Codec> codec,
                             ClientOptions options = {});

}  // namespace polyrpc
