#include "encode.hpp"

#include "message.hpp"
#include "numbers.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <string>
#include <utility>

namespace polyrpc::protobuf {

namespace {

constexpr Tag first_varint(1, Wire::varint);
constexpr Tag second_varint(2, Wire::varint);

std::string_view string_of(const Shape& shape, const void* object) {
  return shape.is_std_string ? std::string_view(as<std::string>(object)) : shape.string->get(object);
}

}  // namespace

Encoder::Encoder(Sink& sink, std::size_t depth_limit) noexcept
    : sink_(sink), depth_limit_((std::min)(depth_limit, deepest)) {}

bool Encoder::fail(Status why) {
  if (failure_.ok()) failure_ = std::move(why);
  return false;
}

bool Encoder::top(const Value& value, const void* object) {
  return is_message(value.op) ? body(value, object) : message(value.message, object);
}

bool Encoder::message(const MessagePlan& plan, const void* object) {
  if (!plan.broken.empty()) return fail(Status::unimplemented(plan.broken));
  if (depth_ >= depth_limit_)
    return fail(Status::resource_exhausted("protobuf: nested deeper than " + std::to_string(depth_limit_) + " levels"));
  ++depth_;
  for (const PlanField& each : plan.fields)
    if (!field(each, *each.value, at(object, each.offset), Presence::implicit)) return false;
  --depth_;
  return true;
}

bool Encoder::field(const PlanField& field, const Value& value, const void* object, Presence presence) {
  const bool always = presence == Presence::explicit_one;
  switch (value.op) {
    case Op::boolean:
    case Op::int8:
    case Op::int16:
    case Op::int32:
    case Op::int64:
    case Op::uint8:
    case Op::uint16:
    case Op::uint32:
    case Op::uint64:
    case Op::enum_name: {
      const std::uint64_t number = varint_of(value, object);
      if (number == 0 && !always) return true;
      sink_.tag(field.tag);
      sink_.varint(number);
      return true;
    }
    case Op::float32:
      if (bits_of(as<float>(object)) == 0 && !always) return true;
      return tagged(field.tag, value, object);
    case Op::float64:
      if (bits_of(as<double>(object)) == 0 && !always) return true;
      return tagged(field.tag, value, object);
    case Op::string: {
      const std::string_view string = string_of(*value.shape, object);
      if (string.empty() && !always) return true;
      sink_.tag(field.tag);
      return text(string);
    }
    case Op::bytes: {
      const std::span<const std::byte> bytes = value.shape->bytes->get(object);
      if (bytes.empty() && !always) return true;
      sink_.tag(field.tag);
      sink_.delimited(as_text(bytes));
      return true;
    }
    case Op::own_text:
    case Op::own_bytes: {
      std::string encoded;
      if (!own(value, object, encoded)) return false;
      if (encoded.empty() && !always) return true;
      sink_.tag(field.tag);
      sink_.delimited(encoded);
      return true;
    }
    case Op::message:
    case Op::duration:
    case Op::complex64:
    case Op::complex128:
    case Op::foreign: {
      const std::size_t before = sink_.size();
      sink_.tag(field.tag);
      const std::size_t start = sink_.size();
      if (!payload(value, object)) return false;
      if (sink_.size() == start + 1 && !always) sink_.shrink(before);  // nothing in it
      return true;
    }
    case Op::time:  // 1970 is nothing special to those for whom time begins in year 1
      return tagged(field.tag, value, object);
    case Op::list:
    case Op::array:
      return list(field, value, object);
    case Op::map:
      return map(field, value, object);
    case Op::optional: {
      const void* element = value.shape->optional->get(object);
      return element == nullptr || this->field(field, *value.element, element, Presence::explicit_one);
    }
    case Op::variant:
      return variant(field, object);
    case Op::unsupported:
      return fail(Status::unimplemented(value.unsupported));
  }
  return fail(Status::internal("protobuf: a plan of no known kind"));
}

bool Encoder::tagged(const Tag& tag, const Value& value, const void* object) {
  sink_.tag(tag);
  return payload(value, object);
}

bool Encoder::variant(const PlanField& field, const void* object) {
  const Value& type = *field.variant;
  const std::size_t index = type.shape->variant->index(object);
  if (index >= type.alternatives.size())
    return fail(Status::invalid_argument("protobuf: a variant without a value cannot be sent"));
  if (type.alternatives[index] == nullptr) return true;
  return tagged(field.alternatives[index], *type.alternatives[index], type.shape->variant->get(object));
}

bool Encoder::list(const PlanField& field, const Value& value, const void* object) {
  const Shape& shape = *value.shape;
  const Value& element = *value.element;
  const bool is_array = value.op == Op::array;
  const std::size_t count = is_array ? shape.array_length : shape.list->size(object);
  if (count == 0) return true;
  const void* first = is_array ? object : shape.list->data != nullptr ? shape.list->data(object) : nullptr;
  const std::size_t stride = element.shape->size;
  if (is_number(unwrapped(element).op)) {
    sink_.tag(field.tag);
    if (first != nullptr && is_number(element.op)) return packed(element, first, count);
    const std::size_t length = sink_.begin_length();
    bool good = true;
    if (first != nullptr)
      for (std::size_t i = 0; i < count && good; ++i) good = payload(element, at(first, i * stride));
    else
      shape.list->for_each(object, [&](const void* each) { return good = payload(element, each); });
    if (good) sink_.end_length(length);
    return good;
  }
  bool good = true;
  if (first != nullptr)
    for (std::size_t i = 0; i < count && good; ++i) good = tagged(field.tag, element, at(first, i * stride));
  else
    shape.list->for_each(object, [&](const void* each) { return good = tagged(field.tag, element, each); });
  return good;
}

bool Encoder::packed(const Value& element, const void* first, std::size_t count) {
  const auto fixed = [&]<class Unsigned>(Unsigned) {
    const std::size_t size = count * sizeof(Unsigned);
    std::uint8_t* out = write_varint(size, sink_.room(varint_room + size));
    if constexpr (std::endian::native == std::endian::little) {
      copy_bytes(out, first, size);
      out += size;
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        Unsigned bits = 0;
        std::memcpy(&bits, at(first, i * sizeof bits), sizeof bits);
        out = write_fixed(bits, out);
      }
    }
    sink_.advance(out);
    return true;
  };
  if (element.op == Op::float32) return fixed(std::uint32_t{});
  if (element.op == Op::float64) return fixed(std::uint64_t{});
  // Measuring is cheaper than moving.
  const auto varints = [&]<class Integer>(Integer) {
    const auto* numbers = static_cast<const Integer*>(first);
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) size += varint_size(widened(numbers[i]));
    std::uint8_t* out = write_varint(size, sink_.room(varint_room + size));
    for (std::size_t i = 0; i < count; ++i) out = write_varint(widened(numbers[i]), out);
    sink_.advance(out);
    return true;
  };
  switch (element.op) {
    case Op::int32:
      return varints(std::int32_t{});
    case Op::int64:
      return varints(std::int64_t{});
    case Op::uint32:
      return varints(std::uint32_t{});
    case Op::uint64:
      return varints(std::uint64_t{});
    default: {
      const std::size_t length = sink_.begin_length();
      for (std::size_t i = 0; i < count; ++i) sink_.varint(varint_of(element, at(first, i * element.shape->size)));
      sink_.end_length(length);
      return true;
    }
  }
}

bool Encoder::map(const PlanField& field, const Value& value, const void* object) {
  const Tag key_tag(1, unwrapped(*value.key).wire);
  const Tag element_tag(2, unwrapped(*value.element).wire);
  bool good = true;
  value.shape->map->for_each(object, [&](const void* key, const void* element) {
    sink_.tag(field.tag);
    const std::size_t length = sink_.begin_length();
    good = tagged(key_tag, *value.key, key) && tagged(element_tag, *value.element, element);
    if (good) sink_.end_length(length);
    return good;
  });
  return good;
}

bool Encoder::payload(const Value& value, const void* object) {
  switch (value.op) {
    case Op::float32:
      sink_.advance(write_fixed(bits_of(as<float>(object)), sink_.room(sizeof(float))));
      return true;
    case Op::float64:
      sink_.advance(write_fixed(bits_of(as<double>(object)), sink_.room(sizeof(double))));
      return true;
    case Op::string:
      return text(string_of(*value.shape, object));
    case Op::bytes:
      sink_.delimited(as_text(value.shape->bytes->get(object)));
      return true;
    case Op::own_text:
    case Op::own_bytes: {
      std::string encoded;
      if (!own(value, object, encoded)) return false;
      sink_.delimited(encoded);
      return true;
    }
    case Op::foreign: {
      const OutgoingMessage outgoing(*value.shape, object);
      if (!outgoing.status().ok()) return fail(outgoing.status());
      std::uint8_t* out = write_varint(outgoing.size(), sink_.room(varint_room + outgoing.size()));
      sink_.advance(outgoing.write(out));
      return true;
    }
    case Op::optional: {
      const void* element = value.shape->optional->get(object);
      if (element == nullptr)
        return fail(
            Status::invalid_argument("protobuf: an element of a list, map or variant that is nothing cannot be sent"));
      return payload(*value.element, element);
    }
    case Op::unsupported:
      return fail(Status::unimplemented(value.unsupported));
    default: {
      if (is_varint(value.op)) {
        sink_.varint(varint_of(value, object));
        return true;
      }
      const std::size_t length = sink_.begin_length();
      if (!body(value, object)) return false;
      sink_.end_length(length);
      return true;
    }
  }
}

bool Encoder::body(const Value& value, const void* object) {
  switch (value.op) {
    case Op::time: {
      const Time time = value.shape->time->get(object);
      if (time.unix_seconds != 0) sink_.tag(first_varint), sink_.varint(widened(time.unix_seconds));
      if (time.nanoseconds != 0) sink_.tag(second_varint), sink_.varint(widened(time.nanoseconds));
      return true;
    }
    case Op::duration: {
      const std::int64_t all = value.shape->duration->get(object);
      const std::int64_t seconds = all / nanos_per_second;
      const std::int64_t nanoseconds = all % nanos_per_second;
      if (seconds != 0) sink_.tag(first_varint), sink_.varint(widened(seconds));
      if (nanoseconds != 0) sink_.tag(second_varint), sink_.varint(widened(nanoseconds));
      return true;
    }
    case Op::complex64:
    case Op::complex128: {
      const auto parts = [&]<class Float>(Float) {
        constexpr Wire wire = sizeof(Float) == 4 ? Wire::fixed32 : Wire::fixed64;
        const auto* const both = static_cast<const Float*>(object);
        for (std::uint32_t i = 0; i < 2; ++i) {
          if (bits_of(both[i]) == 0) continue;
          sink_.tag(Tag(i + 1, wire));
          sink_.advance(write_fixed(bits_of(both[i]), sink_.room(sizeof(Float))));
        }
        return true;
      };
      return value.op == Op::complex64 ? parts(float{}) : parts(double{});
    }
    case Op::foreign: {
      const OutgoingMessage outgoing(*value.shape, object);
      if (!outgoing.status().ok()) return fail(outgoing.status());
      sink_.advance(outgoing.write(sink_.room(outgoing.size())));
      return true;
    }
    default:
      return message(value.message, object);
  }
}

bool Encoder::text(std::string_view string) {
  if (!is_utf8(string)) return fail(Status::invalid_argument("protobuf: text that is not UTF-8 cannot be sent"));
  sink_.delimited(string);
  return true;
}

bool Encoder::own(const Value& value, const void* object, std::string& encoded) {
  const CustomOps& ops = *value.shape->custom;
  const OwnEncoding encoding = ops.has_text     ? OwnEncoding::text
                               : ops.has_binary ? OwnEncoding::binary
                                                : OwnEncoding::gob;
  if (Status status = ops.encode(object, encoding, encoded); !status.ok()) return fail(std::move(status));
  if (value.op == Op::own_text && !is_utf8(encoded))
    return fail(Status::invalid_argument("protobuf: text that is not UTF-8 cannot be sent"));
  return true;
}

}  // namespace polyrpc::protobuf
