#pragma once

#include "gob/dynamic.hpp"
#include "support/files.hpp"

#include <memory>
#include <set>
#include <string>

namespace polyrpc::gob::test {

/// tests/golden/gob/vectors.json; its README says what is in it.
inline const Json& vectors() {
  static const Json parsed =
      Json::parse(polyrpc::test::read_file(polyrpc::test::source_path("tests/golden/gob/vectors.json")));
  return parsed;
}

/// Numbers that begin at 65 again, as in each of the vectors.
inline Options fresh_options(DefinitionOrder order = DefinitionOrder::exact) {
  Options options;
  options.numbers = std::make_shared<TypeNumbers>(65);
  options.definitions = order;
  return options;
}

/// Whether Go could not encode this.
inline bool failed(const Json& encode) { return encode.contains("error") || encode.contains("panic"); }

/// What has no counterpart here: values that are no values, channels and functions, a struct whose fields Go does not
/// see, and a type without a registered name, which gets Go's default one.
inline bool has_counterpart(const std::string& name) {
  static const std::set<std::string> without = {
      "encode_errors/nil_value",          "encode_errors/channel",
      "encode_errors/function",           "encode_errors/channel_in_slice",
      "encode_errors/no_exported_fields", "encode_errors/unregistered_in_interface"};
  return !without.contains(name);
}

/// The interface names of a case.
inline std::shared_ptr<TypeRegistry> registry_of(DynamicTypes& types, const Json& one_case) {
  auto registry = std::make_shared<TypeRegistry>();
  for (const Json& entry : one_case.value("register", Json::array())) {
    const std::string type = entry["type"];
    const Shape* shape = &types.shape(type);
    while (shape->kind == Kind::optional) shape = shape->element;
    registry->add(entry["name"].get<std::string>(), *shape);
  }
  return registry;
}

/// The value that one of a case's encodes was given.
inline Message message_of(DynamicTypes& types, const Json& encode) {
  const Shape& shape = types.shape(encode["go_type"]);
  Message message(shape);
  if (!encode["value"].is_null()) {
    // A pointer handed to Encode shows in the type only.
    Json value = encode["value"];
    if (shape.kind == Kind::optional && !value.contains("ptr")) value = {{"ptr", value}};
    types.fill(shape, value, message.object());
  }
  return message;
}

inline ByteQueue queue_of(std::string_view bytes) {
  ByteQueue queue;
  queue.append(bytes);
  return queue;
}

}  // namespace polyrpc::gob::test
