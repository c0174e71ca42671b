#pragma once

#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/compression.hpp"
#include "polyrpc/core/message_format.hpp"
#include "polyrpc/runtime/client.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// gRPC over HTTP/2 (gRPC's doc/PROTOCOL-HTTP2.md, RFC 9113): the client's end.
namespace polyrpc::grpc {

/// When to ask a silent server whether it is still there. Servers allow this only so often: grpc's own every five
/// minutes unless they are told otherwise.
struct Keepalive {
  /// After so much silence, and before twice as much, a ping goes out; zero: never. A server that says
  /// `too_many_pings` doubles it for later connections.
  std::chrono::nanoseconds time{0};
  /// An answer later than this ends the connection, and its calls with `unavailable`.
  std::chrono::nanoseconds timeout = std::chrono::seconds(20);
  bool without_calls = false;  ///< also while no call is under way
};

struct WireOptions {
  /// Null: protobuf. Its name is the content subtype; `proto` is left out.
  std::shared_ptr<const MessageFormat> format = {};
  /// What replies may be compressed with.
  Compressors compressors = {};
  /// What requests are compressed with, by name; empty: nothing. One of `compressors`.
  std::string compress_with = {};
  /// `:authority`, the host (and port) that is called; empty: `localhost`. `target` and `dial` take it from the
  /// address.
  std::string authority = {};
  bool secure = false;  ///< `:scheme` is https; the bytes are the same
  /// Stands before our own name in `user-agent`.
  std::string user_agent = {};
  Keepalive keepalive = {};
  /// How much of one call's replies, and of all calls' together, may be on the way unread. A message that just misses
  /// the window waits for it: 2 MiB let those of 1 MiB pass.
  std::uint32_t stream_window = std::uint32_t{2} << 20;
  std::uint32_t connection_window = std::uint32_t{16} << 20;
  /// Requests of one streaming call that wait for the server's window; past it a writer has to wait.
  std::size_t stream_backlog = std::size_t{64} << 10;
  /// Calls that wait because the server takes no more streams on this connection; past it `takes_calls` is false.
  std::size_t waiting_calls = 1000;
};

/// A codec that is a client's only; servers of gRPC are a `Protocol`. A method `pkg.Service.Method` is called as
/// `/pkg.Service/Method`. Throws `std::invalid_argument` for options that can't be.
std::shared_ptr<const Codec> rpc(WireOptions options = {});

/// Whom to call at `address`: `tcp://host:port`, `unix:///path`. `transport` null: TCP or a Unix socket; with a TLS
/// transport, which has to agree on `h2` by ALPN, set `secure`. Throws `std::invalid_argument` if the address can't be
/// understood.
ClientTarget target(std::string_view address, WireOptions options = {},
                    std::shared_ptr<const Transport> transport = nullptr);

/// A client of the gRPC server at `address`, for blocking calls.
std::unique_ptr<Client> dial(std::string_view address, WireOptions options = {}, ClientOptions client_options = {});
/// The same on the caller's `io_context`, for asynchronous calls too.
std::unique_ptr<Client> dial(asio::io_context& context, std::string_view address, WireOptions options = {},
                             ClientOptions client_options = {});

}  // namespace polyrpc::grpc
