#pragma once

#include "polyrpc/core/limits.hpp"
#include "polyrpc/core/metadata.hpp"
#include "polyrpc/core/status.hpp"

#include "sink.hpp"

#include <chrono>
#include <optional>
#include <string_view>

// The member `polyrpc` of requests and replies: what JSON-RPC itself has no place for. docs/wire/jsonrpc.md describes
// it; peers that do not know it ignore it, as they ignore any member they do not know.
namespace polyrpc::json {

/// Reads `{"timeout_ns":...,"metadata":{...}}`.
Status read_request_extension(std::string_view extension, const CodecLimits& limits,
                              std::optional<std::chrono::nanoseconds>& timeout, Metadata& metadata);
/// `,"polyrpc":{...}`, or nothing if there is nothing to say.
void write_request_extension(Sink& sink, std::optional<std::chrono::nanoseconds> timeout, const Metadata& metadata);

/// Reads `{"metadata":{...},"trailers":{...},"code":"...","details":[...]}`; the last two go into `status` if that is
/// not ok.
Status read_reply_extension(std::string_view extension, const CodecLimits& limits, Metadata& headers,
                            Metadata& trailers, Status& status);
/// `,"polyrpc":{...}`; `status` is null where code and details travel elsewhere. Nothing to say: nothing, or an empty
/// object if `announce`.
void write_reply_extension(Sink& sink, const Metadata* headers, const Metadata* trailers, const Status* status,
                           bool announce);

}  // namespace polyrpc::json
