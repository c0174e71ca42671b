// The road of calls that may suspend: coroutine handlers, and every handler around which interceptors stand.

#include "polyrpc/runtime/worker_pool.hpp"

#include "active_call.hpp"
#include "server_session_impl.hpp"

#include <asio/async_result.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <utility>

namespace polyrpc {

namespace {

/// Runs a blocking handler on its pool and resumes the coroutine with the outcome.
struct RunOnPool {
  std::shared_ptr<ActiveCall> call;

  template <class Completion>
  void operator()(Completion&& completion) {
    using Stored = std::decay_t<Completion>;
    auto stored = std::make_shared<Stored>(std::forward<Completion>(completion));
    const auto executor = asio::get_associated_executor(*stored);
    auto work = std::make_shared<decltype(asio::make_work_guard(executor))>(asio::make_work_guard(executor));
    WorkerPool* pool = call->entry.handler->pool();
    WorkerPool& target = pool != nullptr ? *pool : call->core->registry().pool();
    target.submit([running = call, stored, work, executor] {
      auto result = std::make_shared<Status>(running->run_handler());
      asio::post(executor, [stored, result, work] { (*stored)(std::move(*result)); });
    });
  }
};

Awaitable<Status> onion(std::shared_ptr<ActiveCall> call) {
  const Next first(call->core->interceptors().list, 0, *call);
  Status status = co_await first(*call);
  co_return status;
}

}  // namespace

Awaitable<Status> ActiveCall::perform(InterceptedCall&) {
  if (std::exchange(performed, true)) reply_message = Message(entry.handler->reply());
  const Result<MessageRef> argument = request();
  if (!argument.ok()) co_return argument.status();
  if (entry.handler->road() == Road::plain) co_return run_handler();
  if (entry.handler->road() == Road::blocking) {
    RunOnPool initiation{shared_from_this()};
    auto token = asio::use_awaitable;
    Status status = co_await asio::async_initiate<decltype(token), void(Status)>(std::move(initiation), token);
    co_return status;
  }
  const auto& handler = static_cast<const CoroutineHandler&>(*entry.handler);
  Status status = co_await handler.start(call_context, args_message.object(), reply_message.object());
  co_return status;
}

void run_coroutine(const std::shared_ptr<ActiveCall>& call, Loop& loop) {
  auto signal = std::make_shared<asio::cancellation_signal>();
  call->cancel_coroutine = [signal] { signal->emit(asio::cancellation_type::terminal); };
  auto ended = [call, signal](std::exception_ptr failure, Status status) {
    if (failure && call->answered) {
      // The coroutine was cancelled, and what it waited for threw: that is how it ends.
    } else if (failure) {
      try {
        std::rethrow_exception(failure);
      } catch (...) {
        status = handler_failed(*call->core, call->entry.name);
      }
    }
    call->cancel_coroutine = nullptr;
    if (call->session != nullptr) call->session->finish(*call, std::move(status));
  };
  asio::co_spawn(loop.context(), onion(call), asio::bind_cancellation_slot(signal->slot(), std::move(ended)));
}

}  // namespace polyrpc
