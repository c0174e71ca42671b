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

  /// What is needed only while a message is read or written.
  struct Work {
    explicit Work(std::shared_ptr<const Settings> of);

    const std::shared_ptr<const Settings> settings;
    Cutter<RequestHeader> cutter;
    RequestHeader header;
    ByteQueue more;  // our fields of the header that is being written
    ByteQueue text;
  };
  /// What is needed only when calls have streamed.
  struct Streams {
    std::unordered_map<std::uint64_t, Stream> all;
    std::vector<std::uint64_t> owed;  // those whose peer is to be given credit
    ByteQueue ready;                  // for write_pending
  };

  /// Has the work at hand while something is written.
  class Writing {
   public:
    explicit Writing(Server& server) : server_(server), was_at_rest_(server.work_ == nullptr), work_(server.work()) {
      work_.more.clear();
    }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;
    ~Writing();

    ByteQueue& more() noexcept { return work_.more; }
    ByteQueue& text() noexcept { return work_.text; }

   private:
    Server& server_;
    const bool was_at_rest_;
    Work& work_;
  };

  Work& work();
  void rest() noexcept;
  Streams& streams();
  void erase(std::uint64_t id) noexcept { streams_->all.erase(id); }
  Result<bool> cut(ByteQueue& input, IncomingRequest& request);
  /// Whether there is news in `request`. An error is the connection's.
  Result<bool> take(IncomingRequest& request);
  Result<bool> take_call(IncomingRequest& request, CallKind kind);
  Result<bool> take_message(IncomingRequest& request);
  Stream* find(std::uint64_t id) noexcept;
  const Stream* find(std::uint64_t id) const noexcept;
  /// What is written must not overtake what is ready.
  ByteQueue& sink(ByteQueue& output) noexcept {
    return streams_ == nullptr || streams_->ready.empty() ? output : streams_->ready;
  }

  const std::shared_ptr<const Settings> settings_;
  std::unique_ptr<Work> work_;
  std::unique_ptr<Streams> streams_;
};

}  // namespace polyrpc::protobuf::detail
