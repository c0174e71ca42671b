#include "polyrpc/runtime/registry.hpp"

#include "polyrpc/runtime/worker_pool.hpp"

#include "support/catch.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

using polyrpc::Context;
using polyrpc::Handler;
using polyrpc::MethodEntry;
using polyrpc::Registry;
using polyrpc::Result;
using polyrpc::Road;
using polyrpc::shape_of;
using polyrpc::Status;
using polyrpc::test::contains;

namespace {

struct Args {
  std::int64_t a = 0;
  std::int64_t b = 0;
};
POLYRPC_DESCRIBE(Args, (a, "A"), (b, "B"));

struct View {
  std::vector<std::string_view> words;
};
POLYRPC_DESCRIBE(View, (words));

using Nothing = std::monostate;

inline constexpr polyrpc::Method<Args, std::int64_t> multiply{"Arith.Multiply"};

/// Calls a registered handler with typed objects.
template <class Reply, class Argument>
Result<Reply> call(const Registry& registry, std::string_view name, Argument argument) {
  const MethodEntry* entry = registry.find(name);
  REQUIRE(entry != nullptr);
  REQUIRE(&entry->handler->args() == &shape_of<Argument>());
  REQUIRE(&entry->handler->reply() == &shape_of<Reply>());
  Context context;
  context.set_method(entry->name);
  Reply reply{};
  const Status status = entry->handler->call(context, &argument, &reply);
  if (!status.ok()) return status;
  return reply;
}

std::int64_t plain_function(const Args& x) { return x.a + x.b; }
std::int64_t plain_noexcept(const Args& x) noexcept { return x.a - x.b; }
Result<std::string> with_context(Context& context, const Args&) { return std::string(context.method()); }

class Service {
 public:
  std::int64_t add(const Args& x) { return ++calls_, x.a + x.b; }
  std::int64_t subtract(const Args& x) const { return x.a - x.b; }
  std::int64_t multiply(const Args& x) noexcept { return x.a * x.b; }
  Status divide(Context&, const Args& x, std::int64_t& quotient) const noexcept {
    if (x.b == 0) return Status::invalid_argument("divide by zero");
    quotient = x.a / x.b;
    return {};
  }
  std::int64_t take(Args x) { return x.a; }
  int calls() const { return calls_; }

 private:
  int calls_ = 0;
};

struct Counter {
  int operator()(const Args&) { return ++count; }
  int count = 0;
};

std::string why_not(const Registry& registry, std::string_view name) {
  CHECK(registry.find(name) == nullptr);
  const Status status = registry.why_not(name);
  CHECK(status.code() == polyrpc::StatusCode::unimplemented);
  return status.message();
}

template <class F>
std::string refused(F add) {
  try {
    add();
  } catch (const std::logic_error& error) {
    return error.what();
  }
  FAIL("nothing was thrown");
  return {};
}

}  // namespace

TEST_CASE("a handler may return a value, a result, a status or nothing", "[registry]") {
  Registry registry;
  registry.add("F.Value", [](const Args& x) { return x.a * x.b; });
  registry.add("F.Result", [](const Args& x) -> Result<std::int64_t> {
    if (x.b == 0) return Status::invalid_argument("divide by zero");
    return x.a / x.b;
  });
  registry.add("F.Status", [](const Args& x) { return x.a == 0 ? Status() : Status::aborted("not zero"); });
  int seen = 0;
  registry.add("F.Nothing", [&seen](const Args& x) { seen = static_cast<int>(x.a); });
  registry.add("F.Reply", [](const Args& x, std::int64_t& reply) {
    reply = x.a - x.b;
    return reply < 0 ? Status::out_of_range("below zero") : Status();
  });

  CHECK(*call<std::int64_t>(registry, "F.Value", Args{6, 7}) == 42);
  CHECK(*call<std::int64_t>(registry, "F.Result", Args{42, 7}) == 6);
  CHECK(call<std::int64_t>(registry, "F.Result", Args{42, 0}).status() == Status::invalid_argument("divide by zero"));
  CHECK(call<Nothing>(registry, "F.Status", Args{0, 0}).ok());
  CHECK(call<Nothing>(registry, "F.Status", Args{1, 0}).status() == Status::aborted("not zero"));
  CHECK(call<Nothing>(registry, "F.Nothing", Args{3, 0}).ok());
  CHECK(seen == 3);
  CHECK(*call<std::int64_t>(registry, "F.Reply", Args{9, 2}) == 7);
  CHECK(call<std::int64_t>(registry, "F.Reply", Args{1, 2}).status() == Status::out_of_range("below zero"));
}

TEST_CASE("every form of handler may ask for the context", "[registry]") {
  Registry registry;
  registry.add("C.Value", [](Context& context, const Args&) { return std::string(context.method()); });
  registry.add("C.Result", with_context);
  registry.add("C.Status", [](Context& context, const Args&) { return Status::aborted(context.method()); });
  registry.add("C.Nothing", [](Context& context, const Args&) { context.trailers().add("seen", "yes"); });
  registry.add("C.Reply", [](Context& context, const Args&, std::string& reply) {
    reply = context.method();
    return Status();
  });
  CHECK(*call<std::string>(registry, "C.Value", Args()) == "C.Value");
  CHECK(*call<std::string>(registry, "C.Result", Args()) == "C.Result");
  CHECK(call<Nothing>(registry, "C.Status", Args()).status() == Status::aborted("C.Status"));
  CHECK(call<Nothing>(registry, "C.Nothing", Args()).ok());
  CHECK(*call<std::string>(registry, "C.Reply", Args()) == "C.Reply");
}

TEST_CASE("functions, function objects, member functions and std::function are handlers", "[registry]") {
  Service service;
  Registry registry;
  registry.add("H.Function", plain_function);
  registry.add("H.Pointer", &plain_function);
  registry.add("H.Noexcept", plain_noexcept);
  registry.add("H.Object", Counter());
  registry.add("H.Std", std::function<std::int64_t(const Args&)>(plain_function));
  registry.add("H.Add", service, &Service::add);
  registry.add("H.Subtract", service, &Service::subtract);
  registry.add("H.Multiply", service, &Service::multiply);
  registry.add("H.Divide", service, &Service::divide);
  registry.add("H.Take", service, &Service::take);
  const Service constant;
  registry.add("H.Constant", constant, &Service::subtract);

  CHECK(*call<std::int64_t>(registry, "H.Function", Args{1, 2}) == 3);
  CHECK(*call<std::int64_t>(registry, "H.Pointer", Args{1, 2}) == 3);
  CHECK(*call<std::int64_t>(registry, "H.Noexcept", Args{1, 2}) == -1);
  CHECK(*call<int>(registry, "H.Object", Args()) == 1);
  CHECK(*call<int>(registry, "H.Object", Args()) == 2);
  CHECK(*call<std::int64_t>(registry, "H.Std", Args{1, 2}) == 3);
  CHECK(*call<std::int64_t>(registry, "H.Add", Args{1, 2}) == 3);
  CHECK(service.calls() == 1);
  CHECK(*call<std::int64_t>(registry, "H.Subtract", Args{1, 2}) == -1);
  CHECK(*call<std::int64_t>(registry, "H.Multiply", Args{3, 2}) == 6);
  CHECK(*call<std::int64_t>(registry, "H.Divide", Args{6, 2}) == 3);
  CHECK_FALSE(call<std::int64_t>(registry, "H.Divide", Args{6, 0}).ok());
  CHECK(*call<std::int64_t>(registry, "H.Take", Args{4, 0}) == 4);
  CHECK(*call<std::int64_t>(registry, "H.Constant", Args{4, 1}) == 3);
}

TEST_CASE("an argument taken by value is moved into the handler", "[registry]") {
  Registry registry;
  registry.add("V.Move", [](std::unique_ptr<int> p) { return p ? *p : -1; });
  registry.add("V.Copy", [](const std::string& text) { return text; });
  CHECK(*call<int>(registry, "V.Move", std::make_unique<int>(5)) == 5);
  CHECK(*call<std::string>(registry, "V.Copy", std::string("text")) == "text");
}

TEST_CASE("a handler may own what can't be copied", "[registry]") {
  Registry registry;
  registry.add("O.Own", [owned = std::make_unique<int>(7)](const Args&) { return *owned; });
  CHECK(*call<int>(registry, "O.Own", Args()) == 7);
}

TEST_CASE("a typed method is registered under its name", "[registry]") {
  Service service;
  Registry registry;
  registry.add(multiply, service, &Service::multiply);
  CHECK(*call<std::int64_t>(registry, "Arith.Multiply", Args{6, 7}) == 42);
  Registry other;
  other.add(multiply, [](const Args& x, std::int64_t& reply) {
    reply = x.a;
    return Status();
  });
  CHECK(*call<std::int64_t>(other, multiply.name, Args{6, 7}) == 6);
  Registry blocking;
  blocking.add(multiply, polyrpc::blocking([](const Args& x) { return x.b; }));
  CHECK(blocking.find(multiply.name)->handler->road() == Road::blocking);
}

TEST_CASE("a handler's road says where it runs", "[registry]") {
  polyrpc::WorkerPool pool(1);
  Registry registry;
  registry.add("R.Plain", plain_function);
  registry.add("R.Blocking", polyrpc::blocking(plain_function));
  registry.add("R.Own", polyrpc::blocking([](const Args& x) { return x.a; }, pool));
  CHECK(registry.find("R.Plain")->handler->road() == Road::plain);
  CHECK(registry.find("R.Plain")->handler->pool() == nullptr);
  CHECK(registry.find("R.Blocking")->handler->road() == Road::blocking);
  CHECK(registry.find("R.Blocking")->handler->pool() == nullptr);
  CHECK(registry.find("R.Own")->handler->pool() == &pool);
  CHECK(*call<std::int64_t>(registry, "R.Blocking", Args{1, 2}) == 3);
  CHECK(*call<std::int64_t>(registry, "R.Own", Args{1, 2}) == 1);
}

TEST_CASE("an exception leaves the handler as it is", "[registry]") {
  Registry registry;
  registry.add("E.Throw", [](const Args&) -> int { throw std::runtime_error("oops"); });
  CHECK_THROWS_WITH(call<int>(registry, "E.Throw", Args()), "oops");
}

TEST_CASE("a method is found by its whole name", "[registry]") {
  Registry registry;
  registry.add("company.team.Arith.Add", plain_function);
  registry.add("company.Arith/Add", plain_function);
  const MethodEntry* dotted = registry.find("company.team.Arith.Add");
  REQUIRE(dotted != nullptr);
  CHECK(dotted->name == "company.team.Arith.Add");
  CHECK(dotted->service == "company.team.Arith");
  CHECK(dotted->method == "Add");
  CHECK(dotted->index == 0);
  const MethodEntry* slashed = registry.find("company.Arith/Add");
  REQUIRE(slashed != nullptr);
  CHECK(slashed->service == "company.Arith");
  CHECK(slashed->index == 1);
  CHECK(registry.find("Arith.Add") == nullptr);
  CHECK(registry.find("company.team.Arith.add") == nullptr);
  CHECK(registry.find("") == nullptr);
  CHECK(registry.size() == 2);
}

TEST_CASE("a missing method is told in net/rpc's words", "[registry]") {
  Registry registry;
  registry.add("Arith.Add", plain_function);
  CHECK(why_not(registry, "Arith.Pow") == "rpc: can't find method Arith.Pow");
  CHECK(why_not(registry, "Geo.Area") == "rpc: can't find service Geo.Area");
  CHECK(why_not(registry, "Add") == "rpc: service/method request ill-formed: Add");
  CHECK(why_not(registry, "") == "rpc: service/method request ill-formed: ");
  CHECK(why_not(registry, "Arith.Add.") == "rpc: can't find service Arith.Add.");
  CHECK(why_not(registry, "Arith.") == "rpc: can't find method Arith.");
}

TEST_CASE("a method is registered once", "[registry]") {
  Registry registry;
  registry.add("Arith.Add", plain_function);
  CHECK_THAT(refused([&] { registry.add("Arith.Add", plain_noexcept); }), contains("Arith.Add"));
  CHECK(*call<std::int64_t>(registry, "Arith.Add", Args{1, 2}) == 3);
  CHECK(registry.size() == 1);
}

TEST_CASE("a name without a dot is a method without a service, as JSON-RPC has them", "[registry]") {
  Registry registry;
  registry.add("add", plain_function);
  REQUIRE(registry.find("add") != nullptr);
  CHECK(registry.find("add")->service.empty());
  CHECK(registry.find("add")->method == "add");
}

TEST_CASE("a name with a dot needs a service and a method", "[registry]") {
  Registry registry;
  CHECK_THAT(refused([&] { registry.add("", plain_function); }), contains("not a method name"));
  CHECK_THAT(refused([&] { registry.add(".Add", plain_function); }), contains("not a method name"));
  CHECK_THAT(refused([&] { registry.add("Arith.", plain_function); }), contains("not a method name"));
  CHECK(registry.size() == 0);
}

TEST_CASE("a sealed registry takes no more methods", "[registry]") {
  Registry registry;
  registry.add("Arith.Add", plain_function);
  registry.seal();
  CHECK_THAT(refused([&] { registry.add("Arith.Other", plain_function); }), contains("Arith.Other"));
  CHECK(registry.find("Arith.Other") == nullptr);
}

TEST_CASE("only a plain handler may borrow from the message", "[registry]") {
  Registry registry;
  registry.add("B.Text", [](std::string_view text) { return text.size(); });
  registry.add("B.Nested", [](const View& view) { return view.words.size(); });
  CHECK_THAT(refused([&] { registry.add("B.Blocking", polyrpc::blocking([](const View&) {})); }),
             contains("B.Blocking"));
  CHECK_THAT(refused([&] { registry.add("B.Span", polyrpc::blocking([](std::span<const std::byte>) {})); }),
             contains("B.Span"));
  CHECK(registry.size() == 2);
}

TEST_CASE("methods are listed in the order of their names", "[registry]") {
  Registry registry;
  registry.add("B.Two", plain_function).add("A.One", plain_function).add("B.One", plain_function);
  std::string names;
  for (const MethodEntry* entry : registry.methods()) names += entry->name + " ";
  CHECK(names == "A.One B.One B.Two ");
  CHECK(registry.find("B.Two")->index == 0);
  CHECK(registry.find("B.One")->index == 2);
}

TEST_CASE("the pool for blocking handlers can be sized until it is used", "[registry]") {
  Registry registry;
  registry.set_blocking_threads(1);
  registry.set_blocking_threads(2);
  registry.pool().submit([] {});
  CHECK_THROWS_AS(registry.set_blocking_threads(3), std::logic_error);
}
