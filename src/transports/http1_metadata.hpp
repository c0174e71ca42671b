#pragma once

#include "polyrpc/core/metadata.hpp"
#include "polyrpc/runtime/http_metadata.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// A call's metadata and deadline as lines of an HTTP/1 header.
namespace polyrpc::http1 {

using http::add_metadata;
using http::Field;
using http::format_timeout;
using http::from_base64;
using http::parse_timeout;
using http::to_base64;

/// The deadline of a call, in the format of gRPC's `grpc-timeout`: up to eight digits and one of H M S m u n.
inline constexpr std::string_view timeout_field = "polyrpc-timeout";

/// Appends header lines for metadata. Entries that cannot be header fields, or would pass for the exchange's own, are
/// left out; the number of those is returned.
std::size_t write_metadata(const Metadata& metadata, std::string& lines);

}  // namespace polyrpc::http1
