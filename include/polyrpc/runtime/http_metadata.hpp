#pragma once

#include "polyrpc/core/metadata.hpp"
#include "polyrpc/core/status.hpp"
#include "polyrpc/runtime/http.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// A call's metadata as HTTP header fields, whatever version of HTTP carries them.
namespace polyrpc::http {

/// Adds the header fields that are a caller's own, which is all that do not concern the exchange itself. What metadata
/// cannot hold (a name or value with other characters) is left out; a `-bin` field that is no base64 is an error.
Status add_metadata(std::span<const Field> fields, Metadata& metadata);

/// Whether an entry of metadata can be a header field, and would not pass for one of the exchange's own.
bool may_be_field(std::string_view key, std::string_view value) noexcept;
/// Appends what the field's value is: base64 for a key that ends in `-bin`.
void append_value(std::string_view key, std::string_view value, std::string& text);

/// Standard alphabet, without padding (gRPC, "PROTOCOL-HTTP2", Binary-Header).
std::string to_base64(std::string_view bytes);
/// With padding or without; nothing if it is no base64.
std::optional<std::string> from_base64(std::string_view text);

/// What `grpc-timeout` says, and headers that look like it: one to eight digits and one of H M S m u n. What is out of
/// range is the largest. Nothing if it is malformed.
std::optional<std::chrono::nanoseconds> parse_timeout(std::string_view text) noexcept;
/// The same the other way: rounded down to what eight digits can say, and at least one nanosecond, as the number must
/// be positive (gRPC, "PROTOCOL-HTTP2", TimeoutValue).
std::string format_timeout(std::chrono::nanoseconds timeout);

}  // namespace polyrpc::http
