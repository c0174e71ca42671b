#pragma once

#include "polyrpc/core/codec.hpp"

#include "rpc_envelope.hpp"
#include "rpc_flow.hpp"

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace polyrpc::protobuf::detail {

/// The server's end of one connection.
class Server final : public ServerCodec {
 public:
  explicit Server(std::shared_ptr<const Settings> settings);

  Capabilities capabilities() const noexcept override;
  Result<bool> next_request(ByteQueue& input, IncomingRequest& request) override;
  Status write_reply(const ReplyHead& head, MessageRef body, ByteQueue& output) override;

  Result<Pulled> read_message(const CallTag& tag, MessageSlot into) override;
  Status write_headers(const CallTag& tag, const Metadata& headers, ByteQueue& output) override;
  Status write_message(const CallTag& tag, MessageRef message, ByteQueue& output) override;
  bool has_room(const CallTag& tag) const noexcept override;
  void write_pending(ByteQueue& output) override;

 private:
  struct Stream {
    explicit Stream(CallKind kind_of_call) noexcept : kind(kind_of_call) {}

    CallKind kind;
    Inbox inbox;
    Outbox outbox;
    Status failure;  // why no more requests can be read
    bool given_up = false;
    bool headers_written = false;
    bool replied = false;  // all that is left waits in the outbox
    bool owed = false;     // stands in owed_
  };

  /// Whether there is news in `request`. An error is the connection's.
  Result<bool> take(IncomingRequest& request);
  Result<bool> take_call(IncomingRequest& request, CallKind kind);
  Result<bool> take_message(IncomingRequest& request);
  Stream* find(std::uint64_t id) noexcept;
  const Stream* find(std::uint64_t id) const noexcept;
  /// What is written must not overtake what is ready.
  ByteQueue& sink(ByteQueue& output) noexcept { return ready_.empty() ? output : ready_; }

  const std::shared_ptr<const Settings> settings_;
  Cutter<RequestHeader> cutter_;
  RequestHeader header_;
  std::unordered_map<std::uint64_t, Stream> streams_;
  std::vector<std::uint64_t> owed_;  // streams whose peer is to be given credit
  ByteQueue ready_;                  // for write_pending
  ByteQueue more_;                   // our fields of the header that is being written
  ByteQueue text_;
};

}  // namespace polyrpc::protobuf::detail
