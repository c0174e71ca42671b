#pragma once

#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/context.hpp"
#include "polyrpc/runtime/interceptor.hpp"
#include "polyrpc/runtime/loop.hpp"
#include "polyrpc/runtime/registry.hpp"
#include "polyrpc/runtime/server_core.hpp"
#include "polyrpc/runtime/server_session.hpp"

#include "streamed_call.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace polyrpc {

class ActiveCall;

/// The way back from a worker's thread to a session, which may be gone by then.
struct SessionLink {
  std::mutex mutex;                                // guards all below
  Loop* loop = nullptr;                            // null once the session is gone
  std::vector<std::shared_ptr<ActiveCall>> ended;  // waiting for the loop to look; posted when the first comes
};

/// A call that is not served on the spot: its handler blocks or may suspend, or interceptors stand around it.
/// Lives until the handler has returned, which may be after the session's end.
class ActiveCall final : public Alarm,
                         public InterceptedCall,
                         public CallTarget,
                         public std::enable_shared_from_this<ActiveCall> {
 public:
  ActiveCall(std::shared_ptr<ServerCore> server_core, const MethodEntry& method)
      : core(std::move(server_core)), entry(method) {
    if (!streams_replies(kind())) reply_message = Message(method.handler->reply());
  }

  // InterceptedCall
  Context& context() noexcept override { return call_context; }
  Side side() const noexcept override { return Side::server; }
  CallKind kind() const noexcept override { return entry.handler->kind(); }
  Result<MessageRef> request() override;
  MessageSlot reply() noexcept override { return reply_message.slot(); }
  // CallTarget
  Awaitable<Status> perform(InterceptedCall& call) override;

  /// Decodes the argument now, because the input it stands in is about to go.
  void detach();
  /// Ends what the coroutine waits for.
  void interrupt();
  /// Whether nobody waits for the outcome any more.
  bool is_over() const noexcept { return session == nullptr || answered; }
  /// Has `work` run on the handler's pool.
  void submit(std::function<void()> work);
  /// Runs a plain or blocking handler here; exceptions become `internal`.
  Status run_handler();
  /// On a worker's thread: hands `outcome` to the session's loop.
  void end_from_worker(Status result);

  const std::shared_ptr<ServerCore> core;
  const MethodEntry& entry;
  std::shared_ptr<SessionLink> link;
  ServerSession::Impl* session = nullptr;  // null once the session is gone; loop's thread only
  std::size_t position = 0;                // in the session's list

  CallTag tag;
  bool wants_reply = true;
  bool answered = false;
  Context call_context;
  PeerInfo peer;
  Clock::time_point begun;
  Message args_message;
  Message reply_message;
  const EncodedMessage* body = nullptr;  // until detached
  std::optional<Status> decoded;
  Status outcome;  // from a worker
  bool performed = false;
  std::function<void()> cancel_coroutine;  // ends what the coroutine waits for
  std::function<void()> resume;            // the coroutine, when the worker has its outcome; loop's thread only
  std::unique_ptr<StreamedCall> stream;    // of a streaming kind

 private:
  void ring() override;
};

/// Starts the onion around a call, on `loop`'s thread; tells the session when it has ended.
void run_coroutine(const std::shared_ptr<ActiveCall>& call, Loop& loop);

/// Inside a `catch`: the status for an exception that left a handler. The text of the exception goes to the log.
Status handler_failed(const ServerCore& core, std::string_view method);

}  // namespace polyrpc
