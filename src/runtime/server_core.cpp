#include "polyrpc/runtime/server_core.hpp"

#include "polyrpc/runtime/interceptor.hpp"

namespace polyrpc {

ServerCore::ServerCore(const Registry& registry, ServerOptions options)
    : registry_(registry), options_(std::move(options)), interceptors_(std::make_unique<InterceptorList>()) {}

ServerCore::~ServerCore() = default;

bool ServerCore::has_interceptors() const noexcept { return !interceptors_->list.empty(); }

std::vector<MethodStats> ServerCore::stats() const {
  std::vector<MethodStats> all;
  const std::lock_guard lock(mutex_);
  for (const MethodEntry* entry : registry_.methods()) {
    MethodStats& total = all.emplace_back();
    total.name = entry->name;
    for (const auto& [loop, shard] : shards_) shard->add_to(entry->index, total);
  }
  return all;
}

StatsShard& ServerCore::shard(const Loop& loop) {
  const std::lock_guard lock(mutex_);
  for (const auto& [known, shard] : shards_)
    if (known == &loop) return *shard;
  return *shards_.emplace_back(&loop, std::make_unique<StatsShard>(registry_.size())).second;
}

}  // namespace polyrpc
