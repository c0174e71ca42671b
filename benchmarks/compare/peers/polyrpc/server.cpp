// polyrpc's echo server, all wires on one port. --copy 1 copies the bytes into a vector and out of it again, as a
// handler that keeps them would; without it the handler sees them where they arrived.

#include <polyrpc/polyrpc.hpp>
#include <polyrpc/runtime/stream.hpp>
#if defined(BENCH_GRPC)
#include <polyrpc/codecs/protobuf.hpp>
#include <polyrpc/codecs/protobuf_rpc.hpp>
#include <polyrpc/grpc/server.hpp>
#endif

#include "echo_types.hpp"
#include "support/options.hpp"

#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

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
  const bench::Options options(argc, argv, "options: --port N (0: any) --copy 0|1 --threads N ");
  try {
    polyrpc::Registry registry;
    for (const char* name : {"Echo.Echo", "bench.Echo.Echo"}) {
      if (options.number("copy", 0) != 0)
        registry.add(name, [](const bench::Echo& echo) { return echo; });
      else
        registry.add(name, [](const bench::EchoView& echo) { return echo; });
    }
    for (const std::string package : {"", "bench."}) {
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
    protocols.add(polyrpc::codec_protocol(polyrpc::protobuf::rpc()));
#endif
    polyrpc::Server server(registry, protocols);
    const polyrpc::Endpoint endpoint = server.listen("tcp://127.0.0.1:" + options.text("port", "0"));
    std::printf("listening tcp 127.0.0.1:%u\n", static_cast<unsigned>(endpoint.port));
    std::fflush(stdout);
    server.run(options.number<std::size_t>("threads", 1));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "polyrpc_server: %s\n", error.what());
    return 1;
  }
}
