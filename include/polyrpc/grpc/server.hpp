#pragma once

#include "polyrpc/core/compression.hpp"
#include "polyrpc/core/message_format.hpp"
#include "polyrpc/runtime/connect.hpp"
#include "polyrpc/runtime/http.hpp"
#include "polyrpc/runtime/protocol.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// gRPC for servers: a protocol like the others, on the same registry and the same port. The wire: docs/wire/grpc.md.
namespace polyrpc::grpc {

/// What a server keeps to on its HTTP/2 connections. The defaults are safe on an open port.
struct ServerOptions {
  /// What messages are encoded with, the first for `application/grpc`; a further one is named in the content type:
  /// `application/grpc+json`. Empty: protobuf alone.
  std::vector<std::shared_ptr<const MessageFormat>> formats = {};
  /// What may be asked for in `grpc-encoding`. Identity always is.
  Compressors compressors = {};
  /// One of `compressors`, used for replies to clients that accept it. Empty: none. A handler chooses for its call with
  /// `context.headers().set("grpc-encoding", "gzip")`.
  std::string compress_with = {};

  std::size_t receive_message_bytes = std::size_t{4} << 20;  ///< of one message, also when decompressed
  std::size_t send_message_bytes = std::size_t{1} << 31;     ///< a larger reply ends its call with `resource_exhausted`
  std::size_t connection_bytes = std::size_t{64} << 20;  ///< received on one connection and not yet read by handlers
  std::uint32_t concurrent_streams = 256;                ///< of one connection; further ones are refused
  std::uint32_t stream_window = 2 << 20;                 ///< bytes that a client may send ahead on a stream
  std::uint32_t connection_window = 16 << 20;
  std::size_t header_bytes = 16 << 10;  ///< of one request, as HTTP/2 counts them
  /// Streams that a client may have reset, by itself or by breaking rules: so many at once, so many a second.
  std::uint32_t reset_burst = 2000;
  std::uint32_t resets_per_second = 100;

  /// A ping is sent after so long without a word from the client; zero: never.
  std::chrono::milliseconds keepalive_time{7'200'000};
  std::chrono::milliseconds keepalive_timeout{20'000};  ///< to answer it
  /// Clients whose pings come closer than this, while no data flows, are sent away with `too_many_pings` at the third.
  std::chrono::milliseconds least_ping_interval{300'000};
  bool pings_without_calls = false;  ///< whether clients may ping while they have no call
  /// A connection is sent away after so long, give or take a tenth, and cut `connection_age_grace` later; zero: never.
  std::chrono::milliseconds connection_age{0};
  std::chrono::milliseconds connection_age_grace{0};  ///< zero: calls under way may take as long as they like
  std::chrono::milliseconds idle_time{0};             ///< without a call, then the connection is sent away; zero: never

  /// What Connect's unary calls by `POST /package.Service/Method` are served in: `application/json` and the like. No
  /// formats: not at all.
  connect::Options connect = {};

  /// Serves `path` to requests that are not calls, as `http1::Options::mount` does.
  ServerOptions& mount(std::string path, http::Handler handler) {
    mounts.emplace_back(std::move(path), std::move(handler));
    return *this;
  }
  std::vector<std::pair<std::string, http::Handler>> mounts = {};
};

/// HTTP/2 on connections that start with its preface: gRPC calls, and pages.
std::shared_ptr<const Protocol> protocol(ServerOptions options = {});

}  // namespace polyrpc::grpc
