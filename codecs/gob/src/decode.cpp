#include "decode.hpp"

#include "errors.hpp"
#include "interface_names.hpp"
#include "time_form.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace polyrpc::gob::detail {

namespace {

/// Memory taken ahead of what a list's bytes justify.
constexpr std::size_t ahead = 64 << 10;
/// What a node of a list, set or map costs beside its elements.
constexpr std::size_t node_cost = 32;

constexpr char length_mismatch[] = "gob: length mismatch in decodeArray";
constexpr char count_too_big[] = "gob: more elements claimed than the message can hold";

/// For the operations that want a Status: what went wrong is in the Decoding.
Status aborted() { return Status::aborted("gob: reading stopped"); }

}  // namespace

Status Decoding::run(std::int32_t wire, const std::byte* begin, const std::byte* message_end,
                     const std::byte* value_end, MessageSlot into) {
  const Plan* plan = dictionary_.plan(wire, *into.shape, status_);
  if (plan == nullptr) return std::move(status_);
  cur = begin;
  end = message_end;
  limit = value_end;
  if (top(*plan, into.object)) {
    if (cur == end && end == limit) return {};
    fail("gob: extra data behind a value");
  }
  if (error != nullptr) return to_status(error);
  if (naming_)
    return Status::invalid_argument("value for \"" + out_of_range_ + "*" + go_text(pointee(*into.shape)) +
                                    "\" out of range");
  return std::move(status_);
}

bool Decoding::enter() {
  if (depth_ >= limits_.depth) return fail(too_deep);
  ++depth_;
  return true;
}

bool Decoding::reject(Status why) {
  if (status_.ok()) status_ = std::move(why);
  return false;
}

bool Decoding::out_of_range() {
  naming_ = true;
  return false;
}

bool Decoding::in_field(const Plan& plan, std::uint32_t number) {
  if (naming_) {
    naming_ = false;
    reject(Status::invalid_argument("value for \"" + out_of_range_ + std::string(plan.type->fields[number].name) +
                                    "\" out of range"));
  }
  return false;
}

bool Decoding::in_part(const char* of_what) {
  if (naming_) out_of_range_.insert(0, of_what);
  return false;
}

// ---- numbers ----

template <class Integer>
bool Decoding::signed_number(void* object) {
  std::int64_t v = 0;
  if (!get_int(v)) return false;
  if constexpr (sizeof(Integer) < 8) {
    if (v != static_cast<Integer>(v)) return out_of_range();
  }
  store(object, static_cast<Integer>(v));
  return true;
}

template <class Integer>
bool Decoding::unsigned_number(void* object) {
  std::uint64_t v = 0;
  if (!get_uint(v)) return false;
  if constexpr (sizeof(Integer) < 8) {
    if (v != static_cast<Integer>(v)) return out_of_range();
  }
  store(object, static_cast<Integer>(v));
  return true;
}

namespace {

/// Go refuses what is finite and greater than the greatest float32, even if it would be rounded down to it.
bool fits_float32(double v) noexcept {
  const double size = std::fabs(v);
  return !(size > static_cast<double>((std::numeric_limits<float>::max)()) && std::isfinite(v));
}

}  // namespace

bool Decoding::number32(void* object) {
  double v = 0;
  if (!get_float(v)) return false;
  if (!fits_float32(v)) return out_of_range();
  store(object, static_cast<float>(v));
  return true;
}

bool Decoding::complex(Op op, void* object) {
  double real = 0;
  double imaginary = 0;
  if (!get_float(real) || !get_float(imaginary)) return false;
  if (op == Op::complex128) {
    const double parts[2] = {real, imaginary};
    std::memcpy(object, parts, sizeof parts);
    return true;
  }
  if (!fits_float32(real) || !fits_float32(imaginary)) return out_of_range();
  const float parts[2] = {static_cast<float>(real), static_cast<float>(imaginary)};
  std::memcpy(object, parts, sizeof parts);
  return true;
}

// ---- the switchboard ----

bool Decoding::top(const Plan& plan, void* object) {
  if (plan.op == Op::structure) return structure(plan, object);
  if (plan.type == nullptr || plan.type->kind != WireKind::structure)
    if (!get_singleton_zero()) return false;
  return value(plan, object);
}

bool Decoding::string(void* object) {
  std::span<const std::byte> bytes;
  if (!get_bytes(bytes)) return false;
  static_cast<std::string*>(object)->assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return true;
}

bool Decoding::value(const Plan& plan, void* object) {
  std::uint64_t u = 0;
  std::span<const std::byte> bytes;
  switch (plan.op) {
    case Op::boolean:
      if (!get_uint(u)) return false;
      *static_cast<bool*>(object) = u != 0;
      return true;
    case Op::int8:
      return signed_number<std::int8_t>(object);
    case Op::int16:
      return signed_number<std::int16_t>(object);
    case Op::int32:
      return signed_number<std::int32_t>(object);
    case Op::int64:
      return signed_number<std::int64_t>(object);
    case Op::uint8:
      return unsigned_number<std::uint8_t>(object);
    case Op::uint16:
      return unsigned_number<std::uint16_t>(object);
    case Op::uint32:
      return unsigned_number<std::uint32_t>(object);
    case Op::uint64:
      return unsigned_number<std::uint64_t>(object);
    case Op::float32:
      return number32(object);
    case Op::float64:
      if (!get_uint(u)) return false;
      store(object, uint_to_float(u));
      return true;
    case Op::complex64:
    case Op::complex128:
      return complex(plan.op, object);
    case Op::std_string:
      return string(object);
    case Op::text:
      if (!get_bytes(bytes)) return false;
      plan.shape->string->set(object, as_text(bytes));
      return true;
    case Op::bytes:
      if (!get_bytes(bytes)) return false;
      plan.shape->bytes->set(object, bytes);
      return true;
    case Op::byte_list:
      return byte_list(plan, object);
    case Op::duration:
      return duration(plan, object);
    case Op::enum_name:
      return enumeration(plan, object);
    case Op::time:
      return time(plan, object);
    case Op::text_form:
    case Op::custom:
      return custom(plan, object);
    case Op::structure:
      return structure(plan, object);
    case Op::bridged:
      return bridged(plan, object);
    case Op::array:
      return array(plan, object);
    case Op::list:
      return list(plan, object);
    case Op::map:
      return map(plan, object);
    case Op::optional:
      return optional(plan, object);
    case Op::variant:
      return variant(plan, object);
    case Op::any:
      return any(plan, object);
    case Op::tree:
      return tree(plan.wire, *static_cast<Value*>(object));
    case Op::skip:
    case Op::foreign:
      break;
  }
  return reject(Status::internal("gob: no way to read this type"));
}

bool Decoding::structure(const Plan& plan, void* object) {
  if (!enter()) return false;
  std::uint32_t next = 0;
  for (;;) {
    std::uint64_t delta = 0;
    if (!get_uint(delta)) return false;
    if (delta == 0) break;
    if (delta > plan.field_count - next) return fail("gob: bad data: field numbers out of bounds");
    next += static_cast<std::uint32_t>(delta);
    std::uint64_t u = 0;
    const PlanField& field = plan.fields[next - 1];
    void* place = at(object, field.offset);
    bool good = false;
    switch (field.op) {
      case Op::int64:
        if (!get_uint(u)) return false;
        store(place, unzigzag(u));
        continue;
      case Op::uint64:
        if (!get_uint(u)) return false;
        store(place, u);
        continue;
      case Op::float64:
        if (!get_uint(u)) return false;
        store(place, byte_swap(u));
        continue;
      case Op::std_string:
        good = string(place);
        break;
      case Op::list:
        good = list(*field.plan, place);
        break;
      case Op::skip:
        good = skip(field.wire);
        break;
      default:
        good = value(*field.plan, place);
        break;
    }
    if (!good) return in_field(plan, next - 1);
  }
  leave();
  return true;
}

bool Decoding::bridged(const Plan& plan, void* object) {
  if (!charge(plan.element->shape->size)) return false;
  Message mirror(*plan.element->shape);
  if (!value(*plan.element, mirror.object())) return false;
  Status status = plan.shape->foreign->bridge->from_mirror(*plan.shape, mirror.object(), object);
  return status.ok() || reject(std::move(status));
}

bool Decoding::skip(std::int32_t wire) {
  std::uint64_t u = 0;
  std::span<const std::byte> bytes;
  switch (wire) {
    case id::boolean:
    case id::integer:
    case id::unsigned_integer:
    case id::floating:
      return get_uint(u);
    case id::bytes:
    case id::string:
      return get_bytes(bytes);
    default:
      break;
  }
  Skipper skipper(dictionary_, limits_);
  std::size_t wanted = 0;
  if (!skipper.start_element(*this, wire, depth_)) return false;
  return skipper.run(*this, Skipper::Definitions::ignore, wanted) == Cut::done ||
         fail("gob: value cut off inside its message");
}

// ---- lists and maps ----

bool Decoding::count_of(const Plan& plan, std::uint64_t& count) {
  if (!get_uint(count)) return false;
  if (count > left() && !plan.may_split) return fail(count_too_big);
  if (count > limits_.elements) return fail(too_many_elements);
  return true;
}

bool Decoding::list(const Plan& plan, void* object) {
  const ListOps& ops = *plan.shape->list;
  const Plan& element = *plan.element;
  std::uint64_t wide_count = 0;
  if (!enter() || !count_of(plan, wide_count)) return false;
  const auto count = static_cast<std::size_t>(wide_count);
  ops.clear(object);
  if (ops.resize != nullptr) {
    if (!adjacent(plan, object, count)) return in_part("element of ");
  } else {
    if (ops.reserve != nullptr) ops.reserve(object, (std::min)(count, ahead / 16));
    const auto fill = [&](void* place) { return value(element, place) ? Status() : aborted(); };
    for (std::size_t i = 0; i < count; ++i) {
      if (!charge(element.shape->size + node_cost)) return false;
      if (!ops.add(object, fill).ok()) return in_part("element of ");
    }
  }
  leave();
  return true;
}

bool Decoding::adjacent(const Plan& plan, void* object, std::size_t count) {
  const ListOps& ops = *plan.shape->list;
  const Plan& element = *plan.element;
  const std::size_t size = (std::max)(element.shape->size, std::size_t{1});
  std::size_t made = 0;
  while (made < count) {
    // All at once when they are few or the bytes that are there justify it, else in steps that double.
    std::size_t step = count - made;
    if (step > ahead || size > ahead || std::uint64_t{step} * size > ahead) {
      const std::size_t justified =
          (std::max)({ahead, left() < (ahead << 20) ? left() * 16 : left(), made * size}) / size;
      step = (std::min)(step, (std::max)(justified, std::size_t{1}));
      if (step > (std::numeric_limits<std::size_t>::max)() / 2 / size) return false;
    }
    if (!charge(step * size)) return false;
    auto* first = static_cast<std::byte*>(ops.resize(object, made + step));
    if (!elements(element, first + made * size, step)) return false;
    made += step;
  }
  return true;
}

/// Runs of numbers: what is most of the bytes in many programs. `take` reads one where any number's bytes are there,
/// and returns null if `read` has to look at it: that one knows what is wrong, and reads the last few.
template <class Number, class Take, class Read>
bool Decoding::numbers(std::byte* first, std::size_t count, Take take, Read read) {
  while (count != 0) {
    const std::byte* from = cur;
    while (count != 0 && static_cast<std::size_t>(end - from) >= max_uint_size) {
      Number number{};
      const std::byte* const behind = take(from, number);
      if (behind == nullptr) [[unlikely]]
        break;
      store(first, number);
      from = behind;
      first += sizeof number;
      --count;
    }
    cur = from;
    if (count == 0) break;
    if (!read(first)) return false;
    first += sizeof(Number);
    --count;
  }
  return true;
}

namespace {

template <class Integer>
const std::byte* take_signed(const std::byte* from, Integer& number) noexcept {
  std::uint64_t u = 0;
  const std::byte* const behind = take_uint(from, u);
  const std::int64_t v = unzigzag(u);
  number = static_cast<Integer>(v);
  return v == number ? behind : nullptr;
}
template <class Integer>
const std::byte* take_unsigned(const std::byte* from, Integer& number) noexcept {
  std::uint64_t u = 0;
  const std::byte* const behind = take_uint(from, u);
  number = static_cast<Integer>(u);
  return u == number ? behind : nullptr;
}

}  // namespace

bool Decoding::elements(const Plan& element, std::byte* first, std::size_t count) {
  switch (element.op) {
    case Op::int64:
      return numbers<std::int64_t>(first, count, take_signed<std::int64_t>,
                                   [this](void* place) { return signed_number<std::int64_t>(place); });
    case Op::int32:
      return numbers<std::int32_t>(first, count, take_signed<std::int32_t>,
                                   [this](void* place) { return signed_number<std::int32_t>(place); });
    case Op::uint64:
      return numbers<std::uint64_t>(first, count, take_unsigned<std::uint64_t>,
                                    [this](void* place) { return unsigned_number<std::uint64_t>(place); });
    case Op::uint32:
      return numbers<std::uint32_t>(first, count, take_unsigned<std::uint32_t>,
                                    [this](void* place) { return unsigned_number<std::uint32_t>(place); });
    case Op::float64:
      return numbers<double>(first, count, take_float, [this](void* place) {
        double v = 0;
        if (!get_float(v)) return false;
        store(place, v);
        return true;
      });
    case Op::float32:
      return numbers<float>(
          first, count,
          [](const std::byte* from, float& number) {
            double v = 0;
            const std::byte* const behind = take_float(from, v);
            if (!fits_float32(v)) return static_cast<const std::byte*>(nullptr);
            number = static_cast<float>(v);
            return behind;
          },
          [this](void* place) { return number32(place); });
    default:
      break;
  }
  const std::size_t size = element.shape->size;
  switch (element.op) {
    case Op::std_string:
      for (; count != 0; --count, first += size)
        if (!string(first)) return false;
      return true;
    case Op::structure:
      for (; count != 0; --count, first += size)
        if (!structure(element, first)) return false;
      return true;
    default:
      for (; count != 0; --count, first += size)
        if (!value(element, first)) return false;
      return true;
  }
}

bool Decoding::array(const Plan& plan, void* object) {
  std::uint64_t count = 0;
  if (!enter() || !get_uint(count)) return false;
  if (count != plan.shape->array_length) return fail(length_mismatch);
  if (!elements(*plan.element, static_cast<std::byte*>(object), static_cast<std::size_t>(count)))
    return in_part("element of ");
  leave();
  return true;
}

bool Decoding::map(const Plan& plan, void* object) {
  const MapOps& ops = *plan.shape->map;
  const Plan& key_plan = *plan.key;
  const Plan& element_plan = *plan.element;
  std::uint64_t wide_count = 0;
  if (!enter() || !count_of(plan, wide_count)) return false;
  const auto count = static_cast<std::size_t>(wide_count);
  if (ops.reserve != nullptr) ops.reserve(object, ops.size(object) + (std::min)(count, ahead / 16));
  const auto fill = [&](void* key, void* place) {
    if (element(key_plan, key)) {
      if (element(element_plan, place)) return Status();
      in_part("element of ");
    } else {
      in_part("key of ");
    }
    return aborted();
  };
  const std::size_t cost = key_plan.shape->size + element_plan.shape->size + node_cost;
  for (std::size_t i = 0; i < count; ++i)
    if (!charge(cost) || !ops.add(object, fill).ok()) return false;
  leave();
  return true;
}

bool Decoding::byte_list(const Plan& plan, void* object) {
  const ListOps& ops = *plan.shape->list;
  std::span<const std::byte> bytes;
  if (!get_bytes(bytes)) return false;
  if (bytes.size() > limits_.elements) return fail(too_many_elements);
  ops.clear(object);
  if (ops.resize != nullptr) {
    void* first = ops.resize(object, bytes.size());
    copy_bytes(first, bytes.data(), bytes.size());
    return true;
  }
  if (!charge(bytes.size() * (1 + node_cost))) return false;
  for (const std::byte byte : bytes) {
    const Status added = ops.add(object, [byte](void* place) {
      *static_cast<std::byte*>(place) = byte;
      return Status();
    });
    if (!added.ok()) return reject(added);
  }
  return true;
}

// ---- single values of special kinds ----

bool Decoding::duration(const Plan& plan, void* object) {
  std::int64_t nanoseconds = 0;
  if (!get_int(nanoseconds)) return false;
  return plan.shape->duration->set(object, nanoseconds) || out_of_range();
}

bool Decoding::enumeration(const Plan& plan, void* object) {
  std::span<const std::byte> bytes;
  if (!get_bytes(bytes)) return false;
  const std::string_view text = as_text(bytes);
  for (const Enumerator& enumerator : plan.shape->enumeration->enumerators) {
    if (enumerator.name == text) {
      plan.shape->enumeration->set(object, enumerator.value);
      return true;
    }
  }
  const std::string shown(text.substr(0, 64));
  return reject(Status::invalid_argument("gob: \"" + shown + "\" is no " + go_text(*plan.shape)));
}

bool Decoding::time(const Plan& plan, void* object) {
  std::span<const std::byte> bytes;
  if (!get_bytes(bytes)) return false;
  Time time;
  Status status = read_time(bytes, time);
  if (!status.ok()) return reject(std::move(status));
  return plan.shape->time->set(object, time) || out_of_range();
}

bool Decoding::custom(const Plan& plan, void* object) {
  const CustomOps& ops = *plan.shape->custom;
  std::span<const std::byte> bytes;
  if (!get_bytes(bytes)) return false;
  const OwnEncoding encoding = plan.op == Op::text_form ? OwnEncoding::text
                               : ops.has_gob            ? OwnEncoding::gob
                                                        : OwnEncoding::binary;
  Status status = ops.decode(object, encoding, bytes);
  return status.ok() || reject(std::move(status));
}

bool Decoding::optional(const Plan& plan, void* object) {
  const OptionalOps& ops = *plan.shape->optional;
  // What is there already is read into, as Go does. The shape says const because most of its users only look.
  void* inner = const_cast<void*>(ops.get(object));
  if (inner == nullptr) {
    if (!charge(plan.element->shape->size)) return false;
    inner = ops.emplace(object);
  }
  return value(*plan.element, inner);
}

// ---- interface values ----

bool Decoding::interface_name(std::string_view& name) {
  std::span<const std::byte> bytes;
  if (!get_bytes(bytes)) return false;
  if (bytes.size() > limits_.name_bytes) return fail(name_too_long);
  name = as_text(bytes);
  return true;
}

/// docs/wire/gob.md, "Interface values"; the definitions have been taken in when the value's end was looked for.
bool Decoding::concrete_type(std::int32_t& wire) {
  for (;;) {
    std::size_t wanted = 0;
    if (cur == end && next_message(limits_.message_bytes, wanted) != Cut::done)
      return fail("gob: value cut off inside its message");
    std::int64_t concrete = 0;
    std::uint64_t count = 0;
    if (!get_int(concrete)) return false;
    if (concrete >= 0) {
      if (!get_uint(count)) return false;
      wire = static_cast<std::int32_t>(concrete);
      if (concrete != wire || (!WireTypes::is_basic(wire) && dictionary_.types().find(wire) == nullptr))
        return fail(unknown_type);
      return true;
    }
    if (!dictionary_.types().skip_descriptor(*this)) return false;
    if (cur != end && !get_uint(count)) return false;
  }
}

bool Decoding::variant(const Plan& plan, void* object) {
  const VariantOps& ops = *plan.shape->variant;
  std::string_view name;
  if (!enter() || !interface_name(name)) return false;
  if (name.empty()) {
    const std::size_t nothing = nil_alternative(ops);
    if (nothing == ops.alternatives.size())
      return reject(Status::invalid_argument("gob: nil for a variant that can't be empty"));
    ops.emplace(object, nothing);
    leave();
    return true;
  }
  const std::size_t index = alternative_named(ops, name, names_);
  if (index == ops.alternatives.size()) {
    const Shape* known = names_.find(name);
    return reject(Status::invalid_argument(
        known == nullptr ? "gob: name not registered for interface: \"" + std::string(name) + "\""
                         : "gob: " + go_text(*known) + " is not assignable to type " + go_text(*plan.shape)));
  }
  std::int32_t wire = 0;
  if (!concrete_type(wire)) return false;
  Status why;
  const Plan* inner = dictionary_.plan(wire, *ops.alternatives[index], why);
  if (inner == nullptr) return reject(std::move(why));
  if (!top(*inner, ops.emplace(object, index))) return false;
  leave();
  return true;
}

bool Decoding::any(const Plan&, void* object) {
  std::string_view name;
  if (!enter() || !interface_name(name)) return false;
  if (name.empty()) {
    *static_cast<Any*>(object) = Any();
    leave();
    return true;
  }
  const Shape* shape = names_.find(name);
  if (shape == nullptr)
    return reject(Status::invalid_argument("gob: name not registered for interface: \"" + std::string(name) + "\""));
  if (shape->construct == nullptr)
    return reject(Status::unimplemented("gob: type " + go_text(*shape) + " can't be made"));
  std::int32_t wire = 0;
  if (!concrete_type(wire)) return false;
  Status why;
  const Plan* inner = dictionary_.plan(wire, *shape, why);
  if (inner == nullptr) return reject(std::move(why));
  if (!charge(shape->size + 2 * node_cost)) return false;
  auto message = std::make_shared<Message>(*shape);
  if (!top(*inner, message->object())) return false;
  const void* inside = message->object();
  *static_cast<Any*>(object) = Any(*shape, std::shared_ptr<const void>(std::move(message), inside));
  leave();
  return true;
}

// ---- gob::Value ----

bool Decoding::tree_top(std::int32_t wire, Value& into) {
  const WireType* type = WireTypes::is_basic(wire) ? nullptr : dictionary_.types().find(wire);
  if ((type == nullptr || type->kind != WireKind::structure) && !get_singleton_zero()) return false;
  return tree(wire, into);
}

bool Decoding::tree(std::int32_t wire, Value& into) {
  std::uint64_t u = 0;
  std::int64_t i = 0;
  std::span<const std::byte> bytes;
  switch (wire) {
    case id::boolean:
      if (!get_uint(u)) return false;
      into.data = u != 0;
      return true;
    case id::integer:
      if (!get_int(i)) return false;
      into.data = i;
      return true;
    case id::unsigned_integer:
      if (!get_uint(u)) return false;
      into.data = u;
      return true;
    case id::floating:
      if (!get_uint(u)) return false;
      into.data = uint_to_float(u);
      return true;
    case id::complex: {
      std::uint64_t imaginary = 0;
      if (!get_uint(u) || !get_uint(imaginary)) return false;
      into.data = std::complex<double>(uint_to_float(u), uint_to_float(imaginary));
      return true;
    }
    case id::bytes:
      if (!get_bytes(bytes)) return false;
      into.data = Value::Bytes(bytes.begin(), bytes.end());
      return true;
    case id::string:
      if (!get_bytes(bytes)) return false;
      into.data = std::string(as_text(bytes));
      return true;
    case id::interface:
      return tree_interface(into);
    default:
      break;
  }
  const WireType* type = dictionary_.types().find(wire);
  if (type == nullptr) return fail(unknown_type);
  return tree_defined(*type, into);
}

bool Decoding::tree_interface(Value& into) {
  std::string_view name;
  if (!enter() || !interface_name(name)) return false;
  if (name.empty()) {
    into.data = Value::Nil();
    leave();
    return true;
  }
  std::int32_t wire = 0;
  if (!concrete_type(wire) || !charge(sizeof(Value) + node_cost)) return false;
  auto inside = std::make_shared<Value>();
  if (!tree_top(wire, *inside)) return false;
  into.data = Value::Interface{std::string(name), std::move(inside)};
  leave();
  return true;
}

bool Decoding::tree_defined(const WireType& type, Value& into) {
  std::uint64_t count = 0;
  std::span<const std::byte> bytes;
  if (!enter()) return false;
  switch (type.kind) {
    case WireKind::gob:
    case WireKind::binary:
    case WireKind::text: {
      if (!get_bytes(bytes)) return false;
      const OwnEncoding encoding = type.kind == WireKind::gob      ? OwnEncoding::gob
                                   : type.kind == WireKind::binary ? OwnEncoding::binary
                                                                   : OwnEncoding::text;
      into.data = Value::Own{encoding, std::string(as_text(bytes))};
      break;
    }
    case WireKind::structure: {
      auto& made = into.data.emplace<Value::Struct>();
      made.name = type.name;
      std::int64_t number = -1;
      const auto last = static_cast<std::int64_t>(type.fields.size()) - 1;
      for (;;) {
        std::uint64_t delta = 0;
        if (!get_uint(delta)) return false;
        if (delta == 0) break;
        if (delta > static_cast<std::uint64_t>(last - number))
          return fail("gob: bad data: field numbers out of bounds");
        number += static_cast<std::int64_t>(delta);
        const WireField& field = type.fields[static_cast<std::size_t>(number)];
        if (!charge(sizeof(Value) + sizeof(std::string) + field.name.size())) return false;
        auto& [name, value] = made.fields.emplace_back();
        name = field.name;
        if (!tree(field.id, value)) return false;
      }
      break;
    }
    case WireKind::array:
    case WireKind::slice: {
      if (!get_uint(count)) return false;
      if (type.kind == WireKind::array && count != type.length) return fail(length_mismatch);
      if (count > limits_.elements) return fail(too_many_elements);
      auto& made = into.data.emplace<Value::List>();
      made.fixed = type.kind == WireKind::array;
      for (std::uint64_t i = 0; i < count; ++i)
        if (!charge(sizeof(Value)) || !tree(type.element, made.elements.emplace_back())) return false;
      break;
    }
    case WireKind::map: {
      if (!get_uint(count)) return false;
      if (count > limits_.elements) return fail(too_many_elements);
      auto& made = into.data.emplace<Value::Map>();
      for (std::uint64_t i = 0; i < count; ++i) {
        if (!charge(2 * sizeof(Value))) return false;
        auto& [key, value] = made.entries.emplace_back();
        if (!tree(type.key, key) || !tree(type.element, value)) return false;
      }
      break;
    }
  }
  leave();
  return true;
}

}  // namespace polyrpc::gob::detail
