// Any bytes to a gRPC server, at once and in pieces: it must live, keep to its limits, and serve the next connection.

#include "polyrpc/codecs/protobuf.hpp"
#include "polyrpc/grpc/reflection.hpp"
#include "polyrpc/grpc/server.hpp"
#include "polyrpc/services/grpc_health.hpp"

#include "fuzz.hpp"
#include "grpc/h2_peer.hpp"
#include "grpc/services.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace polyrpc;

struct Everything {
  Everything() {
    health.add_to(registry);
    test::register_services(registry, seen);
    grpc::add_reflection(registry);
    grpc::ServerOptions options;
    options.connect.formats = {protobuf::format()};
    options.receive_message_bytes = 3000;
    options.connection_bytes = 20000;
    options.stream_window = 2000;
    options.concurrent_streams = 20;
    options.header_bytes = 2000;
    options.reset_burst = 20;
    options.mount("/page", [](const http::Request& request) {
      return http::Response::text(200, std::string(request.method) + std::string(request.body));
    });
    Protocols protocols;
    protocols.add(grpc::protocol(std::move(options)));
    ServerOptions server_options;
    server_options.limits.unsent_bytes = 20000;
    server = std::make_unique<test::TurnedServer>(registry, std::move(protocols), std::move(server_options));
  }

  services::GrpcHealth health;
  test::Seen seen;
  Registry registry;
  std::unique_ptr<test::TurnedServer> server;
};

Everything& everything() {
  static Everything& made = *new Everything();  // for the whole run
  return made;
}

void tell(std::string_view bytes, std::size_t piece) {
  test::TurnedPeer peer(*everything().server);
  peer.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + test::frame(test::settings, 0, 0, ""));
  std::size_t answered = 0;
  while (!bytes.empty() && !peer.closed()) {
    peer.send(bytes.substr(0, piece));
    answered += peer.take().size();
    bytes.remove_prefix((std::min)(piece, bytes.size()));
  }
  if (answered > (std::size_t{8} << 20)) fuzz::fail("more is answered than windows allow", std::to_string(answered));
  peer.close();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  tell(bytes, std::string_view::npos);
  tell(bytes, std::size_t{1} + data[0] % 64);
  const test::Seen& seen = everything().seen;
  if (seen.started < seen.ended) fuzz::fail("a handler has ended twice", "");

  test::H2Peer other(*everything().server);
  other.call(1, "/test.Service/Double", test::number_bytes(21));
  if (other.answer(1).body != test::message(test::number_bytes(42))) fuzz::fail("another connection is not served", "");
  return 0;
}
