#include "rpc_server.hpp"

#include "polyrpc/core/spare.hpp"

#include "rpc_status.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace polyrpc::protobuf::detail {

namespace {

/// What a header may have beside names and metadata.
constexpr std::size_t other_header_bytes = 1024;

void clear(IncomingRequest& request) {
  request.kind = RequestKind::call;
  request.head.method = {};
  request.head.tag.number = 0;
  request.head.tag.text.clear();
  request.head.wants_reply = true;
  request.head.kind = CallKind::unary;
  request.head.timeout.reset();
  request.head.metadata.clear();
  request.cancels.number = 0;
  request.cancels.text.clear();
  request.refused = {};
  request.body = nullptr;
}

}  // namespace

Server::Server(std::shared_ptr<const Settings> settings) : settings_(std::move(settings)) {}

Server::Work::Work(std::shared_ptr<const Settings> of)
    : settings(std::move(of)),
      cutter(*settings, settings->limits.name_bytes + settings->limits.metadata_bytes + other_header_bytes) {}

Server::Work& Server::work() {
  if (work_ == nullptr) {
    work_ = Spare<Work>::take();
    if (work_ == nullptr || work_->settings != settings_) work_ = std::make_unique<Work>(settings_);
  }
  return *work_;
}

void Server::rest() noexcept { Spare<Work>::keep(std::move(work_)); }

Server::Writing::~Writing() {
  work_.more.recycle(kept_header_bytes);
  work_.text.recycle(0);
  if (was_at_rest_) server_.rest();
}

Server::Streams& Server::streams() {
  if (streams_ == nullptr) streams_ = std::make_unique<Streams>();
  return *streams_;
}

Capabilities Server::capabilities() const noexcept {
  Capabilities capabilities;
  capabilities.metadata = capabilities.deadline = capabilities.cancel = true;
  capabilities.details = capabilities.one_way = capabilities.streaming = true;
  return capabilities;
}

Server::Stream* Server::find(std::uint64_t id) noexcept {
  if (streams_ == nullptr || streams_->all.empty()) return nullptr;
  const auto found = streams_->all.find(id);
  return found == streams_->all.end() ? nullptr : &found->second;
}

const Server::Stream* Server::find(std::uint64_t id) const noexcept { return const_cast<Server*>(this)->find(id); }

Result<bool> Server::next_request(ByteQueue& input, IncomingRequest& request) {
  Result<bool> found = cut(input, request);
  if (found.ok() && !*found && input.empty() && work_->cutter.is_at_start()) rest();
  return found;
}

Result<bool> Server::cut(ByteQueue& input, IncomingRequest& request) {
  using State = Cutter<RequestHeader>::State;
  Cutter<RequestHeader>& cutter = work().cutter;
  const RequestHeader& header = work_->header;
  for (;;) {
    const State state = cutter.cut(input, work_->header);
    if (state == State::more) return false;
    if (state == State::broken) return Status(cutter.failure());
    clear(request);
    request.head.tag.number = header.id;
    if (state == State::oversized) {
      if (header.frame >= static_cast<std::uint64_t>(RequestFrame::message)) return Status(cutter.failure());
      request.head.method = header.method;
      request.head.wants_reply = !header.one_way;
      request.refused = cutter.failure();
      return true;
    }
    Result<bool> news = take(request);
    if (!news.ok()) return cutter.fail(std::move(news).status());
    if (*news) return true;
  }
}

Result<bool> Server::take(IncomingRequest& request) {
  const RequestHeader& header = work_->header;
  switch (static_cast<RequestFrame>(header.frame)) {
    case RequestFrame::call:
      return take_call(request, CallKind::unary);
    case RequestFrame::client_streaming:
      return take_call(request, CallKind::client_streaming);
    case RequestFrame::server_streaming:
      return take_call(request, CallKind::server_streaming);
    case RequestFrame::bidirectional:
      return take_call(request, CallKind::bidirectional);
    case RequestFrame::message:
    case RequestFrame::end:
      return take_message(request);
    case RequestFrame::cancel:
      request.kind = RequestKind::cancel;
      request.head.wants_reply = false;
      request.cancels.number = header.id;
      if (Stream* const stream = find(header.id)) {
        stream->given_up = true;
        stream->inbox.close();
        stream->outbox.clear();
        if (stream->replied) erase(header.id);
      }
      return true;
    case RequestFrame::credit: {
      Stream* const stream = find(header.id);
      if (stream == nullptr || stream->given_up) return false;
      const bool had_room = stream->outbox.has_room();
      stream->outbox.add_credit(header.credit, streams_->ready);
      if (stream->replied) {
        if (stream->outbox.empty()) erase(header.id);
        return false;
      }
      request.kind = RequestKind::writable;
      return !had_room && stream->outbox.has_room();
    }
  }
  request.refused = Status::unimplemented("protorpc: no such frame: " + std::to_string(header.frame));
  return true;
}

Result<bool> Server::take_call(IncomingRequest& request, CallKind kind) {
  const RequestHeader& header = work_->header;
  RequestHead& head = request.head;
  head.method = header.method;
  head.kind = kind;
  head.wants_reply = kind != CallKind::unary || !header.one_way;
  if (find(header.id) != nullptr)
    return Status::invalid_argument("protorpc: two calls at once have the number " + std::to_string(header.id));
  if (header.timeout != 0) {
    constexpr auto most = static_cast<std::uint64_t>((std::numeric_limits<std::int64_t>::max)());
    head.timeout = std::chrono::nanoseconds(static_cast<std::int64_t>((std::min)(header.timeout, most)));
  }
  if (header.method.size() > settings_->limits.name_bytes)
    request.refused = Status::resource_exhausted("protorpc: method name longer than the limit");
  else if (wire_size(header.metadata) > settings_->limits.metadata_bytes)
    request.refused = Status::resource_exhausted("protorpc: metadata larger than the limit");
  else
    take_entries(header.metadata, head.metadata);
  if (!streams_requests(kind)) request.body = &work_->cutter;
  if (kind != CallKind::unary) {
    Stream& stream = streams().all.try_emplace(header.id, kind).first->second;
    if (!streams_requests(kind)) stream.inbox.end();
  }
  return true;
}

Result<bool> Server::take_message(IncomingRequest& request) {
  const RequestHeader& header = work_->header;
  Stream* const stream = find(header.id);
  // The client can't know yet that the call is over.
  if (stream == nullptr || stream->given_up || stream->replied || !stream->failure.ok()) return false;
  Inbox& inbox = stream->inbox;
  if (inbox.ended())
    return Status::invalid_argument("protorpc: a message behind the last one of call " + std::to_string(header.id));
  if (header.frame == static_cast<std::uint64_t>(RequestFrame::end)) {
    inbox.end();
  } else if (!inbox.put(work_->cutter.body(), work_->cutter.form())) {
    stream->failure = Status::resource_exhausted("protorpc: more messages than the client was given credit for");
    inbox.close();
  }
  request.kind = RequestKind::readable;
  return inbox.was_hungry();
}

Status Server::write_reply(const ReplyHead& head, MessageRef body, ByteQueue& output) {
  Stream* const stream = find(head.tag.number);
  if (stream != nullptr && stream->given_up) {
    erase(head.tag.number);
    return {};
  }
  const bool ok = head.status.ok();
  Writing writing(*this);
  ByteQueue& more = writing.more();
  if (!ok) put_number(more, reply_field::code, static_cast<std::uint64_t>(head.status.code()));
  if (head.headers != nullptr && (stream == nullptr || !stream->headers_written))
    put_metadata(more, reply_field::headers, *head.headers);
  if (head.trailers != nullptr) put_metadata(more, reply_field::trailers, *head.trailers);
  for (const StatusDetail& detail : head.status.details())
    put_entry(more, reply_field::details, detail.type_url, detail.value);
  if (stream != nullptr) put_number(more, reply_field::frame, static_cast<std::uint64_t>(ReplyFrame::last));

  Head front;
  front.id = head.tag.number;
  if (!ok) front.text = valid_utf8(error_text(head.status), writing.text());
  front.more = more.text();
  if (!ok || (stream != nullptr && streams_replies(stream->kind))) body = {};
  const auto write = [&](ByteQueue& to) { return write_envelope(*settings_, front, body, to); };
  // An error does not wait for messages that nobody wants any more.
  const bool waits = stream != nullptr && ok && !stream->outbox.empty();
  Status status = waits ? stream->outbox.wait_free(write) : write(sink(output)).status();
  if (!status.ok() || stream == nullptr) return status;
  stream->replied = true;
  if (!waits) erase(head.tag.number);
  return status;
}

Result<Pulled> Server::read_message(const CallTag& tag, MessageSlot into) {
  Stream* const stream = find(tag.number);
  if (stream == nullptr || stream->replied || stream->given_up) return call_is_over();
  if (!stream->failure.ok()) return Status(stream->failure);
  Result<Pulled> pulled = stream->inbox.pull(*settings_, into);
  if (!pulled.ok()) {
    stream->failure = pulled.status();
    stream->inbox.close();
  } else if (stream->inbox.owes_credit() && !std::exchange(stream->owed, true)) {
    streams_->owed.push_back(tag.number);
  }
  return pulled;
}

Status Server::write_headers(const CallTag& tag, const Metadata& headers, ByteQueue& output) {
  Stream* const stream = find(tag.number);
  if (stream == nullptr || stream->replied) return call_is_over();
  if (stream->given_up || std::exchange(stream->headers_written, true)) return {};
  Writing writing(*this);
  ByteQueue& more = writing.more();
  put_metadata(more, reply_field::headers, headers);
  put_number(more, reply_field::frame, static_cast<std::uint64_t>(ReplyFrame::headers));
  Head head;
  head.id = tag.number;
  head.more = more.text();
  write_bare(head, sink(output));
  return {};
}

Status Server::write_message(const CallTag& tag, MessageRef message, ByteQueue& output) {
  Stream* const stream = find(tag.number);
  if (stream == nullptr || stream->replied || stream->given_up) return call_is_over();
  Writing writing(*this);
  ByteQueue& more = writing.more();
  put_number(more, reply_field::frame, static_cast<std::uint64_t>(ReplyFrame::message));
  Head head;
  head.id = tag.number;
  head.more = more.text();
  const auto write = [&](ByteQueue& to) { return write_envelope(*settings_, head, message, to); };
  if (!stream->outbox.has_room()) return stream->outbox.wait(write);
  const Result<std::size_t> body = write(sink(output));
  if (body.ok()) stream->outbox.spend(*body);
  return body.status();
}

bool Server::has_room(const CallTag& tag) const noexcept {
  const Stream* const stream = find(tag.number);
  return stream == nullptr || stream->given_up || stream->outbox.has_room();
}

void Server::write_pending(ByteQueue& output) {
  if (streams_ == nullptr) return;
  if (!streams_->ready.empty()) {
    output.append(streams_->ready.readable());
    streams_->ready.release();
  }
  if (streams_->owed.empty()) return;
  Writing writing(*this);
  ByteQueue& more = writing.more();
  for (const std::uint64_t id : streams_->owed) {
    Stream* const stream = find(id);
    if (stream == nullptr) continue;
    stream->owed = false;
    if (!stream->inbox.owes_credit()) continue;
    more.clear();
    put_number(more, reply_field::frame, static_cast<std::uint64_t>(ReplyFrame::credit));
    put_number(more, reply_field::credit, stream->inbox.grant());
    Head head;
    head.id = id;
    head.more = more.text();
    write_bare(head, output);
  }
  streams_->owed.clear();
}

}  // namespace polyrpc::protobuf::detail
