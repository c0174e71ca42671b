#pragma once

#include "polyrpc/core/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace polyrpc::http1 {

/// Takes a chunked body apart (RFC 9112, section 7.1), in as many steps as it takes to arrive. Strict: CR LF
/// everywhere, no white space around sizes. Extensions and trailer fields are checked and dropped.
class ChunkDecoder {
 public:
  enum class State : std::uint8_t {
    more,
    complete,
    malformed,  ///< `why` says how
    too_large,  ///< the data, or what is around it
  };

  struct Limits {
    std::size_t data_bytes;   ///< of the whole body
    std::size_t extra_bytes;  ///< of all extensions and trailer fields
  };

  explicit ChunkDecoder(Limits limits) noexcept : limits_(limits) {}

  /// Consumes what it can from `input` and appends the data to `output`. What follows the body stays in `input`.
  State decode(ByteQueue& input, ByteQueue& output);

  std::string_view why() const noexcept { return why_; }

 private:
  enum class Part : std::uint8_t { size, data, data_end, trailer, over };

  State malformed(std::string_view why) noexcept;
  State read_size(std::string_view line) noexcept;
  State read_trailer(std::string_view line) noexcept;

  Limits limits_;
  Part part_ = Part::size;
  State failure_ = State::more;
  std::uint64_t left_ = 0;  // of the chunk
  std::size_t data_ = 0;
  std::size_t extra_ = 0;
  std::size_t searched_ = 0;  // of the current line, without finding its end
  std::string_view why_;
};

}  // namespace polyrpc::http1
