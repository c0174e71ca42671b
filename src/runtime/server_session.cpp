#include "polyrpc/runtime/server_session.hpp"

#include "polyrpc/runtime/worker_pool.hpp"

#include "active_call.hpp"
#include "server_session_impl.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <new>
#include <string>
#include <utility>

namespace polyrpc {

namespace {

/// An object of a shape for the length of one call: in place if it is small, so that serving needs no allocation.
class LocalObject {
 public:
  explicit LocalObject(const Shape& shape) : shape_(shape) {
    if (shape.size > sizeof place_ || shape.align > alignof(std::max_align_t)) {
      message_ = Message(shape);
      object_ = message_.object();
    } else {
      shape.construct(place_);
      object_ = place_;
    }
  }
  LocalObject(const LocalObject&) = delete;
  LocalObject& operator=(const LocalObject&) = delete;
  ~LocalObject() {
    if (message_.empty()) shape_.destroy(object_);
  }

  void* get() noexcept { return object_; }
  MessageSlot slot() noexcept { return {object_, &shape_}; }
  MessageRef ref() const noexcept { return {object_, &shape_}; }

 private:
  alignas(std::max_align_t) std::byte place_[256];
  const Shape& shape_;
  void* object_;
  Message message_;
};

/// Lends a request for as long as one is being cut and served, so that a connection at rest holds none. There is one
/// per thread; a further one is made only for a session that is driven from inside a handler of another.
class BorrowedRequest {
 public:
  BorrowedRequest() {
    if (std::exchange(of_this_thread().taken, true)) further_ = std::make_unique<IncomingRequest>();
    // The last one may have come on another wire, and a codec without streaming calls leaves this alone.
    get().head.kind = CallKind::unary;
  }
  BorrowedRequest(const BorrowedRequest&) = delete;
  BorrowedRequest& operator=(const BorrowedRequest&) = delete;
  ~BorrowedRequest() {
    if (further_ == nullptr) of_this_thread().taken = false;
  }

  IncomingRequest& get() const noexcept { return further_ != nullptr ? *further_ : of_this_thread().request; }

 private:
  struct Shared {
    IncomingRequest request;
    bool taken = false;
  };
  static Shared& of_this_thread() {
    static thread_local Shared shared;
    return shared;
  }

  std::unique_ptr<IncomingRequest> further_;
};

Status deadline_passed() { return Status::deadline_exceeded("polyrpc: the deadline has passed"); }

}  // namespace

Status handler_failed(const ServerCore& core, std::string_view method) {
  std::string line = "polyrpc: the handler of " + std::string(method) + " threw ";
  Status status = Status::internal("polyrpc: the handler failed");
  try {
    throw;
  } catch (const std::bad_alloc& failure) {
    line += failure.what();
    status = Status::resource_exhausted("polyrpc: no memory for the call");
  } catch (const std::exception& failure) {
    line += failure.what();
  } catch (...) {
    line += "something that is no std::exception";
  }
  core.log(LogLevel::error, line);
  return status;
}

// ---- a call that is not served on the spot ----

Result<MessageRef> ActiveCall::request() {
  if (streams_requests(kind()))
    return Status::failed_precondition("polyrpc: the requests of " + entry.name + " stream");
  detach();
  if (!decoded->ok()) return *decoded;
  return args_message.ref();
}

void ActiveCall::detach() {
  if (decoded) return;
  if (streams_requests(kind())) {
    decoded = Status();
    return;
  }
  try {
    args_message = Message(entry.handler->args());
    decoded = body->decode(args_message.slot());
  } catch (...) {
    decoded = handler_failed(*core, entry.name);
  }
  body = nullptr;
}

Status ActiveCall::run_handler() {
  try {
    return entry.handler->call(call_context, args_message.object(), reply_message.object());
  } catch (...) {
    return handler_failed(*core, entry.name);
  }
}

void ActiveCall::submit(std::function<void()> work) {
  WorkerPool* own = entry.handler->pool();
  (own != nullptr ? *own : core->registry().pool()).submit(std::move(work));
}

void ActiveCall::end_from_worker(Status result) {
  outcome = std::move(result);
  const std::lock_guard lock(link->mutex);
  if (link->loop == nullptr) return;
  link->ended.push_back(shared_from_this());
  if (link->ended.size() > 1) return;
  link->loop->post([where = link] {
    std::vector<std::shared_ptr<ActiveCall>> ended;
    {
      const std::lock_guard guard(where->mutex);
      ended.swap(where->ended);
    }
    for (const auto& call : ended) {
      if (call->resume)
        std::exchange(call->resume, nullptr)();
      else if (call->session != nullptr)
        call->session->finish(*call, std::move(call->outcome));
    }
  });
}

void ActiveCall::ring() {
  const auto self = shared_from_this();  // the answer may be the last that holds it
  call_context.request_stop();
  if (session != nullptr) session->answer(*this, deadline_passed(), HandlerState::running);
  interrupt();
}

void ActiveCall::interrupt() {
  if (stream != nullptr) stream->wake_later();
  const auto cancel = cancel_coroutine;  // a copy: the coroutine may end inside, and clears it
  if (cancel) cancel();
}

// ---- the session ----

ServerSession::Impl::Impl(ServerCore& core, Loop& loop, std::unique_ptr<ServerCodec> codec, const PeerSource& peer,
                          SessionOwner& owner)
    : core_(core),
      loop_(loop),
      codec_(std::move(codec)),
      peer_(peer),
      owner_(owner),
      stats_(core_.shard(loop)),
      onion_(core_.has_interceptors()),
      streaming_(codec_->capabilities().streaming) {}

ServerSession::Impl::~Impl() {
  cancel_all();
  if (beyond_ == nullptr || beyond_->link == nullptr) return;
  SessionLink& link = *beyond_->link;
  const std::lock_guard lock(link.mutex);
  link.loop = nullptr;
  link.ended.clear();
}

void ServerSession::Impl::cancel_all() noexcept {
  std::vector<std::shared_ptr<ActiveCall>> active;
  active.swap(active_);
  if (beyond_ != nullptr) beyond_->streams.clear();
  for (const auto& call : active) call->session = nullptr;
  for (const auto& call : active) {
    loop_.clear(*call);
    call->call_context.request_stop();
    call->interrupt();
    // A coroutine that waits for a worker ends here: when the worker is done, loop and io_context may be gone.
    call->resume = nullptr;
  }
}

ServerSession::Progress ServerSession::Impl::process(ByteQueue& input, ByteQueue& output, std::size_t output_limit) {
  const BorrowedRequest borrowed;
  struct Inside {
    Impl& impl;
    ~Inside() {
      if (impl.streaming_ && impl.failure_.ok()) impl.codec_->write_pending(*impl.current_output_);
      impl.current_output_ = nullptr;
      impl.request_ = nullptr;
    }
  } inside{*this};
  current_output_ = &output;
  request_ = &borrowed.get();
  const Limits& limits = core_.limits();
  for (;;) {
    if (!failure_.ok()) return Progress::ended;
    if (output.size() >= output_limit) return Progress::output_full;
    // Streams under way need what comes in, so that they can end.
    if (active_.size() >= limits.calls_in_flight && !has_streams()) return Progress::paused;
    try {
      Result<bool> cut = codec_->next_request(input, *request_);
      if (!cut.ok()) {
        failure_ = std::move(cut).status();
        codec_->write_farewell(failure_, output);
        return Progress::ended;
      }
      if (!*cut) return Progress::need_input;
      serve(output);
    } catch (...) {
      give_up();
    }
  }
}

/// Inside a `catch`: the codec has thrown, so that nothing is known of it any more.
void ServerSession::Impl::give_up() noexcept {
  std::string text = "polyrpc: the connection failed: ";
  try {
    throw;
  } catch (const std::exception& failure) {
    text += failure.what();
  } catch (...) {
    text += "something that is no std::exception was thrown";
  }
  if (failure_.ok()) failure_ = Status::internal(text);
  core_.log(LogLevel::error, text);
}

void ServerSession::Impl::serve(ByteQueue& output) {
  const IncomingRequest& request = *request_;
  if (!request.refused.ok()) return refuse(request.refused, output);
  if (request.kind == RequestKind::cancel) return cancel(output);
  if (request.kind != RequestKind::call) return wake(request.kind, request.head.tag);
  if (active_.size() >= core_.limits().calls_in_flight)
    return refuse(Status::resource_exhausted("polyrpc: too many calls are under way"), output);
  if (draining_ || (core_.draining() && !serves_while_draining_))
    return refuse(Status::unavailable("polyrpc: the server is shutting down"), output);
  if (recent_ == nullptr || recent_->name != request.head.method) {
    const MethodEntry* found = core_.registry().find(request.head.method);
    if (found == nullptr) return refuse(core_.registry().why_not(request.head.method), output);
    recent_ = found;
  }
  const MethodEntry* const entry = recent_;
  if (entry->handler->kind() != request.head.kind) return refuse(check_kind(*entry), output);
  if (entry->handler->road() == Road::plain && !onion_)
    serve_here(*entry, output);
  else
    start(*entry, output);
}

namespace {

std::string_view words(CallKind kind) noexcept {
  switch (kind) {
    case CallKind::unary:
      return "unary";
    case CallKind::client_streaming:
      return "client-streaming";
    case CallKind::server_streaming:
      return "server-streaming";
    case CallKind::bidirectional:
      return "bidirectional";
  }
  return "unknown";
}

}  // namespace

/// Why a method can't be called as the request asks.
Status ServerSession::Impl::check_kind(const MethodEntry& entry) const {
  std::string text = "polyrpc: " + entry.name + " is " + std::string(words(entry.handler->kind())) + ", ";
  if (!streaming_)
    text += "which this wire does not carry";
  else
    text += "and was called as " + std::string(words(request_->head.kind));
  return Status::unimplemented(text);
}

/// Fills the context from the request's head, and asks whether the call may go on.
Status ServerSession::Impl::prepare(Context& context, const MethodEntry& entry) {
  RequestHead& head = request_->head;
  context.set_method(entry.name);
  context.set_peer(peer_);
  if (beyond_ != nullptr && !beyond_->ambient.empty()) {
    context.metadata() = beyond_->ambient;
    for (const auto& [key, value] : head.metadata) context.metadata().add(key, value);
  } else if (!head.metadata.empty()) {
    context.metadata() = std::move(head.metadata);
    head.metadata.clear();
  }
  std::optional<std::chrono::nanoseconds> timeout = head.timeout;
  const auto& longest = core_.options().longest_call;
  if (longest && (!timeout || *longest < *timeout)) timeout = longest;
  if (timeout) {
    if (timeout->count() <= 0) return deadline_passed();
    const Clock::time_point now = Clock::now();
    context.set_deadline(*timeout > Clock::time_point::max() - now
                             ? Clock::time_point::max()
                             : now + std::chrono::duration_cast<Clock::duration>(*timeout));
  }
  for (const Admission& admission : core_.admissions()) {
    try {
      if (Status status = admission(context); !status.ok()) return status;
    } catch (...) {
      return handler_failed(core_, entry.name);
    }
  }
  return {};
}

// The straight road: no coroutine, no lock, no allocation.
void ServerSession::Impl::serve_here(const MethodEntry& entry, ByteQueue& output) {
  const IncomingRequest& request = *request_;
  const Handler& handler = *entry.handler;
  const bool timed = stats_.begin(entry.index);
  const Clock::time_point begun = timed ? Clock::now() : Clock::time_point();

  Context context;
  Status status = prepare(context, entry);
  const auto answer_with = [&](MessageRef body) {
    if (!status.ok()) stats_.error(entry.index);
    if (!request.head.wants_reply) return;
    write({request.head.tag, entry.name, status, &context.headers(), &context.trailers()}, body, output);
  };
  try {
    LocalObject args(handler.args());
    LocalObject reply(handler.reply());
    if (status.ok()) status = request.body->decode(args.slot());
    if (status.ok()) {
      try {
        status = handler.call(context, args.get(), reply.get());
      } catch (...) {
        status = handler_failed(core_, entry.name);
      }
      if (context.deadline() && status.ok() && Clock::now() > *context.deadline()) status = deadline_passed();
    }
    answer_with(reply.ref());
  } catch (...) {
    status = handler_failed(core_, entry.name);  // of its argument, that is, or of its reply
    answer_with({});
  }
  if (timed) stats_.time(entry.index, Clock::now() - begun);
}

std::size_t ServerSession::Impl::unanswered() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(active_.begin(), active_.end(), [](const auto& call) { return !call->answered; }));
}

ServerSession::Impl::Beyond& ServerSession::Impl::beyond() {
  if (beyond_ == nullptr) beyond_ = std::make_unique<Beyond>();
  return *beyond_;
}

const std::shared_ptr<SessionLink>& ServerSession::Impl::link() {
  std::shared_ptr<SessionLink>& link = beyond().link;
  if (link == nullptr) {
    link = std::make_shared<SessionLink>();
    link->loop = &loop_;
  }
  return link;
}

ActiveCall* ServerSession::Impl::find_stream(const CallTag& tag) const {
  if (!has_streams()) return nullptr;
  const auto found = beyond_->streams.find(tag.number);
  return found == beyond_->streams.end() ? nullptr : found->second;
}

void ServerSession::Impl::start(const MethodEntry& entry, ByteQueue& output) {
  const IncomingRequest& request = *request_;
  stats_.begin(entry.index);
  std::shared_ptr<ActiveCall> call;
  try {
    call = std::make_shared<ActiveCall>(core_.shared_from_this(), entry);
  } catch (...) {
    stats_.error(entry.index);
    return refuse(handler_failed(core_, entry.name), output);
  }
  call->begun = Clock::now();
  call->link = link();
  call->session = this;
  call->tag = request.head.tag;
  call->wants_reply = request.head.wants_reply;
  call->body = request.body;
  call->peer = peer_.peer();
  Status status = prepare(call->call_context, entry);
  call->call_context.set_peer(call->peer);
  call->call_context.prepare_stop();
  if (status.ok() && onion_ && entry.borrows)
    status = Status::failed_precondition("polyrpc: " + entry.name +
                                         " borrows from its message, which an interceptor may outlast");
  if (status.ok() && !onion_) {
    call->detach();
    status = *call->decoded;
  }
  if (!status.ok()) {
    stats_.error(entry.index);
    if (call->wants_reply) write({call->tag, entry.name, status}, {}, output);
    return;
  }
  call->position = active_.size();
  active_.push_back(call);
  if (entry.handler->road() == Road::stream) {
    call->stream = std::make_unique<StreamedCall>(*call, loop_);
    beyond().streams[call->tag.number] = call.get();
  }
  if (call->call_context.deadline()) loop_.set(*call, *call->call_context.deadline());
  if (entry.handler->road() == Road::blocking && !onion_) {
    try {
      call->submit([call] { call->end_from_worker(call->run_handler()); });
    } catch (...) {
      finish(*call, handler_failed(core_, entry.name));
    }
  } else {
    run_coroutine(call, loop_);
    if (call->session != nullptr) call->detach();  // suspended: the input must not be needed any more
  }
}

void ServerSession::Impl::cancel(ByteQueue& output) {
  const IncomingRequest& request = *request_;
  const auto found = std::find_if(active_.begin(), active_.end(),
                                  [&](const auto& call) { return !call->answered && call->tag == request.cancels; });
  if (found != active_.end()) {
    const std::shared_ptr<ActiveCall> call = *found;
    call->call_context.request_stop();
    answer(*call, Status::cancelled("polyrpc: the caller cancelled the call"), HandlerState::running);
    call->interrupt();
  }
  if (request.head.wants_reply) {
    const bool done = true;
    const Status ok;
    write({request.head.tag, request.head.method, ok}, message_ref(done), output);
  }
}

void ServerSession::Impl::answer(ActiveCall& call, const Status& status, HandlerState state) {
  if (std::exchange(call.answered, true)) return;
  loop_.clear(call);
  if (!status.ok()) stats_.error(call.entry.index);
  stats_.time(call.entry.index, Clock::now() - call.begun);
  if (!call.wants_reply) return;
  // A handler that is still running may be writing its metadata, on another thread.
  const bool with_metadata = state == HandlerState::returned;
  const bool with_headers = with_metadata && (call.stream == nullptr || !call.stream->headers_sent());
  write({call.tag, call.entry.name, status, with_headers ? &call.call_context.headers() : nullptr,
         with_metadata ? &call.call_context.trailers() : nullptr},
        call.reply_message.ref(), output());
  progressed();
}

/// What was written outside of `process` is to be sent.
void ServerSession::Impl::progressed() {
  if (current_output_ == nullptr) owner_.session_progressed();
}

// ---- streams ----

void ServerSession::Impl::input_ended() {
  if (!has_streams()) return;
  std::vector<std::shared_ptr<ActiveCall>> waiting;
  for (const auto& [tag, call] : beyond_->streams)
    if (streams_requests(call->kind()) && !call->answered) waiting.push_back(call->shared_from_this());
  for (const auto& call : waiting) {
    call->call_context.request_stop();
    answer(*call, Status::cancelled("polyrpc: the client has gone"), HandlerState::running);
    call->interrupt();
  }
}

void ServerSession::Impl::wake(RequestKind kind, const CallTag& tag) {
  ActiveCall* const found = find_stream(tag);
  if (found == nullptr) return;
  const std::shared_ptr<ActiveCall> call = found->shared_from_this();
  if (kind == RequestKind::readable)
    call->stream->readable();
  else
    call->stream->writable();
}

Result<Pulled> ServerSession::Impl::read_message(ActiveCall& call, MessageSlot into) {
  Result<Pulled> pulled = codec_->read_message(call.tag, into);
  progressed();  // the codec may have to tell the peer that there is room again
  return pulled;
}

Status ServerSession::Impl::write_message(ActiveCall& call, MessageRef message) {
  Status written = codec_->write_message(call.tag, message, output());
  progressed();
  return written;
}

Status ServerSession::Impl::write_headers(ActiveCall& call) {
  Status written = codec_->write_headers(call.tag, call.call_context.headers(), output());
  progressed();
  return written;
}

bool ServerSession::Impl::has_room(const ActiveCall& call) const noexcept { return codec_->has_room(call.tag); }

ByteQueue& ServerSession::Impl::late_output() {
  ByteQueue& late = beyond().late_output;
  if (streaming_ && failure_.ok() && current_output_ == nullptr) codec_->write_pending(late);
  return late;
}

/// The same question without making what is not there: where nothing ever came late and no call streams, nothing is.
bool ServerSession::Impl::has_late_output() { return beyond_ != nullptr && !late_output().empty(); }

void ServerSession::Impl::finish(ActiveCall& call, Status status) {
  const auto deadline = call.call_context.deadline();
  if (status.ok() && deadline && Clock::now() > *deadline) status = deadline_passed();
  const bool late = current_output_ == nullptr;
  const bool had_answer = call.answered;
  const std::shared_ptr<ActiveCall> kept = call.shared_from_this();
  remove(call);
  answer(call, status, HandlerState::returned);
  if (late && (had_answer || !call.wants_reply)) owner_.session_progressed();
}

void ServerSession::Impl::remove(ActiveCall& call) {
  loop_.clear(call);
  if (call.stream != nullptr && find_stream(call.tag) == &call)  // a peer may use a number again
    beyond_->streams.erase(call.tag.number);
  call.session = nullptr;
  if (call.position + 1 != active_.size()) {
    active_[call.position] = std::move(active_.back());
    active_[call.position]->position = call.position;
  }
  active_.pop_back();
}

void ServerSession::Impl::refuse(const Status& status, ByteQueue& output) {
  const IncomingRequest& request = *request_;
  if (request.head.wants_reply) write({request.head.tag, request.head.method, status}, {}, output);
}

/// Never throws, so that whoever answers need not know whether others wait behind it.
void ServerSession::Impl::write(const ReplyHead& head, MessageRef body, ByteQueue& output) {
  const std::size_t before = output.size();
  try {
    write_or_explain(head, body, output);
  } catch (...) {
    output.truncate(before);
    give_up();
  }
}

void ServerSession::Impl::write_or_explain(const ReplyHead& head, MessageRef body, ByteQueue& output) {
  Status written = codec_->write_reply(head, body, output);
  if (written.ok()) return;
  core_.log(LogLevel::error,
            "polyrpc: the reply of " + std::string(head.method) + " cannot be sent: " + written.message());
  const ReplyHead instead{head.tag, head.method, written};
  if (Status again = codec_->write_reply(instead, {}, output); !again.ok() && failure_.ok())
    failure_ = std::move(again);
}

ServerSession::ServerSession(const std::shared_ptr<ServerCore>& core, Loop& loop, std::unique_ptr<ServerCodec> codec,
                             const PeerSource& peer, SessionOwner& owner)
    : impl_(std::make_unique<Impl>(*core, loop, std::move(codec), peer, owner)) {}
ServerSession::~ServerSession() = default;

ServerSession::Progress ServerSession::process(ByteQueue& input, ByteQueue& output, std::size_t output_limit) {
  return impl_->process(input, output, output_limit);
}
const Status& ServerSession::failure() const noexcept { return impl_->failure(); }
ByteQueue& ServerSession::late_output() { return impl_->late_output(); }
bool ServerSession::has_late_output() { return impl_->has_late_output(); }
void ServerSession::set_ambient_metadata(Metadata metadata) { impl_->set_ambient_metadata(std::move(metadata)); }
std::size_t ServerSession::in_flight() const noexcept { return impl_->in_flight(); }
std::size_t ServerSession::unanswered() const noexcept { return impl_->unanswered(); }
void ServerSession::drain() noexcept { impl_->drain(); }
void ServerSession::serve_while_draining() noexcept { impl_->serve_while_draining(); }
void ServerSession::input_ended() { impl_->input_ended(); }
void ServerSession::cancel_all() noexcept { impl_->cancel_all(); }

}  // namespace polyrpc
