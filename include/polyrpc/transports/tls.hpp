#pragma once

#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/core/status.hpp"
#include "polyrpc/runtime/asio_fwd.hpp"
#include "polyrpc/runtime/client.hpp"
#include "polyrpc/runtime/client_options.hpp"
#include "polyrpc/runtime/protocol.hpp"
#include "polyrpc/runtime/transport.hpp"
#include "polyrpc/transports/tcp.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// TLS 1.2 and 1.3 with OpenSSL, around any other transport. How to use it: docs/tls.md.
namespace polyrpc::tls {

/// Certificates or a key as PEM: the text, or a file that is read when it is needed.
class Pem {
 public:
  Pem() = default;
  static Pem text(std::string pem) { return Pem(std::move(pem), {}); }
  static Pem file(std::string path) { return Pem({}, std::move(path)); }

  bool empty() const noexcept { return text_.empty() && path_.empty(); }
  /// The text; `not_found` or `permission_denied` names the file that can't be read.
  Result<std::string> read() const;
  /// For messages: the file, or `the PEM text`.
  std::string name() const { return path_.empty() ? "the PEM text" : path_; }

 private:
  Pem(std::string text, std::string path) : text_(std::move(text)), path_(std::move(path)) {}

  std::string text_;
  std::string path_;
};

enum class Version : std::uint8_t { tls_1_2, tls_1_3 };

/// What a server does about its clients' certificates.
enum class ClientCertificates : std::uint8_t {
  none,      ///< does not ask
  request,   ///< asks; a client without one is served, one with a bad one is not
  required,  ///< asks; serves only clients with a good one
};

struct ServerOptions {
  Pem certificate = {};  ///< the server's own first, then those that lead to the root
  Pem key = {};          ///< not encrypted
  Pem client_ca = {};    ///< who vouches for clients; needed where they are asked for certificates
  ClientCertificates client_certificates = ClientCertificates::none;
  Version min_version = Version::tls_1_2;
  /// What a client that offers protocols (ALPN) may choose from, the best first; `alpn_for` makes the list from what a
  /// server speaks. A client that offers others only is refused (RFC 7301), one that offers none is served.
  std::vector<std::string> alpn = {"h2", "http/1.1"};
  bool require_alpn = false;                         ///< refuses who offers none, too
  std::chrono::milliseconds handshake_time{10'000};  ///< from accept to the handshake's end; zero: no limit
};

struct ClientOptions {
  Pem ca = {};  ///< who vouches for the server; empty: those that the system trusts
  /// What the server is asked for (SNI) and its certificate must be made out for; empty: the address's host.
  std::string server_name = {};
  Pem certificate = {};  ///< the client's own, with those that lead to the root; empty: none
  Pem key = {};
  Version min_version = Version::tls_1_2;
  std::vector<std::string> alpn = {};  ///< to offer, the best first
  bool require_alpn = false;           ///< refuses a server that chooses none of them
  /// Talks to whoever answers: everybody on the way can read and change what is said. For experiments.
  bool insecure_accept_any_certificate = false;
};

namespace detail {
class Context;
}

/// A server's certificate, key and rules, which may be replaced while it serves: new connections get the new ones,
/// those that are there keep what they have. Safe to use from several threads.
class ServerIdentity {
 public:
  /// Reads and checks. The error says what is wrong with which file: it is missing, holds no certificate, the key
  /// belongs to another certificate.
  static Result<std::shared_ptr<ServerIdentity>> load(ServerOptions options);
  ~ServerIdentity();

  /// Reads the same files again. After an error the old ones stay in use.
  Status reload();
  /// Takes other options from now on, unless there is an error.
  Status replace(ServerOptions options);

  // For the engine.
  std::shared_ptr<const detail::Context> current() const;

 private:
  class Impl;
  explicit ServerIdentity(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// For `listen("tls://host:port")`: every connection begins with a handshake, which goes on on the connection's own
/// loop, and the protocols are told apart by what comes decrypted. Who speaks no TLS is turned away. The scheme is
/// `tls` over TCP and `tls+unix`, `tls+memory` over others.
std::shared_ptr<const Transport> server_transport(std::shared_ptr<const ServerIdentity> identity,
                                                  std::shared_ptr<const Transport> inner = tcp_transport());
/// The same with options that stay as they are; what is wrong with them `listen` says.
std::shared_ptr<const Transport> server_transport(const ServerOptions& options,
                                                  std::shared_ptr<const Transport> inner = tcp_transport());

/// For dialling `tls://host:port`. A dial ends with the handshake, so that what is wrong with a certificate is its
/// error; a server that misses the client's certificate may say so only when the client reads. What is wrong with the
/// options every dial says.
std::shared_ptr<const Transport> client_transport(const ClientOptions& options = {},
                                                  std::shared_ptr<const Transport> inner = tcp_transport());

/// TLS on a port where plain text is served too: takes connections that begin with a handshake and has the protocols of
/// `inner` told apart by what comes decrypted. Put it among a server's protocols only if that is wanted.
std::shared_ptr<const Protocol> protocol(std::shared_ptr<const ServerIdentity> identity, Protocols inner);

/// The list for `ServerOptions::alpn` that fits `protocols`: `h2` if one of them takes HTTP/2, `http/1.1` if one does.
std::vector<std::string> alpn_for(const Protocols& protocols);

/// Whom to call at `tls://host:port`, where the codec's bytes stand on the connection as they are, or at
/// `https://host:port[/path]`, which speaks gob after CONNECT, JSON-RPC by POST and Connect, and offers `http/1.1` if
/// the options offer nothing. Throws `std::invalid_argument` if the address can't be understood.
ClientTarget target(std::string_view address, std::shared_ptr<const Codec> codec, const ClientOptions& tls = {});

/// A client of that server; connects with the first call. Calls block and do their work on the calling thread.
std::unique_ptr<Client> dial(std::string_view address, std::shared_ptr<const Codec> codec,
                             const ClientOptions& tls = {}, polyrpc::ClientOptions options = {});
/// The same on the caller's `io_context`, for asynchronous calls too.
std::unique_ptr<Client> dial(asio::io_context& context, std::string_view address, std::shared_ptr<const Codec> codec,
                             const ClientOptions& tls = {}, polyrpc::ClientOptions options = {});

}  // namespace polyrpc::tls
