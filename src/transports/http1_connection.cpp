#include "http1_connection.hpp"

#include "polyrpc/runtime/server_core.hpp"

#include "http1_metadata.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace polyrpc::http1 {

namespace {

constexpr std::size_t read_size = 64 << 10;
constexpr std::size_t largest_read = 1 << 20;  // of a body that is under way
constexpr std::size_t flush_size = 256 << 10;  // answers of one batch are sent in pieces of about this size
constexpr std::size_t read_ahead = 64 << 10;   // while calls are under way
constexpr std::size_t kept_scratch = 4 << 20;
constexpr std::size_t kept_buffer = 64 << 10;  // larger ones are kept while the connection is busy, to be reused
constexpr std::size_t most_unwanted = 256
                                      << 10;  // a refused body up to this is read over, so that the connection lives on
constexpr int rounds_in_a_row = 16;           // then other connections get their turn
constexpr std::chrono::milliseconds linger_time{1000};
constexpr std::chrono::milliseconds kept_time{1000};

bool is_blank(std::string_view text) noexcept { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

HttpConnection::HttpConnection(std::unique_ptr<Connection> connection, ByteQueue first_bytes, ServerHost& host,
                               std::shared_ptr<const Site> site)
    : host_(host),
      loop_(host.loop()),
      limits_(host.core()->limits()),
      site_(std::move(site)),
      connection_(std::move(connection)),
      peer_(*connection_, "http/1.1"),
      input_(std::move(first_bytes)) {}

HttpConnection::~HttpConnection() = default;

void HttpConnection::start() {
  draining_ = host_.draining();
  touch();
  if (!input_.empty()) serve(input_);
  note_partial();
  settle();
  if (!over_ && can_read()) wait_read();
}

void HttpConnection::drain() {
  draining_ = true;
  settle();
}

void HttpConnection::close() {
  if (std::exchange(over_, true)) return;
  exchange_.reset();
  loop_.clear(*this);
  if (connection_ != nullptr) connection_->close();
}

// ---- reading and writing ----

bool HttpConnection::can_read() const noexcept {
  if (peer_done_ || paused_) return false;
  switch (state_) {
    case State::head:
    case State::body:
    case State::swallow:
      return true;
    case State::calls:  // to see that the peer goes away
    case State::pieces:
      return input_.size() < read_ahead;
    default:
      return false;
  }
}

void HttpConnection::ready(Direction direction) {
  const auto self = shared_from_this();
  if (direction == Direction::write) {
    writing_ = false;
    flush_own();
  } else {
    reading_ = false;
    if (state_ == State::lingering) return discard();
  }
  resume();
}

void HttpConnection::session_progressed() {
  if (over_ || std::exchange(resume_posted_, true)) return;
  loop_.post([self = shared_from_this()] {
    self->resume_posted_ = false;
    self->resume();
  });
}

/// Goes on with whatever is possible: sending, serving what was left standing, reading.
void HttpConnection::resume() {
  if (over_) return;
  if (paused_ && output_.size() * 2 <= limits_.unsent_bytes) paused_ = false;
  if (!paused_) serve(input_);
  if (!over_) note_partial();
  if (!over_ && can_read() && !reading_) read();
  if (!over_) settle();
}

void HttpConnection::read() {
  for (int round = 0; round < rounds_in_a_row; ++round) {
    if (state_ == State::body && input_.empty() && exchange_->left != 0) {
      if (!read_body_bytes()) break;
    } else {
      // What is cut short stays in a buffer of the connection's own; otherwise it borrows the loop's.
      const bool own = !input_.empty();
      ByteQueue& input = own ? input_ : loop_.input();
      const std::span<std::byte> room = input.prepare(read_size);
      const IoResult result = connection_->read_some(room);
      if (result.state == IoState::would_block) break;
      if (result.state == IoState::failed) return end();
      if (result.state == IoState::closed) {
        peer_done_ = true;
        return;
      }
      const bool drained = result.bytes < room.size();
      input.commit(result.bytes);
      touch();
      serve(input);
      if (!own) {
        if (!over_) input_.append(input.readable());
        input.recycle(kept_scratch);
      }
      if (over_) return;
      keep_or_release(input_);
      note_partial();
      if (!can_read()) return;
      if (drained) break;
    }
    if (over_ || !can_read()) return;
    if (round + 1 == rounds_in_a_row) return session_progressed();
  }
  if (!over_ && can_read()) wait_read();
}

/// A long body goes where it is wanted without another copy. False: nothing more is there just now.
bool HttpConnection::read_body_bytes() {
  ByteQueue& body = exchange_->body;
  // The peer's claim decides nothing: the room grows with what has come.
  const std::size_t wanted = (std::min)((std::max)(read_size, body.size()), largest_read);
  std::span<std::byte> room = body.prepare((std::min<std::uint64_t>)(wanted, exchange_->left));
  room = room.first((std::min<std::uint64_t>)(room.size(), exchange_->left));
  const IoResult result = connection_->read_some(room);
  if (result.state == IoState::would_block) return false;
  if (result.state == IoState::failed) {
    end();
    return false;
  }
  if (result.state == IoState::closed) {
    peer_done_ = true;
    return false;
  }
  body.commit(result.bytes);
  exchange_->left -= result.bytes;
  touch();
  const bool drained = result.bytes < room.size();
  if (exchange_->left == 0) serve(input_);
  if (!over_) note_partial();
  return !drained || exchange_ == nullptr;
}

void HttpConnection::wait_read() {
  if (std::exchange(reading_, true)) return;
  connection_->wait(Direction::read, *this);
}

void HttpConnection::serve(ByteQueue& input) {
  for (int round = 0;; ++round) {
    if (round == rounds_in_a_row) return session_progressed();
    const bool own = !output_.empty();
    ByteQueue& output = own ? output_ : loop_.output();
    const bool full = serve_some(input, output, own ? limits_.unsent_bytes : flush_size);
    if (own)
      flush_own();
    else
      flush_scratch();
    if (over_ || !full) return;
    if (output_.size() >= limits_.unsent_bytes) {
      paused_ = true;
      return;
    }
  }
}

void HttpConnection::flush_scratch() {
  ByteQueue& output = loop_.output();
  if (!send(output)) return output.clear();
  if (output.size() >= kept_buffer)
    std::swap(output, output_);
  else
    output_.append(output.readable());
  output.recycle(kept_scratch);
  if (!output_.empty()) wait_write();
}

void HttpConnection::flush_own() {
  if (output_.empty() || !send(output_)) return;
  if (output_.empty())
    keep_or_release(output_);
  else
    wait_write();
}

/// Sends what goes now. False: the connection is over.
bool HttpConnection::send(ByteQueue& output) {
  while (!output.empty()) {
    const IoResult result = connection_->write_some(output.readable());
    if (result.state == IoState::would_block) return true;
    if (result.state != IoState::done) {
      end();
      return false;
    }
    output.consume(result.bytes);
    stalled_.reset();
  }
  return true;
}

void HttpConnection::wait_write() {
  if (!stalled_) {
    stalled_ = Clock::now();
    if (limits_.write_time.count() > 0) alarm_by(*stalled_ + limits_.write_time);
  }
  if (std::exchange(writing_, true)) return;
  connection_->wait(Direction::write, *this);
}

/// Ends or hands over the connection if nothing more can come of it.
void HttpConnection::settle() {
  if (over_ || state_ == State::lingering || state_ == State::pieces) return;
  // Who closes while calls are under way cancels them; HTTP has no other way to say that.
  if (state_ == State::calls) {
    if (peer_done_) end();
    return;
  }
  if (!output_.empty()) return;
  if (state_ == State::ending) return linger();
  if (state_ == State::connecting) {
    if (!reading_) hand_over();
    return;
  }
  if (peer_done_) return end();
  if (draining_ && state_ == State::head && input_.empty()) linger();
}

void HttpConnection::hand_over() {
  const auto self = shared_from_this();
  over_ = true;
  loop_.clear(*this);
  auto served = site_->net_rpc().serve(std::move(connection_), std::move(input_), host_);
  // First the new one, then the end of this: a draining server must not find itself empty in between.
  host_.adopt(std::move(served));
  host_.ended(*this);
}

// Closing a socket with unread bytes resets it, and the peer may lose the last answer: say the end, then read on for a
// while.
void HttpConnection::linger() {
  state_ = State::lingering;
  connection_->shutdown_write();
  linger_until_ = Clock::now() + linger_time;
  alarm_by(linger_until_);
  input_.release();
  if (peer_done_) return end();
  if (!reading_) discard();
}

void HttpConnection::discard() {
  ByteQueue& scratch = loop_.input();
  for (int round = 0; round < rounds_in_a_row; ++round) {
    const IoResult result = connection_->read_some(scratch.prepare(read_size));
    if (result.state == IoState::would_block) return wait_read();
    if (result.state != IoState::done) return end();
  }
  loop_.post([self = shared_from_this()] {
    if (!self->over_ && !self->reading_) self->discard();
  });
}

void HttpConnection::end() {
  if (over_) return;
  const auto self = shared_from_this();
  close();
  host_.ended(*this);
}

// ---- requests ----

/// Serves what stands in `input`. True: the output is full.
bool HttpConnection::serve_some(ByteQueue& input, ByteQueue& output, std::size_t output_limit) {
  for (;;) {
    if (output.size() >= output_limit) return true;
    bool goes_on = false;
    switch (state_) {
      case State::head:
        goes_on = read_head(input, output);
        break;
      case State::body:
        goes_on = read_body(input, output);
        break;
      case State::swallow:
        goes_on = swallow(input);
        break;
      case State::calls:
        goes_on = go_on_with_calls(output);
        break;
      case State::pieces:
        goes_on = send_piece(output);
        break;
      default:
        break;
    }
    if (!goes_on) return false;
  }
}

bool HttpConnection::read_head(ByteQueue& input, ByteQueue& output) {
  if (input.empty()) return false;
  const HeadLimits limits{limits_.http_header_bytes, limits_.http_target_bytes, limits_.http_headers};
  switch (scanner_.scan(input.text(), limits, site_->connect_path())) {
    case HeadScanner::State::more:
      return false;
    case HeadScanner::State::refused:
      refuse(scanner_.refusal().status, scanner_.refusal().why, output);
      return false;
    case HeadScanner::State::complete:
      break;
  }
  if (exchange_ == nullptr) exchange_ = Exchange::take();
  if (const auto refusal = parse_request(input.text(), scanner_, limits, exchange_->head)) {
    refuse(refusal->status, refusal->why, output);
    return false;
  }
  begin_exchange(input, output);
  return state_ != State::ending && state_ != State::connecting;
}

void HttpConnection::begin_exchange(ByteQueue& input, ByteQueue& output) {
  HttpRequestHead& head = exchange_->head;
  keep_alive_ = head.keep_alive && !draining_;
  exchange_->delivery = {head.minor_version, keep_alive_, head.is_head};
  const Decision decision = site_->decide(head);
  if (decision.kind == Decision::Kind::answer) {
    input.consume(scanner_.end());
    scanner_.reset();
    return answer(decision, output);
  }
  if (decision.kind == Decision::Kind::connect) {
    input.consume(scanner_.end());
    scanner_.reset();
    if (draining_) return refuse(503, "the server is shutting down", output);
    // To the byte what Go's server says (net/rpc, Server.ServeHTTP).
    output.append("HTTP/1.0 200 Connected to Go RPC\n\n");
    Exchange::give_back(std::move(exchange_));
    begun_.reset();
    state_ = State::connecting;
    return;
  }
  if (head.framing == Framing::length && head.content_length > limits_.codec.message_bytes)
    return refuse(413, "the body is too large", output);
  if (decision.kind == Decision::Kind::call) {
    if (Status status = add_metadata(head.fields, exchange_->metadata); !status.ok())
      return refuse(400, status.message(), output);
    if (const auto text = head.find(timeout_field)) {
      const auto timeout = parse_timeout(*text);
      if (!timeout) return refuse(400, "polyrpc-timeout is up to eight digits and one of H M S m u n", output);
      const Clock::time_point now = Clock::now();
      exchange_->deadline = *timeout > Clock::time_point::max() - now
                                ? Clock::time_point::max()
                                : now + std::chrono::duration_cast<Clock::duration>(*timeout);
    }
  }
  exchange_->page = decision.handler;
  exchange_->continue_due = head.expects_continue && head.framing != Framing::none;
  if (head.framing == Framing::length) exchange_->left = head.content_length;
  if (head.framing == Framing::chunked)
    exchange_->chunks.emplace(ChunkDecoder::Limits{limits_.codec.message_bytes, limits_.http_header_bytes});
  // The views into the head stay good: consuming moves nothing.
  const char* const begin = input.text().data() + scanner_.begin();
  const std::size_t size = scanner_.end() - scanner_.begin();
  input.consume(scanner_.end());
  scanner_.reset();
  state_ = State::body;
  if (!read_body(input, output)) exchange_->keep_head(begin, size);
}

/// Answers without having read the body.
void HttpConnection::answer(const Decision& decision, ByteQueue& output) {
  const HttpRequestHead& head = exchange_->head;
  const bool has_body =
      head.framing == Framing::chunked || (head.framing == Framing::length && head.content_length != 0);
  // Who expects 100 may send the body now, or not: one cannot know what the next bytes are.
  const bool readable =
      head.framing == Framing::length && head.content_length <= most_unwanted && !head.expects_continue;
  // Who is refused a CONNECT may go on in another protocol all the same.
  if ((has_body && !readable) || head.is_connect) keep_alive_ = false;
  Delivery delivery = exchange_->delivery;
  delivery.keep_alive = keep_alive_;
  if (may_have_body(decision.status))
    write_answer(output, decision.status, "text/plain; charset=utf-8", decision.body, delivery, decision.lines);
  else
    write_answer(output, decision.status, {}, {}, delivery, decision.lines);
  unwanted_ = has_body && keep_alive_ ? head.content_length : 0;
  exchange_over();
  if (unwanted_ != 0) state_ = State::swallow;
}

/// Answers what breaks the rules, and is done with the connection.
void HttpConnection::refuse(int status, std::string_view why, ByteQueue& output) {
  Delivery delivery;
  delivery.keep_alive = false;
  delivery.is_head = exchange_ != nullptr && exchange_->delivery.is_head;
  write_refusal(output, status, why, delivery);
  log("refused with " + std::to_string(status) + ": " + std::string(why));
  keep_alive_ = false;
  exchange_over();
}

bool HttpConnection::read_body(ByteQueue& input, ByteQueue& output) {
  Exchange& exchange = *exchange_;
  if (exchange.chunks) {
    const bool nothing_yet = input.empty();
    switch (exchange.chunks->decode(input, exchange.body)) {
      case ChunkDecoder::State::more:
        if (std::exchange(exchange.continue_due, false) && nothing_yet) output.append("HTTP/1.1 100 Continue\r\n\r\n");
        return false;
      case ChunkDecoder::State::malformed:
        refuse(400, exchange.chunks->why(), output);
        return true;
      case ChunkDecoder::State::too_large:
        refuse(413, "the body is too large", output);
        return true;
      case ChunkDecoder::State::complete:
        break;
    }
  } else if (exchange.left != 0) {
    const auto count = static_cast<std::size_t>((std::min<std::uint64_t>)(exchange.left, input.size()));
    exchange.body.append(input.data(), count);
    input.consume(count);
    exchange.left -= count;
    if (exchange.left != 0) {
      if (std::exchange(exchange.continue_due, false) && count == 0) output.append("HTTP/1.1 100 Continue\r\n\r\n");
      return false;
    }
  }
  begun_.reset();
  run(output);
  return true;
}

bool HttpConnection::swallow(ByteQueue& input) {
  const auto count = static_cast<std::size_t>((std::min<std::uint64_t>)(unwanted_, input.size()));
  input.consume(count);
  unwanted_ -= count;
  if (unwanted_ != 0) return false;
  begun_.reset();
  state_ = State::head;
  return true;
}

void HttpConnection::run(ByteQueue& output) {
  if (exchange_->page != nullptr)
    run_page(output);
  else
    begin_calls(output);
}

void HttpConnection::begin_calls(ByteQueue& output) {
  Exchange& exchange = *exchange_;
  auto codec = std::make_unique<ExchangeCodec>(site_->json_rpc().server(limits_.codec), limits_.http_header_bytes);
  exchange.codec = codec.get();
  if (!exchange.metadata.empty()) codec->set_metadata(std::move(exchange.metadata));
  if (exchange.deadline) codec->set_deadline(*exchange.deadline);
  SessionOwner& owner = *this;
  exchange.session.emplace(host_.core(), loop_, std::move(codec), peer_, owner);
  exchange.must_process = true;
  state_ = State::calls;
  go_on_with_calls(output);
}

bool HttpConnection::go_on_with_calls(ByteQueue& output) {
  Exchange& exchange = *exchange_;
  ServerSession& session = *exchange.session;
  while (exchange.must_process) {
    switch (session.process(exchange.body, exchange.reply, limits_.codec.message_bytes)) {
      case ServerSession::Progress::paused:
        return false;
      case ServerSession::Progress::output_full:
        fail_calls(500, "the replies are too large for one answer", output);
        return true;
      case ServerSession::Progress::ended:
        exchange.must_process = false;
        break;
      case ServerSession::Progress::need_input:
        if (is_blank(exchange.body.text())) {
          exchange.must_process = false;
        } else if (!exchange.body.text().ends_with('\n')) {
          exchange.body.push_back('\n');  // a message that ends only where another character comes
        } else {
          exchange.must_process = false;
          exchange.codec->write_farewell(Status::invalid_argument("http: the body ends within a message"),
                                         exchange.reply);
        }
        break;
    }
  }
  if (exchange.reply.size() + session.late_output().size() > limits_.codec.message_bytes) {
    fail_calls(500, "the replies are too large for one answer", output);
    return true;
  }
  if (session.unanswered() != 0) return false;
  end_calls(output);
  return true;
}

void HttpConnection::end_calls(ByteQueue& output) {
  Exchange& exchange = *exchange_;
  ByteQueue& late = exchange.session->late_output();
  if (!late.empty()) exchange.reply.append(late.readable());
  if (exchange.codec->left_out() != 0) log("reply metadata that HTTP cannot carry was left out");
  exchange.delivery.keep_alive = keep_alive_ = keep_alive_ && !draining_;
  const std::string& lines = exchange.codec->lines();
  if (!exchange.reply.empty())
    write_answer(output, 200, "application/json", exchange.reply.text(), exchange.delivery, lines);
  else if (exchange.codec->requests() != 0)
    write_answer(output, 204, {}, {}, exchange.delivery, lines);
  else
    write_refusal(output, 400, "the body holds no message", exchange.delivery);
  exchange_over();
}

void HttpConnection::fail_calls(int status, std::string_view why, ByteQueue& output) {
  exchange_->delivery.keep_alive = keep_alive_ = keep_alive_ && !draining_;
  write_refusal(output, status, why, exchange_->delivery);
  exchange_over();
}

void HttpConnection::run_page(ByteQueue& output) {
  Exchange& exchange = *exchange_;
  Request request;
  request.method = exchange.head.method;
  request.path = exchange.head.path;
  request.query = exchange.head.query;
  request.headers = exchange.head.fields;
  request.body = exchange.body.text();
  request.peer = &peer_.peer();
  request.server = host_.core().get();
  Response response;
  try {
    response = (*exchange.page)(request);
    if (response.status < 200 || response.status > 599) throw std::out_of_range("a status outside 200 to 599");
  } catch (const std::exception& thrown) {
    log("the handler of " + std::string(request.path) + " threw " + thrown.what());
    response = Response::text(500, "500 internal server error\n");
  } catch (...) {
    log("the handler of " + std::string(request.path) + " threw something that is no std::exception");
    response = Response::text(500, "500 internal server error\n");
  }
  FieldLines fields = field_lines(response);
  if (fields.left_out != 0)
    log("header fields of " + std::string(request.path) + " that it may not have were left out");
  keep_alive_ = keep_alive_ && !draining_;
  if (!response.stream || !may_have_body(response.status)) {
    exchange.delivery.keep_alive = keep_alive_;
    if (fields.content_type.empty() && !response.body.empty()) fields.content_type = "text/plain; charset=utf-8";
    write_answer(output, response.status, fields.content_type, response.body, exchange.delivery, fields.lines);
    return exchange_over();
  }
  // HTTP/1.0 knows no chunks: there the end of the connection is the end of the page.
  exchange.in_chunks = exchange.delivery.minor_version >= 1;
  keep_alive_ = keep_alive_ && exchange.in_chunks;
  exchange.delivery.keep_alive = keep_alive_;
  BodyLength length;
  length.kind = exchange.in_chunks ? BodyLength::Kind::chunked : BodyLength::Kind::until_close;
  write_head(output, response.status, fields.content_type, length, exchange.delivery, fields.lines);
  if (exchange.delivery.is_head) return exchange_over();
  exchange.stream = std::move(response.stream);
  state_ = State::pieces;
}

bool HttpConnection::send_piece(ByteQueue& output) {
  Exchange& exchange = *exchange_;
  exchange.piece.clear();
  bool more = false;
  std::string failure;
  try {
    more = exchange.stream(exchange.piece);
  } catch (const std::exception& thrown) {
    failure = "threw " + std::string(thrown.what());
  } catch (...) {
    failure = "threw something that is no std::exception";
  }
  if (!failure.empty()) {
    // Too late for another status: without its end the answer is seen to be broken.
    log("a handler whose page was being sent " + failure);
    keep_alive_ = false;
    exchange_over();
    return true;
  }
  if (exchange.in_chunks)
    write_chunk(output, exchange.piece);
  else
    output.append(exchange.piece);
  if (more) return true;
  if (exchange.in_chunks) write_last_chunk(output);
  exchange_over();
  return true;
}

void HttpConnection::exchange_over() {
  if (exchange_ != nullptr) Exchange::give_back(std::move(exchange_));
  begun_.reset();
  state_ = keep_alive_ ? State::head : State::ending;
}

// ---- time ----

void HttpConnection::touch() {
  if (limits_.idle_time.count() == 0) return;
  last_read_ = Clock::now();
  alarm_by(last_read_ + limits_.idle_time);
}

/// Keeps the time since when a request is on its way.
void HttpConnection::note_partial() {
  const bool partial = state_ == State::body || state_ == State::swallow || (state_ == State::head && !input_.empty());
  if (!partial) {
    begun_.reset();
    return;
  }
  if (!begun_) begun_ = Clock::now();
  const auto limit = state_ == State::head ? limits_.http_header_time : limits_.message_time;
  if (limit.count() > 0) alarm_by(*begun_ + limit);
}

void HttpConnection::keep_or_release(ByteQueue& queue) {
  if (!queue.empty() || queue.capacity() == 0) return;
  if (queue.capacity() <= kept_buffer) return queue.release();
  kept_until_ = Clock::now() + kept_time;
  alarm_by(kept_until_);
}

// One alarm serves all limits: it may ring too early, and then looks which of them has really passed.
void HttpConnection::alarm_by(Clock::time_point time) {
  if (!is_set() || time < this->time()) loop_.set(*this, time);
}

void HttpConnection::ring() {
  const auto self = shared_from_this();
  const Clock::time_point now = Clock::now();
  std::optional<Clock::time_point> next;
  const auto passed = [&](Clock::time_point limit) {
    if (limit <= now) return true;
    next = next ? (std::min)(*next, limit) : limit;
    return false;
  };
  if (state_ == State::lingering) {
    if (passed(linger_until_)) return end();
  } else {
    if (stalled_ && limits_.write_time.count() > 0 && passed(*stalled_ + limits_.write_time))
      return give_up("the peer does not read");
    if (begun_ && !paused_) {
      const auto limit = state_ == State::head ? limits_.http_header_time : limits_.message_time;
      if (limit.count() > 0 && passed(*begun_ + limit)) {
        if (state_ == State::swallow) return give_up("a refused body took too long to arrive");
        refuse(408, "the request took too long to arrive", output_);
        flush_own();
        if (!over_) settle();
        return;
      }
    }
    if (limits_.idle_time.count() > 0) {
      const bool idle = state_ == State::head && exchange_ == nullptr && output_.empty();
      if (!idle)
        passed(now + limits_.idle_time);
      else if (passed(last_read_ + limits_.idle_time))
        return give_up("idle");
    }
    if (input_.capacity() > 0 || output_.capacity() > 0) {
      if (passed(kept_until_)) {
        if (input_.empty()) input_.release();
        if (output_.empty()) output_.release();
      }
    }
  }
  if (next) alarm_by(*next);
}

void HttpConnection::give_up(std::string_view why) {
  log("closed: " + std::string(why));
  end();
}

void HttpConnection::log(std::string_view what) const {
  host_.core()->log(LogLevel::info, "polyrpc: " + peer_.peer().address + ": " + std::string(what));
}

}  // namespace polyrpc::http1
