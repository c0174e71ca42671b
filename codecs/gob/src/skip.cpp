#include "skip.hpp"

#include "errors.hpp"

namespace polyrpc::gob::detail {

bool Skipper::start_top(Reader& reader, std::int32_t id) {
  reset();
  used_ = reader.left();
  const WireType* type = WireTypes::is_basic(id) ? nullptr : dictionary_.types().find(id);
  const bool is_struct = type != nullptr && type->kind == WireKind::structure;
  if (!is_struct && !reader.get_singleton_zero()) return false;
  return enter(reader, id);
}

bool Skipper::start_element(Reader& reader, std::int32_t id, std::size_t depth) {
  reset();
  depth_ = depth;
  return enter(reader, id);
}

bool Skipper::push(Reader& reader, const WireType* type, std::uint64_t left, State state) {
  if (depth_ + stack_.size() >= limits_.depth) return reader.fail(too_deep);
  stack_.push_back({type, left, -1, state});
  return true;
}

bool Skipper::enter(Reader& reader, std::int32_t wire_id) {
  std::uint64_t number = 0;
  std::span<const std::byte> bytes;
  switch (wire_id) {
    case id::boolean:
    case id::integer:
    case id::unsigned_integer:
    case id::floating:
      return reader.get_uint(number);
    case id::complex:
      return reader.get_uint(number) && reader.get_uint(number);
    case id::bytes:
    case id::string:
      return reader.get_bytes(bytes);
    case id::interface:
      if (!reader.get_bytes(bytes)) return false;
      if (bytes.empty()) return true;
      if (bytes.size() > limits_.name_bytes) return reader.fail(name_too_long);
      return push(reader, nullptr, 0, State::interface);
    default:
      break;
  }
  const WireType* type = dictionary_.types().find(wire_id);
  if (type == nullptr) return reader.fail(unknown_type);
  switch (type->kind) {
    case WireKind::gob:
    case WireKind::binary:
    case WireKind::text:
      return reader.get_bytes(bytes);
    case WireKind::structure:
      return push(reader, type, 0, State::structure);
    case WireKind::array:
    case WireKind::slice:
    case WireKind::map:
      break;
  }
  if (!reader.get_uint(number)) return false;
  if (type->kind == WireKind::array && number != type->length)
    return reader.fail("gob: length mismatch in decodeArray");
  if (number > limits_.elements) return reader.fail(too_many_elements);
  // Every element takes a byte at least; only what is inside interface values can stand in further messages.
  if (number > reader.left() && dictionary_.types().may_split(wire_id) == WireTypes::Split::no)
    return reader.fail("gob: more elements claimed than the message can hold");
  if (type->kind == WireKind::map) return push(reader, type, number * 2, State::pairs);
  return push(reader, type, number, State::elements);
}

Cut Skipper::run(Reader& reader, Definitions definitions, std::size_t& wanted) {
  while (!stack_.empty()) {
    Frame& frame = stack_.back();
    switch (frame.state) {
      case State::structure: {
        std::uint64_t delta = 0;
        if (!reader.get_uint(delta)) return Cut::bad;
        if (delta == 0) {
          stack_.pop_back();
          break;
        }
        const auto last = static_cast<std::int64_t>(frame.type->fields.size()) - 1;
        if (delta > static_cast<std::uint64_t>(last - frame.number))
          return reader.fail("gob: bad data: field numbers out of bounds"), Cut::bad;
        frame.number += static_cast<std::int64_t>(delta);
        if (!enter(reader, frame.type->fields[static_cast<std::size_t>(frame.number)].id)) return Cut::bad;
        break;
      }
      case State::elements:
        if (frame.left == 0) {
          stack_.pop_back();
          break;
        }
        --frame.left;
        if (!enter(reader, frame.type->element)) return Cut::bad;
        break;
      case State::pairs: {
        if (frame.left == 0) {
          stack_.pop_back();
          break;
        }
        const bool key = frame.left % 2 == 0;
        --frame.left;
        if (!enter(reader, key ? frame.type->key : frame.type->element)) return Cut::bad;
        break;
      }
      case State::interface: {
        // docs/wire/gob.md, "Interface values": definitions may stand before the concrete type's id, and messages may
        // end behind each of them.
        if (reader.cur == reader.end) {
          const Cut cut = reader.next_message(limits_.message_bytes - used_, wanted);
          if (cut != Cut::done) return cut;
          used_ += reader.left();
        }
        std::int64_t concrete = 0;
        if (!reader.get_int(concrete)) return Cut::bad;
        if (concrete < 0) {
          const bool good = definitions == Definitions::collect ? dictionary_.define(reader, defined_id(concrete))
                                                                : dictionary_.types().skip_descriptor(reader);
          if (!good) return Cut::bad;
          std::uint64_t next_part = 0;
          if (reader.cur != reader.end && !reader.get_uint(next_part)) return Cut::bad;
          break;
        }
        std::uint64_t count = 0;  // of the value's first part: not to be relied on
        if (!reader.get_uint(count)) return Cut::bad;
        if (concrete > 0x7FFFFFFF) return reader.fail(unknown_type), Cut::bad;
        const auto wire_id = static_cast<std::int32_t>(concrete);
        const WireType* type = WireTypes::is_basic(wire_id) ? nullptr : dictionary_.types().find(wire_id);
        const bool is_struct = type != nullptr && type->kind == WireKind::structure;
        if (!is_struct && !reader.get_singleton_zero()) return Cut::bad;
        // The frame stays while the value is open, as one level of nesting with nothing left to do.
        frame = {nullptr, 0, -1, State::elements};
        if (!enter(reader, wire_id)) return Cut::bad;
        break;
      }
    }
  }
  return Cut::done;
}

}  // namespace polyrpc::gob::detail
