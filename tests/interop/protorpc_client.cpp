// Calls a protorpc server with the services of go/protorpc/arith over our client, and prints a line per check.
// Usage: interop_protorpc_client [--stock] ADDRESS. With --stock the server is chai2010/protorpc itself, which reads a
// call's body for a further header when it does not know the method.

#include "polyrpc/codecs/protobuf_rpc.hpp"
#include "polyrpc/polyrpc.hpp"

#include "checks.hpp"
#include "protorpc_services.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace interop;
using polyrpc::Result;
using polyrpc::StatusCode;

namespace {

struct Way {
  std::string name;
  bool compress;
  bool checksum;
};

void checks(const std::string& address, const Way& way, bool stock) {
  polyrpc::protobuf::RpcOptions options;
  if (way.compress) options.compress_from = 0;
  options.checksum = way.checksum;
  const auto dial = [&] { return polyrpc::dial(address, polyrpc::protobuf::rpc(options)); };
  const auto multiply = [](polyrpc::Client& client, std::int64_t a, std::int64_t b) {
    expect(good(client.call<Number>("Arith.Multiply", Args{a, b})).value == a * b, "product");
  };
  check(way.name + "/calls", [&] {
    const auto client = dial();
    for (std::int64_t i = -3; i < 200; ++i) multiply(*client, i, i * 1000);
  });
  check(way.name + "/errors", [&] {
    const auto client = dial();
    const auto fails = [&](const std::string& method, const auto& args, const std::string& text, StatusCode code) {
      const Result<Number> result = client->call<Number>(method, args);
      expect(!result.ok(), method + " succeeded");
      expect_text(result.status().message(), text);
      expect(result.status().code() == code, result.status().to_string());
      expect(result.status().origin() == polyrpc::Origin::remote, "the error does not say that it is the peer's");
    };
    fails("Arith.Divide", Args{1, 0}, "divide by zero", StatusCode::unknown);
    std::string text;
    for (int i = 0; i < 1000; ++i) text += "a long \xc3\xa4rror ";
    fails("Arith.Fail", Text{text}, text, StatusCode::unknown);
    multiply(*client, 2, 3);
    // With arguments the stock server may answer to what stands in them; without, and uncompressed, it goes on.
    fails("Arith.Missing", Args{}, "rpc: can't find method Arith.Missing", StatusCode::unimplemented);
    if (stock && way.compress) return;
    multiply(*client, 4, 5);
  });
  check(way.name + "/bodies", [&] {
    const auto client = dial();
    for (const std::size_t size : {0u, 1u, 100u, 127u, 128u, 1000u, 65536u, 1u << 20, 8u << 20}) {
      for (const std::size_t step : {0u, 7919u}) {
        Blob blob;
        blob.data.reserve(size);
        for (std::size_t i = 0; i < size; ++i) blob.data.push_back(static_cast<std::byte>(i * step >> 3));
        const Blob back = good(client->call<Blob>("Arith.Echo", blob));
        expect(back.data == blob.data, std::to_string(size) + " bytes came back changed");
      }
    }
  });
  check(way.name + "/many_at_once", [&] {
    const auto client = dial();
    std::vector<polyrpc::Pending<Number>> pending;
    for (std::int64_t i = 0; i < 300; ++i) pending.push_back(client->go<Number>("Arith.Multiply", Args{i, 2}));
    for (std::int64_t i = 299; i >= 0; --i)
      expect(good(pending[static_cast<std::size_t>(i)].wait()).value == 2 * i, "reply " + std::to_string(i));
  });
  check(way.name + "/out_of_order", [&] {
    const auto client = dial();
    auto slow = client->go<Number>("Arith.Sleep", Number{300});
    multiply(*client, 6, 7);
    expect(!slow.done(), "the slow call ended before the fast one");
    expect(good(slow.wait()).value == 300, "the slow one");
  });
  check(way.name + "/metadata_and_deadline", [&] {
    const auto client = dial();
    polyrpc::CallOptions call;
    call.metadata.add("key", "value");
    call.metadata.add("key-bin", std::string("\x00\xff", 2));
    call.timeout = std::chrono::seconds(30);
    expect(good(client->call<Number>("Arith.Multiply", Args{6, 7}, call)).value == 42, "product");
    call.timeout = std::chrono::milliseconds(50);
    const auto late = client->call<Number>("Arith.Sleep", Number{500}, call);
    expect(late.status().code() == StatusCode::deadline_exceeded, late.status().to_string());
    multiply(*client, 2, 3);
  });
}

}  // namespace

int main(int argc, char** argv) {
  bool stock = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--stock") {
      stock = true;
      continue;
    }
    checks(word, {"plain", false, false}, stock);
    checks(word, {"checksum", false, true}, stock);
    checks(word, {"snappy", true, false}, stock);
    checks(word, {"both", true, true}, stock);
  }
  return failures == 0 ? 0 : 1;
}
