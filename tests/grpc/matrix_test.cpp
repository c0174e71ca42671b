// Every kind of message on every wire of one port.

#include "polyrpc/codecs/protobuf.hpp"
#include "polyrpc/codecs/protobuf_message.hpp"
#include "polyrpc/codecs/protobuf_rpc.hpp"
#include "polyrpc/grpc/client.hpp"
#include "polyrpc/grpc/server.hpp"
#include "polyrpc/polyrpc.hpp"
#include "polyrpc/runtime/stream.hpp"
#include "polyrpc/transports/connect_client.hpp"
#include "polyrpc/transports/http1.hpp"
#include "polyrpc/transports/standard.hpp"

#include "messages.pb.h"
#include "support/catch.hpp"
#include "support/running_server.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace polyrpc;
namespace pb = polyrpc::test;

namespace {

struct Point {
  std::int32_t x = 0, y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};
POLYRPC_DESCRIBE(Point, (x, "x", 1), (y, "y", 2));

struct Scalars {
  bool flag = false;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  float f32 = 0;
  double f64 = 0;
  std::string text;
  std::vector<std::byte> data;
  friend bool operator==(const Scalars&, const Scalars&) = default;
};
POLYRPC_DESCRIBE(Scalars, (flag, "flag", 1), (i32, "i32", 2), (i64, "i64", 3), (u32, "u32", 4), (u64, "u64", 5),
                 (f32, "f32", 6), (f64, "f64", 7), (text, "text", 8), (data, "data", 9));

/// The same, but borrowed from where it arrived.
struct Views {
  std::string_view text;
  std::span<const std::byte> data;
};
POLYRPC_DESCRIBE(Views, (text, "text", 8), (data, "data", 9));

Scalars a_struct() {
  Scalars scalars;
  scalars.flag = true;
  scalars.i32 = -7;
  scalars.i64 = std::int64_t{1} << 40;
  scalars.u32 = 4'000'000'000;
  scalars.u64 = std::uint64_t{1} << 53;
  scalars.f32 = 1.5F;
  scalars.f64 = -0.1;
  scalars.text = "Gr\xc3\xbc\xc3\x9f \"dich\"";
  scalars.data = {std::byte{0}, std::byte{255}};
  return scalars;
}

pb::Scalars a_message() {
  pb::Scalars scalars;
  scalars.set_flag(true);
  scalars.set_i32(-7);
  scalars.set_i64(std::int64_t{1} << 40);
  scalars.set_u32(4'000'000'000);
  scalars.set_u64(std::uint64_t{1} << 53);
  scalars.set_f32(1.5F);
  scalars.set_f64(-0.1);
  scalars.set_text("Gr\xc3\xbc\xc3\x9f \"dich\"");
  scalars.set_data(std::string("\0\xff", 2));
  return scalars;
}

Awaitable<Status> echo_all(Reader<Scalars>& requests, Writer<Scalars>& replies) {
  Scalars scalars;
  while (co_await requests.read(scalars)) {
    Status sent = co_await replies.write(scalars);
    if (!sent.ok()) co_return sent;
  }
  co_return requests.status();
}

struct Wire {
  const char* name;
  bool carries_protobuf;  // the bytes are the same, whatever the type in memory
  std::function<std::unique_ptr<Client>(const std::string& port)> dial;
};

std::vector<Wire> wires() {
  return {
      {"gob", false, [](const std::string& at) { return dial("tcp://" + at, gob::net_rpc()); }},
      {"gob behind CONNECT", false, [](const std::string& at) { return dial("http://" + at, gob::net_rpc()); }},
      {"JSON-RPC", false, [](const std::string& at) { return dial("tcp://" + at, json::rpc()); }},
      {"JSON-RPC by POST", false, [](const std::string& at) { return dial("http://" + at, json::rpc()); }},
      {"protobuf on TCP", true, [](const std::string& at) { return dial("tcp://" + at, protobuf::rpc()); }},
      {"Connect, JSON", false,
       [](const std::string& at) { return dial("http://" + at, connect::unary(json::format())); }},
      {"Connect, protobuf", true,
       [](const std::string& at) { return dial("http://" + at, connect::unary(protobuf::format())); }},
      {"gRPC", true, [](const std::string& at) { return grpc::dial("tcp://" + at); }},
  };
}

/// A server that speaks all of them on one port.
class Everything {
 public:
  Everything() {
    registry_.add("Matrix.Struct", [](const Scalars& scalars) { return scalars; });
    registry_.add("Matrix.Views", [](const Views& views) {
      Scalars scalars;
      scalars.text = views.text;
      scalars.data.assign(views.data.begin(), views.data.end());
      return scalars;
    });
    registry_.add("Matrix.Message", [](const pb::Scalars& scalars) { return scalars; });
    registry_.add("Matrix.Stream", echo_all);
    registry_.add("Matrix.Fail", [](const Scalars&) -> Result<Scalars> { return Status::not_found("not here"); });
    Protocols protocols;
    protocols.transports = standard_transports();
    http1::Options http;
    http.net_rpc = gob::net_rpc();
    http.json_rpc = json::rpc();
    http.connect.formats = {json::format(), protobuf::format()};
    protocols.add(grpc::protocol());
    protocols.add(http1::protocol(std::move(http)));
    protocols.add(codec_protocol(gob::net_rpc()));
    protocols.add(codec_protocol(json::rpc()));
    protocols.add(codec_protocol(protobuf::rpc()));
    server_ = std::make_unique<test::RunningServer>(registry_, std::move(protocols));
  }
  std::string at() const { return server_->address().substr(std::string("tcp://").size()); }

 private:
  Registry registry_;
  std::unique_ptr<test::RunningServer> server_;
};

std::string text_of(const pb::Scalars& message) { return message.SerializeAsString(); }

}  // namespace

TEST_CASE("an argument may borrow on every wire", "[grpc]") {
  const Everything server;
  const Views views{"Gr\xc3\xbc\xc3\x9f \"dich\"\n", std::as_bytes(std::span("\0\xff\x80", 3))};
  for (const Wire& wire : wires()) {
    INFO(wire.name);
    const auto client = wire.dial(server.at());
    for (int i = 0; i < 2; ++i) {
      const auto reply = client->call<Scalars>("Matrix.Views", views);
      INFO(reply.status().to_string());
      REQUIRE(reply.ok());
      CHECK(reply->text == views.text);
      CHECK(std::equal(reply->data.begin(), reply->data.end(), views.data.begin(), views.data.end()));
    }
  }
}

TEST_CASE("described structs and generated messages travel on every wire of one port", "[grpc]") {
  const Everything server;
  for (const Wire& wire : wires()) {
    INFO(wire.name);
    const auto client = wire.dial(server.at());
    const auto structs = client->call<Scalars>("Matrix.Struct", a_struct());
    INFO(structs.status().to_string());
    REQUIRE(structs.ok());
    CHECK(*structs == a_struct());
    const auto messages = client->call<pb::Scalars>("Matrix.Message", a_message());
    INFO(messages.status().to_string());
    REQUIRE(messages.ok());
    CHECK(text_of(*messages) == text_of(a_message()));
    const auto zero = client->call<Scalars>("Matrix.Struct", Scalars());
    REQUIRE(zero.ok());
    CHECK(*zero == Scalars());
    const auto empty = client->call<pb::Scalars>("Matrix.Message", pb::Scalars());
    REQUIRE(empty.ok());
    CHECK(text_of(*empty).empty());
    if (!wire.carries_protobuf) continue;
    const auto crossed = client->call<Scalars>("Matrix.Message", a_struct());
    REQUIRE(crossed.ok());
    CHECK(*crossed == a_struct());
    const auto back = client->call<pb::Scalars>("Matrix.Struct", a_message());
    REQUIRE(back.ok());
    CHECK(text_of(*back) == text_of(a_message()));
  }
}

TEST_CASE("an error has the same code and text on every wire of one port", "[grpc]") {
  const Everything server;
  for (const Wire& wire : wires()) {
    INFO(wire.name);
    const auto client = wire.dial(server.at());
    const Status status = client->call<Scalars>("Matrix.Fail", Scalars()).status();
    CHECK(status.message() == "not here");
    CHECK(status.origin() == Origin::remote);
    const bool is_text_alone = std::string_view(wire.name).starts_with("gob");
    if (!is_text_alone) CHECK(status.code() == StatusCode::not_found);
    CHECK(client->call<Scalars>("Matrix.No", Scalars()).status().code() == StatusCode::unimplemented);
  }
}

TEST_CASE("every wire's calls work after a streaming call that another connection of the thread has made", "[grpc]") {
  const Everything server;
  const auto streaming = grpc::dial("tcp://" + server.at());
  for (const Wire& wire : wires()) {
    INFO(wire.name);
    const auto client = wire.dial(server.at());
    auto call = streaming->open_bidirectional<Scalars, Scalars>("Matrix.Stream");
    REQUIRE(call.write(a_struct()).ok());
    Scalars echo;
    REQUIRE(call.read(echo));
    CHECK(echo == a_struct());
    const auto between = client->call<Scalars>("Matrix.Struct", a_struct());
    INFO(between.status().to_string());
    CHECK(between.ok());
    CHECK(call.finish().ok());
  }
}
