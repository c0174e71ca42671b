#pragma once

#include "polyrpc/core/status.hpp"

#include <string>
#include <string_view>

/// How the Connect protocol says what has become of a call (connectrpc.com/docs/protocol, "Error Codes", "Error
/// End-Stream"): an HTTP status and JSON.
namespace polyrpc::connect {

/// The HTTP status of an answer with that code; 200 for ok.
int http_status(StatusCode code) noexcept;
/// What an answer without a Connect error in it says.
StatusCode code_from_http(int status) noexcept;

/// `{"code":"not_found","message":"...","details":[...]}`. What is not UTF-8 in the message becomes U+FFFD.
std::string to_json(const Status& status);
/// The status that `text` says; what it does not say, or all of it if it is no JSON object, is made from the HTTP
/// status. Never ok.
Status from_json(std::string_view text, int http_status);

}  // namespace polyrpc::connect
