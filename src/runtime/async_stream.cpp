#include "polyrpc/runtime/async_stream.hpp"

#include "stream_wait.hpp"

#include <asio/use_awaitable.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace polyrpc::detail {

namespace {

/// Does an operation, which is the caller's, and waits as long as it takes.
Awaitable<void> perform(std::shared_ptr<ClientCore> core, StreamCall* called, StreamOperation* operation) {
  if (called == nullptr) {
    operation->status = Status::failed_precondition("polyrpc: this handle has no call");
    co_return;
  }
  if (core->context() == nullptr) {
    operation->status = needs_loop();
    co_return;
  }
  const StreamReference call(*called);  // the handle may go
  while (!core->attempt(*call, *operation)) {
    WaitForStream wait{core.get(), core->context(), &*call, operation, nullptr};
    auto token = asio::use_awaitable;
    Status woken = co_await asio::async_initiate<decltype(token), void(Status)>(std::move(wait), token);
    (void)woken;
  }
}

Awaitable<Status> outcome(StreamHandle& handle) {
  StreamOperation end(StreamOperation::Kind::outcome);
  co_await perform(handle.core(), handle.call(), &end);
  co_return std::move(end.status);
}

}  // namespace

Awaitable<Status> async_write(StreamHandle& handle, MessageRef message) {
  StreamOperation write(StreamOperation::Kind::write);
  write.message = message;
  co_await perform(handle.core(), handle.call(), &write);
  co_return std::move(write.status);
}

Awaitable<Status> async_close_writing(StreamHandle& handle) {
  StreamOperation close(StreamOperation::Kind::close_writing);
  co_await perform(handle.core(), handle.call(), &close);
  co_return std::move(close.status);
}

Awaitable<bool> async_read(StreamHandle& handle, MessageSlot into) {
  StreamOperation read(StreamOperation::Kind::read);
  read.into = into;
  co_await perform(handle.core(), handle.call(), &read);
  co_return read.got;
}

Awaitable<Status> async_finish(StreamHandle& handle, MessageSlot scratch) {
  if (handle.valid() && streams_requests(handle.call()->kind)) {
    Status closed = co_await async_close_writing(handle);
    if (!closed.ok()) co_return closed;
  }
  for (;;) {
    const bool got = co_await async_read(handle, scratch);
    if (!got) break;
  }
  Status status = co_await outcome(handle);
  co_return status;
}

Awaitable<Status> async_finish_one(StreamHandle& handle, MessageSlot reply, MessageSlot scratch) {
  Status closed = co_await async_close_writing(handle);
  if (!closed.ok()) co_return closed;
  std::size_t replies = 0;
  for (;; ++replies) {
    MessageSlot into = reply;
    if (replies > 0) into = scratch;
    const bool got = co_await async_read(handle, into);
    if (!got) break;
  }
  Status ended = co_await outcome(handle);
  Status status = check_one_reply(std::move(ended), replies);
  co_return status;
}

Awaitable<const Metadata*> async_headers(StreamHandle& handle) {
  static const Metadata none;
  StreamOperation headers(StreamOperation::Kind::headers);
  co_await perform(handle.core(), handle.call(), &headers);
  if (!headers.status.ok()) co_return &none;
  co_return &handle.call()->received_headers;
}

}  // namespace polyrpc::detail
