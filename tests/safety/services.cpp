#include "safety/services.hpp"

#include "polyrpc/runtime/coroutine.hpp"

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <numeric>
#include <string>
#include <vector>

namespace polyrpc::test {

namespace {

/// Answers when the loop comes to it again.
Awaitable<std::string> later(const std::string& text) {
  auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
  std::string reply = text;
  co_return reply;
}

/// Never answers by itself.
Awaitable<std::string> until(Services& services, const std::string& text) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, std::chrono::hours(24));
  ++services.until_calls;
  try {
    co_await timer.async_wait(asio::use_awaitable);
  } catch (...) {
    services.until_cancelled.pass();
    throw;
  }
  std::string reply = text;
  co_return reply;
}

}  // namespace

Services::Services() {
  until_cancelled.open();
  registry.set_blocking_threads(4);
  registry.add("Test.SlowBig", blocking([this](std::int64_t size) {
                 ++big_calls;
                 return std::string(static_cast<std::size_t>(size), 'x');
               }));
  registry.add("Test.Sum", [](const std::vector<std::int64_t>& numbers) {
    return std::to_string(std::accumulate(numbers.begin(), numbers.end(), std::int64_t{0}));
  });
  registry.add("Test.Later", later);
  registry.add("Test.Until", [this](const std::string& text) { return until(*this, text); });
}

}  // namespace polyrpc::test
