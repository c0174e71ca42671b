#pragma once

#include "polyrpc/runtime/asio_fwd.hpp"
#include "polyrpc/runtime/client_call.hpp"
#include "polyrpc/runtime/client_options.hpp"

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

namespace polyrpc {

class ClientSession;
class InterceptorList;
class StreamCall;
class StreamWaiter;
struct StreamOperation;

/// What stands behind a `Client`: one of two drivers of the same session. `LoopClient` belongs to an `io_context`,
/// `BlockingClient` does its work on the threads that wait. All members may be called from any thread.
class ClientCore : public std::enable_shared_from_this<ClientCore> {
 public:
  /// `context` null: for blocking use.
  static std::shared_ptr<ClientCore> make(asio::io_context* context, ClientTarget target, ClientOptions options);
  ClientCore(const ClientCore&) = delete;
  ClientCore& operator=(const ClientCore&) = delete;
  virtual ~ClientCore();

  /// Null for the blocking driver.
  virtual asio::io_context* context() noexcept = 0;
  virtual ConnectionState state() const = 0;

  /// Makes a call and waits for its end on this thread. `call` may be on the stack.
  Status call(WaitableCall& call, const CallOptions& options);
  /// Starts a call; takes over a reference. False: the request can't be written now; then `keep` what it borrows and
  /// hand it to `start_kept`.
  bool start(ClientCall& call, const CallOptions& options);
  void start_kept(ClientCall& call);
  /// Ends a call with `cancelled` if it has not ended, and tells the peer.
  virtual void cancel(ClientCall& call) = 0;
  /// Waits for the end of a call that was started; returns whether it has come.
  virtual bool wait(WaitableCall& call, Clock::time_point until) = 0;
  /// The outcome of a call whose end will not be waited for any more.
  virtual Status why_not_waited() const { return Status::deadline_exceeded("polyrpc: the deadline has passed"); }
  /// Nobody will wait for a call that has been started, or take its outcome.
  virtual void forget(ClientCall& call) { (void)call; }
  /// Does something with a streaming call that was started, and waits as long as it takes. Not on the loop's thread.
  virtual void perform(StreamCall& call, StreamOperation& operation) = 0;
  /// The same without waiting, on the loop's thread. False: it has to wait; then `when_ready` says for what.
  virtual bool attempt(StreamCall& call, StreamOperation& operation) = 0;
  /// Has `waiter` told once when the operation is worth another attempt.
  virtual void when_ready(StreamCall& call, const StreamOperation& operation, std::unique_ptr<StreamWaiter> waiter) = 0;
  /// Nobody has to do with a streaming call any more: it is cancelled if it has not ended. Takes over a reference.
  virtual void abandon(StreamCall& call);

  /// Whether this thread must not wait, because the calls are made on it.
  virtual bool must_not_wait() const noexcept = 0;

  /// Ends all calls with `status` and refuses new ones, if that has not happened before.
  virtual void shut_down(Status status) = 0;
  /// Returns when no other thread is inside; what must precede the end of the object.
  virtual void join() = 0;

  // For the interceptors' side of a call.
  InterceptorList& interceptors() noexcept { return *interceptors_; }
  const PeerInfo& peer() const noexcept { return peer_; }
  /// Whether the wire may carry this.
  Status check(const Metadata& metadata) const;
  /// Starts a call that has its terms, without interceptors. On the loop's thread, or with what it borrows kept.
  void start_wire(ClientCall& call) { enqueue(call); }
  void log(LogLevel level, std::string_view line) const;

 protected:
  friend class ClientCall;

  ClientCore(ClientTarget target, ClientOptions options);

  /// Fills in the terms of a call. Not ok: it must not be started.
  Status prepare(ClientCall& call, const CallOptions& options);
  /// `call` for a call that has its terms, without interceptors.
  virtual Status call_wire(WaitableCall& call, const std::stop_token& stop) = 0;
  /// `call` for a call that has its terms.
  Status call_until(WaitableCall& call, const std::stop_token& stop);
  /// Has `stop` cancel the call.
  void watch(ClientCall& call, const std::stop_token& stop);
  /// Ends a call that was never sent.
  static void end(ClientCall& call, Status status, Deliver how);
  virtual bool try_start(ClientCall& call) = 0;
  virtual void enqueue(ClientCall& call) = 0;
  /// A deadline has come, on the loop's thread.
  virtual void expired(ClientCall& call) = 0;

  bool has_interceptors() const noexcept;
  std::unique_ptr<ClientSession> new_session() const;
  /// How long to rest after that many failed attempts in a row.
  std::chrono::nanoseconds rest_after(unsigned failures) const;

  const ClientTarget target_;
  const ClientOptions options_;
  const std::string address_;
  const PeerInfo peer_;
  const Capabilities capabilities_;

 private:
  std::unique_ptr<InterceptorList> interceptors_;
};

/// Cancels a call when one of its stop tokens is stopped. Destroyed by the call's owner while it holds its reference
/// and no lock.
class StopHook {
 public:
  StopHook(std::shared_ptr<ClientCore> core, ClientCall& call, std::stop_token token, std::stop_token above = {});

 private:
  struct Cancel {
    std::shared_ptr<ClientCore> core;
    ClientCall* call;
    void operator()() const { core->cancel(*call); }
  };
  std::stop_callback<Cancel> callback_;
  std::stop_callback<Cancel> callback_above_;
};

}  // namespace polyrpc
