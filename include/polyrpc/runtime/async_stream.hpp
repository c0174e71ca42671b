#pragma once

#include "polyrpc/runtime/client.hpp"
#include "polyrpc/runtime/coroutine.hpp"

#include <asio/awaitable.hpp>

#include <optional>
#include <utility>

/// The coroutine forms of streaming calls, for clients with an `io_context`, on its thread:
///
///     auto call = client.open(list_users, request);
///     User user;
///     while (co_await call.async_read(user)) show(user);
///     Status status = co_await call.async_finish();
///
/// Not part of `polyrpc.hpp`, because asio's coroutines take seconds to compile.
namespace polyrpc {

namespace detail {

Awaitable<Status> async_write(StreamHandle& handle, MessageRef message);
Awaitable<Status> async_close_writing(StreamHandle& handle);
Awaitable<bool> async_read(StreamHandle& handle, MessageSlot into);
Awaitable<Status> async_finish(StreamHandle& handle, MessageSlot scratch);
Awaitable<Status> async_finish_one(StreamHandle& handle, MessageSlot reply, MessageSlot scratch);
/// The headers are the call's.
Awaitable<const Metadata*> async_headers(StreamHandle& handle);

template <class Reply>
Awaitable<std::optional<Reply>> async_next(StreamHandle& handle) {
  std::optional<Reply> message(std::in_place);
  const MessageSlot slot = message_slot(*message);
  const bool got = co_await async_read(handle, slot);
  if (!got) message.reset();
  co_return message;
}
template <class Reply>
Awaitable<Status> async_finish(StreamHandle& handle) {
  Reply scratch{};
  const MessageSlot slot = message_slot(scratch);
  Status status = co_await async_finish(handle, slot);
  co_return status;
}
template <class Reply>
Awaitable<Result<Reply>> async_finish_one(StreamHandle& handle) {
  Reply reply{};
  Reply scratch{};
  const MessageSlot slot = message_slot(reply);
  const MessageSlot scratch_slot = message_slot(scratch);
  Status status = co_await async_finish_one(handle, slot, scratch_slot);
  if (!status.ok()) {
    Result<Reply> failed(std::move(status));
    co_return failed;
  }
  Result<Reply> result(std::move(reply));
  co_return result;
}

}  // namespace detail

inline auto StreamingCall::async_headers() { return detail::async_headers(handle_); }

template <class Args, class Reply>
auto ClientStreamingCall<Args, Reply>::async_write(const Args& message) {
  return detail::async_write(handle_, message_ref(message));
}
template <class Args, class Reply>
auto ClientStreamingCall<Args, Reply>::async_finish() {
  return detail::async_finish_one<Reply>(handle_);
}

template <class Reply>
auto ServerStreamingCall<Reply>::async_read(Reply& into) {
  return detail::async_read(handle_, message_slot(into));
}
template <class Reply>
auto ServerStreamingCall<Reply>::async_next() {
  return detail::async_next<Reply>(handle_);
}
template <class Reply>
auto ServerStreamingCall<Reply>::async_finish() {
  return detail::async_finish<Reply>(handle_);
}

template <class Args, class Reply>
auto BidirectionalCall<Args, Reply>::async_write(const Args& message) {
  return detail::async_write(handle_, message_ref(message));
}
template <class Args, class Reply>
auto BidirectionalCall<Args, Reply>::async_close_writing() {
  return detail::async_close_writing(handle_);
}
template <class Args, class Reply>
auto BidirectionalCall<Args, Reply>::async_read(Reply& into) {
  return detail::async_read(handle_, message_slot(into));
}
template <class Args, class Reply>
auto BidirectionalCall<Args, Reply>::async_next() {
  return detail::async_next<Reply>(handle_);
}
template <class Args, class Reply>
auto BidirectionalCall<Args, Reply>::async_finish() {
  return detail::async_finish<Reply>(handle_);
}

}  // namespace polyrpc
