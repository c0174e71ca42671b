#pragma once

#include "polyrpc/core/limits.hpp"

#include "dictionary.hpp"
#include "reader.hpp"

#include <cstdint>
#include <vector>

namespace polyrpc::gob::detail {

/// Reads over values by their wire type, without recursion, and can stop between two messages to go on later.
class Skipper {
 public:
  /// What to do with definitions inside interface values.
  enum class Definitions : std::uint8_t { collect, ignore };

  Skipper(DictionaryCursor& dictionary, const CodecLimits& limits) noexcept
      : dictionary_(dictionary), limits_(limits) {}

  /// Begins with a value as it stands behind the type id of a message: `run` does the rest.
  bool start_top(Reader& reader, std::int32_t id);
  /// Begins with a value as it stands in a field or list. `depth` values are open around it already.
  bool start_element(Reader& reader, std::int32_t id, std::size_t depth);

  /// `more`: the message is used up inside of an interface value, and the next one has not arrived whole.
  Cut run(Reader& reader, Definitions definitions, std::size_t& wanted);

  void reset() noexcept {
    stack_.clear();
    depth_ = 0;
    used_ = 0;
  }
  /// Returns the memory.
  void release() noexcept { std::vector<Frame>().swap(stack_); }

 private:
  enum class State : std::uint8_t { structure, elements, pairs, interface };
  struct Frame {
    const WireType* type;
    std::uint64_t left;   // elements; of a map keys and elements together
    std::int64_t number;  // of the last field
    State state;
  };

  bool enter(Reader& reader, std::int32_t id);
  bool push(Reader& reader, const WireType* type, std::uint64_t left, State state);

  DictionaryCursor& dictionary_;
  const CodecLimits& limits_;
  std::vector<Frame> stack_;
  std::size_t depth_ = 0;  // of what stands around the value that is skipped
  std::size_t used_ = 0;   // bytes of its messages so far: together they are no longer than one may be
};

}  // namespace polyrpc::gob::detail
