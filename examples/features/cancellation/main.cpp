// A call is cancelled from outside, and its coroutine ends at once, wherever it waits.

#include "polyrpc/polyrpc.hpp"
#include "polyrpc/runtime/coroutine.hpp"

#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <cstdio>
#include <future>
#include <thread>

using namespace std::chrono_literals;

namespace {

std::promise<void> started, stopped;

polyrpc::Awaitable<polyrpc::Result<std::string>> wait_an_hour(const std::string& what) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, 1h);
  started.set_value();
  asio::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await timer.async_wait(token);
  if (error) {
    stopped.set_value();
    co_return polyrpc::Status::cancelled("nobody waits for " + what);
  }
  co_return what;
}

}  // namespace

int main() {
  polyrpc::Registry registry;
  registry.add("Slow.Wait", [](const std::string& what) { return wait_an_hour(what); });

  polyrpc::Server server(registry, polyrpc::standard_protocols());
  const std::string address = server.listen("tcp://127.0.0.1:0").to_string();
  std::thread serving([&] { server.run(); });
  {
    const auto client = polyrpc::dial(address, polyrpc::gob::net_rpc());
    polyrpc::CallOptions patient;
    patient.timeout = polyrpc::no_timeout;
    auto pending = client->go<std::string>("Slow.Wait", std::string("the bus"), patient);
    started.get_future().wait();
    pending.cancel();
    std::printf("the call: %s\n", polyrpc::to_string(pending.wait().status().code()).data());
    stopped.get_future().wait();
    std::printf("the handler: stopped\n");
  }
  server.shutdown();
  serving.join();
}
