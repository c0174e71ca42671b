#include "rpc_envelope.hpp"

#include "rpc_checksum.hpp"
#include "rpc_snappy.hpp"

#include <algorithm>
#include <cstring>

namespace polyrpc::protobuf::detail {

namespace {

/// The fields that both headers have alike. False: it is none of them.
template <class Header>
bool take_common(const Fields& fields, Header& header, std::string_view& text) noexcept {
  // Go keeps the low half of a number that is too long for its uint32.
  const auto low = [&] { return static_cast<std::uint32_t>(fields.number()); };
  switch (fields.key()) {
    case key_of(1, Wire::varint):
      header.id = fields.number();
      return true;
    case key_of(2, Wire::length):
      text = fields.text();
      return true;
    case key_of(3, Wire::varint):
      header.form.raw = low();
      return true;
    case key_of(4, Wire::varint):
      header.form.packed = low();
      return true;
    case key_of(5, Wire::varint):
      header.form.checksum = low();
      return true;
    default:
      return false;
  }
}

bool take_entry(std::span<const std::byte> bytes, std::vector<Entry>& entries) {
  Entry entry;
  Fields fields(bytes);
  while (fields.next()) {
    if (fields.key() == key_of(1, Wire::length)) entry.first = fields.text();
    if (fields.key() == key_of(2, Wire::length)) entry.second = fields.text();
  }
  entries.push_back(entry);
  return fields.sound();
}

}  // namespace

void RequestHeader::clear() noexcept {
  id = 0;
  method = {};
  form = {};
  timeout = 0;
  metadata.clear();
  frame = 0;
  one_way = false;
  credit = 0;
}

bool RequestHeader::read(std::span<const std::byte> bytes) {
  clear();
  Fields fields(bytes);
  while (fields.next()) {
    if (take_common(fields, *this, method)) continue;
    switch (fields.key()) {
      case key_of(request_field::timeout, Wire::varint):
        timeout = fields.number();
        break;
      case key_of(request_field::metadata, Wire::length):
        if (!take_entry(fields.bytes(), metadata)) return false;
        break;
      case key_of(request_field::frame, Wire::varint):
        frame = fields.number();
        break;
      case key_of(request_field::one_way, Wire::varint):
        one_way = fields.number() != 0;
        break;
      case key_of(request_field::credit, Wire::varint):
        credit = fields.number();
        break;
      case key_of(request_field::method, Wire::length):
        method = fields.text();
        break;
      default:
        break;
    }
  }
  return fields.sound();
}

void ReplyHeader::clear() noexcept {
  id = 0;
  error = {};
  form = {};
  code = 0;
  headers.clear();
  trailers.clear();
  details.clear();
  frame = 0;
  credit = 0;
}

bool ReplyHeader::read(std::span<const std::byte> bytes) {
  clear();
  Fields fields(bytes);
  while (fields.next()) {
    if (take_common(fields, *this, error)) continue;
    switch (fields.key()) {
      case key_of(reply_field::code, Wire::varint):
        code = fields.number();
        break;
      case key_of(reply_field::headers, Wire::length):
        if (!take_entry(fields.bytes(), headers)) return false;
        break;
      case key_of(reply_field::trailers, Wire::length):
        if (!take_entry(fields.bytes(), trailers)) return false;
        break;
      case key_of(reply_field::details, Wire::length):
        if (!take_entry(fields.bytes(), details)) return false;
        break;
      case key_of(reply_field::frame, Wire::varint):
        frame = fields.number();
        break;
      case key_of(reply_field::credit, Wire::varint):
        credit = fields.number();
        break;
      default:
        break;
    }
  }
  return fields.sound();
}

std::size_t wire_size(const std::vector<Entry>& entries) noexcept {
  constexpr std::size_t overhead = 32;
  std::size_t size = 0;
  for (const auto& [key, value] : entries) size += key.size() + value.size() + overhead;
  return size;
}

void take_entries(const std::vector<Entry>& entries, Metadata& metadata) {
  for (const auto& [key, value] : entries) metadata.add(key, value);
}

void put_entry(ByteQueue& to, std::uint32_t field, std::string_view first, std::string_view second) {
  put_varint(to, key_of(field, Wire::length));
  put_varint(to, 2 + varint_size(first.size()) + first.size() + varint_size(second.size()) + second.size());
  put_text(to, 1, first);
  put_text(to, 2, second);
}

void put_metadata(ByteQueue& to, std::uint32_t field, const Metadata& metadata) {
  for (const auto& [key, value] : metadata) put_entry(to, field, key, value);
}

namespace {

std::size_t size_of_number(std::uint64_t value) noexcept { return value == 0 ? 0 : 1 + varint_size(value); }

std::byte* put_small_number(std::byte* to, std::uint32_t field, std::uint64_t value) noexcept {
  if (value == 0) return to;
  *to++ = static_cast<std::byte>(key_of(field, Wire::varint));
  return put_varint(to, value);
}

std::byte* put_bytes(std::byte* to, std::string_view bytes) noexcept {
  copy_bytes(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

/// The frame with the header and the length of the body's frame.
class Front {
 public:
  Front(const Head& head, const BodyForm& form, std::size_t body) noexcept
      : head_(head),
        form_(form),
        body_(body),
        header_(
            size_of_number(head.id) + (head.text.empty() ? 0 : 1 + varint_size(head.text.size()) + head.text.size()) +
            size_of_number(form.raw) + size_of_number(form.packed) + size_of_number(form.checksum) + head.more.size()) {
  }

  std::size_t header_size() const noexcept { return header_; }
  std::size_t size() const noexcept { return varint_size(header_) + header_ + varint_size(body_); }
  void put(std::byte* to) const noexcept {
    to = put_varint(to, header_);
    to = put_small_number(to, 1, head_.id);
    if (!head_.text.empty()) {
      *to++ = static_cast<std::byte>(key_of(2, Wire::length));
      to = put_bytes(put_varint(to, head_.text.size()), head_.text);
    }
    to = put_small_number(to, 3, form_.raw);
    to = put_small_number(to, 4, form_.packed);
    to = put_small_number(to, 5, form_.checksum);
    to = put_bytes(to, head_.more);
    put_varint(to, body_);
  }

 private:
  const Head& head_;
  const BodyForm form_;
  const std::size_t body_;
  const std::size_t header_;
};

/// Takes back what was appended, unless it is kept.
class Undo {
 public:
  explicit Undo(ByteQueue& output) noexcept : output_(output), size_(output.size()) {}
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;
  ~Undo() {
    if (!kept_) output_.truncate(size_);
  }
  void keep() noexcept { kept_ = true; }

 private:
  ByteQueue& output_;
  const std::size_t size_;
  bool kept_ = false;
};

}  // namespace

Result<std::size_t> write_envelope(const Settings& settings, const Head& head, MessageRef body, ByteQueue& output) {
  Undo undo(output);
  const std::size_t start = output.size();
  // The header tells the body's length, so the body is written first, behind room for the longest header.
  constexpr BodyForm longest{UINT32_MAX, UINT32_MAX, UINT32_MAX};
  const std::size_t room = Front(head, longest, UINT32_MAX).size();
  output.prepare(room);
  output.commit(room);
  if (body.object != nullptr) {
    if (Status status = settings.format().encode(body, output); !status.ok()) return status;
  }
  std::size_t begin = start + room;
  std::size_t size = output.size() - begin;
  if (most_packed(size) > UINT32_MAX)
    return Status::resource_exhausted("protorpc: a message of " + std::to_string(size) + " bytes does not fit");

  BodyForm form;
  form.raw = static_cast<std::uint32_t>(size);
  const auto& compress_from = settings.options.compress_from;
  if (compress_from && size >= *compress_from) {
    pack(begin, size, output);
    begin += size;
    size = output.size() - begin;
    form.packed = static_cast<std::uint32_t>(size);
  }
  if (settings.options.checksum) form.checksum = crc32(output.readable().subspan(begin, size));

  const Front front(head, form, size);
  if (front.header_size() > head.most)
    return Status::resource_exhausted("protorpc: a header of " + std::to_string(front.header_size()) +
                                      " bytes is longer than the " + std::to_string(head.most) +
                                      " that are to be sent");
  front.put(output.data() + start);
  const std::size_t body_begin = start + front.size();
  if (size != 0) std::memmove(output.data() + body_begin, output.data() + begin, size);
  output.truncate(body_begin + size);
  undo.keep();
  return size;
}

void write_bare(const Head& head, ByteQueue& output) {
  const Front front(head, BodyForm(), 0);
  front.put(output.prepare(front.size()).data());
  output.commit(front.size());
}

Status read_body(const Settings& settings, std::span<const std::byte> bytes, const BodyForm& form, ByteQueue& unpacked,
                 MessageSlot into) {
  // As Go reads it: no length at all says nothing, else the longer one holds.
  if (form.longest() != 0 && bytes.size() > form.longest())
    return Status::invalid_argument("protorpc: a body of " + std::to_string(bytes.size()) +
                                    " bytes, and its header says " + std::to_string(form.longest()));
  if (form.checksum != 0 && crc32(bytes) != form.checksum) return Status::data_loss("protorpc: unexpected checksum");
  if (form.packed != 0) {
    if (Status status = unpack(bytes, settings.limits.message_bytes, unpacked); !status.ok()) return status;
    if (unpacked.size() != form.raw)
      return Status::invalid_argument("protorpc: a body of " + std::to_string(unpacked.size()) +
                                      " bytes, compressed, and its header says " + std::to_string(form.raw));
    bytes = unpacked.readable();
  }
  return settings.format().decode(bytes, into, settings.limits);
}

template <class Header>
typename Cutter<Header>::State Cutter<Header>::cut(ByteQueue& input, Header& header) {
  if (!failure_.ok()) return State::broken;
  if (taken_ != 0) {
    input.consume(std::exchange(taken_, 0));
    body_ = {};
    unpacked_.recycle(kept_bytes);
    known_ = 0;
  }
  const std::span<const std::byte> bytes = input.readable();
  if (known_ == 0) {
    std::size_t at = 0;
    std::uint64_t size = 0;
    const Varint got = get_varint(bytes, at, size);
    if (got == Varint::more) return State::more;
    if (got == Varint::bad) return broken(Status::invalid_argument("protorpc: a header's length is no number"));
    if (size > most_header_)
      return broken(Status::resource_exhausted("protorpc: a header of " + std::to_string(size) +
                                               " bytes is longer than the limit"));
    header_begin_ = at;
    header_end_ = known_ = at + static_cast<std::size_t>(size);
    body_begin_ = 0;
  }
  if (bytes.size() < header_end_) return State::more;
  if (body_begin_ == 0) {
    // At once, so that a peer that speaks something else is found out before its body has come.
    if (!header.read(bytes.subspan(header_begin_, header_end_ - header_begin_)))
      return broken(Status::invalid_argument("protorpc: a header that is no protobuf"));
    std::size_t at = header_end_;
    std::uint64_t size = 0;
    const Varint got = get_varint(bytes, at, size);
    if (got == Varint::more) return State::more;
    if (got == Varint::bad) return broken(Status::invalid_argument("protorpc: a body's length is no number"));
    const std::size_t most = settings_.limits.message_bytes;
    if (size > (header.form.packed != 0 ? most_packed(most) : most)) {
      failure_ =
          Status::resource_exhausted("protorpc: a body of " + std::to_string(size) + " bytes is longer than the limit");
      return State::oversized;
    }
    body_begin_ = at;
    known_ = at + static_cast<std::size_t>(size);
    if (bytes.size() < known_) return State::more;
  } else {
    if (bytes.size() < known_) return State::more;
    (void)header.read(bytes.subspan(header_begin_, header_end_ - header_begin_));  // again: the input may have moved
  }
  taken_ = known_;
  body_ = bytes.subspan(body_begin_, known_ - body_begin_);
  form_ = header.form;
  return State::done;
}

template class Cutter<RequestHeader>;
template class Cutter<ReplyHeader>;

}  // namespace polyrpc::protobuf::detail
