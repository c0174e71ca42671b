#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace polyrpc {

/// Memory for what a view borrows but does not stand in the message as it is: JSON's texts with escapes, and its
/// base64. What it gave stays where it is until `clear`. Not for several threads.
class Scratch {
 public:
  Scratch() noexcept = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { clear(); }

  char* allocate(std::size_t size);
  /// Gives everything back; one block of up to 4 MiB is kept for whoever is next on this thread.
  void clear() noexcept {
    if (block_.memory != nullptr) give_back();
  }

 private:
  struct Block {
    std::unique_ptr<char[]> memory;
    std::size_t size = 0;
  };
  void give_back() noexcept;

  Block block_;
  std::size_t used_ = 0;     // of it
  std::vector<Block> full_;  // what was used before it
};

}  // namespace polyrpc
