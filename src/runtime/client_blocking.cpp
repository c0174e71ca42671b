// The client for plain threads: whoever waits for a reply does the work. One of the waiting threads, the leader, reads
// and hands out what has come; the others sleep until their reply is there or the leader goes and one of them takes
// over. Whoever has a request writes it, unless somebody is writing, who then sends it along. Messages of streams that
// follow each other quickly are held for each other; a thread that sleeps otherwise sends what their writer leaves.

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/runtime/client_session.hpp"
#include "polyrpc/runtime/transport.hpp"

#include "client_drivers.hpp"
#include "client_onion.hpp"
#include "stream_attempt.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace polyrpc {

namespace {

using Lock = std::unique_lock<std::mutex>;

constexpr std::size_t kept_input = 4 << 20;  // so that a caller of large messages does not fetch new memory each time
constexpr std::size_t kept_output = 4 << 20;
// Messages that are written sooner after each other than this are held, from the third on: for so long at most, or
// until there are so many bytes.
constexpr std::chrono::microseconds quick_time{200};
constexpr std::chrono::microseconds held_time{100};
constexpr std::size_t held_bytes = 16 << 10;
constexpr unsigned quick_writes_at_first = 2;

std::optional<Clock::time_point> optional_time(Clock::time_point time) {
  if (time == Clock::time_point::max()) return std::nullopt;
  return time;
}

/// One connection, from its making to its end. Threads that read or write hold it while they do not hold the mutex.
struct BlockingLink final : ClientLink, std::enable_shared_from_this<BlockingLink> {
  BlockingLink(std::unique_ptr<Connection> made, std::unique_ptr<ClientSession> made_session)
      : ClientLink(std::move(made_session)), connection(std::move(made)) {}
  ~BlockingLink() { connection->close(); }

  bool has_unsent() noexcept {
    if (writing.empty()) session->complete_output();
    return !writing.empty() || !session->output().empty();
  }
  std::size_t unsent() const noexcept { return writing.size() + session->output().size(); }
  /// Of bytes, written or not.
  std::uint64_t total() const noexcept { return written + unsent(); }
  void wake_followers() {
    for (std::condition_variable* follower : followers) follower->notify_all();
  }

  const std::unique_ptr<Connection> connection;
  ByteQueue input;    // the leader's alone
  ByteQueue writing;  // while `write_busy`: the writer's alone
  bool leading = false;
  bool write_busy = false;
  bool write_blocked = false;  // the peer must read first
  bool look_again = false;     // the leader is to receive even if nothing comes
  bool leaving = false;        // takes no further calls
  bool over = false;
  bool holds = false;         // messages that nobody is about to send
  unsigned quick_writes = 0;  // in a row
  Clock::time_point last_write{};
  std::uint64_t written = 0;     // bytes
  std::size_t want_written = 0;  // threads that wait for it to grow
  Clock::time_point last_used = Clock::now();
  std::vector<std::condition_variable*> followers;
};

}  // namespace

class BlockingClient final : public ClientCore {
 public:
  BlockingClient(ClientTarget target, ClientOptions options) : ClientCore(std::move(target), std::move(options)) {}
  ~BlockingClient() override {
    shut_down(Status::cancelled("polyrpc: the client was destroyed"));
    if (sender_.joinable()) sender_.join();
  }

  asio::io_context* context() noexcept override { return nullptr; }

  ConnectionState state() const override {
    const std::lock_guard lock(mutex_);
    if (!shut_down_.ok()) return ConnectionState::shut_down;
    if (std::any_of(links_.begin(), links_.end(), [](const auto& link) { return is_usable(*link); }))
      return ConnectionState::ready;
    if (dialing_ != nullptr) return ConnectionState::connecting;
    return resting_ > 0 ? ConnectionState::backoff : ConnectionState::idle;
  }

  Status call_wire(WaitableCall& call, const std::stop_token& stop) override {
    if (stop.stop_possible()) watch(call, stop);
    {
      Lock lock(mutex_);
      const Presence here(*this, lock);
      call.retain();
      call.args_stay = true;
      begin(lock, call, Room::wait);
      wait_here(lock, call, Clock::time_point::max());
    }
    call.stop_hook.reset();
    return std::move(call.status);
  }

  bool wait(WaitableCall& call, Clock::time_point until) override {
    Lock lock(mutex_);
    const Presence here(*this, lock);
    return wait_here(lock, call, until);
  }

  bool must_not_wait() const noexcept override { return false; }

  void cancel(ClientCall& call) override {
    Lock lock(mutex_);
    const Presence here(*this, lock);
    if (call.stage == ClientCall::Stage::ended) return;
    call.cancel_wanted = true;
    Status why = Status::cancelled("polyrpc: the call was cancelled");
    if (call.stage == ClientCall::Stage::sent) {
      withdraw(lock, call, std::move(why));
    } else if (call.stage == ClientCall::Stage::inside) {
      if (call.status.ok()) call.status = std::move(why);
      static_cast<DrivenOnion&>(*call.onion).post_cancel();
      if (call.kind == CallKind::unary)
        static_cast<WaitableCall&>(call).changed.notify_all();
      else
        static_cast<StreamCall&>(call).wake(Deliver::later);
      for (const std::shared_ptr<BlockingLink>& link : links_)
        if (link->leading) link->connection->interrupt();
    } else {
      wake_waiting();
      if (dialing_ == &call) give_up_dialing();
    }
  }

  void forget(ClientCall& call) override {
    if (call.onion == nullptr || call.stage == ClientCall::Stage::ended) return;
    call.onion.reset();
    const Lock lock(mutex_);
    if (call.stage != ClientCall::Stage::ended)
      end(call, Status::cancelled("polyrpc: nobody waits for the call"), Deliver::later);
  }

  void abandon(StreamCall& call) override {
    if (!call.done()) call.intercepted ? forget(call) : cancel(call);
    call.release();
  }

  void perform(StreamCall& call, StreamOperation& operation) override {
    Lock lock(mutex_);
    const Presence here(*this, lock);
    std::optional<std::condition_variable> changed;  // most operations need not wait
    for (;;) {
      const std::uint64_t seen = call.changes;
      bool full = false;
      if (try_now(lock, call, operation, full)) return;
      if (see_to_end(lock, call)) continue;
      if (!changed) changed.emplace();
      wait_for_change(lock, call, *changed, seen, full);
    }
  }

  bool attempt(StreamCall& call, StreamOperation& operation) override {
    Lock lock(mutex_);
    bool full = false;
    return try_now(lock, call, operation, full);
  }

  void when_ready(StreamCall& call, const StreamOperation& operation, std::unique_ptr<StreamWaiter> waiter) override {
    const Lock lock(mutex_);
    if (call.stage == ClientCall::Stage::ended) return waiter->wake(Deliver::later);
    call.waiters[static_cast<std::size_t>(operation.kind)] = std::move(waiter);
  }

  void shut_down(Status status) override {
    const Lock lock(mutex_);
    if (!shut_down_.ok()) return;
    shut_down_ = std::move(status);
    const std::vector<std::shared_ptr<BlockingLink>> links = links_;
    for (const std::shared_ptr<BlockingLink>& link : links) fail(*link, shut_down_);
    wake_waiting();
    sender_wanted_.notify_all();
    if (dialing_ != nullptr) give_up_dialing();
  }

  void join() override {
    Lock lock(mutex_);
    nobody_.wait(lock, [this] { return present_ == 0; });
  }

 private:
  enum class Room : bool { wait, refuse };

  /// A thread that is inside this object.
  class Presence {
   public:
    Presence(BlockingClient& client, Lock& lock) : client_(client), lock_(lock) { ++client_.present_; }
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;
    ~Presence() {
      if (!lock_.owns_lock()) lock_.lock();
      if (--client_.present_ == 0) client_.nobody_.notify_all();
    }

   private:
    BlockingClient& client_;
    Lock& lock_;
  };

  bool try_start(ClientCall& call) override {
    // Streaming calls keep what they borrow, so that they can be sent again.
    if (call.kind != CallKind::unary) return false;
    Lock lock(mutex_);
    const Presence here(*this, lock);
    begin(lock, call, Room::refuse);
    return true;
  }

  void enqueue(ClientCall& call) override {
    if (std::exchange(call.intercept, false)) return surround(call);
    Lock lock(mutex_);
    const Presence here(*this, lock);
    call.retain();
    if (call.behalf != nullptr && call.kind != CallKind::unary)
      static_cast<StreamCall&>(*call.behalf).inner = &static_cast<StreamCall&>(call);
    begin(lock, call, Room::refuse);
    if (call.stage != ClientCall::Stage::ended && call.behalf != nullptr) {
      call.listed = true;
      inner_.push_back(call);
    }
    call.release();
  }

  /// Lets the interceptors have a call that nobody waits for yet: they run until they wait for something.
  void surround(ClientCall& call) {
    std::condition_variable* wake = nullptr;
    if (call.kind == CallKind::unary)
      wake = &static_cast<WaitableCall&>(call).changed;
    else
      static_cast<StreamCall&>(call).intercepted = true;
    const auto onion = make_driven_onion(shared_from_this(), call, wake);
    call.stage = ClientCall::Stage::inside;
    call.onion = onion;
    onion->start([this, &call](Status status) {
      const Lock lock(mutex_);
      end(call, call.status.ok() ? std::move(status) : std::move(call.status), Deliver::later);
    });
    onion->poll();
  }

  void expired(ClientCall&) override {}

  /// Connects if need be and sends the request, or ends the call.
  void begin(Lock& lock, ClientCall& call, Room room) {
    call.stage = ClientCall::Stage::waiting;
    Result<std::shared_ptr<BlockingLink>> found = ready_link(lock, call);
    if (!found.ok()) return end_unsent(call, std::move(found).status());
    const std::shared_ptr<BlockingLink> link = *std::move(found);
    ClientSession& session = *link->session;
    const Limits& limits = options_.limits;
    if (link->unsent() >= limits.unsent_bytes && room == Room::wait) {
      Status waited = drain(lock, *link, call, link->total() - limits.unsent_bytes + 1);
      if (!waited.ok()) return end_unsent(call, std::move(waited));
    }
    if (link->unsent() >= limits.unsent_bytes)
      return end_unsent(call, Status::resource_exhausted("polyrpc: too many bytes wait for the server to read them"));
    if (session.in_flight() >= limits.calls_in_flight)
      return end_unsent(call, Status::resource_exhausted("polyrpc: too many calls are under way"));
    Status sent = session.send(call);
    if (!sent.ok()) {
      end_unsent(call, std::move(sent));
      if (!session.failure().ok()) fail(*link, session.failure());
      return;
    }
    const bool one_way = call.one_way;
    if (!one_way) call.link = link.get();
    if (call.kind != CallKind::unary) static_cast<StreamCall&>(call).front().wake(Deliver::later);
    if (session.in_flight() == 1 && session.has_upkeep()) tick(*link);
    const std::uint64_t own_end = link->total();
    flush(lock, *link);  // from here on the call may have ended, and with it the stack it is on
    if (one_way) end_unsent(call, drain(lock, *link, call, own_end));
  }

  /// Ends a call that is in no session's table.
  void end_unsent(ClientCall& call, Status status) {
    if (std::exchange(call.listed, false)) inner_.remove(call);
    const bool again = call.sent_again > 0;
    StreamCall* const front =
        call.behalf != nullptr && call.kind != CallKind::unary ? &static_cast<StreamCall&>(call).front() : nullptr;
    part_from_front(call);
    end(call, std::move(status), Deliver::later);
    if (front != nullptr) front->wake(Deliver::later);
    if (again) changed_.notify_all();
  }

  /// Sends the calls that a server has left to another connection.
  void send_again(Lock& lock) {
    while (!again_.empty()) {
      ClientCall& call = *again_.front();
      again_.erase(again_.begin());
      begin(lock, call, Room::refuse);
      changed_.notify_all();
    }
  }

  /// Waits until so many bytes of the link have been written.
  Status drain(Lock& lock, BlockingLink& link, const ClientCall& call, std::uint64_t target) {
    std::condition_variable changed;
    ++link.want_written;
    drive(lock, link, changed, call.deadline, [&] { return call.cancel_wanted || link.written >= target; });
    --link.want_written;
    if (link.written >= target) return {};
    if (link.over) return shut_down_.ok() ? Status::unavailable("unexpected EOF") : shut_down_;
    Status status = still_wanted(call);
    return status.ok() ? Status::deadline_exceeded("polyrpc: the deadline has passed") : status;
  }

  /// Waits for the end of a call that has begun. False: `until` has come first.
  bool wait_here(Lock& lock, WaitableCall& call, Clock::time_point until) {
    if (call.onion != nullptr) return wait_inside(lock, call, until);
    while (!call.done()) {
      if (call.link == nullptr) {  // another thread sends it again
        pause(lock, until, [&] { return call.link != nullptr || call.done(); });
        if (call.link == nullptr && !call.done()) return false;
        continue;
      }
      const std::shared_ptr<BlockingLink> link = link_of(call);
      drive(lock, *link, call.changed, (std::min)(until, call.deadline),
            [&] { return call.done() || call.link != link.get(); });
      if (call.done()) break;
      if (call.link != link.get()) continue;
      const Clock::time_point now = Clock::now();
      if (now >= call.deadline)
        withdraw(lock, call, Status::deadline_exceeded("polyrpc: the deadline has passed"));
      else if (now >= until)
        return false;
    }
    return true;
  }

  /// The same for a call that the interceptors have: they run here, between the waits for what they wait for.
  bool wait_inside(Lock& lock, WaitableCall& call, Clock::time_point until) {
    auto& onion = static_cast<DrivenOnion&>(*call.onion);
    for (;;) {
      const std::size_t seen = onion.events();
      lock.unlock();
      onion.poll();
      lock.lock();
      if (call.done()) return true;
      const Clock::time_point now = Clock::now();
      Clock::time_point limit = until;
      if (call.status.ok()) {
        if (now >= call.deadline) {
          call.status = Status::deadline_exceeded("polyrpc: the deadline has passed");
          onion.post_cancel();
          continue;
        }
        limit = (std::min)(limit, call.deadline);
      }
      if (now >= until) return false;
      for (ClientCall* inner = inner_.first(); inner != nullptr;) {
        if (inner->deadline > now) {
          limit = (std::min)(limit, inner->deadline);
          inner = inner->next;
        } else {
          withdraw(lock, *inner, Status::deadline_exceeded("polyrpc: the deadline has passed"));
          inner = inner_.first();  // the lock was open
        }
      }
      if (onion.events() != seen) continue;
      if (onion.on_wire()) {
        ClientCall* wire = inner_.first();
        while (wire != nullptr && wire->behalf != &call) wire = wire->next;
        if (wire == nullptr) continue;
        if (wire->link == nullptr) {  // another thread sends it again
          pause(lock, limit, [&] { return onion.events() != seen || wire->link != nullptr; });
          continue;
        }
        const std::shared_ptr<BlockingLink> link = link_of(*wire);
        drive(lock, *link, call.changed, limit, [&] { return onion.events() != seen || wire->link != link.get(); });
      } else {
        lock.unlock();
        onion.run_until(limit);
        lock.lock();
      }
    }
  }

  void withdraw(Lock& lock, ClientCall& call, Status why) {
    const std::shared_ptr<BlockingLink> link = link_of(call);
    link->session->withdraw(call);
    call.status = std::move(why);
    ended(call);
    if (link->leading) link->connection->interrupt();  // the leader may be the one who waited for it
    flush(lock, *link);
    settle(*link);
  }

  static std::shared_ptr<BlockingLink> link_of(const ClientCall& call) {
    return static_cast<BlockingLink*>(call.link)->shared_from_this();
  }

  /// Tells the owner of a call that is out of its session's table.
  void ended(ClientCall& call) {
    if (std::exchange(call.listed, false)) inner_.remove(call);
    if (call.behalf == nullptr || call.kind == CallKind::unary) return call.deliver(Deliver::later);
    StreamCall& front = static_cast<StreamCall&>(call).front();
    part_from_front(call);
    call.deliver(Deliver::later);
    front.wake(Deliver::later);
  }

  Status still_wanted(const ClientCall& call) const {
    if (!shut_down_.ok()) return shut_down_;
    if (call.cancel_wanted) return Status::cancelled("polyrpc: the call was cancelled");
    if (call.deadline <= Clock::now()) return Status::deadline_exceeded("polyrpc: the deadline has passed");
    return {};
  }

  // ---- streaming calls ----

  bool try_now(Lock& lock, StreamCall& call, StreamOperation& operation, bool& full) {
    for (;;) {
      StreamCall* const wire = call.wire();
      const std::shared_ptr<BlockingLink> link = wire != nullptr && wire->link != nullptr ? link_of(*wire) : nullptr;
      Attempted tried = try_operation(call, operation, link != nullptr ? link->unsent() : 0);
      switch (tried.what) {
        case Attempt::done:
          return true;
        case Attempt::sent:
          if (!link->session->failure().ok()) fail(*link, link->session->failure());
          if (operation.kind != StreamOperation::Kind::write)
            link->quick_writes = 0;
          else if (hold(*link))
            return true;
          flush(lock, *link);
          return true;
        case Attempt::wait:
          return false;
        case Attempt::full:
          full = true;
          return false;
        case Attempt::reply_due:
          if (link->leading) {  // the input is the leader's
            link->look_again = true;
            link->connection->interrupt();
            return false;
          }
          receive(*link);
          flush(lock, *link);
          break;
        case Attempt::over:
          wire->status = std::move(tried.why);
          ended(*wire);
          if (link->leading) link->connection->interrupt();
          if (!link->session->failure().ok()) fail(*link, link->session->failure());
          flush(lock, *link);
          settle(*link);
          break;
      }
    }
  }

  /// Whether the message that was written last can wait for others, which is then seen to.
  bool hold(BlockingLink& link) {
    if (link.holds) return link.unsent() < held_bytes;  // the one before is not old: the clock need not be asked
    const Clock::time_point now = Clock::now();
    const bool quick = now - std::exchange(link.last_write, now) < quick_time;
    link.quick_writes = quick ? link.quick_writes + 1 : 0;
    if (link.quick_writes < quick_writes_at_first || link.unsent() >= held_bytes) return false;
    if (!sender_.joinable()) {
      try {
        sender_ = std::thread([this] { send_held(); });
      } catch (const std::system_error&) {
        return false;
      }
    }
    link.holds = true;
    if (!std::exchange(holding_, true) && sender_sleeps_) sender_wanted_.notify_one();
    return true;
  }

  /// The thread that sends what is held. While writers are quick it looks again and again, so that they need not wake
  /// it.
  void send_held() {
    Lock lock(mutex_);
    const auto is_over = [this] { return !shut_down_.ok(); };
    while (!is_over()) {
      sender_sleeps_ = true;
      sender_wanted_.wait(lock, [&] { return holding_ || is_over(); });
      sender_sleeps_ = false;
      while (std::exchange(holding_, false) && !sender_wanted_.wait_for(lock, held_time, is_over)) {
        const Presence here(*this, lock);
        const std::vector<std::shared_ptr<BlockingLink>> links = links_;
        for (const std::shared_ptr<BlockingLink>& link : links)
          if (link->holds) flush(lock, *link);
      }
    }
  }

  /// Ends a call whose time is over. True: something has happened.
  bool see_to_end(Lock& lock, StreamCall& call) {
    const bool inside = call.stage == ClientCall::Stage::inside;
    if (!inside && call.stage != ClientCall::Stage::sent) return false;
    if (inside && !call.status.ok()) return false;
    if (inside ? still_wanted(call).ok() : Clock::now() < call.deadline) return false;
    Status why = inside ? still_wanted(call) : Status::deadline_exceeded("polyrpc: the deadline has passed");
    if (!inside) return withdraw(lock, call, std::move(why)), true;
    call.status = std::move(why);
    static_cast<DrivenOnion&>(*call.onion).post_cancel();
    call.wake(Deliver::later);
    return true;
  }

  /// Waits until it is worth trying again. Interceptors run in here.
  void wait_for_change(Lock& lock, StreamCall& call, std::condition_variable& changed, std::uint64_t seen, bool full) {
    Clock::time_point limit = Clock::time_point::max();
    if (call.status.ok() && call.stage != ClientCall::Stage::waiting) limit = call.deadline;
    if (call.intercepted && !call.polled) {
      const std::shared_ptr<ClientOnion> kept = call.onion;
      auto& onion = static_cast<DrivenOnion&>(*kept);
      const std::size_t events = onion.events();
      const bool poll = std::exchange(call.events, events) != events;
      if (poll || !onion.on_wire()) {
        call.polled = true;
        lock.unlock();
        poll ? onion.poll() : onion.run_until(limit);
        lock.lock();
        call.polled = false;
        return call.wake(Deliver::later);
      }
    }
    StreamCall* const wire = call.wire();
    if (wire != nullptr && wire != &call && wire->stage == ClientCall::Stage::sent) {
      if (Clock::now() >= wire->deadline)
        return withdraw(lock, *wire, Status::deadline_exceeded("polyrpc: the deadline has passed"));
      limit = (std::min)(limit, wire->deadline);
    }
    const auto is_changed = [&] { return call.changes != seen; };
    call.sleepers.push_back(&changed);
    if (wire != nullptr && wire->link != nullptr) {
      const std::shared_ptr<BlockingLink> link = link_of(*wire);
      if (full) ++link->want_written;
      drive(lock, *link, changed, limit,
            [&] { return is_changed() || (full && link->unsent() < most_unsent_of_streams); });
      if (full) --link->want_written;
    } else if (limit == Clock::time_point::max()) {
      changed.wait(lock, is_changed);
    } else {
      changed.wait_until(lock, limit, is_changed);
    }
    std::erase(call.sleepers, &changed);
  }

  // ---- reading and writing ----

  /// Reads and writes, or sleeps while another thread does, until `finished`, until `until`, or until the link is over.
  template <class Finished>
  void drive(Lock& lock, BlockingLink& link, std::condition_variable& changed, Clock::time_point until,
             Finished finished) {
    flush(lock, link);
    if (!again_.empty()) send_again(lock);
    while (!finished() && !link.over) {
      if (link.leading) {
        link.followers.push_back(&changed);
        std::cv_status woken = std::cv_status::no_timeout;
        if (until == Clock::time_point::max())
          changed.wait(lock);
        else
          woken = changed.wait_until(lock, until);
        std::erase(link.followers, &changed);
        if (woken == std::cv_status::timeout) break;
      } else if (!lead(lock, link, until)) {
        break;
      }
      if (!again_.empty()) send_again(lock);
    }
    if (!link.leading && !link.followers.empty()) link.followers.front()->notify_one();
  }

  /// Waits for bytes and takes them. False: `until` has come first.
  bool lead(Lock& lock, BlockingLink& link, Clock::time_point until) {
    link.leading = true;
    const bool either = link.write_blocked;
    const Clock::time_point upkeep = link.session->tick_due();
    const auto limit = optional_time((std::min)(until, upkeep));
    lock.unlock();
    Connection& connection = *link.connection;
    const Status waited = either ? connection.wait_until_either(limit) : connection.wait_until(Direction::read, limit);
    IoResult result{IoState::would_block};
    if (waited.ok()) result = read(link);
    lock.lock();
    link.leading = false;
    if (link.over) return true;
    take(link, result);
    if (std::exchange(link.look_again, false) && !link.over) receive(link);
    if (upkeep != Clock::time_point::max() && !link.over && Clock::now() >= link.session->tick_due()) tick(link);
    if (either && !link.over) link.write_blocked = false;
    flush(lock, link);
    settle(link);
    if (waited.ok() || waited.code() == StatusCode::cancelled) return true;
    if (waited.code() == StatusCode::deadline_exceeded) return upkeep < until;
    fail(link, unavailable(waited));
    return true;
  }

  static IoResult read(BlockingLink& link) {
    const std::span<std::byte> room = link.input.prepare((std::max)(read_size, link.input.size()));
    const IoResult result = link.connection->read_some(room);
    if (result.state == IoState::done) link.input.commit(result.bytes);
    return result;
  }

  /// Hands out what was read.
  void take(BlockingLink& link, const IoResult& result) {
    switch (result.state) {
      case IoState::would_block:
        return;
      case IoState::closed:
        return fail(link, Status::unavailable("unexpected EOF"));
      case IoState::failed:
        return fail(link, unavailable(link.connection->error()));
      case IoState::done:
        break;
    }
    link.last_used = Clock::now();
    receive(link);
  }

  void receive(BlockingLink& link) {
    const Status received = link.session->receive(link.input, [&](ClientCall& call) {
      switch (call.stage) {
        case ClientCall::Stage::ended:
          return ended(call);
        case ClientCall::Stage::waiting:
          again_.push_back(&call);
          link.wake_followers();
          break;
        default:
          static_cast<StreamCall&>(call).front().wake(Deliver::later);
      }
    });
    if (!received.ok()) return fail(link, received);
    if (link.input.empty()) link.input.recycle(kept_input);
    if (!link.leaving && link.session->is_leaving()) {
      link.leaving = true;
      log(LogLevel::info, "polyrpc: " + address_ + ": the server takes no more calls on this connection");
    }
    settle(link);
  }

  void tick(BlockingLink& link) {
    if (const Status ticked = link.session->tick(Clock::now()); !ticked.ok()) fail(link, unavailable(ticked));
  }

  /// Forgets a link that has nothing left to do.
  void settle(BlockingLink& link) {
    if ((!link.leaving && !link.over) || link.session->in_flight() > 0) return;
    const std::shared_ptr<BlockingLink> kept = link.shared_from_this();
    if (std::erase(links_, kept) == 0) return;
    link.over = true;
    if (link.leading) link.connection->interrupt();
    link.wake_followers();
  }

  /// Writes what waits, unless somebody does or the peer must read first. The lock is open meanwhile.
  void flush(Lock& lock, BlockingLink& link) {
    if (std::exchange(link.holds, false)) link.last_write = Clock::now();
    do {
      send_unsent(lock, link);
      if (link.over || !link.session->take_stirred()) return;
      if (link.leading) {  // the input is the leader's
        link.look_again = true;
        link.connection->interrupt();
        return;
      }
      receive(link);
    } while (!link.over);
  }

  void send_unsent(Lock& lock, BlockingLink& link) {
    while (!link.over && !link.write_busy && !link.write_blocked && link.has_unsent()) {
      if (link.writing.empty()) std::swap(link.writing, link.session->output());
      link.write_busy = true;
      lock.unlock();
      const IoResult result = link.connection->write_some(link.writing.readable());
      lock.lock();
      link.write_busy = false;
      if (result.state == IoState::done) {
        link.writing.consume(result.bytes);
        link.written += result.bytes;
        if (link.want_written > 0) {
          link.wake_followers();
          if (link.leading) link.connection->interrupt();
        }
      }
      if (link.writing.empty()) link.writing.recycle(kept_output);
      if (result.state == IoState::would_block) {
        link.write_blocked = true;
        if (link.leading) link.connection->interrupt();  // so that it waits for this too
      } else if (result.state == IoState::closed) {
        write_failed(link, Status::unavailable("unexpected EOF"));
      } else if (result.state == IoState::failed) {
        write_failed(link, unavailable(link.connection->error()));
      }
    }
  }

  /// The peer takes no more; what it sent before that still counts.
  void write_failed(BlockingLink& link, const Status& why) {
    if (link.leading) {  // the leader reads it, and then tries to write itself
      link.write_blocked = true;
      link.connection->interrupt();
      return;
    }
    IoState state = IoState::done;
    for (int i = 0; i < last_reads && state == IoState::done && !link.over; ++i) {
      const IoResult result = read(link);
      state = result.state;
      take(link, result);
    }
    if (!link.over) fail(link, why);
  }

  /// Ends the link and all calls that were sent on it.
  void fail(BlockingLink& link, const Status& why) {
    if (std::exchange(link.over, true)) return;
    if (shut_down_.ok())
      log(link.session->in_flight() > 0 ? LogLevel::warning : LogLevel::info,
          "polyrpc: " + address_ + ": " + why.message());
    link.lost = why;
    const auto end_sent = [&](ClientCall& call) {
      call.status = link.lost;
      ended(call);
    };
    if (shut_down_.ok())
      link.session->take_finished(
          end_sent, [](ClientCall& call) { static_cast<StreamCall&>(call).front().wake(Deliver::later); });
    else
      link.session->take_all(end_sent);
    if (link.leading) link.connection->interrupt();
    link.wake_followers();
    settle(link);
  }

  // ---- connecting ----

  static bool is_usable(const BlockingLink& link) noexcept { return !link.over && !link.leaving; }

  enum class Full : bool { no, yes };
  /// Of the connections that take calls, or of those that are full, the one with the fewest.
  std::shared_ptr<BlockingLink> choose(Full full) const {
    const std::shared_ptr<BlockingLink>* best = nullptr;
    for (const std::shared_ptr<BlockingLink>& link : links_) {
      if (!is_usable(*link) || link->session->takes_calls() != (full == Full::no)) continue;
      if (best == nullptr || link->session->in_flight() < (*best)->session->in_flight()) best = &link;
    }
    return best != nullptr ? *best : nullptr;
  }

  /// The connection for a call, made by this thread if there is none, or all are full, and nobody is at it.
  Result<std::shared_ptr<BlockingLink>> ready_link(Lock& lock, ClientCall& call) {
    for (;;) {
      if (Status status = still_wanted(call); !status.ok()) return status;
      if (std::shared_ptr<BlockingLink> link = choose(Full::no)) {
        look_at(*link);
        if (is_usable(*link) && link->session->takes_calls()) return link;
      } else if (dialing_ != nullptr) {
        const std::uint64_t attempt = attempt_;
        pause(lock, call.deadline, [&] { return attempt_ != attempt || !still_wanted(call).ok(); });
        if (attempt_ == attempt || choose(Full::no) != nullptr) continue;
        if (std::shared_ptr<BlockingLink> full = choose(Full::yes)) return full;
        if (!call.wait_for_ready && !last_failure_.ok()) return last_failure_;
      } else if (std::shared_ptr<BlockingLink> full = choose(Full::yes);
                 full != nullptr && (usable() >= options_.connections || Clock::now() < next_attempt_)) {
        return full;
      } else if (call.wait_for_ready && Clock::now() < next_attempt_) {
        ++resting_;
        pause(lock, (std::min)(next_attempt_, call.deadline),
              [&] { return choose(Full::no) != nullptr || dialing_ != nullptr || !still_wanted(call).ok(); });
        --resting_;
      } else {
        Status dialed = dial(lock, call);
        if (dialed.ok()) continue;
        if (std::shared_ptr<BlockingLink> instead = choose(Full::yes)) {
          if (still_wanted(call).ok()) return instead;
        }
        if (!call.wait_for_ready || dialed.code() == StatusCode::deadline_exceeded) {
          if (Status status = still_wanted(call); !status.ok()) return status;
          if (!call.wait_for_ready) return dialed;
        }
      }
    }
  }

  std::size_t usable() const {
    return static_cast<std::size_t>(
        std::count_if(links_.begin(), links_.end(), [](const auto& link) { return is_usable(*link); }));
  }

  /// A connection that has rested may have been ended by the server.
  void look_at(BlockingLink& link) {
    if (link.leading || Clock::now() - link.last_used < fresh_time) return;
    take(link, read(link));
  }

  Status dial(Lock& lock, const ClientCall& call) {
    dialing_ = &call;
    stop_dialing_ = std::stop_source();
    Clock::time_point until = call.deadline;
    bool own_limit = true;  // of the call, not of the attempt
    if (const auto now = Clock::now(); options_.connect_timeout < until - now) {
      until = now + options_.connect_timeout;
      own_limit = false;
    }
    lock.unlock();
    Result<std::shared_ptr<BlockingLink>> made = connect(lock, optional_time(until), stop_dialing_.get_token());
    if (!lock.owns_lock()) lock.lock();
    dialing_ = nullptr;
    opening_.reset();
    Status status;
    if (made.ok() && shut_down_.ok()) {
      links_.push_back(*std::move(made));
      if (links_.back()->session->has_upkeep()) tick(*links_.back());
      failures_ = 0;
      last_failure_ = {};
    } else if (!shut_down_.ok()) {
      status = shut_down_;
    } else {
      status = std::move(made).status();
      if ((status.code() == StatusCode::deadline_exceeded && own_limit) || stop_dialing_.stop_requested()) {
        last_failure_ = {};  // says nothing about the server
      } else {
        status = unavailable(status);
        last_failure_ = status;
        next_attempt_ = Clock::now() + rest_after(++failures_);
        log(LogLevel::info, "polyrpc: " + address_ + ": cannot connect: " + status.message());
      }
    }
    ++attempt_;
    changed_.notify_all();
    return status;
  }

  /// Without the lock, but for a moment.
  Result<std::shared_ptr<BlockingLink>> connect(Lock& lock, std::optional<Clock::time_point> until,
                                                const std::stop_token& stop) {
    Result<std::unique_ptr<Connection>> dialed = target_.transport->dial(target_.endpoint, until, stop);
    if (!dialed.ok()) return std::move(dialed).status();
    auto link = std::make_shared<BlockingLink>(*std::move(dialed), new_session());
    Connection& connection = *link->connection;
    lock.lock();
    opening_ = link;
    lock.unlock();
    if (stop.stop_requested()) return Status::cancelled("polyrpc: nobody wants the connection any more");
    for (;;) {
      const Result<bool> opened = link->session->opened(link->input);
      if (!opened.ok()) return opened.status();
      if (*opened) break;
      ByteQueue& output = link->session->output();
      IoResult result{IoState::would_block};
      if (!output.empty()) {
        result = connection.write_some(output.readable());
        if (result.state == IoState::done) output.consume(result.bytes);
      } else {
        result = read(*link);
      }
      if (result.state == IoState::closed) return Status::unavailable("unexpected EOF");
      if (result.state == IoState::failed) return connection.error();
      if (result.state == IoState::would_block) {
        Status waited = connection.wait_until(output.empty() ? Direction::read : Direction::write, until);
        if (!waited.ok()) return waited;
      }
    }
    link->last_used = Clock::now();
    return link;
  }

  void give_up_dialing() {
    stop_dialing_.request_stop();
    if (opening_ != nullptr) opening_->connection->interrupt();
  }

  template <class Done>
  void pause(Lock& lock, Clock::time_point until, Done done) {
    if (until == Clock::time_point::max())
      changed_.wait(lock, done);
    else
      changed_.wait_until(lock, until, done);
  }

  /// Lets calls that have not been sent look whether they are still wanted.
  void wake_waiting() {
    changed_.notify_all();
    for (const std::shared_ptr<BlockingLink>& link : links_) {
      if (link->want_written == 0) continue;
      if (link->leading) link->connection->interrupt();
      link->wake_followers();
    }
  }

  mutable std::mutex mutex_;         // guards all below
  std::condition_variable changed_;  // of what is said about connecting, and of calls that wait for it
  std::vector<std::shared_ptr<BlockingLink>> links_;
  CallList inner_;                       // calls that interceptors have sent
  std::vector<ClientCall*> again_;       // to be sent again, by whoever comes by
  const ClientCall* dialing_ = nullptr;  // the call whose thread dials
  std::stop_source stop_dialing_{std::nostopstate};
  std::shared_ptr<BlockingLink> opening_;  // while the thread that dials waits for the wire's opening
  std::uint64_t attempt_ = 0;
  unsigned failures_ = 0;  // in a row
  Status last_failure_;
  Clock::time_point next_attempt_{};
  std::size_t resting_ = 0;
  std::size_t present_ = 0;
  std::condition_variable nobody_;
  std::condition_variable sender_wanted_;
  bool holding_ = false;  // a link holds messages, or has held some since the sender looked
  bool sender_sleeps_ = false;
  Status shut_down_;
  std::thread sender_;  // made for the first quick writer
};

std::shared_ptr<ClientCore> make_blocking_client(ClientTarget target, ClientOptions options) {
  return std::make_shared<BlockingClient>(std::move(target), std::move(options));
}

}  // namespace polyrpc
