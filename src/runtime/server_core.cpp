#include "polyrpc/runtime/server_core.hpp"

#include "polyrpc/runtime/interceptor.hpp"

#include <utility>

namespace polyrpc {

ServerCore::ServerCore(const Registry& registry, ServerOptions options)
    : registry_(registry), options_(std::move(options)), interceptors_(std::make_unique<InterceptorList>()) {}

ServerCore::~ServerCore() {
  for (Shard* shard = shards_.load(std::memory_order_relaxed); shard != nullptr;)
    delete std::exchange(shard, shard->next);
}

bool ServerCore::has_interceptors() const noexcept { return !interceptors_->list.empty(); }

std::vector<MethodStats> ServerCore::stats() const {
  std::vector<MethodStats> all;
  for (const MethodEntry* entry : registry_.methods()) {
    MethodStats& total = all.emplace_back();
    total.name = entry->name;
    for (const Shard* shard = shards_.load(std::memory_order_acquire); shard != nullptr; shard = shard->next)
      shard->stats.add_to(entry->index, total);
  }
  return all;
}

StatsShard& ServerCore::shard(const Loop& loop) {
  if (Shard* const known = find(loop)) return known->stats;
  const std::lock_guard lock(mutex_);
  if (Shard* const known = find(loop)) return known->stats;
  auto* const made = new Shard(loop, registry_.size(), shards_.load(std::memory_order_relaxed));
  shards_.store(made, std::memory_order_release);
  return made->stats;
}

ServerCore::Shard* ServerCore::find(const Loop& loop) const noexcept {
  Shard* shard = shards_.load(std::memory_order_acquire);
  while (shard != nullptr && shard->loop != &loop) shard = shard->next;
  return shard;
}

}  // namespace polyrpc
