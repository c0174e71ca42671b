#pragma once

#include "polyrpc/codecs/gob.hpp"

#include "send_types.hpp"
#include "tree_types.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace polyrpc::gob::detail {

/// The sending end of one stream: which definitions are on it already.
class SendStream {
 public:
  SendStream(const Options& options, const CodecLimits& limits);

  /// Appends a value with its definitions. When it fails, `output` may have grown and definitions be marked: the caller
  /// takes both back.
  Status write(MessageRef value, ByteQueue& output);

  /// Takes a state that `roll_back` can return to. Nothing before it can be taken back any more.
  void checkpoint() noexcept {
    fresh_.clear();
    tree_types_at_checkpoint_ = tree_types_.size();
  }
  /// Forgets what has been sent since the checkpoint.
  void roll_back();

 private:
  friend class Encoding;
  struct Recent {
    const Shape* shape = nullptr;
    const Root* root = nullptr;
  };

  const Root* root(const Shape& shape, Status& why);
  bool was_sent(std::uint32_t bit) const noexcept {
    const std::size_t word = bit / 64;
    return word < sent_.size() && (sent_[word] >> (bit % 64) & 1) != 0;
  }
  void mark_sent(std::uint32_t bit);

  std::shared_ptr<TypeNumbers> numbers_;
  std::shared_ptr<const TypeRegistry> names_;
  const CodecLimits& limits_;
  DefinitionOrder order_;
  std::vector<std::uint64_t> sent_;   // a bit for each definition
  std::vector<std::uint32_t> fresh_;  // those set since the checkpoint
  Recent recent_[8];
  TreeTypes tree_types_;
  std::size_t tree_types_at_checkpoint_ = 0;
  std::string scratch_;
};

/// The options' registry, or the one with Go's basic types alone.
std::shared_ptr<const TypeRegistry> names_of(const Options& options);

}  // namespace polyrpc::gob::detail
