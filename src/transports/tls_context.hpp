#pragma once

#include "polyrpc/core/context.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/transports/tls.hpp"

#include <memory>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string>
#include <vector>

// What stands between OpenSSL and the rest: owners, messages, and the contexts that connections are made from.
namespace polyrpc::tls {

/// Calls one of OpenSSL's functions that free.
template <auto f>
struct Free {
  template <class T>
  void operator()(T* object) const noexcept {
    f(object);
  }
};
using SslCtxPtr = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Free<SSL_free>>;
using BioPtr = std::unique_ptr<BIO, Free<BIO_free>>;
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

/// The oldest reason in this thread's queue of errors, in lower case; empties the queue. Empty if there is none.
std::string openssl_reason();

namespace detail {

/// An `SSL_CTX` and what its callbacks need. Does not change once it is made.
class Context {
 public:
  static Result<std::shared_ptr<const Context>> server(const ServerOptions& options);
  static Result<std::shared_ptr<const Context>> client(const ClientOptions& options);
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// For one connection, before its handshake; null when there is no memory.
  SslPtr accepting() const;
  /// To `name`, which the certificate is checked against: a DNS name or an IP address.
  Result<SslPtr> connecting(const std::string& name) const;

  bool is_server() const noexcept { return is_server_; }
  std::chrono::milliseconds handshake_time() const noexcept { return handshake_time_; }
  /// What is wrong with the outcome of a finished handshake.
  Status check(const SSL* ssl) const;

 private:
  static int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                         unsigned in_size, void* self);
  Status set_up(Version min_version, const Pem& certificate, const Pem& key);
  Status set_alpn(const std::vector<std::string>& names);

  SslCtxPtr ctx_;
  bool is_server_ = false;
  bool verify_ = false;
  bool require_alpn_ = false;
  std::vector<std::string> alpn_;
  std::string alpn_wire_;  // each name behind its length
  std::chrono::milliseconds handshake_time_{0};
};

}  // namespace detail

/// What is known after the handshake.
std::shared_ptr<const TlsPeer> describe_peer(SSL* ssl, bool is_server);

}  // namespace polyrpc::tls
