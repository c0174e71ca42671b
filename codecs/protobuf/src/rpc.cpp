#include "polyrpc/codecs/protobuf.hpp"
#include "polyrpc/codecs/protobuf_rpc.hpp"

#include "rpc_client.hpp"
#include "rpc_envelope.hpp"
#include "rpc_fields.hpp"
#include "rpc_server.hpp"
#include "rpc_snappy.hpp"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace polyrpc::protobuf {

namespace {

class RpcCodec final : public Codec {
 public:
  explicit RpcCodec(RpcOptions options) : options_(std::move(options)) {}

  std::string_view name() const noexcept override { return "protorpc"; }
  Match matches(std::span<const std::byte> first_bytes) const noexcept override;
  std::unique_ptr<ServerCodec> server(const CodecLimits& limits) const override {
    return std::make_unique<detail::Server>(settings(limits));
  }
  std::unique_ptr<ClientCodec> client(const CodecLimits& limits) const override {
    return std::make_unique<detail::Client>(settings(limits));
  }

 private:
  /// Servers and clients have the same limits for all their connections.
  std::shared_ptr<const detail::Settings> settings(const CodecLimits& limits) const {
    const std::lock_guard lock(mutex_);
    if (settings_ == nullptr || limits != settings_->limits)
      settings_ = std::make_shared<const detail::Settings>(detail::Settings{options_, limits});
    return settings_;
  }

  const RpcOptions options_;
  mutable std::mutex mutex_;  // guards settings_
  mutable std::shared_ptr<const detail::Settings> settings_;
};

/// A connection begins with a header's length and the header's first field: the id (08), or the method (12) where the
/// id is 0. Behind an id comes the method or, where a call streams, what is said of the body (18, 20, 28) or a field of
/// ours, with two bytes a tag. What a gob or JSON connection, HTTP or TLS begins with has another byte in the second
/// place.
Match RpcCodec::matches(std::span<const std::byte> first_bytes) const noexcept {
  using detail::Varint;
  constexpr std::size_t most_length = 3;  // nobody's first header is longer than 2 MiB
  constexpr std::uint8_t id = 0x08;
  constexpr std::uint8_t method = 0x12;
  std::size_t at = 0;
  std::uint64_t header = 0;
  const auto front = first_bytes.first((std::min)(first_bytes.size(), most_length));
  if (detail::get_varint(front, at, header) != Varint::done)
    return first_bytes.size() < most_length ? Match::more : Match::no;
  const std::size_t begin = at;
  const auto left = [&] { return header - (std::min)(header, std::uint64_t{at - begin}); };
  if (left() == 0) return Match::no;
  if (at == first_bytes.size()) return Match::more;
  auto tag = std::to_integer<std::uint8_t>(first_bytes[at++]);
  std::uint64_t value = 0;
  if (tag == id) {
    const Varint got = detail::get_varint(first_bytes, at, value);
    if (got == Varint::bad || left() == 0) return Match::no;
    if (got == Varint::more || at == first_bytes.size()) return Match::more;
    tag = std::to_integer<std::uint8_t>(first_bytes[at++]);
    if (tag == 0x18 || tag == 0x20 || tag == 0x28 || tag >= 0x80) return Match::yes;
  }
  if (tag != method) return Match::no;
  const Varint got = detail::get_varint(first_bytes, at, value);
  if (got == Varint::more) return Match::more;
  return got == Varint::done && value > 0 && value <= left() ? Match::yes : Match::no;
}

}  // namespace

std::shared_ptr<const Codec> rpc(RpcOptions options) {
  if (options.compress_from && !detail::has_snappy())
    throw std::invalid_argument("protorpc: polyrpc was built without snappy");
  if (options.format == nullptr) options.format = format();
  return std::make_shared<RpcCodec>(std::move(options));
}

}  // namespace polyrpc::protobuf
