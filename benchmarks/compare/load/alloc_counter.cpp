// Counts a program's heap allocations from outside: LD_PRELOAD this library, and name a file in
// POLYRPC_ALLOCATION_FILE. The file's first eight bytes are, at any time, the number of allocations so far.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

using Counter = std::atomic<std::uint64_t>;
static_assert(Counter::is_always_lock_free && sizeof(Counter) == 8);

Counter before_the_file;
std::atomic<Counter*> counter{&before_the_file};

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

void count() { counter.load(std::memory_order_relaxed)->fetch_add(1, std::memory_order_relaxed); }

// dlsym itself may allocate, before the real functions are known.
alignas(std::max_align_t) char first_bytes[8192];
std::atomic<std::size_t> first_used{0};

void* first_allocation(std::size_t bytes) {
  const std::size_t rounded = (bytes + alignof(std::max_align_t) - 1) & ~(alignof(std::max_align_t) - 1);
  const std::size_t at = first_used.fetch_add(rounded);
  return at + rounded <= sizeof first_bytes ? first_bytes + at : nullptr;
}

bool is_first(const void* pointer) {
  const auto* byte = static_cast<const char*>(pointer);
  return byte >= first_bytes && byte < first_bytes + sizeof first_bytes;
}

struct Real {
  void* (*malloc)(std::size_t) = next<void* (*)(std::size_t)>("malloc");
  void* (*calloc)(std::size_t, std::size_t) = next<void* (*)(std::size_t, std::size_t)>("calloc");
  void* (*realloc)(void*, std::size_t) = next<void* (*)(void*, std::size_t)>("realloc");
  void* (*aligned_alloc)(std::size_t, std::size_t) = next<void* (*)(std::size_t, std::size_t)>("aligned_alloc");
  int (*posix_memalign)(void**, std::size_t,
                        std::size_t) = next<int (*)(void**, std::size_t, std::size_t)>("posix_memalign");
  void (*free)(void*) = next<void (*)(void*)>("free");
};

std::atomic<bool> looking_up{false};
std::atomic<const Real*> known{nullptr};

/// The C library's own functions; null while they are being looked up.
const Real* real() {
  if (const Real* found = known.load(std::memory_order_acquire)) return found;
  if (looking_up.exchange(true)) return nullptr;
  static const Real functions;
  known.store(&functions, std::memory_order_release);
  return &functions;
}

[[gnu::constructor]] void open_file() {
  const char* path = std::getenv("POLYRPC_ALLOCATION_FILE");
  if (path == nullptr) return;
  const int file = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  if (::ftruncate(file, sizeof(Counter)) == 0) {
    void* memory = ::mmap(nullptr, sizeof(Counter), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED) counter.store(static_cast<Counter*>(memory));
  }
  ::close(file);
}

}  // namespace

// operator new calls malloc or aligned_alloc, and so is counted once.
extern "C" {

void* malloc(std::size_t bytes) {
  count();
  const Real* functions = real();
  return functions != nullptr ? functions->malloc(bytes) : first_allocation(bytes);
}

void* calloc(std::size_t number, std::size_t bytes) {
  count();
  const Real* functions = real();
  return functions != nullptr ? functions->calloc(number, bytes) : first_allocation(number * bytes);
}

void* realloc(void* old, std::size_t bytes) {
  count();
  const Real* functions = real();
  if (functions == nullptr || is_first(old)) {
    void* memory = functions != nullptr ? functions->malloc(bytes) : first_allocation(bytes);
    if (memory != nullptr && old != nullptr) {
      const auto left = static_cast<std::size_t>(first_bytes + sizeof first_bytes - static_cast<char*>(old));
      std::memcpy(memory, old, bytes < left ? bytes : left);
    }
    return memory;
  }
  return functions->realloc(old, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  count();
  const Real* functions = real();
  return functions != nullptr ? functions->aligned_alloc(alignment, bytes) : nullptr;
}

int posix_memalign(void** into, std::size_t alignment, std::size_t bytes) {
  count();
  const Real* functions = real();
  return functions != nullptr ? functions->posix_memalign(into, alignment, bytes) : 12;  // ENOMEM
}

void free(void* pointer) {
  if (pointer == nullptr || is_first(pointer)) return;
  if (const Real* functions = real()) functions->free(pointer);
}
}
