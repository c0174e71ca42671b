#pragma once

#include "polyrpc/core/any.hpp"
#include "polyrpc/runtime/coroutine.hpp"
#include "polyrpc/runtime/registry.hpp"

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// The methods that the targets with a server serve.
namespace polyrpc::fuzz {

struct Args {
  std::int64_t a = 0, b = 0;
};
POLYRPC_DESCRIBE(Args, (a, "A"), (b, "B"));
struct Quotient {
  std::int64_t quo = 0, rem = 0;
};
POLYRPC_DESCRIBE(Quotient, (quo, "Quo"), (rem, "Rem"));

/// Never ends by itself.
inline Awaitable<std::string> wait(std::string text) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, asio::steady_timer::time_point::max());
  co_await timer.async_wait(asio::use_awaitable);
  co_return text;
}

inline void add_waiting(Registry& registry) {
  registry.add("Echo.Wait", [](const std::string& text) { return wait(text); });
}

inline void add_services(Registry& registry) {
  // Go's service of the recorded conversations.
  registry.add("Arith.Multiply", [](const Args& args) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(args.a) * static_cast<std::uint64_t>(args.b));
  });
  registry.add("Arith.Divide", [](const Args& args) -> Result<Quotient> {
    if (args.b == 0 || args.b == -1) return Status::unknown("divide by zero");
    return Quotient{args.a / args.b, args.a % args.b};
  });
  registry.add("Arith.Upper", [](const std::string& text) {
    std::string upper = text;
    for (char& c : upper)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return upper;
  });
  registry.add("Arith.Sum", [](const std::vector<std::int64_t>& numbers) {
    std::uint64_t sum = 0;
    for (const std::int64_t number : numbers) sum += static_cast<std::uint64_t>(number);
    return std::map<std::string, std::int64_t>{{"sum", static_cast<std::int64_t>(sum)}};
  });
  registry.add("Arith.Nothing", [](const std::monostate& nothing) { return nothing; });
  registry.add("Arith.Sleep", [](std::int64_t milliseconds) { return milliseconds; });

  registry.add("Echo.Any", [](const Any& any) { return any; });
  registry.add("Echo.View", [](std::string_view text) { return std::string(text); });
  registry.add("Echo.Map", [](const std::map<std::string, std::vector<double>>& map) { return map; });
  registry.add("Echo.Metadata", [](Context& context, const std::string& text) {
    for (const auto& [key, value] : context.metadata()) {
      context.headers().add("h-" + key, value);
      context.trailers().add("t-" + key, value);
    }
    return text;
  });
  registry.add("Echo.Fail", [](const std::string& text) -> Result<std::string> {
    Status status = Status::not_found(text);
    status.add_detail({"fuzz/detail", text});
    return status;
  });
  registry.add("Echo.Throw", [](const std::string& text) -> std::string { throw std::runtime_error(text); });
}

}  // namespace polyrpc::fuzz
