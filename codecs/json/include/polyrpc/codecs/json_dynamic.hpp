#pragma once

#include "polyrpc/codecs/json_foreign.hpp"
#include "polyrpc/core/describe.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string_view>

/// `nlohmann::json` as an argument, a reply or a part of one, for methods whose JSON has no fixed form.
/// Only the JSON codec knows it; other wires answer with an error. In JSON-RPC 2.0 such an argument gets the whole of
/// `params`, in 1.0 the first element.
namespace polyrpc::json::detail {

struct NlohmannTable {
  using Value = nlohmann::json;

  static Value& value(void* object) noexcept { return *static_cast<Value*>(object); }

  static void write(const void* object, DynamicWriter& to) {
    const Value& from = *static_cast<const Value*>(object);
    switch (from.type()) {
      case Value::value_t::null:
      case Value::value_t::discarded:
        return to.null();
      case Value::value_t::boolean:
        return to.boolean(from.get<bool>());
      case Value::value_t::number_integer:
        return to.integer(from.get<std::int64_t>());
      case Value::value_t::number_unsigned:
        return to.unsigned_integer(from.get<std::uint64_t>());
      case Value::value_t::number_float:
        return to.real(from.get<double>());
      case Value::value_t::string:
        return to.string(from.get_ref<const Value::string_t&>());
      case Value::value_t::binary:
        return to.bytes(from.get_binary().data(), from.get_binary().size());
      case Value::value_t::array:
        if (!to.begin_list()) return;
        for (const Value& element : from) write(&element, to);
        return to.end_list();
      case Value::value_t::object:
        if (!to.begin_object()) return;
        for (auto member = from.begin(); member != from.end(); ++member) {
          to.key(member.key());
          write(&member.value(), to);
        }
        return to.end_object();
    }
  }

  static constexpr DynamicOps ops = {
      [](void* o) { value(o) = nullptr; },
      [](void* o, bool v) { value(o) = v; },
      [](void* o, std::int64_t v) { value(o) = v; },
      [](void* o, std::uint64_t v) { value(o) = v; },
      [](void* o, double v) { value(o) = v; },
      [](void* o, std::string_view v) { value(o) = v; },
      [](void* o) { value(o) = Value::array(); },
      [](void* o) -> void* { return &value(o).emplace_back(); },
      [](void* o) { value(o) = Value::object(); },
      [](void* o, std::string_view key) -> void* { return &value(o)[Value::string_t(key)]; },
      &write,
  };
  static constexpr ForeignOps foreign = {&dynamic_family, &ops};
};

}  // namespace polyrpc::json::detail

namespace polyrpc::detail {

template <>
struct ShapeMaker<nlohmann::json> {
  static constexpr Shape make() {
    Shape shape = basic_shape<nlohmann::json>(Kind::foreign);
    shape.name = "json";
    shape.foreign = &json::detail::NlohmannTable::foreign;
    return shape;
  }
};

}  // namespace polyrpc::detail
