#include "tls_context.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <system_error>
#include <utility>

namespace polyrpc::tls {

namespace {

// Mozilla's "intermediate" profile without the finite-field groups: forward secrecy and authenticated encryption only.
constexpr const char* ciphers_1_2 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* key_exchange_groups = "X25519:P-256:P-384";
constexpr long certificates_bytes = 64 << 10;  // of a peer's whole chain
constexpr int chain_depth = 10;
constexpr std::size_t pem_bytes = std::size_t{16} << 20;  // a system's whole store is a quarter of a megabyte

BioPtr reader(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>((std::min)(text.size(), pem_bytes))));
}

/// No passphrase: a library does not ask at the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

Status bad(const std::string& what) {
  const std::string reason = openssl_reason();
  return Status::invalid_argument("tls: " + what + (reason.empty() ? "" : ": " + reason));
}

Result<std::vector<X509Ptr>> read_certificates(const Pem& pem) {
  const Result<std::string> text = pem.read();
  if (!text.ok()) return text.status();
  ERR_clear_error();
  std::vector<X509Ptr> certificates;
  const BioPtr bio = reader(*text);
  while (X509* certificate = PEM_read_bio_X509_AUX(bio.get(), nullptr, no_passphrase, nullptr))
    certificates.emplace_back(certificate);
  const unsigned long error = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) return bad("a certificate in " + pem.name() + " can't be read");
  ERR_clear_error();
  if (certificates.empty()) return bad(pem.name() + " holds no certificate");
  return certificates;
}

Result<KeyPtr> read_key(const Pem& pem) {
  const Result<std::string> text = pem.read();
  if (!text.ok()) return text.status();
  ERR_clear_error();
  const BioPtr bio = reader(*text);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr) {
    if (text->find("ENCRYPTED") != std::string::npos) {
      ERR_clear_error();
      return bad("the key in " + pem.name() + " is encrypted");
    }
    if (text->find("PRIVATE KEY-----") == std::string::npos) {
      ERR_clear_error();
      return bad(pem.name() + " holds no private key");
    }
    return bad("the key in " + pem.name() + " can't be read");
  }
  return key;
}

Status use_certificate(SSL_CTX* ctx, const Pem& certificate, const Pem& key) {
  const Result<std::vector<X509Ptr>> chain = read_certificates(certificate);
  if (!chain.ok()) return chain.status();
  const Result<KeyPtr> own_key = read_key(key);
  if (!own_key.ok()) return own_key.status();
  if (X509_check_private_key(chain->front().get(), own_key->get()) != 1) {
    ERR_clear_error();
    return bad("the key in " + key.name() + " does not belong to the certificate in " + certificate.name());
  }
  if (SSL_CTX_use_certificate(ctx, chain->front().get()) != 1)
    return bad("the certificate in " + certificate.name() + " can't be used");
  for (std::size_t i = 1; i < chain->size(); ++i)
    if (SSL_CTX_add1_chain_cert(ctx, (*chain)[i].get()) != 1)
      return bad("a certificate in " + certificate.name() + " can't be used");
  if (SSL_CTX_use_PrivateKey(ctx, own_key->get()) != 1) return bad("the key in " + key.name() + " can't be used");
  return {};
}

/// Whom to trust. A server also tells its clients the names.
Status use_authorities(SSL_CTX* ctx, const Pem& pem, bool tell_names) {
  const Result<std::vector<X509Ptr>> authorities = read_certificates(pem);
  if (!authorities.ok()) return authorities.status();
  X509_STORE* store = SSL_CTX_get_cert_store(ctx);
  for (const X509Ptr& authority : *authorities) {
    if (X509_STORE_add_cert(store, authority.get()) != 1)
      return bad("a certificate in " + pem.name() + " can't be used");
    if (tell_names && SSL_CTX_add_client_CA(ctx, authority.get()) != 1) return bad("no memory");
  }
  return {};
}

bool is_ip_address(const std::string& name) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.c_str());
  ERR_clear_error();
  const bool is = address != nullptr;
  ASN1_OCTET_STRING_free(address);
  return is;
}

}  // namespace

std::string openssl_reason() {
  std::string text;
  while (const unsigned long error = ERR_get_error()) {
    if (!text.empty()) continue;
    if (const char* reason = ERR_reason_error_string(error)) text = reason;
  }
  return text;
}

Result<std::string> Pem::read() const {
  if (path_.empty()) return text_;
  const std::unique_ptr<std::FILE, Free<std::fclose>> file(std::fopen(path_.c_str(), "rb"));
  int error = file == nullptr ? errno : 0;
  std::string text;
  if (file != nullptr) {
    std::array<char, 4096> part;
    for (;;) {
      const std::size_t count = std::fread(part.data(), 1, part.size(), file.get());
      text.append(part.data(), count);
      if (text.size() > pem_bytes) return Status::invalid_argument("tls: " + path_ + " is too large");
      if (count == part.size()) continue;
      if (std::ferror(file.get()) != 0) error = errno;
      break;
    }
  }
  if (error != 0) {
    const StatusCode code = error == ENOENT || error == ENOTDIR ? StatusCode::not_found
                            : error == EACCES || error == EPERM ? StatusCode::permission_denied
                                                                : StatusCode::invalid_argument;
    return Status(code, "tls: cannot read " + path_ + ": " + std::generic_category().message(error));
  }
  return text;
}

namespace detail {

Status Context::set_up(Version min_version, const Pem& certificate, const Pem& key) {
  ERR_clear_error();
  ctx_.reset(SSL_CTX_new(is_server_ ? TLS_server_method() : TLS_client_method()));
  if (ctx_ == nullptr) return bad("OpenSSL can't be used");
  SSL_CTX* ctx = ctx_.get();
  SSL_CTX_set_min_proto_version(ctx, min_version == Version::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(ctx, 0);
  // Without tickets nothing is kept of a session: no key outlives its connection, and a new certificate or CA counts
  // from the next connection on. Connections of RPC live long.
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(ctx, 0);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_AUTO_RETRY | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(ctx, 1);
  SSL_CTX_set_max_cert_list(ctx, certificates_bytes);
  SSL_CTX_set_verify_depth(ctx, chain_depth);
  if (SSL_CTX_set_cipher_list(ctx, ciphers_1_2) != 1 || SSL_CTX_set1_groups_list(ctx, key_exchange_groups) != 1)
    return bad("OpenSSL lacks the ciphers");
  if (!certificate.empty() || !key.empty()) {
    if (certificate.empty()) return Status::invalid_argument("tls: there is a key but no certificate");
    if (key.empty()) return Status::invalid_argument("tls: there is a certificate but no key");
    return use_certificate(ctx, certificate, key);
  }
  return {};
}

Status Context::set_alpn(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name.empty() || name.size() > 255)
      return Status::invalid_argument("tls: \"" + name + "\" is no name of a protocol (ALPN)");
    alpn_wire_ += static_cast<char>(name.size());
    alpn_wire_ += name;
  }
  alpn_ = names;
  return {};
}

Result<std::shared_ptr<const Context>> Context::server(const ServerOptions& options) {
  const auto context = std::make_shared<Context>();
  context->is_server_ = true;
  context->handshake_time_ = options.handshake_time;
  if (options.certificate.empty()) return Status::invalid_argument("tls: a server needs a certificate");
  if (Status status = context->set_up(options.min_version, options.certificate, options.key); !status.ok())
    return status;
  SSL_CTX* ctx = context->ctx_.get();
  if (options.client_certificates != ClientCertificates::none) {
    if (options.client_ca.empty())
      return Status::invalid_argument("tls: clients are asked for certificates, but there is no CA to check them with");
    if (Status status = use_authorities(ctx, options.client_ca, true); !status.ok()) return status;
    const bool required = options.client_certificates == ClientCertificates::required;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    context->verify_ = true;
  }
  if (Status status = context->set_alpn(options.alpn); !status.ok()) return status;
  context->require_alpn_ = options.require_alpn;
  if (!options.alpn.empty()) SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, context.get());
  return std::shared_ptr<const Context>(context);
}

Result<std::shared_ptr<const Context>> Context::client(const ClientOptions& options) {
  const auto context = std::make_shared<Context>();
  if (Status status = context->set_up(options.min_version, options.certificate, options.key); !status.ok())
    return status;
  SSL_CTX* ctx = context->ctx_.get();
  if (!options.insecure_accept_any_certificate) {
    if (options.ca.empty()) {
      if (SSL_CTX_set_default_verify_paths(ctx) != 1) return bad("the system's certificates can't be used");
    } else if (Status status = use_authorities(ctx, options.ca, false); !status.ok()) {
      return status;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
    context->verify_ = true;
  }
  if (Status status = context->set_alpn(options.alpn); !status.ok()) return status;
  context->require_alpn_ = options.require_alpn;
  // Null is success, for once.
  if (!context->alpn_wire_.empty() &&
      SSL_CTX_set_alpn_protos(ctx, reinterpret_cast<const unsigned char*>(context->alpn_wire_.data()),
                              static_cast<unsigned>(context->alpn_wire_.size())) != 0)
    return bad("the names of the protocols (ALPN) can't be used");
  return std::shared_ptr<const Context>(context);
}

// RFC 7301, section 3.2: the server's choice from the client's list; none in common is fatal.
int Context::choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                         unsigned in_size, void* self) {
  const std::string_view offered(reinterpret_cast<const char*>(in), in_size);
  for (const std::string& name : static_cast<const Context*>(self)->alpn_) {
    for (std::size_t at = 0; at < offered.size(); at += 1 + static_cast<unsigned char>(offered[at])) {
      const std::string_view one = offered.substr(at + 1, static_cast<unsigned char>(offered[at]));
      if (one != name) continue;
      *out = in + at + 1;
      *out_size = static_cast<unsigned char>(one.size());
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

SslPtr Context::accepting() const {
  ERR_clear_error();
  SslPtr ssl(SSL_new(ctx_.get()));
  if (ssl != nullptr) SSL_set_accept_state(ssl.get());
  return ssl;
}

Result<SslPtr> Context::connecting(const std::string& host) const {
  ERR_clear_error();
  SslPtr ssl(SSL_new(ctx_.get()));
  if (ssl == nullptr) return bad("no memory");
  SSL_set_connect_state(ssl.get());
  std::string name = host;
  if (name.ends_with('.')) name.pop_back();  // fully qualified; certificates and SNI have no dot there
  if (name.empty() && verify_)
    return Status::invalid_argument("tls: there is no name to check the server's certificate against: set server_name");
  const bool is_ip = is_ip_address(name);
  // RFC 6066, section 3: names only.
  if (!name.empty() && !is_ip && SSL_set_tlsext_host_name(ssl.get(), name.c_str()) != 1)
    return bad("the server can't be asked for " + name);
  if (verify_) {
    X509_VERIFY_PARAM* param = SSL_get0_param(ssl.get());
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    const int set = is_ip ? X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str())
                          : X509_VERIFY_PARAM_set1_host(param, name.data(), name.size());
    if (set != 1) return bad("no certificate can be made out for \"" + name + "\"");
  }
  return ssl;
}

Status Context::check(const SSL* ssl) const {
  if (!require_alpn_) return {};
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &chosen, &size);
  if (size != 0) return {};
  if (is_server_) return Status::unavailable("tls: the client offered no protocol (ALPN)");
  std::string names;
  for (const std::string& name : alpn_) names += (names.empty() ? "" : ", ") + name;
  return Status::unavailable("tls: the server chose no protocol (ALPN); offered: " + names);
}

}  // namespace detail

}  // namespace polyrpc::tls
