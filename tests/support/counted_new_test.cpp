#include "support/counted_new.hpp"

#include "support/catch.hpp"

#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

using namespace polyrpc::test;

namespace {

/// Kept where the compiler cannot know that nobody looks at it.
void* volatile kept = nullptr;

}  // namespace

TEST_CASE("what operator new takes is counted", "[counted_new]") {
  const std::size_t count = allocations();
  const std::size_t bytes = allocated_bytes();
  kept = ::operator new(1000);
  ::operator delete(kept);
  CHECK(allocations() - count == 1);
  CHECK(allocated_bytes() - bytes == 1000);
}

TEST_CASE("what is held now, and was held at most, is known on every road to the heap", "[counted_new]") {
  if (!counts_malloc()) POLYRPC_SKIP("malloc is not counted with this C library");
  constexpr std::size_t size = 100'000;
  constexpr std::size_t align = 256;
  const auto check = [&](auto take, auto give_back) {
    const std::size_t before = live_bytes();
    forget_peak();
    kept = take();
    CHECK(live_bytes() - before >= size);
    CHECK(live_bytes() - before < size + 10'000);
    give_back(kept);
    CHECK(live_bytes() == before);
    CHECK(peak_bytes() - before >= size);
    CHECK(peak_bytes() - before < 2 * size + 20'000);
    forget_peak();
    CHECK(peak_bytes() == before);
  };
  const auto give_to_free = [](void* memory) { std::free(memory); };
  check([] { return std::malloc(size); }, give_to_free);
  check([] { return std::calloc(size / 4, 4); }, give_to_free);
  check([] { return std::realloc(std::malloc(10), size); }, give_to_free);
  check([] { return std::aligned_alloc(align, size / align * align + align); }, give_to_free);
  check([] { return ::operator new(size); }, [](void* memory) { ::operator delete(memory); });
  check([] { return ::operator new(size, std::align_val_t(align)); },
        [](void* memory) { ::operator delete(memory, std::align_val_t(align)); });
}
