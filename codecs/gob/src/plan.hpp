#pragma once

#include "polyrpc/core/any.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/core/shape.hpp"

#include "kinds.hpp"
#include "wire_types.hpp"

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace polyrpc::gob::detail {

struct Plan;

/// What to do with one field of a wire struct, found by its number.
struct PlanField {
  Op op = Op::skip;
  std::int32_t wire = 0;       ///< the field's type on the wire
  std::size_t offset = 0;      ///< in the local struct
  const Plan* plan = nullptr;  ///< null for `skip`
};

/// How values of one wire type are read into objects of one shape.
struct Plan {
  Op op = Op::skip;
  std::int32_t wire = 0;
  const Shape* shape = nullptr;
  const WireType* type = nullptr;  ///< null for basic types
  const Plan* key = nullptr;
  const Plan* element = nullptr;
  std::unique_ptr<PlanField[]> fields;
  std::uint32_t field_count = 0;
  std::uint32_t fields_matched = 0;
  bool may_split = false;  ///< of lists and maps: elements may stand in later messages
};

/// The plans for some wire types, each made once. Not for use by several threads at once.
class Plans {
 public:
  explicit Plans(const WireTypes& types) noexcept : types_(types) {}

  /// The plan for a value at top level or inside an interface value; null, with `why` set, if the types do not fit
  /// (docs/wire/gob.md, "What fits what"). `wire` must be defined.
  const Plan* root(std::int32_t wire, const Shape& shape, Status& why);

 private:
  struct Key {
    const Shape* shape;
    std::int32_t wire;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<const void*>{}(key.shape) ^ (static_cast<std::size_t>(key.wire) * 0x9E3779B97F4A7C15u);
    }
  };
  /// A plan still to be filled in, and the field on account of which it is wanted.
  struct Pending {
    Key key;
    Plan* plan;
    const WireType* in;
    std::uint32_t field;
  };
  const Plan* want(std::int32_t wire, const Shape& shape, const WireType* in, std::uint32_t field);
  Status fill(const Pending& pending);
  Status fill_struct(Plan& plan);
  Status check_root(const Plan& plan) const;
  Status mismatch(const Pending& pending) const;
  bool fits(const Plan& plan) const noexcept;

  const WireTypes& types_;
  std::unordered_map<Key, std::unique_ptr<Plan>, Hash> plans_;
  std::vector<Pending> pending_;
};

}  // namespace polyrpc::gob::detail
