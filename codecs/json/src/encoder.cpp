#include "encoder.hpp"

#include "polyrpc/codecs/json_foreign.hpp"
#include "polyrpc/core/any.hpp"

#include "formats.hpp"
#include "scanner.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace polyrpc::json {

const char dynamic_family = 0;

namespace {

template <class T>
const T& as(const void* object) noexcept {
  return *static_cast<const T*>(object);
}

constexpr std::string_view null_text = "null";

}  // namespace

/// Hands what a dynamic value says of itself on to the encoder.
class Encoder::Dynamic final : public DynamicWriter {
 public:
  explicit Dynamic(Encoder& encoder) noexcept : encoder_(encoder) {}

  void null() override {
    before();
    encoder_.sink_.put(null_text);
  }
  void boolean(bool value) override {
    before();
    encoder_.sink_.put(value ? std::string_view("true") : std::string_view("false"));
  }
  void integer(std::int64_t value) override {
    before();
    encoder_.sink_.integer(value);
  }
  void unsigned_integer(std::uint64_t value) override {
    before();
    encoder_.sink_.integer(value);
  }
  void real(double value) override {
    before();
    if (!encoder_.real(value)) good_ = false;
  }
  void string(std::string_view value) override {
    before();
    encoder_.sink_.string(value, encoder_.escape_html_);
  }
  void bytes(const void* data, std::size_t size) override {
    before();
    encoder_.base64({static_cast<const std::byte*>(data), size});
  }
  bool begin_list() override { return begin('['); }
  void end_list() override { end(']'); }
  bool begin_object() override { return begin('{'); }
  void key(std::string_view name) override {
    before();
    encoder_.sink_.string(name, encoder_.escape_html_);
    encoder_.sink_.put(':');
    first_ = true;
  }
  void end_object() override { end('}'); }

  bool good() const noexcept { return good_; }

 private:
  void before() {
    if (!std::exchange(first_, false)) encoder_.sink_.put(',');
  }
  bool begin(char bracket) {
    before();
    if (!good_ || !encoder_.enter()) return good_ = false;
    encoder_.sink_.put(bracket);
    first_ = true;
    return true;
  }
  void end(char bracket) {
    encoder_.sink_.put(bracket);
    encoder_.leave();
    first_ = false;
  }

  Encoder& encoder_;
  bool first_ = true;  // nothing stands before the next value that would need a comma
  bool good_ = true;
};

Encoder::Encoder(Sink& sink, bool escape_html, std::size_t depth_limit) noexcept
    : sink_(sink), escape_html_(escape_html), depth_limit_((std::min)(depth_limit, Scanner::deepest)) {}

bool Encoder::fail(Status why) {
  if (failure_.ok()) failure_ = std::move(why);
  return false;
}

bool Encoder::enter() {
  if (depth_ >= depth_limit_)
    return fail(Status::resource_exhausted("json: nested deeper than " + std::to_string(depth_limit_) + " levels"));
  ++depth_;
  return true;
}

template <class Integer>
void Encoder::wide(Integer value) {
  constexpr Integer exact = Integer{1} << 53;
  bool is_awkward = value > exact;
  if constexpr (std::is_signed_v<Integer>) is_awkward = is_awkward || value < -exact;
  is_awkward = is_awkward && awkward_in_text_;
  if (is_awkward) sink_.put('"');
  sink_.integer(value);
  if (is_awkward) sink_.put('"');
}

template <class Float>
bool Encoder::real(Float value) {
  if (!std::isfinite(value) && awkward_in_text_) {
    sink_.put(std::string_view(std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\""));
    return true;
  }
  if (!std::isfinite(value))
    return fail(Status::invalid_argument(std::isnan(value) ? "json: unsupported value: NaN"
                                         : value > 0       ? "json: unsupported value: +Inf"
                                                           : "json: unsupported value: -Inf"));
  sink_.advance(write_float(value, sink_.room(float_room)));
  return true;
}

void Encoder::base64(std::span<const std::byte> bytes) {
  char* out = sink_.room(base64_size(bytes.size()) + 2);
  *out++ = '"';
  out = write_base64(bytes, out);
  *out++ = '"';
  sink_.advance(out);
}

bool Encoder::value(const Plan& plan, const void* object) {
  const Shape& shape = *plan.shape;
  switch (plan.kind) {
    case Kind::boolean:
      sink_.put(as<bool>(object) ? std::string_view("true") : std::string_view("false"));
      return true;
    case Kind::int8:
      sink_.integer(std::int64_t{as<std::int8_t>(object)});
      return true;
    case Kind::int16:
      sink_.integer(std::int64_t{as<std::int16_t>(object)});
      return true;
    case Kind::int32:
      sink_.integer(std::int64_t{as<std::int32_t>(object)});
      return true;
    case Kind::int64:
      wide(as<std::int64_t>(object));
      return true;
    case Kind::uint8:
      sink_.integer(std::uint64_t{as<std::uint8_t>(object)});
      return true;
    case Kind::uint16:
      sink_.integer(std::uint64_t{as<std::uint16_t>(object)});
      return true;
    case Kind::uint32:
      sink_.integer(std::uint64_t{as<std::uint32_t>(object)});
      return true;
    case Kind::uint64:
      wide(as<std::uint64_t>(object));
      return true;
    case Kind::float32:
      return real(as<float>(object));
    case Kind::float64:
      return real(as<double>(object));
    case Kind::complex64:
    case Kind::complex128:
      return fail(Status::invalid_argument("json: unsupported type: " + type_text(shape)));
    case Kind::string:
      sink_.string(shape.is_std_string ? std::string_view(as<std::string>(object)) : shape.string->get(object),
                   escape_html_);
      return true;
    case Kind::bytes:
      base64(shape.bytes->get(object));
      return true;
    case Kind::array:
    case Kind::list:
      return list(plan, object);
    case Kind::map:
      return map(plan, object);
    case Kind::structure:
      return plan.is_tuple ? positions(plan, object) : structure(plan, object);
    case Kind::optional: {
      const void* element = shape.optional->get(object);
      if (element == nullptr) {
        sink_.put(null_text);
        return true;
      }
      return value(*plan.element, element);
    }
    case Kind::variant: {
      const std::size_t index = shape.variant->index(object);
      if (index >= plan.alternatives.size())
        return fail(Status::invalid_argument("json: a variant without a value cannot be sent"));
      const Plan& alternative = *plan.alternatives[index];
      if (alternative.shape->is_nothing) {
        sink_.put(null_text);
        return true;
      }
      return value(alternative, shape.variant->get(object));
    }
    case Kind::any: {
      const auto& any = as<Any>(object);
      if (!any.has_value()) {
        sink_.put(null_text);
        return true;
      }
      // An Any may hold an Any in an optional, and so on, without any bracket.
      if (!enter()) return false;
      const bool good = value(plan_of(*any.shape()), any.object());
      leave();
      return good;
    }
    case Kind::time: {
      char* out = sink_.room(time_room);
      *out++ = '"';
      out = write_time(shape.time->get(object), out);
      if (out == nullptr)
        return fail(Status::invalid_argument("json: a time outside of years 0 to 9999 cannot be sent"));
      *out++ = '"';
      sink_.advance(out);
      return true;
    }
    case Kind::duration:
      wide(shape.duration->get(object));
      return true;
    case Kind::enum_name: {
      const std::int64_t number = shape.enumeration->get(object);
      for (const Enumerator& enumerator : shape.enumeration->enumerators) {
        if (enumerator.value != number) continue;
        sink_.string(enumerator.name, escape_html_);
        return true;
      }
      return fail(Status::invalid_argument("json: " + std::to_string(number) + " is no enumerator of " +
                                           std::string(shape.name)));
    }
    case Kind::custom:
      return custom(shape, object);
    case Kind::foreign: {
      if (shape.foreign->family != &dynamic_family) return bridged(shape, object);
      Dynamic dynamic(*this);
      static_cast<const DynamicOps*>(shape.foreign->ops)->write(object, dynamic);
      return dynamic.good();
    }
  }
  return fail(Status::internal("json: a shape of no known kind"));
}

bool Encoder::bridged(const Shape& shape, const void* object) {
  if (shape.foreign->bridge == nullptr)
    return fail(Status::invalid_argument("json: unsupported type: " + type_text(shape)));
  std::string text;
  if (Status status = shape.foreign->bridge->to_json(shape, object, text); !status.ok()) return fail(std::move(status));
  sink_.put(text);
  return true;
}

bool Encoder::structure(const Plan& plan, const void* object) {
  if (plan.fields.empty()) {
    sink_.put(std::string_view("{}"));
    return true;
  }
  if (!enter()) return false;
  sink_.put('{');
  std::string_view key = plan.fields.front().opening();
  for (const PlanField* field = plan.fields.data();;) {
    sink_.put(key);
    if (!value(*field->plan, at(object, field->offset))) return false;
    if (++field == plan.fields.data() + plan.fields.size()) break;
    key = field->key;
  }
  sink_.put('}');
  leave();
  return true;
}

bool Encoder::positions(const Plan& plan, const void* object) {
  if (!enter()) return false;
  sink_.put('[');
  bool first = true;
  for (const PlanField& field : plan.fields) {
    if (!std::exchange(first, false)) sink_.put(',');
    if (!value(*field.plan, at(object, field.offset))) return false;
  }
  sink_.put(']');
  leave();
  return true;
}

bool Encoder::list(const Plan& plan, const void* object) {
  if (!enter()) return false;
  const Shape& shape = *plan.shape;
  const Plan& element_plan = *plan.element;
  sink_.put('[');
  const bool is_array = plan.kind == Kind::array;
  const void* first = is_array ? object : shape.list->data != nullptr ? shape.list->data(object) : nullptr;
  const std::size_t count = is_array ? shape.array_length : shape.list->size(object);
  bool good = true;
  if (first != nullptr || count == 0) {
    const std::size_t stride = shape.element->size;
    for (std::size_t i = 0; i < count && good; ++i) {
      if (i != 0) sink_.put(',');
      good = value(element_plan, at(first, i * stride));
    }
  } else {
    bool comma = false;
    shape.list->for_each(object, [&](const void* element) {
      if (std::exchange(comma, true)) sink_.put(',');
      return good = value(element_plan, element);
    });
  }
  if (!good) return false;
  sink_.put(']');
  leave();
  return true;
}

bool Encoder::key_text(const Plan& plan, const void* key, std::string& text) {
  const Shape& shape = *plan.shape;
  const auto number = [&](auto value) {
    char digits[integer_room];
    text.assign(digits, write_integer(value, digits));
    return true;
  };
  switch (plan.kind) {
    case Kind::string:
      text.assign(shape.string->get(key));
      return true;
    case Kind::int8:
      return number(std::int64_t{as<std::int8_t>(key)});
    case Kind::int16:
      return number(std::int64_t{as<std::int16_t>(key)});
    case Kind::int32:
      return number(std::int64_t{as<std::int32_t>(key)});
    case Kind::int64:
      return number(as<std::int64_t>(key));
    case Kind::uint8:
      return number(std::uint64_t{as<std::uint8_t>(key)});
    case Kind::uint16:
      return number(std::uint64_t{as<std::uint16_t>(key)});
    case Kind::uint32:
      return number(std::uint64_t{as<std::uint32_t>(key)});
    case Kind::uint64:
      return number(as<std::uint64_t>(key));
    case Kind::duration:
      return number(shape.duration->get(key));
    case Kind::enum_name: {
      const std::int64_t value = shape.enumeration->get(key);
      for (const Enumerator& enumerator : shape.enumeration->enumerators)
        if (enumerator.value == value) return text.assign(enumerator.name), true;
      return fail(Status::invalid_argument("json: " + std::to_string(value) + " is no enumerator of " +
                                           std::string(shape.name)));
    }
    case Kind::custom:
      if (shape.custom->has_text) {
        Status status = shape.custom->encode(key, OwnEncoding::text, text);
        return status.ok() || fail(std::move(status));
      }
      break;
    default:
      break;
  }
  return fail(Status::invalid_argument("json: unsupported type: map with keys of type " + type_text(shape)));
}

bool Encoder::map(const Plan& plan, const void* object) {
  if (!enter()) return false;
  sink_.put('{');
  bool good;
  if (plan.key->kind == Kind::string) {
    good = ordered_map(plan, object) ||
           (failure_.ok() && sorted_map<std::string_view>(plan, object, [&](const void* key, std::string_view& name) {
              name = plan.key->shape->string->get(key);
              return true;
            }));
  } else {
    good = sorted_map<std::string>(plan, object,
                                   [&](const void* key, std::string& name) { return key_text(*plan.key, key, name); });
  }
  if (!good) return false;
  sink_.put('}');
  leave();
  return true;
}

/// Writes the members as they come, mostly in the order of their names. If that is not so, there is no failure and
/// nothing has been written.
bool Encoder::ordered_map(const Plan& plan, const void* object) {
  const Shape& key_shape = *plan.key->shape;
  const std::size_t before = sink_.size();
  bool good = true;
  bool comma = false;
  std::string_view last;
  plan.shape->map->for_each(object, [&](const void* key, const void* element) {
    const std::string_view name =
        key_shape.is_std_string ? std::string_view(as<std::string>(key)) : key_shape.string->get(key);
    if (name < last) return good = false;
    last = name;
    sink_.member_name(std::exchange(comma, true), name, escape_html_);
    return good = value(*plan.element, element);
  });
  if (!good && failure_.ok()) sink_.shrink(before);
  return good;
}

template <class Name, class NameOf>
bool Encoder::sorted_map(const Plan& plan, const void* object, NameOf name_of) {
  const MapOps& ops = *plan.shape->map;
  std::vector<std::pair<Name, const void*>> members;
  members.reserve(ops.size(object));
  bool good = true;
  ops.for_each(object, [&](const void* key, const void* element) {
    return good = name_of(key, members.emplace_back(Name(), element).first);
  });
  if (!good) return false;
  std::sort(members.begin(), members.end());
  bool comma = false;
  for (const auto& [name, element] : members) {
    sink_.member_name(std::exchange(comma, true), name, escape_html_);
    if (!value(*plan.element, element)) return false;
  }
  return true;
}

bool Encoder::custom(const Shape& shape, const void* object) {
  const CustomOps& ops = *shape.custom;
  const OwnEncoding encoding = ops.has_text     ? OwnEncoding::text
                               : ops.has_binary ? OwnEncoding::binary
                                                : OwnEncoding::gob;
  std::string encoded;
  if (Status status = ops.encode(object, encoding, encoded); !status.ok()) return fail(std::move(status));
  if (encoding == OwnEncoding::text)
    sink_.string(encoded, escape_html_);
  else
    base64(as_bytes(encoded));
  return true;
}

}  // namespace polyrpc::json
