#include "page.hpp"

#include <utility>

namespace polyrpc::services {

namespace {

/// The value of a query's parameter, not percent-decoded.
std::string_view parameter(std::string_view query, std::string_view name) noexcept {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) == name) return equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace

bool wants_json(const http::Request& request) noexcept {
  const std::string_view format = parameter(request.query, "format");
  if (!format.empty()) return format == "json";
  const std::string_view accept = request.header("accept");
  const std::size_t json = accept.find("application/json");
  return json != std::string_view::npos && json < accept.find("text/html");
}

std::optional<http::Response> refuse_method(const http::Request& request) {
  if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
  return http::Response::method_not_allowed("GET, HEAD");
}

http::Response page(int status, std::string_view content_type, std::string body) {
  http::Response response = http::Response::of(status, content_type, std::move(body));
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  return response;
}

std::string html_text(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string json_text(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string escaped = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == 0x7f) {
      escaped.append("\\u00").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    } else {
      if (c == '"' || c == '\\') escaped += '\\';
      escaped += c;
    }
  }
  return escaped + '"';
}

}  // namespace polyrpc::services
