#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/context.hpp"
#include "polyrpc/runtime/loop.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace polyrpc {

class ServerCore;
struct MethodEntry;

/// Told that calls which could not be answered at once have now been.
class SessionOwner {
 public:
  /// Replies stand in `ServerSession::late_output`, or a call has ended that `process` was waiting for. From the loop.
  virtual void session_progressed() = 0;

 protected:
  ~SessionOwner() = default;
};

/// Serves the calls of one stream of requests: cut, look up, decode, run, reply. Knows no connection: bytes in, bytes
/// out. For its loop's thread.
class ServerSession {
 public:
  enum class Progress : std::uint8_t {
    need_input,   ///< everything in the input has been served, up to the beginning of a request
    output_full,  ///< `output_limit` is reached: send, then call again
    paused,       ///< too many calls are under way: call again after `session_progressed`
    ended,        ///< the input is beyond trust (`failure`): send what is there, then close
  };

  /// All but the codec must outlive the session; calls under way keep the core beyond that.
  ServerSession(const std::shared_ptr<ServerCore>& core, Loop& loop, std::unique_ptr<ServerCodec> codec,
                const PeerSource& peer, SessionOwner& owner);
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;
  /// Cancels what is still under way.
  ~ServerSession();

  /// Serves what stands in `input`. Plain handlers run inside this call and their replies are appended to `output`.
  Progress process(ByteQueue& input, ByteQueue& output, std::size_t output_limit);
  const Status& failure() const noexcept;

  /// Replies of calls that were not answered inside `process`; the owner sends and consumes them.
  ByteQueue& late_output();
  /// Whether there are any; costs nothing where no call was ever answered late.
  bool has_late_output();

  /// Metadata that belongs to every call of this session, before its own: an HTTP request's header fields.
  void set_ambient_metadata(Metadata metadata);

  /// Calls whose handlers have not returned.
  std::size_t in_flight() const noexcept;
  /// Those among them that are not answered yet: a deadline or the caller may be ahead of the handler.
  std::size_t unanswered() const noexcept;
  /// Answers new calls with `unavailable` from now on.
  void drain() noexcept;
  /// Takes new calls even while the server drains, because the wire tells the peer in its own way that no more are
  /// wanted.
  void serve_while_draining() noexcept;
  /// The peer sends nothing more: streaming calls that still expect requests end with `cancelled`.
  void input_ended();
  /// Cancels the calls under way; none of them will be answered.
  void cancel_all() noexcept;

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace polyrpc
