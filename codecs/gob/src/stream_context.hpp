#pragma once

#include "polyrpc/codecs/gob.hpp"

#include "dictionary.hpp"

#include <memory>

namespace polyrpc::gob::detail {

/// What the streams of one codec under the same limits have in common.
struct StreamContext {
  StreamContext(Options wanted, const CodecLimits& limits);
  StreamContext(const StreamContext&) = delete;
  StreamContext& operator=(const StreamContext&) = delete;

  const Options options;  ///< with types and numbers
  const CodecLimits limits;
  const std::shared_ptr<Dictionary> empty;
};

}  // namespace polyrpc::gob::detail
