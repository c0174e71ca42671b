#include "plan.hpp"

#include "text.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace polyrpc::json {

namespace {

constexpr std::size_t index_from = 4;  // so few fields are compared one by one

std::size_t hash(std::string_view name) noexcept {
  std::uint32_t value = 2166136261u;
  for (const char c : name) value = (value ^ (static_cast<unsigned char>(c) | 0x20u)) * 16777619u;
  return value ^ value >> 15;
}

/// All plans there are. Shapes are constants that live as long as the program, and so do their plans: this is a
/// memory of what follows from constants, not state.
class Plans {
 public:
  const Plan& of(const Shape& shape) {
    for (const Node* node = bucket(shape).load(std::memory_order_acquire); node != nullptr; node = node->next)
      if (node->plan.shape == &shape) return node->plan;
    return make(shape);
  }

 private:
  struct Node {
    Plan plan;
    const Node* next = nullptr;
  };

  std::atomic<const Node*>& bucket(const Shape& shape) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(&shape);
    return buckets_[(address >> 4 ^ address >> 12) % buckets_.size()];
  }

  const Plan& make(const Shape& shape) {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(&shape);
    if (known != known_.end()) return known->second->plan;
    Fresh fresh;
    const Node& root = build(shape, fresh);
    const std::vector<Node*> made = std::move(fresh.made);
    nodes_.push_back(std::move(fresh.nodes));
    // What is new is seen by others only when all of it is there.
    for (Node* node : made) {
      known_.emplace(node->plan.shape, node);
      auto& head = bucket(*node->plan.shape);
      node->next = head.load(std::memory_order_relaxed);
      head.store(node, std::memory_order_release);
    }
    return root.plan;
  }

  struct Fresh {
    std::deque<Node> nodes;
    std::unordered_map<const Shape*, Node*> by_shape;
    std::vector<Node*> made;
  };

  const Node& build(const Shape& shape, Fresh& fresh) {
    if (const auto known = known_.find(&shape); known != known_.end()) return *known->second;
    if (const auto begun = fresh.by_shape.find(&shape); begun != fresh.by_shape.end()) return *begun->second;
    Node& node = fresh.nodes.emplace_back();
    fresh.by_shape.emplace(&shape, &node);
    fresh.made.push_back(&node);
    Plan& plan = node.plan;
    plan.shape = &shape;
    plan.kind = shape.kind;
    plan.is_tuple = shape.is_tuple;
    if (shape.element != nullptr) plan.element = &build(*shape.element, fresh).plan;
    if (shape.key != nullptr) plan.key = &build(*shape.key, fresh).plan;
    if (shape.kind == Kind::variant)
      for (const Shape* alternative : shape.variant->alternatives)
        plan.alternatives.push_back(&build(*alternative, fresh).plan);
    if (shape.kind == Kind::structure) {
      for_each_field(shape, [&](const Field& field, std::size_t offset) {
        // A field hides one of the same name in a base, as in Go.
        std::erase_if(plan.fields, [&](const PlanField& other) { return other.name == field.name; });
        plan.fields.push_back(make_field(field, offset, build(field.shape(), fresh).plan));
      });
      make_index(plan);
    }
    return node;
  }

  static PlanField make_field(const Field& field, std::size_t offset, const Plan& plan) {
    std::string key(escaped_room(field.name.size()) + 4, '\0');
    char* out = key.data();
    *out++ = ',';
    *out++ = '"';
    out = escape(field.name, out, true);
    *out++ = '"';
    *out++ = ':';
    key.resize(static_cast<std::size_t>(out - key.data()));
    const bool is_plain = key.size() == field.name.size() + 4;
    return {&plan, offset, field.name, std::move(key), is_plain};
  }

  static void make_index(Plan& plan) {
    if (plan.fields.size() <= index_from || plan.fields.size() >= 0x7FFF) return;
    std::size_t size = 8;
    while (size < plan.fields.size() * 2) size *= 2;
    plan.index.assign(size, 0);
    for (std::size_t i = 0; i < plan.fields.size(); ++i) {
      std::size_t at = hash(plan.fields[i].name) & (size - 1);
      while (plan.index[at] != 0) at = (at + 1) & (size - 1);
      plan.index[at] = static_cast<std::uint16_t>(i + 1);
    }
  }

  std::array<std::atomic<const Node*>, 512> buckets_{};
  std::mutex mutex_;  // guards what follows, and additions to the buckets
  std::unordered_map<const Shape*, const Node*> known_;
  std::deque<std::deque<Node>> nodes_;
};

}  // namespace

const PlanField* Plan::find(std::string_view field_name, bool any_case) const noexcept {
  const PlanField* similar = nullptr;
  const auto look = [&](const PlanField& field) {
    if (field.name == field_name) return true;
    if (any_case && similar == nullptr && equal_folded(field.name, field_name)) similar = &field;
    return false;
  };
  if (index.empty()) {
    for (const PlanField& field : fields)
      if (look(field)) return &field;
    return similar;
  }
  const std::size_t mask = index.size() - 1;
  for (std::size_t at = hash(field_name) & mask; index[at] != 0; at = (at + 1) & mask) {
    const PlanField& field = fields[index[at] - 1u];
    if (look(field)) return &field;
  }
  return similar;
}

const Plan& plan_of(const Shape& shape) {
  static Plans plans;
  return plans.of(shape);
}

}  // namespace polyrpc::json
