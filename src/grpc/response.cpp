#include "response.hpp"

#include "polyrpc/runtime/http_metadata.hpp"

#include "wire.hpp"

namespace polyrpc::grpc {

void ResponseBlock::clear() {
  http_status = 0;
  is_grpc = has_status = false;
  content_type.clear();
  encoding.clear();
  code.reset();
  message.clear();
  details.clear();
  metadata.clear();
  bytes = 0;
  error = {};
}

void ResponseBlock::add(std::string_view name, std::string_view value, std::size_t limit) {
  bytes += name.size() + value.size() + 32;
  if (bytes > limit) {
    if (error.ok())
      error = Status::resource_exhausted("grpc: the header fields are larger than the limit of " +
                                         std::to_string(limit) + " bytes");
    return;
  }
  if (!is_reserved(name)) {
    Status added = add_header(metadata, name, value);
    if (!added.ok() && error.ok()) error = Status::internal(added.message());
  } else if (name == ":status") {
    for (const char c : value.substr(0, 3)) http_status = http_status * 10 + (c - '0');  // digits: nghttp2 looks
  } else if (name == "content-type") {
    content_type = value.substr(0, 128);
    is_grpc = content_subtype(value).has_value();
  } else if (name == "grpc-status") {
    if (!has_status) code = parse_code(value);
    has_status = true;
  } else if (name == "grpc-message") {
    message = percent_decode(value);
  } else if (name == "grpc-status-details-bin") {
    details = http::from_base64(value).value_or("");
  } else if (name == "grpc-encoding") {
    encoding = value;
  }
}

Status ResponseBlock::outcome() const {
  if (!has_status) return not_grpc();
  if (!code) return Status::unknown("grpc: grpc-status is not a number");
  if (*code == StatusCode::ok) return {};
  Status status(*code, message);
  // Details that can't be read are no reason to hide the status.
  if (!details.empty()) (void)add_details(details, status);
  return status;
}

Status ResponseBlock::not_grpc() const {
  if (http_status != 200 && http_status != 0)
    return {code_of_http(http_status), "grpc: unexpected HTTP status " + std::to_string(http_status)};
  if (http_status == 200 && !is_grpc)
    return {code_of_http(200), "grpc: unexpected content type \"" + content_type + "\""};
  return {code_of_http(200), "grpc: the server ended the call without a status"};
}

}  // namespace polyrpc::grpc
