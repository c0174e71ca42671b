#pragma once

#include "polyrpc/runtime/handler.hpp"

#include <asio/awaitable.hpp>

#include <memory>
#include <type_traits>
#include <utility>

/// The coroutine forms of handlers. Not part of `polyrpc.hpp`, because asio's coroutines take seconds to compile.
namespace polyrpc {

/// What coroutine handlers and interceptors return.
template <class T>
using Awaitable = asio::awaitable<T>;

/// A handler that may suspend, on its connection's `io_context`.
class CoroutineHandler : public Handler {
 public:
  using Handler::Handler;
  Status call(Context&, void*, void*) const final {
    return Status::internal("polyrpc: a coroutine handler was called as a function");
  }
  /// The objects outlive the coroutine.
  virtual Awaitable<Status> start(Context& context, void* args, void* reply) const = 0;
};

namespace detail {

template <class F>
class CoroutineFunctionHandler final : public CoroutineHandler {
 public:
  using Form = HandlerForm<F>;

  explicit CoroutineFunctionHandler(F function)
      : CoroutineHandler(Road::coroutine, shape_of<typename Form::Args>(), shape_of<typename Form::Reply>()),
        function_(std::move(function)) {}

  bool consumes_args() const noexcept override { return Form::consumes_args; }
  Awaitable<Status> start(Context& context, void* args, void* reply) const override {
    auto& typed_args = *static_cast<typename Form::Args*>(args);
    auto& typed_reply = *static_cast<typename Form::Reply*>(reply);
    auto running = invoke<Form>(function_, context, typed_args, typed_reply);
    if constexpr (std::is_void_v<typename Form::Return>) {
      co_await std::move(running);
      co_return Status();
    } else {
      auto returned = co_await std::move(running);
      Status status = settle<Form>(std::move(returned), typed_reply);
      co_return status;
    }
  }

 private:
  mutable F function_;
};

template <class F>
  requires(HandlerForm<F>::coroutine)
struct CoroutineFactory<F> {
  static std::unique_ptr<Handler> make(F function) {
    return std::make_unique<CoroutineFunctionHandler<F>>(std::move(function));
  }
};

}  // namespace detail
}  // namespace polyrpc
