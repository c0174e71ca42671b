#pragma once

#include "gob/dynamic.hpp"
#include "support/files.hpp"

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

inline ByteQueue queue_of(std::string_view bytes) {
  ByteQueue queue;
  queue.append(bytes);
  return queue;
}

}  // namespace polyrpc::gob::test
