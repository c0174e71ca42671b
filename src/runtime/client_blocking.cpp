// The client for plain threads: whoever waits for a reply does the work. One of the waiting threads, the leader, reads
// and hands out what has come; the others sleep until their reply is there or the leader goes and one of them takes
// over. Whoever has a request writes it, unless somebody is writing, who then sends it along.

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/runtime/client_session.hpp"
#include "polyrpc/runtime/transport.hpp"

#include "client_drivers.hpp"
#include "client_onion.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace polyrpc {

namespace {

using Lock = std::unique_lock<std::mutex>;

constexpr std::size_t read_size = 64 << 10;
constexpr std::size_t kept_input = 4 << 20;  // so that a caller of large messages does not fetch new memory each time
constexpr std::size_t kept_output = 1 << 20;
// A connection that has rested for longer is looked at before it is used: the server may have gone meanwhile.
constexpr std::chrono::microseconds fresh_time{100};

std::optional<Clock::time_point> optional_time(Clock::time_point time) {
  if (time == Clock::time_point::max()) return std::nullopt;
  return time;
}

/// One connection, from its making to its end. Threads that read or write hold it while they do not hold the mutex.
struct Link {
  Link(std::unique_ptr<Connection> made, std::unique_ptr<ClientSession> made_session)
      : connection(std::move(made)), session(std::move(made_session)) {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { connection->close(); }

  bool has_unsent() const noexcept { return !writing.empty() || !session->output().empty(); }
  std::size_t unsent() const noexcept { return writing.size() + session->output().size(); }
  /// Of bytes, written or not.
  std::uint64_t total() const noexcept { return written + unsent(); }
  void wake_followers() {
    for (std::condition_variable* follower : followers) follower->notify_all();
  }

  const std::unique_ptr<Connection> connection;
  const std::unique_ptr<ClientSession> session;
  ByteQueue input;    // the leader's alone
  ByteQueue writing;  // while `write_busy`: the writer's alone
  bool leading = false;
  bool write_busy = false;
  bool write_blocked = false;  // the peer must read first
  bool over = false;
  std::uint64_t written = 0;     // bytes
  std::size_t want_written = 0;  // threads that wait for it to grow
  Clock::time_point last_used = Clock::now();
  std::vector<std::condition_variable*> followers;
};

Status unavailable(const Status& why) {
  return why.code() == StatusCode::unavailable ? why : Status::unavailable(why.message());
}

}  // namespace

class BlockingClient final : public ClientCore {
 public:
  BlockingClient(ClientTarget target, ClientOptions options) : ClientCore(std::move(target), std::move(options)) {}
  ~BlockingClient() override { shut_down(Status::cancelled("polyrpc: the client was destroyed")); }

  asio::io_context* context() noexcept override { return nullptr; }

  ConnectionState state() const override {
    const std::lock_guard lock(mutex_);
    if (!shut_down_.ok()) return ConnectionState::shut_down;
    if (dialing_ != nullptr) return ConnectionState::connecting;
    if (link_ != nullptr) return ConnectionState::ready;
    return resting_ > 0 ? ConnectionState::backoff : ConnectionState::idle;
  }

  Status call_wire(WaitableCall& call, const std::stop_token& stop) override {
    if (stop.stop_possible()) watch(call, stop);
    {
      Lock lock(mutex_);
      const Presence here(*this, lock);
      call.retain();
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
      static_cast<WaitableCall&>(call).changed.notify_all();
      if (link_ != nullptr && link_->leading) link_->connection->interrupt();
    } else {
      wake_waiting();
      if (dialing_ == &call) give_up_dialing();
    }
  }

  void forget(WaitableCall& call) override {
    if (call.onion == nullptr || call.done()) return;
    call.onion.reset();
    const Lock lock(mutex_);
    end(call, Status::cancelled("polyrpc: nobody waits for the call"), Deliver::later);
  }

  void shut_down(Status status) override {
    const Lock lock(mutex_);
    if (!shut_down_.ok()) return;
    shut_down_ = std::move(status);
    if (link_ != nullptr) fail(*std::shared_ptr(link_), shut_down_);
    wake_waiting();
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
    begin(lock, call, Room::refuse);
    if (call.stage == ClientCall::Stage::sent && call.has_deadline()) {
      call.listed = true;
      inner_.push_back(call);
    }
    call.release();
  }

  /// Lets the interceptors have a call that nobody waits for yet: they run until they wait for something.
  void surround(ClientCall& call) {
    const auto onion = make_driven_onion(shared_from_this(), static_cast<WaitableCall&>(call));
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
    Result<std::shared_ptr<Link>> found = ready_link(lock, call);
    if (!found.ok()) return end(call, std::move(found).status(), Deliver::later);
    const std::shared_ptr<Link> link = *std::move(found);
    ClientSession& session = *link->session;
    const Limits& limits = options_.limits;
    if (link->unsent() >= limits.unsent_bytes && room == Room::wait) {
      Status waited = drain(lock, *link, call, link->total() - limits.unsent_bytes + 1);
      if (!waited.ok()) return end(call, std::move(waited), Deliver::later);
    }
    if (link->unsent() >= limits.unsent_bytes)
      return end(call, Status::resource_exhausted("polyrpc: too many bytes wait for the server to read them"),
                 Deliver::later);
    if (session.in_flight() >= limits.calls_in_flight)
      return end(call, Status::resource_exhausted("polyrpc: too many calls are under way"), Deliver::later);
    Status sent = session.send(call);
    if (!sent.ok()) {
      end(call, std::move(sent), Deliver::later);
      if (!session.failure().ok()) fail(*link, session.failure());
      return;
    }
    const std::uint64_t own_end = link->total();
    flush(lock, *link);
    if (call.one_way) end(call, drain(lock, *link, call, own_end), Deliver::later);
  }

  /// Waits until so many bytes of the link have been written.
  Status drain(Lock& lock, Link& link, const ClientCall& call, std::uint64_t target) {
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
      const std::shared_ptr<Link> link = link_;  // a call that has not ended is in its table
      drive(lock, *link, call.changed, (std::min)(until, call.deadline), [&] { return call.done(); });
      if (call.done()) break;
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
        const std::shared_ptr<Link> link = link_;  // what is on the wire is in its table
        drive(lock, *link, call.changed, limit, [&] { return onion.events() != seen; });
      } else {
        lock.unlock();
        onion.run_until(limit);
        lock.lock();
      }
    }
  }

  void withdraw(Lock& lock, ClientCall& call, Status why) {
    const std::shared_ptr<Link> link = link_;
    link->session->withdraw(call);
    call.status = std::move(why);
    ended(call);
    if (link->leading) link->connection->interrupt();  // the leader may be the one who waited for it
    flush(lock, *link);
  }

  /// Tells the owner of a call that is out of its session's table.
  void ended(ClientCall& call) {
    if (std::exchange(call.listed, false)) inner_.remove(call);
    call.deliver(Deliver::later);
  }

  Status still_wanted(const ClientCall& call) const {
    if (!shut_down_.ok()) return shut_down_;
    if (call.cancel_wanted) return Status::cancelled("polyrpc: the call was cancelled");
    if (call.deadline <= Clock::now()) return Status::deadline_exceeded("polyrpc: the deadline has passed");
    return {};
  }

  // ---- reading and writing ----

  /// Reads and writes, or sleeps while another thread does, until `finished`, until `until`, or until the link is over.
  template <class Finished>
  void drive(Lock& lock, Link& link, std::condition_variable& changed, Clock::time_point until, Finished finished) {
    flush(lock, link);
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
    }
    if (!link.leading && !link.followers.empty()) link.followers.front()->notify_one();
  }

  /// Waits for bytes and takes them. False: `until` has come first.
  bool lead(Lock& lock, Link& link, Clock::time_point until) {
    link.leading = true;
    const bool either = link.write_blocked;
    lock.unlock();
    Connection& connection = *link.connection;
    const Status waited = either ? connection.wait_until_either(optional_time(until))
                                 : connection.wait_until(Direction::read, optional_time(until));
    IoResult result{IoState::would_block};
    if (waited.ok()) result = read(link);
    lock.lock();
    link.leading = false;
    if (link.over) return true;
    take(link, result);
    if (either && !link.over) {
      link.write_blocked = false;
      flush(lock, link);
    }
    if (waited.ok() || waited.code() == StatusCode::cancelled) return true;
    if (waited.code() == StatusCode::deadline_exceeded) return false;
    fail(link, unavailable(waited));
    return true;
  }

  static IoResult read(Link& link) {
    const std::span<std::byte> room = link.input.prepare((std::max)(read_size, link.input.size()));
    const IoResult result = link.connection->read_some(room);
    if (result.state == IoState::done) link.input.commit(result.bytes);
    return result;
  }

  /// Hands out what was read.
  void take(Link& link, const IoResult& result) {
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
    const Status received = link.session->receive(link.input, [this](ClientCall& call) { ended(call); });
    if (!received.ok()) return fail(link, received);
    if (link.input.empty()) link.input.recycle(kept_input);
  }

  /// Writes what waits, unless somebody does or the peer must read first. The lock is open meanwhile.
  void flush(Lock& lock, Link& link) {
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
        if (link.want_written > 0) link.wake_followers();
      }
      if (link.writing.empty()) link.writing.recycle(kept_output);
      if (result.state == IoState::would_block) {
        link.write_blocked = true;
        if (link.leading) link.connection->interrupt();  // so that it waits for this too
      } else if (result.state == IoState::closed) {
        fail(link, Status::unavailable("unexpected EOF"));
      } else if (result.state == IoState::failed) {
        fail(link, unavailable(link.connection->error()));
      }
    }
  }

  /// Ends the link and all calls that were sent on it.
  void fail(Link& link, const Status& why) {
    if (std::exchange(link.over, true)) return;
    if (shut_down_.ok())
      log(link.session->in_flight() > 0 ? LogLevel::warning : LogLevel::info,
          "polyrpc: " + address_ + ": " + why.message());
    const std::shared_ptr<Link> kept = link_.get() == &link ? std::exchange(link_, nullptr) : nullptr;
    link.session->take_all([&](ClientCall& call) {
      call.status = why;
      ended(call);
    });
    if (link.leading) link.connection->interrupt();
    link.wake_followers();
  }

  // ---- connecting ----

  /// The connection, made by this thread if there is none and nobody is at it.
  Result<std::shared_ptr<Link>> ready_link(Lock& lock, ClientCall& call) {
    for (;;) {
      if (Status status = still_wanted(call); !status.ok()) return status;
      if (link_ != nullptr) {
        look_at(*std::shared_ptr(link_));
        if (link_ != nullptr) return link_;
      } else if (dialing_ != nullptr) {
        const std::uint64_t attempt = attempt_;
        pause(lock, call.deadline, [&] { return attempt_ != attempt || link_ != nullptr || !still_wanted(call).ok(); });
        if (link_ == nullptr && attempt_ != attempt && !call.wait_for_ready && !last_failure_.ok())
          return last_failure_;
      } else if (call.wait_for_ready && Clock::now() < next_attempt_) {
        ++resting_;
        pause(lock, (std::min)(next_attempt_, call.deadline),
              [&] { return link_ != nullptr || dialing_ != nullptr || !still_wanted(call).ok(); });
        --resting_;
      } else {
        Status dialed = dial(lock, call);
        if (!dialed.ok() && (!call.wait_for_ready || dialed.code() == StatusCode::deadline_exceeded)) {
          if (Status status = still_wanted(call); !status.ok()) return status;
          if (!call.wait_for_ready) return dialed;
        }
      }
    }
  }

  /// A connection that has rested may have been ended by the server.
  void look_at(Link& link) {
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
    Result<std::shared_ptr<Link>> made = connect(lock, optional_time(until), stop_dialing_.get_token());
    if (!lock.owns_lock()) lock.lock();
    dialing_ = nullptr;
    opening_.reset();
    Status status;
    if (made.ok() && shut_down_.ok()) {
      link_ = *std::move(made);
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
  Result<std::shared_ptr<Link>> connect(Lock& lock, std::optional<Clock::time_point> until,
                                        const std::stop_token& stop) {
    Result<std::unique_ptr<Connection>> dialed = target_.transport->dial(target_.endpoint, until, stop);
    if (!dialed.ok()) return std::move(dialed).status();
    auto link = std::make_shared<Link>(*std::move(dialed), new_session());
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
    if (link_ == nullptr || link_->want_written == 0) return;
    if (link_->leading) link_->connection->interrupt();
    link_->wake_followers();
  }

  mutable std::mutex mutex_;         // guards all below
  std::condition_variable changed_;  // of what is said about connecting, and of calls that wait for it
  std::shared_ptr<Link> link_;
  CallList inner_;                       // calls inside interceptors, sent, with a deadline
  const ClientCall* dialing_ = nullptr;  // the call whose thread dials
  std::stop_source stop_dialing_{std::nostopstate};
  std::shared_ptr<Link> opening_;  // while the thread that dials waits for the wire's opening
  std::uint64_t attempt_ = 0;
  unsigned failures_ = 0;  // in a row
  Status last_failure_;
  Clock::time_point next_attempt_{};
  std::size_t resting_ = 0;
  std::size_t present_ = 0;
  std::condition_variable nobody_;
  Status shut_down_;
};

std::shared_ptr<ClientCore> make_blocking_client(ClientTarget target, ClientOptions options) {
  return std::make_shared<BlockingClient>(std::move(target), std::move(options));
}

}  // namespace polyrpc
