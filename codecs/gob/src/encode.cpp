#include "encode.hpp"

#include "polyrpc/codecs/gob_value.hpp"

#include "errors.hpp"
#include "interface_names.hpp"
#include "time_form.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace polyrpc::gob::detail {

namespace {

constexpr std::uint64_t greatest_message = std::uint64_t{1} << 33;  // Go on 64 bits takes less

std::byte* copy(std::byte* to, const void* from, std::size_t size) noexcept {
  copy_short_bytes(to, from, size);
  return to + size;
}

/// Numbers that Go leaves out of a struct.
bool is_zero_number(Op op, const void* object) noexcept {
  switch (op) {
    case Op::boolean:
      return !*static_cast<const bool*>(object);
    case Op::int8:
    case Op::uint8:
      return load<std::uint8_t>(object) == 0;
    case Op::int16:
    case Op::uint16:
      return load<std::uint16_t>(object) == 0;
    case Op::int32:
    case Op::uint32:
      return load<std::uint32_t>(object) == 0;
    case Op::int64:
    case Op::uint64:
      return load<std::uint64_t>(object) == 0;
    case Op::float32:
      return load<float>(object) == 0;
    case Op::float64:
      return load<double>(object) == 0;
    case Op::complex64:
      return load<float>(object) == 0 && load<float>(at(object, sizeof(float))) == 0;
    case Op::complex128:
      return load<double>(object) == 0 && load<double>(at(object, sizeof(double))) == 0;
    default:
      return false;
  }
}

/// Of a text or a list of bytes that is in one piece.
std::span<const std::byte> bytes_of(Op op, const Shape& shape, const void* object) {
  if (op == Op::std_string) return as_bytes(*static_cast<const std::string*>(object));
  if (op == Op::bytes) return shape.bytes->get(object);
  return as_bytes(shape.string->get(object));
}
std::span<const std::byte> bytes_of(const SendField& field, const void* object) {
  return bytes_of(field.op, *field.type->shape, object);
}

const SendType& without_pointers(const SendType& outer) noexcept {
  const SendType* type = &outer;
  while (type->op == Op::optional) type = type->element;
  return *type;
}

/// At most two numbers' room must be free.
std::byte* put_number(std::byte* to, Op op, const void* object) noexcept {
  switch (op) {
    case Op::boolean:
      return put_uint(to, *static_cast<const bool*>(object) ? 1 : 0);
    case Op::int8:
      return put_int(to, load<std::int8_t>(object));
    case Op::int16:
      return put_int(to, load<std::int16_t>(object));
    case Op::int32:
      return put_int(to, load<std::int32_t>(object));
    case Op::int64:
      return put_int(to, load<std::int64_t>(object));
    case Op::uint8:
      return put_uint(to, load<std::uint8_t>(object));
    case Op::uint16:
      return put_uint(to, load<std::uint16_t>(object));
    case Op::uint32:
      return put_uint(to, load<std::uint32_t>(object));
    case Op::uint64:
      return put_uint(to, load<std::uint64_t>(object));
    case Op::float32:
      return put_float(to, static_cast<double>(load<float>(object)));
    case Op::float64:
      return put_float(to, load<double>(object));
    case Op::complex64:
      to = put_float(to, static_cast<double>(load<float>(object)));
      return put_float(to, static_cast<double>(load<float>(at(object, sizeof(float)))));
    case Op::complex128:
      to = put_float(to, load<double>(object));
      return put_float(to, load<double>(at(object, sizeof(double))));
    default:
      return to;
  }
}

}  // namespace

const Root* SendStream::root(const Shape& shape, Status& why) {
  for (const Recent& recent : recent_)
    if (recent.shape == &shape) return recent.root;
  const Root* found = context_.options.numbers->table().root(shape, why);
  if (found == nullptr) return nullptr;
  std::move_backward(recent_.begin(), recent_.end() - 1, recent_.end());
  recent_[0] = {&shape, found};
  return found;
}

void SendStream::mark_sent(std::uint32_t bit) {
  const std::size_t word = bit / 64;
  if (word >= sent_.size()) sent_.resize(word + 1);
  fresh_.push_back(bit);
  sent_[word] |= std::uint64_t{1} << (bit % 64);
}

SendStream::Rest SendStream::leave() {
  Rest rest;
  if (sent_.size() == 1)
    rest.sent_ = sent_.front();
  else if (!sent_.empty())
    rest.all_sent_ = std::make_unique<std::vector<std::uint64_t>>(std::move(sent_));
  rest.tree_types_ = std::move(tree_types_);
  sent_.clear();
  checkpoint();
  return rest;
}

void SendStream::resume(Rest rest) {
  if (rest.all_sent_ != nullptr)
    sent_ = std::move(*rest.all_sent_);
  else
    sent_.assign(1, rest.sent_);
  tree_types_ = std::move(rest.tree_types_);
}

void SendStream::roll_back() {
  for (const std::uint32_t bit : fresh_) sent_[bit / 64] &= ~(std::uint64_t{1} << (bit % 64));
  fresh_.clear();
  if (tree_types_ != nullptr) tree_types_->truncate(tree_types_at_checkpoint_);
}

/// Writes one value. Positions are counted from the front of the queue, since its memory moves when it grows.
class Encoding {
 public:
  Encoding(SendStream& stream, ByteQueue& output) noexcept : stream_(stream), output_(output) {}

  Status run(MessageRef value);

 private:
  Status run_tree(const Value& value);
  /// A stretch with its length in front: a message, or an interface's value.
  struct Part {
    std::size_t start = 0;
    std::size_t guess = 1;  // bytes left free for the length
  };

  bool value(const SendType& type, const void* object);
  bool structure(const SendType& type, const void* object);
  bool bridged(const SendType& type, const void* object);
  bool field(const SendField& field, const void* object, std::int64_t& last);
  bool element(const SendType& type, const void* object);
  bool pointed(const SendType& type, const void* object);
  bool elements(const SendType& type, const void* first, std::size_t count);
  bool list(const SendType& type, const void* object) { return list(type, object, type.shape->list->size(object)); }
  bool list(const SendType& type, const void* object, std::size_t count);
  bool array(const SendType& type, const void* object);
  bool map(const SendType& type, const void* object);
  bool byte_list(const SendType& type, const void* object);
  bool time(const SendType& type, const void* object);
  bool custom(const SendType& type, const void* object);
  bool text_form(const SendType& type, const void* object);
  bool enumeration(const SendType& type, const void* object);
  /// What an interface value holds: an object of a shape, a tree, or nothing.
  struct Content {
    const Shape* shape = nullptr;
    const Shape* outer = nullptr;  // the same with its pointers
    const void* object = nullptr;
    const Value* tree = nullptr;
    std::string_view name;  // of a tree
    bool nothing() const noexcept { return shape == nullptr && tree == nullptr; }
  };
  bool content(const SendType& type, const void* object, Content& content);
  bool tree_content(const Value& value, Content& content);
  bool interface(const Content& content);
  bool interface_value(const Root& root, const void* object);

  bool tree_type(const Value& value, TreeType& type, std::vector<Definition>& definitions);
  bool tree_top(const TreeType& type, const Value& value);
  bool tree(const TreeType& type, const Value& value);
  bool tree_structure(const TreeType& type, const Value::Struct& value);
  bool tree_interface_value(const Content& content);
  bool collect_tree(const Value& value);
  bool top(const Root& root, const SendType& type, const void* object);

  bool left_out(const SendType& type, const void* object);
  std::size_t lower_bound(const SendType& type, const void* object);

  void define_before(const Root& root);
  void append_message(const Definition& definition);
  void define_inside(const Root& root);
  void define_inside(const Definition& definition);
  bool collect(const SendType& type, const void* object);
  bool collect_content(const SendType& type, const void* object);

  void open(Part& part, std::size_t expected);
  bool close(const Part& part);

  void reserve(std::size_t count) {
    if (static_cast<std::size_t>(end_ - cur_) < count) [[unlikely]]
      grow(count);
  }
  /// The same for who keeps the place to write at to itself.
  void reserve(std::byte*& to, std::size_t count) {
    if (static_cast<std::size_t>(end_ - to) < count) [[unlikely]] {
      cur_ = to;
      grow(count);
      to = cur_;
    }
  }
  void grow(std::size_t count) {
    commit();
    const std::span<std::byte> room = output_.prepare(count);
    start_ = cur_ = room.data();
    end_ = room.data() + room.size();
  }
  void commit() noexcept {
    output_.commit(static_cast<std::size_t>(cur_ - start_));
    start_ = cur_;
  }
  std::size_t position() const noexcept { return output_.size() + static_cast<std::size_t>(cur_ - start_); }

  void put(std::uint64_t v) {
    reserve(max_uint_size);
    cur_ = put_uint(cur_, v);
  }
  void put_bytes(std::span<const std::byte> bytes) { put_bytes(bytes.data(), bytes.size()); }
  void put_bytes(const void* bytes, std::size_t size) {
    reserve(max_uint_size + size);
    cur_ = copy(put_uint(cur_, size), bytes, size);
  }
  void append(const void* bytes, std::size_t size) { cur_ = copy(cur_, bytes, size); }
  /// With rubbish behind it, as `put_uint`.
  void append_id(const Root& root) {
    store(cur_, load<std::uint64_t>(root.id_bytes));
    cur_ += root.id_size;
  }

  bool enter() {
    if (depth_ >= stream_.context_.limits.depth) return fail(Status::resource_exhausted(too_deep));
    ++depth_;
    return true;
  }
  void leave() noexcept { --depth_; }
  bool fail(Status why) {
    if (status_.ok()) status_ = std::move(why);
    return false;
  }

  SendStream& stream_;
  ByteQueue& output_;
  std::byte* start_ = nullptr;  // of what is written but not committed
  std::byte* cur_ = nullptr;
  std::byte* end_ = nullptr;
  std::size_t depth_ = 0;
  Part* innermost_ = nullptr;  // the part being written
  Status status_;
};

Status SendStream::write(MessageRef value, ByteQueue& output) { return Encoding(*this, output).run(value); }

Status Encoding::run(MessageRef value) {
  Status why;
  const Root* root = stream_.root(*value.shape, why);
  if (root == nullptr) return why;
  // A pointer to nothing fails before its definitions are out.
  const SendType* type = root->type;
  const void* object = value.object;
  while (type->op == Op::optional) {
    object = type->shape->optional->get(object);
    type = type->element;
    if (object == nullptr)
      return Status::invalid_argument("gob: cannot encode nil pointer of type " + go_text(*value.shape));
  }
  if (type->op == Op::tree) return run_tree(*static_cast<const Value*>(object));
  if (root->own != nullptr && !stream_.was_sent(root->own->bit)) define_before(*root);
  if (type->holds_interface && stream_.context_.options.definitions == DefinitionOrder::safe) {
    if (!collect(*type, object)) return std::move(status_);
  }
  Part part;
  open(part, lower_bound(*type, object));
  innermost_ = &part;
  append_id(*root);
  if (!top(*root, *type, object) || !close(part)) return std::move(status_);
  commit();
  return {};
}

/// `type` and `object` are what the pointers led to.
inline bool Encoding::top(const Root& root, const SendType& type, const void* object) {
  if (type.op == Op::structure) return structure(type, object);
  if (!root.is_struct) put(0);
  return value(type, object);
}

// ---- parts and definitions ----

inline void Encoding::open(Part& part, std::size_t expected) {
  part.start = position();
  part.guess = uint_size(expected);
  reserve(expected + 2 * max_uint_size);
  cur_ += part.guess;
}

inline bool Encoding::close(const Part& part) {
  const std::size_t size = position() - part.start - part.guess;
  if (part.guess == 1 && size < 128) [[likely]] {
    *(cur_ - size - 1) = static_cast<std::byte>(size);
    return true;
  }
  if (size >= greatest_message) return fail(Status::resource_exhausted("gob: encoder: message too big"));
  const std::size_t needed = uint_size(size);
  if (needed != part.guess) {
    reserve(needed);
    std::byte* content = cur_ - size;
    std::memmove(content - part.guess + needed, content, size);
    cur_ = content - part.guess + needed + size;
  }
  put_uint_exactly(cur_ - size - needed, size, needed);
  return true;
}

/// As messages of their own.
void Encoding::define_before(const Root& root) {
  if (root.own == nullptr || stream_.was_sent(root.own->bit)) return;
  const bool all = std::none_of(root.definitions.begin(), root.definitions.end(),
                                [&](const Definition* definition) { return stream_.was_sent(definition->bit); });
  if (all) {
    reserve(root.messages.size());
    append(root.messages.data(), root.messages.size());
    for (const Definition* definition : root.definitions) stream_.mark_sent(definition->bit);
    return;
  }
  for (const Definition* definition : root.definitions) {
    if (stream_.was_sent(definition->bit)) continue;
    stream_.mark_sent(definition->bit);
    append_message(*definition);
  }
}

void Encoding::append_message(const Definition& definition) {
  reserve(definition.message.size());
  append(definition.message.data(), definition.message.size());
}

/// In the middle of the innermost part, each of them ending it (docs/wire/gob.md, "Interface values").
void Encoding::define_inside(const Root& root) {
  if (root.own == nullptr || stream_.was_sent(root.own->bit)) return;
  for (const Definition* definition : root.definitions) {
    if (stream_.was_sent(definition->bit)) continue;
    stream_.mark_sent(definition->bit);
    define_inside(*definition);
  }
}

void Encoding::define_inside(const Definition& definition) {
  const std::string_view content = std::string_view(definition.message).substr(definition.content_at);
  reserve(content.size());
  append(content.data(), content.size());
  close(*innermost_);
  open(*innermost_, 0);
}

/// Safe order: finds the interface values inside a value, and writes the definitions of what they hold.
bool Encoding::collect(const SendType& type, const void* object) {
  if (!type.holds_interface) return true;
  if (!enter()) return false;
  bool good = true;
  const auto element = [&](const void* inside) { return good = collect(*type.element, inside); };
  switch (type.op) {
    case Op::structure:
      for (const SendField& field : type.fields)
        if (!collect(*field.type, at(object, field.offset))) return false;
      break;
    case Op::optional:
      if (const void* inside = type.shape->optional->get(object); inside != nullptr) good = element(inside);
      break;
    case Op::array:
      for (std::size_t i = 0; good && i < type.shape->array_length; ++i)
        good = element(at(object, i * type.element->shape->size));
      break;
    case Op::list:
      type.shape->list->for_each(object, element);
      break;
    case Op::map:
      type.shape->map->for_each(object, [&](const void* key, const void* inside) {
        return good = collect(*type.key, key) && collect(*type.element, inside);
      });
      break;
    default:
      good = collect_content(type, object);
      break;
  }
  leave();
  return good;
}

bool Encoding::collect_content(const SendType& type, const void* object) {
  Content inside;
  if (!content(type, object, inside)) return false;
  if (inside.nothing()) return true;
  if (inside.tree != nullptr) return collect_tree(*inside.tree);
  Status why;
  const Root* root = stream_.root(*inside.outer, why);
  if (root == nullptr) return fail(std::move(why));
  define_before(*root);
  return collect(without_pointers(*root->type), inside.object);
}

// ---- values ----

bool Encoding::structure(const SendType& type, const void* object) {
  if (!enter()) return false;
  reserve(type.room);
  std::byte* to = cur_;
  std::int64_t last = -1;
  for (const SendField& field : type.fields) {
    const void* place = at(object, field.offset);
    const auto put_delta = [&] {
      to = put_uint(to, static_cast<std::uint64_t>(field.number - last));
      last = field.number;
    };
    switch (field.op) {
      case Op::int64: {
        const auto v = load<std::int64_t>(place);
        if (v == 0) continue;
        put_delta();
        to = put_int(to, v);
        break;
      }
      case Op::float64: {
        const auto v = load<double>(place);
        if (v == 0) continue;
        put_delta();
        to = put_float(to, v);
        break;
      }
      case Op::boolean:
      case Op::int8:
      case Op::int16:
      case Op::int32:
      case Op::uint8:
      case Op::uint16:
      case Op::uint32:
      case Op::uint64:
      case Op::float32:
      case Op::complex64:
      case Op::complex128:
        if (is_zero_number(field.op, place)) continue;
        put_delta();
        to = put_number(to, field.op, place);
        break;
      case Op::std_string:
      case Op::text:
      case Op::bytes: {
        const std::span<const std::byte> bytes = bytes_of(field, place);
        if (bytes.empty()) continue;
        reserve(to, type.room + bytes.size());
        put_delta();
        to = put_uint(to, bytes.size());
        to = copy(to, bytes.data(), bytes.size());
        break;
      }
      case Op::list: {
        const std::size_t count = field.type->shape->list->size(place);
        if (count == 0) continue;
        put_delta();
        cur_ = to;
        if (!list(*field.type, place, count)) return false;
        reserve(type.room);
        to = cur_;
        break;
      }
      default: {
        const SendType* inner = field.type;
        bool pointer = false;
        while (inner->op == Op::optional && place != nullptr) {
          pointer = true;
          place = inner->shape->optional->get(place);
          inner = inner->element;
        }
        // What stands behind a pointer is sent though it is empty where Go can tell that from nil.
        const bool always = pointer && (inner->op == Op::map || inner->op == Op::time || inner->op == Op::custom);
        if (place == nullptr || (!always && left_out(*inner, place))) continue;
        put_delta();
        cur_ = to;
        if (!value(*inner, place)) return false;
        reserve(type.room);
        to = cur_;
        break;
      }
    }
  }
  *to++ = std::byte{0};
  cur_ = to;
  leave();
  return true;
}

bool Encoding::bridged(const SendType& type, const void* object) {
  Message mirror(*type.element->shape);
  Status status = type.shape->foreign->bridge->to_mirror(*type.shape, object, mirror.object());
  if (!status.ok()) return fail(std::move(status));
  return structure(*type.element, mirror.object());
}

bool Encoding::left_out(const SendType& type, const void* object) {
  switch (type.op) {
    case Op::std_string:
    case Op::text:
      return type.shape->string->get(object).empty();
    case Op::bytes:
      return type.shape->bytes->get(object).empty();
    case Op::byte_list:
    case Op::list:
      return type.shape->list->size(object) == 0;
    case Op::map:
      return type.shape->map->size(object) == 0;
    case Op::duration:
      return type.shape->duration->get(object) == 0;
    case Op::time: {
      const Time time = type.shape->time->get(object);
      return time.is_zero() && !time.offset_seconds;
    }
    case Op::custom:
      return type.shape->custom->is_zero != nullptr && type.shape->custom->is_zero(object);
    case Op::text_form: {
      std::string text;
      return type.shape->custom->encode(object, OwnEncoding::text, text).ok() && text.empty();
    }
    case Op::any:
    case Op::variant:
    case Op::tree: {
      Content inside;
      return content(type, object, inside) && inside.nothing();
    }
    default:
      return is_zero_number(type.op, object);
  }
}

/// Of the size of what is written for `object`: its texts, and a byte for each element of its lists.
std::size_t Encoding::lower_bound(const SendType& type, const void* object) {
  switch (type.op) {
    case Op::std_string:
    case Op::text:
      return type.shape->string->get(object).size();
    case Op::bytes:
      return type.shape->bytes->get(object).size();
    case Op::list:
      return type.shape->list->size(object);
    case Op::structure:
      break;
    default:
      return 0;
  }
  std::size_t sum = 0;
  for (const SendField& field : type.sized) {
    const void* place = at(object, field.offset);
    sum += field.op == Op::list ? field.type->shape->list->size(place) : bytes_of(field, place).size();
  }
  return sum;
}

inline bool Encoding::element(const SendType& type, const void* object) {
  switch (type.op) {
    case Op::int64:
      reserve(max_uint_size);
      cur_ = put_int(cur_, load<std::int64_t>(object));
      return true;
    case Op::std_string:
      put_bytes(bytes_of(type.op, *type.shape, object));
      return true;
    case Op::structure:
      return structure(type, object);
    case Op::optional:
      return pointed(type, object);
    default:
      return value(type, object);
  }
}

bool Encoding::pointed(const SendType& outer, const void* object) {
  const SendType* type = &outer;
  while (type->op == Op::optional) {
    object = type->shape->optional->get(object);
    type = type->element;
    if (object == nullptr) return fail(Status::invalid_argument("gob: encodeReflectValue: nil element"));
  }
  return value(*type, object);
}

bool Encoding::value(const SendType& type, const void* object) {
  switch (type.op) {
    case Op::std_string:
    case Op::text:
    case Op::bytes:
      put_bytes(bytes_of(type.op, *type.shape, object));
      return true;
    case Op::byte_list:
      return byte_list(type, object);
    case Op::duration:
      reserve(max_uint_size);
      cur_ = put_int(cur_, type.shape->duration->get(object));
      return true;
    case Op::enum_name:
      return enumeration(type, object);
    case Op::text_form:
      return text_form(type, object);
    case Op::time:
      return time(type, object);
    case Op::custom:
      return custom(type, object);
    case Op::structure:
      return structure(type, object);
    case Op::bridged:
      return bridged(type, object);
    case Op::array:
      return array(type, object);
    case Op::list:
      return list(type, object);
    case Op::map:
      return map(type, object);
    case Op::optional:
      return pointed(type, object);
    case Op::variant:
    case Op::any:
    case Op::tree: {
      Content inside;
      return content(type, object, inside) && interface(inside);
    }
    case Op::skip:
    case Op::foreign:
      return fail(Status::unimplemented("gob: type " + go_text(*type.shape) + " can't be sent as gob"));
    default:
      reserve(2 * max_uint_size);
      cur_ = put_number(cur_, type.op, object);
      return true;
  }
}

bool Encoding::elements(const SendType& type, const void* first, std::size_t count) {
  const std::size_t size = type.shape->size;
  if (is_number(type.op)) {
    // In runs, so that the room is looked after once for many.
    constexpr std::size_t run = 512;
    while (count != 0) {
      const std::size_t step = (std::min)(count, run);
      reserve(2 * max_uint_size * step);
      std::byte* to = cur_;
      if (type.op == Op::int64) {
        for (std::size_t i = 0; i < step; ++i) to = put_int(to, load<std::int64_t>(at(first, i * 8)));
      } else if (type.op == Op::float64) {
        for (std::size_t i = 0; i < step; ++i) to = put_float(to, load<double>(at(first, i * 8)));
      } else {
        for (std::size_t i = 0; i < step; ++i) to = put_number(to, type.op, at(first, i * size));
      }
      cur_ = to;
      first = at(first, step * size);
      count -= step;
    }
    return true;
  }
  for (; count != 0; --count, first = at(first, size))
    if (!element(type, first)) return false;
  return true;
}

bool Encoding::list(const SendType& type, const void* object, std::size_t count) {
  if (!enter()) return false;
  const ListOps& ops = *type.shape->list;
  put(count);
  if (ops.data != nullptr) {
    if (count != 0 && !elements(*type.element, ops.data(object), count)) return false;
  } else {
    bool good = true;
    ops.for_each(object, [&](const void* inside) { return good = element(*type.element, inside); });
    if (!good) return false;
  }
  leave();
  return true;
}

bool Encoding::array(const SendType& type, const void* object) {
  if (!enter()) return false;
  put(type.shape->array_length);
  if (!elements(*type.element, object, type.shape->array_length)) return false;
  leave();
  return true;
}

bool Encoding::map(const SendType& type, const void* object) {
  if (!enter()) return false;
  const MapOps& ops = *type.shape->map;
  put(ops.size(object));
  bool good = true;
  ops.for_each(object, [&](const void* key, const void* inside) {
    return good = element(*type.key, key) && element(*type.element, inside);
  });
  if (!good) return false;
  leave();
  return true;
}

bool Encoding::byte_list(const SendType& type, const void* object) {
  const ListOps& ops = *type.shape->list;
  const std::size_t count = ops.size(object);
  if (ops.data != nullptr) {
    put_bytes(ops.data(object), count);
    return true;
  }
  reserve(max_uint_size + count);
  cur_ = put_uint(cur_, count);
  ops.for_each(object, [&](const void* inside) {
    *cur_++ = *static_cast<const std::byte*>(inside);
    return true;
  });
  return true;
}

bool Encoding::time(const SendType& type, const void* object) {
  std::byte bytes[max_time_size] = {};
  const std::size_t size = write_time(type.shape->time->get(object), bytes);
  if (size == 0) return fail(Status::invalid_argument("Time.MarshalBinary: unexpected zone offset"));
  reserve(max_uint_size + max_time_size);
  cur_ = put_uint(cur_, size);
  std::memcpy(cur_, bytes, max_time_size);
  cur_ += size;
  return true;
}

bool Encoding::custom(const SendType& type, const void* object) {
  const CustomOps& ops = *type.shape->custom;
  stream_.scratch_.clear();
  Status status = ops.encode(object, ops.has_gob ? OwnEncoding::gob : OwnEncoding::binary, stream_.scratch_);
  if (!status.ok()) return fail(std::move(status));
  put_bytes(stream_.scratch_.data(), stream_.scratch_.size());
  return true;
}

bool Encoding::text_form(const SendType& type, const void* object) {
  stream_.scratch_.clear();
  Status status = type.shape->custom->encode(object, OwnEncoding::text, stream_.scratch_);
  if (!status.ok()) return fail(std::move(status));
  put_bytes(stream_.scratch_.data(), stream_.scratch_.size());
  return true;
}

bool Encoding::enumeration(const SendType& type, const void* object) {
  const EnumOps& ops = *type.shape->enumeration;
  const std::int64_t v = ops.get(object);
  for (const Enumerator& enumerator : ops.enumerators) {
    if (enumerator.value == v) {
      put_bytes(enumerator.name.data(), enumerator.name.size());
      return true;
    }
  }
  return fail(Status::invalid_argument("gob: " + std::to_string(v) + " has no name in " + go_text(*type.shape)));
}

// ---- interface values ----

/// Pointers are followed.
bool Encoding::content(const SendType& type, const void* object, Content& content) {
  if (type.op == Op::tree) return tree_content(*static_cast<const Value*>(object), content);
  if (type.op == Op::any) {
    const auto& any = *static_cast<const Any*>(object);
    content.shape = any.shape();
    content.object = any.object();
  } else {
    const VariantOps& ops = *type.shape->variant;
    const std::size_t index = ops.index(object);
    if (index >= ops.alternatives.size())
      return fail(Status::invalid_argument("gob: cannot encode a variant without a value"));
    if (ops.alternatives[index]->is_nothing) return true;
    content.shape = ops.alternatives[index];
    content.object = ops.get(object);
  }
  content.outer = content.shape;
  while (content.shape != nullptr && content.shape->kind == Kind::optional) {
    content.object = content.shape->optional->get(content.object);
    if (content.object == nullptr)
      return fail(Status::invalid_argument("gob: gob: cannot encode nil pointer of type " + go_text(*content.shape) +
                                           " inside interface"));
    content.shape = content.shape->element;
  }
  if (content.shape != nullptr && op_of(*content.shape) == Op::tree) {
    const auto& value = *static_cast<const Value*>(content.object);
    content = {};
    return tree_content(value, content);
  }
  return true;
}

bool Encoding::interface(const Content& content) {
  if (content.nothing()) {
    put(0);
    return true;
  }
  if (!enter()) return false;
  if (content.tree != nullptr) {
    if (!tree_interface_value(content)) return false;
  } else {
    std::string scratch;
    const std::string_view name = interface_name_of(*content.shape, *stream_.context_.options.types, scratch);
    Status why;
    const Root* root = stream_.root(*content.outer, why);
    if (root == nullptr) return fail(std::move(why));
    put_bytes(name.data(), name.size());
    if (!interface_value(*root, content.object)) return false;
  }
  leave();
  return true;
}

bool Encoding::interface_value(const Root& root, const void* object) {
  define_inside(root);
  reserve(max_uint_size);
  append_id(root);
  const SendType& type = without_pointers(*root.type);
  Part part;
  open(part, lower_bound(type, object));
  Part* outer = std::exchange(innermost_, &part);
  if (!top(root, type, object) || !close(part)) return false;
  innermost_ = outer;
  return true;
}

// ---- gob::Value ----

/// What a tree is when it stands where Go has an interface: an `Interface`, or something that has a name of itself.
bool Encoding::tree_content(const Value& value, Content& content) {
  struct Name {
    std::string_view operator()(bool) const noexcept { return "bool"; }
    std::string_view operator()(std::int64_t) const noexcept { return "int64"; }
    std::string_view operator()(std::uint64_t) const noexcept { return "uint64"; }
    std::string_view operator()(double) const noexcept { return "float64"; }
    std::string_view operator()(const std::complex<double>&) const noexcept { return "complex128"; }
    std::string_view operator()(const std::string&) const noexcept { return "string"; }
    std::string_view operator()(const Value::Bytes&) const noexcept { return "[]uint8"; }
    std::string_view operator()(const Value::Interface& interface) const noexcept {
      return interface.value == nullptr ? std::string_view() : interface.name;
    }
    std::string_view operator()(Value::Nil) const noexcept { return {}; }
    std::string_view operator()(const Value::List&) const noexcept { return {}; }
    std::string_view operator()(const Value::Map&) const noexcept { return {}; }
    std::string_view operator()(const Value::Struct&) const noexcept { return {}; }
    std::string_view operator()(const Value::Own&) const noexcept { return {}; }
  };
  if (std::holds_alternative<Value::Nil>(value.data)) return true;
  content.name = std::visit(Name{}, value.data);
  if (content.name.empty())
    return fail(Status::invalid_argument("gob: a value in place of an interface needs a name: use Value::Interface"));
  const auto* interface = std::get_if<Value::Interface>(&value.data);
  content.tree = interface != nullptr ? interface->value.get() : &value;
  return true;
}

bool Encoding::tree_type(const Value& value, TreeType& type, std::vector<Definition>& definitions) {
  Status status = type_of(value, stream_.context_.limits.depth, type);
  if (status.ok()) status = stream_.tree_types().number(type, definitions);
  return status.ok() || fail(std::move(status));
}

Status Encoding::run_tree(const Value& value) {
  TreeType type;
  std::vector<Definition> definitions;
  if (!tree_type(value, type, definitions)) return std::move(status_);
  for (const Definition& definition : definitions) append_message(definition);
  if (stream_.context_.options.definitions == DefinitionOrder::safe && !collect_tree(value)) return std::move(status_);
  Part part;
  open(part, 0);
  innermost_ = &part;
  if (!tree_top(type, value) || !close(part)) return std::move(status_);
  commit();
  return {};
}

/// Writes the id and then the value.
bool Encoding::tree_top(const TreeType& type, const Value& value) {
  reserve(2 * max_uint_size);
  cur_ = put_int(cur_, type.id);
  if (!type.is_struct()) cur_ = put_uint(cur_, 0);
  return tree(type, value);
}

bool Encoding::tree_interface_value(const Content& content) {
  TreeType type;
  std::vector<Definition> definitions;
  if (!tree_type(*content.tree, type, definitions)) return false;
  put_bytes(content.name.data(), content.name.size());
  for (const Definition& definition : definitions) define_inside(definition);
  reserve(2 * max_uint_size);
  cur_ = put_int(cur_, type.id);
  Part part;
  open(part, 0);
  Part* outer = std::exchange(innermost_, &part);
  if (!type.is_struct()) put(0);
  if (!tree(type, *content.tree) || !close(part)) return false;
  innermost_ = outer;
  return true;
}

/// Defines what stands in interfaces inside a tree.
bool Encoding::collect_tree(const Value& value) {
  if (!enter()) return false;
  bool good = true;
  if (const auto* list = std::get_if<Value::List>(&value.data)) {
    for (const Value& element : list->elements) good = good && collect_tree(element);
  } else if (const auto* map = std::get_if<Value::Map>(&value.data)) {
    for (const auto& [key, element] : map->entries) good = good && collect_tree(key) && collect_tree(element);
  } else if (const auto* structure = std::get_if<Value::Struct>(&value.data)) {
    for (const auto& field : structure->fields) good = good && collect_tree(field.second);
  } else if (const auto* interface = std::get_if<Value::Interface>(&value.data)) {
    TreeType type;
    std::vector<Definition> definitions;
    good = tree_type(*interface->value, type, definitions);
    for (const Definition& definition : definitions) append_message(definition);
    good = good && collect_tree(*interface->value);
  }
  leave();
  return good;
}

bool Encoding::tree(const TreeType& type, const Value& value) {
  if (type.form == TreeType::Form::basic && type.id == id::interface) {
    Content content;
    return tree_content(value, content) && interface(content);
  }
  if (!enter()) return false;
  reserve(2 * max_uint_size);
  bool good = true;
  if (const auto* boolean = std::get_if<bool>(&value.data)) {
    cur_ = put_uint(cur_, *boolean ? 1 : 0);
  } else if (const auto* integer = std::get_if<std::int64_t>(&value.data)) {
    cur_ = put_int(cur_, *integer);
  } else if (const auto* natural = std::get_if<std::uint64_t>(&value.data)) {
    cur_ = put_uint(cur_, *natural);
  } else if (const auto* floating = std::get_if<double>(&value.data)) {
    cur_ = put_float(cur_, *floating);
  } else if (const auto* complex = std::get_if<std::complex<double>>(&value.data)) {
    cur_ = put_float(cur_, complex->real());
    cur_ = put_float(cur_, complex->imag());
  } else if (const auto* text = std::get_if<std::string>(&value.data)) {
    put_bytes(text->data(), text->size());
  } else if (const auto* bytes = std::get_if<Value::Bytes>(&value.data)) {
    put_bytes(bytes->data(), bytes->size());
  } else if (const auto* own = std::get_if<Value::Own>(&value.data)) {
    put_bytes(own->bytes.data(), own->bytes.size());
  } else if (const auto* list = std::get_if<Value::List>(&value.data)) {
    cur_ = put_uint(cur_, list->elements.size());
    for (const Value& element : list->elements) good = good && tree(type.parts[0], element);
  } else if (const auto* map = std::get_if<Value::Map>(&value.data)) {
    cur_ = put_uint(cur_, map->entries.size());
    for (const auto& [key, element] : map->entries)
      good = good && tree(type.parts[0], key) && tree(type.parts[1], element);
  } else if (const auto* structure = std::get_if<Value::Struct>(&value.data)) {
    good = tree_structure(type, *structure);
  }
  leave();
  return good;
}

bool Encoding::tree_structure(const TreeType& type, const Value::Struct& value) {
  std::uint64_t step = 1;
  for (std::size_t i = 0; i < type.parts.size(); ++i) {
    const Value* field = nullptr;
    for (const auto& [name, candidate] : value.fields)
      if (name == type.names[i]) field = &candidate;
    const bool left_out = field == nullptr || is_left_out(*field);
    if (type.parts[i].id == 0) {
      if (left_out) continue;
      return fail(Status::invalid_argument("gob: the type of a value's field " + type.names[i] + " can't be known"));
    }
    if (left_out) {
      ++step;
      continue;
    }
    put(step);
    step = 1;
    if (!tree(type.parts[i], *field)) return false;
  }
  put(0);
  return true;
}

}  // namespace polyrpc::gob::detail
