#pragma once

#include "polyrpc/codecs/gob.hpp"

#include "decode.hpp"
#include "dictionary.hpp"
#include "skip.hpp"
#include "stream_context.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace polyrpc::gob::detail {

/// Where a value stands, counted from the front of the input.
struct Extent {
  std::int32_t wire = 0;
  std::size_t begin = 0;        ///< behind the type id
  std::size_t message_end = 0;  ///< of the first message
  std::size_t end = 0;          ///< of the last one: a value may run over several messages
};

/// The receiving end of one stream: its definitions, and how far its bytes have been looked at.
class ReceiveStream {
 public:
  /// `context` must outlive the stream.
  explicit ReceiveStream(const StreamContext& context) noexcept : context_(context), dictionary_(context.empty) {}
  ReceiveStream(const ReceiveStream&) = delete;
  ReceiveStream& operator=(const ReceiveStream&) = delete;

  /// Looks for the end of the next value behind what has been looked at, and takes in the definitions on the way.
  /// `input` begins where it began the last time, unless `consumed` was called. `more`: nothing is lost, nothing is
  /// done twice. `bad`: see `error`; the stream is at its end.
  Cut find(std::span<const std::byte> input, Extent& extent);

  /// So many bytes have been dropped from the front of the input.
  void consumed(std::size_t count) noexcept;
  /// How many bytes of the input have been looked at.
  std::size_t seen() const noexcept { return seen_; }

  /// Reads a value that `find` has found. Marks the stream as broken if the bytes turn out not to be gob.
  Status decode(std::span<const std::byte> input, const Extent& extent, MessageSlot into);

  /// Those of a value within one message, behind its type id.
  static std::span<const std::byte> bytes(std::span<const std::byte> input, const Extent& extent) noexcept {
    return input.subspan(extent.begin, extent.end - extent.begin);
  }

  const char* error() const noexcept { return error_; }

  /// While there is no input: no value has begun, and nothing has gone wrong.
  bool is_at_rest() const noexcept { return seen_ == 0 && !skipping_ && error_ == nullptr; }
  /// Takes out and puts in what a stream at rest is made of, its place among the dictionaries.
  std::shared_ptr<Dictionary> leave() noexcept {
    wanted_ = 0;
    return dictionary_.leave();
  }
  void resume(std::shared_ptr<Dictionary> at) noexcept { dictionary_.resume(std::move(at)); }

  const WireTypes& types() const noexcept { return dictionary_.types(); }

 private:
  Cut look_at_id(const std::byte* message, const std::byte* limit) const noexcept;
  Cut broken(const char* why) noexcept {
    error_ = why;
    return Cut::bad;
  }

  const StreamContext& context_;
  DictionaryCursor dictionary_;
  std::unique_ptr<Skipper> skipper_;  // made for the first value that may run over several messages
  bool skipping_ = false;             // in such a value
  Extent open_;                       // that value
  std::size_t seen_ = 0;              // up to here everything has been looked at
  std::size_t wanted_ = 0;            // fewer bytes need no look at all
  const char* error_ = nullptr;
};

}  // namespace polyrpc::gob::detail
