#include "polyrpc/core/bytes.hpp"
#include "polyrpc/runtime/loop.hpp"
#include "polyrpc/transports/tls.hpp"

#include "tls_connection.hpp"
#include "tls_context.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <stop_token>
#include <utility>

namespace polyrpc::tls {

namespace {

using ContextPtr = std::shared_ptr<const detail::Context>;

/// What client and server side have in common: the scheme.
class TlsTransport : public Transport {
 public:
  explicit TlsTransport(std::shared_ptr<const Transport> inner)
      : inner_(std::move(inner)), scheme_(scheme_over(inner_->scheme())) {}

  std::string_view scheme() const noexcept override { return scheme_; }

 protected:
  Status check(const Endpoint& endpoint) const {
    if (endpoint.scheme == scheme_) return {};
    return Status::invalid_argument("tls: " + endpoint.to_string() + " is no " + scheme_ + ":// address");
  }
  Endpoint below(Endpoint endpoint) const {
    endpoint.scheme = inner_->scheme();
    return endpoint;
  }

  const std::shared_ptr<const Transport> inner_;
  const std::string scheme_;
};

/// Tells an outcome that is known at once, later; not at all after what it returns was called.
std::function<void()> tell_later(Loop& loop, Status outcome, DialHandler done) {
  const auto waiting = std::make_shared<DialHandler>(std::move(done));
  loop.post([waiting, outcome = std::move(outcome)] {
    if (const DialHandler handler = std::exchange(*waiting, nullptr)) handler(outcome);
  });
  return [waiting] { *waiting = nullptr; };
}

// ---- servers ----

class TlsListener final : public Listener {
 public:
  TlsListener(std::unique_ptr<Listener> inner, std::shared_ptr<const ServerIdentity> identity, std::string scheme)
      : inner_(std::move(inner)), identity_(std::move(identity)), scheme_(std::move(scheme)) {}

  void start(LoopPicker pick, AcceptHandler accepted) override {
    // An accepted connection does not say its loop; it is one of those that were picked, and we are on its thread.
    const auto loops = std::make_shared<Loops>();
    inner_->start(
        [loops, pick = std::move(pick)]() -> Loop& {
          Loop& loop = pick();
          loops->add(loop);
          return loop;
        },
        [loops, identity = identity_, accepted = std::move(accepted)](std::unique_ptr<Connection> connection) {
          Loop* loop = loops->here();
          const ContextPtr context = identity->current();
          SslPtr ssl = context->accepting();
          if (loop == nullptr || ssl == nullptr) return connection->close();
          auto made = std::make_unique<TlsConnection>(std::move(connection), std::move(ssl), context, loop);
          made->start();
          accepted(std::move(made));
        });
  }
  Endpoint local() const override {
    Endpoint local = inner_->local();
    local.scheme = scheme_;
    return local;
  }
  void close() override { inner_->close(); }

 private:
  class Loops {
   public:
    void add(Loop& loop) {
      const std::lock_guard lock(mutex_);
      if (std::find(all_.begin(), all_.end(), &loop) == all_.end()) all_.push_back(&loop);
    }
    Loop* here() const {
      const std::lock_guard lock(mutex_);
      const auto found = std::find_if(all_.begin(), all_.end(), [](Loop* loop) { return loop->is_this_thread(); });
      return found == all_.end() ? nullptr : *found;
    }

   private:
    mutable std::mutex mutex_;  // guards all_
    std::vector<Loop*> all_;
  };

  const std::unique_ptr<Listener> inner_;
  const std::shared_ptr<const ServerIdentity> identity_;
  const std::string scheme_;
};

class ServerTransport final : public TlsTransport {
 public:
  ServerTransport(Result<std::shared_ptr<const ServerIdentity>> identity, std::shared_ptr<const Transport> inner)
      : TlsTransport(std::move(inner)), identity_(std::move(identity)) {}

  Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, Loop& loop) const override {
    if (Status wrong = check(endpoint); !wrong.ok()) return wrong;
    if (!identity_.ok()) return identity_.status();
    Result<std::unique_ptr<Listener>> made = inner_->listen(below(endpoint), loop);
    if (!made.ok()) return made;
    return std::make_unique<TlsListener>(*std::move(made), *identity_, scheme_);
  }
  std::function<void()> dial(const Endpoint& endpoint, Loop& loop, DialHandler done) const override {
    return tell_later(loop, no_dial(endpoint), std::move(done));
  }
  Result<std::unique_ptr<Connection>> dial(const Endpoint& endpoint, std::optional<Clock::time_point>,
                                           const std::stop_token&) const override {
    return no_dial(endpoint);
  }

 private:
  Status no_dial(const Endpoint& endpoint) const {
    if (Status wrong = check(endpoint); !wrong.ok()) return wrong;
    return Status::failed_precondition("tls: cannot connect to " + endpoint.to_string() +
                                       ": this transport is a server's; dial with a client_transport");
  }

  const Result<std::shared_ptr<const ServerIdentity>> identity_;
};

class TlsProtocol final : public Protocol {
 public:
  TlsProtocol(std::shared_ptr<const ServerIdentity> identity, Protocols inner)
      : identity_(std::move(identity)), inner_(std::make_shared<const Protocols>(std::move(inner))) {}

  std::string_view name() const noexcept override { return "tls"; }

  // A handshake record of any version: RFC 8446, section 5.1.
  Match matches(std::span<const std::byte> first_bytes) const noexcept override {
    const std::string_view beginning("\x16\x03", 2);
    const std::string_view text = as_text(first_bytes);
    if (text.starts_with(beginning)) return Match::yes;
    return beginning.starts_with(text) ? Match::more : Match::no;
  }

  std::shared_ptr<ServedConnection> serve(std::unique_ptr<Connection> connection, ByteQueue first_bytes,
                                          ServerHost& host) const override {
    const ContextPtr context = identity_->current();
    SslPtr ssl = context->accepting();
    if (ssl == nullptr) return open_door(std::move(connection), std::make_shared<const Protocols>(), host);
    auto made = std::make_unique<TlsConnection>(std::move(connection), std::move(ssl), context, &host.loop(),
                                                std::move(first_bytes));
    made->start();
    return open_door(std::move(made), inner_, host);
  }

 private:
  const std::shared_ptr<const ServerIdentity> identity_;
  const std::shared_ptr<const Protocols> inner_;
};

// ---- clients ----

/// A dial on a loop: the inner one, then the handshake.
class LoopDial final : public std::enable_shared_from_this<LoopDial>, private ReadyListener {
 public:
  LoopDial(Loop& loop, ContextPtr context, SslPtr ssl, DialHandler done)
      : loop_(loop), context_(std::move(context)), ssl_(std::move(ssl)), done_(std::move(done)) {}

  void start(const Transport& inner, const Endpoint& endpoint) {
    auto cancel = inner.dial(endpoint, loop_, [self = shared_from_this()](Result<std::unique_ptr<Connection>> made) {
      self->connected(std::move(made));
    });
    if (done_) cancel_dial_ = std::move(cancel);
  }

  void cancel() {
    done_ = nullptr;
    if (const auto cancel_dial = std::exchange(cancel_dial_, nullptr)) cancel_dial();
    connection_.reset();
    kept_.reset();
  }

 private:
  void connected(Result<std::unique_ptr<Connection>> made) {
    cancel_dial_ = nullptr;
    if (!done_) return;
    if (!made.ok()) return std::exchange(done_, nullptr)(std::move(made));
    connection_ = std::make_unique<TlsConnection>(*std::move(made), std::move(ssl_), std::move(context_), &loop_);
    kept_ = shared_from_this();
    connection_->start();
    connection_->wait(Direction::write, *this);
  }

  void ready(Direction) override {
    const auto self = std::exchange(kept_, nullptr);
    const DialHandler done = std::exchange(done_, nullptr);
    auto connection = std::exchange(connection_, nullptr);
    if (!done) return;
    if (!connection->handshake_is_done()) return done(connection->error());
    done(std::unique_ptr<Connection>(std::move(connection)));
  }

  Loop& loop_;
  ContextPtr context_;
  SslPtr ssl_;
  DialHandler done_;
  std::function<void()> cancel_dial_;
  std::unique_ptr<TlsConnection> connection_;
  std::shared_ptr<LoopDial> kept_;  // while the handshake is under way
};

class ClientTransport final : public TlsTransport {
 public:
  ClientTransport(const ClientOptions& options, std::shared_ptr<const Transport> inner)
      : TlsTransport(std::move(inner)), context_(detail::Context::client(options)), server_name_(options.server_name) {}

  Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, Loop&) const override {
    if (Status wrong = check(endpoint); !wrong.ok()) return wrong;
    return Status::failed_precondition("tls: cannot listen on " + endpoint.to_string() +
                                       ": this transport is a client's; listen with a server_transport");
  }

  std::function<void()> dial(const Endpoint& endpoint, Loop& loop, DialHandler done) const override {
    Result<SslPtr> ssl = prepare(endpoint);
    if (!ssl.ok()) return tell_later(loop, ssl.status(), std::move(done));
    const auto dial = std::make_shared<LoopDial>(loop, *context_, *std::move(ssl), std::move(done));
    dial->start(*inner_, below(endpoint));
    return [dial] { dial->cancel(); };
  }

  Result<std::unique_ptr<Connection>> dial(const Endpoint& endpoint, std::optional<Clock::time_point> deadline,
                                           const std::stop_token& stop) const override {
    Result<SslPtr> ssl = prepare(endpoint);
    if (!ssl.ok()) return ssl.status();
    Result<std::unique_ptr<Connection>> made = inner_->dial(below(endpoint), deadline, stop);
    if (!made.ok()) return made;
    auto connection = std::make_unique<TlsConnection>(*std::move(made), *std::move(ssl), *context_, nullptr);
    TlsConnection& handshaking = *connection;
    const auto give_up = [&handshaking] { handshaking.interrupt(); };
    Status waited;
    {
      const std::stop_callback on_stop(stop, give_up);
      waited = handshaking.wait_until(Direction::write, deadline);
    }
    const std::string start = "tls: cannot connect to " + endpoint.to_string() + ": ";
    if (waited.code() == StatusCode::cancelled) return Status::cancelled(start + "cancelled");
    if (waited.code() == StatusCode::deadline_exceeded)
      return Status::deadline_exceeded(start + "deadline exceeded during the handshake");
    if (!waited.ok()) return waited;
    if (!handshaking.handshake_is_done()) return handshaking.error();
    return std::unique_ptr<Connection>(std::move(connection));
  }

 private:
  Result<SslPtr> prepare(const Endpoint& endpoint) const {
    if (Status wrong = check(endpoint); !wrong.ok()) return wrong;
    if (!context_.ok()) return context_.status();
    if (!server_name_.empty()) return (*context_)->connecting(server_name_);
    // An IPv6 zone is this machine's affair.
    return (*context_)->connecting(endpoint.host.substr(0, endpoint.host.find('%')));
  }

  const Result<ContextPtr> context_;
  const std::string server_name_;
};

Result<std::shared_ptr<const ServerIdentity>> load_const(const ServerOptions& options) {
  Result<std::shared_ptr<ServerIdentity>> loaded = ServerIdentity::load(options);
  if (!loaded.ok()) return std::move(loaded).status();
  return std::shared_ptr<const ServerIdentity>(*std::move(loaded));
}

}  // namespace

class ServerIdentity::Impl {
 public:
  explicit Impl(ServerOptions options) : options_(std::move(options)) {}

  Status reload() {
    const std::lock_guard turn(turn_);
    return take(options_);
  }
  Status replace(ServerOptions options) {
    const std::lock_guard turn(turn_);
    if (Status taken = take(options); !taken.ok()) return taken;
    options_ = std::move(options);
    return {};
  }
  ContextPtr current() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }

 private:
  Status take(const ServerOptions& options) {
    Result<ContextPtr> made = detail::Context::server(options);
    if (!made.ok()) return std::move(made).status();
    const std::lock_guard lock(mutex_);
    current_ = *std::move(made);
    return {};
  }

  std::mutex turn_;  // guards options_
  ServerOptions options_;
  mutable std::mutex mutex_;  // guards current_
  ContextPtr current_;
};

ServerIdentity::ServerIdentity(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServerIdentity::~ServerIdentity() = default;

Result<std::shared_ptr<ServerIdentity>> ServerIdentity::load(ServerOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (Status loaded = impl->reload(); !loaded.ok()) return loaded;
  return std::shared_ptr<ServerIdentity>(new ServerIdentity(std::move(impl)));
}

Status ServerIdentity::reload() { return impl_->reload(); }
Status ServerIdentity::replace(ServerOptions options) { return impl_->replace(std::move(options)); }
ContextPtr ServerIdentity::current() const { return impl_->current(); }

std::shared_ptr<const Transport> server_transport(std::shared_ptr<const ServerIdentity> identity,
                                                  std::shared_ptr<const Transport> inner) {
  return std::make_shared<const ServerTransport>(std::move(identity), std::move(inner));
}

std::shared_ptr<const Transport> server_transport(const ServerOptions& options,
                                                  std::shared_ptr<const Transport> inner) {
  return std::make_shared<const ServerTransport>(load_const(options), std::move(inner));
}

std::shared_ptr<const Transport> client_transport(const ClientOptions& options,
                                                  std::shared_ptr<const Transport> inner) {
  return std::make_shared<const ClientTransport>(options, std::move(inner));
}

std::shared_ptr<const Protocol> protocol(std::shared_ptr<const ServerIdentity> identity, Protocols inner) {
  return std::make_shared<const TlsProtocol>(std::move(identity), std::move(inner));
}

std::vector<std::string> alpn_for(const Protocols& protocols) {
  const auto taken = [&](std::string_view beginning) {
    return std::any_of(protocols.list.begin(), protocols.list.end(),
                       [&](const auto& one) { return one->matches(as_bytes(beginning)) == Match::yes; });
  };
  std::vector<std::string> names;
  if (taken("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) names.emplace_back("h2");  // RFC 9113, section 3.4
  if (taken("GET / HTTP/1.1\r\n")) names.emplace_back("http/1.1");
  return names;
}

}  // namespace polyrpc::tls
