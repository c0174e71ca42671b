#include "extension.hpp"

#include "errors.hpp"
#include "formats.hpp"
#include "members.hpp"
#include "scanner.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace polyrpc::json {

namespace {

bool is_binary(std::string_view key) noexcept { return key.ends_with("-bin"); }

Status read_metadata(std::string_view object, const CodecLimits& limits, Metadata& metadata) {
  if (object.front() != '{') return Status::invalid_argument("jsonrpc: metadata is not an object");
  Status status;
  std::size_t size = metadata.wire_size();
  const auto add = [&](std::string_view key, std::string_view raw) {
    if (!status.ok()) return;
    if (raw.front() != '"') {
      status = Status::invalid_argument("jsonrpc: metadata has a value that is not a string");
      return;
    }
    std::string value = text_of(raw, limits);
    if (is_binary(key)) {
      std::string bytes(base64_room(value.size()), '\0');
      const auto count = read_base64(value, reinterpret_cast<std::byte*>(bytes.data()), true);
      if (!count) status = Status::invalid_argument("jsonrpc: binary metadata is not base64");
      bytes.resize(count.value_or(0));
      value = std::move(bytes);
    }
    size += key.size() + value.size() + 32;
    if (size > limits.metadata_bytes)
      status = Status::resource_exhausted("jsonrpc: more than " + std::to_string(limits.metadata_bytes) +
                                          " bytes of metadata");
    if (status.ok()) metadata.add(key, value);
  };
  for_each_member(object, limits, [&](std::string_view key, std::string_view raw) {
    if (raw.front() == '[')
      for_each_element(raw, limits, [&](std::string_view element) { add(key, element); });
    else
      add(key, raw);
  });
  if (!status.ok()) return status;
  return check_metadata(metadata);
}

void write_metadata(Sink& sink, const Metadata& metadata) {
  sink.put('{');
  bool comma = false;
  for (auto entry = metadata.begin(); entry != metadata.end(); ++entry) {
    const std::string& key = entry->first;
    const auto same_key = [&key](const Metadata::value_type& other) { return other.first == key; };
    if (std::any_of(metadata.begin(), entry, same_key)) continue;
    if (std::exchange(comma, true)) sink.put(',');
    sink.string(key, false);
    sink.put(std::string_view(":["));
    bool inner_comma = false;
    for (auto other = entry; other != metadata.end(); ++other) {
      if (!same_key(*other)) continue;
      if (std::exchange(inner_comma, true)) sink.put(',');
      if (is_binary(key)) {
        sink.put('"');
        sink.advance(write_base64(as_bytes(other->second), sink.room(base64_size(other->second.size()))));
        sink.put('"');
      } else {
        sink.string(other->second, false);
      }
    }
    sink.put(']');
  }
  sink.put('}');
}

/// Writes `,"polyrpc":{` before the first part, commas between the others, and the end.
class Parts {
 public:
  explicit Parts(Sink& sink) noexcept : sink_(sink) {}

  void begin(std::string_view name) {
    open();
    if (std::exchange(comma_, true)) sink_.put(',');
    if (name.empty()) return;
    sink_.put('"');
    sink_.put(name);
    sink_.put(std::string_view("\":"));
  }
  void open() {
    if (std::exchange(open_, true)) return;
    sink_.put(std::string_view(",\""));
    sink_.put(extension_name);
    sink_.put(std::string_view("\":{"));
  }
  void end() {
    if (open_) sink_.put('}');
  }

 private:
  Sink& sink_;
  bool open_ = false;
  bool comma_ = false;
};

}  // namespace

Status read_request_extension(std::string_view extension, const CodecLimits& limits,
                              std::optional<std::chrono::nanoseconds>& timeout, Metadata& metadata) {
  Status status;
  for_each_member(extension, limits, [&](std::string_view name, std::string_view raw) {
    if (!status.ok()) return;
    if (name == "timeout_ns") {
      std::int64_t nanoseconds = 0;
      if (parse_integer(raw, nanoseconds) != Parsed::ok)
        status = Status::invalid_argument("jsonrpc: the timeout is not an integer");
      else
        timeout = std::chrono::nanoseconds((std::max)(nanoseconds, std::int64_t{0}));
    } else if (name == "metadata") {
      status = read_metadata(raw, limits, metadata);
    }
  });
  return status;
}

void write_request_extension(Sink& sink, std::optional<std::chrono::nanoseconds> timeout, const Metadata& metadata) {
  Parts parts(sink);
  if (timeout) {
    parts.begin("timeout_ns");
    sink.integer(std::int64_t{timeout->count()});
  }
  if (!metadata.empty()) {
    parts.begin("metadata");
    write_metadata(sink, metadata);
  }
  parts.end();
}

Status read_reply_extension(std::string_view extension, const CodecLimits& limits, Metadata& headers,
                            Metadata& trailers, Status& status) {
  Status problem;
  StatusCode code = StatusCode::ok;
  std::string_view details;
  for_each_member(extension, limits, [&](std::string_view name, std::string_view raw) {
    if (!problem.ok()) return;
    if (name == "metadata") problem = read_metadata(raw, limits, headers);
    if (name == "trailers") problem = read_metadata(raw, limits, trailers);
    if (name == "code") code = status_code_from_string(text_of(raw, limits)).value_or(StatusCode::ok);
    if (name == "details") details = raw;
  });
  if (!problem.ok() || status.ok()) return problem;
  if (code != StatusCode::ok) status = Status(code, status.message(), Origin::remote);
  return details.empty() ? Status() : read_details(details, limits, status);
}

void write_reply_extension(Sink& sink, const Metadata* headers, const Metadata* trailers, const Status* status,
                           bool announce) {
  Parts parts(sink);
  if (announce) parts.open();
  if (headers != nullptr && !headers->empty()) {
    parts.begin("metadata");
    write_metadata(sink, *headers);
  }
  if (trailers != nullptr && !trailers->empty()) {
    parts.begin("trailers");
    write_metadata(sink, *trailers);
  }
  if (status != nullptr && !status->ok()) {
    if (status->code() != StatusCode::unknown) {
      parts.begin("code");
      sink.string(to_string(status->code()), false);
    }
    if (!status->details().empty()) {
      parts.begin({});
      if (!write_details(sink, *status)) sink.put(std::string_view("\"details\":[]"));
    }
  }
  parts.end();
}

}  // namespace polyrpc::json
