#pragma once

#include "polyrpc/runtime/transport.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace polyrpc {

struct MemoryOptions {
  std::size_t buffer_bytes = 64 << 10;  ///< what one direction holds before writes would block; at least 1
  std::size_t chunk_bytes = 0;          ///< the most that one read gives, as if bytes trickled in; zero: all there is
};

/// Which operations a `MemoryFault` counts.
enum class MemoryOperation : std::uint8_t { any, read, write, wait, dial, accept };
/// Whose operations: the dialler's (the first of a pair), the acceptor's (the second), or both.
enum class MemorySide : std::uint8_t { any, dialler, acceptor };
enum class MemoryEffect : std::uint8_t {
  fail,   ///< the connection breaks at both ends and what was under way is lost; a dial fails
  close,  ///< the connection ends at both ends, as if each peer had closed it
};

/// One operation that goes wrong.
struct MemoryFault {
  std::size_t nth = 1;  ///< which one, counted from 1
  MemoryOperation operation = MemoryOperation::any;
  MemorySide side = MemorySide::any;
  MemoryEffect effect = MemoryEffect::fail;
};

/// Connections inside one process, for tests and for parts of a program that speak to each other: no system calls, no
/// ports, and every failure on demand. Listeners have names, `memory://name`, which nobody outside this network sees.
/// Use from several threads is safe.
class MemoryNetwork {
 public:
  explicit MemoryNetwork(MemoryOptions options = {});
  MemoryNetwork(const MemoryNetwork&) = delete;
  MemoryNetwork& operator=(const MemoryNetwork&) = delete;
  ~MemoryNetwork();

  /// For a server's and a client's `Transports`. Keeps what it needs of the network alive. A dialled name that nobody
  /// listens on and a name that is taken are `unavailable`.
  std::shared_ptr<const Transport> transport() const;

  struct Pair {
    std::unique_ptr<Connection> first;
    std::unique_ptr<Connection> second;
  };
  /// Two ends without a listener, both for blocking use: a test drives them by `read_some` and `write_some`.
  Pair pair();
  /// The first end on a loop.
  Pair pair(Loop& first);
  Pair pair(Loop& first, Loop& second);

  /// Has one operation go wrong, counted from now on; replaces the fault that was set before.
  void inject(const MemoryFault& fault);
  void clear_fault();
  /// Whether the fault that was set last has happened.
  bool fault_happened() const;
  /// Operations since the last `inject`, of the kind and side that it named; since the beginning if there was none.
  std::size_t operations() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// Runs `scenario(network)` with a fault at the first operation, then at the second, and so on, each time in a new
/// network, until a run needs fewer operations than that. Returns how many runs met their fault.
template <class Scenario>
std::size_t for_each_failure_point(Scenario scenario, MemoryFault fault = {}, MemoryOptions options = {}) {
  for (fault.nth = 1;; ++fault.nth) {
    MemoryNetwork network(options);
    network.inject(fault);
    scenario(network);
    if (!network.fault_happened()) return fault.nth - 1;
  }
}

}  // namespace polyrpc
