#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace bench {

/// Memory that begins 128 bytes behind a page's begin: 16 bytes behind it, where large blocks of `new` begin, some
/// processors receive and copy at half the speed or less (docs/performance.md, "Copies"), and a limit must not.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t bytes) : memory_(std::make_unique_for_overwrite<char[]>(bytes + page + offset)) {
    const auto place = reinterpret_cast<std::uintptr_t>(memory_.get());
    begin_ = memory_.get() + (page - place % page) % page + offset;
  }

  char* get() const noexcept { return begin_; }

 private:
  static constexpr std::size_t page = 4096;
  static constexpr std::size_t offset = 128;

  std::unique_ptr<char[]> memory_;
  char* begin_ = nullptr;
};

}  // namespace bench
