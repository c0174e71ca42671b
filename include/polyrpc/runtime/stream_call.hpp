#pragma once

#include "polyrpc/core/metadata.hpp"
#include "polyrpc/core/method.hpp"
#include "polyrpc/core/shape.hpp"
#include "polyrpc/core/status.hpp"
#include "polyrpc/runtime/client_call.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

/// The record of a client's streaming call: for the engine and for the templates in front of it. Users know
/// `ServerStreamingCall` and its sisters.
namespace polyrpc {

/// One thing to be done with a streaming call, which may have to wait. At most one of each kind is under way at a time.
struct StreamOperation {
  enum class Kind : std::uint8_t {
    write,
    close_writing,
    read,
    headers,  ///< copies them into the call
    outcome,  ///< waits for the end
  };
  static constexpr std::size_t kinds = 5;

  explicit StreamOperation(Kind what) noexcept : kind(what) {}

  const Kind kind;
  MessageRef message;  ///< `write`
  MessageSlot into;    ///< `read`
  Status status;       ///< how it went, but for `read`: then the call's end tells
  bool got = false;    ///< `read`: there was a message
};

/// Told when an operation is worth trying again. Destroyed untold when nobody is left to do it.
class StreamWaiter {
 public:
  virtual ~StreamWaiter() = default;
  virtual void wake(Deliver how) = 0;
};

class StreamCall;

/// Owns a reference to a call.
class StreamReference {
 public:
  explicit StreamReference(StreamCall& call) noexcept;
  StreamReference(StreamReference&& other) noexcept : call_(std::exchange(other.call_, nullptr)) {}
  StreamReference& operator=(StreamReference&& other) noexcept {
    std::swap(call_, other.call_);
    return *this;
  }
  ~StreamReference();
  StreamCall& operator*() const noexcept { return *call_; }
  StreamCall* operator->() const noexcept { return call_; }

 private:
  StreamCall* call_;
};

/// One streaming call. Its members belong to the core that drives it, but for those that are set before it starts.
class StreamCall final : public ClientCall {
 public:
  StreamCall(std::string_view name, CallKind call_kind) {
    method = name;
    kind = call_kind;
    headers = &received_headers;
    trailers = &received_trailers;
  }

  /// Whether the call has ended and will not change any more. From any thread.
  bool done() const noexcept { return done_.load(std::memory_order_acquire); }

  void deliver(Deliver how) override;
  void drop() override;

  /// Something has changed: wakes all that wait, on the core's thread or with its lock held.
  void wake(Deliver how);

  /// On whose behalf this goes over the wire, if interceptors stand around that one.
  StreamCall& front() noexcept { return behalf != nullptr ? static_cast<StreamCall&>(*behalf) : *this; }
  /// What goes over the wire for this one; null if the interceptors have not come so far.
  StreamCall* wire() noexcept { return intercepted ? inner : this; }

  // The caller's view.
  Metadata received_headers;
  Metadata received_trailers;
  bool has_headers = false;
  bool writes_closed = false;
  bool ended_read = false;  ///< all messages have been read
  bool touched = false;     ///< something was written or read, so that it can't be sent again

  // Interceptors.
  bool intercepted = false;
  bool polled = false;     ///< a thread runs them
  std::size_t events = 0;  ///< that they have seen
  bool woken = false;      ///< will be, soon
  StreamCall* inner = nullptr;

  // Who waits.
  std::uint64_t changes = 0;                                                  ///< goes up with every `wake`
  std::vector<std::condition_variable*> sleepers;                             ///< threads of a `BlockingClient`
  std::array<std::unique_ptr<StreamWaiter>, StreamOperation::kinds> waiters;  ///< on a loop; one for each operation

 private:
  std::atomic<bool> done_{false};
};

inline StreamReference::StreamReference(StreamCall& call) noexcept : call_(&call) { call.retain(); }
inline StreamReference::~StreamReference() {
  if (call_ != nullptr) call_->release();
}

}  // namespace polyrpc
