#pragma once

#include "polyrpc/runtime/client.hpp"

#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/system_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// Calls through asio's completion tokens: callbacks, futures, coroutines. Not part of `polyrpc.hpp`, because asio
/// takes seconds to compile.
namespace polyrpc {

namespace detail {

using LoopExecutor = asio::io_context::executor_type;

/// The end of an asynchronous call: a handler, the executor it runs on, and the slot that cancels it.
template <class Reply, class Handler>
class Completion {
 public:
  using Executor = asio::associated_executor_t<Handler, LoopExecutor>;

  Completion(Handler&& handler, const LoopExecutor& loop)
      : handler_(std::move(handler)), executor_(asio::get_associated_executor(handler_, loop)), work_(executor_) {}

  auto slot() const noexcept { return asio::get_associated_cancellation_slot(handler_); }

  /// Runs the handler, at once if it belongs to the loop and may run now.
  void operator()(CallResult<Reply> result, Deliver how, const LoopExecutor& loop) && {
    if constexpr (runs_on_loop) {
      if (how == Deliver::now && executor_ == loop) {
        run(std::move(handler_), std::move(result));
        return;
      }
    }
    auto job = [handler = std::move(handler_), result = std::move(result)]() mutable {
      run(std::move(handler), std::move(result));
    };
    if (how == Deliver::now)
      asio::dispatch(executor_, std::move(job));
    else
      asio::post(executor_, std::move(job));
  }

 private:
  static constexpr bool runs_on_loop = std::is_same_v<Executor, LoopExecutor>;

  // The slot is touched only where the handler runs, because whoever emits does so there.
  static void run(Handler handler, CallResult<Reply> result) {
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) slot.clear();
    std::move(handler)(std::move(result));
  }

  // The loop has something to do anyway while it has calls; another context might run out of work.
  struct NoWork {
    explicit NoWork(const Executor&) noexcept {}
  };
  using Work = std::conditional_t<runs_on_loop, NoWork, asio::executor_work_guard<Executor>>;

  Handler handler_;
  Executor executor_;
  [[no_unique_address]] Work work_;
};

/// What a cancellation slot calls.
class CancelCall {
 public:
  CancelCall(std::shared_ptr<ClientCore> core, ClientCall& call) : core_(std::move(core)), call_(&call) {
    call_->retain();
  }
  CancelCall(CancelCall&& other) noexcept : core_(std::move(other.core_)), call_(std::exchange(other.call_, nullptr)) {}
  CancelCall& operator=(CancelCall&&) = delete;
  ~CancelCall() {
    if (call_ != nullptr) call_->release();
  }
  void operator()(asio::cancellation_type type) const {
    if (type != asio::cancellation_type::none) core_->cancel(*call_);
  }

 private:
  std::shared_ptr<ClientCore> core_;
  ClientCall* call_;
};

template <class Reply>
struct ReplyValue {
  Reply value{};
  MessageSlot slot() noexcept { return message_slot(value); }
  CallResult<Reply> take(Status status) {
    if (!status.ok()) return status;
    return std::move(value);
  }
};
template <>
struct ReplyValue<void> {
  MessageSlot slot() noexcept { return {}; }
  Status take(Status status) { return status; }
};

/// A call with a handler and the place for its reply, in one piece of the handler's memory.
template <class Reply, class Handler>
class AsyncCall final : public ClientCall {
 public:
  static AsyncCall& make(Handler&& handler, const LoopExecutor& loop) {
    Allocator allocator(asio::get_associated_allocator(handler));
    AsyncCall* const place = std::allocator_traits<Allocator>::allocate(allocator, 1);
    try {
      return *::new (static_cast<void*>(place)) AsyncCall(std::move(handler), loop, allocator);
    } catch (...) {
      std::allocator_traits<Allocator>::deallocate(allocator, place, 1);
      throw;
    }
  }

  void cancel_by_slot(ClientCore& by) {
    if (auto slot = completion_.slot(); slot.is_connected())
      slot.template emplace<CancelCall>(by.shared_from_this(), *this);
  }

  void deliver(Deliver how) override {
    stop_hook.reset();
    Completion<Reply, Handler> completion(std::move(completion_));
    const LoopExecutor loop = loop_;
    CallResult<Reply> result = reply_.take(std::move(status));
    release();  // before the handler runs, so that its next call finds this memory free
    std::move(completion)(std::move(result), how, loop);
  }
  // The handler may own the signal whose slot holds this call.
  void drop() override {
    { const Completion<Reply, Handler> unwanted(std::move(completion_)); }
    release();
  }

 private:
  using Allocator =
      typename std::allocator_traits<asio::associated_allocator_t<Handler>>::template rebind_alloc<AsyncCall>;

  AsyncCall(Handler&& handler, const LoopExecutor& loop, const Allocator& allocator)
      : completion_(std::move(handler), loop), loop_(loop), allocator_(allocator) {
    reply = reply_.slot();
  }

  void destroy() noexcept override {
    Allocator allocator(allocator_);
    this->~AsyncCall();
    std::allocator_traits<Allocator>::deallocate(allocator, this, 1);
  }

  Completion<Reply, Handler> completion_;
  LoopExecutor loop_;
  [[no_unique_address]] Allocator allocator_;
  ReplyValue<Reply> reply_;
};

/// Tells a handler, later, that its call can't be made.
template <class Reply, class Handler>
void refuse(Handler&& handler, Status why) {
  const auto executor = asio::get_associated_executor(handler, asio::system_executor());
  asio::post(executor, [kept = std::forward<Handler>(handler), status = std::move(why)]() mutable {
    std::move(kept)(CallResult<Reply>(std::move(status)));
  });
}

inline Status needs_loop() {
  return Status::failed_precondition(
      "polyrpc: asynchronous calls need a client made with an io_context; without one use call or go");
}

/// No options said: a token that starts later has nothing to copy.
struct DefaultOptions {};

/// Begins a call when the token says so.
template <class Reply>
class StartCall {
 public:
  explicit StartCall(std::shared_ptr<ClientCore> core) : core_(std::move(core)) {}

  template <class Handler, class Name, class Args, class Options>
  void operator()(Handler&& handler, Name&& method, Args&& args, Options&& options) const {
    using Stored = std::decay_t<Handler>;
    asio::io_context* const context = core_->context();
    if (context == nullptr) return refuse<Reply>(Stored(std::forward<Handler>(handler)), needs_loop());
    auto& call = AsyncCall<Reply, Stored>::make(Stored(std::forward<Handler>(handler)), context->get_executor());
    call.method = method;
    call.cancel_by_slot(*core_);
    if constexpr (std::is_same_v<std::decay_t<Options>, DefaultOptions>) {
      static const CallOptions none;
      start_call(*core_, call, std::forward<Args>(args), none);
    } else {
      start_call(*core_, call, std::forward<Args>(args), options);
    }
  }

 private:
  std::shared_ptr<ClientCore> core_;
};

/// Waits for a call that has been started.
template <class Reply>
class AwaitPending {
 public:
  AwaitPending() = default;

  template <class Handler>
  void operator()(Handler&& handler, PendingHandle&& pending) const {
    using Stored = std::decay_t<Handler>;
    if (!pending.valid())
      return refuse<Reply>(Stored(std::forward<Handler>(handler)),
                           Status::failed_precondition("polyrpc: this call's outcome has been taken"));
    asio::io_context* const context = pending.core()->context();
    if (context == nullptr) return refuse<Reply>(Stored(std::forward<Handler>(handler)), needs_loop());

    // Shared, because std::function copies.
    struct State {
      State(Handler&& from, const LoopExecutor& executor, PendingHandle&& call)
          : completion(Stored(std::forward<Handler>(from)), executor), loop(executor), handle(std::move(call)) {}
      Completion<Reply, Stored> completion;
      LoopExecutor loop;
      PendingHandle handle;
    };
    auto state = std::make_shared<State>(std::forward<Handler>(handler), context->get_executor(), std::move(pending));
    auto& call = *static_cast<PendingCall<Reply>*>(state->handle.call());
    if (auto slot = state->completion.slot(); slot.is_connected())
      slot.template emplace<CancelCall>(state->handle.core()->shared_from_this(), call);
    call.when_done([state, &call](Deliver how) {
      CallResult<Reply> result = call.take();
      const LoopExecutor loop = state->loop;
      Completion<Reply, Stored> completion(std::move(state->completion));
      std::move(completion)(std::move(result), how, loop);
    });
  }
};

}  // namespace detail

template <class Reply>
template <class Token>
auto Pending<Reply>::async_wait(Token&& token) {
  return asio::async_initiate<Token, void(CallResult<Reply>)>(detail::AwaitPending<Reply>(), token, std::move(handle_));
}

template <class Reply, class Args, class Token>
auto Client::async_call(std::string_view method, Args&& args, Token&& token) {
  return asio::async_initiate<Token, void(CallResult<Reply>)>(
      detail::StartCall<Reply>(core_), token, std::string(method), std::forward<Args>(args), detail::DefaultOptions());
}

template <class Reply, class Args, class Token>
auto Client::async_call(std::string_view method, Args&& args, CallOptions options, Token&& token) {
  return asio::async_initiate<Token, void(CallResult<Reply>)>(
      detail::StartCall<Reply>(core_), token, std::string(method), std::forward<Args>(args), std::move(options));
}

// The name of a method constant is taken to live as long as the program.
template <class Args, class Reply, class Token>
auto Client::async_call(const Method<Args, Reply>& method, std::type_identity_t<Args> args, Token&& token) {
  return asio::async_initiate<Token, void(CallResult<Reply>)>(
      detail::StartCall<Reply>(core_), token, std::string_view(method.name), std::move(args), detail::DefaultOptions());
}

template <class Args, class Reply, class Token>
auto Client::async_call(const Method<Args, Reply>& method, std::type_identity_t<Args> args, CallOptions options,
                        Token&& token) {
  return asio::async_initiate<Token, void(CallResult<Reply>)>(
      detail::StartCall<Reply>(core_), token, std::string_view(method.name), std::move(args), std::move(options));
}

template <class Args, class Reply, class Token, class... Fields>
auto Client::async_call_with(const Method<Args, Reply>& method, Token&& token, Fields&&... fields) {
  return async_call(method, Args{std::forward<Fields>(fields)...}, std::forward<Token>(token));
}

}  // namespace polyrpc
