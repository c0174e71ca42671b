#include "polyrpc/runtime/client_session.hpp"

#include "polyrpc/runtime/stream_call.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace polyrpc {

namespace {

constexpr std::size_t kept_payload = 256 << 10;
constexpr std::uint8_t most_sent_again = 2;

StreamCall& as_stream(ClientCall& call) noexcept { return static_cast<StreamCall&>(call); }

}  // namespace

ClientLink::ClientLink(std::unique_ptr<ClientSession> made) : session(std::move(made)) {}

ClientLink::~ClientLink() = default;

Result<bool> ClientFraming::opened(ByteQueue&) { return true; }

ClientSession::ClientSession(std::unique_ptr<ClientCodec> codec, std::unique_ptr<ClientFraming> framing)
    : codec_(std::move(codec)),
      framing_(std::move(framing)),
      streams_(framing_ == nullptr && codec_->capabilities().streaming),
      tick_due_(streams_ ? Clock::time_point() : Clock::time_point::max()) {
  if (framing_ != nullptr) framing_->open(output_);
}

Result<bool> ClientSession::opened(ByteQueue& wire) {
  if (framing_ == nullptr) return true;
  return framing_->opened(wire);
}

Status ClientSession::send(ClientCall& call) {
  if (!failure_.ok()) return failure_;
  head_.method = call.method;
  head_.kind = call.kind;
  head_.wants_reply = !call.one_way;
  head_.timeout.reset();
  if (call.send_deadline && codec_->capabilities().deadline && call.has_deadline())
    head_.timeout = call.deadline - Clock::now();
  if (call.metadata != nullptr)
    head_.metadata = *call.metadata;
  else if (!head_.metadata.empty())
    head_.metadata.clear();

  if (!call.one_way) enter(call);
  head_.tag.number = call.one_way ? next_number_ : call.number;
  const std::size_t start = output_.size();
  Status written;
  try {
    written = codec_->write_request(head_, call.args, output_);
    if (written.ok() && framing_ != nullptr) {
      written = framing_->wrap(head_, output_, start);
      if (!written.ok()) failure_ = written;  // the codec believes that the request has gone out
    }
    if (written.ok()) write_pending();
  } catch (const std::exception& thrown) {
    // Nobody knows how far the codec has come: what stood in the output before goes out, nothing more.
    written = Status::internal("polyrpc: writing the request threw " + std::string(thrown.what()));
    failure_ = written;
  }
  if (!written.ok()) {
    output_.truncate(start);
    if (!call.one_way) {
      table_[call.number & (table_.size() - 1)] = nullptr;
      --in_flight_;
    }
    return written;
  }
  if (!call.one_way) call.stage = ClientCall::Stage::sent;
  return written;
}

void ClientSession::drop(ClientCall& call) noexcept {
  table_[call.number & (table_.size() - 1)] = nullptr;
  --in_flight_;
  call.stage = ClientCall::Stage::ended;
  call.link = nullptr;
}

void ClientSession::withdraw(ClientCall& call) {
  drop(call);
  if (!failure_.ok()) return;
  const std::size_t start = output_.size();
  try {
    codec_->write_cancel(call.number, output_);
    write_pending();
    if (framing_ == nullptr || output_.size() == start) return;
    RequestHead head;
    head.wants_reply = false;
    if (Status wrapped = framing_->wrap(head, output_, start); wrapped.ok()) return;
  } catch (const std::exception&) {
    failure_ = Status::resource_exhausted("polyrpc: no memory to cancel a call");
  }
  output_.truncate(start);
}

Status ClientSession::receive(ByteQueue& wire, News news) {
  try {
    if (!failure_.ok()) return failure_;
    Status unwrapped;
    if (framing_ != nullptr) unwrapped = framing_->unwrap(wire, payload_);
    ByteQueue& input = framing_ != nullptr ? payload_ : wire;
    for (;;) {
      Result<bool> cut = codec_->next_reply(input, reply_);
      if (!cut.ok()) return failure_ = std::move(cut).status();
      if (!*cut) break;
      ClientCall* call = find(reply_.call);
      if (call == nullptr) continue;
      if (reply_.kind != ReplyKind::reply) {
        if (reply_.kind == ReplyKind::readable && call->kind != CallKind::unary) {
          fetch_headers(as_stream(*call));
          as_stream(*call).has_headers = true;  // what has come before any headers has none
        }
      } else if (!reply_.never_seen || !begins_anew(*call)) {
        finish(*call);
      }
      news(*call);
      if (!failure_.ok()) return failure_;
    }
    write_pending();
    if (payload_.empty()) payload_.recycle(kept_payload);
    return failure_ = std::move(unwrapped);
  } catch (const std::exception& thrown) {
    return failure_ = Status::resource_exhausted("polyrpc: reading replies threw " + std::string(thrown.what()));
  }
}

/// Makes a call that the server has not begun with ready to be sent again, if that can be.
bool ClientSession::begins_anew(ClientCall& call) noexcept {
  if (!call.args_stay || call.sent_again >= most_sent_again) return false;
  if (call.kind != CallKind::unary) {
    StreamCall& stream = as_stream(call);
    if (stream.touched) return false;
    stream.ended_read = stream.has_headers = false;
  }
  drop(call);
  ++call.sent_again;
  call.stage = ClientCall::Stage::waiting;
  return true;
}

/// Takes the reply that was cut last into its call.
void ClientSession::finish(ClientCall& call) {
  drop(call);
  if (!reply_.status.ok()) {
    call.status = std::move(reply_.status).as_remote();
    reply_.status = {};
  }
  if (call.kind != CallKind::unary) {
    StreamCall& stream = as_stream(call);
    if (!stream.has_headers) stream.received_headers = std::exchange(reply_.headers, {});
    stream.has_headers = true;
    stream.received_trailers = std::exchange(reply_.trailers, {});
    return;
  }
  if (call.may_vanish && !call.enter()) return;
  struct Inside {
    ClientCall& call;
    ~Inside() {
      if (call.may_vanish) call.leave();
    }
  } inside{call};
  if (call.headers != nullptr) *call.headers = std::exchange(reply_.headers, {});
  if (call.trailers != nullptr) *call.trailers = std::exchange(reply_.trailers, {});
  if (!call.status.ok() || call.reply.object == nullptr || reply_.body == nullptr) return;
  try {
    Status decoded = reply_.body->decode(call.reply);
    if (!decoded.ok()) call.status = Status(decoded.code(), "reading body " + decoded.message());
  } catch (const std::exception& thrown) {
    call.status = Status::internal("polyrpc: reading the reply threw " + std::string(thrown.what()));
    failure_ = call.status;
  }
}

std::vector<ClientCall*> ClientSession::calls() const {
  std::vector<ClientCall*> calls;
  calls.reserve(in_flight_);
  for (ClientCall* const place : table_)
    if (place != nullptr) calls.push_back(place);
  std::sort(calls.begin(), calls.end(), [](const ClientCall* a, const ClientCall* b) { return a->number < b->number; });
  return calls;
}

void ClientSession::take_all(News taken) {
  const std::vector<ClientCall*> all = calls();
  for (ClientCall* const call : all) drop(*call);
  for (ClientCall* const call : all) taken(*call);
}

void ClientSession::take_finished(News taken, News left) {
  const std::vector<ClientCall*> all = calls();
  const auto may_read = [](ClientCall& call) { return call.kind != CallKind::unary && !as_stream(call).ended_read; };
  for (ClientCall* const call : all)
    if (!may_read(*call)) drop(*call);
  for (ClientCall* const call : all) call->stage == ClientCall::Stage::ended ? taken(*call) : left(*call);
}

Result<Pulled> ClientSession::read(StreamCall& call, MessageSlot into) {
  if (!failure_.ok()) return Pulled::nothing;
  try {
    Result<Pulled> pulled = codec_->read_message(call.number, into);
    if (!pulled.ok()) {
      withdraw(call);
      const Status& why = pulled.status();
      return Status(why.code(), "reading body " + why.message());
    }
    if (*pulled == Pulled::message)
      call.touched = true, write_pending();
    else if (*pulled == Pulled::end)
      call.ended_read = true;
    return pulled;
  } catch (const std::exception& thrown) {
    failure_ = Status::internal("polyrpc: reading a message threw " + std::string(thrown.what()));
    drop(call);
    return failure_;
  }
}

Status ClientSession::write(StreamCall& call, MessageRef message) {
  if (!failure_.ok()) return failure_;
  const std::size_t start = output_.size();
  try {
    call.touched = true;  // even if that fails: the caller has been told of this attempt at the call
    Status written = codec_->write_message(call.number, message, output_);
    if (written.ok()) incomplete_ = streams_;
    return written;
  } catch (const std::exception& thrown) {
    output_.truncate(start);
    return failure_ = Status::internal("polyrpc: writing a message threw " + std::string(thrown.what()));
  }
}

Status ClientSession::close_writing(StreamCall& call) {
  if (!failure_.ok()) return failure_;
  const std::size_t start = output_.size();
  try {
    call.touched = true;
    Status written = codec_->write_end(call.number, output_);
    if (written.ok()) write_pending();
    return written;
  } catch (const std::exception& thrown) {
    output_.truncate(start);
    return failure_ = Status::internal("polyrpc: ending the messages threw " + std::string(thrown.what()));
  }
}

void ClientSession::write_messages() noexcept {
  incomplete_ = false;
  if (!failure_.ok()) return;
  if (std::exchange(full_, false)) stirred_ = true;
  const std::size_t start = output_.size();
  try {
    write_pending();
  } catch (const std::exception&) {
    output_.truncate(start);
    failure_ = Status::resource_exhausted("polyrpc: no memory to send messages");
  }
}

bool ClientSession::has_room(const StreamCall& call) const noexcept { return codec_->has_room(call.number); }

void ClientSession::fetch_headers(StreamCall& call) {
  if (call.has_headers || !failure_.ok()) return;
  const Metadata* const headers = codec_->headers(call.number);
  if (headers == nullptr) return;
  call.received_headers = *headers;
  call.has_headers = true;
}

Status ClientSession::tick(Clock::time_point now) {
  if (!streams_ || !failure_.ok()) {
    tick_due_ = Clock::time_point::max();
    return failure_;
  }
  try {
    const auto next = codec_->tick(now, output_);
    if (!next.ok()) return failure_ = next.status();
    tick_due_ = next->value_or(Clock::time_point::max());
    return {};
  } catch (const std::exception& thrown) {
    return failure_ = Status::internal("polyrpc: the wire's upkeep threw " + std::string(thrown.what()));
  }
}

ClientCall* ClientSession::find(std::uint64_t number) const noexcept {
  if (table_.empty()) return nullptr;
  ClientCall* call = table_[number & (table_.size() - 1)];
  return call != nullptr && call->number == number ? call : nullptr;
}

void ClientSession::enter(ClientCall& call) {
  if (in_flight_ * 2 >= table_.size()) grow();
  while (table_[next_number_ & (table_.size() - 1)] != nullptr) ++next_number_;
  call.number = next_number_++;
  table_[call.number & (table_.size() - 1)] = &call;
  ++in_flight_;
}

// Calls that had places of their own have them in a table of twice the size too.
void ClientSession::grow() {
  std::vector<ClientCall*> larger((std::max)(table_.size() * 2, std::size_t{16}));
  for (ClientCall* call : table_)
    if (call != nullptr) larger[call->number & (larger.size() - 1)] = call;
  table_.swap(larger);
}

}  // namespace polyrpc
