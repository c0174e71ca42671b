#pragma once

#include "polyrpc/codecs/gob.hpp"

#include "send_types.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace polyrpc::gob::detail {

/// The wire type of a `gob::Value`, found out from what is in it.
struct TreeType {
  enum class Form : std::uint8_t { unknown, nil, basic, list, array, map, structure, gob, binary };

  Form form = Form::unknown;
  std::int32_t id = 0;          ///< of `basic` from the start; of the others once they are numbered, 0 if they can't be
  std::size_t length = 0;       ///< of an array
  std::string name;             ///< of a struct
  std::vector<TreeType> parts;  ///< element; key and element; fields
  std::vector<std::string> names;  ///< of the fields

  bool is_struct() const noexcept { return form == Form::structure; }
};

/// The type of `value`; fails where its parts do not go together, or are nested deeper than `depth`.
Status type_of(const Value& value, std::size_t depth, TreeType& type);

/// Whether a field with this value is not sent.
bool is_left_out(const Value& value) noexcept;

/// The types of trees that one stream has defined. Their numbers are the stream's own, far above those of shapes, so
/// that what passes through a proxy leaves nothing behind in the process.
class TreeTypes {
 public:
  /// Gives numbers to `type` and what is in it; new definitions are added to `definitions`.
  Status number(TreeType& type, std::vector<Definition>& definitions);

  std::size_t size() const noexcept { return signatures_.size(); }
  /// Forgets all but the first `size` types.
  void truncate(std::size_t size);

 private:
  Status number_part(TreeType& type, std::vector<Definition>& definitions, std::string& signature);
  std::int32_t known_or_new(const std::string& signature, bool& is_new);

  std::unordered_map<std::string, std::int32_t> ids_;
  std::vector<std::string> signatures_;
};

}  // namespace polyrpc::gob::detail
