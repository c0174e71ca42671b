#pragma once

#include "polyrpc/core/context.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP's requests and responses as a page or a user's handler sees them, whatever version of HTTP carries them.
namespace polyrpc {

class ServerCore;

namespace http {

/// One header field, as received.
struct Field {
  std::string_view name;
  std::string_view value;
};

/// A request with all of its body. Everything is borrowed, and valid while the handler runs.
struct Request {
  std::string_view method;         ///< as sent, upper case: `GET`
  std::string_view path;           ///< starts with a slash; neither percent-decoded nor normalised
  std::string_view query;          ///< what stands behind the question mark
  std::span<const Field> headers;  ///< in the order received
  std::string_view body;
  const PeerInfo* peer = nullptr;
  const ServerCore* server = nullptr;  ///< the server that was asked: its registry, its counters

  /// The value of the first header field of that name, in any case; empty if there is none.
  std::string_view header(std::string_view name) const noexcept;
};

/// What a handler answers. Framing (`Content-Length`, `Transfer-Encoding`, `Connection`, `Date`) is the server's own
/// affair: such fields, and fields with characters that a header may not have, are left out and logged.
struct Response {
  int status = 200;  ///< 200 to 599
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// In place of `body`, for what is long or made while it is sent: appends the next piece, and returns whether more
  /// will follow. Called on the connection's thread whenever there is room, so it must not block; in HTTP/1.1 the
  /// pieces go out as chunks.
  std::function<bool(std::string& piece)> stream;

  /// A response with a body of that type.
  static Response of(int status, std::string_view content_type, std::string body) {
    Response response;
    response.status = status;
    response.headers.emplace_back("Content-Type", content_type);
    response.body = std::move(body);
    return response;
  }
  static Response text(int status, std::string body) {
    return of(status, "text/plain; charset=utf-8", std::move(body));
  }
  /// 405 with the methods that are allowed: `GET, HEAD`.
  static Response method_not_allowed(std::string_view allowed) {
    Response response = text(405, "405 method not allowed\n");
    response.headers.emplace_back("Allow", allowed);
    return response;
  }
};

/// Answers requests on the connection's thread and must not block. What it throws becomes a 500, its text goes to the
/// log.
using Handler = std::function<Response(const Request&)>;

constexpr char lower_case(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Whether two ASCII texts are equal but for the case of letters, as header names are compared.
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto differ = static_cast<unsigned char>(a[i] ^ b[i]);  // in nothing, or in what tells cases apart
    if (differ != 0 && (differ != ('a' ^ 'A') || lower_case(a[i]) < 'a' || lower_case(a[i]) > 'z')) return false;
  }
  return true;
}

/// Without the spaces and tabs around it.
std::string_view trimmed(std::string_view text) noexcept;

/// Whether the comma-separated list has that element, in any case.
bool list_has(std::string_view list, std::string_view element) noexcept;

}  // namespace http
}  // namespace polyrpc
