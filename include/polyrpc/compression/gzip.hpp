#pragma once

#include "polyrpc/core/compression.hpp"

#include <memory>

namespace polyrpc {

/// gzip (RFC 1952), from level 1, the fastest, to 9; 0 stores. Throws `std::invalid_argument` for any other.
/// Reads several members one after the other as the text of all of them, as gzip itself and Go do; anything else behind
/// the end is an error. What the text is inflated to grows as it comes, up to the limit: nothing that the data claims
/// is believed.
std::shared_ptr<const Compressor> gzip(int level = 6);

}  // namespace polyrpc
