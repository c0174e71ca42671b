#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace polyrpc::test {

/// A certificate and its key, as PEM.
struct Certificate {
  std::string pem;
  std::string key;
  std::string fingerprint;  ///< SHA-256, lower-case hexadecimal
};

struct CertificateWish {
  std::string name;              ///< the subject's common name
  std::string alternative = {};  ///< as OpenSSL writes it: `DNS:localhost,IP:127.0.0.1`
  bool expired = false;
  std::size_t ballast = 0;  ///< bytes of comment
};

/// Certificates for the length of a test: an authority with a key of its own, and what it signs.
class Authority {
 public:
  explicit Authority(std::string_view name);
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  const std::string& pem() const noexcept;
  Certificate issue(const CertificateWish& wish) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace polyrpc::test
