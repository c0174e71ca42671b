#include "grpc/services.hpp"

#include "polyrpc/grpc/reflection.hpp"
#include "polyrpc/grpc/server.hpp"
#include "polyrpc/services/grpc_health.hpp"

#include "grpc/h2_peer.hpp"
#include "support/catch.hpp"

#include <string>

using namespace polyrpc;
using namespace polyrpc::test;

namespace {

std::string text_field(char tag, std::string_view text) {
  return std::string(1, tag) + static_cast<char>(text.size()) + std::string(text);
}

struct Fixture {
  Fixture() {
    health.add_to(registry);
    register_services(registry, seen);
    grpc::add_reflection(registry);
    Protocols protocols;
    protocols.add(grpc::protocol());
    server = std::make_unique<TurnedServer>(registry, std::move(protocols));
    peer = std::make_unique<H2Peer>(*server);
  }
  /// One question to the reflection service, and the body of its answer.
  std::string ask(std::string_view service, const std::string& question) {
    next += 2;
    peer->call(next, "/grpc.reflection." + std::string(service) + ".ServerReflection/ServerReflectionInfo", question);
    const auto answer = peer->answer(next);
    CHECK(answer.status == "0");
    return answer.body;
  }

  services::GrpcHealth health;
  Seen seen;
  Registry registry;
  std::unique_ptr<TurnedServer> server;
  std::unique_ptr<H2Peer> peer;
  std::uint32_t next = 101;
};

}  // namespace

TEST_CASE("Check tells how a service is doing", "[health]") {
  Fixture f;
  f.peer->call(1, "/grpc.health.v1.Health/Check", "");
  CHECK(f.peer->answer(1).body == message("\x08\x01"));
  f.peer->call(3, "/grpc.health.v1.Health/Check", text_field('\x0a', "a.B"));
  CHECK(f.peer->answer(3).status == "5");
  f.health.set("a.B", services::Serving::not_serving);
  f.peer->call(5, "/grpc.health.v1.Health/Check", text_field('\x0a', "a.B"));
  CHECK(f.peer->answer(5).body == message("\x08\x02"));
  f.health.shutdown();
  f.peer->call(7, "/grpc.health.v1.Health/Check", "");
  CHECK(f.peer->answer(7).body == message("\x08\x02"));
  f.health.resume();
  f.peer->call(9, "/grpc.health.v1.Health/List", "");
  CHECK(f.peer->answer(9).body ==
        message(std::string("\x0a\x06\x0a\0\x12\x02\x08\x01", 8) + std::string("\x0a\x09\x0a\x03"
                                                                               "a.B\x12\x02\x08\x02",
                                                                               11)));
}

TEST_CASE("Watch tells at once, then each change, and of unknown services too", "[health]") {
  Fixture f;
  f.peer->call(1, "/grpc.health.v1.Health/Watch", text_field('\x0a', "a.B"));
  CHECK(f.peer->answer(1).body == message("\x08\x03"));
  f.health.set("a.B", services::Serving::serving);
  CHECK(f.peer->answer(1).body == message("\x08\x01"));
  f.health.set("a.B", services::Serving::serving);
  CHECK(f.peer->answer(1).body.empty());
  f.health.set("a.B", services::Serving::not_serving);
  f.health.set("a.C", services::Serving::not_serving);
  CHECK(f.peer->answer(1).body == message("\x08\x02"));
  f.peer->send(frame(rst_stream, 0, 1, big_endian(NGHTTP2_CANCEL, 4)));
  f.peer->call(3, "/grpc.health.v1.Health/Check", "");
  CHECK(f.peer->answer(3).status == "0");
}

TEST_CASE("reflection lists the services, in both versions", "[reflection]") {
  Fixture f;
  for (const char* version : {"v1", "v1alpha"}) {
    const std::string answer = f.ask(version, text_field('\x3a', ""));
    for (const char* name : {"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                             "grpc.reflection.v1alpha.ServerReflection", "test.Service"})
      CHECK(answer.find(text_field('\x0a', name)) != std::string::npos);
  }
}

TEST_CASE("reflection has the files of described structs, by symbol and by name", "[reflection]") {
  Fixture f;
  const std::string by_service = f.ask("v1", text_field('\x22', "test.Service"));
  CHECK(by_service.find("Double") != std::string::npos);
  CHECK(by_service.find("proto3") != std::string::npos);
  const std::string by_method = f.ask("v1", text_field('\x22', "test.Service.Chat"));
  CHECK(by_method.find("Double") != std::string::npos);
  const std::string unknown = f.ask("v1", text_field('\x22', "no.Such"));
  CHECK(unknown.find("no.Such is not known here") != std::string::npos);
  CHECK(f.ask("v1", text_field('\x1a', "no.proto")).find("not known") != std::string::npos);
  CHECK(f.ask("v1", text_field('\x32', "test.Number")).find("test.Number") != std::string::npos);
  CHECK(f.ask("v1", text_field('\x32', "no.Type")).find("not known") != std::string::npos);
  CHECK(f.ask("v1", "").find("nothing is asked") != std::string::npos);
}
