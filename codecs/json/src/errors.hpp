#pragma once

#include "polyrpc/core/limits.hpp"
#include "polyrpc/core/status.hpp"

#include "sink.hpp"

#include <cstdint>
#include <string_view>

// JSON-RPC error objects and strings, to and from statuses.
namespace polyrpc::json {

// JSON-RPC 2.0, section 5.1.
inline constexpr std::int64_t parse_error = -32700;
inline constexpr std::int64_t invalid_request = -32600;
inline constexpr std::int64_t method_not_found = -32601;
inline constexpr std::int64_t invalid_params = -32602;
inline constexpr std::int64_t internal_error = -32603;

/// The error code for a status; -32000 - n, n being the canonical number, where the specification has none.
std::int64_t error_code(const Status& status) noexcept;

/// `{"code":...,"message":...,"data":...}`. `code` is that of `error_code`, or one of the first two above, which bring
/// the specification's message and have the status's in the data.
void write_error(Sink& sink, std::int64_t code, const Status& status);

/// The status's details as `"details":[...]`, details of our own kind left out; false if there are none.
bool write_details(Sink& sink, const Status& status);

/// The status that the `error` member of a reply stands for. `error` is checked JSON and not null.
Status read_error(std::string_view error, const CodecLimits& limits);

/// Reads a list of details as `write_details` makes it.
Status read_details(std::string_view list, const CodecLimits& limits, Status& into);

}  // namespace polyrpc::json
