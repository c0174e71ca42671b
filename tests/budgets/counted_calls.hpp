#pragma once

#include <cstdint>

/// Counts what one side of a conversation costs, while both sides live on one thread: the measured side runs as it
/// always does, and when it is about to sleep, the other side has a turn that is not counted.
namespace polyrpc::budgets {

struct Counts {
  std::uint64_t system_calls = 0;
  std::uint64_t wire_bytes = 0;   ///< sent and received on sockets
  std::uint64_t allocations = 0;  ///< in all threads
  std::int64_t heap_bytes = 0;    ///< held, as the C library rounds them

  friend Counts operator-(const Counts& a, const Counts& b) noexcept {
    return {a.system_calls - b.system_calls, a.wire_bytes - b.wire_bytes, a.allocations - b.allocations,
            a.heap_bytes - b.heap_bytes};
  }
  friend Counts operator+(const Counts& a, const Counts& b) noexcept {
    return {a.system_calls + b.system_calls, a.wire_bytes + b.wire_bytes, a.allocations + b.allocations,
            a.heap_bytes + b.heap_bytes};
  }
};

/// Of the measured side, since the start of the program.
Counts counts() noexcept;

/// What the other side does in its turn; null: nothing, who waits sleeps.
class OtherSide {
 public:
  virtual void turn() = 0;

 protected:
  ~OtherSide() = default;
};
void set_other_side(OtherSide* side) noexcept;

}  // namespace polyrpc::budgets
