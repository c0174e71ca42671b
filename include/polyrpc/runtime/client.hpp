#pragma once

#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/method.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/runtime/asio_fwd.hpp"
#include "polyrpc/runtime/client_call.hpp"
#include "polyrpc/runtime/client_core.hpp"
#include "polyrpc/runtime/client_options.hpp"
#include "polyrpc/runtime/client_stream.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// The client for blocking calls and Go-like ones. The asynchronous forms are defined in `polyrpc/runtime/async.hpp`,
/// because they bring in asio.
namespace polyrpc {

/// What a call comes to: the reply, or for replies of type `void`, of which nothing is read, a status.
template <class Reply>
using CallResult = std::conditional_t<std::is_void_v<Reply>, Status, Result<Reply>>;

namespace detail {

template <class T>
inline constexpr bool is_c_string =
    (std::is_array_v<T> || std::is_pointer_v<T>)&&std::is_convertible_v<const T&, std::string_view>;

/// An argument and the call that keeps it.
template <class Args>
class OwnedArgs final : public ClientCall::KeptArgs {
 public:
  template <class From>
  explicit OwnedArgs(From&& from) : value(std::forward<From>(from)) {}

  const Args value;
};

/// Starts a call with an argument, which is copied or moved only if the request can't be written at once.
template <class Args>
void start_call(ClientCore& core, ClientCall& call, Args&& args, const CallOptions& options) {
  using Value = std::remove_cvref_t<Args>;
  if constexpr (is_c_string<Value>) {
    start_call(core, call, std::string(args), options);
  } else {
    call.args = message_ref(std::as_const(args));
    if (core.start(call, options)) return;
    auto owned = std::make_unique<OwnedArgs<Value>>(std::forward<Args>(args));
    const MessageRef ref = message_ref(owned->value);
    call.keep(std::move(owned), ref);
    core.start_kept(call);
  }
}

/// Starts a call that has no argument, or not yet.
inline void start_call(ClientCore& core, ClientCall& call, const CallOptions& options) {
  if (core.start(call, options)) return;
  call.keep(nullptr, {});
  core.start_kept(call);
}

/// The call behind a `Pending`, with the place for its reply.
template <class Reply>
class PendingCall final : public WaitableCall {
 public:
  PendingCall() { reply = message_slot(value); }
  CallResult<Reply> take() {
    if (!status.ok()) return std::move(status);
    return std::move(value);
  }

  Reply value{};
};
template <>
class PendingCall<void> final : public WaitableCall {
 public:
  Status take() { return std::move(status); }
};

/// A call that nobody waits for.
class OneWayCall final : public ClientCall {
 public:
  explicit OneWayCall(std::string_view name) {
    method = name;
    one_way = true;
    retain();  // the core's
  }
  /// What is known already; gives up the maker's reference.
  Status settle() {
    Status known = settled_.load(std::memory_order_acquire) ? std::move(status) : Status();
    release();
    return known;
  }
  void deliver(Deliver) override {
    settled_.store(true, std::memory_order_release);
    release();
  }

 private:
  std::atomic<bool> settled_{false};
};

/// The part of a `Pending` that does not depend on its type. Owns a reference.
class PendingHandle {
 public:
  PendingHandle() noexcept = default;
  PendingHandle(std::shared_ptr<ClientCore> core, WaitableCall& call) noexcept : core_(std::move(core)), call_(&call) {}
  PendingHandle(PendingHandle&& other) noexcept
      : core_(std::move(other.core_)), call_(std::exchange(other.call_, nullptr)), taken_(other.taken_) {}
  PendingHandle& operator=(PendingHandle&& other) noexcept;
  ~PendingHandle() { reset(); }

  /// Lets the call go on alone.
  void reset() noexcept;
  bool wait_until(Clock::time_point until);
  void cancel();
  /// Ok when the call has ended and its outcome may be taken, once; else why not.
  Status wait();

  bool valid() const noexcept { return call_ != nullptr && !taken_; }
  ClientCore* core() const noexcept { return core_.get(); }
  WaitableCall* call() const noexcept { return call_; }

 private:
  std::shared_ptr<ClientCore> core_;
  WaitableCall* call_ = nullptr;
  bool taken_ = false;
};

}  // namespace detail

/// A call under way, as `Client::go` returns it. Destroying it lets the call go on; its end is then nobody's business.
/// Used by one thread at a time, except `cancel`.
template <class Reply>
class [[nodiscard]] Pending {
 public:
  Pending() noexcept = default;

  /// Blocks until the call has ended, and takes its outcome; may be called once. On the thread of the client's
  /// `io_context` it returns `failed_precondition` instead, because the call could never end.
  CallResult<Reply> wait() {
    if (Status waited = handle_.wait(); !waited.ok()) return waited;
    return static_cast<detail::PendingCall<Reply>*>(handle_.call())->take();
  }
  /// Blocks until the call has ended or the time is over; returns whether it has ended.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> time) {
    return handle_.wait_until(Clock::now() + std::chrono::duration_cast<Clock::duration>(time));
  }
  bool wait_until(Clock::time_point time) { return handle_.wait_until(time); }
  /// Whether the call has ended. On a client without a loop this looks for replies that have come.
  bool done() { return handle_.wait_until(Clock::time_point()); }
  /// Whether there is an outcome to be waited for.
  bool valid() const noexcept { return handle_.valid(); }
  /// Ends the call with `cancelled`, unless it has ended, and tells the server. From any thread.
  void cancel() { handle_.cancel(); }

  /// The outcome through a completion token, with the signature `void(CallResult<Reply>)`; takes it, like `wait`.
  /// Cancelling the operation cancels the call. In `polyrpc/runtime/async.hpp`.
  template <class Token>
  auto async_wait(Token&& token);

 private:
  friend class Client;
  Pending(std::shared_ptr<ClientCore> core, detail::PendingCall<Reply>& call) noexcept
      : handle_(std::move(core), call) {}

  detail::PendingHandle handle_;
};

/// Calls the methods of a server. Connects with the first call, and again with the first call after the connection has
/// ended. All members may be called from any thread, by any number of threads at once; only the destructor needs them
/// to be done, or to be inside a blocking call, which it ends.
///
/// Without an `io_context` the calls block and do their work on the threads that wait for them; nothing is read, and no
/// deadline noticed, while no thread waits. With one, connection and calls belong to its thread, the one that runs it;
/// blocking calls may be made from other threads.
///
/// Local errors of a call: `unavailable`, the server could not be reached or went away before it answered;
/// `deadline_exceeded`; `cancelled`; `resource_exhausted`, a limit of the client; `unimplemented`, the wire can't carry
/// what was asked. Those of the server have `Origin::remote`.
class Client {
 public:
  /// A client for blocking calls.
  explicit Client(ClientTarget target, ClientOptions options = {});
  /// A client on the caller's `io_context`, which one thread runs and which must outlive the client. While the client
  /// is connected, `io_context::run` does not return; `close` ends that.
  Client(asio::io_context& context, ClientTarget target, ClientOptions options = {});
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  /// Ends what is under way with `cancelled`: blocking calls before it returns, asynchronous ones afterwards, on the
  /// `io_context`'s thread.
  ~Client();

  /// Makes a call and waits for its reply. On the thread of the client's `io_context` it returns `failed_precondition`
  /// instead, because the call could never end.
  template <class Reply, class Args>
  CallResult<Reply> call(std::string_view method, const Args& args, const CallOptions& options = {}) {
    if constexpr (std::is_void_v<Reply>) {
      return call_into(method, args, {}, options);
    } else {
      Reply reply{};
      Status status = call_into(method, args, message_slot(reply), options);
      if (!status.ok()) return status;
      return reply;
    }
  }
  template <class Args, class Reply>
  CallResult<Reply> call(const Method<Args, Reply>& method, const std::type_identity_t<Args>& args,
                         const CallOptions& options = {}) {
    return call<Reply, Args>(method.name, args, options);
  }
  /// net/rpc's shape: decodes into `reply`, where a field that the answer does not mention keeps its value.
  template <class Args, class Reply>
    requires(!std::is_const_v<Reply> && !std::is_same_v<Reply, CallOptions>)
  Status call(std::string_view method, const Args& args, Reply& reply, const CallOptions& options = {}) {
    return call_into(method, args, message_slot(reply), options);
  }
  /// The same for types known only as shapes; a `reply` without an object is not read.
  Status call_message(std::string_view method, MessageRef args, MessageSlot reply, const CallOptions& options = {});

  /// Sends a call that the server does not answer, where the wire knows such calls (`unimplemented` if not). Returns
  /// when the request has been written, on a client with a loop when it has been taken over.
  template <class Args>
  Status notify(std::string_view method, Args&& args, const CallOptions& options = {}) {
    if (core_->context() == nullptr) {
      WaitableCall call;
      call.method = method;
      call.one_way = true;
      if constexpr (detail::is_c_string<std::remove_cvref_t<Args>>) {
        const std::string_view text(args);
        call.args = message_ref(text);
        return core_->call(call, options);
      } else {
        call.args = message_ref(std::as_const(args));
        return core_->call(call, options);
      }
    }
    detail::OneWayCall& call = *new detail::OneWayCall(method);
    detail::start_call(*core_, call, std::forward<Args>(args), options);
    return call.settle();
  }
  template <class Args, class Reply>
  Status notify(const Method<Args, Reply>& method, const std::type_identity_t<Args>& args,
                const CallOptions& options = {}) {
    return notify(method.name, args, options);
  }

  /// Starts a call and returns at once, like Go's `Client.Go`. On a client without a loop it may block to connect.
  template <class Reply, class Args>
  Pending<Reply> go(std::string_view method, Args&& args, const CallOptions& options = {}) {
    auto* const call = new detail::PendingCall<Reply>();
    Pending<Reply> pending(core_, *call);
    call->retain();  // the core's
    call->method = method;
    detail::start_call(*core_, *call, std::forward<Args>(args), options);
    return pending;
  }
  template <class Args, class Reply>
  Pending<Reply> go(const Method<Args, Reply>& method, std::type_identity_t<Args> args,
                    const CallOptions& options = {}) {
    return go<Reply>(method.name, std::move(args), options);
  }

  /// Starts a streaming call. On a client without a loop this may block to connect. What goes wrong shows at the first
  /// read or write, and its reason in `finish`. `ClientOptions::default_timeout` does not count, nor do the places for
  /// metadata in the options; ask the handle.
  template <class Args, class Reply>
  ServerStreamingCall<Reply> open(const Method<Args, Reply, CallKind::server_streaming>& method,
                                  const std::type_identity_t<Args>& args, const CallOptions& options = {}) {
    return open_server_streaming<Reply>(method.name, args, options);
  }
  template <class Args, class Reply>
  ClientStreamingCall<Args, Reply> open(const Method<Args, Reply, CallKind::client_streaming>& method,
                                        const CallOptions& options = {}) {
    return open_client_streaming<Args, Reply>(method.name, options);
  }
  template <class Args, class Reply>
  BidirectionalCall<Args, Reply> open(const Method<Args, Reply, CallKind::bidirectional>& method,
                                      const CallOptions& options = {}) {
    return open_bidirectional<Args, Reply>(method.name, options);
  }
  template <class Reply, class Args>
  ServerStreamingCall<Reply> open_server_streaming(std::string_view method, const Args& args,
                                                   const CallOptions& options = {}) {
    auto* const call = new StreamCall(method, CallKind::server_streaming);
    detail::StreamHandle handle(core_, *call);
    call->retain();  // the core's
    detail::start_call(*core_, *call, args, options);
    return ServerStreamingCall<Reply>(std::move(handle));
  }
  template <class Args, class Reply>
  ClientStreamingCall<Args, Reply> open_client_streaming(std::string_view method, const CallOptions& options = {}) {
    return ClientStreamingCall<Args, Reply>(open_stream(method, CallKind::client_streaming, options));
  }
  template <class Args, class Reply>
  BidirectionalCall<Args, Reply> open_bidirectional(std::string_view method, const CallOptions& options = {}) {
    return BidirectionalCall<Args, Reply>(open_stream(method, CallKind::bidirectional, options));
  }

  /// A call through a completion token, with the signature `void(CallResult<Reply>)`. Needs a client with an
  /// `io_context`. The handler runs on its associated executor, by default the `io_context`. Cancelling the operation
  /// (asio's per-operation cancellation, of any type) cancels the call, which then ends with `cancelled`. A token that
  /// starts later, like `asio::use_awaitable`, takes copies of method, argument and options with it. These are in
  /// `polyrpc/runtime/async.hpp`.
  template <class Reply, class Args, class Token>
  auto async_call(std::string_view method, Args&& args, Token&& token);
  template <class Reply, class Args, class Token>
  auto async_call(std::string_view method, Args&& args, CallOptions options, Token&& token);
  template <class Args, class Reply, class Token>
  auto async_call(const Method<Args, Reply>& method, std::type_identity_t<Args> args, Token&& token);
  template <class Args, class Reply, class Token>
  auto async_call(const Method<Args, Reply>& method, std::type_identity_t<Args> args, CallOptions options,
                  Token&& token);
  /// The same with the argument made here of its fields: `co_await client.async_call_with(multiply, use_awaitable, 6,
  /// 7)` is safe where g++ 12 destroys an `Args{6, 7}` inside the `co_await` expression twice.
  template <class Args, class Reply, class Token, class... Fields>
  auto async_call_with(const Method<Args, Reply>& method, Token&& token, Fields&&... fields);

  /// Ends what is under way with `unavailable` and the text `connection is shut down`, and refuses further calls so.
  /// May be called again.
  void close();
  ConnectionState state() const;

  /// Adds an interceptor around every call, the first one outermost; see `polyrpc/runtime/interceptor.hpp`. Before the
  /// first call.
  template <class Interceptor>
  Client& intercept(Interceptor interceptor) {
    return add_interceptor(*this, std::move(interceptor));
  }
  /// For interceptor.hpp.
  InterceptorList& interceptors();
  const std::shared_ptr<ClientCore>& core() const noexcept { return core_; }

 private:
  detail::StreamHandle open_stream(std::string_view method, CallKind kind, const CallOptions& options);

  template <class Args>
  Status call_into(std::string_view method, const Args& args, MessageSlot reply, const CallOptions& options) {
    if constexpr (detail::is_c_string<Args>) {
      const std::string_view text(args);
      return call_message(method, message_ref(text), reply, options);
    } else {
      return call_message(method, message_ref(args), reply, options);
    }
  }

  const std::shared_ptr<ClientCore> core_;
};

}  // namespace polyrpc
