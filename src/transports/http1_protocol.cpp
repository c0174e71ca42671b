#include "http1_connection.hpp"
#include "http1_site.hpp"

#include <array>
#include <utility>

namespace polyrpc::http1 {

namespace {

constexpr std::array<std::string_view, 9> methods = {"GET ",     "POST ",    "HEAD ",  "PUT ",  "DELETE ",
                                                     "OPTIONS ", "CONNECT ", "TRACE ", "PATCH "};

class HttpProtocol final : public Protocol {
 public:
  explicit HttpProtocol(Options options) : site_(std::make_shared<const Site>(std::move(options))) {}

  std::string_view name() const noexcept override { return "http/1.1"; }

  Match matches(std::span<const std::byte> first_bytes) const noexcept override {
    const std::string_view text = as_text(first_bytes);
    Match match = Match::no;
    for (const std::string_view method : methods) {
      if (text.starts_with(method)) return Match::yes;
      if (method.starts_with(text)) match = Match::more;
    }
    return match;
  }

  std::shared_ptr<ServedConnection> serve(std::unique_ptr<Connection> connection, ByteQueue first_bytes,
                                          ServerHost& host) const override {
    return std::make_shared<HttpConnection>(std::move(connection), std::move(first_bytes), host, site_);
  }

 private:
  std::shared_ptr<const Site> site_;
};

}  // namespace

std::shared_ptr<const Protocol> protocol(Options options) { return std::make_shared<HttpProtocol>(std::move(options)); }

}  // namespace polyrpc::http1
