// Interceptors around a client's calls. The straight road knows nothing of this.

#include "client_onion.hpp"

#include "polyrpc/runtime/async.hpp"
#include "polyrpc/runtime/interceptor.hpp"

#include "stream_wait.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace polyrpc {

namespace {

/// A call as the interceptors see it.
class OnionCall : public InterceptedCall, public CallTarget {
 public:
  OnionCall(ClientCore& core, ClientCall& call) : core_(core), call_(call) {
    context_.set_method(call.method);
    context_.set_peer(core.peer());
    if (call.metadata != nullptr) context_.metadata() = *call.metadata;
    if (call.has_deadline()) context_.set_deadline(call.deadline);
    context_.prepare_stop();
  }

  Context& context() noexcept final { return context_; }
  Side side() const noexcept final { return Side::client; }
  CallKind kind() const noexcept final { return call_.kind; }
  Result<MessageRef> request() final {
    if (streams_requests(call_.kind)) return Status::failed_precondition("polyrpc: the requests of this call stream");
    return call_.args;
  }
  MessageSlot reply() noexcept final { return call_.reply; }

  Awaitable<Status> run() {
    const Next first(core_.interceptors().list, 0, *this);
    Status status = co_await first(*this);
    co_return status;
  }

  /// Has what the interceptors wait for end.
  void give_up() {
    given_up_ = true;
    context_.request_stop();
    signal_.emit(asio::cancellation_type::terminal);
  }
  asio::cancellation_slot slot() noexcept { return signal_.slot(); }

  /// What the caller is told when the interceptors have ended.
  Status settle(std::exception_ptr thrown, Status status) {
    // The headers of a stream have come to the caller with the messages.
    if (call_.headers != nullptr && call_.kind == CallKind::unary) *call_.headers = context_.headers();
    if (call_.trailers != nullptr) *call_.trailers = context_.trailers();
    if (thrown == nullptr) return status;
    if (given_up_) return Status::cancelled("polyrpc: the call was cancelled");  // asio throws out of what is cancelled
    std::string line = "polyrpc: an interceptor of " + std::string(call_.method) + " threw ";
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& failure) {
      line += failure.what();
    } catch (...) {
      line += "something that is no std::exception";
    }
    core_.log(LogLevel::error, line);
    return Status::internal("polyrpc: an interceptor failed");
  }

 protected:
  /// Fills in what goes over the wire, as the interceptors have left it.
  Status prepare(ClientCall& wire) {
    if (std::exchange(performed_, true)) {
      if (call_.kind != CallKind::unary)
        return Status::failed_precondition("polyrpc: an interceptor can make a streaming call only once");
      if (call_.reply.object != nullptr) {
        call_.reply.shape->destroy(call_.reply.object);
        call_.reply.shape->construct(call_.reply.object);
      }
      context_.headers().clear();
      context_.trailers().clear();
    }
    wire.method = context_.method();
    wire.kind = call_.kind;
    wire.args = call_.args;
    wire.args_stay = call_.args_stay;
    wire.reply = call_.reply;
    wire.one_way = call_.one_way;
    wire.wait_for_ready = call_.wait_for_ready;
    wire.send_deadline = call_.send_deadline;
    wire.deadline = call_.deadline;
    if (const auto deadline = context_.deadline(); deadline && *deadline < call_.deadline) {
      wire.deadline = *deadline;
      wire.send_deadline = true;
    }
    if (wire.has_deadline() && wire.deadline <= Clock::now())
      return Status::deadline_exceeded("polyrpc: the deadline has passed");
    if (call_.kind == CallKind::unary) {
      wire.headers = &context_.headers();
      wire.trailers = &context_.trailers();
    }
    if (context_.metadata().empty()) return {};
    wire.metadata = &context_.metadata();
    return core_.check(context_.metadata());
  }

  ClientCore& core_;
  ClientCall& call_;
  Context context_;
  bool performed_ = false;
  bool given_up_ = false;
  asio::cancellation_signal signal_;
};

/// On the thread of the caller, who waits.
class OnionHere final : public OnionCall {
 public:
  OnionHere(ClientCore& core, ClientCall& call, WireStep innermost) : OnionCall(core, call), innermost_(innermost) {}

  Awaitable<Status> perform(InterceptedCall&) override {
    WaitableCall wire;
    Status status = prepare(wire);
    if (status.ok()) status = innermost_(wire);
    co_return status;
  }

 private:
  WireStep innermost_;
};

/// Counts what goes over the wire inside one onion.
struct WireCount {
  std::atomic<std::size_t> started{0};
  std::atomic<std::size_t> ended{0};
  std::condition_variable* wake = nullptr;  // notified with `ended`, by the core
};

/// The wire's part of a call, which resumes a coroutine when it ends.
template <class Handler>
class WireCall final : public ClientCall {
 public:
  WireCall(Handler&& handler, const detail::LoopExecutor& loop, std::shared_ptr<WireCount> count)
      : completion_(std::move(handler), loop), loop_(loop), count_(std::move(count)) {}

  void cancel_by_slot(ClientCore& by) {
    if (auto slot = completion_.slot(); slot.is_connected())
      slot.template emplace<detail::CancelCall>(by.shared_from_this(), *this);
  }

  void deliver(Deliver how) override {
    detail::Completion<void, Handler> completion(std::move(completion_));
    const detail::LoopExecutor loop = loop_;
    Status outcome = std::move(status);
    const std::shared_ptr<WireCount> count = std::move(count_);
    release();
    std::move(completion)(std::move(outcome), how, loop);
    count->ended.fetch_add(1, std::memory_order_release);
    if (count->wake != nullptr) count->wake->notify_all();
  }
  void drop() override {
    { const detail::Completion<void, Handler> unwanted(std::move(completion_)); }
    release();
  }

 private:
  detail::Completion<void, Handler> completion_;
  detail::LoopExecutor loop_;
  std::shared_ptr<WireCount> count_;
};

/// A call's terms and nothing else.
class Terms final : public ClientCall {
 public:
  void deliver(Deliver) override {}
};

/// Starts the wire's part when the coroutine is ready to be resumed.
struct StartWire {
  ClientCore* core;
  asio::io_context* context;
  const Terms* terms;
  ClientCall* behalf;
  std::shared_ptr<WireCount> count;

  template <class Handler>
  void operator()(Handler&& handler) const {
    using Stored = std::decay_t<Handler>;
    auto* const wire = new WireCall<Stored>(Stored(std::forward<Handler>(handler)), context->get_executor(), count);
    wire->take_terms(*terms);
    wire->args_stay = terms->args_stay;
    wire->behalf = behalf;
    wire->cancel_by_slot(*core);
    count->started.fetch_add(1, std::memory_order_relaxed);
    core->start_wire(*wire);
  }
};

/// On a loop. Keeps itself until the coroutine has ended.
class OnionOnLoop final : public ClientOnion, public OnionCall, public std::enable_shared_from_this<OnionOnLoop> {
 public:
  OnionOnLoop(std::shared_ptr<ClientCore> core, ClientCall& call, asio::io_context& context)
      : OnionCall(*core, call), kept_core_(std::move(core)), io_(context) {}

  void cancel() override {
    const auto self = shared_from_this();
    give_up();
  }

  void start(std::function<void(Status)> ended) override {
    asio::co_spawn(io_, run(),
                   asio::bind_cancellation_slot(slot(), [self = shared_from_this(), then = std::move(ended)](
                                                            std::exception_ptr thrown, Status status) {
                     then(self->settle(std::move(thrown), std::move(status)));
                   }));
  }

  Awaitable<Status> perform(InterceptedCall&) override {
    if (call_.kind != CallKind::unary) {
      Status streamed = co_await perform_stream();
      co_return streamed;
    }
    Terms terms;
    Status status = prepare(terms);
    if (status.ok()) {
      StartWire initiation{&core_, &io_, &terms, &call_, count};
      auto token = asio::use_awaitable;
      status = co_await asio::async_initiate<decltype(token), void(Status)>(std::move(initiation), token);
    }
    co_return status;
  }

  const std::shared_ptr<WireCount> count = std::make_shared<WireCount>();

 private:
  /// Ends with the call, and ends it.
  class WireStream {
   public:
    WireStream(ClientCore& core, ClientCall& call) : core_(core), call_(new StreamCall(call.method, call.kind)) {
      call_->behalf = &call;
    }
    WireStream(const WireStream&) = delete;
    WireStream& operator=(const WireStream&) = delete;
    ~WireStream() { core_.abandon(*call_); }
    StreamCall& operator*() const noexcept { return *call_; }

   private:
    ClientCore& core_;
    StreamCall* call_;
  };

  Awaitable<Status> perform_stream() {
    const WireStream stream(core_, call_);
    StreamCall& wire = *stream;
    Status status = prepare(wire);
    if (!status.ok()) co_return status;
    wire.retain();  // the core's
    count->started.fetch_add(1, std::memory_order_relaxed);
    core_.start_wire(wire);
    StreamOperation end(StreamOperation::Kind::outcome);
    std::function<void()> ended = [counted = count] { counted->ended.fetch_add(1, std::memory_order_release); };
    if (core_.attempt(wire, end)) {
      ended();
    } else {
      do {
        WaitForStream wait{&core_, &io_, &wire, &end, ended};
        auto token = asio::use_awaitable;
        status = co_await asio::async_initiate<decltype(token), void(Status)>(std::move(wait), token);
      } while (!core_.attempt(wire, end));
    }
    context_.headers() = wire.received_headers;
    context_.trailers() = wire.received_trailers;
    status = std::move(end.status);
    co_return status;
  }

  const std::shared_ptr<ClientCore> kept_core_;
  asio::io_context& io_;
};

class OnionOfWaiters final : public DrivenOnion {
 public:
  OnionOfWaiters(std::shared_ptr<ClientCore> core, ClientCall& call, std::condition_variable* wake)
      : onion_(std::make_shared<OnionOnLoop>(std::move(core), call, io_)), count_(onion_->count) {
    count_->wake = wake;
  }
  // What is in flight has to come back before its context goes.
  ~OnionOfWaiters() override { onion_->cancel(); }

  void start(std::function<void(Status)> ended) override { onion_->start(std::move(ended)); }
  void cancel() override { onion_->cancel(); }
  void poll() override {
    io_.restart();
    io_.poll();
  }
  void run_until(Clock::time_point until) override {
    io_.restart();
    if (until == Clock::time_point::max())
      io_.run_one();
    else
      io_.run_one_until(until);
  }
  void post_cancel() override {
    asio::post(io_, [onion = onion_] { onion->cancel(); });
    pokes_.fetch_add(1, std::memory_order_release);
  }
  std::size_t events() const noexcept override {
    return count_->ended.load(std::memory_order_acquire) + pokes_.load(std::memory_order_acquire);
  }
  bool on_wire() const noexcept override {
    return count_->started.load(std::memory_order_relaxed) != count_->ended.load(std::memory_order_acquire);
  }

 private:
  asio::io_context io_{1};
  const std::shared_ptr<OnionOnLoop> onion_;
  const std::shared_ptr<WireCount> count_;
  std::atomic<std::size_t> pokes_{0};
};

}  // namespace

Status run_onion(ClientCore& core, ClientCall& call, const std::stop_token& stop, WireStep innermost) {
  asio::io_context io(1);
  OnionHere onion(core, call, innermost);
  asio::steady_timer timer(io);
  std::optional<Status> outcome;
  Status given_up;

  const auto give_up = [&](Status why) {
    if (outcome || !given_up.ok()) return;
    given_up = std::move(why);
    onion.give_up();
  };
  if (call.has_deadline()) {
    timer.expires_at(call.deadline);
    timer.async_wait([&](const asio::error_code& error) {
      if (!error) give_up(Status::deadline_exceeded("polyrpc: the deadline has passed"));
    });
  }
  const auto stopped = [&] {
    onion.context().request_stop();
    asio::post(io, [&] { give_up(Status::cancelled("polyrpc: the call was cancelled")); });
  };
  const std::stop_callback on_stop(stop, stopped);
  asio::co_spawn(io, onion.run(),
                 asio::bind_cancellation_slot(onion.slot(), [&](std::exception_ptr thrown, Status status) {
                   Status settled = onion.settle(std::move(thrown), std::move(status));
                   outcome = given_up.ok() ? std::move(settled) : given_up;
                 }));
  while (!outcome && io.run_one() > 0) continue;
  return outcome ? std::move(*outcome) : Status::internal("polyrpc: an interceptor has never ended");
}

std::shared_ptr<ClientOnion> make_onion(std::shared_ptr<ClientCore> core, ClientCall& call, asio::io_context& context) {
  return std::make_shared<OnionOnLoop>(std::move(core), call, context);
}

std::shared_ptr<DrivenOnion> make_driven_onion(std::shared_ptr<ClientCore> core, ClientCall& call,
                                               std::condition_variable* wake) {
  return std::make_shared<OnionOfWaiters>(std::move(core), call, wake);
}

}  // namespace polyrpc
