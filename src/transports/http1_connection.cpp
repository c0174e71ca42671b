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

constexpr std::size_t largest_read = 1 << 20;  // of a body that is under way
constexpr std::size_t read_ahead = 64 << 10;   // while calls are under way
constexpr std::size_t most_unwanted = 256
                                      << 10;  // a refused body up to this is read over, so that the connection lives on

bool is_blank(std::string_view text) noexcept { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

HttpConnection::HttpConnection(std::unique_ptr<Connection> connection, ByteQueue first_bytes, ServerHost& host,
                               std::shared_ptr<const Site> site)
    : ServedStream(std::move(connection), std::move(first_bytes), host, "http/1.1"), site_(std::move(site)) {}

HttpConnection::~HttpConnection() = default;

// ---- the stream ----

bool HttpConnection::wants_input() const noexcept {
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

ServedStream::Got HttpConnection::read_once() {
  const bool direct = state_ == State::body && input_.empty() && exchange_->left != 0;
  return direct ? read_body_bytes() : ServedStream::read_once();
}

/// A long body goes where it is wanted without another copy.
ServedStream::Got HttpConnection::read_body_bytes() {
  ByteQueue& body = exchange_->body;
  // The peer's claim decides nothing: the room grows with what has come.
  const std::size_t wanted = (std::min)((std::max)(read_size, body.size()), largest_read);
  std::span<std::byte> room = body.prepare((std::min<std::uint64_t>)(wanted, exchange_->left));
  room = room.first((std::min<std::uint64_t>)(room.size(), exchange_->left));
  Got got = Got::stopped;
  const std::size_t count = read_into(room, got);
  if (count == 0) return got;
  body.commit(count);
  exchange_->left -= count;
  if (exchange_->left == 0) serve(input_);
  if (!is_over()) watch_message();
  return got;
}

void HttpConnection::go_on() {
  flush();
  if (!is_over() && !is_paused()) serve(input_);
}

void HttpConnection::serve(ByteQueue& input) {
  for (int round = 0;; ++round) {
    if (round == rounds_in_a_row) return progress_later();
    const bool full =
        into_output([&](ByteQueue& output, std::size_t limit) { return serve_some(input, output, limit); });
    if (is_over() || !full) return;
    if (output_is_full()) return pause();
  }
}

void HttpConnection::settle() {
  if (state_ == State::pieces) return;
  // Who closes while calls are under way cancels them; HTTP has no other way to say that.
  if (state_ == State::calls) {
    if (peer_has_ended()) end();
    return;
  }
  if (!output_.empty()) return;
  if (state_ == State::ending) return linger();
  if (state_ == State::connecting) {
    if (!is_reading()) hand_over();
    return;
  }
  if (peer_has_ended()) return end();
  if (is_draining() && state_ == State::head && input_.empty()) linger();
}

void HttpConnection::hand_over() {
  const auto self = shared_from_this();
  auto served = upgrades_to_ != nullptr
                    ? upgrades_to_->upgrade(take_connection(), std::move(input_), std::move(*upgrade_), host_)
                    : site_->net_rpc().serve(take_connection(), std::move(input_), host_);
  // First the new one, then the end of this: a draining server must not find itself empty in between.
  host_.adopt(std::move(served));
  host_.ended(*this);
}

std::optional<ServedStream::Patience> HttpConnection::message_under_way() noexcept {
  const bool partial = state_ == State::body || state_ == State::swallow || (state_ == State::head && !input_.empty());
  if (!partial || is_paused())
    begun_.reset();
  else if (!begun_)
    begun_ = Clock::now();
  if (!begun_) return std::nullopt;
  return Patience{*begun_, state_ == State::head ? limits_.http_header_time : limits_.message_time};
}

void HttpConnection::message_is_late() {
  if (state_ == State::swallow) return give_up("a refused body took too long to arrive");
  refuse(408, "the request took too long to arrive", output_);
  flush();
}

bool HttpConnection::is_idle() const noexcept {
  return state_ == State::head && exchange_ == nullptr && output_.empty();
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

/// Agrees to go on in another protocol, where that is known and the request has no body. A server may pass over such
/// wishes (RFC 9110, 7.8), and so it does otherwise.
bool HttpConnection::begin_upgrade(ByteQueue& input, ByteQueue& output) {
  const HttpRequestHead& head = exchange_->head;
  if (head.minor_version < 1 || head.framing != Framing::none || head.is_connect || is_draining()) return false;
  const auto lists = [](std::string_view list, std::string_view word) {
    while (!list.empty()) {
      const std::size_t comma = (std::min)(list.find(','), list.size());
      if (equal_ignoring_case(trimmed(list.substr(0, comma)), word)) return true;
      list.remove_prefix((std::min)(comma + 1, list.size()));
    }
    return false;
  };
  const std::string_view wanted = *head.find("upgrade");
  const Protocol* found = nullptr;
  for (const auto& protocol : host_.protocols().list)
    if (!protocol->upgrade_token().empty() && lists(wanted, protocol->upgrade_token())) found = protocol.get();
  if (found == nullptr) return false;
  auto request = std::make_unique<UpgradeRequest>();
  request->method = head.method;
  request->target = head.target;
  std::size_t settings = 0;
  bool agreed = false;
  for (const auto& [name, value] : head.fields) {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(), http::lower_case);
    if (lower == "connection") {
      agreed = agreed || (lists(value, "upgrade") && lists(value, "http2-settings"));
    } else if (lower == "http2-settings") {
      ++settings;
      request->settings = value;
    } else if (lower != "upgrade" && lower != "keep-alive" && lower != "proxy-connection" && lower != "te" &&
               lower != "transfer-encoding") {
      request->fields.emplace_back(std::move(lower), value);
    }
  }
  if (!agreed || settings != 1) return false;
  input.consume(scanner_.end());
  scanner_.reset();
  output.append("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ");
  output.append(found->upgrade_token());
  output.append("\r\n\r\n");
  upgrades_to_ = found;
  upgrade_ = std::move(request);
  Exchange::give_back(std::move(exchange_));
  begun_.reset();
  state_ = State::connecting;
  return true;
}

void HttpConnection::begin_exchange(ByteQueue& input, ByteQueue& output) {
  HttpRequestHead& head = exchange_->head;
  keep_alive_ = head.keep_alive && !is_draining();
  exchange_->delivery = {head.minor_version, keep_alive_, head.is_head};
  if (head.find("upgrade") && begin_upgrade(input, output)) return;
  const Decision decision = site_->decide(head, host_.core()->registry());
  if (decision.kind == Decision::Kind::answer) {
    input.consume(scanner_.end());
    scanner_.reset();
    return answer(decision, output);
  }
  if (decision.kind == Decision::Kind::connect) {
    input.consume(scanner_.end());
    scanner_.reset();
    if (is_draining()) return refuse(503, "the server is shutting down", output);
    // To the byte what Go's server says (net/rpc, Server.ServeHTTP).
    output.append("HTTP/1.0 200 Connected to Go RPC\n\n");
    Exchange::give_back(std::move(exchange_));
    begun_.reset();
    state_ = State::connecting;
    return;
  }
  exchange_->speaks_connect = decision.kind == Decision::Kind::connect_call;
  if (head.framing == Framing::length && head.content_length > limits_.codec.message_bytes) return too_large(output);
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
  if (exchange_->speaks_connect)
    exchange_->connect_call = std::make_unique<connect::ServerCall>(site_->connect(), decision.route, head.fields,
                                                                    limits_.codec, limits_.http_header_bytes);
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
    write_answer(output, decision.status, decision.content_type, decision.body, delivery, decision.lines);
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

/// Of a body that is larger than a message may be. What is left of it is not waited for.
void HttpConnection::too_large(ByteQueue& output) {
  if (!exchange_->speaks_connect) return refuse(413, "the body is too large", output);
  connect::Answer answer;
  const Status why = Status::resource_exhausted("connect: the message is larger than " +
                                                std::to_string(limits_.codec.message_bytes) + " bytes");
  const std::string body = connect::make_error(why, answer);
  Delivery delivery = exchange_->delivery;
  delivery.keep_alive = keep_alive_ = false;
  write_answer(output, answer.status, answer.content_type, body, delivery);
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
        too_large(output);
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
  if (exchange.speaks_connect) {
    exchange.connect = exchange.connect_call.get();
    SessionOwner& owner = *this;
    exchange.session.emplace(host_.core(), loop_, std::move(exchange.connect_call), *this, owner);
    exchange.must_process = true;
    state_ = State::calls;
    go_on_with_calls(output);
    return;
  }
  auto codec = std::make_unique<ExchangeCodec>(site_->json_rpc().server(limits_.codec), limits_.http_header_bytes);
  exchange.codec = codec.get();
  if (!exchange.metadata.empty()) codec->set_metadata(std::move(exchange.metadata));
  if (exchange.deadline) codec->set_deadline(*exchange.deadline);
  SessionOwner& owner = *this;
  exchange.session.emplace(host_.core(), loop_, std::move(codec), *this, owner);
  exchange.must_process = true;
  state_ = State::calls;
  go_on_with_calls(output);
}

bool HttpConnection::go_on_with_calls(ByteQueue& output) {
  if (exchange_->speaks_connect) return go_on_with_connect(output);
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
  if (exchange.reply.size() + (session.has_late_output() ? session.late_output().size() : 0) >
      limits_.codec.message_bytes) {
    fail_calls(500, "the replies are too large for one answer", output);
    return true;
  }
  if (session.unanswered() != 0) return false;
  end_calls(output);
  return true;
}

bool HttpConnection::go_on_with_connect(ByteQueue& output) {
  Exchange& exchange = *exchange_;
  ServerSession& session = *exchange.session;
  if (exchange.must_process) {
    // The one call keeps to the limit itself.
    const auto progress = session.process(exchange.body, exchange.reply, static_cast<std::size_t>(-1));
    if (progress == ServerSession::Progress::paused) return false;
    exchange.must_process = false;
  }
  if (session.unanswered() != 0) return false;
  const connect::Answer& answer = exchange.connect->answer();
  if (answer.status == 0) {
    fail_calls(500, "the call failed", output);
    return true;
  }
  if (exchange.connect->left_out() != 0) log("reply metadata that HTTP cannot carry was left out");
  const ByteQueue& body = session.has_late_output() ? session.late_output() : exchange.reply;
  exchange.delivery.keep_alive = keep_alive_ = keep_alive_ && !is_draining();
  write_answer(output, answer.status, answer.content_type, body.text(), exchange.delivery, lines_of(answer.fields));
  exchange_over();
  return true;
}

void HttpConnection::end_calls(ByteQueue& output) {
  Exchange& exchange = *exchange_;
  if (exchange.session->has_late_output()) exchange.reply.append(exchange.session->late_output().readable());
  if (exchange.codec->left_out() != 0) log("reply metadata that HTTP cannot carry was left out");
  exchange.delivery.keep_alive = keep_alive_ = keep_alive_ && !is_draining();
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
  exchange_->delivery.keep_alive = keep_alive_ = keep_alive_ && !is_draining();
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
  request.peer = &peer();
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
  keep_alive_ = keep_alive_ && !is_draining();
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

}  // namespace polyrpc::http1
