// The client's end of gRPC on an nghttp2 session. nghttp2 keeps HTTP/2's rules; here is which call a stream belongs to,
// what its bytes mean, and how it ends.

#include "client_codec.hpp"

#include "polyrpc/runtime/client_session.hpp"
#include "polyrpc/runtime/http_metadata.hpp"

#include "client_stream.hpp"
#include "response.hpp"
#include "wire.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace polyrpc::grpc {

namespace {

constexpr std::int32_t last_stream_id = 0x7FFFFFFF;
// A peer that asks for more acknowledgements than this while so much waits for it to read is flooding.
constexpr std::size_t full_output = 2 * piece_bytes;  // more than messages alone make it
static_assert(piece_bytes >= ClientSession::full_output, "what is kept back would not be asked for");
constexpr std::size_t most_unread_acks = 10'000;
constexpr std::size_t kept_paths = 4096;
constexpr std::size_t gathered = std::size_t{16} << 10;  // of messages in one frame
// Of one header block, dropped fields included. Past it the server means no good.
constexpr std::size_t endless_block = std::size_t{1} << 20;

struct SessionDeleter {
  void operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
};
using Session = std::unique_ptr<nghttp2_session, SessionDeleter>;

Status late() { return Status::deadline_exceeded("grpc: the deadline has passed"); }

nghttp2_nv field(std::string_view name, std::string_view value, int flags) noexcept {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // nghttp2 does not write to it
  };
  return {bytes(name), bytes(value), name.size(), value.size(), static_cast<std::uint8_t>(flags)};
}
constexpr int borrowed = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};

class ClientConnection final : public ClientCodec {
 public:
  ClientConnection(std::shared_ptr<ClientWire> wire, const CodecLimits& limits, std::int32_t next_stream_id)
      : wire_(std::move(wire)), limits_(limits) {
    open_session(next_stream_id);
    const auto add = [this](std::string_view name, std::string_view value) {
      fields_.push_back(field(name, value, borrowed));
    };
    add(":method", "POST");
    add(":scheme", wire_->options.secure ? "https" : "http");
    path_field_ = fields_.size();
    add(":path", "/");
    add(":authority", wire_->authority);
    add("te", "trailers");
    add("content-type", wire_->content_type);
    add("user-agent", wire_->user_agent);
    if (!wire_->accept_encoding.empty()) add("grpc-accept-encoding", wire_->accept_encoding);
    if (wire_->compressor != nullptr) add("grpc-encoding", wire_->compressor->name());
    fixed_fields_ = fields_.size();
    for (const nghttp2_nv& nv : fields_) fixed_bytes_ += nv.namelen + nv.valuelen + 32;
  }

  Capabilities capabilities() const noexcept override {
    return {.metadata = true, .deadline = true, .cancel = true, .details = true, .one_way = false, .streaming = true};
  }

  // ---- what is written ----

  Status write_request(const RequestHead& head, MessageRef body, ByteQueue& output) override {
    if (!failure_.ok()) return failure_;
    if (is_leaving()) return Status::unavailable("grpc: the connection takes no further calls");
    if (head.timeout && head.timeout->count() <= 0) return late();
    if (!head.metadata.empty()) {
      if (Status checked = check_fields(head.metadata); !checked.ok()) return checked;
    }
    ClientStream& stream = pool_.take();
    try {
      if (Status begun = begin(stream, head, body); !begun.ok()) {
        pool_.give_back(stream);
        return begun;
      }
    } catch (...) {
      pool_.give_back(stream);
      throw;
    }
    pump(output);
    return {};
  }

  void write_cancel(std::uint64_t call, ByteQueue& output) override {
    ClientStream* const stream = table_.find(call);
    if (stream == nullptr) return;
    if (stream->id == 0 && !stream->finished) std::erase(waiting_, stream);
    detach(*stream, NGHTTP2_CANCEL);
    table_.erase(call);
    if (stream->queued)
      stream->gone = true;
    else
      pool_.give_back(*stream);
    pump(output);
  }

  Status write_message(std::uint64_t call, MessageRef message, ByteQueue& output) override {
    ClientStream* const stream = table_.find(call);
    if (stream == nullptr || stream->finished) return Status::unavailable("grpc: the server has ended the call");
    if (stream->ended) return Status::failed_precondition("grpc: no message may follow the last one");
    if (Status written = add_message(*stream, message); !written.ok()) return written;
    resume(*stream);
    // Small ones that follow each other share a frame: `write_pending` sends them.
    if (stream->out.size() >= (std::min)(gathered, wire_->options.stream_backlog)) pump(output);
    return {};
  }

  Status write_end(std::uint64_t call, ByteQueue& output) override {
    ClientStream* const stream = table_.find(call);
    if (stream == nullptr || stream->finished) return Status::unavailable("grpc: the server has ended the call");
    if (std::exchange(stream->ended, true)) return {};
    resume(*stream);
    pump(output);
    return {};
  }

  bool has_room(std::uint64_t call) const noexcept override {
    const ClientStream* const stream = table_.find(call);
    if (stream == nullptr || stream->finished) return true;
    if (stream->out.size() < wire_->options.stream_backlog) return true;
    const_cast<ClientStream*>(stream)->wants_writable = true;
    return false;
  }

  void write_pending(ByteQueue& output) override { pump(output); }

  bool takes_calls() const noexcept override {
    return failure_.ok() && !is_leaving() && waiting_.size() <= wire_->options.waiting_calls;
  }
  bool is_leaving() const noexcept override { return leaving_; }

  Result<std::optional<Clock::time_point>> tick(Clock::time_point now, ByteQueue& output) override {
    if (!failure_.ok()) return failure_;
    const std::chrono::nanoseconds time(wire_->keepalive_time.load(std::memory_order_relaxed));
    if (time.count() <= 0) return std::optional<Clock::time_point>();
    const auto after = [](Clock::time_point from, std::chrono::nanoseconds wait) -> std::optional<Clock::time_point> {
      if (wait >= Clock::time_point::max() - from) return std::nullopt;
      return from + std::chrono::duration_cast<Clock::duration>(wait);
    };
    if (std::exchange(heard_, false) || !last_heard_) {
      last_heard_ = now;
      pinged_.reset();
    }
    if (pinged_) {
      const auto due = after(*pinged_, wire_->options.keepalive.timeout);
      if (due && now >= *due) {
        failure_ = Status::unavailable("grpc: the server does not answer a keepalive ping");
        return failure_;
      }
      return due;
    }
    const auto due = after(*last_heard_, time);
    if (!due || now < *due) return due;
    if (table_.size() == 0 && !wire_->options.keepalive.without_calls) return after(now, time);
    if (nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr) == 0) {
      pinged_ = now;
      pump(output);
    }
    return after(now, wire_->options.keepalive.timeout);
  }

  // ---- what is read ----

  Result<bool> next_reply(ByteQueue& input, IncomingReply& reply) override {
    if (told_ != nullptr) pool_.give_back(*std::exchange(told_, nullptr));
    body_.scratch.clear();
    for (;;) {
      while (ClientStream* const stream = events_.front()) {
        if (stream->gone) {
          events_.pop();
          pool_.give_back(*stream);
          continue;
        }
        tell(*stream, reply);
        return true;
      }
      if (!failure_.ok()) return failure_;
      if (input.empty()) return false;
      feed(input);
    }
  }

  Result<Pulled> read_message(std::uint64_t call, MessageSlot into) override {
    ClientStream* const stream = table_.find(call);
    if (stream == nullptr) return Status::internal("grpc: there is no such call");
    if (stream->reader.ready() > 0) {
      Status read = stream->reader.next(*wire_->options.format, into, limits_);
      credit(*stream);
      if (read.ok()) return Pulled::message;
      detach(*stream, NGHTTP2_CANCEL);
      stream->finished = true;
      stream->status = read;
      stream->trailers.clear();  // they may have come with another outcome
      stream->reader.release();
      signal(*stream, over);
      return read;
    }
    if (stream->finished) {
      signal(*stream, over);
      return Pulled::end;
    }
    stream->wants_readable = true;
    return Pulled::nothing;
  }

  const Metadata* headers(std::uint64_t call) const noexcept override {
    const ClientStream* const stream = table_.find(call);
    return stream != nullptr && (stream->has_headers || stream->finished) ? &stream->headers : nullptr;
  }

 private:
  /// The body of the reply that was told last.
  class Body final : public EncodedMessage {
   public:
    Status decode(MessageSlot into) const override { return format->decode(bytes, into, *limits, &scratch); }

    const MessageFormat* format = nullptr;
    const CodecLimits* limits = nullptr;
    std::span<const std::byte> bytes;
    mutable Scratch scratch;  // for views, until the next reply is told
  };

  // ---- set-up ----

  void open_session(std::int32_t next_stream_id) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_option* option = nullptr;
    if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0) {
      nghttp2_session_callbacks_del(callbacks);
      throw std::bad_alloc();
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, on_send_data);
    nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, data_length);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
    nghttp2_session_callbacks_set_error_callback2(callbacks, on_error);
    // What the application has not read is not to be sent again: windows are given back by hand.
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_outbound_ack(option, most_unread_acks);
    nghttp2_option_set_max_reserved_remote_streams(option, 0);
#if defined(POLYRPC_NGHTTP2_MAX_CONTINUATIONS)
    // nghttp2 counts a frame once more for every piece that its head comes in; `endless_block` is a bound as well.
    nghttp2_option_set_max_continuations(option, 100);
#endif
#if NGHTTP2_VERSION_NUM >= 0x013200
    nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option, 1);  // we strip it
#endif
    nghttp2_session* session = nullptr;
    const int made = nghttp2_session_client_new2(&session, callbacks, this, option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    if (made != 0) throw std::bad_alloc();
    session_.reset(session);

    const WireOptions& options = wire_->options;
    const std::uint32_t stream_window = (std::min)(options.stream_window, std::uint32_t{last_stream_id});
    const std::array<nghttp2_settings_entry, 5> settings{
        {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
         {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window},
         {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, frame_bytes},
         {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
          static_cast<std::uint32_t>((std::min)(limits_.metadata_bytes, std::size_t{last_stream_id}))},
         {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}}};
    if (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) != 0)
      throw std::bad_alloc();
    const auto window = static_cast<std::int32_t>((std::min)(options.connection_window, std::uint32_t{last_stream_id}));
    if (window > NGHTTP2_INITIAL_CONNECTION_WINDOW_SIZE)
      (void)nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, window);
    if (next_stream_id != 1) (void)nghttp2_session_set_next_stream_id(session, next_stream_id);
  }

  // ---- sending ----

  Status add_message(ClientStream& stream, MessageRef message) {
    // A message may be as large as the one before.
    if (last_size_ > stream.out.capacity() && stream.out.empty())
      if (ByteQueue spare = take_spare(last_size_, 8 * last_size_); spare.capacity() != 0)
        stream.out = std::move(spare);
    const std::size_t before = stream.out.size();
    Status written = append_message(*wire_->options.format, message, wire_->compressor, scratch_, stream.out);
    scratch_.recycle(kept_scratch);
    last_size_ = stream.out.size() - before;
    return written;
  }

  /// The server says how large its header lists may be (RFC 9113, 6.5.2); nghttp2 itself sends up to 64 KiB.
  Status check_fields(const Metadata& metadata) const {
    if (Status checked = check_outgoing(metadata); !checked.ok()) return checked;
    constexpr std::size_t most = 60 << 10;
    std::size_t bytes = fixed_bytes_ + 256;
    for (const auto& [key, value] : metadata)
      bytes += key.size() + 32 + (key.ends_with("-bin") ? value.size() / 3 * 4 + 4 : value.size());
    const std::size_t theirs =
        nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE);
    if (bytes > (std::min)(most, theirs))
      return Status::resource_exhausted("grpc: the metadata is larger than the server takes");
    return {};
  }

  Status begin(ClientStream& stream, const RequestHead& head, MessageRef body) {
    stream.call = head.tag.number;
    stream.kind = head.kind;
    if (table_.find(stream.call) != nullptr) return Status::internal("grpc: two calls have the same number");
    stream.reader.reset(limits_.message_bytes);
    if (!streams_requests(head.kind)) {
      if (Status written = add_message(stream, body); !written.ok()) return written;
      stream.ended = true;
    }
    find_path(stream, head.method);
    if (head.timeout) {
      const Clock::time_point now = Clock::now();
      if (*head.timeout < Clock::time_point::max() - now)
        stream.deadline = now + std::chrono::duration_cast<Clock::duration>(*head.timeout);
    }
    if (may_open() && waiting_.empty()) {
      if (Status opened = open(stream, head.metadata, head.timeout); !opened.ok()) return opened;
    } else {
      stream.metadata = head.metadata;
      waiting_.push_back(&stream);
    }
    try {
      table_.insert(stream);
    } catch (...) {
      if (stream.id == 0) waiting_.pop_back();
      detach(stream, NGHTTP2_CANCEL);
      throw;
    }
    return {};
  }

  void find_path(ClientStream& stream, std::string_view method) {
    if (last_path_ != nullptr && last_path_->first == method) {
      stream.path = &last_path_->second;
      return;
    }
    auto found = paths_.find(method);
    if (found == paths_.end()) {
      if (paths_.size() >= kept_paths) {
        stream.own_path = path_of(method);
        stream.path = &stream.own_path;
        return;
      }
      found = paths_.emplace(std::string(method), path_of(method)).first;
    }
    last_path_ = &*found;
    stream.path = &found->second;
  }

  bool may_open() const noexcept {
    return open_ < nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  }

  /// Gives the request to nghttp2, which sends it in the next `pump`.
  Status open(ClientStream& stream, const Metadata& metadata, std::optional<std::chrono::nanoseconds> timeout) {
    fields_.resize(fixed_fields_);
    fields_[path_field_] =
        field(":path", *stream.path, stream.path == &stream.own_path ? NGHTTP2_NV_FLAG_NO_COPY_NAME : borrowed);
    std::string timeout_text;
    if (timeout) {
      timeout_text = http::format_timeout(*timeout);
      // No two are equal, so they have no place in a table of recent fields.
      fields_.push_back(field("grpc-timeout", timeout_text, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_INDEX));
    }
    std::vector<std::string> values;
    values.reserve(metadata.size());
    for (const auto& [key, value] : metadata)
      fields_.push_back(field(key, values.emplace_back(encode_value(key, value)), NGHTTP2_NV_FLAG_NONE));
    nghttp2_data_provider provider{};
    provider.read_callback = on_read;
    const std::int32_t id =
        nghttp2_submit_request(session_.get(), nullptr, fields_.data(), fields_.size(), &provider, &stream);
    if (id < 0) {
      if (id == NGHTTP2_ERR_NOMEM) return Status::resource_exhausted("grpc: no memory for a request");
      leave();
      return Status::unavailable("grpc: the connection takes no further calls");
    }
    stream.id = id;
    ++open_;
    if (nghttp2_session_get_next_stream_id(session_.get()) > std::uint32_t{last_stream_id}) exhausted_ = true;
    if (exhausted_) leave();
    return {};
  }

  void open_waiting() {
    while (!waiting_.empty() && !leaving_ && failure_.ok() && may_open()) {
      ClientStream& stream = *waiting_.front();
      waiting_.pop_front();
      std::optional<std::chrono::nanoseconds> left;
      if (stream.deadline) left = *stream.deadline - Clock::now();
      Status opened = open(stream, stream.metadata, left);
      if (opened.ok()) continue;
      stream.never_seen = true;
      finish(stream, std::move(opened), NGHTTP2_NO_ERROR);
    }
  }

  void resume(ClientStream& stream) noexcept {
    if (std::exchange(stream.deferred, false)) (void)nghttp2_session_resume_data(session_.get(), stream.id);
  }

  /// Appends what nghttp2 has to say, and what it has said while there was no output.
  void pump(ByteQueue& output) {
    if (output.size() < full_output) acks_ = 0;
    if (!held_.empty()) {
      if (output.empty())
        std::swap(output, held_);
      else
        output.append(held_.readable());
      held_.recycle(kept_scratch);
    }
    drain(output);
    if (acks_ > most_unread_acks) fail(Status::unavailable("grpc: the server floods the connection and does not read"));
  }

  void drain(ByteQueue& output) {
    open_waiting();
    sink_ = &output;
    for (;;) {
      const std::uint8_t* bytes = nullptr;
      const auto size = nghttp2_session_mem_send(session_.get(), &bytes);
      if (size < 0) fail(Status::unavailable("grpc: " + reason(static_cast<int>(size))));
      if (size <= 0) break;
      output.append(bytes, static_cast<std::size_t>(size));
    }
    sink_ = nullptr;
  }

  // ---- receiving ----

  void feed(ByteQueue& input) {
    if (!std::exchange(spoken_to_, true) && input.text().starts_with("HTTP/1"))
      return fail(Status::unavailable("grpc: the server speaks HTTP/1, not HTTP/2"));
    heard_ = true;
    const auto size =
        nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    input.clear();
    if (size < 0) return fail(Status::unavailable("grpc: " + reason(static_cast<int>(size))));
    // What the answer to these bytes brings about, streams that end and writers that go on, is news as well.
    drain(held_);
  }

  std::string reason(int error) const { return error_text_.empty() ? nghttp2_strerror(error) : error_text_; }

  void fail(Status why) {
    if (failure_.ok()) failure_ = std::move(why);
  }

  /// No further calls. Those that wait can go elsewhere.
  void leave() {
    leaving_ = true;
    while (!waiting_.empty()) {
      ClientStream& stream = *waiting_.front();
      waiting_.pop_front();
      stream.never_seen = true;
      finish(stream, Status::unavailable("grpc: the connection takes no further calls"), NGHTTP2_NO_ERROR);
    }
  }

  void signal(ClientStream& stream, Event event) noexcept {
    stream.events |= event;
    if (!stream.queued) events_.push(stream);
  }
  void signal_writable(ClientStream& stream) noexcept {
    if (std::exchange(stream.wants_writable, false)) signal(stream, writable);
  }
  void signal_readable(ClientStream& stream) noexcept {
    if (std::exchange(stream.wants_readable, false)) signal(stream, readable);
  }

  /// Tells the first of what there is of a stream, which stands in front.
  void tell(ClientStream& stream, IncomingReply& reply) {
    reply.call = stream.call;
    reply.status = {};
    if (!reply.headers.empty()) reply.headers.clear();
    if (!reply.trailers.empty()) reply.trailers.clear();
    reply.body = nullptr;
    reply.never_seen = false;
    for (const auto& [event, kind] :
         {std::pair(readable, ReplyKind::readable), std::pair(writable, ReplyKind::writable)}) {
      if ((stream.events & event) == 0) continue;
      reply.kind = kind;
      stream.events = static_cast<std::uint8_t>(stream.events & ~event);
      if (stream.events == 0) events_.pop();
      return;
    }
    events_.pop();
    reply.kind = ReplyKind::reply;
    if (stream.status.ok() && !stream.is_streaming()) {
      auto message = stream.reader.next();
      if (message.ok()) {
        body_.format = wire_->options.format.get();
        body_.limits = &limits_;
        body_.bytes = *message;
        reply.body = &body_;
      } else {
        stream.status = message.status();
      }
    }
    reply.status = std::move(stream.status);
    reply.never_seen = stream.never_seen;
    std::swap(reply.headers, stream.headers);
    std::swap(reply.trailers, stream.trailers);
    table_.erase(stream.call);
    told_ = &stream;
  }

  /// Parts a call from its HTTP/2 stream, which is reset with `error` if it goes on.
  void detach(ClientStream& stream, std::uint32_t error) noexcept {
    stream.out.clear();
    stream.deferred = false;
    const std::int32_t id = std::exchange(stream.id, 0);
    if (id == 0) return;
    (void)nghttp2_session_set_stream_user_data(session_.get(), id, nullptr);
    (void)nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, error);
  }

  /// The outcome of a call is known.
  void finish(ClientStream& stream, Status status, std::uint32_t error) {
    if (stream.finished) return;
    stream.finished = true;
    stream.status = std::move(status);
    detach(stream, error);
    if (!stream.is_streaming() || stream.never_seen) return signal(stream, over);
    signal_readable(stream);
    signal_writable(stream);  // so that a writer learns of it
  }

  bool has_one_reply(const ClientStream& stream) const noexcept { return !streams_replies(stream.kind); }

  /// The server has said all: `status`, if the messages fit it.
  void conclude(ClientStream& stream, Status status) {
    if (status.ok() && !stream.reader.is_at_boundary())
      status = Status::internal("grpc: the server ended the call in the middle of a message");
    else if (status.ok() && has_one_reply(stream) && stream.messages == 0)
      status = Status::unimplemented("grpc: the server ended the call with success, but without a message");
    // On the wire the stream is over when both sides have ended it. If ours has not, nothing that it would still send
    // is wanted (RFC 9113, 8.1).
    if (stream.eof_sent) {
      (void)nghttp2_session_set_stream_user_data(session_.get(), stream.id, nullptr);
      stream.id = 0;
    }
    finish(stream, std::move(status), NGHTTP2_NO_ERROR);
  }

  void credit(ClientStream& stream) noexcept {
    if (stream.id == 0 || stream.uncredited == 0) return;
    // A slow reader has at most a window and a half in memory, or one message that is larger.
    if (stream.reader.ready() > 0 && stream.reader.unread() > wire_->options.stream_window / 2) return;
    (void)nghttp2_session_consume_stream(session_.get(), stream.id, std::exchange(stream.uncredited, 0));
  }

  void headers_came(ClientStream& stream, bool end) {
    if (block_.http_status >= 100 && block_.http_status < 200 && !stream.has_headers) return;
    if (!block_.error.ok()) return finish(stream, block_.error, NGHTTP2_CANCEL);
    // A proxy makes this of a server that has given up.
    if (!block_.has_status && block_.http_status >= 500 && is_late(stream))
      return finish(stream, late(), NGHTTP2_CANCEL);
    if (end) {
      stream.trailers = std::exchange(block_.metadata, {});
      // Trailers have no HTTP status: the one that came with the headers was 200.
      return conclude(stream, block_.outcome());
    }
    if (block_.http_status != 200 || !block_.is_grpc)
      return finish(stream, block_.has_status && block_.code != StatusCode::ok ? block_.outcome() : block_.not_grpc(),
                    NGHTTP2_CANCEL);
    if (!block_.encoding.empty() && block_.encoding != "identity") {
      const Compressor* const compressor = wire_->options.compressors.find(block_.encoding);
      if (compressor == nullptr)
        return finish(stream, Status::internal("grpc: unknown grpc-encoding \"" + block_.encoding.substr(0, 64) + "\""),
                      NGHTTP2_CANCEL);
      stream.reader.set_compressor(compressor);
    }
    stream.has_headers = true;
    stream.headers = std::exchange(block_.metadata, {});
    // Who asked for headers has not asked for a message, so the next news are not used up.
    if (stream.is_streaming() && stream.wants_readable) signal(stream, readable);
  }

  void data_came(ClientStream& stream, std::span<const std::byte> bytes) {
    stream.uncredited += bytes.size();
    const std::size_t before = stream.reader.ready();
    Status taken = stream.reader.append(bytes);
    stream.messages += stream.reader.ready() - before;
    if (has_one_reply(stream) && stream.messages > 1)
      return finish(stream, Status::unimplemented("grpc: the server sent more than one message"), NGHTTP2_CANCEL);
    if (!taken.ok()) return finish(stream, std::move(taken), NGHTTP2_CANCEL);
    if (stream.is_streaming() && stream.reader.ready() > 0) signal_readable(stream);
    credit(stream);
  }

  /// The server enforces deadlines too, and may come to it before we do.
  static bool is_late(const ClientStream& stream) { return stream.deadline && Clock::now() >= *stream.deadline; }

  void stream_closed(ClientStream& stream, std::uint32_t error) {
    stream.id = 0;
    if (error == NGHTTP2_REFUSED_STREAM) {
      stream.never_seen = !stream.has_headers;
      return finish(
          stream, Status::unavailable(goaway_ ? "grpc: the server is going away" : "grpc: the server refused the call"),
          error);
    }
    if (error == NGHTTP2_CANCEL && is_late(stream)) return finish(stream, late(), error);
    finish(stream, {code_of_reset(error), "grpc: the stream was reset with " + reset_text(error)}, error);
  }

  void goaway_came(const nghttp2_goaway& frame) {
    goaway_ = true;
    constexpr std::string_view too_many = "too_many_pings";
    const std::string_view text(reinterpret_cast<const char*>(frame.opaque_data), frame.opaque_data_len);
    if (frame.error_code == NGHTTP2_ENHANCE_YOUR_CALM && text == too_many) {
      std::int64_t time = wire_->keepalive_time.load(std::memory_order_relaxed);
      constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)() / 2;
      if (!std::exchange(calmed_, true))
        while (!wire_->keepalive_time.compare_exchange_weak(time, (std::min)(time, most) * 2)) {
        }
    }
    leave();
  }

  // ---- nghttp2's callbacks ----

  static ClientConnection& self(void* user_data) noexcept { return *static_cast<ClientConnection*>(user_data); }
  static ClientStream* stream_of(nghttp2_session* session, std::int32_t id) noexcept {
    return static_cast<ClientStream*>(nghttp2_session_get_stream_user_data(session, id));
  }
  /// Nothing may be thrown through nghttp2, which is C.
  template <class Function>
  static int guarded(Function function) noexcept {
    try {
      function();
      return 0;
    } catch (const std::exception&) {
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) noexcept {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    ClientConnection& connection = self(user_data);
    connection.block_.clear();
    connection.block_wanted_ = stream_of(session, frame->hd.stream_id) != nullptr;
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user_data) noexcept {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    ClientConnection& connection = self(user_data);
    return guarded([&] {
      connection.block_.add({reinterpret_cast<const char*>(name), name_size},
                            {reinterpret_cast<const char*>(value), value_size},
                            connection.block_wanted_ ? connection.limits_.metadata_bytes : 0);
      if (connection.block_.bytes <= (std::max)(endless_block, connection.limits_.metadata_bytes)) return;
      connection.error_text_ = "the server sends header fields without end";
      throw std::bad_alloc();
    });
  }

  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* user_data) noexcept {
    ClientConnection& connection = self(user_data);
    // The connection's window is for the transport; who reads slowly holds up nobody else.
    (void)nghttp2_session_consume_connection(session, size);
    ClientStream* const stream = stream_of(session, id);
    if (stream == nullptr) return 0;
    return guarded([&] { connection.data_came(*stream, {reinterpret_cast<const std::byte*>(data), size}); });
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) noexcept {
    ClientConnection& connection = self(user_data);
    const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS: {
        ClientStream* const stream = stream_of(session, frame->hd.stream_id);
        if (stream == nullptr) return 0;
        return guarded([&] { connection.headers_came(*stream, end); });
      }
      case NGHTTP2_DATA: {
        ClientStream* const stream = end ? stream_of(session, frame->hd.stream_id) : nullptr;
        if (stream == nullptr) return 0;
        return guarded([&] {
          connection.conclude(*stream, stream->reader.is_at_boundary()
                                           ? Status::unknown("grpc: the server ended the call without a status")
                                           : Status());
        });
      }
      case NGHTTP2_GOAWAY:
        return guarded([&] { connection.goaway_came(frame->goaway); });
      default:
        return 0;
    }
  }

  static int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t error, void* user_data) noexcept {
    ClientConnection& connection = self(user_data);
    if (id % 2 == 0) return 0;  // pushed
    --connection.open_;
    ClientStream* const stream = stream_of(connection.session_.get(), id);
    if (stream == nullptr) return 0;
    return guarded([&] { connection.stream_closed(*stream, error); });
  }

  static ssize_t on_read(nghttp2_session* session, std::int32_t id, std::uint8_t*, std::size_t length,
                         std::uint32_t* flags, nghttp2_data_source*, void* user_data) noexcept {
    if (self(user_data).sink_->size() >= piece_bytes) return NGHTTP2_ERR_PAUSE;
    ClientStream* const stream = stream_of(session, id);
    if (stream == nullptr) return NGHTTP2_ERR_DEFERRED;  // it is about to be reset
    const std::size_t size = (std::min)(length, stream->out.size());
    if (size == 0 && !stream->ended) {
      stream->deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (stream->ended && size == stream->out.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      stream->eof_sent = true;
    }
    return static_cast<ssize_t>(size);
  }

  static ssize_t data_length(nghttp2_session*, std::uint8_t, std::int32_t, std::int32_t session_window,
                             std::int32_t stream_window, std::uint32_t max_frame, void*) noexcept {
    return data_frame_length(session_window, stream_window, max_frame);
  }

  static int on_send_data(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* head, std::size_t length,
                          nghttp2_data_source*, void* user_data) noexcept {
    ClientConnection& connection = self(user_data);
    ClientStream* const stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return guarded([&] {
      constexpr std::size_t frame_head = 9;
      ByteQueue& sink = *connection.sink_;
      (void)sink.prepare(frame_head + length);
      sink.append(head, frame_head);
      sink.append(stream->out.data(), length);
      stream->out.consume(length);
      if (stream->out.empty()) give_large(stream->out);
      if (stream->out.size() < connection.wire_->options.stream_backlog) connection.signal_writable(*stream);
    });
  }

  /// Only nghttp2 itself sends GOAWAY, and then the session is over.
  static int on_sent(nghttp2_session*, const nghttp2_frame* frame, void* user_data) noexcept {
    ClientConnection& connection = self(user_data);
    const bool ack = frame->hd.type == NGHTTP2_PING || frame->hd.type == NGHTTP2_SETTINGS;
    if (ack && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) ++connection.acks_;
    if (frame->hd.type != NGHTTP2_GOAWAY) return 0;
    return guarded([&] {
      const nghttp2_goaway& goaway = frame->goaway;
      std::string text(reinterpret_cast<const char*>(goaway.opaque_data), goaway.opaque_data_len);
      if (text.empty()) text = connection.error_text_;
      connection.fail(Status::unavailable("grpc: the server broke HTTP/2's rules: " +
                                          (text.empty() ? reset_text(goaway.error_code) : text)));
    });
  }

  static int on_error(nghttp2_session*, int, const char* text, std::size_t size, void* user_data) noexcept {
    ClientConnection& connection = self(user_data);
    return guarded([&] { connection.error_text_.assign(text, (std::min)(size, std::size_t{200})); });
  }

  const std::shared_ptr<ClientWire> wire_;
  const CodecLimits limits_;
  StreamPool pool_;
  CallTable table_;
  std::deque<ClientStream*> waiting_;  // for a stream, in the order of their calls
  StreamQueue events_;
  ClientStream* told_ = nullptr;  // the call whose reply was told last
  Body body_;
  ByteQueue scratch_;
  std::size_t last_size_ = 0;  // of a message, with its prefix
  ByteQueue held_;             // to be sent, said while bytes were read
  ByteQueue* sink_ = nullptr;  // while nghttp2 sends
  std::size_t acks_ = 0;       // sent since the peer was last seen to read

  std::vector<nghttp2_nv> fields_;  // those of every request, then those of the one being made
  std::size_t fixed_fields_ = 0;
  std::size_t fixed_bytes_ = 0;
  std::size_t path_field_ = 0;
  std::unordered_map<std::string, std::string, TextHash, std::equal_to<>> paths_;
  const std::pair<const std::string, std::string>* last_path_ = nullptr;

  ResponseBlock block_;  // that is being read
  bool block_wanted_ = false;
  std::string error_text_;  // nghttp2's last complaint

  std::size_t open_ = 0;  // streams, those that are about to be reset too
  Status failure_;
  bool leaving_ = false;
  bool goaway_ = false;
  bool exhausted_ = false;
  bool calmed_ = false;
  bool spoken_to_ = false;

  bool heard_ = false;
  std::optional<Clock::time_point> last_heard_;
  std::optional<Clock::time_point> pinged_;

  Session session_;  // ends first: its streams are in `pool_`
};

}  // namespace

std::unique_ptr<ClientCodec> make_client_codec(std::shared_ptr<ClientWire> wire, const CodecLimits& limits,
                                               std::int32_t next_stream_id) {
  return std::make_unique<ClientConnection>(std::move(wire), limits, next_stream_id);
}

}  // namespace polyrpc::grpc
