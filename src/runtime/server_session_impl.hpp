#pragma once

#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/spare.hpp"
#include "polyrpc/runtime/server_session.hpp"
#include "polyrpc/runtime/stats.hpp"

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace polyrpc {

class ActiveCall;
struct SessionLink;

enum class HandlerState : std::uint8_t { running, returned };

class ServerSession::Impl : public ReusesMemory<ServerSession::Impl> {
 public:
  Impl(ServerCore& core, Loop& loop, std::unique_ptr<ServerCodec> codec, const PeerSource& peer, SessionOwner& owner);
  ~Impl();

  Progress process(ByteQueue& input, ByteQueue& output, std::size_t output_limit);
  /// The handler of `call` has returned.
  void finish(ActiveCall& call, Status status);
  /// Answers `call`, if it has not been.
  void answer(ActiveCall& call, const Status& status, HandlerState state);
  void cancel_all() noexcept;

  // For the streams of calls.
  Result<Pulled> read_message(ActiveCall& call, MessageSlot into);
  Status write_message(ActiveCall& call, MessageRef message);
  Status write_headers(ActiveCall& call);
  bool has_room(const ActiveCall& call) const noexcept;

  const Status& failure() const noexcept { return failure_; }
  ByteQueue& late_output();
  bool has_late_output();
  void set_ambient_metadata(Metadata metadata) {
    if (beyond_ != nullptr || !metadata.empty()) beyond().ambient = std::move(metadata);
  }
  std::size_t in_flight() const noexcept { return active_.size(); }
  std::size_t unanswered() const noexcept;
  void drain() noexcept { draining_ = true; }
  void serve_while_draining() noexcept { serves_while_draining_ = true; }
  void input_ended();

 private:
  /// What a session does not need that answers its calls on the spot.
  struct Beyond {
    std::shared_ptr<SessionLink> link;
    std::unordered_map<std::uint64_t, ActiveCall*> streams;  // those of `active_` that stream, by tag
    ByteQueue late_output;
    Metadata ambient;
  };

  Beyond& beyond();
  const std::shared_ptr<SessionLink>& link();
  bool has_streams() const noexcept { return beyond_ != nullptr && !beyond_->streams.empty(); }
  ActiveCall* find_stream(const CallTag& tag) const;
  void serve(ByteQueue& output);
  void give_up() noexcept;
  void serve_here(const MethodEntry& entry, ByteQueue& output);
  void start(const MethodEntry& entry, ByteQueue& output);
  void cancel(ByteQueue& output);
  Status prepare(Context& context, const MethodEntry& entry);
  void write(const ReplyHead& head, MessageRef body, ByteQueue& output);
  void write_or_explain(const ReplyHead& head, MessageRef body, ByteQueue& output);
  void refuse(const Status& status, ByteQueue& output);
  void remove(ActiveCall& call);
  ByteQueue& output() { return current_output_ != nullptr ? *current_output_ : beyond().late_output; }
  void progressed();
  void wake(RequestKind kind, const CallTag& tag);
  Status check_kind(const MethodEntry& entry) const;

  ServerCore& core_;
  Loop& loop_;
  const std::unique_ptr<ServerCodec> codec_;
  const PeerSource& peer_;
  SessionOwner& owner_;
  StatsShard& stats_;
  const bool onion_;
  const bool streaming_;
  bool draining_ = false;
  bool serves_while_draining_ = false;
  const MethodEntry* recent_ = nullptr;  // called last
  ByteQueue* current_output_ = nullptr;  // while inside process
  IncomingRequest* request_ = nullptr;   // the same
  std::vector<std::shared_ptr<ActiveCall>> active_;
  std::unique_ptr<Beyond> beyond_;
  Status failure_;
};

}  // namespace polyrpc
