#pragma once

#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/runtime/coroutine.hpp"
#include "polyrpc/runtime/handler.hpp"

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

/// Streaming handlers: coroutines that take a `Reader`, a `Writer` or both.
///
///     Awaitable<Status> list(Context&, const ListRequest&, Writer<User>&);            // server streaming
///     Awaitable<Result<Summary>> create(Context&, Reader<User>&);                     // client streaming
///     Awaitable<Status> chat(Context&, Reader<Note>&, Writer<Note>&);                 // bidirectional
///
/// The context may be left out; a client-streaming handler may return its reply, a `Result` of it, or a `Status` with a
/// `Reply&` behind the reader. Not part of `polyrpc.hpp`, because asio's coroutines take seconds to compile.
namespace polyrpc {

/// The messages of one streaming call on the server's side, without their types.
class ServerStream {
 public:
  /// Reads the next request. False: the client will send no more. An error: the call is over (cancelled, a broken
  /// message); the handler should return it.
  virtual Awaitable<Result<bool>> receive(MessageSlot into) = 0;
  /// Sends a reply, and returns when a further one may be sent. An error: nobody receives it.
  virtual Awaitable<Status> send(MessageRef message) = 0;
  /// Sends `Context::headers` now, before there is a message.
  virtual Awaitable<Status> send_headers() = 0;

 protected:
  ~ServerStream() = default;
};

/// The requests of a streaming call, in order. Lives as long as the handler.
template <class T>
class Reader {
 public:
  explicit Reader(ServerStream& stream) noexcept : stream_(&stream) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Reads the next message. False at the end and after an error; `status` tells which. Fields that a message does not
  /// mention keep the value they have in `into`.
  Awaitable<bool> read(T& into) {
    Result<bool> got = co_await stream_->receive(message_slot(into));
    if (!got.ok()) {
      status_ = got.status();
      co_return false;
    }
    co_return *got;
  }
  /// The next message in an object of its own, or nothing.
  Awaitable<std::optional<T>> next() {
    std::optional<T> message;
    message.emplace();
    const bool got = co_await read(*message);
    if (!got) message.reset();
    co_return message;
  }
  /// Ok while all is well, and at the client's regular end.
  const Status& status() const noexcept { return status_; }

 private:
  ServerStream* stream_;
  Status status_;
};

/// Where the replies of a streaming call go. Lives as long as the handler.
template <class T>
class Writer {
 public:
  explicit Writer(ServerStream& stream) noexcept : stream_(&stream) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Sends a message. Suspends while the client is slow, so that little waits in memory. Not ok: the call is over, and
  /// the handler should return.
  Awaitable<Status> write(const T& message) { return stream_->send(message_ref(message)); }
  /// Sends the context's headers now; otherwise they go with the first message.
  Awaitable<Status> send_headers() { return stream_->send_headers(); }

 private:
  ServerStream* stream_;
};

/// A handler of a streaming kind; `args` and `reply` are the shapes of single messages.
class StreamHandler : public Handler {
 public:
  StreamHandler(CallKind kind, const Shape& args, const Shape& reply) noexcept
      : Handler(Road::stream, args, reply), kind_(kind) {}

  CallKind kind() const noexcept final { return kind_; }
  Status call(Context&, void*, void*) const final {
    return Status::internal("polyrpc: a streaming handler was called as a function");
  }
  /// `args` is the request where there is one, `reply` the place for the reply where there is one; both outlive the
  /// coroutine, as does `stream`.
  virtual Awaitable<Status> start(Context& context, ServerStream& stream, void* args, void* reply) const = 0;

 private:
  CallKind kind_;
};

namespace detail {

template <class T>
struct MessageOf;
template <class T>
struct MessageOf<Reader<T>> {
  using Type = T;
};
template <class T>
struct MessageOf<Writer<T>> {
  using Type = T;
};

/// What a streaming function's signature says; `valid` only if it is one of the allowed forms.
template <class Return, class Params>
struct StreamForm {
  static constexpr bool valid = false;
};
template <class P, class W>
  requires(is_argument<P> && !is_reader<std::remove_cvref_t<P>> && is_reply<W> && is_writer<std::remove_cvref_t<W>>)
struct StreamForm<Status, TypeList<P, W>> {
  static constexpr bool valid = true;
  static constexpr CallKind kind = CallKind::server_streaming;
  static constexpr bool reply_parameter = false;
  using Args = std::remove_cvref_t<P>;
  using Reply = typename MessageOf<std::remove_cvref_t<W>>::Type;
};
template <class R, class W>
  requires(is_reply<R> && is_reader<std::remove_cvref_t<R>> && is_reply<W> && is_writer<std::remove_cvref_t<W>>)
struct StreamForm<Status, TypeList<R, W>> {
  static constexpr bool valid = true;
  static constexpr CallKind kind = CallKind::bidirectional;
  static constexpr bool reply_parameter = false;
  using Args = typename MessageOf<std::remove_cvref_t<R>>::Type;
  using Reply = typename MessageOf<std::remove_cvref_t<W>>::Type;
};
template <class R, class Out>
  requires(is_reply<R> && is_reader<std::remove_cvref_t<R>> && is_reply<Out> && !is_writer<std::remove_cvref_t<Out>>)
struct StreamForm<Status, TypeList<R, Out>> {
  static constexpr bool valid = true;
  static constexpr CallKind kind = CallKind::client_streaming;
  static constexpr bool reply_parameter = true;
  using Args = typename MessageOf<std::remove_cvref_t<R>>::Type;
  using Reply = std::remove_cvref_t<Out>;
};
template <class Return, class R>
  requires(is_reply<R> && is_reader<std::remove_cvref_t<R>>)
struct StreamForm<Return, TypeList<R>> {
  static constexpr bool valid = true;
  static constexpr CallKind kind = CallKind::client_streaming;
  static constexpr bool reply_parameter = false;
  using Args = typename MessageOf<std::remove_cvref_t<R>>::Type;
  template <class T>
  struct ReplyOf {
    using Type = T;
  };
  template <class T>
  struct ReplyOf<Result<T>> {
    using Type = T;
  };
  using Reply = typename std::conditional_t<std::is_same_v<Return, Status> || std::is_void_v<Return>,
                                            ReplyOf<std::monostate>, ReplyOf<std::remove_cvref_t<Return>>>::Type;
};

template <class F>
struct StreamFunctionForm : StreamForm<typename Unwrapped<typename Signature<F>::Return>::Type,
                                       typename StripContext<typename Signature<F>::Params>::Rest> {
  using Return = typename Unwrapped<typename Signature<F>::Return>::Type;
  static constexpr bool coroutine = Unwrapped<typename Signature<F>::Return>::awaitable;
  static constexpr bool with_context = StripContext<typename Signature<F>::Params>::present;
};

template <class F>
class StreamFunctionHandler final : public StreamHandler {
 public:
  using Form = StreamFunctionForm<F>;
  using Args = typename Form::Args;
  using Reply = typename Form::Reply;

  explicit StreamFunctionHandler(F function)
      : StreamHandler(Form::kind, shape_of<Args>(), shape_of<Reply>()), function_(std::move(function)) {}

  Awaitable<Status> start(Context& context, ServerStream& stream, void* args, void* reply) const override {
    if constexpr (Form::kind == CallKind::server_streaming) {
      Writer<Reply> writer(stream);
      auto running = invoke_with(context, std::move(*static_cast<Args*>(args)), writer);
      Status status = co_await std::move(running);
      co_return status;
    } else if constexpr (Form::kind == CallKind::bidirectional) {
      Reader<Args> reader(stream);
      Writer<Reply> writer(stream);
      auto running = invoke_with(context, reader, writer);
      Status status = co_await std::move(running);
      co_return status;
    } else {
      Reader<Args> reader(stream);
      Reply& typed_reply = *static_cast<Reply*>(reply);
      if constexpr (Form::reply_parameter) {
        auto running = invoke_with(context, reader, typed_reply);
        Status status = co_await std::move(running);
        co_return status;
      } else if constexpr (std::is_void_v<typename Form::Return>) {
        auto running = invoke_with(context, reader);
        co_await std::move(running);
        co_return Status();
      } else {
        auto running = invoke_with(context, reader);
        auto returned = co_await std::move(running);
        Status status = settle<Form>(std::move(returned), typed_reply);
        co_return status;
      }
    }
  }

 private:
  template <class... P>
  auto invoke_with(Context& context, P&&... params) const {
    if constexpr (Form::with_context)
      return function_(context, std::forward<P>(params)...);
    else
      return function_(std::forward<P>(params)...);
  }

  mutable F function_;
};

template <class F, class ArgsType, class ReplyType, CallKind kind_of_call>
  requires(StreamFunctionForm<F>::valid)
struct StreamsAs<F, ArgsType, ReplyType, kind_of_call> {
  static constexpr bool value = StreamFunctionForm<F>::kind == kind_of_call &&
                                std::is_same_v<typename StreamFunctionForm<F>::Args, ArgsType> &&
                                std::is_same_v<typename StreamFunctionForm<F>::Reply, ReplyType>;
};

template <class F>
  requires(is_streaming_function<F>())
struct StreamFactory<F> {
  static std::unique_ptr<Handler> make(F function) {
    static_assert(
        StreamFunctionForm<F>::valid && StreamFunctionForm<F>::coroutine,
        "polyrpc: this is not a streaming handler; allowed are Awaitable<Status>(const Args&, Writer<Reply>&), "
        "Awaitable<Reply, Result<Reply> or Status>(Reader<Args>&), Awaitable<Status>(Reader<Args>&, Reply&) and "
        "Awaitable<Status>(Reader<Args>&, Writer<Reply>&), each with or without a leading Context&");
    if constexpr (StreamFunctionForm<F>::valid && StreamFunctionForm<F>::coroutine) {
      static_assert(std::is_default_constructible_v<typename StreamFunctionForm<F>::Args>,
                    "polyrpc: a handler's argument type needs a default constructor, to be read into");
      static_assert(std::is_default_constructible_v<typename StreamFunctionForm<F>::Reply>,
                    "polyrpc: a handler's reply type needs a default constructor");
      return std::make_unique<StreamFunctionHandler<F>>(std::move(function));
    }
    return nullptr;
  }
};

}  // namespace detail
}  // namespace polyrpc
