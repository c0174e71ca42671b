#pragma once

#include "polyrpc/codecs/gob.hpp"

#include "kinds.hpp"
#include "scalars.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace polyrpc::gob::detail {

struct SendType;

/// One field of a struct that is sent.
struct SendField {
  Op op;
  std::uint32_t number;
  std::size_t offset;
  const SendType* type;
};

/// How objects of one shape are written.
struct SendType {
  Op op = Op::foreign;
  const Shape* shape = nullptr;
  const SendType* key = nullptr;
  const SendType* element = nullptr;
  std::vector<SendField> fields;
  std::vector<SendField> sized;  ///< the fields that tell at once how much there is at least to be written
  std::size_t room = 0;          ///< of a struct: all deltas, all numbers, all lengths and the end
  bool holds_interface = false;  ///< there may be an interface value somewhere inside
};

/// One definition message.
struct Definition {
  std::uint32_t bit;       ///< its place in a stream's set of those that were sent
  std::string message;     ///< with its length
  std::size_t content_at;  ///< where the length ends
};

/// A type at top level or in an interface value, with all that must be on the stream before the value.
struct Root {
  const SendType* type = nullptr;
  bool is_struct = false;
  std::uint8_t id_size = 0;
  std::byte id_bytes[max_uint_size] = {};
  const Definition* own = nullptr;             ///< null for basic types; when it was sent, all were
  std::vector<const Definition*> definitions;  ///< in Go's order: outside in, depth first
  std::string messages;                        ///< all of them in one
};

}  // namespace polyrpc::gob::detail

namespace polyrpc::gob {

class TypeNumbers::Table {
 public:
  explicit Table(std::int32_t first) noexcept : next_id_(first) {}

  /// What is needed to send values of `shape`; null, with `why` set, if gob can't. The same object for ever.
  const detail::Root* root(const Shape& shape, Status& why);

  /// For types that have no shape: one number, and a bit for its definition.
  std::pair<std::int32_t, std::uint32_t> take_number();

 private:
  /// A type with its number, as Go describes it (docs/wire/gob.md, "Type numbers").
  struct Described {
    std::int32_t id = 0;
    std::string name;
    std::int32_t key = 0;
    std::int32_t element = 0;
    std::vector<std::pair<std::string, std::int32_t>> fields;
  };
  struct TypeId {
    Described* described = nullptr;  // null for basic types
    std::int32_t basic = 0;
  };

  Status check(const Shape& shape) const;
  TypeId describe(std::string_view name, const Shape& shape);
  std::int32_t number_of(TypeId type);
  const detail::SendType* send_type(const Shape& shape);
  void mark_interfaces();
  const detail::Definition& define(const Shape& shape);
  void list_definitions(const Shape& shape, detail::Root& root);
  std::string descriptor(const Shape& base, std::int32_t id, std::string_view name, const Described& type) const;

  std::mutex mutex_;  // guards everything here; what has been given out does not change any more
  std::int32_t next_id_;
  std::uint32_t next_bit_ = 0;
  std::unordered_map<const Shape*, std::unique_ptr<detail::Root>> roots_;
  std::unordered_map<const Shape*, Status> refused_;
  std::unordered_map<const Shape*, std::unique_ptr<detail::SendType>> types_;
  std::vector<detail::SendType*> new_types_;
  std::unordered_map<const Shape*, Described> described_;
  std::unordered_map<const Shape*, std::unique_ptr<detail::Definition>> definitions_;
};

}  // namespace polyrpc::gob
