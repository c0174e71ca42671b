// The road of calls that may suspend: coroutine handlers, and every handler around which interceptors stand.

#include "active_call.hpp"
#include "server_session_impl.hpp"

#include <asio/async_result.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
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
    // The call keeps it, not the worker, who may outlive the io_context.
    auto stored = std::make_shared<Stored>(std::forward<Completion>(completion));
    call->resume = [stored, running = call.get()] { (*stored)(std::move(running->outcome)); };
    try {
      call->submit([running = call] { running->end_from_worker(running->run_handler()); });
    } catch (...) {
      call->end_from_worker(handler_failed(*call->core, call->entry.name));
    }
  }
};

Awaitable<void> onion(std::shared_ptr<ActiveCall> call) {
  const Next first(call->core->interceptors().list, 0, *call);
  Status status;
  try {
    status = co_await first(*call);
  } catch (...) {
    // Once the call has been answered, that is how a cancelled coroutine ends.
    if (!call->answered) status = handler_failed(*call->core, call->entry.name);
  }
  call->cancel_coroutine = nullptr;
  // Here and not in the completion handler, which comes later: what did not suspend is answered with its batch.
  if (call->session != nullptr) call->session->finish(*call, std::move(status));
}

}  // namespace

Awaitable<Status> ActiveCall::perform(InterceptedCall&) {
  if (std::exchange(performed, true)) {
    if (entry.handler->road() == Road::stream)
      co_return Status::failed_precondition("polyrpc: " + entry.name + " streams: it can't be called again");
    if (entry.handler->consumes_args())
      co_return Status::internal("polyrpc: " + entry.name +
                                 " takes its argument by value, which is gone: it can't be called again");
    reply_message = Message(entry.handler->reply());
  }
  detach();
  if (!decoded->ok()) co_return *decoded;
  if (entry.handler->road() == Road::stream) {
    // A stream that is cancelled is told so by its reader and writer, and may have to tell others.
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto& streaming = static_cast<const StreamHandler&>(*entry.handler);
    Status ended = co_await streaming.start(call_context, *stream, args_message.object(), reply_message.object());
    co_return ended;
  }
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
  auto ended = [signal](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);  // no memory to answer with
  };
  asio::co_spawn(loop.context(), onion(call), asio::bind_cancellation_slot(signal->slot(), std::move(ended)));
}

}  // namespace polyrpc
