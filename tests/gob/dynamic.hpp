#pragma once

#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/gob_value.hpp"
#include "polyrpc/core/shape.hpp"

#include "gob/hex.hpp"

#include <nlohmann/json.hpp>

#include <deque>
#include <map>
#include <memory>
#include <string>

namespace polyrpc::gob::test {

using Json = nlohmann::json;

/// How the lists of the object model show themselves: with their elements one behind the other, or only one by one.
enum class Lists { adjacent, one_by_one };

/// Shapes made while the test runs, from the vectors' tables of Go types, and objects of these shapes, so that every
/// golden case goes through the real encoder and decoder. One object of this class at a time: shapes carry plain
/// functions, which find their type in a table of this class.
class DynamicTypes {
 public:
  /// `types` is a case's table (tests/golden/gob/README.md).
  DynamicTypes(const Json& types, Lists lists);
  ~DynamicTypes();
  DynamicTypes(const DynamicTypes&) = delete;
  DynamicTypes& operator=(const DynamicTypes&) = delete;

  /// The shape of a Go type by its text: `[]main.Point`.
  const Shape& shape(const std::string& go_type);

  /// Sets an object to what a value tree says.
  void fill(const Shape& shape, const Json& tree, void* object);
  /// The value tree of an object. Empty and nil are one here: `null` and `[]` both come out as `[]`.
  Json tree(const Shape& shape, const void* object) const;

  struct Type;

 private:
  std::size_t size_of(const std::string& go_type) const;
  Type& new_type(const std::string& text);
  Type& map_in_field(const std::string& go_type);
  Type& type(const std::string& go_type);
  void set_basic(Shape& shape, const std::string& kind);

  const Json& table_;
  Lists lists_;
  std::map<std::string, Type*> by_text_;
};

/// A value tree without the differences that C++ containers do not know, for comparing.
Json plain(const Json& tree);
/// A tree of the wire as the vectors have it, without type ids and counts.
Json plain_wire(const Json& tree);
/// A decoded value in the form of the vectors' `wire`.
Json wire_tree(const Value& value);

}  // namespace polyrpc::gob::test
