// The client that belongs to an io_context: one thread, mostly one connection, everything in turns. A turn takes what
// has come, runs the handlers of the calls that it ended, and sends what they and others have asked for meanwhile in
// one write, or in a few while there is time to spare.

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/runtime/client_session.hpp"
#include "polyrpc/runtime/loop.hpp"
#include "polyrpc/runtime/transport.hpp"

#include "client_drivers.hpp"
#include "client_onion.hpp"
#include "stream_attempt.hpp"

#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace polyrpc {

namespace {

constexpr std::size_t kept_scratch = 4 << 20;
constexpr std::size_t kept_buffer = 4 << 20;  // while calls are under way; without any, all is given back
constexpr int rounds_in_a_row = 16;           // then others get their turn
// A loop that had nothing to do before a turn, for this part of the time that the last turn took, has time to spare.
// The turn's first so many calls and messages then go out while the others are still being made, and at each multiple
// of them what has come together.
constexpr int spare_part = 8;
constexpr std::size_t first_parts = 8;
constexpr std::size_t more_parts = 4;

class LoopClient;

/// One loop for all clients of an io_context.
class LoopService final : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id;

  explicit LoopService(asio::execution_context& context)
      : asio::execution_context::service(context),
        loop_(std::make_unique<Loop>(static_cast<asio::io_context&>(context))) {}

  Loop& loop() noexcept { return *loop_; }
  /// Begins a turn of any client. Whether there is time to spare.
  bool begin_turn() noexcept {
    turn_began_ = Clock::now();
    return turn_began_ - turn_ended_ > turn_length_ / spare_part;
  }
  void end_turn() noexcept {
    turn_ended_ = Clock::now();
    turn_length_ = turn_ended_ - turn_began_;
  }
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
  Clock::time_point turn_began_{};
  Clock::time_point turn_ended_{};
  Clock::duration turn_length_{};
  std::mutex mutex_;  // guards clients_
  std::vector<LoopClient*> clients_;
};

Status call_cancelled() { return Status::cancelled("polyrpc: the call was cancelled"); }

/// One connection, from its making to its end, and the calls that were sent on it. As an alarm it rings for the wire's
/// upkeep.
struct LoopLink final : ClientLink, ReadyListener, Alarm {
  enum class Phase : std::uint8_t {
    opening,
    ready,
    leaving,  ///< takes no further calls, and lives until those under way have ended
    lost,     ///< without a connection; streaming calls may have something left to read
  };

  LoopLink(LoopClient& owner, std::unique_ptr<Connection> made, std::unique_ptr<ClientSession> made_session)
      : ClientLink(std::move(made_session)), client(owner), connection(std::move(made)) {}

  void ready(Direction direction) override;
  void ring() override;

  LoopClient& client;
  std::unique_ptr<Connection> connection;  // null when lost
  Phase phase = Phase::opening;
  bool readable = false;
  bool waiting_for_read = false;
  bool write_blocked = false;
  std::size_t parts = 0;              // calls and messages since the last flush
  std::size_t send_at = first_parts;  // when there are so many
  ByteQueue input;
  Clock::time_point last_used{};
  std::vector<StreamReference> starved;  // for room in the output
};

/// An operation on a streaming call, done on the loop for a thread that waits.
class StepCall final : public WaitableCall {
 public:
  StepCall(StreamCall& of, StreamOperation& what) : stream(of), operation(what) { deadline = of.deadline; }

  const StreamReference stream;
  StreamOperation& operation;  // the waiting thread's
};

class LoopClient final : public ClientCore, private Alarm {
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
  bool must_not_wait() const noexcept override { return !gone_ && loop_.is_this_thread(); }

  // ---- from any thread ----

  Status call_wire(WaitableCall& asked, const std::stop_token& stop) override {
    // Apart from the caller's stack, so that the caller can leave at its deadline even if the loop does not run.
    WaitableCall& call = *new WaitableCall();
    call.take_terms(asked);
    call.may_vanish = true;
    call.args_stay = true;  // or it has vanished
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
    if (gone_) return;
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

  void perform(StreamCall& stream, StreamOperation& operation) override {
    if (stream.done()) return (void)try_operation(stream, operation, 0);
    StepCall& step = *new StepCall(stream, operation);
    step.retain();  // the loop's
    asio::post(context_, [next = NextStep(shared(), step)]() mutable { next.take(); });
    if (!wait(step, Clock::time_point::max()) && step.abandon()) {
      operation.status = why_not_waited();
      operation.got = false;
    }
    step.release();
  }

  bool attempt(StreamCall& call, StreamOperation& operation) override {
    if (call.done()) return try_operation(call, operation, 0), true;
    if (!gone_ && loop_.is_this_thread()) return try_now(call, operation);
    operation.status = Status::failed_precondition(
        "polyrpc: coroutines can use a streaming call only on the thread of the client's io_context");
    return true;
  }

  void when_ready(StreamCall& call, const StreamOperation& operation, std::unique_ptr<StreamWaiter> waiter) override {
    std::unique_ptr<StreamWaiter>& place = call.waiters[static_cast<std::size_t>(operation.kind)];
    const std::unique_ptr<StreamWaiter> before = std::exchange(place, gone_ ? nullptr : std::move(waiter));
  }

  /// The io_context is being destroyed: nothing more will happen.
  void context_gone() noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (refused_.ok()) refused_ = Status::cancelled("polyrpc: the client's io_context was destroyed");
      closed_.store(true, std::memory_order_release);
      completed_.take(submitted_);
    }
    over_ = true;
    gone_ = true;
    stop_dialing();
    for (const std::unique_ptr<LoopLink>& link : links_) {
      link->session->take_all([this](ClientCall& call) { completed_.push_back(call); });
      link->lost = refused_;
      disconnect(*link);
    }
    completed_.take(waiting_);
    completed_.take(inside_);
    woken_.clear();
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
    // Streaming calls keep what they borrow, so that they can be sent again.
    if (call.kind != CallKind::unary || !loop_.is_this_thread()) return false;
    LoopLink* const link = over_ ? nullptr : ready_link();
    if (link == nullptr && !over_) return false;
    send(call, link);
    return true;
  }

  void enqueue(ClientCall& call) override {
    if (loop_.is_this_thread())
      admit(call);
    else
      submit(call);
  }

  /// A step that is to be taken on the loop. Destroyed untaken, it ends.
  class NextStep final : public StreamWaiter {
   public:
    NextStep(std::shared_ptr<LoopClient> client, StepCall& step) : client_(std::move(client)), step_(&step) {}
    NextStep(NextStep&& other) noexcept
        : client_(std::move(other.client_)), step_(std::exchange(other.step_, nullptr)) {}
    ~NextStep() override {
      if (step_ == nullptr) return;
      Status why = client_->why_not_waited();
      if (step_->enter()) {
        step_->operation.status = std::move(why);
        step_->leave();
      }
      step_->deliver(Deliver::later);
    }
    void take() { client_->step(*std::exchange(step_, nullptr)); }
    void wake(Deliver) override { take(); }

   private:
    std::shared_ptr<LoopClient> client_;
    StepCall* step_;
  };

  void step(StepCall& step) {
    bool done = true;
    if (step.enter()) {
      done = try_now(*step.stream, step.operation);
      step.leave();
    }
    if (done) return step.deliver(Deliver::later);
    when_ready(*step.stream, step.operation, std::make_unique<NextStep>(shared(), step));
  }

  // ---- on the loop's thread ----

  friend struct LoopLink;

  /// Everything that can be done now. Handlers run in here and may do anything, throw and destroy the client included.
  void turn() {
    const std::shared_ptr<LoopClient> self = shared();
    if (depth_ == 0) eager_ = service_.begin_turn();
    ++depth_;
    try {
      take_submitted();
      run_completed();
      for (std::size_t i = 0; i < links_.size(); ++i) serve(*links_[i]);
      if (!waiting_.empty()) send_waiting();
      for (std::size_t i = 0; i < links_.size(); ++i) flush(*links_[i]);
    } catch (...) {
      --depth_;
      schedule_turn();
      throw;
    }
    if (--depth_ > 0) return;
    bool again = !completed_.empty() || !woken_.empty();
    for (std::size_t i = 0; i < links_.size();) {
      LoopLink& link = *links_[i];
      if (is_spent(link)) {
        disconnect(link);
        links_.erase(links_.begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      }
      ++i;
      if (link.connection == nullptr) continue;
      if (link.readable)
        again = true;
      else if (!std::exchange(link.waiting_for_read, true))
        link.connection->wait(Direction::read, link);
      if (link.session->in_flight() == 0) {
        if (link.input.empty()) link.input.release();
        if (link.session->output().empty()) link.session->output().release();
      }
    }
    if (again) schedule_turn();
    service_.end_turn();
  }

  void serve(LoopLink& link) {
    for (int round = 0; round < rounds_in_a_row && link.readable && link.connection != nullptr; ++round) {
      read(link);
      run_completed();
      flush(link);
    }
    if (link.connection == nullptr) return;
    if (!link.session->failure().ok()) return fail(link, link.session->failure());
    if (link.phase != LoopLink::Phase::ready || !link.session->is_leaving()) return;
    log(LogLevel::info, "polyrpc: " + address_ + ": the server takes no more calls on this connection");
    link.phase = LoopLink::Phase::leaving;
    note_state();
  }

  static bool is_spent(const LoopLink& link) noexcept {
    return link.phase != LoopLink::Phase::opening && link.phase != LoopLink::Phase::ready &&
           link.session->in_flight() == 0;
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
    for (;;) {
      if (ClientCall* const call = completed_.pop_front()) {
        call->deliver(Deliver::now);
      } else if (!woken_.empty()) {
        const StreamReference stream = std::move(woken_.front());
        woken_.pop_front();
        stream->woken = false;
        stream->wake(Deliver::now);
      } else {
        return;
      }
    }
  }

  /// Has those told who wait for something to do with the call; in a turn, never in here.
  void wake(StreamCall& stream) {
    if (std::exchange(stream.woken, true)) return;
    woken_.emplace_back(stream);
    schedule_turn();
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

  /// Sends a call that owns its request, or lets it wait for a connection.
  void admit(ClientCall& call) {
    if (std::exchange(call.intercept, false)) return surround(call);
    if (call.behalf != nullptr && call.kind != CallKind::unary)
      static_cast<StreamCall&>(*call.behalf).inner = &static_cast<StreamCall&>(call);
    if (over_) return send(call, nullptr);
    if (LoopLink* const link = ready_link()) return send(call, link);
    if (call.cancel_wanted) return finish(call, call_cancelled());
    call.stage = ClientCall::Stage::waiting;
    waiting_.push_back(call);
    set_alarm(call);
    if (choose() != nullptr)
      schedule_turn();
    else if (may_dial() || (resting_ && !call.wait_for_ready))
      dial();
  }

  bool may_dial() const noexcept { return !dialing_ && !resting_; }

  /// Where a call can be sent now; null if it must wait. A connection that has rested may have been ended by the
  /// server.
  LoopLink* ready_link() {
    if (!waiting_.empty()) return nullptr;
    LoopLink* const link = choose();
    if (link == nullptr || link->session->in_flight() > 0 || Clock::now() - link->last_used < fresh_time) return link;
    read(*link);
    return waiting_.empty() ? choose() : nullptr;
  }

  /// The connection for the next call: of those that take calls the one with the fewest. When all are full and no
  /// further one can be had, the call goes to one of these.
  LoopLink* choose() const noexcept {
    LoopLink* best = nullptr;
    LoopLink* fullest_best = nullptr;
    std::size_t ready = 0;
    for (const std::unique_ptr<LoopLink>& link : links_) {
      if (link->phase != LoopLink::Phase::ready || link->session->is_leaving()) continue;
      ++ready;
      LoopLink*& place = link->session->takes_calls() ? best : fullest_best;
      if (place == nullptr || link->session->in_flight() < place->session->in_flight()) place = link.get();
    }
    if (best != nullptr) return best;
    if (dialing_) return nullptr;
    return ready >= options_.connections || resting_ ? fullest_best : nullptr;
  }

  /// Sends what has been waiting for a connection.
  void send_waiting() {
    while (!waiting_.empty() && !over_) {
      LoopLink* const link = choose();
      if (link == nullptr) {
        if (may_dial()) dial();
        return;
      }
      send(*waiting_.pop_front(), link);
    }
  }

  /// Lets the interceptors have a call.
  void surround(ClientCall& call) {
    if (over_) return finish(call, refused_);
    if (call.cancel_wanted) return finish(call, call_cancelled());
    call.stage = ClientCall::Stage::inside;
    inside_.push_back(call);
    set_alarm(call);
    if (call.kind != CallKind::unary) static_cast<StreamCall&>(call).intercepted = true;
    const std::shared_ptr<ClientOnion> onion = make_onion(shared(), call, context_);
    call.onion = onion;
    onion->start([self = shared(), &call](Status status) {
      self->inside_.remove(call);
      const std::shared_ptr<ClientOnion> ended = std::move(call.onion);
      self->finish(call, call.status.ok() ? std::move(status) : std::move(call.status));
    });
  }

  void send(ClientCall& call, LoopLink* link) {
    if (over_) return finish(call, refused_);
    if (call.cancel_wanted) return finish(call, call_cancelled());
    ClientSession& session = *link->session;
    if (session.output().size() >= options_.limits.unsent_bytes)
      return finish(call, Status::resource_exhausted("polyrpc: too many bytes wait for the server to read them"));
    if (session.in_flight() >= options_.limits.calls_in_flight)
      return finish(call, Status::resource_exhausted("polyrpc: too many calls are under way"));
    if (call.may_vanish && !call.enter()) return finish(call, call_cancelled());
    Status sent = session.send(call);
    if (call.may_vanish) call.leave();
    if (!sent.ok()) {
      finish(call, std::move(sent));
      if (!session.failure().ok()) fail(*link, session.failure());
      return;
    }
    if (call.one_way) return finish(call, {});
    call.link = link;
    set_alarm(call);
    schedule_turn();
    if (session.in_flight() == 1 && session.has_upkeep()) tick(*link);
    count_part(*link);
    if (call.kind != CallKind::unary) wake(static_cast<StreamCall&>(call).front());
  }

  /// One call or message more. While there is time to spare the first ones do not wait for the end of the turn: so the
  /// peer works while the turn goes on, and the two do not wait for each other in turns.
  void count_part(LoopLink& link) {
    if (++link.parts != link.send_at) return;
    link.send_at *= more_parts;
    if (!eager_ || link.connection == nullptr || link.write_blocked) return;
    link.session->complete_output();
    ByteQueue& output = link.session->output();
    if (output.empty()) return;
    const IoResult result = link.connection->write_some(output.readable());
    if (result.state == IoState::done) output.consume(result.bytes);
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
    part_from_front(call);
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
        call.link->session->withdraw(call);
        break;
      case ClientCall::Stage::inside:
        return end_inside(call, std::move(why));
      case ClientCall::Stage::waiting:
        waiting_.remove(call);
        if (waiting_.empty() && resting_) {
          loop_.clear(*this);
          resting_ = false;
          note_state();
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

  // ---- streaming calls ----

  bool try_now(StreamCall& call, StreamOperation& operation) {
    for (;;) {
      StreamCall* const wire = call.wire();
      auto* const link = wire != nullptr ? static_cast<LoopLink*>(wire->link) : nullptr;
      Attempted tried = try_operation(call, operation, link != nullptr ? link->session->output().size() : 0);
      switch (tried.what) {
        case Attempt::done:
          return true;
        case Attempt::sent:
          schedule_turn();
          if (operation.kind == StreamOperation::Kind::write) count_part(*link);
          return true;
        case Attempt::wait:
          return false;
        case Attempt::full:
          link->starved.emplace_back(call);
          return false;
        case Attempt::reply_due:
          (void)receive(*link, link->input);  // the turn sees to a failure
          schedule_turn();
          break;
        case Attempt::over:
          finish(*wire, std::move(tried.why));
          break;
      }
    }
  }

  // ---- connections ----

  void note_state() noexcept {
    ConnectionState state = ConnectionState::idle;
    if (has_ready_link())
      state = ConnectionState::ready;
    else if (dialing_)
      state = ConnectionState::connecting;
    else if (resting_)
      state = ConnectionState::backoff;
    state_.store(state, std::memory_order_release);
  }

  bool has_ready_link() const noexcept {
    return std::any_of(links_.begin(), links_.end(),
                       [](const auto& link) { return link->phase == LoopLink::Phase::ready; });
  }

  void dial() {
    resting_ = false;
    dialing_ = true;
    note_state();
    loop_.clear(*this);
    if (const Clock::time_point now = Clock::now(); options_.connect_timeout < Clock::time_point::max() - now)
      loop_.set(*this, now + std::chrono::duration_cast<Clock::duration>(options_.connect_timeout));
    cancel_dial_ = target_.transport->dial(target_.endpoint, loop_, [self = shared()](auto made) {
      self->cancel_dial_ = nullptr;
      if (self->over_) return;
      if (!made.ok()) {
        self->cannot_connect(std::move(made).status());
        return self->turn();
      }
      self->links_.push_back(std::make_unique<LoopLink>(*self, *std::move(made), self->new_session()));
      self->open(*self->links_.back());
      self->turn();
    });
  }

  /// Goes on with the wire's own opening; afterwards calls can be sent.
  void open(LoopLink& link) {
    const Result<bool> opened = link.session->opened(link.input);
    if (!opened.ok()) return cannot_connect(opened.status());
    if (!*opened) return;
    loop_.clear(*this);
    dialing_ = false;
    failures_ = 0;
    link.last_used = Clock::now();
    link.phase = LoopLink::Phase::ready;
    note_state();
    if (link.session->has_upkeep()) tick(link);
    send_waiting();
  }

  /// Rings for an attempt that takes too long, and at the end of a rest.
  void ring() override {
    if (resting_) {
      resting_ = false;
      note_state();
      if (!waiting_.empty()) dial();
      return;
    }
    cannot_connect(Status::unavailable("polyrpc: connecting to " + address_ + " takes too long"));
    turn();
  }

  void stop_dialing() {
    if (const auto cancel = std::exchange(cancel_dial_, nullptr)) cancel();
    if (!gone_) loop_.clear(*this);
    dialing_ = resting_ = false;
    for (const std::unique_ptr<LoopLink>& link : links_)
      if (link->phase == LoopLink::Phase::opening) disconnect(*link);
    note_state();
  }

  void cannot_connect(Status why) {
    why = unavailable(why);
    log(LogLevel::info, "polyrpc: " + address_ + ": cannot connect: " + why.message());
    stop_dialing();
    ++failures_;
    if (!has_ready_link()) {
      CallList waiting;
      waiting.take(waiting_);
      while (ClientCall* call = waiting.pop_front()) {
        if (call->wait_for_ready)
          waiting_.push_back(*call);
        else
          finish(*call, why);
      }
    }
    if (waiting_.empty()) return;
    resting_ = true;
    note_state();
    loop_.set(*this, Clock::now() + rest_after(failures_));
    schedule_turn();  // full connections are better than none
  }

  /// Ends the connection and the calls that were sent on it.
  void fail(LoopLink& link, Status why) {
    if (link.phase == LoopLink::Phase::lost) return;
    if (link.phase == LoopLink::Phase::opening) return cannot_connect(std::move(why));
    log(link.session->in_flight() > 0 ? LogLevel::warning : LogLevel::info,
        "polyrpc: " + address_ + ": " + why.message());
    link.lost = why;
    link.session->take_finished([&](ClientCall& call) { finish(call, why); },
                                [&](ClientCall& call) { wake(static_cast<StreamCall&>(call).front()); });
    disconnect(link);
    if (!waiting_.empty()) schedule_turn();
  }

  /// The link stays, for what may be left to read, until the end of a turn.
  void disconnect(LoopLink& link) {
    link.phase = LoopLink::Phase::lost;
    if (!gone_) loop_.clear(link);
    note_state();
    link.readable = link.waiting_for_read = link.write_blocked = false;
    const std::vector<StreamReference> starved = std::move(link.starved);
    for (const StreamReference& stream : starved)
      if (!gone_) wake(*stream);
    if (link.connection == nullptr) return;
    link.connection->close();
    // It may be what called us.
    if (!gone_) asio::post(context_, [kept = std::shared_ptr<Connection>(std::move(link.connection))] {});
    link.connection.reset();
    if (!gone_) schedule_turn();
  }

  void tear_down() {
    if (over_) return;
    const std::shared_ptr<LoopClient> self = shared();
    over_ = true;
    take_submitted();
    for (const std::unique_ptr<LoopLink>& link : links_) {
      link->lost = refused_;
      link->session->take_all([this](ClientCall& call) { finish(call, refused_); });
    }
    CallList waiting;
    waiting.take(waiting_);
    while (ClientCall* call = waiting.pop_front()) finish(*call, refused_);
    for (ClientCall* call : inside_.all()) end_inside(*call, refused_);
    stop_dialing();
    for (const std::unique_ptr<LoopLink>& link : links_) disconnect(*link);
    loop_.rest();
  }

  void ready(LoopLink& link, Direction direction) {
    if (direction == Direction::write)
      link.write_blocked = false;
    else
      link.waiting_for_read = false, link.readable = true;
    turn();
  }

  void read(LoopLink& link) {
    // A reply that has come in part stays in a buffer of the link's own; otherwise the loop's is borrowed.
    const bool own = !link.input.empty() || link.phase == LoopLink::Phase::opening;
    ByteQueue& input = own ? link.input : loop_.input();
    const std::span<std::byte> room = input.prepare(own ? (std::max)(read_size, input.size()) : read_size);
    const IoResult result = link.connection->read_some(room);
    switch (result.state) {
      case IoState::would_block:
        link.readable = false;
        return;
      case IoState::closed:
        return fail(link, Status::unavailable("unexpected EOF"));
      case IoState::failed:
        return fail(link, unavailable(link.connection->error()));
      case IoState::done:
        break;
    }
    input.commit(result.bytes);
    link.last_used = Clock::now();
    if (result.bytes < room.size()) link.readable = false;
    if (link.phase == LoopLink::Phase::opening) {
      open(link);
      if (link.phase != LoopLink::Phase::ready || link.input.empty()) return;
    }
    const Status received = receive(link, input);
    if (!own) {
      link.input.append(input.readable());
      input.recycle(kept_scratch);
    } else if (link.input.empty()) {
      link.input.recycle(kept_buffer);
    }
    if (!received.ok()) fail(link, received);
  }

  Status receive(LoopLink& link, ByteQueue& input) {
    Status received = link.session->receive(input, [this](ClientCall& call) {
      switch (call.stage) {
        case ClientCall::Stage::ended:
          loop_.clear(call);
          part_from_front(call);
          completed_.push_back(call);
          return;
        case ClientCall::Stage::waiting:
          waiting_.push_back(call);
          schedule_turn();
          return;
        default:
          wake(static_cast<StreamCall&>(call).front());
      }
    });
    return received;
  }

  void flush(LoopLink& link) {
    if (link.parts > 0) eager_ = false;
    link.parts = 0;
    link.send_at = first_parts;
    if (link.connection == nullptr || link.write_blocked) return;
    link.session->complete_output();
    ByteQueue& output = link.session->output();
    while (!output.empty()) {
      const IoResult result = link.connection->write_some(output.readable());
      switch (result.state) {
        case IoState::done:
          output.consume(result.bytes);
          if (output.empty()) link.session->complete_output();
          break;
        case IoState::would_block:
          link.write_blocked = true;
          link.connection->wait(Direction::write, link);
          return feed(link);
        case IoState::closed:
          return write_failed(link, Status::unavailable("unexpected EOF"));
        case IoState::failed:
          return write_failed(link, unavailable(link.connection->error()));
      }
    }
    output.recycle(kept_buffer);
    if (link.session->take_stirred()) {
      (void)receive(link, link.input);  // the turn sees to a failure
      schedule_turn();
    }
    feed(link);
  }

  /// The peer takes no more; what it sent before that still counts.
  void write_failed(LoopLink& link, const Status& why) {
    if (link.phase == LoopLink::Phase::ready) {
      link.write_blocked = true;
      link.readable = true;
      for (int i = 0; i < last_reads && link.connection != nullptr && link.readable; ++i) read(link);
    }
    if (link.connection != nullptr) fail(link, why);
  }

  /// Streams that had to wait for it may write again.
  void feed(LoopLink& link) {
    if (link.starved.empty() || link.session->output().size() >= most_unsent_of_streams) return;
    const std::vector<StreamReference> starved = std::exchange(link.starved, {});
    for (const StreamReference& stream : starved) wake(*stream);
  }

  void tick(LoopLink& link) {
    if (const Status ticked = link.session->tick(Clock::now()); !ticked.ok()) return fail(link, unavailable(ticked));
    if (link.session->tick_due() != Clock::time_point::max())
      loop_.set(link, link.session->tick_due());
    else
      loop_.clear(link);
    if (!link.session->output().empty()) schedule_turn();
  }

  asio::io_context& context_;
  LoopService& service_;
  Loop& loop_;
  std::atomic<ConnectionState> state_{ConnectionState::idle};
  std::atomic<bool> closed_{false};

  // The loop's thread alone.
  std::vector<std::unique_ptr<LoopLink>> links_;
  std::function<void()> cancel_dial_;
  bool dialing_ = false;   // up to the end of the wire's own opening
  bool resting_ = false;   // after that has failed
  unsigned failures_ = 0;  // in a row
  bool over_ = false;
  std::atomic<bool> gone_{false};  // changes on the loop's thread
  bool eager_ = false;             // there is time to spare in this turn
  bool turn_posted_ = false;
  int depth_ = 0;
  CallList waiting_;    // for the connection
  CallList inside_;     // the interceptors
  CallList completed_;  // their handlers have not run
  std::deque<StreamReference> woken_;

  mutable std::mutex mutex_;  // guards all below; `refused_` does not change once it is set
  CallList submitted_;
  std::vector<ClientCall*> cancels_;
  std::vector<WaitableCall*> blocked_;
  std::condition_variable nobody_;
  bool submitted_posted_ = false;
  Status refused_;
  std::atomic<bool> has_submitted_{false};
};

void LoopLink::ready(Direction direction) { client.ready(*this, direction); }
void LoopLink::ring() { client.tick(*this); }

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
