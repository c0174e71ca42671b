#include "polyrpc/runtime/connect_client.hpp"

#include "polyrpc/runtime/connect_status.hpp"
#include "polyrpc/runtime/http_metadata.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace polyrpc::connect {

namespace {

using http::equal_ignoring_case;

constexpr std::string_view trailer_prefix = "trailer-";

std::string_view without_parameters(std::string_view type) noexcept {
  return http::trimmed(type.substr(0, type.find(';')));
}

bool is_trailer(std::string_view name) noexcept {
  return name.size() > trailer_prefix.size() &&
         equal_ignoring_case(name.substr(0, trailer_prefix.size()), trailer_prefix);
}

Status read_metadata(std::span<const http::Field> fields, IncomingReply& reply) {
  Metadata all;
  if (Status status = http::add_metadata(fields, all); !status.ok()) return status;
  for (const auto& [key, value] : all) {
    if (is_trailer(key))
      reply.trailers.add(std::string_view(key).substr(trailer_prefix.size()), value);
    else
      reply.headers.add(key, value);
  }
  return {};
}

}  // namespace

Result<std::string> path_of(std::string_view method) {
  const MethodName name = split_method_name(method);
  const bool is_path = std::all_of(method.begin(), method.end(),
                                   [](char c) { return c > ' ' && c <= '~' && c != '?' && c != '#' && c != '%'; });
  if (name.service.empty() || name.method.empty() || !is_path)
    return Status::invalid_argument("connect: \"" + std::string(method) + "\" is no Service.Method");
  std::string path = "/";
  path.append(name.service).append("/").append(name.method);
  return path;
}

Status write_request(const RequestHead& head, MessageRef message, const MessageFormat& format,
                     const ClientOptions& options, Fields& fields, ByteQueue& body) {
  for (const auto& [key, value] : head.metadata)
    if (!http::may_be_field(key, value))
      return Status::invalid_argument("connect: the metadata entry \"" + key + "\" cannot be a header field");
  const std::size_t before = body.size();
  if (Status status = format.encode(message, body); !status.ok()) return status;

  fields.emplace_back("content-type", "application/" + std::string(format.name()));
  fields.emplace_back("connect-protocol-version", "1");
  if (head.timeout) {
    constexpr std::int64_t longest = 9'999'999'999;  // ten digits
    const auto left = std::chrono::floor<std::chrono::milliseconds>(*head.timeout).count();
    fields.emplace_back("connect-timeout-ms", std::to_string(std::clamp<std::int64_t>(left, 1, longest)));
  }
  if (options.compress != nullptr && body.size() - before >= options.compress_from) {
    ByteQueue deflated;
    if (Status status = options.compress->compress(body.readable().subspan(before), deflated); status.ok()) {
      body.truncate(before);
      body.append(deflated.readable());
      fields.emplace_back("content-encoding", options.compress->name());
    }
  }
  if (!options.compressors.empty()) {
    std::string accepted;
    for (const auto& compressor : options.compressors)
      accepted.append(accepted.empty() ? "" : ", ").append(compressor->name());
    fields.emplace_back("accept-encoding", std::move(accepted));
  }
  for (const auto& [key, value] : head.metadata) {
    std::string text;
    http::append_value(key, value, text);
    fields.emplace_back(key, std::move(text));
  }
  return {};
}

std::span<const std::byte> read_answer(int status, std::span<const http::Field> fields, std::span<const std::byte> body,
                                       const MessageFormat& format, const ClientOptions& options,
                                       const CodecLimits& limits, ByteQueue& inflated, IncomingReply& reply) {
  std::string_view type;
  std::string_view encoding;
  for (const http::Field& field : fields) {
    if (equal_ignoring_case(field.name, "content-type")) type = without_parameters(field.value);
    if (equal_ignoring_case(field.name, "content-encoding")) encoding = field.value;
  }
  const bool is_error = status != 200;
  const bool fits =
      equal_ignoring_case(type, is_error ? "application/json" : "application/" + std::string(format.name()));
  if (!fits) {
    // Not a Connect server's words: a proxy's, or no Connect server at all.
    if (is_error)
      reply.status = from_json({}, status);
    else
      reply.status = Status::internal("connect: an answer of the type \"" + std::string(type) + "\"");
    return {};
  }
  reply.status = read_metadata(fields, reply);
  if (!encoding.empty() && !equal_ignoring_case(encoding, "identity") && !body.empty()) {
    const Compressor* known = nullptr;
    for (const auto& compressor : options.compressors)
      if (equal_ignoring_case(compressor->name(), encoding)) known = compressor.get();
    Status unpacked = Status::internal("connect: an answer in the encoding \"" + std::string(encoding) + "\"");
    if (known != nullptr) unpacked = known->decompress(body, limits.message_bytes, inflated);
    if (!unpacked.ok()) {
      reply.status = std::move(unpacked);
      return {};
    }
    body = inflated.readable();
  }
  if (is_error) reply.status = from_json(as_text(body), status);
  return reply.status.ok() ? body : std::span<const std::byte>();
}

}  // namespace polyrpc::connect
