#include "dictionary.hpp"

namespace polyrpc::gob::detail {

namespace {

// Each shared dictionary copies its parent's list of types.
constexpr std::size_t most_shared_types = 32;
constexpr std::size_t longest_shared_step = 4096;

std::size_t list_of(std::int32_t wire, const Shape& shape) noexcept {
  return (reinterpret_cast<std::uintptr_t>(&shape) / sizeof(Shape)) ^ static_cast<std::size_t>(wire);
}

std::string step_of(const Descriptor& descriptor) {
  std::string step(reinterpret_cast<const char*>(&descriptor.id), sizeof descriptor.id);
  return step.append(reinterpret_cast<const char*>(descriptor.bytes.data()), descriptor.bytes.size());
}

}  // namespace

Dictionary::Dictionary(std::shared_ptr<Dictionary> parent, std::string step, const Descriptor& descriptor)
    : types_(parent->types_), parent_(std::move(parent)), step_(std::move(step)), plans_(types_) {
  types_.add(descriptor);
}

Dictionary::~Dictionary() {
  for (const auto& list : made_)
    for (const Made* made = list.load(std::memory_order_relaxed); made != nullptr;)
      delete std::exchange(made, made->next);
  if (parent_ == nullptr) return;
  const std::lock_guard lock(parent_->mutex_);
  const auto place = parent_->next_.find(step_);
  // Another may have taken the place by now.
  if (place != parent_->next_.end() && place->second.expired()) parent_->next_.erase(place);
}

const Plan* Dictionary::plan(std::int32_t wire, const Shape& shape, Status& why) {
  std::atomic<const Made*>& list = made_[list_of(wire, shape) % lists];
  const auto find = [&]() -> const Plan* {
    for (const Made* made = list.load(std::memory_order_acquire); made != nullptr; made = made->next)
      if (made->shape == &shape && made->wire == wire) return made->plan;
    return nullptr;
  };
  if (const Plan* found = find()) return found;
  const std::lock_guard lock(mutex_);
  if (const Plan* found = find()) return found;
  const Plan* plan = plans_.root(wire, shape, why);
  if (plan != nullptr)
    list.store(new Made{&shape, wire, plan, list.load(std::memory_order_relaxed)}, std::memory_order_release);
  return plan;
}

bool Dictionary::define(std::shared_ptr<Dictionary>& dictionary, Reader& reader, std::int64_t id) {
  Descriptor descriptor;
  if (!dictionary->types_.read(reader, id, descriptor)) return false;
  if (!dictionary->own_) {
    if (dictionary->types_.size() < most_shared_types && descriptor.bytes.size() <= longest_shared_step) {
      dictionary = reach(dictionary, descriptor);
      return true;
    }
    dictionary = std::shared_ptr<Dictionary>(new Dictionary(dictionary->types_));
  }
  dictionary->types_.add(descriptor);
  return true;
}

std::shared_ptr<Dictionary> Dictionary::reach(const std::shared_ptr<Dictionary>& from, const Descriptor& descriptor) {
  std::string step = step_of(descriptor);
  std::shared_ptr<Dictionary> next;
  const std::lock_guard lock(from->mutex_);
  std::weak_ptr<Dictionary>& place = from->next_[step];
  next = place.lock();
  if (next == nullptr) {
    next = std::shared_ptr<Dictionary>(new Dictionary(from, std::move(step), descriptor));
    place = next;
  }
  return next;
}

}  // namespace polyrpc::gob::detail
