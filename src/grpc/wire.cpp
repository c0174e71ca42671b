#include "wire.hpp"

#include "polyrpc/runtime/http_metadata.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace polyrpc::grpc {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view hex_digits = "0123456789ABCDEF";

/// How many bytes of `text` make its first character; 0 if they are not UTF-8 (Unicode, table 3-7).
std::size_t character_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return follows(1) ? 2 : 0;
  if (first < 0xF0) {
    if (!follows(1) || !follows(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (first > 0xF4 || !follows(1) || !follows(2) || !follows(3)) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return 4;
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

char lowered(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Calls for each element of a comma-separated list until true is returned; returns whether that happened.
template <class Visit>
bool any_element(std::string_view list, Visit visit) {
  for (;;) {
    const std::size_t comma = list.find(',');
    if (visit(trimmed(list.substr(0, comma)))) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

// ---- protobuf, as much as google.rpc.Status needs ----

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}
void append_field(std::string& out, unsigned number, std::string_view bytes) {
  if (bytes.empty()) return;
  append_varint(out, number << 3 | 2u);
  append_varint(out, bytes.size());
  out.append(bytes);
}

struct ProtoField {
  std::uint64_t number = 0;
  std::string_view bytes;  // of length-delimited ones
};

std::optional<std::uint64_t> read_varint(std::string_view& from) noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 70 && !from.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    value |= shift == 63 ? (byte & 1ull) << 63 : (byte & 0x7Full) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

/// The next field; nothing if there is none that could be read. Groups are not read: google.rpc.Status has none.
std::optional<ProtoField> read_field(std::string_view& from) noexcept {
  const auto tag = read_varint(from);
  if (!tag || *tag >> 3 == 0 || *tag >> 32 != 0) return std::nullopt;
  ProtoField field;
  field.number = *tag >> 3;
  std::size_t length = 0;
  switch (*tag & 7) {
    case 0:
      if (!read_varint(from)) return std::nullopt;
      field.number = 0;  // no varint is asked for
      return field;
    case 1:
      length = 8;
      break;
    case 2: {
      const auto claimed = read_varint(from);
      if (!claimed || *claimed > from.size()) return std::nullopt;
      length = static_cast<std::size_t>(*claimed);
      break;
    }
    case 5:
      length = 4;
      break;
    default:
      return std::nullopt;
  }
  if (length > from.size()) return std::nullopt;
  if ((*tag & 7) == 2)
    field.bytes = from.substr(0, length);
  else
    field.number = 0;
  from.remove_prefix(length);
  return field;
}

}  // namespace

std::string to_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    result.append(length != 0 ? text.substr(0, length) : replacement);
    text.remove_prefix((std::max)(length, std::size_t{1}));
  }
  return result;
}

std::string percent_encode(std::string_view text) {
  std::string valid;
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    text = valid = to_utf8(text);
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool at_end = i == 0 || i + 1 == text.size();
    if (c >= ' ' && c <= '~' && c != '%' && !(c == ' ' && at_end)) {
      result.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result.push_back('%');
    result.push_back(hex_digits[byte >> 4]);
    result.push_back(hex_digits[byte & 15]);
  }
  return result;
}

std::string percent_decode(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        result.push_back(static_cast<char>(high << 4 | low));
        i += 2;
        continue;
      }
    }
    result.push_back(text[i]);
  }
  return result;
}

std::string encode_status(const Status& status) {
  std::string out;
  if (!status.ok()) {
    append_varint(out, 1u << 3);
    append_varint(out, static_cast<std::uint64_t>(status.code()));
  }
  append_field(out, 2, to_utf8(status.message()));
  for (const StatusDetail& detail : status.details()) {
    std::string any;
    append_field(any, 1, to_utf8(detail.type_url));
    append_field(any, 2, detail.value);
    append_varint(out, 3u << 3 | 2u);
    append_varint(out, any.size());
    out.append(any);
  }
  return out;
}

Status add_details(std::string_view encoded, Status& status) {
  std::vector<StatusDetail> details;
  while (!encoded.empty()) {
    const auto field = read_field(encoded);
    if (!field) return Status::invalid_argument("grpc: the status details are broken");
    if (field->number != 3) continue;
    StatusDetail detail;
    for (std::string_view any = field->bytes; !any.empty();) {
      const auto part = read_field(any);
      if (!part) return Status::invalid_argument("grpc: the status details are broken");
      if (part->number == 1) detail.type_url = part->bytes;
      if (part->number == 2) detail.value = part->bytes;
    }
    details.push_back(std::move(detail));
  }
  for (StatusDetail& detail : details) status.add_detail(std::move(detail));
  return {};
}

std::string_view code_text(StatusCode code) noexcept {
  static constexpr std::array<std::string_view, 17> texts{"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                                          "9", "10", "11", "12", "13", "14", "15", "16"};
  const auto number = static_cast<std::size_t>(code);
  return number < texts.size() ? texts[number] : texts[2];
}

std::optional<StatusCode> parse_code(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  std::int64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = (std::min)(number * 10 + (c - '0'), std::int64_t{1000});
  }
  return status_code_from_number(number);
}

StatusCode code_of_http(int http_status) noexcept {
  switch (http_status) {
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

StatusCode code_of_reset(std::uint32_t error_code) noexcept {
  switch (error_code) {
    case 0x7:  // REFUSED_STREAM
      return StatusCode::unavailable;
    case 0x8:  // CANCEL
      return StatusCode::cancelled;
    case 0xB:  // ENHANCE_YOUR_CALM
      return StatusCode::resource_exhausted;
    case 0xC:  // INADEQUATE_SECURITY
      return StatusCode::permission_denied;
    default:
      return StatusCode::internal;
  }
}

std::string reset_text(std::uint32_t error_code) {
  static constexpr std::array<std::string_view, 14> names{"NO_ERROR",
                                                          "PROTOCOL_ERROR",
                                                          "INTERNAL_ERROR",
                                                          "FLOW_CONTROL_ERROR",
                                                          "SETTINGS_TIMEOUT",
                                                          "STREAM_CLOSED",
                                                          "FRAME_SIZE_ERROR",
                                                          "REFUSED_STREAM",
                                                          "CANCEL",
                                                          "COMPRESSION_ERROR",
                                                          "CONNECT_ERROR",
                                                          "ENHANCE_YOUR_CALM",
                                                          "INADEQUATE_SECURITY",
                                                          "HTTP_1_1_REQUIRED"};
  return error_code < names.size() ? std::string(names[error_code]) : std::to_string(error_code);
}

Result<std::chrono::nanoseconds> parse_timeout(std::string_view text) {
  if (const auto timeout = http::parse_timeout(text)) return *timeout;
  return Status::invalid_argument("grpc: malformed grpc-timeout \"" + std::string(text.substr(0, 32)) + "\"");
}

std::optional<std::string_view> content_subtype(std::string_view content_type) noexcept {
  constexpr std::string_view base = "application/grpc";
  if (content_type.size() < base.size()) return std::nullopt;
  for (std::size_t i = 0; i < base.size(); ++i)
    if (lowered(content_type[i]) != base[i]) return std::nullopt;
  std::string_view rest = content_type.substr(base.size());
  rest = rest.substr(0, rest.find(';'));
  if (rest.starts_with('+')) {
    rest = trimmed(rest.substr(1));
    if (rest.empty()) return std::nullopt;
    return rest;
  }
  if (!trimmed(rest).empty()) return std::nullopt;
  return std::string_view();
}

bool accepts_encoding(std::string_view list, std::string_view encoding) noexcept {
  return encoding == "identity" || any_element(list, [&](std::string_view name) { return name == encoding; });
}

const Compressor* choose_compressor(const Compressors& ours, std::string_view list) noexcept {
  for (const auto& compressor : ours)
    if (accepts_encoding(list, compressor->name())) return compressor.get();
  return nullptr;
}

std::string accept_encoding(const Compressors& ours) {
  std::string list = "identity";
  for (const auto& compressor : ours) list.append(",").append(compressor->name());
  return list;
}

std::string path_of(std::string_view method) {
  if (method.starts_with('/')) return std::string(method);
  std::string path = "/";
  path.append(method);
  if (method.find('/') != std::string_view::npos) return path;
  if (const std::size_t dot = path.rfind('.'); dot != std::string::npos) path[dot] = '/';
  return path;
}

bool is_reserved(std::string_view name) noexcept {
  if (name.empty() || name.front() == ':' || name.starts_with("grpc-")) return true;
  static constexpr std::array<std::string_view, 11> names{
      "content-type", "te",         "connection", "keep-alive", "proxy-connection", "transfer-encoding",
      "upgrade",      "user-agent", "host",       "trailer",    "content-length"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

Status check_outgoing(const Metadata& metadata) {
  if (Status checked = check_metadata(metadata); !checked.ok()) return checked;
  for (const auto& [key, value] : metadata)
    if (is_reserved(key)) return Status::invalid_argument("grpc: metadata key \"" + key + "\" is reserved");
  return {};
}

std::string encode_value(std::string_view key, std::string_view value) {
  if (key.ends_with("-bin")) return http::to_base64(value);
  return std::string(trimmed(value));  // whitespace at the ends is not HTTP's to carry
}

Status add_header(Metadata& metadata, std::string_view name, std::string_view value) {
  if (!name.ends_with("-bin")) {
    metadata.add(name, trimmed(value));
    return {};
  }
  const bool broken = any_element(value, [&](std::string_view part) {
    const auto bytes = http::from_base64(part);
    if (bytes) metadata.add(name, *bytes);
    return !bytes.has_value();
  });
  if (!broken) return {};
  return Status::invalid_argument("grpc: the value of header \"" + std::string(name.substr(0, 64)) +
                                  "\" is not base64");
}

namespace {

constexpr std::size_t large = std::size_t{64} << 10;
constexpr std::size_t slack = 64;  // so that memory is enough for a message that is a little larger
constexpr std::size_t spare_bytes = std::size_t{16} << 20;

struct Spares {
  ByteQueue take(std::size_t i) noexcept {
    ByteQueue taken(std::move(list[i]));
    bytes -= taken.capacity();
    if (i != --count) list[i] = std::move(list[count]);
    return taken;
  }

  std::array<ByteQueue, 16> list;
  std::size_t count = 0;
  std::size_t bytes = 0;
};

Spares& spares() noexcept {
  static thread_local Spares all;
  return all;
}

}  // namespace

void give_spare(ByteQueue&& memory) noexcept {
  ByteQueue taken(std::move(memory));
  if (taken.capacity() <= large || taken.capacity() > spare_bytes) return;
  Spares& all = spares();
  while (all.count == all.list.size() || all.bytes + taken.capacity() > spare_bytes) {
    // The smallest goes: it is of use to the fewest.
    const auto end = all.list.begin() + static_cast<std::ptrdiff_t>(all.count);
    const auto least = std::min_element(
        all.list.begin(), end, [](const ByteQueue& a, const ByteQueue& b) { return a.capacity() < b.capacity(); });
    if (least->capacity() >= taken.capacity()) return;
    static_cast<void>(all.take(static_cast<std::size_t>(least - all.list.begin())));
  }
  taken.clear();
  all.bytes += taken.capacity();
  all.list[all.count++] = std::move(taken);
}

void give_large(ByteQueue& queue) noexcept {
  if (queue.capacity() > large) give_spare(std::exchange(queue, {}));
}

ByteQueue take_spare(std::size_t least, std::size_t most) noexcept {
  Spares& all = spares();
  std::size_t found = all.count;
  for (std::size_t i = 0; i < all.count; ++i) {
    const std::size_t capacity = all.list[i].capacity();
    if (capacity < least || capacity > most) continue;
    if (found == all.count || capacity > all.list[found].capacity()) found = i;
  }
  if (found == all.count) return {};
  return all.take(found);
}

Status append_message(const MessageFormat& format, MessageRef message, const Compressor* compressor, ByteQueue& scratch,
                      ByteQueue& output) {
  const std::size_t start = output.size();
  output.append("\0\0\0\0\0", prefix_bytes);
  Status status;
  if (compressor == nullptr) {
    status = format.encode(message, output);
  } else {
    scratch.clear();
    status = format.encode(message, scratch);
    if (status.ok()) status = compressor->compress(scratch.readable(), output);
  }
  const std::size_t length = output.size() - start - prefix_bytes;
  if (status.ok() && length > (std::numeric_limits<std::uint32_t>::max)())
    status = Status::resource_exhausted("grpc: a message of " + std::to_string(length) + " bytes is too large");
  if (!status.ok()) {
    output.truncate(start);
    return status;
  }
  std::byte* const prefix = output.data() + start;
  prefix[0] = std::byte{compressor != nullptr};
  for (std::size_t i = 0; i < 4; ++i) prefix[1 + i] = static_cast<std::byte>(length >> (24 - 8 * i));
  return {};
}

void MessageReader::reset(std::size_t limit) noexcept {
  bytes_.clear();
  if (bytes_.capacity() > large) give_spare(std::move(bytes_));
  decompressed_.recycle(large);
  compressor_ = nullptr;
  limit_ = limit;
  read_ = next_prefix_ = ready_ = pending_length_ = 0;
  error_ = {};
}

void MessageReader::release() noexcept {
  reset(limit_);
  bytes_.release();
  decompressed_.release();
}

Status MessageReader::append(std::span<const std::byte> bytes) {
  if (!error_.ok()) return error_;
  bytes_.consume(read_);
  next_prefix_ -= std::exchange(read_, 0);
  // Not for a length that is only claimed: what is held stays in proportion to what has come.
  const std::size_t there = bytes_.size() + bytes.size();
  if (there > large && there > bytes_.capacity()) {
    const std::size_t whole = (std::max)(there, next_prefix_ + pending_length_);
    if (ByteQueue spare = take_spare(there, 16 * there); spare.capacity() != 0) {
      spare.append(bytes_.readable());
      std::swap(bytes_, spare);
      give_spare(std::move(spare));
    } else {
      static_cast<void>(bytes_.prepare((std::min)(whole + slack, 4 * there) - bytes_.size()));
    }
  }
  bytes_.append(bytes);
  scan();
  return error_;
}

/// Judges the prefixes that have come, and counts the messages that are whole.
void MessageReader::scan() {
  for (;;) {
    const std::size_t there = bytes_.size() - next_prefix_;
    if (pending_length_ == 0) {
      if (there < prefix_bytes) return;
      const std::byte* const prefix = bytes_.data() + next_prefix_;
      const auto flag = std::to_integer<unsigned>(prefix[0]);
      std::uint32_t length = 0;
      for (std::size_t i = 1; i < prefix_bytes; ++i) length = length << 8 | std::to_integer<std::uint32_t>(prefix[i]);
      if (flag > 1)
        error_ = Status::internal("grpc: a message has the flag " + std::to_string(flag));
      else if (flag == 1 && compressor_ == nullptr)
        error_ = Status::internal("grpc: a message is compressed, and no grpc-encoding was given");
      else if (length > limit_)
        error_ = Status::resource_exhausted("grpc: a message of " + std::to_string(length) +
                                            " bytes is larger than the limit of " + std::to_string(limit_));
      if (!error_.ok()) return bytes_.truncate(next_prefix_);
      pending_length_ = prefix_bytes + length;
    }
    if (there < pending_length_) return;
    next_prefix_ += std::exchange(pending_length_, 0);
    ++ready_;
  }
}

Result<std::span<const std::byte>> MessageReader::next() {
  bytes_.consume(read_);
  next_prefix_ -= std::exchange(read_, 0);
  const std::byte* const prefix = bytes_.data();
  std::size_t length = 0;
  for (std::size_t i = 1; i < prefix_bytes; ++i) length = length << 8 | std::to_integer<std::size_t>(prefix[i]);
  const std::span<const std::byte> message(prefix + prefix_bytes, length);
  read_ = prefix_bytes + length;
  --ready_;
  if (prefix[0] == std::byte{0}) return message;
  decompressed_.clear();
  Status status = compressor_->decompress(message, limit_, decompressed_);
  if (status.ok()) return decompressed_.readable();
  if (status.code() != StatusCode::resource_exhausted) status = Status::internal("grpc: " + status.message());
  return status;
}

Status MessageReader::next(const MessageFormat& format, MessageSlot into, const CodecLimits& limits) {
  const auto message = next();
  if (!message.ok()) return message.status();
  return format.decode(*message, into, limits);
}

}  // namespace polyrpc::grpc
