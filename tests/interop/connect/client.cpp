// Calls a Connect server (server.js, or our own) with our client and prints a line per check.
// Usage: connect_client http://ADDRESS. In every format that was built in.

#include "polyrpc/polyrpc.hpp"
#include "polyrpc/transports/connect_client.hpp"

#include "checks.hpp"
#include "types.hpp"

#include <array>
#include <chrono>
#include <limits>
#include <string>
#include <string_view>

#if defined(POLYRPC_HAS_GZIP)
#include "polyrpc/compression/gzip.hpp"
#endif
#if defined(POLYRPC_HAS_PROTOBUF)
#include "polyrpc/codecs/protobuf.hpp"
#endif

namespace {

using namespace connect_peers;
using namespace interop;
using polyrpc::Result;
using polyrpc::StatusCode;

enum class Packed { no, yes };

using Format = std::shared_ptr<const polyrpc::MessageFormat>;

std::unique_ptr<polyrpc::Client> dial(const std::string& address, const Format& format, Packed packed = Packed::no) {
  polyrpc::connect::ClientOptions options;
#if defined(POLYRPC_HAS_GZIP)
  options.compressors = {polyrpc::gzip()};
  if (packed == Packed::yes) options.compress = polyrpc::gzip();
  options.compress_from = 0;
#else
  (void)packed;
#endif
  return polyrpc::dial(address, polyrpc::connect::unary(format, options));
}

Everything everything() {
  Everything value;
  value.yes = true;
  value.whole = (std::numeric_limits<std::int64_t>::min)();
  value.natural = (std::numeric_limits<std::uint64_t>::max)();
  value.small = -7;
  value.real = 0.1;
  value.text = "quote \" \xc3\xa4 \xe6\x97\xa5 \xf0\x9f\x98\x80 \xe2\x80\xa8 \n\t </script>";
  value.data = {std::byte{0}, std::byte{255}, std::byte{'a'}};
  value.list = {"", "x"};
  value.table = {{"", 1}, {"big", std::int64_t{1} << 62}};
  value.some = Args{1, 2};
  return value;
}

const std::string service = "interop.connect.Arith.";

void checks(const std::string& address, const Format& format) {
  const std::string prefix = std::string(format->name()) + "/";
  check(prefix + "calls", [&] {
    const auto client = dial(address, format);
    expect(good(client->call<Product>(service + "Multiply", Args{6, 7})).value == 42, "6*7");
    expect(good(client->call<Product>("interop.connect.Arith/Multiply", Args{0, 0})).value == 0, "0*0");
  });
  check(prefix + "everything", [&] {
    const auto client = dial(address, format);
    expect(good(client->call<Everything>(service + "Echo", everything())) == everything(), "it came back changed");
    expect(good(client->call<Everything>(service + "Echo", Everything())) == Everything(), "nothing came back as more");
  });
  check(prefix + "gzip", [&] {
    const auto client = dial(address, format, Packed::yes);
    Everything large = everything();
    large.text.assign(std::size_t{1} << 20, 'x');
    expect(good(client->call<Everything>(service + "Echo", large)) == large, "it came back changed");
    expect(good(client->call<Product>(service + "Multiply", Args{6, 7})).value == 42, "6*7");
  });
  check(prefix + "errors", [&] {
    const auto client = dial(address, format);
    constexpr std::array<std::string_view, 16> names = {
        "canceled",       "unknown",           "invalid_argument",   "deadline_exceeded",   "not_found",
        "already_exists", "permission_denied", "resource_exhausted", "failed_precondition", "aborted",
        "out_of_range",   "unimplemented",     "internal",           "unavailable",         "data_loss",
        "unauthenticated"};
    for (std::size_t i = 0; i < names.size(); ++i) {
      polyrpc::Metadata headers;
      polyrpc::Metadata trailers;
      polyrpc::CallOptions options;
      options.headers = &headers;
      options.trailers = &trailers;
      const Failure failure{std::string(names[i]), "why \"\xc3\xa4\""};
      const Result<Nothing> result = client->call<Nothing>(service + "Fail", failure, options);
      expect(static_cast<std::size_t>(result.status().code()) == i + 1, result.status().to_string());
      expect_text(result.status().message(), failure.message);
      expect(headers.get("x-header") == "in front", "no header");
      expect(trailers.get("x-trailer") == "behind", "no trailer");
    }
    expect(client->call<Nothing>(service + "None", Nothing()).status().code() == StatusCode::unimplemented, "None");
    expect(good(client->call<Product>(service + "Multiply", Args{6, 7})).value == 42, "the call after them");
  });
  check(prefix + "metadata", [&] {
    const auto client = dial(address, format);
    polyrpc::Metadata headers;
    polyrpc::Metadata trailers;
    polyrpc::CallOptions options;
    options.headers = &headers;
    options.trailers = &trailers;
    options.metadata = {{"x-key", "a value"}, {"blob-bin", std::string("\0\xff", 2)}};
    expect_text(good(client->call<Value>(service + "Metadata", Key{"x-key"}, options)).value, "a value");
    expect(headers.get("x-header") == "a value", "no header");
    expect(trailers.get("x-trailer") == "a value", "no trailer");
  });
  check(prefix + "deadline", [&] {
    const auto client = dial(address, format);
    polyrpc::CallOptions options;
    options.timeout = std::chrono::milliseconds(100);
    const Result<Nothing> late = client->call<Nothing>(service + "Sleep", Time{20'000}, options);
    expect(late.status().code() == StatusCode::deadline_exceeded, late.status().to_string());
    options.timeout = std::chrono::seconds(60);
    good(client->call<Nothing>(service + "Sleep", Time{1}, options));
  });
  check(prefix + "many_at_once", [&] {
    const auto client = dial(address, format);
    std::vector<polyrpc::Pending<Product>> pending;
    for (std::int64_t i = 0; i < 300; ++i) pending.push_back(client->go<Product>(service + "Multiply", Args{i, i}));
    for (std::int64_t i = 299; i >= 0; --i)
      expect(good(pending[static_cast<std::size_t>(i)].wait()).value == i * i, "reply " + std::to_string(i));
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  checks(argv[1], polyrpc::json::format());
#if defined(POLYRPC_HAS_PROTOBUF)
  checks(argv[1], polyrpc::protobuf::format());
#endif
  return failures == 0 ? 0 : 1;
}
