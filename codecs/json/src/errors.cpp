#include "errors.hpp"

#include "polyrpc/codecs/json.hpp"

#include "decoder.hpp"
#include "formats.hpp"
#include "members.hpp"
#include "scanner.hpp"

#include <string>
#include <utility>
#include <vector>

namespace polyrpc::json {

namespace {

constexpr std::int64_t first_own_code = -32000;
bool is_json(std::string_view text) {
  if (text.size() > Scanner::longest) return false;
  Scanner scanner(CodecLimits().depth);
  scanner.start(0);
  const Scanner::Outcome outcome = scanner.run(text);
  if (outcome == Scanner::Outcome::more) return scanner.complete_at_end();
  return outcome == Scanner::Outcome::complete &&
         skip_spaces(text.data() + scanner.position(), text.data() + text.size()) == text.data() + text.size();
}

bool is_unknown_method(std::string_view message) noexcept {
  // The engine's words for it, which are Go's (net/rpc, server.go).
  return message.starts_with("rpc: can't find ") || message.starts_with("rpc: service/method request ill-formed");
}

StatusCode status_code(std::int64_t code) noexcept {
  switch (code) {
    case parse_error:
    case invalid_request:
    case invalid_params:
      return StatusCode::invalid_argument;
    case method_not_found:
      return StatusCode::unimplemented;
    case internal_error:
      return StatusCode::internal;
    default:
      return StatusCode::unknown;
  }
}

}  // namespace

std::int64_t error_code(const Status& status) noexcept {
  switch (status.code()) {
    case StatusCode::invalid_argument:
      return is_unknown_method(status.message()) ? method_not_found : invalid_params;
    case StatusCode::unimplemented:
    case StatusCode::not_found:
      if (is_unknown_method(status.message())) return method_not_found;
      break;
    case StatusCode::internal:
      return internal_error;
    case StatusCode::unknown:
      return is_unknown_method(status.message()) ? method_not_found : first_own_code;
    default:
      break;
  }
  return first_own_code - static_cast<std::int64_t>(status.code());
}

bool write_details(Sink& sink, const Status& status) {
  bool any = false;
  for (const StatusDetail& detail : status.details()) {
    if (detail.type_url == error_object_type) continue;
    sink.put(any ? std::string_view(",{\"type\":") : std::string_view("\"details\":[{\"type\":"));
    any = true;
    sink.string(detail.type_url, false);
    sink.put(std::string_view(",\"value\":\""));
    sink.advance(write_base64(as_bytes(detail.value), sink.room(base64_size(detail.value.size()))));
    sink.put(std::string_view("\"}"));
  }
  if (any) sink.put(']');
  return any;
}

void write_error(Sink& sink, std::int64_t code, const Status& status) {
  const bool is_general = code == parse_error || code == invalid_request;
  const auto object = is_general ? std::nullopt : error_object(status);
  sink.put(std::string_view("{\"code\":"));
  sink.integer(object ? object->code : code);
  sink.put(std::string_view(",\"message\":"));
  if (is_general)
    sink.put(code == parse_error ? std::string_view("\"Parse error\"") : std::string_view("\"Invalid Request\""));
  else
    sink.string(status.message(), false);
  if (object) {
    if (!object->data.empty()) {
      sink.put(std::string_view(",\"data\":"));
      sink.put(object->data);
    }
  } else if (is_general) {
    sink.put(std::string_view(",\"data\":{\"message\":"));
    sink.string(status.message(), false);
    sink.put('}');
  } else {
    // Where the number says it all, there is no need for words.
    const bool has_details = !status.details().empty();
    if (has_details || status_code(code) != status.code()) {
      sink.put(std::string_view(",\"data\":{\"code\":"));
      sink.string(to_string(status.code()), false);
      if (has_details) {
        sink.put(',');
        write_details(sink, status);
      }
      sink.put('}');
    }
  }
  sink.put('}');
}

Status read_details(std::string_view list, const CodecLimits& limits, Status& into) {
  if (list.empty() || list.front() != '[') return Status::internal("jsonrpc: status details are not a list");
  constexpr std::size_t most = 1000;
  std::size_t count = 0;
  bool good = true;
  for_each_element(list, limits, [&](std::string_view element) {
    if (++count > most) return;
    StatusDetail detail;
    for_each_member(element, limits, [&](std::string_view name, std::string_view raw) {
      if (name == "type") detail.type_url = text_of(raw, limits);
      if (name != "value") return;
      const std::string text = text_of(raw, limits);
      detail.value.resize(base64_room(text.size()));
      const auto size = read_base64(text, reinterpret_cast<std::byte*>(detail.value.data()), true);
      good = good && size.has_value();
      detail.value.resize(size.value_or(0));
    });
    into.add_detail(std::move(detail));
  });
  return good ? Status() : Status::internal("jsonrpc: a status detail is not base64");
}

Status read_error(std::string_view error, const CodecLimits& limits) {
  if (error.front() == '"') {
    const std::string message = text_of(error, limits);
    // net/rpc/jsonrpc, client.go.
    return {StatusCode::unknown, message.empty() ? "unspecified error" : message, Origin::remote};
  }
  std::int64_t code = 0;
  bool has_code = false;
  std::optional<std::string> message;
  std::string_view data;
  if (error.front() == '{') {
    for_each_member(error, limits, [&](std::string_view name, std::string_view raw) {
      if (name == "code") has_code = parse_integer(raw, code) == Parsed::ok;
      if (name == "message" && raw.front() == '"') message = text_of(raw, limits);
      if (name == "data") data = raw;
    });
  }
  if (!message) {
    constexpr std::size_t shown = 200;
    return {StatusCode::unknown, "invalid error " + std::string(error.substr(0, shown)), Origin::remote};
  }

  StatusCode named = StatusCode::ok;  // none
  std::optional<std::string> own_message;
  std::string_view details;
  if (!data.empty() && data.front() == '{') {
    for_each_member(data, limits, [&](std::string_view name, std::string_view raw) {
      if (name == "code" && raw.front() == '"')
        named = status_code_from_string(text_of(raw, limits)).value_or(StatusCode::ok);
      if (name == "message" && raw.front() == '"') own_message = text_of(raw, limits);
      if (name == "details") details = raw;
    });
  }
  const bool is_general = code == parse_error || code == invalid_request;
  if (is_general && own_message) message = *message + ": " + *own_message;
  Status status(named == StatusCode::ok ? status_code(code) : named, *message, Origin::remote);
  if (named != StatusCode::ok) {
    if (details.empty()) return status;
    Status bad = read_details(details, limits, status);
    return bad.ok() ? std::move(status) : std::move(bad);
  }
  const bool says_more = !data.empty() && data != "null" && !(is_general && own_message);
  if (has_code && (says_more || (status_code(code) == StatusCode::unknown && code != first_own_code)))
    attach_error_object(status, {code, data == "null" ? std::string() : std::string(data)});
  return status;
}

void attach_error_object(Status& status, const ErrorObject& object) {
  if (status.ok()) return;
  ByteQueue text;
  {
    Sink sink(text);
    sink.put(std::string_view("{\"code\":"));
    sink.integer(object.code);
    if (!object.data.empty()) {
      sink.put(std::string_view(",\"data\":"));
      if (is_json(object.data))
        sink.put(object.data);
      else
        sink.string(object.data, false);
    }
    sink.put('}');
    sink.keep();
  }
  status.add_detail({std::string(error_object_type), std::string(text.text())});
}

std::optional<ErrorObject> error_object(const Status& status) {
  for (const StatusDetail& detail : status.details()) {
    if (detail.type_url != error_object_type || !is_json(detail.value)) continue;
    ErrorObject object;
    bool has_code = false;
    for_each_member(detail.value, CodecLimits(), [&](std::string_view name, std::string_view raw) {
      if (name == "code") has_code = parse_integer(raw, object.code) == Parsed::ok;
      if (name == "data") object.data = raw;
    });
    if (has_code) return object;
  }
  return std::nullopt;
}

}  // namespace polyrpc::json
