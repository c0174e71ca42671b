// Functions that can't be registered, and what is said about them.

#include "polyrpc/core/describe.hpp"
#include "polyrpc/runtime/registry.hpp"

#include <cstdint>
#include <functional>
#include <string>

struct Args {
  std::int64_t a = 0, b = 0;
};
POLYRPC_DESCRIBE(Args, (a, "A"), (b, "B"));

struct Undescribed {
  int n = 0;
};

struct NoDefault {
  explicit NoDefault(int number) : n(number) {}
  int n;
};
POLYRPC_DESCRIBE(NoDefault, (n));

struct Overloaded {
  int operator()(const Args&) const;
  int operator()(const std::string&) const;
};

struct Service {
  int add(const Args&) { return 0; }
  int nothing() { return 0; }
};

inline constexpr polyrpc::Method<Args, std::int64_t> multiply{"Arith.Multiply"};

void allowed(polyrpc::Registry& registry) {
  registry.add("A.A", [](const Args& x) { return x.a; });
  registry.add("A.B", [](polyrpc::Context&, const Args& x) -> polyrpc::Result<std::int64_t> { return x.a; });
  registry.add("A.C", [](Args x, std::int64_t& y) {
    y = x.a;
    return polyrpc::Status();
  });
  registry.add("A.D", std::function<void(const Args&)>([](const Args&) {}));
  registry.add("A.E", polyrpc::blocking([](polyrpc::Context&, const Args&) { return polyrpc::Status(); }));
  registry.add(multiply, [](const Args& x) { return x.a * x.b; });
  static Service service;
  registry.add("A.F", service, &Service::add);
}

void refused(polyrpc::Registry& registry) {
#ifdef NO_ARGUMENT
  registry.add("A.A", [] { return 1; });
#endif
#ifdef ONLY_CONTEXT
  registry.add("A.A", [](polyrpc::Context&) { return 1; });
#endif
#ifdef TWO_ARGUMENTS
  registry.add("A.A", [](const Args&, const Args&) { return 1; });
#endif
#ifdef CONTEXT_LAST
  registry.add("A.A", [](const Args&, polyrpc::Context&) { return 1; });
#endif
#ifdef REPLY_POINTER
  registry.add("A.A", [](const Args&, int*) { return polyrpc::Status(); });
#endif
#ifdef REPLY_PARAMETER_AND_VALUE
  registry.add("A.A", [](const Args&, int&) { return 1; });
#endif
#ifdef MUTABLE_ARGUMENT
  registry.add("A.A", [](Args& x) { return x.a; });
#endif
#ifdef GENERIC
  registry.add("A.A", [](const auto& x) { return x.a; });
#endif
#ifdef OVERLOADED
  registry.add("A.A", Overloaded());
#endif
#ifdef NO_FUNCTION
  registry.add("A.A", 5);
#endif
#ifdef BLOCKING_NO_FUNCTION
  registry.add("A.A", polyrpc::blocking([] { return 1; }));
#endif
#ifdef MEMBER_WITHOUT_ARGUMENT
  static Service service;
  registry.add("A.A", service, &Service::nothing);
#endif
#ifdef UNDESCRIBED_ARGUMENT
  registry.add("A.A", [](const Undescribed& x) { return x.n; });
#endif
#ifdef UNDESCRIBED_REPLY
  registry.add("A.A", [](const Args&) { return Undescribed(); });
#endif
#ifdef ARGUMENT_WITHOUT_DEFAULT
  registry.add("A.A", [](const NoDefault& x) { return x.n; });
#endif
#ifdef REPLY_WITHOUT_DEFAULT
  registry.add("A.A", [](const Args&) { return NoDefault(1); });
#endif
#ifdef METHOD_ARGUMENT
  registry.add(multiply, [](const std::string&) { return std::int64_t(1); });
#endif
#ifdef METHOD_REPLY
  registry.add(multiply, [](const Args&) { return 1.5; });
#endif
#ifdef METHOD_FORM
  registry.add(multiply, [] { return std::int64_t(1); });
#endif
#ifdef COROUTINE_WITHOUT_HEADER
  registry.add("A.A", static_cast<asio::awaitable<int, void> (*)(const Args&)>(nullptr));
#endif
  (void)registry;
}
