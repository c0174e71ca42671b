#include "polyrpc/runtime/connect_status.hpp"

#include "polyrpc/runtime/http_metadata.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace polyrpc::connect {

namespace {

constexpr std::string_view canceled = "canceled";  // one l, unlike ours
// Where protobuf's Any looks for types unless it is told otherwise; on the wire it is left out.
constexpr std::string_view type_prefix = "type.googleapis.com/";

/// The length of the UTF-8 sequence at the front; 0 if it is none (RFC 3629, section 4).
std::size_t utf8_length(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((at(i) & 0xC0) != 0x80) return 0;
  const unsigned char second = at(1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
      (first == 0xF4 && second > 0x8F))
    return 0;
  return length;
}

void put_string(std::string& json, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  json += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text.front();
    if (length == 0) {
      json += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += "\\u00";
      json += digits[static_cast<unsigned char>(c) >> 4];
      json += digits[static_cast<unsigned char>(c) & 15];
    } else {
      json += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  json += '"';
}

/// Reads the little JSON that an error is; anything else in it is passed over. After a false nothing more is asked.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool take(char c) noexcept {
    spaces();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool sees(char c) noexcept {
    spaces();
    return !text_.empty() && text_.front() == c;
  }
  bool at_end() noexcept {
    spaces();
    return text_.empty();
  }

  bool string(std::string& out) {
    out.clear();
    if (!take('"')) return false;
    while (!text_.empty()) {
      const char c = text_.front();
      if (c == '"') return text_.remove_prefix(1), true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\') {
        if (!escape(out)) return false;
        continue;
      }
      out += c;
      text_.remove_prefix(1);
    }
    return false;
  }

  /// Calls `member` for every name in an object, which reads the value.
  template <class F>
  bool object(F member) {
    if (!take('{')) return false;
    if (take('}')) return true;
    std::string name;
    do {
      if (!string(name) || !take(':') || !member(name)) return false;
    } while (take(','));
    return take('}');
  }
  template <class F>
  bool list(F element) {
    if (!take('[')) return false;
    if (take(']')) return true;
    do {
      if (!element()) return false;
    } while (take(','));
    return take(']');
  }

  bool skip(int depth = 0) {
    constexpr int deepest = 100;
    if (depth > deepest) return false;
    std::string ignored;
    if (sees('"')) return string(ignored);
    if (sees('{')) return object([&](const std::string&) { return skip(depth + 1); });
    if (sees('[')) return list([&] { return skip(depth + 1); });
    const std::size_t size = text_.find_first_not_of("+-.0123456789abcdefghijklmnopqrstuvwxyzE");
    const std::string_view word = text_.substr(0, size);
    if (word.empty()) return false;
    text_.remove_prefix(word.size());
    return true;
  }

 private:
  void spaces() noexcept {
    const std::size_t size = text_.find_first_not_of(" \t\r\n");
    text_.remove_prefix(size == std::string_view::npos ? text_.size() : size);
  }

  bool escape(std::string& out) {
    if (text_.size() < 2) return false;
    const char c = text_[1];
    constexpr std::string_view names = "\"\\/bfnrt";
    constexpr std::string_view values = "\"\\/\b\f\n\r\t";
    if (const std::size_t at = names.find(c); at != std::string_view::npos) {
      out += values[at];
      text_.remove_prefix(2);
      return true;
    }
    if (c != 'u') return false;
    std::optional<std::uint32_t> unit = hex_unit();
    if (!unit) return false;
    text_.remove_prefix(6);
    std::uint32_t point = *unit;
    if (point >= 0xD800 && point < 0xE000) {
      unit = point < 0xDC00 ? hex_unit() : std::nullopt;
      if (unit && *unit >= 0xDC00 && *unit < 0xE000) {
        text_.remove_prefix(6);
        point = 0x10000 + ((point - 0xD800) << 10) + (*unit - 0xDC00);
      } else {
        point = 0xFFFD;
      }
    }
    put_point(out, point);
    return true;
  }

  /// The `\uXXXX` at the front.
  std::optional<std::uint32_t> hex_unit() const noexcept {
    if (text_.size() < 6 || text_[0] != '\\' || text_[1] != 'u') return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : text_.substr(2, 4)) {
      const char low = http::lower_case(c);
      if (c >= '0' && c <= '9')
        value = value * 16 + static_cast<std::uint32_t>(c - '0');
      else if (low >= 'a' && low <= 'f')
        value = value * 16 + static_cast<std::uint32_t>(low - 'a' + 10);
      else
        return std::nullopt;
    }
    return value;
  }

  static void put_point(std::string& out, std::uint32_t point) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (point < 0x80) return put(point);
    if (point < 0x800) {
      put(0xC0 | point >> 6);
    } else if (point < 0x10000) {
      put(0xE0 | point >> 12);
      put(0x80 | (point >> 6 & 0x3F));
    } else {
      put(0xF0 | point >> 18);
      put(0x80 | (point >> 12 & 0x3F));
      put(0x80 | (point >> 6 & 0x3F));
    }
    put(0x80 | (point & 0x3F));
  }

  std::string_view text_;
};

bool read_detail(Reader& reader, std::vector<StatusDetail>& details) {
  if (!reader.sees('{')) return reader.skip();
  StatusDetail detail;
  std::string base64;
  std::optional<std::string> value;
  const bool whole = reader.object([&](const std::string& name) {
    if (name == "type" && reader.sees('"')) return reader.string(detail.type_url);
    if (name != "value" || !reader.sees('"')) return reader.skip();
    if (!reader.string(base64)) return false;
    value = http::from_base64(base64);
    return true;
  });
  if (!whole) return false;
  if (detail.type_url.empty() || !value) return true;
  if (detail.type_url.find('/') == std::string::npos) detail.type_url.insert(0, type_prefix);
  detail.value = std::move(*value);
  details.push_back(std::move(detail));
  return true;
}

}  // namespace

int http_status(StatusCode code) noexcept {
  switch (code) {
    case StatusCode::ok:
      return 200;
    case StatusCode::invalid_argument:
    case StatusCode::failed_precondition:
    case StatusCode::out_of_range:
      return 400;
    case StatusCode::unauthenticated:
      return 401;
    case StatusCode::permission_denied:
      return 403;
    case StatusCode::not_found:
      return 404;
    case StatusCode::already_exists:
    case StatusCode::aborted:
      return 409;
    case StatusCode::resource_exhausted:
      return 429;
    case StatusCode::cancelled:
      return 499;
    case StatusCode::unimplemented:
      return 501;
    case StatusCode::unavailable:
      return 503;
    case StatusCode::deadline_exceeded:
      return 504;
    case StatusCode::unknown:
    case StatusCode::internal:
    case StatusCode::data_loss:
      break;
  }
  return 500;
}

StatusCode code_from_http(int status) noexcept {
  switch (status) {
    case 400:
      return StatusCode::internal;
    case 401:
      return StatusCode::unauthenticated;
    case 403:
      return StatusCode::permission_denied;
    case 404:
      return StatusCode::unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return StatusCode::unavailable;
    default:
      return StatusCode::unknown;
  }
}

std::string to_json(const Status& status) {
  std::string json = "{\"code\":\"";
  json += status.code() == StatusCode::cancelled ? canceled : to_string(status.code());
  json += '"';
  if (!status.message().empty()) {
    json += ",\"message\":";
    put_string(json, status.message());
  }
  if (!status.details().empty()) {
    json += ",\"details\":";
    char before = '[';
    for (const StatusDetail& detail : status.details()) {
      std::string_view type = detail.type_url;
      if (type.starts_with(type_prefix)) type.remove_prefix(type_prefix.size());
      json += before;
      json += "{\"type\":";
      put_string(json, type);
      json.append(",\"value\":\"").append(http::to_base64(detail.value)).append("\"}");
      before = ',';
    }
    json += ']';
  }
  json += '}';
  return json;
}

Status from_json(std::string_view text, int http_status) {
  std::string code;
  std::string message;
  std::vector<StatusDetail> details;
  Reader reader(text);
  const bool whole = reader.object([&](const std::string& name) {
    if (name == "code" && reader.sees('"')) return reader.string(code);
    if (name == "message" && reader.sees('"')) return reader.string(message);
    if (name == "details" && reader.sees('[')) return reader.list([&] { return read_detail(reader, details); });
    return reader.skip();
  });
  if (!whole || !reader.at_end())
    return {code_from_http(http_status), "connect: HTTP status " + std::to_string(http_status), Origin::remote};
  std::optional<StatusCode> known = code == canceled ? StatusCode::cancelled : status_code_from_string(code);
  if (!known || *known == StatusCode::ok) known = code_from_http(http_status);
  Status status(*known, message, Origin::remote);
  for (StatusDetail& detail : details) status.add_detail(std::move(detail));
  return status;
}

}  // namespace polyrpc::connect
