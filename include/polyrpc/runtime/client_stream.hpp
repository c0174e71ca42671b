#pragma once

#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/metadata.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/core/status.hpp"
#include "polyrpc/runtime/client_core.hpp"
#include "polyrpc/runtime/stream_call.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

/// Streaming calls on the client's side, as `Client::open` returns them.
///
/// The blocking members may be used on a client without a loop, and on one with a loop from other threads than the
/// loop's. Their twins `async_...` return `asio::awaitable`, for coroutines on the client's `io_context`; they are
/// defined in `polyrpc/runtime/async_stream.hpp`. Cancelling such an operation cancels the call. One thread or
/// coroutine may write while another reads; otherwise a handle is used by one at a time, except `cancel`.
///
/// Messages that are written in quick succession leave together. On a loop those of one turn do. Without a loop the
/// first two leave at once; further ones that follow each other within 200 microseconds are held until there are 16
/// KiB, until the caller reads, closes the writing or finishes, or for about 100 microseconds, whatever the caller does
/// meanwhile.
///
/// A handle can be moved. Destroying it cancels the call, unless it has ended.
namespace polyrpc {

namespace detail {

/// Not ok where a call that promises one reply has ended well with another number of them (gRPC, "Status codes and
/// their use", on cardinality).
Status check_one_reply(Status status, std::size_t replies);

/// The part of a streaming call's handle that does not depend on its types. Owns a reference.
class StreamHandle {
 public:
  StreamHandle() noexcept = default;
  StreamHandle(std::shared_ptr<ClientCore> core, StreamCall& call) noexcept : core_(std::move(core)), call_(&call) {}
  StreamHandle(StreamHandle&& other) noexcept
      : core_(std::move(other.core_)), call_(std::exchange(other.call_, nullptr)) {}
  StreamHandle& operator=(StreamHandle&& other) noexcept;
  ~StreamHandle() { reset(); }

  void reset() noexcept;
  bool valid() const noexcept { return call_ != nullptr; }
  void cancel();
  Status write(MessageRef message);
  Status close_writing();
  bool read(MessageSlot into);
  /// Reads on to the end, into `scratch`.
  Status finish(MessageSlot scratch);
  /// The same where exactly one reply must come.
  Status finish_one(MessageSlot reply, MessageSlot scratch);
  const Metadata& headers();
  const Metadata& trailers() const;

  const std::shared_ptr<ClientCore>& core() const noexcept { return core_; }
  StreamCall* call() const noexcept { return call_; }

 private:
  Status perform(StreamOperation& operation);
  Status outcome();

  std::shared_ptr<ClientCore> core_;
  StreamCall* call_ = nullptr;
};

}  // namespace detail

/// What all handles of streaming calls can do.
class StreamingCall {
 public:
  bool valid() const noexcept { return handle_.valid(); }
  /// Ends the call with `cancelled`, unless it has ended, and tells the server. From any thread.
  void cancel() { handle_.cancel(); }
  /// What the server has sent ahead of its messages. Waits until it is there; empty if the call ends without.
  const Metadata& headers() { return handle_.headers(); }
  auto async_headers();
  /// What the server has sent behind its messages, after `finish`.
  const Metadata& trailers() const { return handle_.trailers(); }

 protected:
  StreamingCall() noexcept = default;
  explicit StreamingCall(detail::StreamHandle&& handle) noexcept : handle_(std::move(handle)) {}

  detail::StreamHandle handle_;
};

/// A call with any number of requests and one reply.
template <class Args, class Reply>
class [[nodiscard]] ClientStreamingCall : public StreamingCall {
 public:
  ClientStreamingCall() noexcept = default;

  /// Sends a message; waits while the server is slow. Not ok: it could not be sent, either because of what it is, or
  /// because the call has ended, and then `finish` tells why.
  Status write(const Args& message) { return handle_.write(message_ref(message)); }
  /// `message` must live until the operation has ended.
  auto async_write(const Args& message);
  /// Says that no more messages will follow, and waits for the reply.
  Result<Reply> finish() {
    Reply reply{};
    Reply scratch{};
    Status status = handle_.finish_one(message_slot(reply), message_slot(scratch));
    if (!status.ok()) return status;
    return reply;
  }
  auto async_finish();

 private:
  friend class Client;
  explicit ClientStreamingCall(detail::StreamHandle&& handle) noexcept : StreamingCall(std::move(handle)) {}
};

/// A call with one request and any number of replies.
template <class Reply>
class [[nodiscard]] ServerStreamingCall : public StreamingCall {
 public:
  ServerStreamingCall() noexcept = default;

  /// Waits for the next message. False at the end and after an error; `finish` tells which. Fields that a message does
  /// not mention keep the value they have in `into`.
  bool read(Reply& into) { return handle_.read(message_slot(into)); }
  auto async_read(Reply& into);
  /// The next message in an object of its own, or nothing.
  std::optional<Reply> next() {
    std::optional<Reply> message(std::in_place);
    if (!read(*message)) message.reset();
    return message;
  }
  auto async_next();
  /// Reads on to the end, and returns how the call has ended.
  Status finish() {
    Reply scratch{};
    return handle_.finish(message_slot(scratch));
  }
  auto async_finish();

 private:
  friend class Client;
  explicit ServerStreamingCall(detail::StreamHandle&& handle) noexcept : StreamingCall(std::move(handle)) {}
};

/// A call with any number of messages both ways, in any order.
template <class Args, class Reply>
class [[nodiscard]] BidirectionalCall : public StreamingCall {
 public:
  BidirectionalCall() noexcept = default;

  /// As in `ClientStreamingCall`.
  Status write(const Args& message) { return handle_.write(message_ref(message)); }
  auto async_write(const Args& message);
  /// Says that no more messages will follow. Reading goes on.
  Status close_writing() { return handle_.close_writing(); }
  auto async_close_writing();
  /// As in `ServerStreamingCall`.
  bool read(Reply& into) { return handle_.read(message_slot(into)); }
  auto async_read(Reply& into);
  std::optional<Reply> next() {
    std::optional<Reply> message(std::in_place);
    if (!read(*message)) message.reset();
    return message;
  }
  auto async_next();
  /// Closes the writing, if that has not happened, reads on to the end, and returns how the call has ended.
  Status finish() {
    Reply scratch{};
    return handle_.finish(message_slot(scratch));
  }
  auto async_finish();

 private:
  friend class Client;
  explicit BidirectionalCall(detail::StreamHandle&& handle) noexcept : StreamingCall(std::move(handle)) {}
};

}  // namespace polyrpc
