#include "tls_connection.hpp"

#include <algorithm>
#include <cassert>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdexcept>
#include <utility>

namespace polyrpc::tls {

namespace {

constexpr std::size_t record_bytes = 16 << 10;   // RFC 8446, section 5.1
constexpr std::size_t unsent_bytes = 256 << 10;  // a record or a flight of the handshake is less; refusals may pile up

constexpr std::size_t index(Direction direction) noexcept { return direction == Direction::read ? 0 : 1; }

/// What a certificate is refused for; empty if that is not what happened.
std::string refusal(const SSL* ssl, unsigned long error) {
  if (ERR_GET_LIB(error) != ERR_LIB_SSL || ERR_GET_REASON(error) != SSL_R_CERTIFICATE_VERIFY_FAILED) return {};
  const long result = SSL_get_verify_result(ssl);
  return result == X509_V_OK ? std::string() : X509_verify_cert_error_string(result);
}

bool is_no_tls(unsigned long error) noexcept {
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return false;
  switch (ERR_GET_REASON(error)) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_UNKNOWN_PROTOCOL:
      return true;
    default:
      return false;
  }
}

/// The peer's own words: an alert.
bool is_alert(unsigned long error) noexcept {
  return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) >= SSL_AD_REASON_OFFSET;
}

}  // namespace

std::string scheme_over(std::string_view inner) { return inner == "tcp" ? "tls" : "tls+" + std::string(inner); }

TlsConnection::TlsConnection(std::unique_ptr<Connection> inner, SslPtr ssl,
                             std::shared_ptr<const detail::Context> context, Loop* loop, ByteQueue first_bytes)
    : inner_(std::move(inner)),
      context_(std::move(context)),
      ssl_(std::move(ssl)),
      loop_(loop),
      early_(std::move(first_bytes)) {
  BIO* bio = BIO_new(bio_method());
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (loop_ != nullptr) self_ = std::make_shared<TlsConnection*>(this);
}

TlsConnection::~TlsConnection() { close(); }

void TlsConnection::start() {
  if (context_->handshake_time().count() > 0) loop_->set(*this, Clock::now() + context_->handshake_time());
  const Lock lock(mutex_);
  handshake();
  arm();
}

bool TlsConnection::handshake_is_done() const {
  const Lock lock(mutex_);
  return state_ == State::open;
}

const PeerInfo& TlsConnection::peer() const noexcept {
  const Lock lock(mutex_);
  if (peer_ == nullptr) {
    peer_ = std::make_unique<PeerInfo>();
    const std::string& address = inner_->peer().address;
    const std::size_t colon = (std::min)(address.find(':'), address.size());
    peer_->address = scheme_over(address.substr(0, colon)) + address.substr(colon);
  }
  if (peer_->tls == nullptr && SSL_is_init_finished(ssl_.get()))
    peer_->tls = describe_peer(ssl_.get(), context_->is_server());
  return *peer_;
}

Status TlsConnection::error() const {
  const Lock lock(mutex_);
  return error_.ok() ? Status::unavailable("tls: connection closed") : error_;
}

// ---- OpenSSL's way out and in ----

BIO_METHOD* TlsConnection::bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "polyrpc connection");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_read_ex(made, bio_read);
    BIO_meth_set_write_ex(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

int TlsConnection::bio_read(BIO* bio, char* into, std::size_t size, std::size_t* count) {
  BIO_clear_retry_flags(bio);
  bool again = false;
  auto& self = *static_cast<TlsConnection*>(BIO_get_data(bio));
  if (self.read_inner({reinterpret_cast<std::byte*>(into), size}, *count, again)) return 1;
  if (again) BIO_set_retry_read(bio);
  return 0;
}

int TlsConnection::bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* count) {
  BIO_clear_retry_flags(bio);
  auto& self = *static_cast<TlsConnection*>(BIO_get_data(bio));
  if (!self.write_inner({reinterpret_cast<const std::byte*>(from), size})) return 0;
  *count = size;
  return 1;
}

long TlsConnection::bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return static_cast<const TlsConnection*>(BIO_get_data(bio))->inner_ended_ ? 1 : 0;
  return 0;
}

bool TlsConnection::read_inner(std::span<std::byte> into, std::size_t& count, bool& again) {
  received_ = received_ || !early_.empty();
  if (!early_.empty()) {
    count = (std::min)(into.size(), early_.size());
    std::copy_n(early_.data(), count, into.data());
    early_.consume(count);
    if (early_.empty()) early_.release();
    return true;
  }
  if (drained_ || into.empty()) {
    again = true;
    return false;
  }
  const IoResult result = inner_->read_some(into);
  switch (result.state) {
    case IoState::done:
      // Fewer bytes than asked for: asking again would be in vain.
      drained_ = result.bytes < into.size();
      received_ = true;
      count = result.bytes;
      return true;
    case IoState::would_block:
      again = drained_ = true;
      break;
    case IoState::closed:
      inner_ended_ = true;
      break;
    case IoState::failed:
      fail(inner_->error());
      break;
  }
  return false;
}

/// Takes everything: what does not go now, waits.
bool TlsConnection::write_inner(std::span<const std::byte> from) {
  if (unsent_.empty() && !inner_closed_) {
    const IoResult result = inner_->write_some(from);
    if (result.state == IoState::failed) {
      fail(inner_->error());
      return false;
    }
    inner_closed_ = result.state == IoState::closed;
    if (result.state == IoState::done) from = from.subspan(result.bytes);
  }
  if (inner_closed_) return true;
  if (unsent_.size() + from.size() > unsent_bytes) {
    fail(Status::unavailable("tls: the peer does not read"));
    return false;
  }
  unsent_.append(from);
  return true;
}

void TlsConnection::flush() {
  while (!unsent_.empty()) {
    const IoResult result = inner_->write_some(unsent_.readable());
    if (result.state == IoState::would_block) return;
    if (result.state == IoState::failed) {
      unsent_.release();
      return fail(inner_->error());
    }
    if (result.state == IoState::closed) {
      inner_closed_ = true;
      break;
    }
    unsent_.consume(result.bytes);
  }
  unsent_.release();
  if (end_said_ && !std::exchange(inner_finished_, true)) inner_->shutdown_write();
}

void TlsConnection::fail(Status why) {
  if (state_ == State::failed) return;
  state_ = State::failed;
  error_ = std::move(why);
  if (loop_ != nullptr) loop_->clear(*this);
}

// ---- the handshake ----

void TlsConnection::handshake() {
  if (state_ != State::handshake || closed_ || read_ended_) return;
  drained_ = starved_ = false;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (state_ == State::failed) {
    ERR_clear_error();
  } else if (result == 1) {
    starved_ = false;
    state_ = State::open;
    if (loop_ != nullptr) loop_->clear(*this);
    if (Status wrong = context_->check(ssl_.get()); !wrong.ok()) {
      SSL_shutdown(ssl_.get());
      fail(std::move(wrong));
    } else if (finished_) {
      say_end();
    }
  } else if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) {
    starved_ = true;
  } else {
    handshake_failed();
  }
  flush();
}

void TlsConnection::handshake_failed() {
  const unsigned long error = ERR_peek_error();
  const std::string other = context_->is_server() ? "the client" : "the server";
  const std::string refused = refusal(ssl_.get(), error);
  const std::string reason = openssl_reason();
  if (inner_ended_ && !received_ && context_->is_server()) {
    read_ended_ = true;  // somebody looked whether the port is open
  } else if (inner_ended_) {
    fail(Status::unavailable("tls: " + other + " ended the connection during the handshake"));
  } else if (!refused.empty()) {
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    fail(Status::unavailable("tls: the certificate of " + other + " is refused: " + refused +
                             (name != nullptr && !context_->is_server() ? " (" + std::string(name) + ")" : "")));
  } else if (is_no_tls(error)) {
    fail(Status::unavailable("tls: " + other + " does not speak TLS: " + reason));
  } else if (is_alert(error)) {
    fail(Status::unavailable("tls: " + other + " refuses: " + reason));
  } else {
    fail(Status::unavailable("tls: handshake failed: " + (reason.empty() ? "connection broken" : reason)));
  }
}

// ---- reading and writing ----

IoResult TlsConnection::read_some(std::span<std::byte> into) {
  const Lock lock(mutex_);
  if (closed_) return {IoState::failed};
  if (into.empty()) return {IoState::would_block};
  if (!unsent_.empty()) flush();
  if (state_ == State::handshake) handshake();
  if (state_ == State::failed) return {IoState::failed};
  if (read_ended_) return {IoState::closed};
  if (state_ == State::handshake) return {IoState::would_block};

  drained_ = starved_ = false;
  std::size_t total = 0;
  IoState end = IoState::would_block;
  while (total < into.size()) {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &count);
    total += count;
    if (result == 1) continue;
    end = end_of_read(result);
    break;
  }
  if (total > 0) return {IoState::done, total};
  return {end};
}

/// Why OpenSSL gives no more.
IoState TlsConnection::end_of_read(int result) {
  const int error = SSL_get_error(ssl_.get(), result);
  if (state_ == State::failed) {
    ERR_clear_error();
    return IoState::failed;
  }
  if (error == SSL_ERROR_WANT_READ) {
    starved_ = true;
    return IoState::would_block;
  }
  if (error == SSL_ERROR_ZERO_RETURN) {
    read_ended_ = true;
    return IoState::closed;
  }
  const unsigned long why = ERR_peek_error();
  const std::string reason = openssl_reason();
  if (inner_ended_)
    fail(Status::unavailable("tls: the connection was cut off: it ended without close_notify"));
  else if (is_alert(why))
    fail(Status::unavailable("tls: the peer ended the connection: " + reason));
  else
    fail(Status::unavailable("tls: connection broken: " + (reason.empty() ? "OpenSSL gives no reason" : reason)));
  return IoState::failed;
}

IoResult TlsConnection::write_some(std::span<const std::byte> from) {
  const Lock lock(mutex_);
  if (closed_) return {IoState::failed};
  if (state_ == State::handshake) handshake();
  if (!unsent_.empty()) flush();
  if (state_ == State::failed) return {IoState::failed};
  if (finished_ || inner_closed_) return {IoState::closed};
  if (state_ == State::handshake) return {read_ended_ ? IoState::closed : IoState::would_block};
  if (from.empty() || !unsent_.empty()) return {IoState::would_block};
  std::size_t total = (std::min)(owed_, from.size());
  owed_ -= total;
  while (total < from.size() && unsent_.empty()) {
    ERR_clear_error();
    std::size_t count = 0;
    const std::size_t size = (std::min)(from.size() - total, record_bytes);
    const int result = SSL_write_ex(ssl_.get(), from.data() + total, size, &count);
    if (result != 1) {
      // The way out takes everything; what OpenSSL wants to read first does not happen without renegotiation.
      SSL_get_error(ssl_.get(), result);
      const std::string reason = openssl_reason();
      fail(Status::unavailable("tls: connection broken: " + (reason.empty() ? "it can't be written to" : reason)));
      if (total > 0) break;
      return {IoState::failed};
    }
    if (inner_closed_) return {IoState::closed};
    if (unsent_.empty())
      total += count;
    else
      owed_ = count;
  }
  if (total > 0) return {IoState::done, total};
  return {IoState::would_block};
}

void TlsConnection::say_end() {
  if (std::exchange(end_said_, true)) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void TlsConnection::shutdown_write() {
  const Lock lock(mutex_);
  if (closed_ || std::exchange(finished_, true)) return;
  if (state_ != State::open) return;  // said after the handshake
  say_end();
  flush();
  if (unsent_.empty()) return;
  if (loop_ != nullptr)
    arm();
  else if (reader_waits_)
    inner_->interrupt();  // so that it waits for writing too
}

void TlsConnection::close() {
  const Lock lock(mutex_);
  if (closed_) return;
  if (state_ == State::open && !inner_closed_) say_end();
  flush();
  closed_ = true;
  listeners_ = {};
  if (loop_ != nullptr) {
    *self_ = nullptr;
    loop_->clear(*this);
  }
  early_.release();
  unsent_.release();
  inner_->close();
}

// ---- waiting ----

bool TlsConnection::is_ready(Direction direction) const {
  if (state_ == State::failed || inner_closed_) return true;
  if (state_ == State::handshake) return read_ended_;
  if (direction == Direction::write) return unsent_.empty();
  return due_ || read_ended_ || !early_.empty() || (!starved_ && SSL_has_pending(ssl_.get()) != 0);
}

void TlsConnection::wait(Direction direction, ReadyListener& listener) {
  if (loop_ == nullptr) throw std::logic_error("tls: a connection made for blocking use has no loop to wait on");
  const Lock lock(mutex_);
  if (closed_) return;
  assert(listeners_[index(direction)] == nullptr);
  listeners_[index(direction)] = &listener;
  arm();
}

/// Waits for what the inner connection has to do before something is ready.
void TlsConnection::arm() {
  for (const Direction direction : {Direction::read, Direction::write}) {
    if (closed_) return;
    if (listeners_[index(direction)] != nullptr && is_ready(direction)) return post();
  }
  const bool handshaking = state_ == State::handshake && !read_ended_;
  const bool wants_read = handshaking || (state_ == State::open && listeners_[index(Direction::read)] != nullptr);
  const std::array<bool, 2> wanted{wants_read, !unsent_.empty()};
  for (const Direction direction : {Direction::read, Direction::write}) {
    if (!wanted[index(direction)] || std::exchange(armed_[index(direction)], true)) continue;
    inner_->wait(direction, *this);
  }
}

void TlsConnection::post() {
  if (std::exchange(posted_, true)) return;
  loop_->post([self = self_] {
    if (*self == nullptr) return;
    (*self)->posted_ = false;
    (*self)->notify();
  });
}

/// Tells the listeners what is ready, and waits for the rest. They may destroy this.
void TlsConnection::notify() {
  const std::shared_ptr<TlsConnection*> self = self_;
  for (const Direction direction : {Direction::read, Direction::write}) {
    ReadyListener* listener = nullptr;
    {
      const Lock lock(mutex_);
      if (listeners_[index(direction)] != nullptr && is_ready(direction)) {
        if (direction == Direction::read) due_ = false;
        listener = std::exchange(listeners_[index(direction)], nullptr);
      }
    }
    if (listener != nullptr) listener->ready(direction);
    if (*self == nullptr) return;
  }
  const Lock lock(mutex_);
  arm();
}

void TlsConnection::ready(Direction direction) {
  {
    const Lock lock(mutex_);
    armed_[index(direction)] = false;
    if (!unsent_.empty()) flush();
    if (state_ == State::handshake)
      handshake();
    else if (direction == Direction::read && listeners_[index(Direction::read)] != nullptr)
      due_ = true;
  }
  notify();
}

void TlsConnection::ring() {
  {
    const Lock lock(mutex_);
    fail(Status::unavailable("tls: the handshake takes too long"));
  }
  notify();
}

Status TlsConnection::wait_until(Direction direction, std::optional<Clock::time_point> deadline) {
  return wait_blocking(direction, deadline);
}

Status TlsConnection::wait_until_either(std::optional<Clock::time_point> deadline) {
  return wait_blocking(std::nullopt, deadline);
}

/// Decrypts the next record if all of it is there, so that nobody is woken for a part of one.
void TlsConnection::look_for_record() {
  if (state_ != State::open || read_ended_) return;
  drained_ = starved_ = false;
  ERR_clear_error();
  std::byte first{};
  std::size_t count = 0;
  const int result = SSL_peek_ex(ssl_.get(), &first, 1, &count);
  if (result != 1) end_of_read(result);
}

Status TlsConnection::wait_blocking(std::optional<Direction> direction, std::optional<Clock::time_point> deadline) {
  if (loop_ != nullptr) return Status::failed_precondition("tls: this connection belongs to a loop");
  const bool reads = direction != Direction::write;
  const bool writes = direction != Direction::read;
  std::atomic<bool>& interrupted = interrupts_[index(direction.value_or(Direction::read))];
  for (;;) {
    std::optional<Direction> inner_direction = Direction::read;
    {
      const Lock lock(mutex_);
      if (interrupted.exchange(false)) return Status::cancelled("tls: wait interrupted");
      if (closed_) return Status::unavailable("tls: connection closed");
      if (state_ == State::handshake) handshake();
      if (!unsent_.empty()) flush();
      if (reads && !starved_ && SSL_has_pending(ssl_.get()) != 0) look_for_record();
      if ((reads && is_ready(Direction::read)) || (writes && is_ready(Direction::write))) return {};
      const bool wants_read = reads || state_ == State::handshake;
      if (!unsent_.empty()) inner_direction = wants_read ? std::nullopt : std::optional(Direction::write);
      reader_waits_ = reader_waits_ || inner_direction == Direction::read;
    }
    Status waited =
        inner_direction ? inner_->wait_until(*inner_direction, deadline) : inner_->wait_until_either(deadline);
    const Lock lock(mutex_);
    if (inner_direction == Direction::read) reader_waits_ = false;
    if (waited.ok()) {
      if (reads) look_for_record();
    } else if (waited.code() == StatusCode::deadline_exceeded) {
      return waited;
    } else if (waited.code() != StatusCode::cancelled) {  // that was `interrupt`, or a thread that writes
      fail(waited);
      return waited;
    }
  }
}

void TlsConnection::interrupt() {
  for (std::atomic<bool>& one : interrupts_) one.store(true);
  inner_->interrupt();
}

}  // namespace polyrpc::tls
