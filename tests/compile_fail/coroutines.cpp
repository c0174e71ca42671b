#include "polyrpc/runtime/coroutine.hpp"
#include "polyrpc/runtime/registry.hpp"

polyrpc::Awaitable<int> coroutine(const int& x);
polyrpc::Awaitable<int> with_two(const int& x, const int& y);

void allowed(polyrpc::Registry& registry) { registry.add("A.A", coroutine); }

void refused(polyrpc::Registry& registry) {
#ifdef BLOCKING_COROUTINE
  registry.add("A.A", polyrpc::blocking(coroutine));
#endif
#ifdef COROUTINE_FORM
  registry.add("A.A", with_two);
#endif
  (void)registry;
}
