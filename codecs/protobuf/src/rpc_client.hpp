#pragma once

#include "polyrpc/core/codec.hpp"

#include "rpc_envelope.hpp"
#include "rpc_flow.hpp"

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace polyrpc::protobuf::detail {

/// The client's end of one connection. On the wire calls are counted from 1: a Go server that does not find a method
/// takes the body for a further header, and if that is empty, answers it under the number 0.
class Client final : public ClientCodec {
 public:
  explicit Client(std::shared_ptr<const Settings> settings);

  Capabilities capabilities() const noexcept override;
  Status write_request(const RequestHead& head, MessageRef body, ByteQueue& output) override;
  void write_cancel(std::uint64_t call, ByteQueue& output) override;
  Result<bool> next_reply(ByteQueue& input, IncomingReply& reply) override;

  Result<Pulled> read_message(std::uint64_t call, MessageSlot into) override;
  const Metadata* headers(std::uint64_t call) const noexcept override;
  Status write_message(std::uint64_t call, MessageRef message, ByteQueue& output) override;
  Status write_end(std::uint64_t call, ByteQueue& output) override;
  bool has_room(std::uint64_t call) const noexcept override;
  void write_pending(ByteQueue& output) override;

 private:
  struct Stream {
    explicit Stream(CallKind kind_of_call) noexcept : kind(kind_of_call) {}

    CallKind kind;
    Inbox inbox;
    Outbox outbox;
    Metadata headers;
    Metadata trailers;
    Status status;  // how it ended
    bool has_headers = false;
    bool is_over = false;    // the server, or what it sent, has ended it
    bool was_read = false;   // to the end
    bool has_ended = false;  // our messages have
    bool owed = false;       // stands in owed_
  };

  /// Notes the news that the envelope is for a streaming call. An error is the connection's.
  Status take(std::uint64_t call, Stream& stream);
  void finish(std::uint64_t call, Stream& stream, Status status);
  /// Nothing more is taken from the server, and it is told.
  void give_up(std::uint64_t call, Stream& stream, Status why);
  void note(ReplyKind kind, std::uint64_t call) { news_.emplace_back(kind, call); }
  bool take_news(IncomingReply& reply);
  Stream* find(std::uint64_t call) noexcept;
  const Stream* find(std::uint64_t call) const noexcept;
  ByteQueue& sink(ByteQueue& output) noexcept { return ready_.empty() ? output : ready_; }

  const std::shared_ptr<const Settings> settings_;
  Cutter<ReplyHeader> cutter_;
  ReplyHeader header_;
  std::unordered_map<std::uint64_t, Stream> streams_;  // by the engine's number
  std::vector<std::pair<ReplyKind, std::uint64_t>> news_;
  std::vector<std::uint64_t> owed_;
  ByteQueue ready_;
  ByteQueue more_;
};

}  // namespace polyrpc::protobuf::detail
