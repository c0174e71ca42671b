#pragma once

#include "polyrpc/core/context.hpp"
#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/method.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/core/shape.hpp"
#include "polyrpc/runtime/asio_fwd.hpp"

#include <concepts>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

/// How the functions that users register become handlers: one type-erased object per method, that knows its argument
/// and reply only as shapes. The coroutine forms need `polyrpc/runtime/coroutine.hpp`, the streaming ones
/// `polyrpc/runtime/stream.hpp`.
namespace polyrpc {

class WorkerPool;
template <class T>
class Reader;
template <class T>
class Writer;

/// Where a handler runs.
enum class Road : std::uint8_t {
  plain,      ///< on the connection's thread, at once; must not block
  blocking,   ///< on a worker pool's thread
  coroutine,  ///< on the connection's thread, may suspend
  stream,     ///< the same, with more than one message in at least one direction
};

/// A registered function without its types.
class Handler {
 public:
  Handler(Road road, const Shape& args, const Shape& reply) noexcept : road_(road), args_(args), reply_(reply) {}
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;

  Road road() const noexcept { return road_; }
  const Shape& args() const noexcept { return args_; }
  const Shape& reply() const noexcept { return reply_; }
  virtual CallKind kind() const noexcept { return CallKind::unary; }

  /// Whether the function may move from the arguments, and so can be called only once with them.
  virtual bool consumes_args() const noexcept { return false; }
  /// Runs the function on objects of the shapes above. Not for coroutines and streams.
  virtual Status call(Context& context, void* args, void* reply) const = 0;
  /// The pool to run on; null: the registry's own. Of road `blocking`.
  virtual WorkerPool* pool() const noexcept { return nullptr; }

 private:
  Road road_;
  const Shape& args_;
  const Shape& reply_;
};

/// A handler that `blocking` sends to a worker pool.
template <class F>
struct Blocking {
  F function;
  WorkerPool* pool = nullptr;
};

/// Runs `function` on the registry's worker pool, so that it may block without stopping its connection.
template <class F>
Blocking<std::decay_t<F>> blocking(F&& function) {
  return {std::forward<F>(function), nullptr};
}
/// The same on a pool of your own, which must outlive the server.
template <class F>
Blocking<std::decay_t<F>> blocking(F&& function, WorkerPool& pool) {
  return {std::forward<F>(function), &pool};
}

namespace detail {

template <class... T>
struct TypeList {
  static constexpr std::size_t size = sizeof...(T);
};

template <class F>
struct Signature {
  static constexpr bool known = false;
};
template <class R, class... P>
struct Signature<R(P...)> {
  static constexpr bool known = true;
  using Return = R;
  using Params = TypeList<P...>;
};
template <class R, class... P>
struct Signature<R(P...) noexcept> : Signature<R(P...)> {};
template <class F>
  requires std::is_function_v<std::remove_pointer_t<F>> && std::is_pointer_v<F>
struct Signature<F> : Signature<std::remove_pointer_t<F>> {};
template <class C, class R, class... P>
struct Signature<R (C::*)(P...)> : Signature<R(P...)> {};
template <class C, class R, class... P>
struct Signature<R (C::*)(P...) const> : Signature<R(P...)> {};
template <class C, class R, class... P>
struct Signature<R (C::*)(P...) noexcept> : Signature<R(P...)> {};
template <class C, class R, class... P>
struct Signature<R (C::*)(P...) const noexcept> : Signature<R(P...)> {};
template <class F>
  requires requires { &F::operator(); }
struct Signature<F> : Signature<decltype(&F::operator())> {};

template <class T>
struct StripContext {
  using Rest = T;
  static constexpr bool present = false;
};
template <class... Rest_>
struct StripContext<TypeList<Context&, Rest_...>> {
  using Rest = TypeList<Rest_...>;
  static constexpr bool present = true;
};

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<Result<T>> = true;

template <class T>
struct Unwrapped {
  using Type = T;
  static constexpr bool awaitable = false;
};
template <class T, class Executor>
struct Unwrapped<asio::awaitable<T, Executor>> {
  using Type = T;
  static constexpr bool awaitable = true;
};

template <class T>
inline constexpr bool is_reader = false;
template <class T>
inline constexpr bool is_reader<Reader<T>> = true;
template <class T>
inline constexpr bool is_writer = false;
template <class T>
inline constexpr bool is_writer<Writer<T>> = true;

// What may stand for the argument: by value or by reference to const.
template <class P>
inline constexpr bool is_argument =
    !std::is_reference_v<P> || (std::is_lvalue_reference_v<P> && std::is_const_v<std::remove_reference_t<P>>);
// What may stand for the reply: by reference.
template <class P>
inline constexpr bool is_reply = std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>;

/// What a function's signature says about the method; `valid` only if it is one of the allowed forms.
template <class Return, class Params>
struct Form {
  static constexpr bool valid = false;
};
template <class Return, class P>
  requires(is_argument<P>)
struct Form<Return, TypeList<P>> {
  static constexpr bool valid = true;
  static constexpr bool consumes_args = !std::is_reference_v<P> && !std::is_trivially_copyable_v<P>;
  using Args = std::remove_cvref_t<P>;
  static constexpr bool returns_status = std::is_same_v<Return, Status>;
  static constexpr bool returns_nothing = std::is_void_v<Return>;
  static constexpr bool returns_result = is_result<Return>;
  static constexpr bool reply_parameter = false;
  template <class R>
  struct ReplyOf {
    using Type = R;
  };
  template <class R>
  struct ReplyOf<Result<R>> {
    using Type = R;
  };
  using Reply = typename std::conditional_t<returns_status || returns_nothing, ReplyOf<std::monostate>,
                                            ReplyOf<std::remove_cvref_t<Return>>>::Type;
};
template <class P, class R>
  requires(is_argument<P> && is_reply<R>)
struct Form<Status, TypeList<P, R>> {
  static constexpr bool valid = true;
  static constexpr bool consumes_args = !std::is_reference_v<P> && !std::is_trivially_copyable_v<P>;
  using Args = std::remove_cvref_t<P>;
  using Reply = std::remove_cvref_t<R>;
  static constexpr bool reply_parameter = true;
};

template <class F>
struct HandlerForm {
  static constexpr bool valid = false;
};
template <class F>
  requires(Signature<F>::known)
struct HandlerForm<F> : Form<typename Unwrapped<typename Signature<F>::Return>::Type,
                             typename StripContext<typename Signature<F>::Params>::Rest> {
  using Return = typename Unwrapped<typename Signature<F>::Return>::Type;
  static constexpr bool coroutine = Unwrapped<typename Signature<F>::Return>::awaitable;
  static constexpr bool with_context = StripContext<typename Signature<F>::Params>::present;
};

template <class Form, class F>
decltype(auto) invoke(F& function, Context& context, typename Form::Args& args, typename Form::Reply& reply) {
  if constexpr (Form::reply_parameter) {
    if constexpr (Form::with_context)
      return function(context, std::move(args), reply);
    else
      return function(std::move(args), reply);
  } else {
    (void)reply;
    if constexpr (Form::with_context)
      return function(context, std::move(args));
    else
      return function(std::move(args));
  }
}

/// What the function returned, as a status and, in `reply`, the value.
template <class Form, class Returned>
Status settle(Returned&& returned, typename Form::Reply& reply) {
  using R = std::remove_cvref_t<Returned>;
  if constexpr (std::is_same_v<R, Status>) {
    return std::forward<Returned>(returned);
  } else if constexpr (is_result<R>) {
    if (!returned.ok()) return std::move(returned).status();
    reply = *std::move(returned);
    return {};
  } else {
    reply = std::forward<Returned>(returned);
    return {};
  }
}

template <class F>
class FunctionHandler final : public Handler {
 public:
  using Form = HandlerForm<F>;

  FunctionHandler(F function, Road road, WorkerPool* pool)
      : Handler(road, shape_of<typename Form::Args>(), shape_of<typename Form::Reply>()),
        function_(std::move(function)),
        pool_(pool) {}

  Status call(Context& context, void* args, void* reply) const override {
    auto& typed_args = *static_cast<typename Form::Args*>(args);
    auto& typed_reply = *static_cast<typename Form::Reply*>(reply);
    if constexpr (std::is_void_v<typename Form::Return>) {
      invoke<Form>(function_, context, typed_args, typed_reply);
      return {};
    } else {
      return settle<Form>(invoke<Form>(function_, context, typed_args, typed_reply), typed_reply);
    }
  }
  bool consumes_args() const noexcept override { return Form::consumes_args; }
  WorkerPool* pool() const noexcept override { return pool_; }

 private:
  mutable F function_;
  WorkerPool* pool_;
};

/// Defined for functions that return an awaitable by `polyrpc/runtime/coroutine.hpp`.
template <class F>
struct CoroutineFactory;

template <class F>
concept HasCoroutineFactory = requires { sizeof(CoroutineFactory<F>); };

/// Whether a signature has a reader or a writer.
template <class Params>
inline constexpr bool has_stream = false;
template <class... P>
inline constexpr bool has_stream<TypeList<P...>> =
    ((is_reader<std::remove_cvref_t<P>> || is_writer<std::remove_cvref_t<P>>) || ...);

/// Defined for streaming functions by `polyrpc/runtime/stream.hpp`.
template <class F>
struct StreamFactory;

template <class F>
concept HasStreamFactory = requires { sizeof(StreamFactory<F>); };

/// Whether a function is a streaming handler of that kind with these messages.
template <class F, class Args, class Reply, CallKind kind>
struct StreamsAs {
  static constexpr bool value = false;
};

template <class F>
struct BlockingTraits {
  static constexpr bool is_blocking = false;
  using Function = F;
};
template <class F>
struct BlockingTraits<Blocking<F>> {
  static constexpr bool is_blocking = true;
  using Function = F;
};

template <class F>
constexpr void check_form() {
  static_assert(HandlerForm<F>::valid,
                "polyrpc: this is not a handler; allowed are Reply(const Args&), Result<Reply>(const Args&), "
                "Status(const Args&), "
                "void(const Args&) and Status(const Args&, Reply&), each with or without a leading Context&, as a "
                "plain function or "
                "returning polyrpc::Awaitable of these. Overloaded and generic function objects have no single "
                "signature: wrap them.");
}

template <class F>
constexpr bool is_streaming_function() {
  if constexpr (Signature<F>::known)
    return has_stream<typename Signature<F>::Params>;
  else
    return false;
}

template <class F>
std::unique_ptr<Handler> make_unary_handler(F function) {
  using Traits = BlockingTraits<F>;
  using Function = typename Traits::Function;
  check_form<Function>();
  if constexpr (HandlerForm<Function>::valid) {
    static_assert(std::is_default_constructible_v<typename HandlerForm<Function>::Args>,
                  "polyrpc: a handler's argument type needs a default constructor, to be read into");
    static_assert(
        std::is_default_constructible_v<typename HandlerForm<Function>::Reply>,
        "polyrpc: a handler's reply type needs a default constructor, because the reply is made before the call");
    if constexpr (HandlerForm<Function>::coroutine) {
      static_assert(!Traits::is_blocking, "polyrpc: a coroutine does not block; register it without blocking()");
      static_assert(HasCoroutineFactory<Function>,
                    "polyrpc: to register coroutines include <polyrpc/runtime/coroutine.hpp> first");
      if constexpr (HasCoroutineFactory<Function>) return CoroutineFactory<Function>::make(std::move(function));
    } else if constexpr (Traits::is_blocking) {
      return std::make_unique<FunctionHandler<Function>>(std::move(function.function), Road::blocking, function.pool);
    } else {
      return std::make_unique<FunctionHandler<Function>>(std::move(function), Road::plain, nullptr);
    }
  }
  return nullptr;
}

template <class F>
std::unique_ptr<Handler> make_handler(F function) {
  using Traits = BlockingTraits<F>;
  using Function = typename Traits::Function;
  if constexpr (is_streaming_function<Function>()) {
    static_assert(!Traits::is_blocking, "polyrpc: a streaming handler is a coroutine; register it without blocking()");
    static_assert(HasStreamFactory<Function>,
                  "polyrpc: to register streaming handlers include <polyrpc/runtime/stream.hpp> first");
    if constexpr (HasStreamFactory<Function> && !Traits::is_blocking)
      return StreamFactory<Function>::make(std::move(function));
    else
      return nullptr;
  } else {
    return make_unary_handler(std::move(function));
  }
}

/// A member function with its object, as a plain function object of the same signature.
template <class Object, class Member, class Signature_>
struct Bound;
template <class Object, class Member, class R, class... P>
struct Bound<Object, Member, R(P...)> {
  Object* object;
  Member member;
  R operator()(P... params) const { return (object->*member)(std::forward<P>(params)...); }
};
template <class M>
struct MemberSignature;
template <class C, class R, class... P>
struct MemberSignature<R (C::*)(P...)> {
  using Type = R(P...);
};
template <class C, class R, class... P>
struct MemberSignature<R (C::*)(P...) const> {
  using Type = R(P...);
};
template <class C, class R, class... P>
struct MemberSignature<R (C::*)(P...) noexcept> {
  using Type = R(P...);
};
template <class C, class R, class... P>
struct MemberSignature<R (C::*)(P...) const noexcept> {
  using Type = R(P...);
};

}  // namespace detail
}  // namespace polyrpc
