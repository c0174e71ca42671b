#include "server_connection.hpp"

#include "polyrpc/runtime/http_metadata.hpp"
#include "polyrpc/runtime/server_core.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <random>
#include <string>
#include <utility>

namespace polyrpc::grpc {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t room = 64 << 10;      // waiting messages of one stream, past which its writer waits
constexpr milliseconds rest_time{200};      // without streams, then memory is given back
constexpr milliseconds goodbye_time{1000};  // for the ping that tells that the first GOAWAY has arrived
constexpr unsigned ping_strikes_allowed = 2;
// Frames that ask for an answer or for attention, and move nothing: so many in advance, and some for each that does.
constexpr std::int32_t budget_at_first = 2000;
constexpr std::int32_t budget_at_most = 20000;
constexpr std::int32_t earned_by_work = 16;
constexpr std::array<std::uint8_t, 8> goodbye_ping = {'g', 'o', 'o', 'd', 'b', 'y', 'e', 0};
constexpr std::array<std::uint8_t, 8> keepalive_ping = {'k', 'e', 'e', 'p', 0, 0, 0, 0};
constexpr std::size_t kept_streams = 256;

/// Streams that are over, for the next ones of this thread.
std::vector<std::unique_ptr<Stream>>& spare_streams() {
  static thread_local std::vector<std::unique_ptr<Stream>> spare;
  return spare;
}

std::unique_ptr<Stream> take_stream() {
  auto& spare = spare_streams();
  if (spare.empty()) return std::make_unique<Stream>();
  std::unique_ptr<Stream> stream = std::move(spare.back());
  spare.pop_back();
  return stream;
}

void give_back(std::unique_ptr<Stream> stream) {
  stream->reset();
  auto& spare = spare_streams();
  if (spare.size() < kept_streams) spare.push_back(std::move(stream));
}

// Names and values that outlive every frame are not copied.
constexpr std::uint8_t keep_both = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
constexpr std::uint8_t keep_name = NGHTTP2_NV_FLAG_NO_COPY_NAME;

nghttp2_nv field(std::string_view name, std::string_view value, std::uint8_t flags) noexcept {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(), flags};
}

/// Header fields for nghttp2, with the texts that had to be made.
class Fields {
 public:
  void add(std::string_view name, std::string_view value, std::uint8_t flags = NGHTTP2_NV_FLAG_NONE) {
    list_.push_back(field(name, value, flags));
  }
  void add_made(std::string_view name, std::string value, std::uint8_t flags = NGHTTP2_NV_FLAG_NONE) {
    made_.push_back(std::make_unique<std::string>(std::move(value)));
    add(name, *made_.back(), flags);
  }
  /// Keeps both.
  void add_field(std::string name, std::string value) {
    made_.push_back(std::make_unique<std::string>(std::move(name)));
    add_made(*made_.back(), std::move(value));
  }
  void add(const Metadata& metadata) {
    for (const auto& [key, value] : metadata) {
      if (is_reserved(key)) continue;
      if (key.ends_with("-bin"))
        add_made(key, encode_value(key, value));
      else
        add(key, value);
    }
  }
  const nghttp2_nv* data() const noexcept { return list_.data(); }
  std::size_t size() const noexcept { return list_.size(); }

 private:
  std::vector<nghttp2_nv> list_;
  std::vector<std::unique_ptr<std::string>> made_;
};

/// Whether a handler may send these. `grpc-encoding` is its wish, not metadata.
Status check_headers(const Metadata& headers) {
  if (headers.empty()) return {};
  if (!headers.get("grpc-encoding")) return check_outgoing(headers);
  Metadata others = headers;
  others.erase("grpc-encoding");
  return check_outgoing(others);
}

http::Response response_of(const connect::Answer& answer, std::string body) {
  http::Response response = http::Response::of(answer.status, answer.content_type, std::move(body));
  for (const auto& [name, value] : answer.fields) response.headers.emplace_back(name, value);
  return response;
}

/// Whether `path` is a slash and `name`, but for another slash at `slash` in place of a dot; 0: none.
bool is_path_of(std::string_view path, std::string_view name, std::size_t slash) noexcept {
  if (path.size() != name.size() + 1 || path.front() != '/') return false;
  if (slash == 0) return path.substr(1) == name;
  return path[slash] == '/' && path.substr(1, slash - 1) == name.substr(0, slash - 1) &&
         path.substr(slash + 1) == name.substr(slash);
}

constexpr std::string_view plain_type = "application/grpc";

std::string_view frame_name(std::uint8_t type) noexcept {
  constexpr std::array<std::string_view, 10> names = {"DATA",          "HEADERS",      "PRIORITY", "RST_STREAM",
                                                      "SETTINGS",      "PUSH_PROMISE", "PING",     "GOAWAY",
                                                      "WINDOW_UPDATE", "CONTINUATION"};
  return type < names.size() ? names[type] : "extension";
}

}  // namespace

// ---- the codec: what the session sees of the connection ----

class ServerConnection::Codec final : public ServerCodec {
 public:
  explicit Codec(ServerConnection& connection) noexcept : connection_(connection) {}

  Capabilities capabilities() const noexcept override {
    Capabilities all;
    all.metadata = all.deadline = all.cancel = all.details = all.streaming = true;
    return all;
  }
  Result<bool> next_request(ByteQueue& input, IncomingRequest& request) override {
    last_body.scratch.clear();
    return connection_.next_request(input, request);
  }
  Status write_reply(const ReplyHead& head, MessageRef body, ByteQueue&) override {
    return connection_.write_reply(head, body);
  }
  Result<Pulled> read_message(const CallTag& tag, MessageSlot into) override {
    return connection_.read_message(static_cast<std::int32_t>(tag.number), into);
  }
  Status write_headers(const CallTag& tag, const Metadata& headers, ByteQueue&) override {
    return connection_.write_headers(static_cast<std::int32_t>(tag.number), headers);
  }
  Status write_message(const CallTag& tag, MessageRef message, ByteQueue&) override {
    return connection_.write_message(static_cast<std::int32_t>(tag.number), message);
  }
  bool has_room(const CallTag& tag) const noexcept override {
    return connection_.has_room(static_cast<std::int32_t>(tag.number));
  }
  void write_pending(ByteQueue& output) override { connection_.pump(output); }
  void write_farewell(const Status&, ByteQueue& output) override { connection_.pump(output); }

  /// The message of the call that was cut last.
  class Body final : public EncodedMessage {
   public:
    Status decode(MessageSlot into) const override { return format->decode(bytes, into, *limits, &scratch); }
    const MessageFormat* format = nullptr;
    const CodecLimits* limits = nullptr;
    std::span<const std::byte> bytes;
    mutable Scratch scratch;  // for views, until the next call is cut
  };
  Body last_body;

 private:
  ServerConnection& connection_;
};

// ---- nghttp2's callbacks ----

struct ServerConnection::Callbacks {
  static ServerConnection& self(void* user) noexcept { return *static_cast<ServerConnection*>(user); }
  static Stream* stream(nghttp2_session* session, std::int32_t id) noexcept {
    return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  /// nghttp2 is C: nothing may be thrown through it.
  template <class F>
  static int guarded(F&& f) noexcept {
    try {
      return f();
    } catch (...) {
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }

  static ssize_t send(nghttp2_session*, const std::uint8_t* data, std::size_t length, int, void* user) {
    ServerConnection& connection = self(user);
    if (connection.sink_->size() >= piece_bytes) {
      connection.sink_full_ = true;
      return NGHTTP2_ERR_WOULDBLOCK;
    }
    const int failed = guarded([&] {
      if (connection.first_settings_)
        connection.send_settings(data, length);
      else
        connection.sink_->append(data, length);
      return 0;
    });
    return failed != 0 ? failed : static_cast<ssize_t>(length);
  }
  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* header, std::size_t length,
                       nghttp2_data_source* source, void* user) {
    ServerConnection& connection = self(user);
    if (connection.sink_->size() >= piece_bytes) {
      connection.sink_full_ = true;
      return NGHTTP2_ERR_WOULDBLOCK;
    }
    return guarded([&] {
      connection.send_data(*static_cast<Stream*>(source->ptr), header, length);
      return 0;
    });
  }
  static ssize_t read_data(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t length, std::uint32_t* flags,
                           nghttp2_data_source* source, void* user) {
    try {
      return self(user).read_data(*static_cast<Stream*>(source->ptr), length, *flags);
    } catch (...) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
  }
  static ssize_t data_length(nghttp2_session*, std::uint8_t, std::int32_t, std::int32_t session_window,
                             std::int32_t stream_window, std::uint32_t max_frame, void*) {
    return data_frame_length(session_window, stream_window, max_frame);
  }
  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    return guarded([&] { return self(user).header_begins(frame->hd.stream_id); });
  }
  static int header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                    void* user) {
    // Request trailers have nothing to say to a call.
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    Stream* const found = stream(session, frame->hd.stream_id);
    if (found == nullptr) return 0;
    return guarded([&] {
      return self(user).header_field(*found, {reinterpret_cast<const char*>(name), name_size},
                                     {reinterpret_cast<const char*>(value), value_size});
    });
  }
  static int frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return guarded([&] {
      self(user).frame_received(*frame);
      return 0;
    });
  }
  static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return guarded([&] {
      self(user).frame_sent(*frame);
      return 0;
    });
  }
  static int data_chunk(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                        std::size_t length, void* user) {
    Stream* const found = stream(session, id);
    return guarded([&] {
      nghttp2_session_consume_connection(session, length);
      if (found != nullptr)
        self(user).data_received(*found, {reinterpret_cast<const std::byte*>(data), length});
      else
        nghttp2_session_consume_stream(session, id, length);
      return 0;
    });
  }
  static int stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t, void* user) {
    Stream* const found = stream(session, id);
    if (found == nullptr) return 0;
    return guarded([&] {
      self(user).stream_closed(*found);
      return 0;
    });
  }
  static int invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int error, void* user) {
    // grpc-go says goodbye with the last stream 2^31-1, an error to nghttp2; the connection ends either way.
    if (frame->hd.type == NGHTTP2_GOAWAY) return 0;
    return guarded([&] {
      self(user).log("an invalid " + std::string(frame_name(frame->hd.type)) + " frame: " + nghttp2_strerror(error));
      return 0;
    });
  }

  /// Both are the same for all connections.
  static const nghttp2_session_callbacks* table() {
    static const nghttp2_session_callbacks* const made = [] {
      nghttp2_session_callbacks* callbacks = nullptr;
      if (nghttp2_session_callbacks_new(&callbacks) != 0) throw std::bad_alloc();
      nghttp2_session_callbacks_set_send_callback(callbacks, send);
      nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
      nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, data_length);
      nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(callbacks, header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_recv);
      nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, frame_sent);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data_chunk);
      nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_close);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, invalid_frame);
      return callbacks;
    }();
    return made;
  }
  static const nghttp2_option* option() {
    static const nghttp2_option* const made = [] {
      nghttp2_option* options = nullptr;
      if (nghttp2_option_new(&options) != 0) throw std::bad_alloc();
      nghttp2_option_set_no_auto_window_update(options, 1);
      nghttp2_option_set_max_settings(options, 32);
#if defined(POLYRPC_NGHTTP2_STREAM_RESET_RATE_LIMIT)
      nghttp2_option_set_stream_reset_rate_limit(options, 1 << 30, 1 << 30);  // `count_reset` does that
#endif
      return options;
    }();
    return made;
  }
};

// ---- the connection ----

ServerConnection::ServerConnection(std::unique_ptr<Connection> connection, ByteQueue first_bytes, ServerHost& host,
                                   std::shared_ptr<const Site> site, const UpgradeRequest* upgraded)
    : ServedStream(std::move(connection), std::move(first_bytes), host, "grpc"),
      site_(std::move(site)),
      codec_(new Codec(*this)),
      session_(host.core(), loop_, std::unique_ptr<ServerCodec>(codec_), *this, *this),
      budget_(budget_at_first),
      resets_left_(site_->options().reset_burst),
      resets_counted_(Clock::now()),
      last_heard_(resets_counted_),
      idle_since_(resets_counted_) {
  session_.serve_while_draining();
  nghttp2_session* made = nullptr;
  nghttp2_mem memory = memory_.functions();
  if (nghttp2_session_server_new3(&made, Callbacks::table(), this, Callbacks::option(), &memory) != 0)
    throw std::bad_alloc();
  http2_.reset(made);
  // HTTP/2's first scheme of priorities is given up (RFC 9113, 5.3.2): a tree of streams costs more than it does.
  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, NGHTTP2_INITIAL_MAX_CONCURRENT_STREAMS},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options().stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(options().header_bytes)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(options().connection_window));
  if (upgraded != nullptr) take_upgraded(*upgraded);
  if (options().connection_age.count() > 0) {
    // Not all connections of a herd at once.
    static thread_local std::minstd_rand random{std::random_device{}()};
    const double share = std::uniform_real_distribution<double>(0.9, 1.1)(random);
    age_limit_ = idle_since_ +
                 milliseconds(static_cast<std::int64_t>(static_cast<double>(options().connection_age.count()) * share));
  }
  plan(idle_since_ + rest_time);
  if (age_limit_) plan(*age_limit_);
  if (options().keepalive_time.count() > 0) plan(last_heard_ + options().keepalive_time);
  if (options().idle_time.count() > 0) plan(idle_since_ + options().idle_time);
}

ServerConnection::~ServerConnection() {
  session_.cancel_all();
  http2_.reset();  // which tells nobody of the streams it had
  for (Stream* const stream : streams_) give_back(std::unique_ptr<Stream>(stream));
}

/// The request that HTTP/1.1 has begun with becomes stream 1 (RFC 7540, 3.2).
void ServerConnection::take_upgraded(const UpgradeRequest& request) {
  std::string text = request.settings;  // in base64's alphabet for URLs
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  const std::optional<std::string> settings = http::from_base64(text);
  if (!settings || nghttp2_session_upgrade2(http2_.get(), reinterpret_cast<const std::uint8_t*>(settings->data()),
                                            settings->size(), request.method == "HEAD", nullptr) != 0) {
    say_goodbye(NGHTTP2_PROTOCOL_ERROR, "HTTP2-Settings that can't be read");
    return;
  }
  header_begins(1);
  Stream* const stream = find(1);
  if (stream == nullptr) return;
  header_field(*stream, ":method", request.method);
  header_field(*stream, ":scheme", "http");
  header_field(*stream, ":path", request.target);
  for (const auto& [name, value] : request.fields) header_field(*stream, name == "host" ? ":authority" : name, value);
  begin(*stream);
  remote_ended(*stream);
}

void ServerConnection::serve(ByteQueue& input) {
  if (!input.empty()) last_heard_ = Clock::now();
  for (int round = 0; round < rounds_in_a_row; ++round) {
    sink_full_ = false;
    const auto progress =
        into_output([&](ByteQueue& output, std::size_t) { return session_.process(input, output, std::size_t(-1)); });
    if (is_over()) return;
    if (progress == ServerSession::Progress::ended && !std::exchange(broken_, true)) log(session_.failure().message());
    if (receiving_ > 0) fail_late(last_heard_);
    if (ending_) broken_ = true;
    if (broken_) return;
    const bool has_news = next_news_ < news_.size() || (next_call_ < calls_.size() && unsent_ < limits_.unsent_bytes);
    if (!output_.empty() || (!sink_full_ && !has_news && input.empty())) return;
  }
  progress_later();
}

void ServerConnection::go_on() {
  flush();
  if (is_over() || broken_ || !output_.empty()) return;
  ByteQueue nothing;
  serve(nothing);
}

bool ServerConnection::wants_input() const noexcept { return !broken_ && nghttp2_session_want_read(http2_.get()) != 0; }

void ServerConnection::settle() {
  if (peer_has_ended()) return end();
  if (!output_.empty()) return;
  if (broken_ || (nghttp2_session_want_read(http2_.get()) == 0 && nghttp2_session_want_write(http2_.get()) == 0)) {
    session_.cancel_all();
    return linger();
  }
  if (left_ && streams_.empty() && nghttp2_session_want_write(http2_.get()) == 0) linger();
}

void ServerConnection::draining_begins() { leave(); }

void ServerConnection::closing() noexcept {
  loop_.clear(upkeep_);
  session_.cancel_all();
}

std::optional<ServedStream::Patience> ServerConnection::message_under_way() noexcept {
  if (settings_seen_) return std::nullopt;
  return Patience{idle_since_, limits_.sniff_time};
}

// ---- between nghttp2 and the session ----

Status ServerConnection::feed(ByteQueue& input) {
  const ssize_t taken =
      nghttp2_session_mem_recv(http2_.get(), reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  if (taken < 0) return Status::invalid_argument(std::string("http/2: ") + nghttp2_strerror(static_cast<int>(taken)));
  look_through(input.readable().first(static_cast<std::size_t>(taken)));
  input.consume(static_cast<std::size_t>(taken));
  return {};
}

Result<bool> ServerConnection::next_request(ByteQueue& input, IncomingRequest& request) {
  for (;;) {
    if (next_news_ < news_.size()) {
      const News news = news_[next_news_++];
      if (next_news_ == news_.size()) news_.clear(), next_news_ = 0;
      request.kind = news.kind;
      request.refused = {};
      request.body = nullptr;
      request.head.wants_reply = false;
      request.head.tag.number = request.cancels.number = static_cast<std::uint64_t>(news.id);
      request.head.tag.text.clear();
      request.cancels.text.clear();
      return true;
    }
    if (next_call_ < calls_.size() && unsent_ < limits_.unsent_bytes) {
      const std::int32_t id = calls_[next_call_++];
      if (next_call_ == calls_.size()) calls_.clear(), next_call_ = 0;
      Stream* const stream = find(id);
      if (stream == nullptr || stream->ended) continue;
      if (stream->use == Stream::Use::connect) {
        stream->dispatched = true;
        const Result<bool> cut = stream->connect->next_request(stream->body, request);
        if (!cut.ok() || !*cut) return cut.ok() ? Status::internal("grpc: a request without a call") : cut.status();
        request.head.tag.number = static_cast<std::uint64_t>(id);
        request.head.tag.text.clear();
        return true;
      }
      if (stream->use != Stream::Use::call) continue;
      stream->dispatched = true;
      request.kind = RequestKind::call;
      request.refused = {};
      request.head.method = stream->entry->name;
      request.head.tag.number = static_cast<std::uint64_t>(id);
      request.head.tag.text.clear();
      request.head.wants_reply = true;
      request.head.kind = stream->entry->handler->kind();
      request.head.timeout.reset();
      if (stream->deadline) request.head.timeout = *stream->deadline - Clock::now();
      request.head.metadata = std::move(stream->metadata);
      stream->metadata.clear();
      request.body = nullptr;
      if (!streams_requests(request.head.kind)) {
        auto& body = codec_->last_body;
        body.format = stream->format;
        body.limits = &limits_.codec;
        body.bytes = stream->message;
        request.body = &body;
      }
      return true;
    }
    if (input.empty()) return false;
    if (Status fed = feed(input); !fed.ok()) return fed;
  }
}

void ServerConnection::pump(ByteQueue& output) {
  sink_ = &output;
  const int sent = nghttp2_session_send(http2_.get());
  sink_ = nullptr;
  if (sent != 0 && !std::exchange(broken_, true)) log(std::string("http/2: ") + nghttp2_strerror(sent));
}

Stream* ServerConnection::find(std::int32_t id) const noexcept { return Callbacks::stream(http2_.get(), id); }

Status ServerConnection::append_reply(Stream& stream, MessageRef message) {
  const std::size_t before = stream.out.size();
  // A reply may be as large as its request, a message as large as the one before.
  if (const std::size_t size = (std::max)(stream.message.size() + prefix_bytes, stream.reply_size);
      before == 0 && size > stream.out.capacity())
    if (ByteQueue spare = take_spare(size, 8 * size); spare.capacity() != 0) stream.out = std::move(spare);
  static thread_local ByteQueue scratch;
  Status appended = append_message(*stream.format, message, stream.reply_compressor, scratch, stream.out);
  scratch.recycle(kept_scratch);
  if (appended.ok() && stream.out.size() - before > options().send_message_bytes) {
    stream.out.truncate(before);
    appended = Status::resource_exhausted("grpc: a reply is larger than the limit of " +
                                          std::to_string(options().send_message_bytes) + " bytes");
  }
  stream.reply_size = stream.out.size() - before;
  unsent_ += stream.reply_size;
  if (appended.code() == StatusCode::invalid_argument) return Status::internal(appended.message());  // not the caller's
  return appended;
}

Status ServerConnection::write_reply(const ReplyHead& head, MessageRef body) {
  Stream* const stream = find(static_cast<std::int32_t>(head.tag.number));
  if (stream == nullptr || stream->ended) return {};
  if (stream->use == Stream::Use::connect) return write_connect_reply(*stream, head, body);
  if (head.headers != nullptr && head.status.ok())
    if (Status checked = check_headers(*head.headers); !checked.ok()) return checked;
  if (head.trailers != nullptr && !head.trailers->empty()) {
    if (Status checked = check_outgoing(*head.trailers); !checked.ok() && head.status.ok()) return checked;
    stream->trailers = *head.trailers;
  }
  const bool has_headers = head.headers != nullptr && !head.headers->empty();
  if (head.status.ok()) {
    if (!stream->headers_sent)
      if (Status submitted = submit_headers(*stream, head.headers); !submitted.ok()) return submitted;
    if (body.object != nullptr)
      if (Status appended = append_reply(*stream, body); !appended.ok()) return appended;
  } else {
    stream->status = head.status;
    if (!stream->headers_sent && has_headers)
      if (Status submitted = submit_headers(*stream, head.headers); !submitted.ok()) return submitted;
  }
  finish(*stream);
  return {};
}

/// The status is known: what is still to be sent goes out, then the trailers.
void ServerConnection::finish(Stream& stream) {
  stream.ended = true;
  unread_ -= std::exchange(stream.unread, 0);
  stream.message = {};
  stream.in.reset(0);  // its memory may serve the next stream
  if (!stream.headers_sent)
    submit_trailers(stream);
  else
    resume(stream);
}

Result<Pulled> ServerConnection::read_message(std::int32_t id, MessageSlot into) {
  Stream* const stream = find(id);
  if (stream == nullptr || stream->ended) return Status::cancelled("grpc: the call is over");
  if (stream->in.ready() == 0) {
    if (!stream->failure.ok()) return stream->failure;
    if (stream->remote_ended) return Pulled::end;
    stream->wants_message = true;
    return Pulled::nothing;
  }
  Status read = stream->in.next(*stream->format, into, limits_.codec);
  count_unread(*stream);
  give_credit(*stream);
  if (!read.ok()) {
    stream->failure = read;
    return read;
  }
  return Pulled::message;
}

Status ServerConnection::write_headers(std::int32_t id, const Metadata& headers) {
  Stream* const stream = find(id);
  if (stream == nullptr || stream->ended) return Status::cancelled("grpc: the call is over");
  if (stream->headers_sent) return {};
  if (Status checked = check_headers(headers); !checked.ok()) return checked;
  return submit_headers(*stream, &headers);
}

Status ServerConnection::write_message(std::int32_t id, MessageRef message) {
  Stream* const stream = find(id);
  if (stream == nullptr || stream->ended) return Status::cancelled("grpc: the call is over");
  if (Status appended = append_reply(*stream, message); !appended.ok()) return appended;
  resume(*stream);
  return {};
}

bool ServerConnection::has_room(std::int32_t id) {
  Stream* const stream = find(id);
  if (stream == nullptr || stream->ended || stream->out.size() < room) return true;
  stream->wants_room = true;
  return false;
}

// ---- what is sent ----

Status ServerConnection::submit_headers(Stream& stream, const Metadata* headers) {
  if (headers != nullptr) {
    if (const auto encoding = headers->get("grpc-encoding")) {
      stream.reply_compressor = nullptr;
      if (*encoding != "identity") {
        const Compressor* const asked = options().compressors.find(*encoding);
        if (asked == nullptr) return Status::internal("grpc: no compressor \"" + std::string(*encoding) + '"');
        if (accepts_encoding(stream.accept_encoding, *encoding)) stream.reply_compressor = asked;
      }
    }
  }
  nghttp2_data_provider provider;
  provider.source.ptr = &stream;
  provider.read_callback = Callbacks::read_data;
  const std::string_view type = stream.content_type.empty() ? plain_type : std::string_view(stream.content_type);
  int submitted = 0;
  if ((headers == nullptr || headers->empty()) && stream.reply_compressor == nullptr) {
    const std::array<nghttp2_nv, 2> fields = {
        field(":status", "200", keep_both),
        field("content-type", type, stream.content_type.empty() ? keep_both : keep_name)};
    submitted = nghttp2_submit_response(http2_.get(), stream.id, fields.data(), fields.size(), &provider);
  } else {
    Fields fields;
    fields.add(":status", "200", keep_both);
    fields.add("content-type", type, keep_name);
    if (stream.reply_compressor != nullptr) fields.add("grpc-encoding", stream.reply_compressor->name());
    if (headers != nullptr) fields.add(*headers);
    submitted = nghttp2_submit_response(http2_.get(), stream.id, fields.data(), fields.size(), &provider);
  }
  if (submitted != 0) return Status::internal(std::string("http/2: ") + nghttp2_strerror(submitted));
  stream.headers_sent = true;
  return {};
}

/// The trailers, or where nothing went before them all of the answer.
void ServerConnection::submit_trailers(Stream& stream) {
  if (stream.headers_sent && stream.status.ok() && stream.trailers.empty()) {
    const std::array<nghttp2_nv, 1> fields = {field("grpc-status", "0", keep_both)};
    nghttp2_submit_trailer(http2_.get(), stream.id, fields.data(), fields.size());
    return;
  }
  Fields fields;
  if (!stream.headers_sent) {
    fields.add(":status", "200", keep_both);
    fields.add("content-type", stream.content_type.empty() ? plain_type : std::string_view(stream.content_type),
               keep_name);
  }
  fields.add("grpc-status", code_text(stream.status.code()), keep_both);
  if (!stream.status.ok()) {
    if (!stream.status.message().empty())
      fields.add_made("grpc-message", percent_encode(stream.status.message()), keep_name);
    if (!stream.status.details().empty())
      fields.add_made("grpc-status-details-bin", http::to_base64(encode_status(stream.status)), keep_name);
    if (stream.failure.code() == StatusCode::unimplemented)
      fields.add_made("grpc-accept-encoding", accept_encoding(options().compressors), keep_name);
  }
  fields.add(stream.trailers);
  const int submitted = stream.headers_sent
                            ? nghttp2_submit_trailer(http2_.get(), stream.id, fields.data(), fields.size())
                            : nghttp2_submit_response(http2_.get(), stream.id, fields.data(), fields.size(), nullptr);
  if (submitted != 0) reset(stream.id, NGHTTP2_INTERNAL_ERROR);
  stream.headers_sent = true;
}

void ServerConnection::resume(Stream& stream) {
  if (std::exchange(stream.deferred, false)) nghttp2_session_resume_data(http2_.get(), stream.id);
}

std::ptrdiff_t ServerConnection::read_data(Stream& stream, std::size_t length, std::uint32_t& flags) {
  while (stream.out.empty() && stream.producer) {
    std::string text;
    if (!stream.producer(text)) {
      stream.producer = nullptr;
      stream.ended = true;
    }
    stream.out.append(text);
    unsent_ += text.size();
  }
  const std::size_t count = (std::min)(length, stream.out.size());
  if (count == 0 && !stream.ended) {
    stream.deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (count == stream.out.size() && stream.ended) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!stream.no_trailers) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      submit_trailers(stream);
    }
  }
  return static_cast<std::ptrdiff_t>(count);
}

/// The first frame, with the number of streams that the client is to keep to. nghttp2 does not know it: to it a client
/// that goes beyond is an enemy, to us its streams are refused, for it may not have heard of the number yet.
void ServerConnection::send_settings(const std::uint8_t* data, std::size_t length) {
  constexpr std::size_t value_at = 9 + 2;  // behind the frame's header and the identifier
  const std::size_t at = sink_->size();
  sink_->append(data, length);
  if (length < value_at + 4 || data[3] != NGHTTP2_SETTINGS) return;
  first_settings_ = false;
  for (std::size_t i = 0; i < 4; ++i)
    sink_->data()[at + value_at + i] = static_cast<std::byte>(options().concurrent_streams >> (24 - 8 * i));
}

void ServerConnection::send_data(Stream& stream, const std::uint8_t* frame_header, std::size_t length) {
  sink_->append(frame_header, 9);
  sink_->append(stream.out.data(), length);
  stream.out.consume(length);
  unsent_ -= length;
  if (stream.wants_room && stream.out.size() <= room / 2) {
    stream.wants_room = false;
    news_.push_back({RequestKind::writable, stream.id});
  }
}

void ServerConnection::frame_sent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_DATA || frame.hd.type == NGHTTP2_HEADERS) {
    spend(-earned_by_work);
    ping_strikes_ = 0;
    last_ping_.reset();
    if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
    Stream* const stream = find(frame.hd.stream_id);
    if (stream == nullptr) return;
    stream->trailers_sent = true;
    // The answer is complete; the rest of the request is of no interest (RFC 9113, 8.1).
    if (!stream->remote_ended) reset(stream->id, NGHTTP2_NO_ERROR);
  } else if (frame.hd.type == NGHTTP2_GOAWAY && leaving_since_ && !left_) {
    // Its answer tells that the client knows.
    nghttp2_submit_ping(http2_.get(), NGHTTP2_FLAG_NONE, goodbye_ping.data());
  } else if (frame.hd.type == NGHTTP2_RST_STREAM && frame.rst_stream.error_code != NGHTTP2_NO_ERROR) {
    count_reset();
  }
}

// ---- what is received ----

/// Looks at the heads of all frames, also of those that nghttp2 passes over without a word: it forgets streams when
/// they close, and knows nothing of priorities.
void ServerConnection::look_through(std::span<const std::byte> received) {
  constexpr std::size_t head_bytes = 9;
  while (!received.empty()) {
    if (passed_over_ > 0) {
      const std::size_t over = (std::min)(received.size(), std::size_t{passed_over_});
      received = received.subspan(over);
      passed_over_ -= static_cast<std::uint32_t>(over);
      continue;
    }
    const std::uint8_t* head = reinterpret_cast<const std::uint8_t*>(received.data());
    const bool is_whole = frame_head_size_ == 0 && received.size() >= frame_head_.size();
    if (!is_whole) {
      // With PRIORITY's five bytes.
      const std::size_t wanted = frame_head_size_ > 3 && frame_head_[3] == NGHTTP2_PRIORITY && frame_head_[2] == 5
                                     ? frame_head_.size()
                                     : head_bytes;
      const std::size_t taken = (std::min)(received.size(), wanted - frame_head_size_);
      std::memcpy(frame_head_.data() + frame_head_size_, head, taken);
      frame_head_size_ = static_cast<std::uint8_t>(frame_head_size_ + taken);
      received = received.subspan(taken);
      if (frame_head_size_ < wanted) return;
      if (wanted == head_bytes && frame_head_[3] == NGHTTP2_PRIORITY && frame_head_[2] == 5) continue;
      head = frame_head_.data();
    }
    const auto number = [&](std::size_t at) {
      return static_cast<std::int32_t>((head[at] & 0x7Fu) << 24 | std::uint32_t{head[at + 1]} << 16 |
                                       std::uint32_t{head[at + 2]} << 8 | head[at + 3]);
    };
    const std::uint32_t length = std::uint32_t{head[0]} << 16 | std::uint32_t{head[1]} << 8 | head[2];
    const std::int32_t id = number(5);
    frame_came(length, head[3], head[4], id);
    if (head[3] == NGHTTP2_PRIORITY && length == 5 && number(9) == id)
      say_goodbye(NGHTTP2_PROTOCOL_ERROR, "a stream that depends on itself");
    if (is_whole) {
      received = received.subspan(head_bytes);
      passed_over_ = length;
    } else {
      passed_over_ = length - (frame_head_size_ - static_cast<std::uint32_t>(head_bytes));
      frame_head_size_ = 0;
    }
  }
}

void ServerConnection::frame_came(std::uint32_t length, std::uint8_t type, std::uint8_t flags, std::int32_t id) {
  const bool is_headers = type == NGHTTP2_HEADERS;
  const bool is_data = type == NGHTTP2_DATA;
  if (!spend(is_headers || (is_data && length > 0) ? -earned_by_work : 1)) return;
  if (type == NGHTTP2_PRIORITY && id == 0) return say_goodbye(NGHTTP2_PROTOCOL_ERROR, "PRIORITY of no stream");
  if (id == 0) return;
  if (is_headers || is_data) {
    if (std::find(closed_by_client_.begin(), closed_by_client_.end(), id) != closed_by_client_.end())
      return say_goodbye(NGHTTP2_STREAM_CLOSED, "a frame of a stream that its client has closed");
    if (is_headers && id > last_id_) {
      id_before_ = std::exchange(last_id_, id);
    } else if (is_headers && id > id_before_ && id < last_id_) {
      return say_goodbye(NGHTTP2_PROTOCOL_ERROR, "a new stream with an old number");
    }
    if ((flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
  } else if (type != NGHTTP2_RST_STREAM) {
    return;
  }
  std::copy_backward(closed_by_client_.begin(), closed_by_client_.end() - 1, closed_by_client_.end());
  closed_by_client_.front() = id;
}

int ServerConnection::header_begins(std::int32_t id) {
  std::unique_ptr<Stream> stream = take_stream();
  stream->id = id;
  if (nghttp2_session_set_stream_user_data(http2_.get(), id, stream.get()) != 0) return 0;
  stream->position = streams_.size();
  streams_.push_back(stream.get());
  stream.release();
  return 0;
}

int ServerConnection::header_field(Stream& stream, std::string_view name, std::string_view value) {
  stream.header_bytes += name.size() + value.size() + 32;
  if (stream.header_bytes > options().header_bytes) {
    stream.too_much_header = true;
    return 0;
  }
  const std::size_t at = stream.header_text.size();
  stream.header_text.append(name).append(value);
  stream.header.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(name.size()),
                           static_cast<std::uint32_t>(at + name.size()), static_cast<std::uint32_t>(value.size())});
  return 0;
}

void ServerConnection::frame_received(const nghttp2_frame& frame) {
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS: {
      Stream* const stream = find(frame.hd.stream_id);
      if (stream == nullptr) return;
      if ((frame.hd.flags & NGHTTP2_FLAG_PRIORITY) != 0 && frame.headers.pri_spec.stream_id == frame.hd.stream_id)
        return reset(frame.hd.stream_id, NGHTTP2_PROTOCOL_ERROR);  // RFC 7540, 5.3.1
      if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) begin(*stream);
      if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) remote_ended(*stream);
      return;
    }
    case NGHTTP2_DATA:
      if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
        if (Stream* const stream = find(frame.hd.stream_id)) remote_ended(*stream);
      return;
    case NGHTTP2_RST_STREAM:
      return count_reset();
    case NGHTTP2_SETTINGS:
      settings_seen_ = true;
      return;
    case NGHTTP2_PING:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) == 0) return ping_received();
      if (std::memcmp(frame.ping.opaque_data, goodbye_ping.data(), goodbye_ping.size()) == 0) return finish_leaving();
      ping_sent_.reset();
      return;
    default:
      return;
  }
}

/// A request's header has ended: says what it is.
void ServerConnection::begin(Stream& stream) {
  if (streams_.size() > options().concurrent_streams) return reset(stream.id, NGHTTP2_REFUSED_STREAM);
  if (stream.too_much_header) return refuse(stream, 431, "the header is too large");
  std::string_view method;
  std::string_view type;
  for (const auto& place : stream.header) {
    const std::string_view name = stream.name(place);
    if (name == ":method")
      method = stream.value(place);
    else if (name == "content-type")
      type = stream.value(place);
  }
  const auto subtype = content_subtype(type);
  if (!subtype) return open_other(stream);
  if (method != "POST") return refuse(stream, 405, "gRPC calls are sent by POST", "allow", "POST");
  begin_call(stream, *subtype);
}

void ServerConnection::begin_call(Stream& stream, std::string_view subtype) {
  stream.use = Stream::Use::call;
  stream.format = site_->format(subtype);
  if (stream.format == nullptr)
    return refuse(stream, 415, "no message format \"" + std::string(subtype) + "\" is known here");
  if (!subtype.empty()) stream.content_type = std::string(plain_type) + '+' + std::string(subtype);
  stream.in.reset(options().receive_message_bytes);
  Status status = read_call_header(stream);
  if (!status.ok()) return fail(stream, std::move(status));
  // Handlers that have been given up and still run count as well.
  if (session_.in_flight() >= (std::max)(limits_.calls_in_flight, std::size_t{1}) || unsent_ > 2 * limits_.unsent_bytes)
    return reset(stream.id, NGHTTP2_REFUSED_STREAM);
  if (streams_requests(stream.entry->handler->kind()))
    dispatch(stream);
  else
    receive_until(stream);
}

/// A request has to come in time; who waits for all of it is not yet the session's.
void ServerConnection::receive_until(Stream& stream) {
  if (stream.deadline) stream.receive_by = stream.deadline;
  if (limits_.message_time.count() > 0) {
    const Clock::time_point latest = last_heard_ + limits_.message_time;
    stream.receive_by = stream.receive_by ? (std::min)(*stream.receive_by, latest) : latest;
  }
  if (stream.receive_by) ++receiving_;
}

void ServerConnection::received(Stream& stream) noexcept {
  if (!stream.receive_by) return;
  stream.receive_by.reset();
  --receiving_;
}

/// Answers those whose time is over, and plans for the others.
void ServerConnection::fail_late(Clock::time_point now) {
  std::optional<Clock::time_point> next;
  for (std::size_t i = 0; i < streams_.size() && receiving_ > 0; ++i) {  // nothing is closed in here
    Stream& stream = *streams_[i];
    if (!stream.receive_by) continue;
    if (*stream.receive_by > now) {
      next = next ? (std::min)(*next, *stream.receive_by) : stream.receive_by;
      continue;
    }
    if (stream.use == Stream::Use::call)
      fail(stream, Status::deadline_exceeded("grpc: the request took too long to arrive"));
    else
      received(stream), reset(stream.id, NGHTTP2_CANCEL);
    progress_later();
  }
  plan(next);
}

/// The header fields of a call.
Status ServerConnection::read_call_header(Stream& stream) {
  for (const auto& place : stream.header) {
    const std::string_view name = stream.name(place);
    const std::string_view value = stream.value(place);
    if (name.starts_with(':')) {
      if (name != ":path") continue;
      if (recent_ == nullptr || !is_path_of(value, recent_->name, recent_slash_)) {
        recent_slash_ = 0;
        std::string method(value.substr((std::min)(value.size(), std::size_t{1})));
        const MethodEntry* found = host_.core()->registry().find(method);
        if (found == nullptr) {
          const std::size_t slash = method.rfind('/');
          if (slash != std::string::npos) method[slash] = '.', recent_slash_ = static_cast<std::uint32_t>(slash) + 1;
          found = host_.core()->registry().find(method);
        }
        recent_ = value.starts_with('/') ? found : nullptr;
        if (recent_ == nullptr) return Status::unimplemented("grpc: no method " + std::string(value));
      }
      stream.entry = recent_;
    } else if (name.starts_with("grpc-")) {
      if (name == "grpc-timeout") {
        auto timeout = parse_timeout(value);
        if (!timeout.ok()) return Status::internal("grpc: malformed grpc-timeout: " + std::string(value));
        stream.deadline = *timeout < Clock::time_point::max() - last_heard_
                              ? last_heard_ + std::chrono::duration_cast<Clock::duration>(*timeout)
                              : Clock::time_point::max();
      } else if (name == "grpc-encoding") {
        if (value == "identity") continue;
        const Compressor* const compressor = options().compressors.find(value);
        if (compressor == nullptr) {
          stream.failure = Status::unimplemented("grpc: no compressor \"" + std::string(value) + "\" is known here");
          return stream.failure;
        }
        stream.in.set_compressor(compressor);
      } else if (name == "grpc-accept-encoding") {
        stream.accept_encoding.assign(value);
      }
    } else if (!is_reserved(name)) {
      if (Status added = add_header(stream.metadata, name, value); !added.ok()) return added;
    }
  }
  if (stream.entry == nullptr) return Status::unimplemented("grpc: the request names no method");
  if (site_->compressor() != nullptr && accepts_encoding(stream.accept_encoding, site_->compressor()->name()))
    stream.reply_compressor = site_->compressor();
  return {};
}

void ServerConnection::data_received(Stream& stream, std::span<const std::byte> bytes) {
  if (stream.use == Stream::Use::page || stream.use == Stream::Use::connect) {
    nghttp2_session_consume_stream(http2_.get(), stream.id, bytes.size());
    if (stream.body.size() + bytes.size() > options().receive_message_bytes)
      return stream.use == Stream::Use::page
                 ? refuse(stream, 413, "the body is too large")
                 : refuse_connect(stream, Status::resource_exhausted("connect: the message is too large"));
    stream.body.append(bytes);
    stream.unread += bytes.size();
    unread_ += bytes.size();
    if (unread_ > options().connection_bytes) reset(stream.id, NGHTTP2_ENHANCE_YOUR_CALM);
    return;
  }
  if (stream.use != Stream::Use::call || stream.ended || !stream.failure.ok()) {
    nghttp2_session_consume_stream(http2_.get(), stream.id, bytes.size());
    return;
  }
  const Status appended = stream.in.append(bytes);
  stream.uncredited += bytes.size();
  count_unread(stream);
  if (!appended.ok()) return fail_reading(stream, appended);
  if (unread_ > options().connection_bytes)
    return fail_reading(stream, Status::resource_exhausted("grpc: too many unread bytes on the connection"));
  if (!stream.dispatched) {
    if (stream.in.ready() > 1) return fail(stream, Status::unimplemented("grpc: more than one request message"));
  }
  // A message that has not come whole gets the window it needs; whole ones wait for their handler.
  if (stream.in.ready() == 0 || !stream.dispatched) give_credit(stream);
  if (stream.in.ready() > 0) readable(stream);
}

void ServerConnection::count_unread(Stream& stream) noexcept {
  const std::size_t now = stream.in.unread();
  unread_ += now - stream.unread;
  stream.unread = now;
}

void ServerConnection::give_credit(Stream& stream) {
  if (stream.uncredited == 0) return;
  if (stream.dispatched && stream.in.ready() > 0 && stream.in.unread() > options().stream_window / 2) return;
  nghttp2_session_consume_stream(http2_.get(), stream.id, std::exchange(stream.uncredited, 0));
}

void ServerConnection::readable(Stream& stream) {
  if (!std::exchange(stream.wants_message, false)) return;
  news_.push_back({RequestKind::readable, stream.id});
}

void ServerConnection::remote_ended(Stream& stream) {
  stream.remote_ended = true;
  if (stream.use == Stream::Use::page) return answer_page(stream);
  if (stream.use == Stream::Use::connect) return dispatch(stream);
  if (stream.use != Stream::Use::call || stream.ended) return;
  if (!stream.in.is_at_boundary())
    return fail_reading(stream, Status::internal("grpc: the request ends in the middle of a message"));
  if (streams_requests(stream.entry->handler->kind())) return readable(stream);
  if (stream.in.ready() == 0) return fail(stream, Status::unimplemented("grpc: no request message"));
  const auto message = stream.in.next();
  if (!message.ok()) return fail(stream, message.status());
  stream.message = *message;
  dispatch(stream);
}

void ServerConnection::dispatch(Stream& stream) {
  received(stream);
  if (stream.use == Stream::Use::call && streams_requests(stream.entry->handler->kind())) stream.dispatched = true;
  calls_.push_back(stream.id);
}

/// The call can't go on because of what was received.
void ServerConnection::fail_reading(Stream& stream, Status status) {
  if (!stream.dispatched) return fail(stream, std::move(status));
  if (stream.failure.ok()) stream.failure = std::move(status);
  readable(stream);
}

/// Answers a call that no handler has seen.
void ServerConnection::fail(Stream& stream, Status status) {
  received(stream);
  stream.status = std::move(status);
  stream.use = Stream::Use::over;
  finish(stream);
}

void ServerConnection::stream_closed(Stream& stream) {
  nghttp2_session_set_stream_user_data(http2_.get(), stream.id, nullptr);
  received(stream);
  streams_.back()->position = stream.position;
  std::swap(streams_[stream.position], streams_.back());
  streams_.pop_back();
  unread_ -= stream.unread;
  unsent_ -= stream.out.size();
  if (stream.dispatched && stream.use != Stream::Use::over && !stream.trailers_sent)
    news_.push_back({RequestKind::cancel, stream.id});
  if (streams_.empty()) {
    idle_since_ = Clock::now();
    rested_ = false;
    plan(idle_since_ + rest_time);
    if (options().idle_time.count() > 0) plan(idle_since_ + options().idle_time);
  }
  give_back(std::unique_ptr<Stream>(&stream));
}

void ServerConnection::reset(std::int32_t id, std::uint32_t code) {
  nghttp2_submit_rst_stream(http2_.get(), NGHTTP2_FLAG_NONE, id, code);
}

// ---- Connect's calls, and pages ----

void ServerConnection::open_other(Stream& stream) {
  stream.use = Stream::Use::page;
  receive_until(stream);
  if (site_->connect().empty()) return;
  std::vector<http::Field> fields;
  const http::Request request = request_of(stream, fields);
  connect::Route route = site_->connect().route(request.method, request.path, fields, host_.core()->registry());
  if (route.kind == connect::Route::Kind::call) {
    stream.use = Stream::Use::connect;
    stream.connect.emplace(site_->connect(), route, fields, limits_.codec, limits_.http_header_bytes);
  } else if (route.kind == connect::Route::Kind::refusal && site_->find_page(request.path) == nullptr) {
    respond(stream, response_of(route.answer, std::move(route.body)));
  }
}

void ServerConnection::refuse_connect(Stream& stream, const Status& status) {
  connect::Answer answer;
  std::string body = connect::make_error(status, answer);
  respond(stream, response_of(answer, std::move(body)));
}

Status ServerConnection::write_connect_reply(Stream& stream, const ReplyHead& head, MessageRef body) {
  ByteQueue text;
  if (Status written = stream.connect->write_reply(head, body, text); !written.ok()) return written;
  respond(stream, response_of(stream.connect->answer(), std::string(text.text())));
  return {};
}

http::Request ServerConnection::request_of(const Stream& stream, std::vector<http::Field>& fields) const {
  http::Request request;
  for (const auto& place : stream.header) {
    const std::string_view name = stream.name(place);
    const std::string_view value = stream.value(place);
    if (name == ":method")
      request.method = value;
    else if (name == ":path")
      request.path = value;
    else if (!name.starts_with(':'))
      fields.push_back({name, value});
  }
  if (const std::size_t mark = request.path.find('?'); mark != std::string_view::npos) {
    request.query = request.path.substr(mark + 1);
    request.path = request.path.substr(0, mark);
  }
  request.headers = fields;
  request.body = stream.body.text();
  request.peer = &peer();
  request.server = host_.core().get();
  return request;
}

void ServerConnection::answer_page(Stream& stream) {
  received(stream);
  std::vector<http::Field> fields;
  const http::Request request = request_of(stream, fields);
  const http::Handler* const handler = site_->find_page(request.path);
  if (handler == nullptr) {
    // A content type of gRPC's kind that is not gRPC's own, sent to a method.
    if (request.header("content-type").starts_with(plain_type))
      return refuse(stream, 415, "this is no content type of gRPC");
    return refuse(stream, 404, "page not found");
  }
  const bool is_head = request.method == "HEAD";
  http::Response response;
  try {
    response = (*handler)(request);
  } catch (const std::exception& failure) {
    log(std::string("a page threw ") + failure.what());
    response = http::Response::text(500, "500 internal server error\n");
  }
  if (is_head) response.body.clear(), response.stream = nullptr;
  respond(stream, std::move(response));
}

void ServerConnection::respond(Stream& stream, http::Response response) {
  if (stream.headers_sent) return;
  received(stream);
  unread_ -= std::exchange(stream.unread, 0);
  stream.use = Stream::Use::over;
  stream.no_trailers = stream.headers_sent = true;
  Fields fields;
  fields.add_made(":status", std::to_string(response.status), keep_name);
  for (auto& [name, value] : response.headers) {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(), http::lower_case);
    if (lower == "content-length" || lower == "transfer-encoding" || lower == "connection" || lower == "date" ||
        nghttp2_check_header_name(reinterpret_cast<const std::uint8_t*>(lower.data()), lower.size()) == 0 ||
        nghttp2_check_header_value(reinterpret_cast<const std::uint8_t*>(value.data()), value.size()) == 0) {
      log("a page's header field is left out: " + name);
      continue;
    }
    fields.add_field(std::move(lower), std::move(value));
  }
  stream.producer = std::move(response.stream);
  if (!stream.producer) {
    stream.ended = true;
    fields.add_made("content-length", std::to_string(response.body.size()), keep_name);
    stream.out.append(response.body);
    unsent_ += response.body.size();
  }
  nghttp2_data_provider provider;
  provider.source.ptr = &stream;
  provider.read_callback = Callbacks::read_data;
  const bool has_body = stream.producer || !stream.out.empty();
  if (nghttp2_submit_response(http2_.get(), stream.id, fields.data(), fields.size(), has_body ? &provider : nullptr) !=
      0)
    reset(stream.id, NGHTTP2_INTERNAL_ERROR);
}

/// Answers what is no call.
void ServerConnection::refuse(Stream& stream, int http_status, std::string_view text, std::string_view extra_name,
                              std::string_view extra_value) {
  http::Response response =
      http::Response::text(http_status, std::to_string(http_status) + ' ' + std::string(text) + '\n');
  if (!extra_name.empty()) response.headers.emplace_back(extra_name, extra_value);
  respond(stream, std::move(response));
}

// ---- the connection's own affairs ----

/// Pays for a frame that does nothing, or earns with one that does. Too many of the former end the connection.
bool ServerConnection::spend(std::int32_t amount) {
  budget_ = (std::min)(budget_ - amount, budget_at_most);
  if (budget_ >= 0) return true;
  say_goodbye(NGHTTP2_ENHANCE_YOUR_CALM, "too many frames that do nothing");
  return false;
}

void ServerConnection::count_reset() {
  const Clock::time_point now = Clock::now();
  const std::chrono::duration<double> passed = now - std::exchange(resets_counted_, now);
  resets_left_ = (std::min)(resets_left_ + passed.count() * options().resets_per_second,
                            static_cast<double>(options().reset_burst)) -
                 1;
  if (resets_left_ < 0) say_goodbye(NGHTTP2_ENHANCE_YOUR_CALM, "too many streams are reset");
}

// As grpc-go's and C-core's servers count (gRPC's proposal A8).
void ServerConnection::ping_received() {
  const Clock::time_point now = Clock::now();
  const bool without_calls = streams_.empty() && !options().pings_without_calls;
  const milliseconds least = without_calls ? milliseconds(7'200'000) : options().least_ping_interval;
  const bool too_soon = last_ping_ && now - *last_ping_ < least;
  last_ping_ = now;
  if (too_soon && ++ping_strikes_ > ping_strikes_allowed) say_goodbye(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
}

/// Ends the connection because of what the peer does: what is answered already is sent, then the reason.
void ServerConnection::say_goodbye(std::uint32_t code, std::string_view why) {
  if (std::exchange(ending_, true)) return;
  log("closed: " + std::string(why));
  nghttp2_submit_goaway(http2_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(http2_.get()), code,
                        reinterpret_cast<const std::uint8_t*>(why.data()), why.size());
}

/// The first of two steps: the client is told that the connection will go, and may use it until it knows.
void ServerConnection::leave() {
  if (leaving_since_ || broken_) return;
  leaving_since_ = Clock::now();
  nghttp2_submit_shutdown_notice(http2_.get());
  plan(*leaving_since_ + goodbye_time);
  progress_later();
}

/// The second: what comes from now on is not served.
void ServerConnection::finish_leaving() {
  if (!leaving_since_ || std::exchange(left_, true)) return;
  nghttp2_submit_goaway(http2_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(http2_.get()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
  progress_later();
}

void ServerConnection::plan(std::optional<Clock::time_point> time) {
  if (time && (!upkeep_.is_set() || *time < upkeep_.time())) loop_.set(upkeep_, *time);
}

/// Gives back what only a busy connection needs.
void ServerConnection::rest() {
  if (nghttp2_session_want_write(http2_.get()) == 0) memory_.rest();
  news_.shrink_to_fit();
  calls_.shrink_to_fit();
  streams_.shrink_to_fit();
}

void ServerConnection::look_after() {
  const auto self = shared_from_this();
  const Clock::time_point now = Clock::now();
  std::optional<Clock::time_point> next;
  const auto is_due = [&](Clock::time_point time) {
    if (time <= now) return true;
    next = next ? (std::min)(*next, time) : time;
    return false;
  };
  fail_late(now);
  if (streams_.empty() && !rested_ && is_due(idle_since_ + rest_time)) {
    rested_ = true;
    rest();
  }
  if (cut_at_ && is_due(*cut_at_)) return give_up("its calls take longer than its age allows");
  if (leaving_since_ && !left_ && is_due(*leaving_since_ + goodbye_time)) finish_leaving();
  if (age_limit_ && is_due(*age_limit_)) {
    age_limit_.reset();
    leave();
    if (options().connection_age_grace.count() > 0 && !is_due(now + options().connection_age_grace))
      cut_at_ = now + options().connection_age_grace;
    is_due(now + goodbye_time);
  }
  if (options().idle_time.count() > 0 && streams_.empty() && !leaving_since_ &&
      is_due(idle_since_ + options().idle_time))
    leave(), is_due(now + goodbye_time);
  if (options().keepalive_time.count() > 0) {
    if (ping_sent_) {
      if (last_heard_ > *ping_sent_)
        ping_sent_.reset();
      else if (is_due(*ping_sent_ + options().keepalive_timeout))
        return give_up("a keepalive ping was not answered");
    }
    if (!ping_sent_ && is_due(last_heard_ + options().keepalive_time)) {
      nghttp2_submit_ping(http2_.get(), NGHTTP2_FLAG_NONE, keepalive_ping.data());
      ping_sent_ = now;
      is_due(now + options().keepalive_timeout);
      progress_later();
    }
  }
  plan(next);
}

}  // namespace polyrpc::grpc
