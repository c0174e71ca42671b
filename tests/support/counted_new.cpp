// In a file of its own, so that no compiler looks through these functions and takes them for a mismatch.
//
// With glibc this program's malloc stands in front of the C library's; AddressSanitizer, which has a malloc of its own,
// calls us; anywhere else operator new is replaced.

#include "support/counted_new.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

#if defined(__has_feature)
#define POLYRPC_HAS_FEATURE(feature) __has_feature(feature)
#else
#define POLYRPC_HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || POLYRPC_HAS_FEATURE(address_sanitizer)
#define POLYRPC_HEAP_WITH_HOOKS
#elif defined(__GLIBC__) && !defined(__SANITIZE_THREAD__) && !POLYRPC_HAS_FEATURE(thread_sanitizer)
#define POLYRPC_HEAP_OF_GLIBC
#endif

namespace {

std::atomic<std::size_t> count{0};
std::atomic<std::size_t> bytes{0};
std::atomic<std::size_t> live{0};
std::atomic<std::size_t> peak{0};

void note_taken(std::size_t asked, std::size_t taken) noexcept {
  count.fetch_add(1, std::memory_order_relaxed);
  bytes.fetch_add(asked, std::memory_order_relaxed);
  const std::size_t now = live.fetch_add(taken, std::memory_order_relaxed) + taken;
  std::size_t most = peak.load(std::memory_order_relaxed);
  while (now > most && !peak.compare_exchange_weak(most, now, std::memory_order_relaxed)) continue;
}

[[maybe_unused]] void note_given_back(std::size_t taken) noexcept { live.fetch_sub(taken, std::memory_order_relaxed); }

}  // namespace

std::size_t polyrpc::test::allocations() noexcept { return count.load(std::memory_order_relaxed); }
std::size_t polyrpc::test::allocated_bytes() noexcept { return bytes.load(std::memory_order_relaxed); }
std::size_t polyrpc::test::live_bytes() noexcept { return live.load(std::memory_order_relaxed); }
std::size_t polyrpc::test::peak_bytes() noexcept { return peak.load(std::memory_order_relaxed); }
void polyrpc::test::forget_peak() noexcept { peak.store(live_bytes(), std::memory_order_relaxed); }

#if defined(POLYRPC_HEAP_WITH_HOOKS)

bool polyrpc::test::counts_malloc() noexcept { return true; }

// As <sanitizer/allocator_interface.h> has them, which does not come with every compiler.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {

int __sanitizer_install_malloc_and_free_hooks(void (*taken)(const volatile void*, std::size_t),
                                              void (*given_back)(const volatile void*));
std::size_t __sanitizer_get_allocated_size(const volatile void* memory);

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)

namespace {

[[maybe_unused]] const int hooks = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t size) { note_taken(size, size); },
    [](const volatile void* memory) { note_given_back(__sanitizer_get_allocated_size(memory)); });

}  // namespace

#elif defined(POLYRPC_HEAP_OF_GLIBC)

#include <malloc.h>

bool polyrpc::test::counts_malloc() noexcept { return true; }

// NOLINTBEGIN(bugprone-reserved-identifier): glibc's own names for its functions
extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t align, std::size_t size);
void __libc_free(void* memory);

}  // extern "C"

namespace {

void* noted(void* memory, std::size_t size) noexcept {
  if (memory != nullptr) note_taken(size, malloc_usable_size(memory));
  return memory;
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) noexcept { return noted(__libc_malloc(size), size); }
void* calloc(std::size_t number, std::size_t size) noexcept {
  return noted(__libc_calloc(number, size), number * size);
}
void* realloc(void* memory, std::size_t size) noexcept {
  const std::size_t before = malloc_usable_size(memory);
  void* const moved = __libc_realloc(memory, size);
  if (moved != nullptr || size == 0) note_given_back(before);
  return noted(moved, size);
}
void* memalign(std::size_t align, std::size_t size) noexcept { return noted(__libc_memalign(align, size), size); }
void* aligned_alloc(std::size_t align, std::size_t size) noexcept { return memalign(align, size); }
int posix_memalign(void** place, std::size_t align, std::size_t size) noexcept {
  void* const memory = memalign(align, size);
  if (memory == nullptr) return ENOMEM;
  *place = memory;
  return 0;
}
void free(void* memory) noexcept {
  note_given_back(malloc_usable_size(memory));
  __libc_free(memory);
}

}  // extern "C"
   // NOLINTEND(bugprone-reserved-identifier)

#else

bool polyrpc::test::counts_malloc() noexcept { return false; }

void* operator new(std::size_t size) {
  note_taken(size, 0);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

#endif
