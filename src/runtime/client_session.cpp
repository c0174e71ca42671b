#include "polyrpc/runtime/client_session.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace polyrpc {

namespace {

constexpr std::size_t kept_payload = 256 << 10;

}  // namespace

ClientSession::ClientSession(std::unique_ptr<ClientCodec> codec, std::unique_ptr<ClientFraming> framing)
    : codec_(std::move(codec)), framing_(std::move(framing)) {
  if (framing_ != nullptr) framing_->open(output_);
}

Result<bool> ClientSession::opened(ByteQueue& wire) {
  if (framing_ == nullptr) return true;
  return framing_->opened(wire);
}

Status ClientSession::send(ClientCall& call) {
  if (!failure_.ok()) return failure_;
  head_.method = call.method;
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

void ClientSession::withdraw(ClientCall& call) {
  table_[call.number & (table_.size() - 1)] = nullptr;
  --in_flight_;
  call.stage = ClientCall::Stage::ended;
  if (!failure_.ok()) return;
  const std::size_t start = output_.size();
  try {
    codec_->write_cancel(call.number, output_);
    if (framing_ == nullptr || output_.size() == start) return;
    RequestHead head;
    head.wants_reply = false;
    if (Status wrapped = framing_->wrap(head, output_, start); wrapped.ok()) return;
  } catch (const std::exception&) {
    failure_ = Status::resource_exhausted("polyrpc: no memory to cancel a call");
  }
  output_.truncate(start);
}

Status ClientSession::receive(ByteQueue& wire, Ended ended) {
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
      finish(*call);
      ended(*call);
      if (!failure_.ok()) return failure_;
    }
    if (payload_.empty()) payload_.recycle(kept_payload);
    return failure_ = std::move(unwrapped);
  } catch (const std::exception& thrown) {
    return failure_ = Status::resource_exhausted("polyrpc: reading replies threw " + std::string(thrown.what()));
  }
}

/// Takes the reply that was cut last into its call.
void ClientSession::finish(ClientCall& call) {
  table_[call.number & (table_.size() - 1)] = nullptr;
  --in_flight_;
  call.stage = ClientCall::Stage::ended;
  if (!reply_.status.ok()) {
    call.status = std::move(reply_.status).as_remote();
    reply_.status = {};
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

void ClientSession::take_all(Ended taken) {
  std::vector<ClientCall*> calls;
  calls.reserve(in_flight_);
  for (ClientCall*& place : table_)
    if (place != nullptr) calls.push_back(std::exchange(place, nullptr));
  in_flight_ = 0;
  std::sort(calls.begin(), calls.end(), [](const ClientCall* a, const ClientCall* b) { return a->number < b->number; });
  for (ClientCall* call : calls) {
    call->stage = ClientCall::Stage::ended;
    taken(*call);
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
