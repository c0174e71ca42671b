#pragma once

// What the tests of TLS share: certificates, a transport for both sides, and a peer made of OpenSSL alone that says
// what it likes.

#include "polyrpc/transports/memory.hpp"
#include "polyrpc/transports/tls.hpp"

#include "tls_certificates.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace polyrpc::test {

/// Made once for all tests of a program.
struct TestCertificates {
  Authority authority{"Test Root"};
  Authority stranger{"Another Root"};
  Certificate server = authority.issue(
      {.name = "server", .alternative = "DNS:server.test,DNS:localhost,IP:127.0.0.1,IP:::1,DNS:*.many.test"});
  Certificate renewed = authority.issue({.name = "renewed", .alternative = "DNS:server.test"});
  Certificate expired = authority.issue({.name = "old", .alternative = "DNS:server.test", .expired = true});
  Certificate client = authority.issue(
      {.name = "billing",
       .alternative = "URI:spiffe://test/billing,email:b@server.test,DNS:billing.test,IP:10.0.0.1,IP:2001:db8::1"});
  Certificate strange_client = stranger.issue({.name = "intruder"});
};

inline const TestCertificates& certificates() {
  static const TestCertificates all;
  return all;
}

inline tls::ServerOptions server_options(const Certificate& certificate = certificates().server) {
  tls::ServerOptions options;
  options.certificate = tls::Pem::text(certificate.pem);
  options.key = tls::Pem::text(certificate.key);
  return options;
}

inline tls::ServerOptions mutual_options(tls::ClientCertificates policy = tls::ClientCertificates::required) {
  tls::ServerOptions options = server_options();
  options.client_ca = tls::Pem::text(certificates().authority.pem());
  options.client_certificates = policy;
  return options;
}

inline tls::ClientOptions client_options(std::string name = "server.test") {
  tls::ClientOptions options;
  options.ca = tls::Pem::text(certificates().authority.pem());
  options.server_name = std::move(name);
  return options;
}

inline tls::ClientOptions client_options_with(const Certificate& own) {
  tls::ClientOptions options = client_options();
  options.certificate = tls::Pem::text(own.pem);
  options.key = tls::Pem::text(own.key);
  return options;
}

/// For tests that bring many handshakes to a slow machine.
inline tls::ServerOptions patient_options() {
  tls::ServerOptions options = server_options();
  options.handshake_time = std::chrono::milliseconds(0);
  return options;
}

/// Listens as a server, dials as a client.
class BothSides final : public Transport {
 public:
  BothSides(std::shared_ptr<const Transport> server, std::shared_ptr<const Transport> client)
      : server_(std::move(server)), client_(std::move(client)) {}
  explicit BothSides(const std::shared_ptr<const Transport>& inner)
      : BothSides(tls::server_transport(patient_options(), inner), tls::client_transport(client_options(), inner)) {}

  std::string_view scheme() const noexcept override { return server_->scheme(); }
  Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, Loop& loop) const override {
    return server_->listen(endpoint, loop);
  }
  std::function<void()> dial(const Endpoint& endpoint, Loop& loop, DialHandler done) const override {
    return client_->dial(endpoint, loop, std::move(done));
  }
  Result<std::unique_ptr<Connection>> dial(const Endpoint& endpoint, std::optional<Clock::time_point> deadline,
                                           const std::stop_token& stop) const override {
    return client_->dial(endpoint, deadline, stop);
  }

 private:
  std::shared_ptr<const Transport> server_;
  std::shared_ptr<const Transport> client_;
};

inline Endpoint address(std::string_view text) { return Endpoint::parse(text).value(); }

template <auto f>
struct FreeWith {
  template <class T>
  void operator()(T* object) const noexcept {
    f(object);
  }
};

/// A client made of OpenSSL on a plain connection; its bytes are moved by hand.
class RawClient {
 public:
  explicit RawClient(std::unique_ptr<Connection> plain)
      : plain_(std::move(plain)), ctx_(SSL_CTX_new(TLS_client_method())) {}

  SSL_CTX* ctx() noexcept { return ctx_.get(); }
  SSL* ssl() {
    if (ssl_ == nullptr) {
      ssl_.reset(SSL_new(ctx_.get()));
      SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
      SSL_set_connect_state(ssl_.get());
    }
    return ssl_.get();
  }
  Connection& plain() noexcept { return *plain_; }

  /// Moves what has gone and come.
  void move() {
    char* data = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl()), &data);
    if (size > 0) {
      const std::string bytes(data, static_cast<std::size_t>(size));
      static_cast<void>(BIO_reset(SSL_get_wbio(ssl())));
      unsent_ += bytes;
    }
    const IoResult written = unsent_.empty() ? IoResult{IoState::would_block} : plain_->write_some(as_bytes(unsent_));
    if (written.state == IoState::done) unsent_.erase(0, written.bytes);
    std::array<std::byte, 4096> room;
    for (;;) {
      const IoResult result = plain_->read_some(room);
      if (result.state != IoState::done) {
        ended = ended || result.state != IoState::would_block;
        return;
      }
      BIO_write(SSL_get_rbio(ssl()), room.data(), static_cast<int>(result.bytes));
    }
  }
  /// A step of the handshake; whether it is done.
  bool shake() {
    ERR_clear_error();
    const bool done = SSL_do_handshake(ssl()) == 1;
    move();
    return done;
  }
  void send(std::string_view text) {
    ERR_clear_error();
    SSL_write(ssl(), text.data(), static_cast<int>(text.size()));
    move();
  }
  /// What has come, decrypted.
  std::string receive() {
    move();
    std::string all;
    std::array<char, 4096> room;
    for (;;) {
      ERR_clear_error();
      const int count = SSL_read(ssl(), room.data(), static_cast<int>(room.size()));
      if (count <= 0) break;
      all.append(room.data(), static_cast<std::size_t>(count));
    }
    move();
    return all;
  }

  bool ended = false;

 private:
  std::unique_ptr<Connection> plain_;
  std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>> ctx_;
  std::unique_ptr<SSL, FreeWith<SSL_free>> ssl_;
  std::string unsent_;
};

}  // namespace polyrpc::test
