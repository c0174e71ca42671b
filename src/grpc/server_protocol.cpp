#include "polyrpc/grpc/server.hpp"

#include "server_connection.hpp"
#include "server_site.hpp"

#include <algorithm>
#include <utility>

namespace polyrpc::grpc {

namespace {

// RFC 9113, 3.4.
constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t telling = 14;  // nobody else's requests start with so much of it

class Http2Protocol final : public Protocol {
 public:
  explicit Http2Protocol(ServerOptions options) : site_(std::make_shared<const Site>(std::move(options))) {}

  std::string_view name() const noexcept override { return "grpc"; }
  Match matches(std::span<const std::byte> first_bytes) const noexcept override {
    const std::string_view text = as_text(first_bytes);
    const std::size_t there = (std::min)(text.size(), telling);
    if (text.substr(0, there) != preface.substr(0, there)) return Match::no;
    return there == telling ? Match::yes : Match::more;
  }
  std::shared_ptr<ServedConnection> serve(std::unique_ptr<Connection> connection, ByteQueue first_bytes,
                                          ServerHost& host) const override {
    return std::make_shared<ServerConnection>(std::move(connection), std::move(first_bytes), host, site_);
  }
  std::string_view upgrade_token() const noexcept override { return "h2c"; }
  std::shared_ptr<ServedConnection> upgrade(std::unique_ptr<Connection> connection, ByteQueue first_bytes,
                                            UpgradeRequest request, ServerHost& host) const override {
    return std::make_shared<ServerConnection>(std::move(connection), std::move(first_bytes), host, site_, &request);
  }

 private:
  std::shared_ptr<const Site> site_;
};

}  // namespace

std::shared_ptr<const Protocol> protocol(ServerOptions options) {
  return std::make_shared<Http2Protocol>(std::move(options));
}

}  // namespace polyrpc::grpc
