#pragma once

#include "polyrpc/codecs/gob_value.hpp"

#include "send_types.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace polyrpc::gob::detail {

/// The wire type of a `gob::Value`, found out from what is in it.
struct TreeType {
  /// Types inside this one. One may stand in several places.
  class Parts {
   public:
    TreeType& operator[](std::size_t i) noexcept { return *all_[i]; }
    const TreeType& operator[](std::size_t i) const noexcept { return *all_[i]; }
    std::shared_ptr<TreeType>& at(std::size_t i) noexcept { return all_[i]; }
    std::size_t size() const noexcept { return all_.size(); }
    TreeType& add() { return *all_.emplace_back(std::make_shared<TreeType>()); }
    void insert(std::size_t at, std::shared_ptr<TreeType> part) {
      all_.insert(all_.begin() + static_cast<std::ptrdiff_t>(at), std::move(part));
    }

   private:
    std::vector<std::shared_ptr<TreeType>> all_;
  };

  enum class Form : std::uint8_t { unknown, nil, basic, list, array, map, structure, gob, binary };

  Form form = Form::unknown;
  std::int32_t id = 0;     ///< of `basic` from the start; of the others once they are numbered, 0 if they can't be
  std::size_t length = 0;  ///< of an array
  std::string name;        ///< of a struct
  Parts parts;             ///< element; key and element; fields
  std::vector<std::string> names;  ///< of the fields
  bool numbered = false;

  bool is_struct() const noexcept { return form == Form::structure; }
};

/// The type of `value`; fails where its parts do not go together, or are nested deeper than `depth`. Structs of one
/// name in the fields of a struct have one type if they can, because Go takes what it made of the first for all of
/// them.
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
  Status number_part(TreeType& type, std::vector<Definition>& definitions);
  std::int32_t known_or_new(const std::string& signature, bool& is_new);

  std::unordered_map<std::string, std::int32_t> ids_;
  std::vector<std::string> signatures_;
};

}  // namespace polyrpc::gob::detail
