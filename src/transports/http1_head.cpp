#include "http1_head.hpp"

#include <llhttp.h>

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>
#include <utility>

namespace polyrpc::http1 {

namespace {

constexpr std::size_t longest_method = 32;
constexpr std::size_t empty_lines = 4;  // bytes of them before a request (RFC 9112, section 2.2: at least one line)

constexpr auto token_characters = [] {
  std::array<bool, 256> table{};
  for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool starts_with_ignoring_case(std::string_view text, std::string_view start) noexcept {
  return text.size() >= start.size() && equal_ignoring_case(text.substr(0, start.size()), start);
}

bool is_connect_to(std::string_view line, std::string_view path) noexcept {
  constexpr std::string_view method = "CONNECT ";
  if (path.empty() || !line.starts_with(method)) return false;
  line.remove_prefix(method.size());
  return line.size() > path.size() && line.starts_with(path) && line[path.size()] == ' ';
}

Refusal bad_request(std::string_view why) { return {400, std::string(why)}; }

// RFC 9110, section 7.2: no user information, and no list that a proxy has made of two.
bool is_host(std::string_view value) noexcept {
  return std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c <= '~' && std::string_view("\"#,/<>?@\\^`{|}").find(c) == std::string_view::npos;
  });
}

// ---- llhttp ----

struct Collector {
  std::vector<Field>& fields;
  std::string_view target{};
};

Collector& collector_of(llhttp_t* parser) { return *static_cast<Collector*>(parser->data); }

int on_target(llhttp_t* parser, const char* at, std::size_t length) {
  collector_of(parser).target = {at, length};
  return 0;
}

int on_name(llhttp_t* parser, const char* at, std::size_t length) {
  collector_of(parser).fields.push_back({{at, length}, {}});
  return 0;
}

int on_value(llhttp_t* parser, const char* at, std::size_t length) {
  auto& fields = collector_of(parser).fields;
  if (fields.empty() || fields.back().value.data() != nullptr) return -1;
  fields.back().value = {at, length};
  return 0;
}

// A head is all that llhttp ever gets.
int on_head_complete(llhttp_t*) { return HPE_PAUSED; }

const llhttp_settings_t& callbacks() noexcept {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_url = on_target;
    made.on_header_field = on_name;
    made.on_header_value = on_value;
    made.on_headers_complete = on_head_complete;
    return made;
  }();
  return settings;
}

struct Parsed {
  llhttp_errno_t error = HPE_OK;
  std::string_view reason;
  std::string_view target;
  int status = 0;
};

Parsed run_llhttp(llhttp_type_t type, std::string_view text, std::size_t field_count, std::vector<Field>& fields) {
  fields.clear();
  Collector collector{fields};
  llhttp_t parser;
  llhttp_init(&parser, type, &callbacks());
  parser.data = &collector;
  Parsed parsed;
  parsed.error = llhttp_execute(&parser, text.data(), text.size());
  if (parsed.error == HPE_PAUSED) {
    parsed.error = HPE_OK;
    // Both must have seen the same lines, or one of them has been fooled. Some versions let an empty name pass.
    if (fields.size() != field_count) parsed.error = HPE_INVALID_HEADER_TOKEN;
    for (const Field& field : fields)
      if (!is_token(field.name)) parsed.error = HPE_INVALID_HEADER_TOKEN;
  } else if (parsed.error == HPE_OK) {
    parsed.error = HPE_INVALID_EOF_STATE;
  }
  if (const char* reason = llhttp_get_error_reason(&parser); reason != nullptr) parsed.reason = reason;
  parsed.target = collector.target;
  parsed.status = llhttp_get_status_code(&parser);
  for (Field& field : fields) field.value = trimmed(field.value);
  return parsed;
}

// ---- what both kinds of message have ----

/// What the fields say about the connection and the body.
std::optional<Refusal> read_common(MessageHead& head) {
  bool close = false;
  bool keep = false;
  bool has_length = false;
  bool has_coding = false;
  head.framing = Framing::none;
  head.content_length = 0;
  for (const Field& field : head.fields) {
    switch (field.name.size()) {
      case 10:
        if (!equal_ignoring_case(field.name, "connection")) break;
        close = close || list_has(field.value, "close");
        keep = keep || list_has(field.value, "keep-alive");
        break;
      case 14:
        if (!equal_ignoring_case(field.name, "content-length")) break;
        // RFC 9112, section 6.3 lets equal ones pass; who sends two is up to something.
        if (std::exchange(has_length, true)) return bad_request("more than one Content-Length");
        if (field.value.empty()) return bad_request("Content-Length is not a number");
        for (const char c : field.value) {
          if (c < '0' || c > '9') return bad_request("Content-Length is not a number");
          constexpr auto most = (std::numeric_limits<std::uint64_t>::max)();
          const auto digit = static_cast<std::uint64_t>(c - '0');
          if (head.content_length > (most - digit) / 10) return bad_request("Content-Length is too large a number");
          head.content_length = head.content_length * 10 + digit;
        }
        head.framing = Framing::length;
        break;
      case 17:
        if (!equal_ignoring_case(field.name, "transfer-encoding")) break;
        if (std::exchange(has_coding, true)) return bad_request("more than one Transfer-Encoding");
        if (!equal_ignoring_case(field.value, "chunked"))
          return Refusal{501, "no transfer coding but chunked is understood"};
        break;
      default:
        break;
    }
  }
  // RFC 9112, section 6.1: both at once is how requests are smuggled.
  if (has_coding && has_length) return bad_request("both Transfer-Encoding and Content-Length");
  if (has_coding && head.minor_version == 0) return bad_request("Transfer-Encoding in HTTP/1.0");
  if (has_coding) head.framing = Framing::chunked;
  head.keep_alive = !close && (head.minor_version >= 1 || keep);
  return std::nullopt;
}

std::optional<Refusal> read_target(HttpRequestHead& head) {
  std::string_view rest = head.target;
  if (!is_target(rest)) return bad_request("the request target has a character that it may not have");
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!starts_with_ignoring_case(rest, scheme)) continue;
    rest.remove_prefix(scheme.size());
    const std::size_t end = (std::min)(rest.find_first_of("/?"), rest.size());
    if (end == 0 || !is_host(rest.substr(0, end))) return bad_request("the request target's host is malformed");
    rest.remove_prefix(end);
    break;
  }
  if (head.target == "*") {
    if (head.method != "OPTIONS") return bad_request("the target * is for OPTIONS only");
    head.path = rest;
    head.query = {};
    return std::nullopt;
  }
  const bool is_absolute = rest.size() != head.target.size();
  const std::size_t mark = (std::min)(rest.find('?'), rest.size());
  head.path = rest.substr(0, mark);
  head.query = mark < rest.size() ? rest.substr(mark + 1) : std::string_view();
  if (head.path.empty() && is_absolute) head.path = "/";
  if (!head.path.starts_with('/')) return bad_request("the request target is neither a path nor an http address");
  return std::nullopt;
}

std::optional<Refusal> read_request_fields(HttpRequestHead& head) {
  if (auto refusal = read_common(head)) return refusal;
  std::size_t hosts = 0;
  bool expects_other = false;
  head.expects_continue = false;
  for (const Field& field : head.fields) {
    if (field.name.size() == 4 && equal_ignoring_case(field.name, "host")) {
      ++hosts;
      if (!is_host(field.value)) return bad_request("Host is malformed");
    } else if (field.name.size() == 6 && equal_ignoring_case(field.name, "expect") && head.minor_version >= 1) {
      if (equal_ignoring_case(field.value, "100-continue"))
        head.expects_continue = true;
      else
        expects_other = true;
    }
  }
  // RFC 9112, section 3.2.
  if (hosts > 1) return bad_request("more than one Host");
  if (hosts == 0 && head.minor_version >= 1 && !head.is_connect) return bad_request("no Host");
  if (expects_other) return Refusal{417, "no expectation but 100-continue is understood"};
  return std::nullopt;
}

/// The request line's three parts.
struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;
};

RequestLine cut_request_line(std::string_view line) noexcept {
  RequestLine parts;
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos) return {line, {}, {}};
  parts.method = line.substr(0, first);
  line.remove_prefix(first + 1);
  const std::size_t second = (std::min)(line.find(' '), line.size());
  parts.target = line.substr(0, second);
  if (second < line.size()) parts.version = line.substr(second + 1);
  return parts;
}

std::optional<Refusal> read_version(std::string_view version, int& minor) {
  if (version == "HTTP/1.1") {
    minor = 1;
    return std::nullopt;
  }
  if (version == "HTTP/1.0") {
    minor = 0;
    return std::nullopt;
  }
  if (version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.')
    return Refusal{505, "only HTTP/1.0 and HTTP/1.1 are understood"};
  return bad_request("the request line does not end in a version of HTTP");
}

/// The first line, and what is left behind it. Of a whole head.
std::string_view cut_line(std::string_view& text) noexcept {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// CONNECT is not for llhttp: Go asks for a path where HTTP has host and port, and ends lines with LF.
std::optional<Refusal> parse_connect_fields(std::string_view text, HttpRequestHead& head) {
  for (;;) {
    const std::string_view line = cut_line(text);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
      return bad_request("a header line without a field name");
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!is_field_value(value)) return bad_request("a header field's value has a control character");
    head.fields.push_back({line.substr(0, colon), value});
  }
  if (auto refusal = read_request_fields(head)) return refusal;
  // What follows is the other protocol's; a body would make two readings of it.
  if (head.framing == Framing::chunked || head.content_length != 0) return bad_request("CONNECT with a body");
  head.framing = Framing::none;
  return std::nullopt;
}

Refusal llhttp_refusal(const Parsed& parsed) {
  switch (parsed.error) {
    case HPE_INVALID_METHOD:
      return {501, "the method is not known"};
    case HPE_INVALID_VERSION:
      return {505, "only HTTP/1.0 and HTTP/1.1 are understood"};
    default:
      return bad_request(parsed.reason.empty() ? std::string_view("the head is malformed") : parsed.reason);
  }
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return token_characters[static_cast<unsigned char>(c)]; });
}

bool is_field_value(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= ' ' && byte != 0x7f) || byte == '\t';
  });
}

bool is_target(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != '#'; });
}

std::optional<std::string_view> MessageHead::find(std::string_view name) const noexcept {
  for (const Field& field : fields)
    if (equal_ignoring_case(field.name, name)) return field.value;
  return std::nullopt;
}

HeadScanner::State HeadScanner::refuse(int status, std::string_view why) {
  refusal_ = {status, std::string(why)};
  return State::refused;
}

HeadScanner::State HeadScanner::too_long(std::string_view text) {
  if (lines_ != 0) return refuse(431, "the header is too large");
  const std::size_t space = text.substr(begin_, longest_method).find(' ');
  if (space == std::string_view::npos || !is_token(text.substr(begin_, space)))
    return refuse(400, "the request does not begin with a method");
  return refuse(414, "the request target is too long");
}

HeadScanner::State HeadScanner::scan(std::string_view text, const HeadLimits& limits, std::string_view connect_path) {
  if (refusal_.status != 0) return State::refused;
  for (;;) {
    const std::size_t first_line = limits.target_bytes + longest_method + sizeof " HTTP/1.1\r";
    const std::size_t limit = lines_ == 0 ? (std::min)(limits.bytes, first_line) : limits.bytes;
    const std::size_t found = text.find('\n', position_);
    if (found == std::string_view::npos) {
      position_ = text.size();
      return text.size() - begin_ > limit ? too_long(text) : State::more;
    }
    if (found - begin_ >= limit) return too_long(text);
    std::string_view line = text.substr(line_, found - line_);
    position_ = found + 1;
    if (lines_ == 0) bare_lf_ = is_connect_to(line, connect_path);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    else if (!bare_lf_)
      return refuse(400, "a line ends in a bare LF");
    if (line.find('\r') != std::string_view::npos) return refuse(400, "a bare CR in the header");
    if (line.empty()) {
      if (lines_ != 0) {
        line_ = position_;
        return State::complete;
      }
      begin_ = line_ = position_;
      if (begin_ > empty_lines) return refuse(400, "the request does not begin with a method");
      continue;
    }
    // A line that goes on (obs-fold, RFC 9112, section 5.2) is read differently by different recipients.
    if (lines_ != 0 && (line.front() == ' ' || line.front() == '\t'))
      return refuse(400, "a header line begins with white space");
    line_ = position_;
    if (++lines_ > limits.fields + 1) return refuse(431, "too many header fields");
  }
}

std::optional<Refusal> parse_request(std::string_view text, const HeadScanner& scanner, const HeadLimits& limits,
                                     HttpRequestHead& head) {
  std::string_view rest = text.substr(scanner.begin(), scanner.end() - scanner.begin());
  const std::string_view whole = rest;
  const RequestLine line = cut_request_line(cut_line(rest));
  if (!is_token(line.method)) return bad_request("the request does not begin with a method");
  if (line.target.size() > limits.target_bytes) return Refusal{414, "the request target is too long"};
  if (auto refusal = read_version(line.version, head.minor_version)) return refusal;
  head.method = line.method;
  head.is_connect = line.method == "CONNECT";
  head.is_head = line.method == "HEAD";
  head.target = line.target;
  if (head.is_connect) {
    if (!is_target(head.target)) return bad_request("the request target has a character that it may not have");
    head.fields.clear();
    head.path = head.target;
    head.query = {};
    return parse_connect_fields(rest, head);
  }
  const Parsed parsed = run_llhttp(HTTP_REQUEST, whole, scanner.fields(), head.fields);
  if (parsed.error != HPE_OK) return llhttp_refusal(parsed);
  if (parsed.target != line.target) return bad_request("the request line is malformed");
  if (auto refusal = read_target(head)) return refusal;
  return read_request_fields(head);
}

std::optional<Refusal> parse_response(std::string_view text, const HeadScanner& scanner, HttpResponseHead& head) {
  std::string_view rest = text.substr(scanner.begin(), scanner.end() - scanner.begin());
  const Parsed parsed = run_llhttp(HTTP_RESPONSE, rest, scanner.fields(), head.fields);
  if (parsed.error != HPE_OK) return llhttp_refusal(parsed);
  const RequestLine line = cut_request_line(cut_line(rest));  // version, status, reason
  if (auto refusal = read_version(line.method, head.minor_version)) return refusal;
  head.status = parsed.status;
  if (head.status < 100 || head.status > 599) return bad_request("the status is out of range");
  head.reason = line.version;
  if (auto refusal = read_common(head)) return refusal;
  const bool never_has_body = head.status < 200 || head.status == 204 || head.status == 304;
  if (never_has_body) {
    head.framing = Framing::none;
    head.content_length = 0;
  } else if (head.framing == Framing::none) {
    head.framing = Framing::until_close;
  }
  return std::nullopt;
}

}  // namespace polyrpc::http1
