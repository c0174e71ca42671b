#include "stream_context.hpp"

#include <algorithm>
#include <utility>

namespace polyrpc::gob::detail {

namespace {

Options complete(Options options) {
  static const auto basic_types = std::make_shared<const TypeRegistry>();
  if (options.types == nullptr) options.types = basic_types;
  if (options.numbers == nullptr) options.numbers = TypeNumbers::process();
  return options;
}

CodecLimits sane(CodecLimits limits) noexcept {
  // So that sums of a few lengths can't overflow.
  constexpr std::size_t greatest = std::size_t{1} << (sizeof(std::size_t) * 8 - 4);
  limits.message_bytes = (std::min)(limits.message_bytes, greatest);
  limits.elements = (std::min)(limits.elements, greatest);
  return limits;
}

}  // namespace

StreamContext::StreamContext(Options wanted, const CodecLimits& given)
    : options(complete(std::move(wanted))), limits(sane(given)), empty(std::make_shared<Dictionary>(limits)) {}

}  // namespace polyrpc::gob::detail
