#include "stream_attempt.hpp"

#include <utility>

namespace polyrpc {

namespace {

using What = StreamOperation::Kind;

Attempted has_ended(const StreamCall& call, StreamOperation& operation) {
  switch (operation.kind) {
    case What::write:
      operation.status = call.status.ok() ? Status::failed_precondition("polyrpc: the call has ended") : call.status;
      break;
    case What::outcome:
      operation.status = call.status;
      break;
    case What::read:
      operation.got = false;
      break;
    case What::close_writing:
    case What::headers:
      break;
  }
  return {Attempt::done};
}

/// The connection is gone, and there is nothing left to read.
Attempted lose(StreamCall& wire) {
  Status why = wire.link->lost;
  wire.link->session->drop(wire);
  return {Attempt::over, std::move(why)};
}

}  // namespace

Attempted try_operation(StreamCall& call, StreamOperation& operation, std::size_t unsent) {
  if (call.stage == ClientCall::Stage::ended) return has_ended(call, operation);
  const bool writes = operation.kind == What::write || operation.kind == What::close_writing;
  if (writes && call.writes_closed) {
    if (operation.kind == What::write)
      operation.status = Status::failed_precondition("polyrpc: no message can follow the end of the messages");
    return {Attempt::done};
  }
  StreamCall* const wire = call.wire();
  if (wire == nullptr || wire->stage != ClientCall::Stage::sent) return {Attempt::wait};
  ClientLink& link = *wire->link;
  ClientSession& session = *link.session;
  const bool lost = !link.lost.ok();
  switch (operation.kind) {
    case What::write:
      if (lost) {
        operation.status = link.lost;
        return {Attempt::done};
      }
      if (!session.has_room(*wire)) return {Attempt::wait};
      if (unsent >= most_unsent_of_streams) return {Attempt::full};
      operation.status = session.write(*wire, operation.message);
      return {Attempt::sent};
    case What::close_writing:
      if (lost) return {Attempt::done};
      // The server may have ended the call; how, the outcome tells.
      if (const Status closed = session.close_writing(*wire); closed.ok()) call.writes_closed = true;
      return {Attempt::sent};
    case What::read: {
      if (wire->ended_read) return lost ? lose(*wire) : Attempted{Attempt::wait};
      const Result<Pulled> pulled = session.read(*wire, operation.into);
      if (!pulled.ok()) return {Attempt::over, pulled.status()};
      switch (*pulled) {
        case Pulled::message:
          operation.got = true;
          return {Attempt::sent};
        case Pulled::end:
          return {Attempt::reply_due};
        case Pulled::nothing:
          break;
      }
      return lost ? lose(*wire) : Attempted{Attempt::wait};
    }
    case What::headers:
      session.fetch_headers(*wire);
      if (&call != wire && wire->has_headers && !call.has_headers) {
        call.received_headers = wire->received_headers;
        call.has_headers = true;
      }
      return {call.has_headers || lost ? Attempt::done : Attempt::wait};
    case What::outcome:
      break;
  }
  return {Attempt::wait};
}

void part_from_front(ClientCall& call) {
  if (call.behalf == nullptr || call.kind == CallKind::unary) return;
  auto& wire = static_cast<StreamCall&>(call);
  StreamCall& front = wire.front();
  if (front.inner != &wire) return;
  front.inner = nullptr;
  if (front.has_headers || !wire.has_headers) return;
  front.received_headers = wire.received_headers;
  front.has_headers = true;
}

}  // namespace polyrpc
