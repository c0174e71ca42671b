#include "plan.hpp"

#include "errors.hpp"

#include <string>

namespace polyrpc::gob::detail {

namespace {

struct LocalField {
  std::string name;  // as Go exports it
  std::size_t offset;
  const Shape* shape;
};

}  // namespace

const Plan* Plans::want(std::int32_t wire, const Shape& shape, const WireType* in, std::uint32_t field) {
  const Key key{&shape, wire};
  auto& plan = plans_[key];
  if (plan == nullptr) {
    plan = std::make_unique<Plan>();
    pending_.push_back({key, plan.get(), in, field});
  }
  return plan.get();
}

const Plan* Plans::root(std::int32_t wire, const Shape& shape, Status& why) {
  pending_.clear();
  const Plan* plan = want(wire, shape, nullptr, 0);
  // The list grows while it is worked off: types of any depth and recursive ones need no stack.
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    why = fill(Pending(pending_[i]));
    if (!why.ok()) {
      for (const Pending& made : pending_) plans_.erase(made.key);
      pending_.clear();
      return nullptr;
    }
  }
  pending_.clear();
  if (pending_.capacity() > 64) pending_.shrink_to_fit();
  why = check_root(*plan);
  return why.ok() ? plan : nullptr;
}

Status Plans::check_root(const Plan& plan) const {
  const Plan* inner = &plan;
  while (inner->op == Op::optional || inner->op == Op::bridged) inner = inner->element;
  if (inner->op == Op::structure && inner->fields_matched == 0 && inner->field_count > 0 &&
      (!inner->shape->fields.empty() || !inner->shape->bases.empty()))
    return Status::invalid_argument("gob: type mismatch: no fields matched compiling decoder for " +
                                    std::string(declared_name(*inner->shape)));
  return {};
}

bool Plans::fits(const Plan& plan) const noexcept {
  const auto defined_as = [&](WireKind kind) { return plan.type != nullptr && plan.type->kind == kind; };
  switch (plan.op) {
    case Op::structure:
      return defined_as(WireKind::structure);
    case Op::array:
      return defined_as(WireKind::array) && plan.type->length == plan.shape->array_length;
    case Op::list:
      return defined_as(WireKind::slice);
    case Op::map:
      return defined_as(WireKind::map);
    case Op::time:
      return defined_as(WireKind::gob);
    case Op::custom:
      return defined_as(plan.shape->custom->has_gob ? WireKind::gob : WireKind::binary);
    case Op::text_form:
      return plan.wire == id::string || defined_as(WireKind::text);
    case Op::optional:
    case Op::bridged:
    case Op::tree:
      return true;
    default:
      return basic_id(plan.op) != 0 && plan.wire == basic_id(plan.op);
  }
}

Status Plans::mismatch(const Pending& pending) const {
  const Plan& plan = *pending.plan;
  const std::string local = go_text(*plan.shape);
  if (plan.op == Op::structure)
    return Status::invalid_argument("gob: type mismatch in decoder: want struct type " + local + "; got non-struct");
  if (pending.in != nullptr)
    return Status::invalid_argument("gob: wrong type (" + local + ") for received field " +
                                    std::string(pending.in->name) + "." +
                                    std::string(pending.in->fields[pending.field].name));
  const std::string remote(types_.name_of(plan.wire));
  if (basic_id(plan.op) == id::interface)
    return Status::invalid_argument("gob: local interface type " + local +
                                    " can only be decoded from remote interface type; received concrete type " +
                                    remote);
  return Status::invalid_argument("gob: decoding into local type *" + local + ", received remote type " + remote);
}

Status Plans::fill(const Pending& pending) {
  Plan& plan = *pending.plan;
  plan.wire = pending.key.wire;
  plan.shape = pending.key.shape;
  plan.op = op_of(*plan.shape);
  if (!WireTypes::is_basic(plan.wire)) {
    plan.type = types_.find(plan.wire);
    if (plan.type == nullptr) return Status::invalid_argument(unknown_type);
  }
  if (plan.op == Op::foreign)
    return Status::unimplemented("gob: type " + go_text(*plan.shape) + " can't be read from gob");
  if (!fits(plan)) return mismatch(pending);
  switch (plan.op) {
    case Op::structure:
      return fill_struct(plan);
    case Op::optional:
      plan.element = want(plan.wire, *plan.shape->element, pending.in, pending.field);
      break;
    case Op::bridged:
      plan.element = want(plan.wire, mirror_of(*plan.shape), pending.in, pending.field);
      break;
    case Op::map:
      plan.key = want(plan.type->key, *plan.shape->key, pending.in, pending.field);
      plan.element = want(plan.type->element, *plan.shape->element, pending.in, pending.field);
      break;
    case Op::list:
    case Op::byte_list:
      if (plan.shape->list->read_only)
        return Status::unimplemented("gob: type " + go_text(*plan.shape) + " can be sent, not received");
      if (plan.op == Op::list) plan.element = want(plan.type->element, *plan.shape->element, pending.in, pending.field);
      break;
    case Op::array:
      plan.element = want(plan.type->element, *plan.shape->element, pending.in, pending.field);
      break;
    default:
      break;
  }
  plan.may_split = types_.may_split(plan.wire) != WireTypes::Split::no;
  return {};
}

Status Plans::fill_struct(Plan& plan) {
  std::vector<LocalField> local;
  Status status;
  for_each_field(*plan.shape, [&](const Field& field, std::size_t offset) {
    local.push_back({exported_name(field.name), offset, &field.shape()});
    if (local.back().name.empty())
      status = Status::unimplemented("gob: field " + go_text(*plan.shape) + "." + std::string(field.name) +
                                     " can't be exported");
  });
  if (!status.ok()) return status;

  const std::span<const WireField> wire = plan.type->fields;
  plan.fields = std::make_unique<PlanField[]>(wire.size());
  plan.field_count = static_cast<std::uint32_t>(wire.size());
  for (std::uint32_t i = 0; i < plan.field_count; ++i) {
    PlanField& field = plan.fields[i];
    field.wire = wire[i].id;
    const LocalField* match = nullptr;
    if (i < local.size() && local[i].name == wire[i].name) {
      match = &local[i];
    } else {
      for (const LocalField& candidate : local)
        if (candidate.name == wire[i].name) match = &candidate;
    }
    if (match == nullptr) {
      if (!WireTypes::is_basic(field.wire) && types_.find(field.wire) == nullptr)
        return Status::invalid_argument(unknown_type);
      continue;
    }
    ++plan.fields_matched;
    field.op = op_of(*match->shape);
    field.offset = match->offset;
    field.plan = want(field.wire, *match->shape, plan.type, i);
  }
  return {};
}

}  // namespace polyrpc::gob::detail
