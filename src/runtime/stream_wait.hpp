#pragma once

#include "polyrpc/runtime/async.hpp"
#include "polyrpc/runtime/stream_call.hpp"

#include <asio/io_context.hpp>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace polyrpc {

/// A handler that waits for its turn with a streaming call.
template <class Handler>
class HandlerWaits final : public StreamWaiter {
 public:
  HandlerWaits(Handler&& handler, const detail::LoopExecutor& loop, std::function<void()> woken)
      : completion_(std::move(handler), loop), loop_(loop), woken_(std::move(woken)) {}

  void cancel_by_slot(ClientCore& core, StreamCall& call) {
    if (auto slot = completion_.slot(); slot.is_connected())
      slot.template emplace<detail::CancelCall>(core.shared_from_this(), call);
  }

  void wake(Deliver how) override {
    detail::Completion<void, Handler> completion(std::move(completion_));
    const std::function<void()> woken = std::move(woken_);
    std::move(completion)(Status(), how, loop_);
    if (woken) woken();
  }

 private:
  detail::Completion<void, Handler> completion_;
  const detail::LoopExecutor loop_;
  std::function<void()> woken_;
};

/// Begins to wait when the coroutine is ready to be resumed. `woken` is run when it will be.
struct WaitForStream {
  ClientCore* core;
  asio::io_context* context;
  StreamCall* call;
  const StreamOperation* operation;
  std::function<void()> woken;

  template <class Handler>
  void operator()(Handler&& handler) const {
    using Stored = std::decay_t<Handler>;
    auto waits =
        std::make_unique<HandlerWaits<Stored>>(Stored(std::forward<Handler>(handler)), context->get_executor(), woken);
    waits->cancel_by_slot(*core, *call);
    core->when_ready(*call, *operation, std::move(waits));
  }
};

}  // namespace polyrpc
