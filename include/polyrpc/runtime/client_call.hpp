#pragma once

#include "polyrpc/core/context.hpp"
#include "polyrpc/core/metadata.hpp"
#include "polyrpc/core/method.hpp"
#include "polyrpc/core/shape.hpp"
#include "polyrpc/core/status.hpp"
#include "polyrpc/runtime/loop.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The records of a client's calls: for the engine and for the templates in front of it. Users know `Pending`.
namespace polyrpc {

class ClientCore;
class ClientOnion;
struct ClientLink;
class StopHook;

/// Whether user code may run inside the function that ends a call, or must run later.
enum class Deliver : std::uint8_t { now, later };

/// One call. Filled in by who makes it and started with a `ClientCore`, which ends it exactly once.
class ClientCall : public Alarm {
 public:
  enum class Stage : std::uint8_t {
    fresh,    ///< not started
    waiting,  ///< for a connection, or for its turn
    sent,     ///< in its session's table
    inside,   ///< the interceptors have it
    ended,
  };
  /// An argument that the call owns, because its request can't be written at once.
  class KeptArgs {
   public:
    virtual ~KeptArgs() = default;
  };

  ClientCall() noexcept;
  ClientCall(const ClientCall&) = delete;
  ClientCall& operator=(const ClientCall&) = delete;
  ~ClientCall() override;

  // What is asked: borrowed until the request has been written, unless `keep` is called.
  std::string_view method;
  CallKind kind = CallKind::unary;     ///< else it is a `StreamCall`
  MessageRef args;                     ///< without an object where requests stream
  const Metadata* metadata = nullptr;  ///< null: none
  // Where the answer goes.
  MessageSlot reply;  ///< without an object: the body is not decoded
  Metadata* headers = nullptr;
  Metadata* trailers = nullptr;
  Status status;
  // On what terms.
  Clock::time_point deadline = Clock::time_point::max();  ///< `max()`: none
  bool send_deadline = false;
  bool wait_for_ready = false;
  bool one_way = false;  ///< ends when the request has been written

  /// Makes `other`'s question, destinations and terms its own.
  void take_terms(const ClientCall& other) noexcept;
  bool has_deadline() const noexcept { return deadline != Clock::time_point::max(); }
  /// Copies what the call borrows; `owned` is behind `args` from now on, or null.
  void keep(std::unique_ptr<KeptArgs> owned, MessageRef owned_args);

  /// The count starts at one.
  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }

  /// The end of the call, with `status`, reply and metadata in place. Takes over the core's reference.
  virtual void deliver(Deliver how) = 0;
  /// The end of a call of which nobody is to be told any more, in place of `deliver`.
  virtual void drop() { release(); }
  /// Between these two the core uses what the call borrows. False: it is not there any more.
  virtual bool enter() { return true; }
  virtual void leave() noexcept {}

  // For the engine.
  Stage stage = Stage::fresh;
  bool may_vanish = false;  ///< `enter` must be asked
  bool cancel_wanted = false;
  bool listed = false;
  bool intercept = false;  ///< interceptors are to see it first
  bool args_stay = false;  ///< what the call borrows is there until it ends, so that it can be sent again
  std::uint8_t sent_again = 0;
  std::uint64_t number = 0;
  ClientCall* behalf = nullptr;  ///< the call around which the interceptors stand, if this is what they made of it
  ClientCall* next = nullptr;
  ClientCall* previous = nullptr;
  ClientCore* core = nullptr;  ///< while an alarm is set
  ClientLink* link = nullptr;  ///< while `sent`: where
  std::unique_ptr<StopHook> stop_hook;
  std::shared_ptr<ClientOnion> onion;  ///< while `inside`

 protected:
  virtual void destroy() noexcept { delete this; }

 private:
  void ring() override;

  struct Kept {
    std::string method;
    Metadata metadata;
    std::unique_ptr<KeptArgs> args;
  };
  std::unique_ptr<Kept> kept_;
  std::atomic<std::uint32_t> references_{1};
};

/// Calls in order, linked through their own members.
class CallList {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  ClientCall* first() const noexcept { return first_; }
  void push_back(ClientCall& call) noexcept;
  void remove(ClientCall& call) noexcept;
  ClientCall* pop_front() noexcept;
  /// Moves all of `other` behind what is here.
  void take(CallList& other) noexcept;
  std::vector<ClientCall*> all() const;

 private:
  ClientCall* first_ = nullptr;
  ClientCall* last_ = nullptr;
};

/// A call whose end a thread can wait for.
class WaitableCall : public ClientCall {
 public:
  bool done() const noexcept { return done_.load(std::memory_order_acquire); }
  /// Blocks until the call has ended or `until` has come; `max()`: for ever. Returns whether it has ended.
  bool wait_until(Clock::time_point until);
  /// Makes `wait_until` return before its time, now and from now on. From any thread.
  void interrupt();
  /// The caller leaves before the end: what it lent is not used any more. False: the call has ended by now.
  bool abandon();
  /// Has `then` run when the call ends, or now if it has. One at a time.
  void when_done(std::function<void(Deliver)> then);

  void deliver(Deliver how) override;
  void drop() override;
  bool enter() override;
  void leave() noexcept override { mutex_.unlock(); }

  /// Notified with the end.
  std::condition_variable changed;

 private:
  std::mutex mutex_;  // guards all below
  std::atomic<bool> done_{false};
  bool interrupted_ = false;
  bool abandoned_ = false;
  std::function<void(Deliver)> then_;
};

}  // namespace polyrpc
