#include "plan.hpp"

#include "polyrpc/codecs/protobuf_message.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace polyrpc::protobuf {

namespace {

constexpr std::uint32_t direct_numbers = 256;  // smaller numbers are looked up in a table

Op own_form(const Shape& shape) noexcept {
  if (shape.custom->has_text) return Op::own_text;
  if (shape.custom->has_binary) return Op::own_bytes;
  return shape.fields.empty() ? Op::own_bytes : Op::message;
}

Op op_of(const Shape& shape) noexcept {
  switch (shape.kind) {
    case Kind::boolean:
      return Op::boolean;
    case Kind::int8:
      return Op::int8;
    case Kind::int16:
      return Op::int16;
    case Kind::int32:
      return Op::int32;
    case Kind::int64:
      return Op::int64;
    case Kind::uint8:
      return Op::uint8;
    case Kind::uint16:
      return Op::uint16;
    case Kind::uint32:
      return Op::uint32;
    case Kind::uint64:
      return Op::uint64;
    case Kind::float32:
      return Op::float32;
    case Kind::float64:
      return Op::float64;
    case Kind::complex64:
      return Op::complex64;
    case Kind::complex128:
      return Op::complex128;
    case Kind::string:
      return Op::string;
    case Kind::bytes:
      return Op::bytes;
    case Kind::array:
      return Op::array;
    case Kind::list:
      return Op::list;
    case Kind::map:
      return Op::map;
    case Kind::structure:
      return Op::message;
    case Kind::optional:
      return Op::optional;
    case Kind::variant:
      return Op::variant;
    case Kind::any:
      return Op::unsupported;
    case Kind::time:
      return Op::time;
    case Kind::duration:
      return Op::duration;
    case Kind::enum_name:
      return Op::enum_name;
    case Kind::custom:
      return own_form(shape);
    case Kind::foreign:
      return shape.foreign->family == &message_family ? Op::foreign : Op::unsupported;
  }
  return Op::unsupported;
}

Wire wire_of(Op op) noexcept {
  if (is_varint(op)) return Wire::varint;
  if (op == Op::float32) return Wire::fixed32;
  if (op == Op::float64) return Wire::fixed64;
  return Wire::length;
}

std::uint8_t bit(Wire wire) noexcept { return static_cast<std::uint8_t>(1u << static_cast<unsigned>(wire)); }

/// All plans there are. Shapes are constants that live as long as the program, and so do their plans: this is a memory
/// of what follows from constants, not state.
class Plans {
 public:
  const Value& of(const Shape& shape) {
    for (const Node* node = bucket(shape).load(std::memory_order_acquire); node != nullptr; node = node->next)
      if (node->value.shape == &shape) return node->value;
    return make(shape);
  }

 private:
  struct Node {
    Value value;
    const Node* next = nullptr;
  };

  struct Fresh {
    std::deque<Node> nodes;
    std::unordered_map<const Shape*, Node*> by_shape;
  };

  std::atomic<const Node*>& bucket(const Shape& shape) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(&shape);
    return buckets_[(address >> 4 ^ address >> 12) % buckets_.size()];
  }

  const Value& make(const Shape& shape) {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(&shape);
    if (known != known_.end()) return known->second->value;
    Fresh fresh;
    const Node& root = build(shape, fresh);
    // The fields need to know what the values are, and those of a recursive type are known only now.
    for (Node& node : fresh.nodes) lay_out(node.value, fresh);
    nodes_.push_back(std::move(fresh.nodes));
    // What is new is seen by others only when all of it is there.
    for (Node& node : nodes_.back()) {
      known_.emplace(node.value.shape, &node);
      auto& head = bucket(*node.value.shape);
      node.next = head.load(std::memory_order_relaxed);
      head.store(&node, std::memory_order_release);
    }
    return root.value;
  }

  const Node& build(const Shape& shape, Fresh& fresh) {
    if (const auto known = known_.find(&shape); known != known_.end()) return *known->second;
    if (const auto begun = fresh.by_shape.find(&shape); begun != fresh.by_shape.end()) return *begun->second;
    Node& node = fresh.nodes.emplace_back();
    fresh.by_shape.emplace(&shape, &node);
    Value& value = node.value;
    value.shape = &shape;
    value.op = op_of(shape);
    value.wire = wire_of(value.op);
    if (value.op == Op::unsupported) value.unsupported = "protobuf: has no form for " + type_text(shape);
    if (value.op == Op::list || value.op == Op::array || value.op == Op::map || value.op == Op::optional)
      value.element = &build(*shape.element, fresh).value;
    if (value.op == Op::map) value.key = &build(*shape.key, fresh).value;
    if (value.op == Op::variant)
      for (const Shape* alternative : shape.variant->alternatives)
        value.alternatives.push_back(alternative->is_nothing ? nullptr : &build(*alternative, fresh).value);
    if (value.op == Op::message)
      for_each_field(shape, [&](const Field& field, std::size_t) { build(field.shape(), fresh); });
    return node;
  }

  void lay_out(Value& value, Fresh& fresh) {
    if (is_message(value.op) && value.op != Op::message) return;
    MessagePlan& plan = value.message;
    if (value.op == Op::message) {
      struct Listed {
        const Field* field;
        std::size_t offset;
      };
      std::vector<Listed> listed;
      for_each_field(*value.shape, [&](const Field& field, std::size_t offset) {
        // A field hides one of the same name in a base, as in Go.
        std::erase_if(listed, [&](const Listed& other) { return other.field->name == field.name; });
        listed.push_back({&field, offset});
      });
      std::uint32_t position = 1;
      for (const auto& [field, offset] : listed) {
        const Value& type = build(field->shape(), fresh).value;
        add_field(plan, type, offset, field->name, field->number != 0 ? field->number : position);
        position += std::max<std::uint32_t>(1, numbers(type));
      }
    } else {
      add_field(plan, value, 0, "value", 1);
    }
    finish(plan, *value.shape);
  }

  static std::uint32_t numbers(const Value& type) {
    const Value& inner = unwrapped(type);
    if (inner.op != Op::variant) return 1;
    return static_cast<std::uint32_t>(std::count_if(inner.alternatives.begin(), inner.alternatives.end(),
                                                    [](const Value* a) { return a != nullptr; }));
  }

  static void add_field(MessagePlan& plan, const Value& type, std::size_t offset, std::string_view name,
                        std::uint32_t number) {
    const Value& inner = unwrapped(type);
    PlanField field{&type, offset, name, number, {}, {}};
    const auto index = static_cast<std::uint32_t>(plan.fields.size());
    if (inner.op == Op::variant) {
      field.variant = &inner;
      std::uint32_t next = number;
      for (std::size_t i = 0; i < inner.alternatives.size(); ++i) {
        const Value* alternative = inner.alternatives[i];
        if (alternative == nullptr) {
          field.alternatives.emplace_back();
          continue;
        }
        const Value& element = unwrapped(*alternative);
        const Tag& tag = field.alternatives.emplace_back(next, element.wire);
        plan.entries.push_back(
            {next, tag.value, bit(element.wire), index, static_cast<std::int32_t>(i), false, alternative});
        ++next;
      }
    } else {
      const bool repeats = inner.op == Op::list || inner.op == Op::array;
      std::uint8_t wires = bit(inner.wire);
      if (repeats) {
        const Value& element = unwrapped(*inner.element);
        if (is_number(element.op))
          wires = static_cast<std::uint8_t>(bit(Wire::length) | bit(element.wire));  // packed and not, both are read
      }
      field.tag = Tag(number, inner.wire);
      if (inner.op == Op::array) {
        field.counts = true;
        field.slot = plan.slots++;
      }
      plan.entries.push_back({number, field.tag.value, wires, index, -1, repeats || inner.op == Op::map, &type});
    }
    plan.fields.push_back(std::move(field));
  }

  static void finish(MessagePlan& plan, const Shape& shape) {
    const auto complain = [&](const std::string& text) {
      if (plan.broken.empty()) plan.broken = "protobuf: " + type_text(shape) + ": " + text;
    };
    std::vector<std::uint32_t> order(plan.fields.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return plan.fields[a].number < plan.fields[b].number; });
    std::vector<PlanField> fields;
    std::vector<std::uint32_t> place(order.size());
    for (const std::uint32_t from : order) {
      place[from] = static_cast<std::uint32_t>(fields.size());
      fields.push_back(std::move(plan.fields[from]));
    }
    plan.fields = std::move(fields);
    for (Entry& entry : plan.entries) entry.field = place[entry.field];
    std::stable_sort(plan.entries.begin(), plan.entries.end(),
                     [](const Entry& a, const Entry& b) { return a.number < b.number; });
    for (std::size_t i = 0; i < plan.entries.size(); ++i) {
      const std::uint32_t number = plan.entries[i].number;
      const std::string name(plan.fields[plan.entries[i].field].name);
      if (number > largest_number || (number >= first_reserved_number && number <= last_reserved_number))
        complain("field " + name + " has number " + std::to_string(number) + ", which protobuf does not allow");
      if (i > 0 && plan.entries[i - 1].number == number)
        complain("fields " + std::string(plan.fields[plan.entries[i - 1].field].name) + " and " + name +
                 " have the same number " + std::to_string(number));
    }
    if (plan.entries.size() >= 0xFFFF) return;
    std::uint32_t most = 0;
    for (const Entry& entry : plan.entries)
      if (entry.number < direct_numbers) most = entry.number;
    plan.direct.assign(most + 1, 0);
    for (std::size_t i = 0; i < plan.entries.size(); ++i)
      if (plan.entries[i].number <= most) plan.direct[plan.entries[i].number] = static_cast<std::uint16_t>(i + 1);
  }

  std::array<std::atomic<const Node*>, 512> buckets_{};
  std::mutex mutex_;  // guards what follows, and additions to the buckets
  std::unordered_map<const Shape*, const Node*> known_;
  std::deque<std::deque<Node>> nodes_;
};

}  // namespace

const Entry* MessagePlan::search(std::uint32_t number) const noexcept {
  const auto found = std::lower_bound(entries.begin(), entries.end(), number,
                                      [](const Entry& entry, std::uint32_t wanted) { return entry.number < wanted; });
  return found != entries.end() && found->number == number ? &*found : nullptr;
}

const Value& unwrapped(const Value& value) noexcept {
  const Value* inner = &value;
  // A type can be an optional of itself, through a structure only; but whoever describes shapes by hand...
  for (int i = 0; i < 64 && inner->op == Op::optional; ++i) inner = inner->element;
  return *inner;
}

const Value& plan_of(const Shape& shape) {
  static Plans plans;
  return plans.of(shape);
}

}  // namespace polyrpc::protobuf
