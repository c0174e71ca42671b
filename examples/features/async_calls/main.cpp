// The same call four ways: Go-like, callback, future, coroutine.

#include "polyrpc/polyrpc.hpp"
#include "polyrpc/runtime/async.hpp"
#include "polyrpc/runtime/coroutine.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <cstdio>
#include <future>
#include <thread>

struct Args {
  std::int64_t a = 0, b = 0;
};
POLYRPC_DESCRIBE(Args, (a, "A"), (b, "B"));

inline constexpr polyrpc::Method<Args, std::int64_t> multiply{"Arith.Multiply"};

namespace {

polyrpc::Awaitable<std::int64_t> product_of_four(polyrpc::Client& client) {
  // The argument is made of its fields inside: see docs/getting_started.md on aggregates in co_await expressions.
  const auto first = co_await client.async_call_with(multiply, asio::use_awaitable, 2, 3);
  const auto second = co_await client.async_call_with(multiply, asio::use_awaitable, 4, 5);
  const auto both = co_await client.async_call_with(multiply, asio::use_awaitable, first.value(), second.value());
  co_return both.value();
}

}  // namespace

int main() {
  polyrpc::Registry registry;
  registry.add(multiply, [](const Args& args) { return args.a * args.b; });
  polyrpc::Server server(registry, polyrpc::standard_protocols());
  const std::string address = server.listen("tcp://127.0.0.1:0").to_string();
  std::thread serving([&] { server.run(); });

  asio::io_context io(1);
  auto guard = asio::make_work_guard(io);
  std::thread running([&] { io.run(); });
  {
    const auto client = polyrpc::dial(io, address, polyrpc::gob::net_rpc());

    auto pending = client->go(multiply, Args{6, 7});
    std::printf("go: %lld\n", static_cast<long long>(pending.wait().value()));

    std::promise<void> called;
    client->async_call(multiply, Args{6, 7}, [&](polyrpc::Result<std::int64_t> product) {
      std::printf("callback: %lld\n", static_cast<long long>(product.value()));
      called.set_value();
    });
    called.get_future().wait();

    std::future<polyrpc::Result<std::int64_t>> future = client->async_call(multiply, Args{6, 7}, asio::use_future);
    std::printf("future: %lld\n", static_cast<long long>(future.get().value()));

    std::future<std::int64_t> four = asio::co_spawn(io, product_of_four(*client), asio::use_future);
    std::printf("coroutine: %lld\n", static_cast<long long>(four.get()));
  }
  guard.reset();
  running.join();
  server.shutdown();
  serving.join();
}
