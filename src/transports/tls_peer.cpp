#include "tls_context.hpp"

#include <array>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string_view>

// Who the peer's certificate says it is.
namespace polyrpc::tls {

namespace {

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;

std::string content(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string subject_of(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr) return {};
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  return content(bio.get());
}

std::string fingerprint_of(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

/// A name as text; empty if a zero byte would end it early for who compares it as a C string.
std::string text_of(const ASN1_STRING* string) {
  const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(string));
  std::string text(data, static_cast<std::size_t>(ASN1_STRING_length(string)));
  if (text.find('\0') != std::string::npos) return {};
  return text;
}

std::string ip_of(const ASN1_OCTET_STRING* string) {
  const unsigned char* bytes = ASN1_STRING_get0_data(string);
  const int size = ASN1_STRING_length(string);
  std::string text;
  if (size == 4) {
    for (int i = 0; i < 4; ++i) text += (i == 0 ? "" : ".") + std::to_string(bytes[i]);
    return text;
  }
  if (size != 16) return {};
  // RFC 5952: the longest run of zero groups, the first of equals, is left out.
  std::array<unsigned, 8> groups;
  for (std::size_t i = 0; i < 8; ++i) groups[i] = static_cast<unsigned>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  std::size_t best = 8;
  std::size_t best_size = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > best_size) best = i, best_size = end - i;
  }
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best) {
      text += "::";
      i += best_size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    std::array<char, 8> hex;
    std::snprintf(hex.data(), hex.size(), "%x", groups[i]);
    text += hex.data();
  }
  return text;
}

void add(std::vector<std::string>& list, std::string name) {
  if (!name.empty()) list.push_back(std::move(name));
}

void read_names(X509* certificate, TlsPeer& peer) {
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    switch (name->type) {
      case GEN_DNS:
        add(peer.dns_names, text_of(name->d.dNSName));
        break;
      case GEN_URI:
        add(peer.uris, text_of(name->d.uniformResourceIdentifier));
        break;
      case GEN_EMAIL:
        add(peer.emails, text_of(name->d.rfc822Name));
        break;
      case GEN_IPADD:
        add(peer.ip_addresses, ip_of(name->d.iPAddress));
        break;
      default:
        break;
    }
  }
}

std::string chain_of(SSL* ssl, X509* own, bool is_server) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr) return {};
  // OpenSSL leaves a client's own certificate out of the chain that a server sees.
  if (is_server) PEM_write_bio_X509(bio.get(), own);
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i)
    PEM_write_bio_X509(bio.get(), sk_X509_value(chain, i));
  return content(bio.get());
}

}  // namespace

std::shared_ptr<const TlsPeer> describe_peer(SSL* ssl, bool is_server) {
  const auto peer = std::make_shared<TlsPeer>();
  peer->version = SSL_get_version(ssl);
  if (const char* cipher = SSL_get_cipher_name(ssl)) peer->cipher = cipher;
  const unsigned char* alpn = nullptr;
  unsigned alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  if (alpn_size != 0) peer->alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) peer->server_name = name;
  if (const X509Ptr certificate{SSL_get1_peer_certificate(ssl)}) {
    peer->verified = SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE && SSL_get_verify_result(ssl) == X509_V_OK;
    peer->subject = subject_of(certificate.get());
    read_names(certificate.get(), *peer);
    peer->fingerprint = fingerprint_of(certificate.get());
    peer->certificates = chain_of(ssl, certificate.get(), is_server);
  }
  ERR_clear_error();
  return peer;
}

}  // namespace polyrpc::tls
