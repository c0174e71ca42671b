#include "decoder.hpp"

#include "polyrpc/codecs/json_foreign.hpp"

#include "formats.hpp"
#include "number.hpp"
#include "scanner.hpp"
#include "text.hpp"

#include <algorithm>
#include <concepts>
#include <cstring>
#include <limits>
#include <map>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace polyrpc::json {

namespace {

template <class T>
T& as(void* object) noexcept {
  return *static_cast<T*>(object);
}

// A byte of text may stand for an element of many bytes: the objects made for a message are together at most so many
// times the largest message.
constexpr std::size_t memory_factor = 8;
// And reading an alternative of a variant in vain is allowed for so many bytes for each byte of the text.
constexpr std::size_t retry_factor = 16;
constexpr std::size_t retry_floor = 64 << 10;

/// What Go calls a value that begins so.
std::string_view kind_in_words(char first) noexcept {
  switch (first) {
    case '{':
      return "object";
    case '[':
      return "array";
    case '"':
      return "string";
    case 't':
    case 'f':
      return "bool";
    case 'n':
      return "null";
    default:
      return "number";
  }
}

/// Whether a value that begins so may fit at all.
bool may_fit(const Plan& plan, char first) noexcept {
  switch (plan.kind) {
    case Kind::boolean:
      return first == 't' || first == 'f';
    case Kind::int8:
    case Kind::int16:
    case Kind::int32:
    case Kind::int64:
    case Kind::uint8:
    case Kind::uint16:
    case Kind::uint32:
    case Kind::uint64:
    case Kind::float32:
    case Kind::float64:
    case Kind::duration:
      return first == '-' || is_digit(first);
    case Kind::string:
    case Kind::bytes:
    case Kind::time:
    case Kind::enum_name:
    case Kind::custom:
      return first == '"';
    case Kind::array:
    case Kind::list:
      return first == '[';
    case Kind::map:
      return first == '{';
    case Kind::structure:
      return plan.shape->is_nothing ? first == 'n' : first == (plan.is_tuple ? '[' : '{');
    case Kind::optional:
      return first == 'n' || may_fit(*plan.element, first);
    case Kind::variant:
      return std::any_of(plan.alternatives.begin(), plan.alternatives.end(),
                         [first](const Plan* alternative) { return may_fit(*alternative, first); });
    case Kind::any:
    case Kind::foreign:
      return true;
    case Kind::complex64:
    case Kind::complex128:
      return false;
  }
  return false;
}

/// The closing quote of a checked string that goes on at `p`; null if there is none.
const char* find_quote(const char* p, const char* end, bool& escapes) noexcept {
  p = find_special(p, end);
  if (p != end && *p == '"') return p;
  // Beyond ASCII or escapes. Each byte is looked at twice at most: for quotes, and for backslashes in front of them.
  const auto find = [](const char* from, const char* to, char c) {
    return static_cast<const char*>(std::memchr(from, c, static_cast<std::size_t>(to - from)));
  };
  const char* quote = find(p, end, '"');
  while (quote != nullptr) {
    const char* const slash = find(p, quote, '\\');
    if (slash == nullptr) return quote;
    escapes = true;
    p = slash + 2;
    if (p > end) return nullptr;
    if (p > quote) quote = find(p, end, '"');
  }
  return nullptr;
}

}  // namespace

void reset(const Plan& plan, void* object) {
  const Shape& shape = *plan.shape;
  switch (plan.kind) {
    case Kind::string:
      shape.string->set(object, {});
      return;
    case Kind::bytes:
      shape.bytes->set(object, {});
      return;
    case Kind::list:
      shape.list->clear(object);
      return;
    case Kind::map:
      shape.map->clear(object);
      return;
    case Kind::optional:
      shape.optional->reset(object);
      return;
    case Kind::any:
      as<Any>(object) = Any();
      return;
    case Kind::variant:
      shape.variant->emplace(object, 0);
      return;
    case Kind::array:
      for (std::size_t i = 0; i < shape.array_length; ++i) reset(*plan.element, at(object, i * shape.element->size));
      return;
    case Kind::structure:
      for (const PlanField& field : plan.fields) reset(*field.plan, at(object, field.offset));
      return;
    case Kind::foreign:
      if (shape.foreign->family != &dynamic_family) break;
      static_cast<const DynamicOps*>(shape.foreign->ops)->set_null(object);
      return;
    default:
      break;
  }
  // Numbers, times, and types with an encoding of their own: made anew in place.
  if (shape.construct == nullptr) return;
  [&]() noexcept {
    shape.destroy(object);
    shape.construct(object);
  }();
}

Decoder::Decoder(std::string_view text, const ReadRules& rules, const CodecLimits& limits, Scratch* scratch) noexcept
    : p_(text.data()),
      end_(p_ + text.size()),
      begin_(p_),
      rules_(rules),
      limits_(limits),
      scratch_(scratch),
      depth_limit_((std::min)(limits.depth, Scanner::deepest)),
      memory_left_(limits.message_bytes > (std::numeric_limits<std::size_t>::max)() / memory_factor
                       ? (std::numeric_limits<std::size_t>::max)()
                       : limits.message_bytes * memory_factor),
      retries_left_(text.size() * retry_factor + retry_floor) {}

// ---- what goes wrong ----

bool Decoder::fail(Status why) {
  if (failure_.ok()) failure_ = std::move(why);
  return false;
}

bool Decoder::fail_syntax(std::string_view wanted) {
  std::string text = "json: ";
  text += wanted;
  text += p_ == end_ ? " expected at the end of the text" : " expected at byte " + std::to_string(p_ - begin_);
  return fail(Status::invalid_argument(text));
}

// Clients of Go servers look for these words: encoding/json, UnmarshalTypeError.
std::string Decoder::type_in_words(const Plan& plan) const {
  std::string text = " into Go ";
  if (field_ != nullptr) {
    text += "struct field ";
    text += owner_->shape->name;
    text += '.';
    text += field_->name;
    text += " of type ";
  } else {
    text += "value of type ";
  }
  return text + type_text(*plan.shape);
}

bool Decoder::fail_type(const Plan& plan) {
  std::string text = "json: cannot unmarshal ";
  const char* const here = p_;
  const char first = peek();
  if (!rules_.checked && !skip()) return false;
  p_ = here;
  text += kind_in_words(first);
  return fail(Status::invalid_argument(text + type_in_words(plan)));
}

bool Decoder::fail_number(const Plan& plan, std::string_view number) {
  constexpr std::size_t shown = 40;
  std::string text = "json: cannot unmarshal number ";
  text += number.substr(0, shown);
  if (number.size() > shown) text += "...";
  return fail(Status::invalid_argument(text + type_in_words(plan)));
}

bool Decoder::fail_charge(std::size_t count) {
  if (count > limits_.elements)
    return fail(Status::resource_exhausted("json: more than " + std::to_string(limits_.elements) +
                                           " elements in one list or map"));
  return fail(Status::resource_exhausted("json: the message takes too much memory"));
}

bool Decoder::enter() {
  if (depth_ >= depth_limit_)
    return fail(Status::resource_exhausted("json: nested deeper than " + std::to_string(depth_limit_) + " levels"));
  ++depth_;
  return true;
}

// ---- tokens ----

bool Decoder::literal(std::string_view word) {
  if (static_cast<std::size_t>(end_ - p_) < word.size() || std::memcmp(p_, word.data(), word.size()) != 0)
    return fail_syntax("a value");
  p_ += word.size();
  return true;
}

bool Decoder::raw_string(Text& text) {
  const char* p = p_ + 1;
  const char* const start = p;
  text.escapes = false;
  if (rules_.checked) {
    p = find_quote(p, end_, text.escapes);
    if (p == nullptr) return p_ = end_, fail_syntax("the end of a string");
  } else {
    switch (scan_short_string(p, end_, text.escapes)) {
      case StringEnd::quote:
        break;
      case StringEnd::more:
        return p_ = end_, fail_syntax("the end of a string");
      case StringEnd::control:
        return p_ = p, fail_syntax("an escape in place of a control character");
      case StringEnd::escape:
        return p_ = p, fail_syntax("a valid escape");
      case StringEnd::encoding:
        return p_ = p, fail_syntax("UTF-8");
    }
  }
  text.raw = {start, static_cast<std::size_t>(p - start)};
  p_ = p + 1;
  return true;
}

std::string_view Decoder::plain(const Text& text, std::string& buffer) {
  if (!text.escapes) return text.raw;
  buffer.resize(text.raw.size());
  buffer.resize(static_cast<std::size_t>(unescape(text.raw, buffer.data()) - buffer.data()));
  return buffer;
}

bool Decoder::text(std::string_view& text) {
  if (peek() != '"') return fail_syntax("a string");
  Text found;
  if (!raw_string(found)) return false;
  text = plain(found, buffer_);
  return true;
}

bool Decoder::number_text(std::string_view& number) {
  const char* const start = p_;
  NumberPart part = NumberPart::start;
  p_ = scan_number(p_, end_, part);
  if (!is_complete(part)) return fail_syntax(p_ == start ? "a value" : "the rest of a number");
  number = {start, static_cast<std::size_t>(p_ - start)};
  return true;
}

bool Decoder::skip() {
  if (rules_.checked) {
    // Only brackets and strings matter in a text that is known to be right.
    std::size_t depth = 0;
    if (peek() == '\0') return fail_syntax("a value");
    do {
      const char c = peek();
      if (c == '"') {
        Text ignored;
        if (!raw_string(ignored)) return false;
      } else if (c == '{' || c == '[') {
        ++depth;
        ++p_;
        continue;
      } else if (c == '}' || c == ']') {
        --depth;
        ++p_;
      } else if (c == ',' || c == ':') {
        ++p_;
        continue;
      } else if (c == '\0') {
        return fail_syntax("the end of a value");
      } else {
        while (p_ != end_ && *p_ != ',' && *p_ != '}' && *p_ != ']' && !is_space(*p_)) ++p_;
      }
    } while (depth != 0);
    return true;
  }
  Scanner scanner(depth_limit_ - depth_);
  const std::string_view rest(p_, static_cast<std::size_t>(end_ - p_));
  if (rest.size() > Scanner::longest) return fail(Status::resource_exhausted("json: the text is too long"));
  scanner.start(0);
  const Scanner::Outcome outcome = scanner.run(rest);
  p_ += scanner.position();
  if (outcome == Scanner::Outcome::complete || (outcome == Scanner::Outcome::more && scanner.complete_at_end()))
    return true;
  Status why = scanner.error(rest);
  if (why.code() == StatusCode::resource_exhausted)
    return fail(Status::resource_exhausted("json: nested deeper than " + std::to_string(depth_limit_) + " levels"));
  return fail(std::move(why));
}

// ---- values ----

bool Decoder::value(const Plan& plan, void* object) {
  switch (peek()) {
    case '\0':
      if (p_ == end_) return fail_syntax("a value");
      break;
    case 'n':
      return literal("null") && null(plan, object);
    default:
      break;
  }
  switch (plan.kind) {
    case Kind::boolean:
      return boolean(plan, as<bool>(object));
    case Kind::int8:
      return integer<std::int8_t>(plan, object);
    case Kind::int16:
      return integer<std::int16_t>(plan, object);
    case Kind::int32:
      return integer<std::int32_t>(plan, object);
    case Kind::int64:
      return integer<std::int64_t>(plan, object);
    case Kind::uint8:
      return integer<std::uint8_t>(plan, object);
    case Kind::uint16:
      return integer<std::uint16_t>(plan, object);
    case Kind::uint32:
      return integer<std::uint32_t>(plan, object);
    case Kind::uint64:
      return integer<std::uint64_t>(plan, object);
    case Kind::float32:
      return real<float>(plan, object);
    case Kind::float64:
      return real<double>(plan, object);
    case Kind::complex64:
    case Kind::complex128:
      return fail_type(plan);
    case Kind::string:
      return string(plan, object);
    case Kind::bytes:
      return bytes(plan, object);
    case Kind::array:
      return array(plan, object);
    case Kind::list:
      return list(plan, object);
    case Kind::map:
      return map(plan, object);
    case Kind::structure:
      if (!plan.is_tuple) return structure(plan, object);
      return *p_ == '[' ? positions(plan, object) : fail_type(plan);
    case Kind::optional: {
      if (!charge(plan.element->shape->size, 0)) return false;
      return value(*plan.element, plan.shape->optional->emplace(object));
    }
    case Kind::variant:
      return variant(plan, object);
    case Kind::any:
      return any(as<Any>(object));
    case Kind::time:
      return time(plan, object);
    case Kind::duration: {
      std::int64_t nanoseconds = 0;
      if (!integer<std::int64_t>(plan, &nanoseconds)) return false;
      return plan.shape->duration->set(object, nanoseconds) ||
             fail(Status::invalid_argument("json: a duration is out of range"));
    }
    case Kind::enum_name:
      return enum_name(plan, object);
    case Kind::custom:
      return custom(plan, object);
    case Kind::foreign:
      if (plan.shape->foreign->family != &dynamic_family) return bridged(plan, object);
      return dynamic(*static_cast<const DynamicOps*>(plan.shape->foreign->ops), object);
  }
  return fail(Status::internal("json: a shape of no known kind"));
}

bool Decoder::bridged(const Plan& plan, void* object) {
  const ForeignBridge* bridge = plan.shape->foreign->bridge;
  if (bridge == nullptr) return fail_type(plan);
  const char* const start = p_;
  if (!skip()) return false;
  const std::string_view text(start, static_cast<std::size_t>(p_ - start));
  Status status = bridge->from_json(*plan.shape, text, object);
  return status.ok() || fail(std::move(status));
}

bool Decoder::null(const Plan& plan, void* object) {
  switch (plan.kind) {
    case Kind::optional:
    case Kind::any:
    case Kind::list:
    case Kind::map:
    case Kind::bytes:
    case Kind::foreign:
      reset(plan, object);
      return true;
    case Kind::variant:
      for (std::size_t i = 0; i < plan.alternatives.size(); ++i)
        if (plan.alternatives[i]->shape->is_nothing || plan.alternatives[i]->kind == Kind::optional ||
            plan.alternatives[i]->kind == Kind::any)
          return plan.shape->variant->emplace(object, i), true;
      return true;
    default:
      return true;
  }
}

bool Decoder::boolean(const Plan& plan, bool& object) {
  if (*p_ == 't') {
    if (!literal("true")) return false;
    object = true;
    return true;
  }
  if (*p_ == 'f') {
    if (!literal("false")) return false;
    object = false;
    return true;
  }
  return fail_type(plan);
}

template <class Integer>
bool Decoder::integer(const Plan& plan, void* object) {
  const char* const start = p_;
  const char* p = p_;
  const bool negative = *p == '-';
  if (negative) ++p;
  const char* const digits = p;
  std::uint64_t magnitude = 0;
  p = take_digits(p, end_, magnitude);
  const auto count = p - digits;
  const bool follows = p != end_ && (*p == '.' || *p == 'e' || *p == 'E');
  if (count == 0 || count > 18 || follows || (*digits == '0' && count > 1)) {
    // Not a number, not an integer, or one that needs care.
    if (!negative && count == 0) return integer_in_text<Integer>(plan, object);
    std::string_view number;
    if (!number_text(number)) return false;
    if (follows) return fail_number(plan, number);
    const char* const here = p_;
    if (parse_integer(std::string_view(digits, static_cast<std::size_t>(here - digits)), magnitude) != Parsed::ok)
      return fail_number(plan, number);
    p = here;
  }
  constexpr auto largest = static_cast<std::uint64_t>((std::numeric_limits<Integer>::max)());
  if constexpr (std::is_signed_v<Integer>) {
    if (magnitude > largest + (negative ? 1 : 0))
      return fail_number(plan, {start, static_cast<std::size_t>(p - start)});
    as<Integer>(object) = static_cast<Integer>(negative ? ~magnitude + 1 : magnitude);
  } else {
    if (magnitude > largest || negative) return fail_number(plan, {start, static_cast<std::size_t>(p - start)});
    as<Integer>(object) = static_cast<Integer>(magnitude);
  }
  p_ = p;
  return true;
}

template <class Float>
bool Decoder::real(const Plan& plan, void* object) {
  if constexpr (std::is_same_v<Float, double>) {
    if (const char* const behind = read_float(p_, end_, as<double>(object)); behind != nullptr) {
      p_ = behind;
      return true;
    }
  }
  if (*p_ != '-' && !is_digit(*p_)) return real_in_text<Float>(plan, object);
  std::string_view number;
  if (!number_text(number)) return false;
  if (parse_float(number, as<Float>(object)) != Parsed::ok) return fail_number(plan, number);
  return true;
}

// Protobuf's JSON has 64 bits of integers in strings, because JavaScript's numbers have 53.
template <class Integer>
bool Decoder::integer_in_text(const Plan& plan, void* object) {
  if (!rules_.numbers_in_text || *p_ != '"') return fail_type(plan);
  using Wide = std::conditional_t<std::is_signed_v<Integer>, std::int64_t, std::uint64_t>;
  Text text;
  if (!raw_string(text)) return false;
  Wide wide = 0;
  if (parse_integer(text.raw, wide) != Parsed::ok || wide < (std::numeric_limits<Integer>::min)() ||
      wide > (std::numeric_limits<Integer>::max)())
    return fail_number(plan, text.raw);
  as<Integer>(object) = static_cast<Integer>(wide);
  return true;
}

template <class Float>
bool Decoder::real_in_text(const Plan& plan, void* object) {
  if (!rules_.numbers_in_text || *p_ != '"') return fail_type(plan);
  Text text;
  if (!raw_string(text)) return false;
  constexpr Float infinity = std::numeric_limits<Float>::infinity();
  auto& to = as<Float>(object);
  if (text.raw == "NaN") return to = std::numeric_limits<Float>::quiet_NaN(), true;
  if (text.raw == "Infinity") return to = infinity, true;
  if (text.raw == "-Infinity") return to = -infinity, true;
  NumberPart part = NumberPart::start;
  const char* const end = text.raw.data() + text.raw.size();
  if (scan_number(text.raw.data(), end, part) != end || !is_complete(part) || parse_float(text.raw, to) != Parsed::ok)
    return fail_number(plan, text.raw);
  return true;
}

bool Decoder::string(const Plan& plan, void* object) {
  if (*p_ != '"') return fail_type(plan);
  Text text;
  if (!raw_string(text)) return false;
  const Shape& shape = *plan.shape;
  if (shape.is_std_string) {
    auto& to = as<std::string>(object);
    if (text.escapes)
      plain(text, to);
    else
      to.assign(text.raw);
    return true;
  }
  if (text.escapes && shape.is_view) {
    if (scratch_ == nullptr)
      return fail(Status::invalid_argument("json: a string with escapes cannot be read into a view of the text"));
    char* const memory = scratch_->allocate(text.raw.size());
    shape.string->set(object, {memory, static_cast<std::size_t>(unescape(text.raw, memory) - memory)});
    return true;
  }
  shape.string->set(object, plain(text, buffer_));
  return true;
}

bool Decoder::bytes(const Plan& plan, void* object) {
  if (*p_ != '"') return fail_type(plan);
  Text found;
  if (!raw_string(found)) return false;
  const std::string_view text = plain(found, buffer_);
  const BytesOps& ops = *plan.shape->bytes;
  const std::size_t room = base64_room(text.size());
  std::byte* memory = nullptr;
  if (ops.resize != nullptr)
    memory = ops.resize(object, room);
  else if (scratch_ != nullptr)
    memory = reinterpret_cast<std::byte*>(scratch_->allocate(room));
  else
    return fail(Status::invalid_argument("json: bytes cannot be read into a view of the text"));
  const auto size = read_base64(text, memory);
  if (!size) return fail(Status::invalid_argument("json: illegal base64 data" + type_in_words(plan)));
  if (ops.resize != nullptr)
    ops.resize(object, *size);
  else
    ops.set(object, {memory, *size});
  return true;
}

bool Decoder::time(const Plan& plan, void* object) {
  if (*p_ != '"') return fail_type(plan);
  std::string_view found;
  if (!text(found)) return false;
  const auto time = read_time(found);
  if (!time) return fail(Status::invalid_argument("json: a time is not as in RFC 3339" + type_in_words(plan)));
  return plan.shape->time->set(object, *time) || fail(Status::invalid_argument("json: a time is out of range"));
}

bool Decoder::enum_name(const Plan& plan, void* object) {
  if (*p_ != '"') return fail_type(plan);
  std::string_view found;
  if (!text(found)) return false;
  return map_key(plan, object, found);
}

bool Decoder::custom(const Plan& plan, void* object) {
  if (*p_ != '"') return fail_type(plan);
  const CustomOps& ops = *plan.shape->custom;
  std::string_view found;
  if (!text(found)) return false;
  if (ops.has_text) {
    Status status = ops.decode(object, OwnEncoding::text, as_bytes(found));
    return status.ok() || fail(std::move(status));
  }
  std::vector<std::byte> memory(base64_room(found.size()));
  const auto size = read_base64(found, memory.data());
  if (!size) return fail(Status::invalid_argument("json: illegal base64 data" + type_in_words(plan)));
  Status status = ops.decode(object, ops.has_binary ? OwnEncoding::binary : OwnEncoding::gob,
                             std::span<const std::byte>(memory.data(), *size));
  return status.ok() || fail(std::move(status));
}

bool Decoder::structure(const Plan& plan, void* object) {
  if (*p_ != '{') return fail_type(plan);
  if (!enter()) return false;
  const Plan* const outer_owner = std::exchange(owner_, &plan);
  const PlanField* const outer_field = field_;
  ++p_;
  std::size_t expected = 0;
  if (!take('}')) {
    for (;;) {
      const PlanField* field = nullptr;
      // Most senders write the fields as declared, without spaces.
      const std::string_view opening =
          expected != plan.fields.size() ? plan.fields[expected].opening() : std::string_view();
      if (!opening.empty() && static_cast<std::size_t>(end_ - p_) >= opening.size() &&
          std::memcmp(p_, opening.data(), opening.size()) == 0) {
        field = &plan.fields[expected++];
        p_ += opening.size();
      } else {
        std::string_view name;
        if (peek() != '"') return fail_syntax("a member's name");
        if (!text(name)) return false;
        field = plan.find(name, rules_.any_case);
        if (field != nullptr) {
          expected = static_cast<std::size_t>(field - plan.fields.data()) + 1;
        } else if (rules_.refuse_unknown) {
          return fail(Status::invalid_argument("json: unknown field \"" + std::string(name) + "\""));
        }
        if (!take(':')) return fail_syntax("a colon");
      }
      if (field != nullptr) {
        field_ = field;
        owner_ = &plan;
        if (!value(*field->plan, at(object, field->offset))) return false;
      } else if (!skip()) {
        return false;
      }
      if (take(',')) {
        p_ = skip_spaces(p_, end_);
        continue;
      }
      if (take('}')) break;
      return fail_syntax("a comma or a closing brace");
    }
  }
  field_ = outer_field;
  owner_ = outer_owner;
  leave();
  return true;
}

/// Behind a `[` or an element: whether there is another, past its comma.
bool Decoder::next_in_list(bool& first, bool& done) {
  done = take(']');
  if (done) return true;
  if (std::exchange(first, false)) return true;
  if (!take(',')) return fail_syntax("a comma or a closing bracket");
  return true;
}

bool Decoder::positions(const Plan& plan, void* object) {
  if (!enter()) return false;
  ++p_;
  bool first = true;
  bool done = false;
  const PlanField* field = plan.fields.data();
  const PlanField* const fields_end = field + plan.fields.size();
  for (;; ++field) {
    if (!next_in_list(first, done)) return false;
    if (done) break;
    if (field == fields_end)
      return fail(Status::invalid_argument("json: more than " + std::to_string(plan.fields.size()) + " elements for " +
                                           type_text(*plan.shape)));
    if (!value(*field->plan, at(object, field->offset))) return false;
  }
  leave();
  return true;
}

bool Decoder::array(const Plan& plan, void* object) {
  if (*p_ != '[') return fail_type(plan);
  if (!enter()) return false;
  ++p_;
  bool first = true;
  bool done = false;
  const std::size_t stride = plan.element->shape->size;
  std::size_t count = 0;
  for (;;) {
    if (!next_in_list(first, done)) return false;
    if (done) break;
    // What is too much is dropped, what is missing becomes zero, as in Go.
    if (count < plan.shape->array_length) {
      if (!value(*plan.element, at(object, count * stride))) return false;
      ++count;
    } else if (!skip()) {
      return false;
    }
  }
  for (; count < plan.shape->array_length; ++count) reset(*plan.element, at(object, count * stride));
  leave();
  return true;
}

bool Decoder::list(const Plan& plan, void* object) {
  if (*p_ != '[') return fail_type(plan);
  const ListOps& ops = *plan.shape->list;
  if (ops.read_only)
    return fail(Status::invalid_argument("json: " + type_text(*plan.shape) + " as a view can be sent, not received"));
  if (!enter()) return false;
  ++p_;
  ops.clear(object);
  bool first = true;
  bool done = false;
  std::size_t count = 0;
  const std::size_t stride = plan.element->shape->size;
  if (ops.resize != nullptr) {
    std::size_t room = 0;
    void* elements = nullptr;
    for (;; ++count) {
      if (!next_in_list(first, done)) return false;
      if (done) break;
      if (!charge(stride, count + 1)) return false;
      if (count == room) {
        room = room == 0 ? 4 : room * 2;
        elements = ops.resize(object, room);
      }
      if (!value(*plan.element, at(elements, count * stride))) return false;
    }
    ops.resize(object, count);
  } else {
    for (;; ++count) {
      if (!next_in_list(first, done)) return false;
      if (done) break;
      if (!charge(stride, count + 1)) return false;
      Status added = ops.add(object, [&](void* element) {
        return value(*plan.element, element) ? Status() : Status::invalid_argument("json: bad element");
      });
      if (!added.ok()) return fail(std::move(added));
    }
  }
  leave();
  return true;
}

bool Decoder::map(const Plan& plan, void* object) {
  if (*p_ != '{') return fail_type(plan);
  if (!enter()) return false;
  ++p_;
  const MapOps& ops = *plan.shape->map;
  ops.clear(object);
  const std::size_t stride = plan.key->shape->size + plan.element->shape->size;
  std::size_t count = 0;
  if (!take('}')) {
    for (;;) {
      if (!charge(stride, ++count)) return false;
      Status added = ops.add(object, [&](void* key, void* element) {
        const auto member = [&] {
          if (peek() != '"') return fail_syntax("a member's name");
          if (plan.key->kind == Kind::string) {
            if (!string(*plan.key, key)) return false;
          } else {
            std::string_view name;
            if (!text(name) || !map_key(*plan.key, key, name)) return false;
          }
          if (!take(':')) return fail_syntax("a colon");
          return value(*plan.element, element);
        };
        return member() ? Status() : Status::invalid_argument("json: bad member");
      });
      if (!added.ok()) return fail(std::move(added));
      if (take(',')) continue;
      if (take('}')) break;
      return fail_syntax("a comma or a closing brace");
    }
  }
  leave();
  return true;
}

bool Decoder::map_key(const Plan& plan, void* key, std::string_view text) {
  const auto number = [&]<class Integer>(Integer& to) {
    std::conditional_t<std::is_signed_v<Integer>, std::int64_t, std::uint64_t> wide = 0;
    if (parse_integer(text, wide) != Parsed::ok || wide > (std::numeric_limits<Integer>::max)() ||
        wide < (std::numeric_limits<Integer>::min)())
      return fail_number(plan, text);
    to = static_cast<Integer>(wide);
    return true;
  };
  switch (plan.kind) {
    case Kind::int8:
      return number(as<std::int8_t>(key));
    case Kind::int16:
      return number(as<std::int16_t>(key));
    case Kind::int32:
      return number(as<std::int32_t>(key));
    case Kind::int64:
      return number(as<std::int64_t>(key));
    case Kind::uint8:
      return number(as<std::uint8_t>(key));
    case Kind::uint16:
      return number(as<std::uint16_t>(key));
    case Kind::uint32:
      return number(as<std::uint32_t>(key));
    case Kind::uint64:
      return number(as<std::uint64_t>(key));
    case Kind::duration: {
      std::int64_t nanoseconds = 0;
      return number(nanoseconds) && plan.shape->duration->set(key, nanoseconds);
    }
    case Kind::enum_name:
      for (const Enumerator& enumerator : plan.shape->enumeration->enumerators)
        if (enumerator.name == text) return plan.shape->enumeration->set(key, enumerator.value), true;
      return fail(Status::invalid_argument("json: \"" + std::string(text.substr(0, 64)) + "\" is no enumerator of " +
                                           std::string(plan.shape->name)));
    case Kind::custom:
      if (plan.shape->custom->has_text) {
        Status status = plan.shape->custom->decode(key, OwnEncoding::text, as_bytes(text));
        return status.ok() || fail(std::move(status));
      }
      break;
    default:
      break;
  }
  return fail(Status::invalid_argument("json: unsupported type: map with keys of type " + type_text(*plan.shape)));
}

bool Decoder::variant(const Plan& plan, void* object) {
  const char* const start = p_;
  const std::size_t depth = depth_;
  const Plan* const owner = owner_;
  const PlanField* const field = field_;
  const bool refuse_unknown = rules_.refuse_unknown;
  const char first = *p_;
  // First the alternatives that know every member, then the others: two structs are mostly told apart so.
  for (const bool strict : {true, false}) {
    if (!strict && (refuse_unknown || (first != '{' && first != '['))) break;
    for (std::size_t i = 0; i < plan.alternatives.size(); ++i) {
      const Plan& alternative = *plan.alternatives[i];
      if (!may_fit(alternative, first)) continue;
      if (!charge(alternative.shape->size, 0)) return false;
      rules_.refuse_unknown = strict;
      const bool good = value(alternative, plan.shape->variant->emplace(object, i));
      rules_.refuse_unknown = refuse_unknown;
      if (good) return true;
      if (failure_.code() == StatusCode::resource_exhausted) return false;
      const auto wasted = static_cast<std::size_t>(p_ - start) + 1;
      if (wasted > retries_left_)
        return failure_ = Status(), fail(Status::resource_exhausted("json: too many ways to read a variant"));
      retries_left_ -= wasted;
      failure_ = Status();
      p_ = start;
      depth_ = depth;
      owner_ = owner;
      field_ = field;
    }
  }
  return fail_type(plan);
}

bool Decoder::any(Any& object) {
  switch (*p_) {
    case 't':
    case 'f': {
      const bool value = *p_ == 't';
      if (!literal(value ? "true" : "false")) return false;
      object = value;
      return true;
    }
    case '"': {
      std::string_view found;
      if (!text(found)) return false;
      object = std::string(found);
      return true;
    }
    case '[': {
      std::vector<Any> elements;
      if (!list(plan_of(shape_of<std::vector<Any>>()), &elements)) return false;
      object = std::move(elements);
      return true;
    }
    case '{': {
      std::map<std::string, Any> members;
      if (!map(plan_of(shape_of<std::map<std::string, Any>>()), &members)) return false;
      object = std::move(members);
      return true;
    }
    default: {
      double number = 0;
      if (!real<double>(plan_of(shape_of<double>()), &number)) return false;
      object = number;
      return true;
    }
  }
}

bool Decoder::dynamic(const DynamicOps& ops, void* object) {
  constexpr std::size_t weight = 64;  // about what a dynamic value and its place in a container take
  switch (peek()) {
    case 'n':
      if (!literal("null")) return false;
      ops.set_null(object);
      return true;
    case 't':
    case 'f': {
      const bool value = *p_ == 't';
      if (!literal(value ? "true" : "false")) return false;
      ops.set_boolean(object, value);
      return true;
    }
    case '"': {
      std::string_view found;
      if (!text(found)) return false;
      ops.set_string(object, found);
      return true;
    }
    case '[': {
      if (!enter()) return false;
      ++p_;
      ops.make_list(object);
      bool first = true;
      bool done = false;
      for (std::size_t count = 1;; ++count) {
        if (!next_in_list(first, done)) return false;
        if (done) break;
        if (!charge(weight, count) || !dynamic(ops, ops.add_element(object))) return false;
      }
      leave();
      return true;
    }
    case '{': {
      if (!enter()) return false;
      ++p_;
      ops.make_object(object);
      if (!take('}')) {
        for (std::size_t count = 1;; ++count) {
          std::string_view name;
          if (!charge(weight, count) || !text(name)) return false;
          void* const member = ops.add_member(object, name);
          if (!take(':')) return fail_syntax("a colon");
          if (!dynamic(ops, member)) return false;
          if (take(',')) continue;
          if (take('}')) break;
          return fail_syntax("a comma or a closing brace");
        }
      }
      leave();
      return true;
    }
    default: {
      if (p_ == end_) return fail_syntax("a value");
      std::string_view number;
      if (!number_text(number)) return false;
      std::int64_t integer = 0;
      std::uint64_t unsigned_integer = 0;
      double real_number = 0;
      if (number[0] == '-' && number != "-0" && parse_integer(number, integer) == Parsed::ok)
        ops.set_integer(object, integer);
      else if (number[0] != '-' && parse_integer(number, unsigned_integer) == Parsed::ok)
        ops.set_unsigned(object, unsigned_integer);
      else if (parse_float(number, real_number) == Parsed::ok)
        ops.set_real(object, real_number);
      else
        return fail(Status::invalid_argument("json: a number is out of range"));
      return true;
    }
  }
}

}  // namespace polyrpc::json
