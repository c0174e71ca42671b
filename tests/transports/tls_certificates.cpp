#include "tls_certificates.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace polyrpc::test {

namespace {

template <auto f>
struct Free {
  template <class T>
  void operator()(T* object) const noexcept {
    f(object);
  }
};
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, Free<BIO_free>>;

void must(bool good) {
  if (!good) throw std::runtime_error("a certificate can't be made");
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  must(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  must(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(bio.get());
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  must(extension != nullptr);
  const int added = X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  must(added == 1);
}

X509Ptr make(const CertificateWish& wish, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key, bool is_authority) {
  static long serial = 0;
  X509Ptr made(X509_new());
  must(made != nullptr);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -7200);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), wish.expired ? -3600 : 86400);
  X509_set_pubkey(made.get(), key);
  X509_NAME* name = X509_get_subject_name(made.get());
  must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(wish.name.c_str()),
                                  -1, -1, 0) == 1);
  X509* const signer = issuer == nullptr ? made.get() : issuer;
  X509_set_issuer_name(made.get(), X509_get_subject_name(signer));
  extend(made.get(), signer, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (is_authority) extend(made.get(), signer, NID_key_usage, "critical,keyCertSign");
  if (!wish.alternative.empty()) extend(made.get(), signer, NID_subject_alt_name, wish.alternative);
  if (wish.ballast > 0) extend(made.get(), signer, NID_netscape_comment, std::string(wish.ballast, 'x'));
  must(X509_sign(made.get(), issuer_key, EVP_sha256()) != 0);
  return made;
}

}  // namespace

struct Authority::Impl {
  KeyPtr key;
  X509Ptr certificate;
  std::string pem;
};

Authority::Authority(std::string_view name) : impl_(std::make_unique<Impl>()) {
  impl_->key.reset(EVP_EC_gen("P-256"));
  must(impl_->key != nullptr);
  const CertificateWish wish{.name = std::string(name)};
  impl_->certificate = make(wish, impl_->key.get(), nullptr, impl_->key.get(), true);
  impl_->pem = pem_of(impl_->certificate.get());
}

Authority::~Authority() = default;

const std::string& Authority::pem() const noexcept { return impl_->pem; }

Certificate Authority::issue(const CertificateWish& wish) const {
  const KeyPtr key(EVP_EC_gen("P-256"));
  must(key != nullptr);
  const X509Ptr made = make(wish, key.get(), impl_->certificate.get(), impl_->key.get(), false);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  must(X509_digest(made.get(), EVP_sha256(), digest, &size) == 1);
  Certificate result;
  result.pem = pem_of(made.get());
  result.key = pem_of(key.get());
  for (unsigned i = 0; i < size; ++i) {
    result.fingerprint += "0123456789abcdef"[digest[i] >> 4];
    result.fingerprint += "0123456789abcdef"[digest[i] & 15];
  }
  return result;
}

}  // namespace polyrpc::test
