// polyrpc's echo server, all wires on one port. --copy 1 copies the bytes into a vector and out of it again, as a
// handler that keeps them would; without it the handler sees them where they arrived. --tls and --key name a
// certificate and its key: then everything is served on TLS.

#include <polyrpc/polyrpc.hpp>
#include <polyrpc/runtime/stream.hpp>
#if defined(BENCH_GRPC)
#include <polyrpc/codecs/protobuf.hpp>
#include <polyrpc/codecs/protobuf_rpc.hpp>
#include <polyrpc/grpc/server.hpp>
#include <polyrpc/transports/http1.hpp>
#endif
#if defined(BENCH_TLS)
#include <polyrpc/transports/tls.hpp>
#endif

#include "echo_types.hpp"
#include "support/options.hpp"
#include "support/work.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using bench::Echo;
using polyrpc::Awaitable;
using polyrpc::Reader;
using polyrpc::Status;
using polyrpc::Writer;

Awaitable<Status> ping_pong(Reader<Echo>& requests, Writer<Echo>& replies) {
  Echo echo;
  while (co_await requests.read(echo)) {
    Status sent = co_await replies.write(echo);
    if (!sent.ok()) co_return sent;
  }
  co_return requests.status();
}

Awaitable<Status> server_push(const Echo& request, Writer<Echo>& replies) {
  const Echo echo = request;
  for (std::int64_t i = 0; i < echo.a; ++i) {
    Status sent = co_await replies.write(echo);
    if (!sent.ok()) co_return sent;
  }
  co_return Status();
}

Awaitable<Status> client_push(Reader<Echo>& requests, Echo& reply) {
  Echo echo;
  while (co_await requests.read(echo)) ++reply.a;
  co_return requests.status();
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(argc, argv, "options: --port N (0: any) --copy 0|1 --threads N --tls FILE --key FILE ");
  try {
    polyrpc::Registry registry;
    for (const char* name : {"Echo.Echo", "bench.Echo.Echo"}) {
      if (options.number("copy", 0) != 0)
        registry.add(name, [](const bench::Echo& echo) { return echo; });
      else
        registry.add(name, [](const bench::EchoView& echo) { return echo; });
    }
    registry.set_blocking_threads(32);
    for (const std::string package : {"", "bench."}) {
      registry.add(package + "Echo.Slow", polyrpc::blocking([](const Echo& echo) {
                     std::this_thread::sleep_for(std::chrono::milliseconds(5));
                     return echo;
                   }));
      registry.add(package + "Echo.Work", [](const bench::EchoView& echo) {
        bench::work();
        return echo;
      });
      registry.add(package + "Echo.PingPong", ping_pong);
      registry.add(package + "Echo.ServerPush", server_push);
      registry.add(package + "Echo.ClientPush", client_push);
    }

    polyrpc::Protocols protocols = polyrpc::standard_protocols();
#if defined(BENCH_GRPC)
    polyrpc::grpc::ServerOptions grpc;
    grpc.connect.formats = {polyrpc::json::format(), polyrpc::protobuf::format()};
    grpc.concurrent_streams = 1024;
    grpc.receive_message_bytes = std::size_t{16} << 20;
    protocols.add(polyrpc::grpc::protocol(grpc));
    // As standard_protocols() has it, but Connect in protobuf too.
    polyrpc::json::Options in_bodies;
    in_bodies.undecided = polyrpc::json::Version::v2;
    polyrpc::http1::Options http1;
    http1.net_rpc = polyrpc::gob::net_rpc();
    http1.json_rpc = polyrpc::json::rpc(in_bodies);
    http1.connect = grpc.connect;
    protocols.list.insert(protocols.list.begin(), polyrpc::http1::protocol(http1));
    protocols.add(polyrpc::codec_protocol(polyrpc::protobuf::rpc()));
#endif
    std::string scheme = "tcp";
    if (!options.text("tls", "").empty()) {
#if defined(BENCH_TLS)
      polyrpc::tls::ServerOptions tls;
      tls.certificate = polyrpc::tls::Pem::file(options.text("tls", ""));
      tls.key = polyrpc::tls::Pem::file(options.text("key", ""));
      tls.alpn = polyrpc::tls::alpn_for(protocols);
      protocols.transports.add(polyrpc::tls::server_transport(tls));
      scheme = "tls";
#else
      throw std::runtime_error("built without TLS");
#endif
    }
    polyrpc::Server server(registry, protocols);
    const polyrpc::Endpoint endpoint = server.listen(scheme + "://127.0.0.1:" + options.text("port", "0"));
    std::printf("listening tcp 127.0.0.1:%u\n", static_cast<unsigned>(endpoint.port));
    std::fflush(stdout);
    server.run(options.number<std::size_t>("threads", 1));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "polyrpc_server: %s\n", error.what());
    return 1;
  }
}
