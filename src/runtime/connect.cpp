#include "polyrpc/runtime/connect.hpp"

#include "polyrpc/runtime/connect_status.hpp"
#include "polyrpc/runtime/http_metadata.hpp"
#include "polyrpc/runtime/registry.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace polyrpc::connect {

namespace {

constexpr std::string_view media_type_prefix = "application/";
constexpr std::string_view json_type = "application/json";

using http::equal_ignoring_case;
using http::trimmed;

/// Cuts the next element off a list with that separator.
std::string_view next_of(std::string_view& list, char separator) noexcept {
  const std::size_t end = list.find(separator);
  const std::string_view element = trimmed(list.substr(0, end));
  list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
  return element;
}

/// What stands behind `name=` if that is what `parameter` is.
std::optional<std::string_view> parameter_value(std::string_view parameter, std::string_view name) noexcept {
  const std::size_t equals = parameter.find('=');
  if (equals == std::string_view::npos || !equal_ignoring_case(trimmed(parameter.substr(0, equals)), name))
    return std::nullopt;
  std::string_view value = trimmed(parameter.substr(equals + 1));
  if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) value = value.substr(1, value.size() - 2);
  return value;
}

/// Whether `Accept-Encoding` allows that one by its name (RFC 9110, section 12.5.3).
bool accepts(std::string_view list, std::string_view name) noexcept {
  while (!list.empty()) {
    std::string_view element = next_of(list, ',');
    if (!equal_ignoring_case(next_of(element, ';'), name)) continue;
    const auto weight = parameter_value(element, "q");
    return !weight || weight->find_first_not_of("0.") != std::string_view::npos;
  }
  return false;
}

/// Ten digits at most ("Timeout"); nothing if it is anything else.
std::optional<std::chrono::milliseconds> parse_timeout(std::string_view text) noexcept {
  if (text.empty() || text.size() > 10) return std::nullopt;
  std::int64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return std::chrono::milliseconds(number);
}

Route refuse(int status, std::string_view content_type, std::string body, Fields fields = {}) {
  Route route;
  route.kind = Route::Kind::refusal;
  route.answer = {status, std::string(content_type), std::move(fields)};
  route.body = std::move(body);
  return route;
}

constexpr std::string_view text_type = "text/plain; charset=utf-8";

}  // namespace

std::string make_error(const Status& status, Answer& answer) {
  answer.status = http_status(status.code());
  answer.content_type = json_type;
  return to_json(status);
}

// ---- what is served ----

Service::Service(Options options) : options_(std::move(options)) {
  for (const auto& format : options_.formats) {
    const std::string type = std::string(media_type_prefix) + std::string(format->name());
    if (http::list_has(accept_post_, type)) throw std::invalid_argument("connect: " + type + " twice");
    if (!accept_post_.empty()) accept_post_ += ", ";
    accept_post_ += type;
  }
}

const MessageFormat* Service::find_format(std::string_view content_type) const noexcept {
  const std::string_view type = next_of(content_type, ';');
  while (!content_type.empty()) {
    const auto charset = parameter_value(next_of(content_type, ';'), "charset");
    if (charset && !equal_ignoring_case(*charset, "utf-8") && !equal_ignoring_case(*charset, "us-ascii"))
      return nullptr;
  }
  if (type.size() <= media_type_prefix.size() ||
      !equal_ignoring_case(type.substr(0, media_type_prefix.size()), media_type_prefix))
    return nullptr;
  for (const auto& format : options_.formats)
    if (equal_ignoring_case(type.substr(media_type_prefix.size()), format->name())) return format.get();
  return nullptr;
}

Route Service::route(std::string_view verb, std::string_view path, std::span<const http::Field> fields,
                     const Registry& registry) const {
  Route route;
  if (empty() || !path.starts_with('/')) return route;
  const std::string_view with_slash = path.substr(1);
  const std::size_t slash = with_slash.rfind('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == with_slash.size()) return route;
  std::string with_stop(with_slash);
  with_stop[slash] = '.';
  const MethodEntry* method = registry.find(with_slash);
  if (method == nullptr) method = registry.find(with_stop);

  const MessageFormat* format = nullptr;
  bool is_ambiguous = false;
  bool has_version = false;
  bool has_type = false;
  for (const http::Field& field : fields) {
    if (equal_ignoring_case(field.name, "content-type")) {
      is_ambiguous = std::exchange(has_type, true);
      format = find_format(field.value);
    } else if (equal_ignoring_case(field.name, "connect-protocol-version")) {
      has_version = true;
    }
  }
  if (is_ambiguous) format = nullptr;

  if (method == nullptr) {
    // Whoever speaks Connect is told so in its words, with the HTTP status of a path that is not there.
    if (verb != "POST" || (format == nullptr && !has_version)) return route;
    const Status why = Status::unimplemented(registry.why_not(with_stop).message());
    return refuse(404, json_type, to_json(why));
  }
  if (verb != "POST") return refuse(405, text_type, "405 a call is sent by POST\n", {{"allow", "POST"}});
  if (format == nullptr)
    return refuse(415, text_type, "415 the body must be one of " + accept_post_ + "\n",
                  {{"accept-post", accept_post_}});
  if (method->handler->kind() != CallKind::unary) {
    route = refuse(0, {}, {});
    route.body = make_error(Status::unimplemented("connect: " + method->name +
                                                  " streams, and only calls of one "
                                                  "request and one reply are served here"),
                            route.answer);
    return route;
  }
  route.kind = Route::Kind::call;
  route.method = method;
  route.format = format;
  return route;
}

// ---- one call ----

ServerCall::ServerCall(const Service& service, const Route& route, std::span<const http::Field> fields,
                       const CodecLimits& limits, std::size_t header_limit)
    : service_(service),
      format_(*route.format),
      method_(route.method->name),
      limits_(limits),
      header_limit_(header_limit) {
  refused_ = read_fields(fields);
}

Capabilities ServerCall::capabilities() const noexcept {
  Capabilities can;
  can.metadata = true;
  can.deadline = true;
  can.details = true;
  return can;
}

Status ServerCall::read_fields(std::span<const http::Field> fields) {
  const Options& options = service_.options();
  std::optional<std::string_view> version;
  std::optional<std::string_view> timeout;
  std::optional<std::string_view> encoding;
  for (const http::Field& field : fields) {
    const auto is = [&](std::string_view name) { return equal_ignoring_case(field.name, name); };
    std::optional<std::string_view>* once = nullptr;
    if (is("connect-protocol-version"))
      once = &version;
    else if (is("connect-timeout-ms"))
      once = &timeout;
    else if (is("content-encoding"))
      once = &encoding;
    if (once != nullptr) {
      if (*once) return Status::invalid_argument("connect: more than one " + std::string(field.name));
      *once = field.value;
    } else if (deflates_ == nullptr && is("accept-encoding")) {
      for (const auto& compressor : options.compressors) {
        if (!accepts(field.value, compressor->name())) continue;
        deflates_ = compressor.get();
        break;
      }
    }
  }
  if (version && *version != "1")
    return Status::invalid_argument("connect: the protocol version must be 1, not \"" + std::string(*version) + "\"");
  if (!version && options.require_version)
    return Status::invalid_argument("connect: the header field connect-protocol-version: 1 is missing");
  if (timeout) {
    const auto parsed = parse_timeout(*timeout);
    if (!parsed) return Status::invalid_argument("connect: connect-timeout-ms is a number of at most 10 digits");
    deadline_ = Clock::now() + *parsed;
  }
  if (encoding && !encoding->empty() && !equal_ignoring_case(*encoding, "identity")) {
    for (const auto& compressor : options.compressors)
      if (equal_ignoring_case(compressor->name(), *encoding)) inflates_ = compressor.get();
    if (inflates_ == nullptr) {
      unknown_encoding_ = true;
      return Status::unimplemented("connect: the content encoding \"" + std::string(*encoding) +
                                   "\" is not known here");
    }
  }
  return http::add_metadata(fields, metadata_);
}

Result<bool> ServerCall::next_request(ByteQueue& input, IncomingRequest& request) {
  request.kind = RequestKind::call;
  request.refused = {};
  request.body = nullptr;
  RequestHead& head = request.head;
  head.method = method_;
  head.tag.number = 0;
  head.tag.text.clear();
  head.wants_reply = true;
  head.kind = CallKind::unary;
  head.timeout.reset();
  if (!head.metadata.empty()) head.metadata.clear();
  if (std::exchange(cut_, true)) {
    input.clear();
    body_.scratch.clear();
    return false;
  }
  request.refused = std::move(refused_);
  if (!request.refused.ok()) return true;
  if (!metadata_.empty()) head.metadata = std::move(metadata_);
  if (deadline_) head.timeout = *deadline_ - Clock::now();
  body_.bytes = input.readable();
  // An empty body is an empty message, whatever it says of its encoding ("Content-Encoding").
  if (inflates_ != nullptr && !input.empty()) {
    request.refused = inflates_->decompress(input.readable(), limits_.message_bytes, inflated_);
    body_.bytes = inflated_.readable();
  }
  request.body = &body_;
  return true;
}

Status ServerCall::Body::decode(MessageSlot into) const {
  return call_.format_.decode(bytes, into, call_.limits_, &scratch);
}

Status ServerCall::encode_message(MessageRef body, ByteQueue& output, Answer& answer) const {
  const std::size_t before = output.size();
  // That it cannot be sent is not the caller's fault.
  if (Status encoded = format_.encode(body, output); !encoded.ok()) return Status::internal(encoded.message());
  const std::size_t size = output.size() - before;
  if (size > limits_.message_bytes) {
    output.truncate(before);
    return Status::resource_exhausted("connect: the reply is larger than a message may be");
  }
  if (deflates_ == nullptr || size < service_.options().compress_from) return {};
  ByteQueue deflated;
  const Status packed = deflates_->compress(output.readable().subspan(before), deflated);
  if (!packed.ok() || deflated.size() >= size) return {};
  output.truncate(before);
  output.append(deflated.readable());
  answer.fields.emplace_back("content-encoding", deflates_->name());
  return {};
}

Status ServerCall::write_reply(const ReplyHead& head, MessageRef body, ByteQueue& output) {
  Answer answer;
  if (head.status.ok()) {
    if (Status written = encode_message(body, output, answer); !written.ok()) return written;
    answer.content_type = media_type_prefix;
    answer.content_type += format_.name();
    answer.status = 200;
  } else {
    output.append(make_error(head.status, answer));
    if (unknown_encoding_) {
      std::string known;
      for (const auto& compressor : service_.options().compressors) known.append(compressor->name()).append(", ");
      answer.fields.emplace_back("accept-encoding", known + "identity");
    }
  }
  field_bytes_ = 0;
  left_out_ = 0;
  add_fields(head.headers, {}, answer);
  add_fields(head.trailers, "trailer-", answer);
  answer_ = std::move(answer);
  return {};
}

void ServerCall::add_fields(const Metadata* metadata, std::string_view prefix, Answer& answer) {
  if (metadata == nullptr) return;
  for (const auto& [key, value] : *metadata) {
    // A header may not pass for a trailer.
    if (!http::may_be_field(key, value) || (prefix.empty() && key.starts_with("trailer-"))) {
      ++left_out_;
      continue;
    }
    auto& [name, text] = answer.fields.emplace_back(prefix, std::string());
    name += key;
    http::append_value(key, value, text);
    constexpr std::size_t around = 4;  // ": " and the line's end
    const std::size_t size = name.size() + text.size() + around;
    if (size <= header_limit_ - field_bytes_) {
      field_bytes_ += size;
    } else {
      answer.fields.pop_back();
      ++left_out_;
    }
  }
}

}  // namespace polyrpc::connect
