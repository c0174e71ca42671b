#include "services.hpp"

#include "polyrpc/runtime/coroutine.hpp"

#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <numeric>
#include <tuple>

namespace interop {

using polyrpc::Result;
using polyrpc::Status;

namespace {

polyrpc::Awaitable<Result<std::int64_t>> sleep_a_while(std::int64_t milliseconds) {
  if (milliseconds < 0) co_return Status::invalid_argument("a negative sleep");
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, std::chrono::milliseconds(milliseconds));
  co_await timer.async_wait(asio::use_awaitable);
  co_return milliseconds;
}

/// A call that can be cancelled, and that counts how it went.
class Cancellable {
 public:
  polyrpc::Awaitable<Result<std::string>> wait(std::int64_t milliseconds) {
    ++counts_.started;
    ++counts_.running;
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, std::chrono::milliseconds(milliseconds));
    asio::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await timer.async_wait(token);
    --counts_.running;
    if (!error) co_return std::string("waited");
    ++counts_.cancelled;
    co_return Status::cancelled("context canceled");
  }
  CancelCounts counts(const std::monostate&) { return counts_; }

 private:
  CancelCounts counts_;  // of the server's only thread
};

template <class T>
void add_echo(polyrpc::Registry& registry, const std::string& name) {
  registry.add("Types." + name, [](T value) { return value; });
}

}  // namespace

polyrpc::TypeRegistry types() {
  polyrpc::TypeRegistry registry;
  registry.add<Circle>("interop.Circle").add<Square>("interop.Square");
  return registry;
}

void register_services(polyrpc::Registry& registry) {
  registry.add("Arith.Multiply", [](const Args& args) { return args.a * args.b; });
  registry.add("Arith.Divide", [](const Args& args) -> Result<Quotient> {
    if (args.b == 0) return Status::invalid_argument("divide by zero");
    return Quotient{args.a / args.b, args.a % args.b};
  });
  registry.add("Arith.Sleep", sleep_a_while);
  registry.add("Arith.Upper", [](const std::string& text) {
    std::string upper = text;
    for (char& c : upper)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return upper;
  });
  registry.add("Arith.Sum", [](const std::vector<std::int64_t>& numbers) {
    std::map<std::string, std::int64_t> result{{"count", static_cast<std::int64_t>(numbers.size())}, {"sum", 0}};
    for (const std::int64_t number : numbers) result["sum"] += number;
    if (!numbers.empty()) {
      result["min"] = *std::min_element(numbers.begin(), numbers.end());
      result["max"] = *std::max_element(numbers.begin(), numbers.end());
    }
    return result;
  });
  registry.add("Arith.Nothing", [](const std::monostate&) {});
  registry.add("Arith.Echo", [](EchoArgs args) { return args; });
  registry.add("Arith.Fail", [](const std::string& text) -> Result<Empty> { return Status::unknown(text); });

  registry.add("HelloService.SayHello", [](const std::string& name) { return "Hello World:" + name; });
  registry.add("HelloService.Hello", [](const std::string& name) { return "hello:" + name; });

  auto cancellable = std::make_shared<Cancellable>();
  registry.add("Cancellable.Wait",
               [cancellable](std::int64_t milliseconds) { return cancellable->wait(milliseconds); });
  registry.add("Cancellable.Counts",
               [cancellable](const std::monostate& nothing) { return cancellable->counts(nothing); });

  const auto sum = [](const std::vector<double>& numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), 0.0);
  };
  registry.add("subtract", [](const Difference& args) { return args.minuend - args.subtrahend; });
  registry.add("sum", sum);
  registry.add("get_data", [](const std::monostate&) { return std::tuple<std::string, std::int64_t>("hello", 5); });
  for (const char* name : {"update", "notify_hello", "notify_sum"}) registry.add(name, sum);

  add_echo<bool>(registry, "Bool");
  add_echo<std::int64_t>(registry, "Int");
  add_echo<std::int8_t>(registry, "Int8");
  add_echo<std::int16_t>(registry, "Int16");
  add_echo<std::int32_t>(registry, "Int32");
  add_echo<std::int64_t>(registry, "Int64");
  add_echo<std::uint64_t>(registry, "Uint");
  add_echo<std::uint8_t>(registry, "Uint8");
  add_echo<std::uint16_t>(registry, "Uint16");
  add_echo<std::uint32_t>(registry, "Uint32");
  add_echo<std::uint64_t>(registry, "Uint64");
  add_echo<float>(registry, "Float32");
  add_echo<double>(registry, "Float64");
  add_echo<std::complex<float>>(registry, "Complex64");
  add_echo<std::complex<double>>(registry, "Complex128");
  add_echo<std::string>(registry, "String");
  add_echo<std::vector<std::uint8_t>>(registry, "Bytes");
  add_echo<std::vector<std::string>>(registry, "Strings");
  add_echo<std::vector<double>>(registry, "Doubles");
  add_echo<std::array<std::int64_t, 3>>(registry, "Array");
  add_echo<std::map<std::string, std::int64_t>>(registry, "Map");
  add_echo<Integers>(registry, "Integers");
  add_echo<Reals>(registry, "Reals");
  add_echo<Complexes>(registry, "Complexes");
  add_echo<Containers>(registry, "Containers");
  add_echo<Nested>(registry, "Nested");
  add_echo<Pointers>(registry, "Pointers");
  add_echo<List>(registry, "List");
  add_echo<Tree>(registry, "Tree");
  add_echo<Times>(registry, "Times");
  add_echo<Drawing>(registry, "Drawing");
  add_echo<Own>(registry, "Own");
  add_echo<Release>(registry, "Release");
}

}  // namespace interop
