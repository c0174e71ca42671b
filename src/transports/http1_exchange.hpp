#pragma once

#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/context.hpp"
#include "polyrpc/core/metadata.hpp"
#include "polyrpc/core/spare.hpp"
#include "polyrpc/runtime/connect.hpp"
#include "polyrpc/runtime/server_session.hpp"

#include "http1_chunked.hpp"
#include "http1_head.hpp"
#include "http1_response.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace polyrpc::http1 {

/// Stands between a session and the codec of one exchange: brings what the request's header says into its calls, and
/// what their replies' metadata says into the answer's header.
class ExchangeCodec final : public ServerCodec, public ReusesMemory<ExchangeCodec> {
 public:
  /// Reply metadata past `header_limit` bytes is left out.
  ExchangeCodec(std::unique_ptr<ServerCodec> codec, std::size_t header_limit)
      : codec_(std::move(codec)), header_limit_(header_limit) {}

  void set_metadata(Metadata metadata) { metadata_ = std::move(metadata); }
  void set_deadline(Clock::time_point deadline) { deadline_ = deadline; }

  Capabilities capabilities() const noexcept override { return codec_->capabilities(); }
  Result<bool> next_request(ByteQueue& input, IncomingRequest& request) override;
  Status write_reply(const ReplyHead& head, MessageRef body, ByteQueue& output) override;
  void write_farewell(const Status& reason, ByteQueue& output) override { codec_->write_farewell(reason, output); }

  /// Requests that were cut so far, calls and others.
  std::size_t requests() const noexcept { return requests_; }
  /// The replies' metadata as header lines.
  const std::string& lines() const noexcept { return lines_; }
  std::size_t left_out() const noexcept { return left_out_; }

 private:
  void add_lines(const Metadata* metadata);

  const std::unique_ptr<ServerCodec> codec_;
  const std::size_t header_limit_;
  Metadata metadata_;
  std::optional<Clock::time_point> deadline_;
  std::size_t requests_ = 0;
  std::string lines_;
  std::size_t left_out_ = 0;
};

/// A request from the time its head was read to the time its answer stands in the output. The object is used again for
/// further requests, for its memory.
struct Exchange {
  HttpRequestHead head;  // views into the input, or `head_text` once the body has kept us waiting
  std::string head_text;
  Delivery delivery;
  const http::Handler* page = nullptr;  // null: calls
  bool speaks_connect = false;          // those calls: Connect's, not JSON-RPC's

  // The body.
  ByteQueue body;
  std::uint64_t left = 0;
  std::optional<ChunkDecoder> chunks;
  bool continue_due = false;  // the peer waits for 100

  // Calls.
  Metadata metadata;
  std::optional<Clock::time_point> deadline;
  std::unique_ptr<connect::ServerCall> connect_call;  // until the session has it
  std::optional<ServerSession> session;
  ExchangeCodec* codec = nullptr;          // the session's
  connect::ServerCall* connect = nullptr;  // or this
  ByteQueue reply;
  bool must_process = false;  // the session has not taken all of the body

  // A page that comes in pieces.
  std::function<bool(std::string&)> stream;
  bool in_chunks = false;
  std::string piece;

  /// Keeps what `head` refers to: the input is about to change.
  void keep_head(const char* begin, std::size_t size);
  void reset();

  /// One for a new request, perhaps one that this thread has used before.
  static std::unique_ptr<Exchange> take();
  static void give_back(std::unique_ptr<Exchange> exchange) noexcept;
};

}  // namespace polyrpc::http1
