#pragma once

#include "polyrpc/runtime/http.hpp"

#include <optional>
#include <string>
#include <string_view>

// What our pages have in common.
namespace polyrpc::services {

/// Whether a program asks: `?format=json`, or JSON in `Accept`.
bool wants_json(const http::Request& request) noexcept;

/// The answer to a method that a page does not have; nothing for GET and HEAD.
std::optional<http::Response> refuse_method(const http::Request& request);

/// A page that nobody keeps and that runs nothing.
http::Response page(int status, std::string_view content_type, std::string body);

std::string html_text(std::string_view text);
/// With the quotes.
std::string json_text(std::string_view text);

}  // namespace polyrpc::services
