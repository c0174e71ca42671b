#pragma once

#include "polyrpc/codecs/gob.hpp"

#include "send_types.hpp"
#include "stream_context.hpp"
#include "tree_types.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace polyrpc::gob::detail {

/// The sending end of one stream: which definitions are on it already.
class SendStream {
 public:
  /// `context` must outlive the stream.
  explicit SendStream(const StreamContext& context) noexcept : context_(context) {}

  /// Appends a value with its definitions. When it fails, `output` may have grown and definitions be marked: the caller
  /// takes both back.
  Status write(MessageRef value, ByteQueue& output);

  /// The type, if all its definitions are on the stream; null if not.
  const Root* known_root(const Shape& shape) {
    Status why;
    const Root* found = root(shape, why);
    return found != nullptr && (found->own == nullptr || was_sent(found->own->bit)) ? found : nullptr;
  }

  /// Takes a state that `roll_back` can return to. Nothing before it can be taken back any more.
  void checkpoint() noexcept {
    if (fresh_.capacity() != 0) std::vector<std::uint32_t>().swap(fresh_);
    if (tree_types_ != nullptr) tree_types_at_checkpoint_ = tree_types_->size();
  }
  /// Forgets what has been sent since the checkpoint.
  void roll_back();

  /// What a stream is made of between two values: what has been sent on it.
  class Rest {
   public:
    Rest() = default;
    Rest(Rest&&) noexcept = default;
    Rest& operator=(Rest&&) noexcept = default;

   private:
    friend class SendStream;

    std::uint64_t sent_ = 0;  // the first definitions; most streams have no others
    std::unique_ptr<std::vector<std::uint64_t>> all_sent_;
    std::unique_ptr<TreeTypes> tree_types_;
  };
  Rest leave();
  void resume(Rest rest);

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

  TreeTypes& tree_types() {
    if (tree_types_ == nullptr) tree_types_ = std::make_unique<TreeTypes>();
    return *tree_types_;
  }

  const StreamContext& context_;
  std::vector<std::uint64_t> sent_;   // a bit for each definition
  std::vector<std::uint32_t> fresh_;  // those set since the checkpoint
  std::array<Recent, 4> recent_{};    // the last used in front
  std::unique_ptr<TreeTypes> tree_types_;
  std::size_t tree_types_at_checkpoint_ = 0;
  std::string scratch_;
};

}  // namespace polyrpc::gob::detail
