#pragma once

#include "polyrpc/core/codec.hpp"
#include "polyrpc/runtime/client_framing.hpp"
#include "polyrpc/runtime/connect.hpp"
#include "polyrpc/runtime/http.hpp"
#include "polyrpc/runtime/protocol.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP/1.1 (RFC 9110, RFC 9112): net/rpc behind CONNECT, JSON-RPC and Connect by POST, and pages. The wire:
/// docs/wire/http1.md.
namespace polyrpc::http1 {

using http::Field;
using http::Handler;
using http::Request;
using http::Response;

/// Where Go's `rpc.HandleHTTP` and `rpc.DialHTTP` meet.
inline constexpr std::string_view default_connect_path = "/_goRPC_";
inline constexpr std::string_view default_jsonrpc_path = "/jsonrpc";

/// What a server answers on HTTP/1.1.
struct Options {
  /// Spoken behind `CONNECT connect_path`; null: that path is like any other.
  std::shared_ptr<const Codec> net_rpc = {};
  std::string connect_path{default_connect_path};

  /// Spoken in the bodies of `POST` to each of `json_rpc_paths`; null: those paths are like any others. A body may
  /// arrive on any connection, so the codec must take it for what it is without having seen others.
  std::shared_ptr<const Codec> json_rpc = {};
  std::vector<std::string> json_rpc_paths{std::string(default_jsonrpc_path), "/"};

  /// Connect's unary calls by `POST /Service/Method`, for every method that is registered, in the formats named here;
  /// without a format there are none. What is above comes first, and so does what is mounted.
  connect::Options connect = {};

  /// Serves `path`, and if that ends in a slash everything below it; the longest path that fits counts, the last one
  /// mounted of equal ones. What is above comes first, for its own methods.
  Options& mount(std::string path, Handler handler) {
    mounts.emplace_back(std::move(path), std::move(handler));
    return *this;
  }
  std::vector<std::pair<std::string, Handler>> mounts = {};
};

/// HTTP/1.0 and 1.1 on a connection that starts with one of HTTP's methods. Throws `std::invalid_argument` for a path
/// that does not start with a slash or has a character that a request target may not have.
std::shared_ptr<const Protocol> protocol(Options options);

/// For a client of net/rpc behind CONNECT, as Go's `rpc.DialHTTPPath`: sends nothing else before it has the answer.
/// A refusal is `unavailable` with the text `unexpected HTTP response: 404 Not Found`.
std::unique_ptr<ClientFraming> connect_framing(std::string path = std::string(default_connect_path));

/// For a client that sends each of its codec's messages as the body of one `POST`; answers come in the same order.
/// `host` is what the `Host` field says. The call's metadata and deadline travel as header fields. An answer that is
/// not of the codec's kind, say a proxy's 502, ends the connection, and its calls with a status made from the number.
std::unique_ptr<ClientFraming> post_framing(std::string path, std::string host,
                                            std::string content_type = "application/json");

/// The framing that a codec needs at an address of HTTP's: CONNECT for gob, Connect's own, or POST, at the address's
/// path or the one that servers are asked for by default.
FramingFactory framing_for(const Codec& codec, const Endpoint& endpoint);

}  // namespace polyrpc::http1
