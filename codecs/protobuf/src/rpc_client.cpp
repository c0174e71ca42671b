#include "rpc_client.hpp"

#include "rpc_status.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <string>

namespace polyrpc::protobuf::detail {

namespace {

constexpr std::uint64_t id_of(std::uint64_t call) noexcept { return call + 1; }
constexpr std::uint64_t call_of(std::uint64_t id) noexcept { return id - 1; }

void clear(IncomingReply& reply) {
  reply.kind = ReplyKind::reply;
  reply.call = 0;
  reply.status = {};
  reply.headers.clear();
  reply.trailers.clear();
  reply.body = nullptr;
  reply.never_seen = false;
}

constexpr RequestFrame frame_of(CallKind kind) noexcept {
  switch (kind) {
    case CallKind::unary:
      break;
    case CallKind::client_streaming:
      return RequestFrame::client_streaming;
    case CallKind::server_streaming:
      return RequestFrame::server_streaming;
    case CallKind::bidirectional:
      return RequestFrame::bidirectional;
  }
  return RequestFrame::call;
}

/// Reads a reply's metadata where the limit allows it.
Status take_metadata(const ReplyHeader& header, const CodecLimits& limits, Metadata& headers, Metadata& trailers) {
  if (wire_size(header.headers) + wire_size(header.trailers) > limits.metadata_bytes)
    return Status::resource_exhausted("protorpc: metadata larger than the limit");
  take_entries(header.headers, headers);
  take_entries(header.trailers, trailers);
  return {};
}

}  // namespace

Client::Client(std::shared_ptr<const Settings> settings)
    : settings_(std::move(settings)),
      // Go sets an error's length no limit, so that the one of a message has to do.
      cutter_(*settings_, settings_->limits.message_bytes) {}

Capabilities Client::capabilities() const noexcept {
  Capabilities capabilities;
  capabilities.metadata = capabilities.deadline = capabilities.cancel = true;
  capabilities.details = capabilities.one_way = capabilities.streaming = true;
  return capabilities;
}

Client::Stream* Client::find(std::uint64_t call) noexcept {
  if (streams_.empty()) return nullptr;
  const auto found = streams_.find(call);
  return found == streams_.end() ? nullptr : &found->second;
}

const Client::Stream* Client::find(std::uint64_t call) const noexcept { return const_cast<Client*>(this)->find(call); }

Status Client::write_request(const RequestHead& head, MessageRef body, ByteQueue& output) {
  const bool streams = head.kind != CallKind::unary;
  if (!is_utf8(head.method)) return Status::invalid_argument("protorpc: a method's name that is no UTF-8");
  more_.clear();
  if (head.timeout) {
    // A zero would mean that there is no deadline.
    const auto timeout = head.timeout->count();
    put_number(more_, request_field::timeout, timeout > 0 ? static_cast<std::uint64_t>(timeout) : 1);
  }
  put_metadata(more_, request_field::metadata, head.metadata);
  if (streams) put_number(more_, request_field::frame, static_cast<std::uint64_t>(frame_of(head.kind)));
  if (!streams && !head.wants_reply) put_number(more_, request_field::one_way, 1);
  // A Go server must not take it for a call with one message, and look for a method of that name.
  if (streams) put_text(more_, request_field::method, head.method);

  Head front;
  front.id = id_of(head.tag.number);
  if (!streams) front.text = head.method;
  front.more = more_.text();
  front.most = settings_->options.request_header_bytes;
  if (streams_requests(head.kind)) body = {};
  Status status = write_envelope(*settings_, front, body, sink(output)).status();
  more_.recycle(kept_header_bytes);
  if (status.ok() && streams) streams_.insert_or_assign(head.tag.number, Stream(head.kind));
  return status;
}

void Client::write_cancel(std::uint64_t call, ByteQueue& output) {
  if (!streams_.empty()) streams_.erase(call);
  more_.clear();
  put_number(more_, request_field::frame, static_cast<std::uint64_t>(RequestFrame::cancel));
  Head head;
  head.id = id_of(call);
  head.more = more_.text();
  write_bare(head, sink(output));
}

Result<bool> Client::next_reply(ByteQueue& input, IncomingReply& reply) {
  using State = Cutter<ReplyHeader>::State;
  for (;;) {
    if (take_news(reply)) return true;
    const State state = cutter_.cut(input, header_);
    if (state == State::more) return false;
    if (state == State::broken) return Status(cutter_.failure());
    const std::uint64_t call = call_of(header_.id);
    if (Stream* const stream = find(call)) {
      if (state == State::oversized)
        give_up(call, *stream, cutter_.failure());
      else if (Status status = take(call, *stream); !status.ok())
        return cutter_.fail(std::move(status));
      continue;
    }
    // News of a streaming call that nobody knows any more.
    const auto frame = static_cast<ReplyFrame>(header_.frame);
    if (frame != ReplyFrame::reply && frame != ReplyFrame::last) continue;
    clear(reply);
    reply.call = call;
    reply.status = state == State::oversized ? cutter_.failure()
                                             : take_metadata(header_, settings_->limits, reply.headers, reply.trailers);
    if (reply.status.ok()) reply.status = status_of(header_);
    if (reply.status.ok()) reply.body = &cutter_;
    return true;
  }
}

bool Client::take_news(IncomingReply& reply) {
  while (!news_.empty()) {
    const auto [kind, call] = news_.front();
    news_.erase(news_.begin());
    Stream* const stream = find(call);
    if (stream == nullptr) continue;
    clear(reply);
    reply.kind = kind;
    reply.call = call;
    if (kind == ReplyKind::reply) {
      reply.status = std::move(stream->status);
      reply.headers = std::move(stream->headers);
      reply.trailers = std::move(stream->trailers);
      streams_.erase(call);
    }
    return true;
  }
  return false;
}

Status Client::take(std::uint64_t call, Stream& stream) {
  if (stream.is_over) {
    // What was given up here may have more on the way.
    return {};
  }
  switch (static_cast<ReplyFrame>(header_.frame)) {
    case ReplyFrame::reply: {
      Status status = status_of(header_);
      if (status.ok()) status = Status::unimplemented("protorpc: the server does not stream");
      finish(call, stream, std::move(status));
      break;
    }
    case ReplyFrame::last: {
      Status status = take_metadata(header_, settings_->limits, stream.headers, stream.trailers);
      if (status.ok()) status = status_of(header_);
      if (status.ok() && !streams_replies(stream.kind)) stream.inbox.put_last(cutter_.body(), cutter_.form());
      finish(call, stream, std::move(status));
      break;
    }
    case ReplyFrame::headers: {
      Metadata none;
      if (std::exchange(stream.has_headers, true))
        return Status::invalid_argument("protorpc: headers twice, of call " + std::to_string(header_.id));
      Status status = take_metadata(header_, settings_->limits, stream.headers, none);
      if (!status.ok()) {
        give_up(call, stream, std::move(status));
      } else if (stream.inbox.was_hungry()) {
        note(ReplyKind::readable, call);
      }
      break;
    }
    case ReplyFrame::message:
      if (!streams_replies(stream.kind))
        return Status::invalid_argument("protorpc: a message to call " + std::to_string(header_.id) +
                                        ", which has only a reply");
      if (!stream.inbox.put(cutter_.body(), cutter_.form()))
        give_up(call, stream,
                Status::resource_exhausted("protorpc: more messages than the server was given credit for"));
      else if (stream.inbox.was_hungry())
        note(ReplyKind::readable, call);
      break;
    case ReplyFrame::credit: {
      const bool had_room = stream.outbox.has_room();
      stream.outbox.add_credit(header_.credit, ready_);
      if (!had_room && stream.outbox.has_room()) note(ReplyKind::writable, call);
      break;
    }
    default:
      break;
  }
  return {};
}

void Client::finish(std::uint64_t call, Stream& stream, Status status) {
  const bool had_room = stream.outbox.has_room();
  stream.is_over = true;
  stream.status = std::move(status);
  stream.outbox.clear();
  stream.inbox.end();
  if (stream.inbox.was_hungry()) note(ReplyKind::readable, call);
  if (!had_room) note(ReplyKind::writable, call);
}

void Client::give_up(std::uint64_t call, Stream& stream, Status why) {
  more_.clear();
  put_number(more_, request_field::frame, static_cast<std::uint64_t>(RequestFrame::cancel));
  Head head;
  head.id = id_of(call);
  head.more = more_.text();
  write_bare(head, ready_);
  stream.inbox.close();
  finish(call, stream, std::move(why));
}

Result<Pulled> Client::read_message(std::uint64_t call, MessageSlot into) {
  Stream* const stream = find(call);
  if (stream == nullptr) return call_is_over();
  Result<Pulled> pulled = stream->inbox.pull(*settings_, into);
  if (!pulled.ok()) return pulled;
  if (*pulled == Pulled::end && !std::exchange(stream->was_read, true)) note(ReplyKind::reply, call);
  if (stream->inbox.owes_credit() && !std::exchange(stream->owed, true)) owed_.push_back(call);
  return pulled;
}

const Metadata* Client::headers(std::uint64_t call) const noexcept {
  const Stream* const stream = find(call);
  if (stream == nullptr) return nullptr;
  if (stream->has_headers || stream->is_over) return &stream->headers;
  stream->inbox.note_hunger();
  return nullptr;
}

Status Client::write_message(std::uint64_t call, MessageRef message, ByteQueue& output) {
  Stream* const stream = find(call);
  if (stream == nullptr || stream->is_over) return call_is_over();
  if (stream->has_ended || !streams_requests(stream->kind))
    return Status::failed_precondition("protorpc: a message behind the last one");
  more_.clear();
  put_number(more_, request_field::frame, static_cast<std::uint64_t>(RequestFrame::message));
  Head head;
  head.id = id_of(call);
  head.more = more_.text();
  const auto write = [&](ByteQueue& to) { return write_envelope(*settings_, head, message, to); };
  if (!stream->outbox.has_room()) return stream->outbox.wait(write);
  const Result<std::size_t> body = write(sink(output));
  if (body.ok()) stream->outbox.spend(*body);
  return body.status();
}

Status Client::write_end(std::uint64_t call, ByteQueue& output) {
  Stream* const stream = find(call);
  if (stream == nullptr || stream->is_over) return call_is_over();
  if (std::exchange(stream->has_ended, true) || !streams_requests(stream->kind)) return {};
  more_.clear();
  put_number(more_, request_field::frame, static_cast<std::uint64_t>(RequestFrame::end));
  Head head;
  head.id = id_of(call);
  head.more = more_.text();
  const auto write = [&](ByteQueue& to) -> Result<std::size_t> {
    write_bare(head, to);
    return std::size_t{0};
  };
  return stream->outbox.empty() ? write(sink(output)).status() : stream->outbox.wait_free(write);
}

bool Client::has_room(std::uint64_t call) const noexcept {
  const Stream* const stream = find(call);
  return stream == nullptr || stream->is_over || stream->outbox.has_room();
}

void Client::write_pending(ByteQueue& output) {
  if (!ready_.empty()) {
    output.append(ready_.readable());
    ready_.release();
  }
  for (const std::uint64_t call : owed_) {
    Stream* const stream = find(call);
    if (stream == nullptr) continue;
    stream->owed = false;
    if (!stream->inbox.owes_credit()) continue;
    more_.clear();
    put_number(more_, request_field::frame, static_cast<std::uint64_t>(RequestFrame::credit));
    put_number(more_, request_field::credit, stream->inbox.grant());
    Head head;
    head.id = id_of(call);
    head.more = more_.text();
    write_bare(head, output);
  }
  owed_.clear();
}

}  // namespace polyrpc::protobuf::detail
