#pragma once

#include "polyrpc/core/metadata.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/runtime/http.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// A call's metadata and deadline as HTTP header fields.
namespace polyrpc::http1 {

using http::Field;

/// The deadline of a call, in the format of gRPC's `grpc-timeout`: up to eight digits and one of H M S m u n.
inline constexpr std::string_view timeout_field = "polyrpc-timeout";

/// Nothing if it is malformed.
std::optional<std::chrono::nanoseconds> parse_timeout(std::string_view text) noexcept;
/// Rounded down to what eight digits can say; at least one nanosecond.
std::string format_timeout(std::chrono::nanoseconds timeout);

/// Adds the header fields that are a caller's own, which is all that do not concern the exchange itself. What metadata
/// cannot hold (a name or value with other characters) is left out; a `-bin` field that is no base64 is an error.
Status add_metadata(std::span<const Field> fields, Metadata& metadata);

/// Appends header lines for metadata. Entries that cannot be header fields, or would pass for the exchange's own, are
/// left out; the number of those is returned.
std::size_t write_metadata(const Metadata& metadata, std::string& lines);

/// Standard alphabet, without padding (gRPC, "PROTOCOL-HTTP2", Binary-Header).
std::string to_base64(std::string_view bytes);
/// With padding or without; nothing if it is no base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace polyrpc::http1
