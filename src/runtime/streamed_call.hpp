#pragma once

#include "polyrpc/core/codec.hpp"
#include "polyrpc/runtime/stream.hpp"

#include "parked.hpp"

namespace polyrpc {

class ActiveCall;
class Loop;

/// The messages of an active call of a streaming kind: between its handler and its session's codec.
class StreamedCall final : public ServerStream {
 public:
  StreamedCall(ActiveCall& call, Loop& loop) noexcept : call_(call), loop_(loop) {}

  // ServerStream
  Awaitable<Result<bool>> receive(MessageSlot into) override;
  Awaitable<Status> send(MessageRef message) override;
  Awaitable<Status> send_headers() override;

  // The session's side, on the loop's thread.

  /// The codec says that there is something to read, or room to write.
  void readable() { reader_.resume(); }
  void writable() { writer_.resume(); }
  /// The call has been answered or its connection is gone: whoever waits is told, later, from the loop.
  void wake_later();
  bool headers_sent() const noexcept { return headers_sent_; }

 private:
  Status why_over() const;
  Status write_headers();

  ActiveCall& call_;
  Loop& loop_;
  Parked reader_;
  Parked writer_;
  bool headers_sent_ = false;
};

}  // namespace polyrpc
