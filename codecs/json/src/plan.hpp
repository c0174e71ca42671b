#pragma once

#include "polyrpc/core/shape.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace polyrpc::json {

struct Plan;

struct PlanField {
  const Plan* plan;
  std::size_t offset;     // from the start of the whole object
  std::string_view name;  // as declared
  std::string key;        // `"name":` as JSON, with a comma in front
  bool is_plain;          // no escapes in the key

  /// `"name":`, with which a compact object's member begins.
  std::string_view opening() const noexcept { return std::string_view(key).substr(1); }
};

/// What a shape means in JSON, worked out once: the fields of a structure and its bases in one list, with an index.
struct Plan {
  const Shape* shape;
  Kind kind;
  bool is_tuple = false;
  const Plan* element = nullptr;  // of array, list, map, optional
  const Plan* key = nullptr;      // of map
  std::vector<PlanField> fields;
  std::vector<const Plan*> alternatives;

  /// The field of that name, exactly or else, if wanted, in any case; null if there is none.
  const PlanField* find(std::string_view field_name, bool any_case) const noexcept;

  // Open addressing by a hash that knows no case; 0 is empty, else index + 1.
  std::vector<std::uint16_t> index;
};

/// The plan of a shape, made when first asked for. Safe from several threads, and without a lock once it is there.
const Plan& plan_of(const Shape& shape);

}  // namespace polyrpc::json
