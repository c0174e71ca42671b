// The server that Connect's clients are aimed at. Prints "listening http ADDRESS" and "ready", and serves until its
// standard input ends.

#include "polyrpc/polyrpc.hpp"
#include "polyrpc/runtime/coroutine.hpp"
#include "polyrpc/transports/http1.hpp"
#include "polyrpc/transports/standard.hpp"

#include "types.hpp"

#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>

#if defined(POLYRPC_HAS_GZIP)
#include "polyrpc/compression/gzip.hpp"
#endif
#if defined(POLYRPC_HAS_PROTOBUF)
#include "polyrpc/codecs/protobuf.hpp"
#endif

namespace {

using namespace connect_peers;
using polyrpc::Context;
using polyrpc::Result;
using polyrpc::Status;
using polyrpc::StatusCode;

void register_services(polyrpc::Registry& registry) {
  const std::string service = "interop.connect.Arith.";
  registry.add(service + "Multiply", [](const Args& args) { return Product{args.a * args.b}; });
  registry.add(service + "Echo", [](const Everything& everything) { return everything; });
  registry.add(service + "Fail", [](Context& context, const Failure& failure) -> Result<Nothing> {
    context.headers().set("x-header", "in front");
    context.trailers().set("x-trailer", "behind");
    const auto code =
        failure.code == "canceled" ? StatusCode::cancelled : polyrpc::status_code_from_string(failure.code);
    return Status(code.value_or(StatusCode::unknown), failure.message);
  });
  registry.add(service + "Metadata", [](Context& context, const Key& key) {
    const std::string value(context.metadata().get(key.key).value_or(""));
    context.headers().set("x-header", value);
    context.trailers().set("x-trailer", value);
    return Value{value};
  });
  registry.add(service + "Sleep", [](const Time& time) -> polyrpc::Awaitable<Nothing> {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, std::chrono::milliseconds(time.milliseconds));
    co_await timer.async_wait(asio::use_awaitable);
    co_return Nothing();
  });
}

}  // namespace

int main() {
  polyrpc::Registry registry;
  register_services(registry);
  polyrpc::http1::Options http;
  http.connect.formats = {polyrpc::json::format()};
#if defined(POLYRPC_HAS_PROTOBUF)
  http.connect.formats.push_back(polyrpc::protobuf::format());
#endif
#if defined(POLYRPC_HAS_GZIP)
  http.connect.compressors = {polyrpc::gzip()};
#endif
  polyrpc::Protocols protocols;
  protocols.transports = polyrpc::standard_transports();
  protocols.add(polyrpc::http1::protocol(std::move(http)));
  polyrpc::Server server(registry, std::move(protocols));
  const std::string address = server.listen("tcp://127.0.0.1:0").to_string();
  std::printf("listening http %s\nready\n", address.substr(address.find("://") + 3).c_str());
  std::fflush(stdout);

  std::thread until_input_ends([&server] {
    for (std::string line; std::getline(std::cin, line);) {
    }
    server.shutdown();
  });
  server.run_without_signals();
  until_input_ends.join();
}
