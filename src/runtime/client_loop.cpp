// The client that belongs to an io_context: one connection, one thread, everything in turns. A turn takes what has
// come, runs the handlers of the calls that it ended, and sends what they and others have asked for meanwhile in one
// write.

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/runtime/client_session.hpp"
#include "polyrpc/runtime/loop.hpp"
#include "polyrpc/runtime/transport.hpp"

#include "client_drivers.hpp"
#include "client_onion.hpp"

#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace polyrpc {

namespace {

constexpr std::size_t read_size = 64 << 10;
constexpr std::size_t kept_scratch = 4 << 20;
constexpr std::size_t kept_buffer = 4 << 20;  // while calls are under way; without any, all is given back
// A connection that has rested for longer is looked at before it is used: the server may have gone meanwhile.
constexpr std::chrono::microseconds fresh_time{100};
constexpr int rounds_in_a_row = 16;  // then others get their turn

class LoopClient;

/// One loop for all clients of an io_context.
class LoopService final : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id;

  explicit LoopService(asio::execution_context& context)
      : asio::execution_context::service(context),
        loop_(std::make_unique<Loop>(static_cast<asio::io_context&>(context))) {}

  Loop& loop() noexcept { return *loop_; }
  void add(LoopClient& client) {
    const std::lock_guard lock(mutex_);
    clients_.push_back(&client);
  }
  void remove(LoopClient& client) {
    const std::lock_guard lock(mutex_);
    std::erase(clients_, &client);
  }

 private:
  void shutdown() noexcept override;

  std::unique_ptr<Loop> loop_;
  std::mutex mutex_;  // guards clients_
  std::vector<LoopClient*> clients_;
};

Status unavailable(const Status& why) {
  return why.code() == StatusCode::unavailable ? why : Status::unavailable(why.message());
}
Status call_cancelled() { return Status::cancelled("polyrpc: the call was cancelled"); }

class LoopClient final : public ClientCore, private ReadyListener, private Alarm {
 public:
  LoopClient(asio::io_context& context, ClientTarget target, ClientOptions options)
      : ClientCore(std::move(target), std::move(options)),
        context_(context),
        service_(asio::use_service<LoopService>(context)),
        loop_(service_.loop()) {
    service_.add(*this);
  }
  ~LoopClient() override {
    if (!gone_) service_.remove(*this);
  }

  asio::io_context* context() noexcept override { return &context_; }
  ConnectionState state() const override {
    if (closed_.load(std::memory_order_acquire)) return ConnectionState::shut_down;
    return state_.load(std::memory_order_acquire);
  }
  bool must_not_wait() const noexcept override { return loop_.is_this_thread(); }

  // ---- from any thread ----

  Status call_wire(WaitableCall& asked, const std::stop_token& stop) override {
    // Apart from the caller's stack, so that the caller can leave at its deadline even if the loop does not run.
    WaitableCall& call = *new WaitableCall();
    call.take_terms(asked);
    call.may_vanish = true;
    if (stop.stop_possible()) watch(call, stop);
    call.retain();  // the core's
    submit(call);
    Status status;
    if (wait(call, Clock::time_point::max()) || !call.abandon()) {
      status = std::move(call.status);
    } else {
      status = why_not_waited();
      cancel(call);
    }
    call.stop_hook.reset();
    call.release();
    return status;
  }

  bool wait(WaitableCall& call, Clock::time_point until) override {
    {
      const std::lock_guard lock(mutex_);
      if (!refused_.ok()) return call.done();
      blocked_.push_back(&call);
    }
    const bool done = call.wait_until((std::min)(until, call.deadline));
    const std::lock_guard lock(mutex_);
    blocked_.erase(std::find(blocked_.begin(), blocked_.end(), &call));
    if (blocked_.empty()) nobody_.notify_all();
    return done || call.done();
  }

  Status why_not_waited() const override {
    const std::lock_guard lock(mutex_);
    return refused_.ok() ? Status::deadline_exceeded("polyrpc: the deadline has passed") : refused_;
  }

  void cancel(ClientCall& call) override {
    if (loop_.is_this_thread()) return withdraw(call, call_cancelled());
    const std::lock_guard lock(mutex_);
    if (!refused_.ok()) return;
    call.retain();
    cancels_.push_back(&call);
    post_submitted();
  }

  void shut_down(Status status) override {
    {
      const std::lock_guard lock(mutex_);
      if (!refused_.ok()) return;
      refused_ = std::move(status);
      closed_.store(true, std::memory_order_release);
      for (WaitableCall* call : blocked_) call->interrupt();
    }
    if (loop_.is_this_thread()) {
      tear_down();
    } else {
      asio::post(context_, [self = shared()] { self->tear_down(); });
    }
  }

  void join() override {
    std::unique_lock lock(mutex_);
    nobody_.wait(lock, [this] { return blocked_.empty(); });
  }

  /// The io_context is being destroyed: nothing more will happen.
  void context_gone() noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (refused_.ok()) refused_ = Status::cancelled("polyrpc: the client's io_context was destroyed");
      closed_.store(true, std::memory_order_release);
      completed_.take(submitted_);
    }
    over_ = gone_ = true;
    disconnect();
    if (session_ != nullptr) session_->take_all([this](ClientCall& call) { completed_.push_back(call); });
    completed_.take(waiting_);
    completed_.take(inside_);
    while (ClientCall* call = completed_.pop_front()) {
      loop_.clear(*call);
      call->status = refused_;
      call->drop();
    }
    for (ClientCall* call : std::exchange(cancels_, {})) call->release();
  }

 private:
  std::shared_ptr<LoopClient> shared() { return std::static_pointer_cast<LoopClient>(shared_from_this()); }

  void submit(ClientCall& call) {
    Status refused;
    {
      const std::lock_guard lock(mutex_);
      if (refused_.ok()) {
        submitted_.push_back(call);
        return post_submitted();
      }
      refused = refused_;
    }
    end(call, std::move(refused), Deliver::later);
  }

  /// With the mutex held.
  void post_submitted() {
    has_submitted_.store(true, std::memory_order_relaxed);
    if (std::exchange(submitted_posted_, true)) return;
    asio::post(context_, [self = shared()] { self->turn(); });
  }

  bool try_start(ClientCall& call) override {
    if (!loop_.is_this_thread()) return false;
    if (!over_ && !can_send()) return false;
    send(call);
    return true;
  }

  void enqueue(ClientCall& call) override {
    if (loop_.is_this_thread())
      admit(call);
    else
      submit(call);
  }

  // ---- on the loop's thread ----

  void ready(Direction direction) override {
    if (direction == Direction::write)
      write_blocked_ = false;
    else
      waiting_for_read_ = false, readable_ = true;
    turn();
  }

  /// Everything that can be done now. Handlers run in here and may do anything, throw and destroy the client included.
  void turn() {
    const std::shared_ptr<LoopClient> self = shared();
    ++depth_;
    try {
      take_submitted();
      run_completed();
      for (int round = 0; round < rounds_in_a_row && readable_ && connection_ != nullptr; ++round) {
        read();
        run_completed();
        flush();
      }
      flush();
    } catch (...) {
      --depth_;
      schedule_turn();
      throw;
    }
    --depth_;
    if (!completed_.empty() || (readable_ && connection_ != nullptr)) schedule_turn();
    if (connection_ == nullptr) return;
    if (!readable_ && !std::exchange(waiting_for_read_, true)) connection_->wait(Direction::read, *this);
    if (session_->in_flight() == 0) {
      if (input_.empty()) input_.release();
      if (session_->output().empty()) session_->output().release();
    }
  }

  /// There will be a turn before the loop goes to sleep.
  void schedule_turn() {
    if (depth_ > 0 || std::exchange(turn_posted_, true)) return;
    asio::post(context_, [self = shared()] {
      self->turn_posted_ = false;
      self->turn();
    });
  }

  void run_completed() {
    while (ClientCall* call = completed_.pop_front()) call->deliver(Deliver::now);
  }

  void take_submitted() {
    if (!has_submitted_.load(std::memory_order_relaxed)) return;
    CallList submitted;
    std::vector<ClientCall*> cancels;
    {
      const std::lock_guard lock(mutex_);
      submitted_posted_ = false;
      has_submitted_.store(false, std::memory_order_relaxed);
      submitted.take(submitted_);
      cancels.swap(cancels_);
    }
    while (ClientCall* call = submitted.pop_front()) admit(*call);
    for (ClientCall* call : cancels) {
      withdraw(*call, call_cancelled());
      call->release();
    }
  }

  /// Sends a call that owns its request, or lets it wait for the connection.
  void admit(ClientCall& call) {
    if (std::exchange(call.intercept, false)) return surround(call);
    if (over_ || can_send()) return send(call);
    if (call.cancel_wanted) return finish(call, call_cancelled());
    call.stage = ClientCall::Stage::waiting;
    waiting_.push_back(call);
    set_alarm(call);
    const ConnectionState state = state_.load(std::memory_order_relaxed);
    if (state == ConnectionState::idle || (state == ConnectionState::backoff && !call.wait_for_ready)) dial();
  }

  /// Whether there is a connection. One that has rested may have been ended by the server.
  bool can_send() {
    if (state_.load(std::memory_order_relaxed) != ConnectionState::ready || !waiting_.empty()) return false;
    if (session_->in_flight() > 0 || Clock::now() - last_used_ < fresh_time) return true;
    read();
    return state_.load(std::memory_order_relaxed) == ConnectionState::ready;
  }

  /// Lets the interceptors have a call.
  void surround(ClientCall& call) {
    if (over_) return finish(call, refused_);
    if (call.cancel_wanted) return finish(call, call_cancelled());
    call.stage = ClientCall::Stage::inside;
    inside_.push_back(call);
    set_alarm(call);
    const std::shared_ptr<ClientOnion> onion = make_onion(shared(), call, context_);
    call.onion = onion;
    onion->start([self = shared(), &call](Status status) {
      self->inside_.remove(call);
      const std::shared_ptr<ClientOnion> ended = std::move(call.onion);
      self->finish(call, call.status.ok() ? std::move(status) : std::move(call.status));
    });
  }

  void send(ClientCall& call) {
    if (over_) return finish(call, refused_);
    if (call.cancel_wanted) return finish(call, call_cancelled());
    if (session_->output().size() >= options_.limits.unsent_bytes)
      return finish(call, Status::resource_exhausted("polyrpc: too many bytes wait for the server to read them"));
    if (session_->in_flight() >= options_.limits.calls_in_flight)
      return finish(call, Status::resource_exhausted("polyrpc: too many calls are under way"));
    if (call.may_vanish && !call.enter()) return finish(call, call_cancelled());
    Status sent = session_->send(call);
    if (call.may_vanish) call.leave();
    if (!sent.ok()) {
      finish(call, std::move(sent));
      if (!session_->failure().ok()) fail(session_->failure());
      return;
    }
    if (call.one_way) return finish(call, {});
    set_alarm(call);
    schedule_turn();
  }

  void set_alarm(ClientCall& call) {
    if (!call.has_deadline() || call.is_set()) return;
    call.core = this;
    loop_.set(call, call.deadline);
  }

  /// Ends a call; its handler runs in a turn, never in here.
  void finish(ClientCall& call, Status status) {
    loop_.clear(call);
    if (over_) loop_.rest();
    call.stage = ClientCall::Stage::ended;
    call.status = std::move(status);
    completed_.push_back(call);
    schedule_turn();
  }

  void withdraw(ClientCall& call, Status why) {
    switch (call.stage) {
      case ClientCall::Stage::fresh:
        call.cancel_wanted = true;
        return;
      case ClientCall::Stage::ended:
        return;
      case ClientCall::Stage::sent:
        session_->withdraw(call);
        break;
      case ClientCall::Stage::inside:
        return end_inside(call, std::move(why));
      case ClientCall::Stage::waiting:
        waiting_.remove(call);
        if (waiting_.empty() && state_.load(std::memory_order_relaxed) == ConnectionState::backoff) {
          loop_.clear(*this);
          set_state(ConnectionState::idle);
        }
        break;
    }
    finish(call, std::move(why));
  }

  void end_inside(ClientCall& call, Status why) {
    if (call.status.ok()) call.status = std::move(why);
    if (const std::shared_ptr<ClientOnion> onion = call.onion) onion->cancel();
  }

  void expired(ClientCall& call) override {
    withdraw(call, Status::deadline_exceeded("polyrpc: the deadline has passed"));
  }

  // ---- the connection ----

  void set_state(ConnectionState state) noexcept { state_.store(state, std::memory_order_release); }

  void dial() {
    set_state(ConnectionState::connecting);
    if (const Clock::time_point now = Clock::now(); options_.connect_timeout < Clock::time_point::max() - now)
      loop_.set(*this, now + std::chrono::duration_cast<Clock::duration>(options_.connect_timeout));
    cancel_dial_ = target_.transport->dial(target_.endpoint, loop_, [self = shared()](auto made) {
      self->cancel_dial_ = nullptr;
      if (self->over_) return;
      if (!made.ok()) {
        self->cannot_connect(std::move(made).status());
        return self->turn();
      }
      self->connection_ = *std::move(made);
      self->session_ = self->new_session();
      self->open();
      self->turn();
    });
  }

  /// Goes on with the wire's own opening; afterwards calls can be sent.
  void open() {
    const Result<bool> opened = session_->opened(input_);
    if (!opened.ok()) return cannot_connect(opened.status());
    if (!*opened) return;
    loop_.clear(*this);
    failures_ = 0;
    last_used_ = Clock::now();
    set_state(ConnectionState::ready);
    while (state_.load(std::memory_order_relaxed) == ConnectionState::ready && !waiting_.empty())
      send(*waiting_.pop_front());
  }

  /// Rings for an attempt that takes too long, and at the end of a rest.
  void ring() override {
    if (state_.load(std::memory_order_relaxed) == ConnectionState::backoff) return dial();
    cannot_connect(Status::unavailable("polyrpc: connecting to " + address_ + " takes too long"));
  }

  void cannot_connect(Status why) {
    why = unavailable(why);
    log(LogLevel::info, "polyrpc: " + address_ + ": cannot connect: " + why.message());
    disconnect();
    ++failures_;
    CallList waiting;
    waiting.take(waiting_);
    while (ClientCall* call = waiting.pop_front()) {
      if (call->wait_for_ready)
        waiting_.push_back(*call);
      else
        finish(*call, why);
    }
    if (waiting_.empty()) return;
    set_state(ConnectionState::backoff);
    loop_.set(*this, Clock::now() + rest_after(failures_));
  }

  /// Ends the connection and the calls that were sent on it.
  void fail(Status why) {
    if (state_.load(std::memory_order_relaxed) == ConnectionState::connecting) return cannot_connect(std::move(why));
    log(session_->in_flight() > 0 ? LogLevel::warning : LogLevel::info, "polyrpc: " + address_ + ": " + why.message());
    end_sent(why);
    disconnect();
    if (!waiting_.empty()) dial();
  }

  void end_sent(const Status& why) {
    if (session_ != nullptr) session_->take_all([&](ClientCall& call) { finish(call, why); });
  }

  void disconnect() {
    if (const auto cancel = std::exchange(cancel_dial_, nullptr)) cancel();
    if (!gone_) loop_.clear(*this);
    set_state(ConnectionState::idle);
    readable_ = waiting_for_read_ = write_blocked_ = false;
    input_.release();
    if (connection_ == nullptr) return;
    connection_->close();
    // It may be what called us.
    if (!gone_) asio::post(context_, [kept = std::shared_ptr<Connection>(std::move(connection_))] {});
    connection_.reset();
  }

  void tear_down() {
    if (over_) return;
    const std::shared_ptr<LoopClient> self = shared();
    over_ = true;
    take_submitted();
    end_sent(refused_);
    CallList waiting;
    waiting.take(waiting_);
    while (ClientCall* call = waiting.pop_front()) finish(*call, refused_);
    for (ClientCall* call : inside_.all()) end_inside(*call, refused_);
    disconnect();
    loop_.rest();
  }

  void read() {
    // A reply that has come in part stays in a buffer of the client's own; otherwise the loop's is borrowed.
    const bool own = !input_.empty() || state_.load(std::memory_order_relaxed) == ConnectionState::connecting;
    ByteQueue& input = own ? input_ : loop_.input();
    const std::span<std::byte> room = input.prepare(own ? (std::max)(read_size, input.size()) : read_size);
    const IoResult result = connection_->read_some(room);
    switch (result.state) {
      case IoState::would_block:
        readable_ = false;
        return;
      case IoState::closed:
        return fail(Status::unavailable("unexpected EOF"));
      case IoState::failed:
        return fail(unavailable(connection_->error()));
      case IoState::done:
        break;
    }
    input.commit(result.bytes);
    last_used_ = Clock::now();
    if (result.bytes < room.size()) readable_ = false;
    if (state_.load(std::memory_order_relaxed) == ConnectionState::connecting) {
      open();
      if (state_.load(std::memory_order_relaxed) != ConnectionState::ready || input_.empty()) return;
    }
    const Status received = session_->receive(input, [this](ClientCall& call) {
      loop_.clear(call);
      completed_.push_back(call);
    });
    if (!own) {
      input_.append(input.readable());
      input.recycle(kept_scratch);
    } else if (input_.empty()) {
      input_.recycle(kept_buffer);
    }
    if (!received.ok()) fail(received);
  }

  void flush() {
    if (connection_ == nullptr || write_blocked_) return;
    ByteQueue& output = session_->output();
    while (!output.empty()) {
      const IoResult result = connection_->write_some(output.readable());
      switch (result.state) {
        case IoState::done:
          output.consume(result.bytes);
          break;
        case IoState::would_block:
          write_blocked_ = true;
          return connection_->wait(Direction::write, *this);
        case IoState::closed:
          return fail(Status::unavailable("unexpected EOF"));
        case IoState::failed:
          return fail(unavailable(connection_->error()));
      }
    }
    output.recycle(kept_buffer);
  }

  asio::io_context& context_;
  LoopService& service_;
  Loop& loop_;
  std::atomic<ConnectionState> state_{ConnectionState::idle};
  std::atomic<bool> closed_{false};

  // The loop's thread alone.
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<ClientSession> session_;
  ByteQueue input_;
  std::function<void()> cancel_dial_;
  Clock::time_point last_used_{};
  unsigned failures_ = 0;  // in a row
  bool over_ = false;
  bool gone_ = false;
  bool readable_ = false;
  bool waiting_for_read_ = false;
  bool write_blocked_ = false;
  bool turn_posted_ = false;
  int depth_ = 0;
  CallList waiting_;    // for the connection
  CallList inside_;     // the interceptors
  CallList completed_;  // their handlers have not run

  mutable std::mutex mutex_;  // guards all below; `refused_` does not change once it is set
  CallList submitted_;
  std::vector<ClientCall*> cancels_;
  std::vector<WaitableCall*> blocked_;
  std::condition_variable nobody_;
  bool submitted_posted_ = false;
  Status refused_;
  std::atomic<bool> has_submitted_{false};
};

void LoopService::shutdown() noexcept {
  std::vector<LoopClient*> clients;
  {
    const std::lock_guard lock(mutex_);
    clients.swap(clients_);
  }
  for (LoopClient* client : clients) client->context_gone();
  loop_.reset();
}

}  // namespace

std::shared_ptr<ClientCore> make_loop_client(asio::io_context& context, ClientTarget target, ClientOptions options) {
  return std::make_shared<LoopClient>(context, std::move(target), std::move(options));
}

}  // namespace polyrpc
