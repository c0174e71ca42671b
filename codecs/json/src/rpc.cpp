#include "polyrpc/codecs/json.hpp"

#include "chars.hpp"
#include "client.hpp"
#include "server.hpp"

namespace polyrpc::json {

namespace {

class RpcCodec final : public Codec {
 public:
  explicit RpcCodec(const Options& options) : options_(options) {}

  std::string_view name() const noexcept override { return "jsonrpc"; }
  Match matches(std::span<const std::byte> first_bytes) const noexcept override;
  std::unique_ptr<ServerCodec> server(const CodecLimits& limits) const override {
    return std::make_unique<RpcServer>(RpcSettings::get(options_, limits));
  }
  std::unique_ptr<ClientCodec> client(const CodecLimits& limits) const override {
    return std::make_unique<RpcClient>(options_, limits);
  }

 private:
  const Options options_;
};

// A length in front of a gob or protobuf message may look like a bracket or white space. What follows one there is a
// negative type id (0x7F, 0xF8 to 0xFF) or a field's tag (0x08, 0x0A, 0x12), and none of them can follow here: a line
// feed can, but in JSON something else comes after it.
Match RpcCodec::matches(std::span<const std::byte> first_bytes) const noexcept {
  const std::string_view text = as_text(first_bytes);
  const char* const end = text.data() + text.size();
  const char* p = skip_spaces(text.data(), end);
  if (p == end) return Match::more;
  const char bracket = *p;
  if (bracket != '{' && bracket != '[') return Match::no;
  p = skip_spaces(p + 1, end);
  if (p == end) return Match::more;
  if (bracket == '{') return *p == '"' || *p == '}' ? Match::yes : Match::no;
  constexpr std::string_view starts = "{[]\"-0123456789tfn";
  return starts.find(*p) != std::string_view::npos ? Match::yes : Match::no;
}

}  // namespace

std::shared_ptr<const Codec> rpc(const Options& options) { return std::make_shared<RpcCodec>(options); }

}  // namespace polyrpc::json
