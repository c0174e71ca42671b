// Server and client in a program that has an io_context of its own, and runs it on its only thread.

#include "polyrpc/polyrpc.hpp"
#include "polyrpc/runtime/async.hpp"
#include "polyrpc/runtime/coroutine.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <cstdio>

namespace {

inline constexpr polyrpc::Method<std::string, std::string> shout{"Text.Shout"};

polyrpc::Awaitable<void> session(polyrpc::Client& client, polyrpc::Server& server) {
  auto executor = co_await asio::this_coro::executor;
  for (int i = 1; i <= 3; ++i) {
    const auto reply = co_await client.async_call_with(shout, asio::use_awaitable, "hello " + std::to_string(i));
    std::printf("%s\n", reply.ok() ? reply->c_str() : reply.status().to_string().c_str());
    asio::steady_timer timer(executor, std::chrono::milliseconds(10));  // the program's own timers go on beside it
    co_await timer.async_wait(asio::use_awaitable);
  }
  client.close();
  server.shutdown();
}

}  // namespace

int main() {
  asio::io_context io(1);

  polyrpc::Registry registry;
  registry.add(shout, [](std::string text) {
    for (char& c : text)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text + "!";
  });
  polyrpc::Server server(io, registry, polyrpc::standard_protocols());
  const std::string address = server.listen("tcp://127.0.0.1:0").to_string();

  const auto client = polyrpc::dial(io, address, polyrpc::gob::net_rpc());
  asio::co_spawn(io, session(*client, server), asio::detached);

  io.run();  // returns when client and server have ended
  std::printf("nothing left to do\n");
}
