#include "polyrpc/runtime/transport.hpp"

#include <algorithm>
#include <charconv>

namespace polyrpc {

namespace {

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// RFC 3986, section 3.1.
bool is_scheme(std::string_view text) noexcept {
  return !text.empty() && is_letter(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

bool is_plain(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c != '\x7f'; });
}

/// Cuts `host`, `host:port`, `[address]` or `[address]:port`; returns what is wrong, or null.
const char* parse_authority(std::string_view text, Endpoint& endpoint, bool& has_port) {
  has_port = false;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos) return "the [ has no ]";
    endpoint.host = text.substr(1, end - 1);
    if (endpoint.host.find(':') == std::string::npos) return "only an IPv6 address stands in brackets";
    rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return "only a port may follow the ]";
  } else {
    const std::size_t colon = text.find(':');
    endpoint.host = text.substr(0, colon);
    if (colon != text.npos) rest = text.substr(colon);
    if (rest.find(':', 1) != rest.npos) return "an IPv6 address has to stand in brackets";
  }
  if (endpoint.host.find('@') != std::string::npos) return "a user name has no place here";
  if (rest.empty()) return nullptr;
  rest.remove_prefix(1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), port);
  if (error != std::errc() || end != rest.data() + rest.size() || port > 65535)
    return "the port is no number from 0 to 65535";
  endpoint.port = static_cast<std::uint16_t>(port);
  has_port = true;
  return nullptr;
}

/// The scheme of the transport below: TLS over another one than TCP is `tls+unix`, `tls+memory`.
std::string_view inner_scheme(std::string_view scheme) noexcept {
  constexpr std::string_view tls = "tls+";
  return scheme.starts_with(tls) ? scheme.substr(tls.size()) : scheme;
}

/// Fills `endpoint`; returns what is wrong, or null.
const char* parse_into(std::string_view address, Endpoint& endpoint) {
  const std::size_t colon = address.find("://");
  if (colon == address.npos || !is_scheme(address.substr(0, colon)))
    return "it does not start with a scheme, as in tcp://127.0.0.1:1234";
  endpoint.scheme.resize(colon);
  std::transform(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(colon), endpoint.scheme.begin(), lower);
  const std::string_view rest = address.substr(colon + 3);

  if (inner_scheme(endpoint.scheme) == "unix") {
    if (rest.empty()) return "the path is missing";
    if (rest.find('\0') != rest.npos) return "a path holds no zero byte";
    endpoint.host = rest;
    return nullptr;
  }
  if (inner_scheme(endpoint.scheme) == "memory") {
    if (rest.empty()) return "the name is missing";
    endpoint.host = rest;
    return nullptr;
  }

  if (!is_plain(rest)) return "it holds white space or a control character";
  const bool http = endpoint.scheme == "http" || endpoint.scheme == "https";
  const std::size_t slash = rest.find('/');
  bool has_port = false;
  if (const char* wrong = parse_authority(rest.substr(0, slash), endpoint, has_port)) return wrong;
  if (slash != rest.npos) endpoint.path = rest.substr(slash);
  if (endpoint.scheme == "tcp" || endpoint.scheme == "tls") {
    if (!has_port) return "the port is missing";
    if (!endpoint.path.empty())
      return endpoint.scheme == "tcp" ? "a tcp address has no path" : "a tls address has no path";
  } else if (http) {
    if (endpoint.host.empty() && !has_port) return "the host is missing";
    if (!has_port) endpoint.port = endpoint.scheme == "http" ? 80 : 443;
  }
  return nullptr;
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view address) {
  Endpoint endpoint;
  if (const char* wrong = parse_into(address, endpoint))
    return Status::invalid_argument("polyrpc: bad address \"" + std::string(address) + "\": " + wrong);
  return endpoint;
}

std::string Endpoint::to_string() const {
  std::string text = scheme + "://";
  if (inner_scheme(scheme) == "unix" || inner_scheme(scheme) == "memory") return text + host;
  if (host.find(':') != std::string::npos)
    text += '[' + host + ']';
  else
    text += host;
  const bool always = scheme == "tcp" || scheme == "tls" || scheme == "http" || scheme == "https";
  if (always || port != 0) text += ':' + std::to_string(port);
  return text + path;
}

std::shared_ptr<const Transport> Transports::find(std::string_view scheme) const noexcept {
  for (auto transport = transports_.rbegin(); transport != transports_.rend(); ++transport)
    if ((*transport)->scheme() == scheme) return *transport;
  return nullptr;
}

Status Connection::wait_until_either(std::optional<Clock::time_point> deadline) {
  for (;;) {
    for (const Direction direction : {Direction::read, Direction::write}) {
      Clock::time_point slice = Clock::now() + std::chrono::milliseconds(1);
      if (deadline) slice = (std::min)(slice, *deadline);
      Status waited = wait_until(direction, slice);
      if (waited.code() != StatusCode::deadline_exceeded) return waited;
      if (deadline && Clock::now() >= *deadline) return waited;
    }
  }
}

}  // namespace polyrpc
