#include "streamed_call.hpp"

#include "active_call.hpp"
#include "server_session_impl.hpp"

#include <asio/async_result.hpp>
#include <asio/use_awaitable.hpp>

#include <utility>

namespace polyrpc {

namespace {

struct ParkAt {
  Parked* place;

  template <class Completion>
  void operator()(Completion&& completion) const {
    place->park(std::forward<Completion>(completion));
  }
};

Awaitable<void> parked_at(Parked& place) {
  ParkAt initiation{&place};
  auto token = asio::use_awaitable;
  co_await asio::async_initiate<decltype(token), void()>(std::move(initiation), token);
}

}  // namespace

Status StreamedCall::why_over() const {
  const auto deadline = call_.call_context.deadline();
  if (deadline && Clock::now() >= *deadline) return Status::deadline_exceeded("polyrpc: the deadline has passed");
  return Status::cancelled("polyrpc: nobody waits for the call any more");
}

Awaitable<Result<bool>> StreamedCall::receive(MessageSlot into) {
  for (;;) {
    if (call_.is_over()) co_return why_over();
    Result<Pulled> pulled = call_.session->read_message(call_, into);
    if (!pulled.ok()) co_return std::move(pulled).status();
    if (*pulled == Pulled::message) co_return true;
    if (*pulled == Pulled::end) co_return false;
    if (reader_) co_return Status::failed_precondition("polyrpc: another coroutine reads this call's messages");
    co_await parked_at(reader_);
  }
}

Awaitable<Status> StreamedCall::send(MessageRef message) {
  if (call_.is_over()) co_return why_over();
  Status written = write_headers();
  if (written.ok()) written = call_.session->write_message(call_, message);
  if (!written.ok()) co_return written;
  while (!call_.session->has_room(call_)) {
    if (writer_) co_return Status::failed_precondition("polyrpc: another coroutine writes this call's messages");
    co_await parked_at(writer_);
    if (call_.is_over()) co_return why_over();
  }
  co_return written;
}

Awaitable<Status> StreamedCall::send_headers() {
  if (call_.is_over()) co_return why_over();
  Status written = write_headers();
  co_return written;
}

Status StreamedCall::write_headers() {
  if (std::exchange(headers_sent_, true)) return {};
  return call_.session->write_headers(call_);
}

void StreamedCall::wake_later() {
  if (!reader_ && !writer_) return;
  loop_.post([call = call_.shared_from_this()] {
    call->stream->reader_.resume();
    call->stream->writer_.resume();
  });
}

}  // namespace polyrpc
