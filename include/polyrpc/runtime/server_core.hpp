#pragma once

#include "polyrpc/core/context.hpp"
#include "polyrpc/core/limits.hpp"
#include "polyrpc/core/status.hpp"
#include "polyrpc/runtime/log.hpp"
#include "polyrpc/runtime/registry.hpp"
#include "polyrpc/runtime/stats.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace polyrpc {

class InterceptorList;
class Loop;

/// Sees a call before its body is decoded, on the connection's thread; must not block. Not ok: the call ends with that
/// status.
using Admission = std::function<Status(Context&)>;

struct ServerOptions {
  Limits limits = {};
  /// How long calls under way may go on after `shutdown` or a signal.
  std::chrono::milliseconds drain_time{10'000};
  /// Where the server reports what no caller is told: an exception's text, a connection that broke the rules. Null:
  /// nowhere.
  LogSink log = {};
  /// A deadline later than this is brought forward, and a call without one gets it. Nothing: callers decide.
  std::optional<std::chrono::nanoseconds> longest_call = {};
};

/// What all connections of a server share. Read-only while it serves, but for the counters, of which each loop has its
/// own. Calls keep it alive; the registry must outlive it.
class ServerCore : public std::enable_shared_from_this<ServerCore> {
 public:
  ServerCore(const Registry& registry, ServerOptions options);
  ServerCore(const ServerCore&) = delete;
  ServerCore& operator=(const ServerCore&) = delete;
  ~ServerCore();

  const Registry& registry() const noexcept { return registry_; }
  const ServerOptions& options() const noexcept { return options_; }
  const Limits& limits() const noexcept { return options_.limits; }

  const std::vector<Admission>& admissions() const noexcept { return admissions_; }
  InterceptorList& interceptors() noexcept { return *interceptors_; }
  bool has_interceptors() const noexcept;

  /// Counts of all methods, sorted by name, summed over all loops. From any thread.
  std::vector<MethodStats> stats() const;
  /// The counters of one loop.
  StatsShard& shard(const Loop& loop);

  bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
  void set_draining() noexcept { draining_.store(true, std::memory_order_relaxed); }

  void log(LogLevel level, std::string_view line) const {
    if (options_.log) options_.log(level, line);
  }

 private:
  friend class Server;

  const Registry& registry_;
  const ServerOptions options_;
  std::vector<Admission> admissions_;
  std::unique_ptr<InterceptorList> interceptors_;
  std::atomic<bool> draining_{false};
  /// A list that only grows, and is read without a lock: sessions come and go with each call of HTTP.
  struct Shard {
    Shard(const Loop& of, std::size_t methods, Shard* behind) : loop(&of), stats(methods), next(behind) {}
    const Loop* loop;
    StatsShard stats;
    Shard* next;
  };
  Shard* find(const Loop& loop) const noexcept;

  std::mutex mutex_;  // taken to add to the list
  std::atomic<Shard*> shards_{nullptr};
};

}  // namespace polyrpc
