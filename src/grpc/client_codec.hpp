#pragma once

#include "polyrpc/core/codec.hpp"
#include "polyrpc/grpc/client.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace polyrpc::grpc {

/// What the connections of one codec share.
struct ClientWire {
  explicit ClientWire(WireOptions given);

  const WireOptions options;
  const Compressor* compressor = nullptr;  // of requests
  const std::string authority;
  const std::string content_type;
  const std::string user_agent;
  const std::string accept_encoding;
  std::atomic<std::int64_t> keepalive_time;  // nanoseconds
};

/// `next_stream_id`, where stream ids start, is for tests.
std::unique_ptr<ClientCodec> make_client_codec(std::shared_ptr<ClientWire> wire, const CodecLimits& limits,
                                               std::int32_t next_stream_id = 1);

}  // namespace polyrpc::grpc
