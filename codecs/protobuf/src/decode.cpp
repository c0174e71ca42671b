#include "decode.hpp"

#include "message.hpp"
#include "numbers.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace polyrpc::protobuf {

namespace {

Wire wire_of(std::uint32_t tag) noexcept { return static_cast<Wire>(tag & 7); }

std::span<const std::byte> bytes_of(Input in) noexcept {
  return {reinterpret_cast<const std::byte*>(in.at), in.size()};
}
std::string_view text_of(Input in) noexcept { return {reinterpret_cast<const char*>(in.at), in.size()}; }

/// How many varints end in there.
std::size_t count_varints(Input in) noexcept {
  std::size_t count = 0;
  for (const std::uint8_t* at = in.at; at != in.end; ++at) count += *at < 0x80 ? 1 : 0;
  return count;
}

/// How many elements stand there, each behind `tag` but the first one; one at least, and at most `most`.
std::size_t count_elements(Input in, std::uint32_t tag, std::size_t most) noexcept {
  std::size_t count = 1;
  Input element;
  std::uint32_t next = 0;
  while (count < most && read_length(in, element) && read_tag(in, next) && next == tag) ++count;
  return count;
}

}  // namespace

/// What came of one message's fields so far.
class Decoder::Progress {
 public:
  explicit Progress(const MessagePlan& plan) {
    if (plan.fields.size() > 64) more_seen_.resize(plan.fields.size() - 64);
    if (plan.slots > few_counts_.size()) more_counts_.resize(plan.slots - few_counts_.size());
  }

  /// Whether it is the first time that field `index` is named.
  Turn note(std::uint32_t index) {
    if (index < 64) {
      const std::uint64_t bit = std::uint64_t{1} << index;
      const bool known = (seen_ & bit) != 0;
      seen_ |= bit;
      return known ? Turn::further : Turn::first;
    }
    const bool known = more_seen_[index - 64];
    more_seen_[index - 64] = true;
    return known ? Turn::further : Turn::first;
  }
  std::uint32_t& count(std::uint32_t slot) {
    return slot < few_counts_.size() ? few_counts_[slot] : more_counts_[slot - few_counts_.size()];
  }

 private:
  std::uint64_t seen_ = 0;
  std::array<std::uint32_t, 2> few_counts_{};
  std::vector<bool> more_seen_;
  std::vector<std::uint32_t> more_counts_;
};

Decoder::Decoder(const CodecLimits& limits) noexcept
    : limits_(limits), depth_limit_((std::min)(limits.depth, deepest)) {}

bool Decoder::fail(Status why) {
  if (failure_.ok()) failure_ = std::move(why);
  return false;
}
bool Decoder::fail(std::string_view why) { return fail(Status::invalid_argument(why)); }
bool Decoder::malformed() { return fail("protobuf: the message is malformed or cut short"); }

bool Decoder::enter() {
  if (depth_ >= depth_limit_)
    return fail(Status::resource_exhausted("protobuf: nested deeper than " + std::to_string(depth_limit_) + " levels"));
  ++depth_;
  return true;
}

bool Decoder::top(const Value& value, void* object, Input in) {
  if (!is_message(value.op)) return message(value.message, object, in, Turn::first);
  return body(value, object, in, Turn::first);
}

bool Decoder::message(const MessagePlan& plan, void* object, Input in, Turn turn) {
  if (!plan.broken.empty()) return fail(Status::unimplemented(plan.broken));
  if (!enter()) return false;
  Progress progress(plan);
  const Entry* expected = plan.entries.data();
  const Entry* const behind = expected + plan.entries.size();
  while (!in.empty()) {
    std::uint32_t tag = 0;
    if (!read_tag(in, tag)) return malformed();
    const Entry* entry = expected;
    if (expected == behind || expected->tag != tag) {
      entry = plan.find(tag >> 3);
      // A field of a wire type that does not fit it counts as unknown, as in protobuf.
      if (entry == nullptr || (entry->wires >> (tag & 7) & 1) == 0) {
        if (!skip(tag, in, depth_)) return false;
        continue;
      }
    }
    const PlanField& field = plan.fields[entry->field];
    Turn own_turn = progress.note(entry->field);
    // Of a message that comes in pieces all pieces count.
    if (turn == Turn::further) own_turn = Turn::further;
    void* const place = at(object, field.offset);
    const bool good =
        entry->alternative >= 0
            ? alternative(*field.value, static_cast<std::size_t>(entry->alternative), place, wire_of(tag), in, own_turn)
            : this->field(*field.value, place, tag, in, own_turn, field.counts ? &progress.count(field.slot) : nullptr);
    if (!good) return false;
    expected = entry + (entry->repeats ? 0 : 1);
  }
  leave();
  return true;
}

bool Decoder::field(const Value& value, void* object, std::uint32_t tag, Input& in, Turn turn, std::uint32_t* count) {
  switch (value.op) {
    case Op::list:
      return list(value, object, tag, in, turn);
    case Op::array:
      return array(value, object, wire_of(tag), in, *count);
    case Op::map:
      return map(value, object, in, turn);
    case Op::optional: {
      const OptionalOps& ops = *value.shape->optional;
      // What came before in this message was made here, and is nobody else's.
      void* element = turn == Turn::first ? nullptr : const_cast<void*>(ops.get(object));
      if (element == nullptr) {
        element = ops.emplace(object);
        turn = Turn::first;
      }
      return field(*value.element, element, tag, in, turn, count);
    }
    default:
      return payload(value, object, wire_of(tag), in, turn);
  }
}

bool Decoder::alternative(const Value& value, std::size_t index, void* object, Wire wire, Input& in, Turn turn) {
  if (value.op == Op::optional) {
    const OptionalOps& ops = *value.shape->optional;
    void* element = turn == Turn::first ? nullptr : const_cast<void*>(ops.get(object));
    if (element == nullptr) {
      element = ops.emplace(object);
      turn = Turn::first;
    }
    return alternative(*value.element, index, element, wire, in, turn);
  }
  const VariantOps& ops = *value.shape->variant;
  const Value& type = *value.alternatives[index];
  if (turn == Turn::further && ops.index(object) == index)
    return payload(type, const_cast<void*>(ops.get(object)), wire, in, Turn::further);
  return payload(type, ops.emplace(object, index), wire, in, Turn::first);
}

bool Decoder::list(const Value& value, void* object, std::uint32_t tag, Input& in, Turn turn) {
  const Wire wire = wire_of(tag);
  const ListOps& ops = *value.shape->list;
  if (ops.read_only) return fail(Status::unimplemented("protobuf: a span can be sent, not received"));
  if (turn == Turn::first) ops.clear(object);
  const Value& element = *value.element;
  if (wire == Wire::length && is_number(unwrapped(element).op)) {
    Input part;
    if (!read_length(in, part)) return malformed();
    return packed(value, object, part);
  }
  if (ops.size(object) >= limits_.elements)
    return fail(
        Status::resource_exhausted("protobuf: a list of more than " + std::to_string(limits_.elements) + " elements"));
  if (ops.resize != nullptr && wire == Wire::length) return adjacent(value, object, tag, in);
  const Status status = ops.add(object, [&](void* each) {
    return payload(element, each, wire, in, Turn::first) ? Status() : std::move(failure_);
  });
  return status.ok() || fail(status);
}

/// This element and those that follow it directly, all made at once: they are there.
bool Decoder::adjacent(const Value& value, void* object, std::uint32_t tag, Input& in) {
  const ListOps& ops = *value.shape->list;
  const Value& element = *value.element;
  const std::size_t before = ops.size(object);
  std::size_t count = count_elements(in, tag, limits_.elements - before);
  void* place = at(ops.resize(object, before + count), before * element.shape->size);
  for (;;) {
    if (!payload(element, place, Wire::length, in, Turn::first)) return false;
    if (--count == 0) return true;
    std::uint32_t next = 0;
    if (!read_tag(in, next)) return malformed();
    place = at(place, element.shape->size);
  }
}

bool Decoder::packed(const Value& value, void* object, Input in) {
  const ListOps& ops = *value.shape->list;
  const Value& element = *value.element;
  const Value& number = unwrapped(element);
  const std::size_t width = number.op == Op::float32 ? 4 : number.op == Op::float64 ? 8 : 0;
  const std::size_t count = width != 0 ? in.size() / width : count_varints(in);
  const std::size_t before = ops.size(object);
  if (count > limits_.elements || before > limits_.elements - count)
    return fail(
        Status::resource_exhausted("protobuf: a list of more than " + std::to_string(limits_.elements) + " elements"));
  if (width != 0 && in.size() % width != 0) return malformed();
  if (ops.resize == nullptr || &element != &number) {
    if (ops.reserve != nullptr) ops.reserve(object, before + count);
    while (!in.empty()) {
      const Status status = ops.add(object, [&](void* each) {
        return payload(element, each, number.wire, in, Turn::first) ? Status() : std::move(failure_);
      });
      if (!status.ok()) return fail(status);
    }
    return true;
  }
  // There are as many bytes as numbers at least, so what the list takes is bounded by what has come.
  void* place = at(ops.resize(object, before + count), before * element.shape->size);
  if (width != 0 && std::endian::native == std::endian::little) {
    copy_bytes(place, in.at, in.size());
    return true;
  }
  while (!in.empty()) {
    if (!payload(element, place, number.wire, in, Turn::first)) return false;
    place = at(place, element.shape->size);
  }
  return true;
}

bool Decoder::array(const Value& value, void* object, Wire wire, Input& in, std::uint32_t& count) {
  const Value& element = *value.element;
  const auto one = [&](Wire element_wire, Input& from) {
    if (count >= value.shape->array_length)
      return fail("protobuf: more than " + std::to_string(value.shape->array_length) + " elements for " +
                  type_text(*value.shape));
    return payload(element, at(object, count++ * element.shape->size), element_wire, from, Turn::first);
  };
  const Value& number = unwrapped(element);
  if (wire != Wire::length || !is_number(number.op)) return one(wire, in);
  Input part;
  if (!read_length(in, part)) return malformed();
  while (!part.empty())
    if (!one(number.wire, part)) return false;
  return true;
}

bool Decoder::map(const Value& value, void* object, Input& in, Turn turn) {
  const MapOps& ops = *value.shape->map;
  if (turn == Turn::first) ops.clear(object);
  Input entry;
  if (!read_length(in, entry)) return malformed();
  if (ops.size(object) >= limits_.elements)
    return fail(
        Status::resource_exhausted("protobuf: a map of more than " + std::to_string(limits_.elements) + " elements"));
  const std::uint32_t key_tag = make_tag(1, unwrapped(*value.key).wire);
  const std::uint32_t element_tag = make_tag(2, unwrapped(*value.element).wire);
  if (!enter()) return false;
  const Status status = ops.add(object, [&](void* key, void* element) {
    Turn key_turn = Turn::first;
    Turn element_turn = Turn::first;
    const auto read = [&] {
      while (!entry.empty()) {
        std::uint32_t tag = 0;
        if (!read_tag(entry, tag)) return malformed();
        bool good = false;
        if (tag == key_tag)
          good = payload(*value.key, key, wire_of(tag), entry, std::exchange(key_turn, Turn::further));
        else if (tag == element_tag)
          good = payload(*value.element, element, wire_of(tag), entry, std::exchange(element_turn, Turn::further));
        else
          good = skip(tag, entry, depth_);
        if (!good) return false;
      }
      return true;
    };
    return read() ? Status() : std::move(failure_);
  });
  leave();
  return status.ok() || fail(status);
}

bool Decoder::payload(const Value& value, void* object, Wire wire, Input& in, Turn turn) {
  if (is_varint(value.op)) {
    std::uint64_t number = 0;
    if (!read_varint(in, number)) return malformed();
    if (set_varint(value, object, number)) return true;
    return fail("protobuf: a number is out of range of " + type_text(*value.shape));
  }
  if (value.op == Op::float32) {
    if (in.size() < 4) return malformed();
    as<float>(object) = std::bit_cast<float>(read_fixed<std::uint32_t>(in.at));
    in.at += 4;
    return true;
  }
  if (value.op == Op::float64) {
    if (in.size() < 8) return malformed();
    as<double>(object) = std::bit_cast<double>(read_fixed<std::uint64_t>(in.at));
    in.at += 8;
    return true;
  }
  if (value.op == Op::optional) {
    const OptionalOps& ops = *value.shape->optional;
    void* element = turn == Turn::first ? nullptr : const_cast<void*>(ops.get(object));
    if (element == nullptr) {
      element = ops.emplace(object);
      turn = Turn::first;
    }
    return payload(*value.element, element, wire, in, turn);
  }
  Input part;
  if (!read_length(in, part)) return malformed();
  switch (value.op) {
    case Op::string: {
      const std::string_view text = text_of(part);
      if (!is_utf8(text)) return fail("protobuf: a string is not UTF-8");
      if (value.shape->is_std_string)
        as<std::string>(object).assign(text);
      else
        value.shape->string->set(object, text);
      return true;
    }
    case Op::bytes:
      value.shape->bytes->set(object, bytes_of(part));
      return true;
    case Op::own_text:
    case Op::own_bytes:
      return own(value, object, part);
    case Op::unsupported:
      return fail(Status::unimplemented(value.unsupported));
    default:
      return body(value, object, part, turn);
  }
}

bool Decoder::body(const Value& value, void* object, Input in, Turn turn) {
  switch (value.op) {
    case Op::time: {
      std::int64_t seconds = 0;
      std::int64_t nanoseconds = 0;
      if (!seconds_and_nanos(in, seconds, nanoseconds)) return false;
      if (nanoseconds < 0 || nanoseconds >= nanos_per_second)
        return fail("protobuf: a timestamp's nanos are out of range");
      Time time;
      time.unix_seconds = seconds;
      time.nanoseconds = static_cast<std::int32_t>(nanoseconds);
      return value.shape->time->set(object, time) || fail("protobuf: a timestamp is out of range");
    }
    case Op::duration:
      return duration(value, object, in);
    case Op::complex64:
      return complex<float>(object, in);
    case Op::complex128:
      return complex<double>(object, in);
    case Op::foreign: {
      if (turn == Turn::first) clear_message(*value.shape, object);
      if (!enter()) return false;
      const Status status = merge_message(*value.shape, object, in, depth_limit_ - depth_);
      leave();
      if (!status.ok()) return fail(status);
      const Status complete = check_message(*value.shape, object);
      return complete.ok() || fail(complete);
    }
    default:
      return message(value.message, object, in, turn);
  }
}

bool Decoder::seconds_and_nanos(Input in, std::int64_t& seconds, std::int64_t& nanoseconds) {
  while (!in.empty()) {
    std::uint32_t tag = 0;
    if (!read_tag(in, tag)) return malformed();
    std::uint64_t number = 0;
    if (tag == make_tag(1, Wire::varint)) {
      if (!read_varint(in, number)) return malformed();
      seconds = static_cast<std::int64_t>(number);
    } else if (tag == make_tag(2, Wire::varint)) {
      if (!read_varint(in, number)) return malformed();
      nanoseconds = static_cast<std::int32_t>(static_cast<std::uint32_t>(number));
    } else if (!skip(tag, in, depth_)) {
      return false;
    }
  }
  return true;
}

bool Decoder::duration(const Value& value, void* object, Input in) {
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  if (!seconds_and_nanos(in, seconds, nanoseconds)) return false;
  if (nanoseconds <= -nanos_per_second || nanoseconds >= nanos_per_second || (seconds > 0 && nanoseconds < 0) ||
      (seconds < 0 && nanoseconds > 0))
    return fail("protobuf: a duration's nanos are out of range");
  constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
  constexpr std::int64_t least = (std::numeric_limits<std::int64_t>::min)();
  const bool fits = seconds >= 0 ? seconds <= (most - nanoseconds) / nanos_per_second
                                 : seconds >= (least - nanoseconds) / nanos_per_second;
  if (!fits || !value.shape->duration->set(object, seconds * nanos_per_second + nanoseconds))
    return fail("protobuf: a duration is out of range");
  return true;
}

template <class Float>
bool Decoder::complex(void* object, Input in) {
  using Bits = std::conditional_t<sizeof(Float) == 4, std::uint32_t, std::uint64_t>;
  constexpr Wire wire = sizeof(Float) == 4 ? Wire::fixed32 : Wire::fixed64;
  auto* const parts = static_cast<Float*>(object);
  parts[0] = parts[1] = 0;
  while (!in.empty()) {
    std::uint32_t tag = 0;
    if (!read_tag(in, tag)) return malformed();
    if (tag == make_tag(1, wire) || tag == make_tag(2, wire)) {
      if (in.size() < sizeof(Float)) return malformed();
      parts[(tag >> 3) - 1] = std::bit_cast<Float>(read_fixed<Bits>(in.at));
      in.at += sizeof(Float);
    } else if (!skip(tag, in, depth_)) {
      return false;
    }
  }
  return true;
}

bool Decoder::own(const Value& value, void* object, Input in) {
  const CustomOps& ops = *value.shape->custom;
  if (value.op == Op::own_text && !is_utf8(text_of(in))) return fail("protobuf: a string is not UTF-8");
  const OwnEncoding encoding = ops.has_text     ? OwnEncoding::text
                               : ops.has_binary ? OwnEncoding::binary
                                                : OwnEncoding::gob;
  const Status status = ops.decode(object, encoding, bytes_of(in));
  return status.ok() || fail(status);
}

bool Decoder::skip(std::uint32_t tag, Input& in, std::size_t depth) {
  switch (wire_of(tag)) {
    case Wire::varint: {
      std::uint64_t ignored = 0;
      return read_varint(in, ignored) || malformed();
    }
    case Wire::fixed64:
      if (in.size() < 8) return malformed();
      in.at += 8;
      return true;
    case Wire::fixed32:
      if (in.size() < 4) return malformed();
      in.at += 4;
      return true;
    case Wire::length: {
      Input ignored;
      return read_length(in, ignored) || malformed();
    }
    case Wire::group_start:
      if (depth >= depth_limit_)
        return fail(
            Status::resource_exhausted("protobuf: nested deeper than " + std::to_string(depth_limit_) + " levels"));
      while (!in.empty()) {
        std::uint32_t inner = 0;
        if (!read_tag(in, inner)) return malformed();
        if (wire_of(inner) == Wire::group_end) return inner >> 3 == tag >> 3 || malformed();
        if (!skip(inner, in, depth + 1)) return false;
      }
      return malformed();
    default:
      return malformed();
  }
}

}  // namespace polyrpc::protobuf
