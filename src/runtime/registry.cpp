#include "polyrpc/runtime/registry.hpp"

#include "polyrpc/runtime/worker_pool.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>

namespace polyrpc {

Registry::Registry() : pool_(std::make_unique<WorkerPool>((std::max)(4U, std::thread::hardware_concurrency()))) {}
Registry::~Registry() = default;

void Registry::add_handler(std::string_view name, std::unique_ptr<const Handler> handler) {
  const std::string text(name);
  if (sealed_) throw std::logic_error("polyrpc: " + text + " is registered after a server has started");
  const MethodName parts = split_method_name(name);
  if (parts.method.empty() || (parts.service.empty() && parts.method.size() != name.size()))
    throw std::logic_error("polyrpc: \"" + text + "\" is not a method name; write Service.Method");
  if (entries_.contains(name)) throw std::logic_error("polyrpc: method already defined: " + text);
  const bool borrows = contains_view(handler->args());
  if (handler->road() != Road::plain && borrows)
    throw std::logic_error("polyrpc: the argument of " + text +
                           " borrows from the message (string_view or span), which only a plain handler may do");
  auto entry = std::make_unique<MethodEntry>();
  entry->name = text;
  entry->service = parts.service;
  entry->method = parts.method;
  entry->handler = std::move(handler);
  entry->index = entries_.size();
  entry->borrows = borrows;
  if (!entry->service.empty()) services_.insert(entry->service);
  entries_.emplace(text, std::move(entry));
}

const MethodEntry* Registry::find(std::string_view name) const noexcept {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second.get();
}

// The texts are net/rpc's: its clients compare them.
Status Registry::why_not(std::string_view name) const {
  const MethodName parts = split_method_name(name);
  if (parts.method.size() == name.size())
    return Status::unimplemented("rpc: service/method request ill-formed: " + std::string(name));
  if (!services_.contains(parts.service)) return Status::unimplemented("rpc: can't find service " + std::string(name));
  return Status::unimplemented("rpc: can't find method " + std::string(name));
}

std::vector<const MethodEntry*> Registry::methods() const {
  std::vector<const MethodEntry*> all;
  all.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) all.push_back(entry.get());
  std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  return all;
}

void Registry::set_blocking_threads(std::size_t threads) {
  if (pool_->threads_started() != 0) throw std::logic_error("polyrpc: the pool for blocking handlers is in use");
  pool_ = std::make_unique<WorkerPool>(threads);
}

}  // namespace polyrpc
