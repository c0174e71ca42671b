#include "receive.hpp"

#include "errors.hpp"

#include <algorithm>

namespace polyrpc::gob::detail {

Cut ReceiveStream::find(std::span<const std::byte> input, Extent& extent) {
  if (error_ != nullptr) return Cut::bad;
  if (input.size() < wanted_) return Cut::more;
  wanted_ = 0;
  Reader reader;
  reader.limit = input.data() + input.size();
  reader.cur = reader.end = input.data() + seen_;
  const auto position = [&](const std::byte* place) { return static_cast<std::size_t>(place - input.data()); };

  if (!skipping_) {
    for (;;) {
      const Cut cut = reader.next_message(context_.limits.message_bytes, wanted_);
      if (cut == Cut::bad) return broken(reader.error);
      if (cut == Cut::more) {
        wanted_ += seen_;
        switch (look_at_id(reader.end, reader.limit)) {
          case Cut::bad:
            return broken(unknown_type);
          case Cut::more:
            wanted_ = input.size() + 1;
            return cut;
          case Cut::done:
            return cut;
        }
      }
      std::int64_t wide_id = 0;
      if (!reader.get_int(wide_id)) return broken(reader.error);
      if (wide_id >= 0) {
        if (wide_id > 0x7FFFFFFF) return broken(unknown_type);
        open_.wire = static_cast<std::int32_t>(wide_id);
        break;
      }
      if (defined_id(wide_id) < id::first_user) return broken(unknown_type);  // as look_at_id says it
      if (!dictionary_.define(reader, defined_id(wide_id))) return broken(reader.error);
      if (reader.cur != reader.end) return broken("gob: extra data in buffer");
      seen_ = position(reader.end);
    }
    open_.begin = position(reader.cur);
    open_.message_end = open_.end = seen_ = position(reader.end);
    switch (dictionary_.may_split(open_.wire)) {
      case WireTypes::Split::undefined:
        return broken(unknown_type);
      case WireTypes::Split::no:
        extent = open_;
        return Cut::done;
      case WireTypes::Split::yes:
        break;
    }
    if (skipper_ == nullptr) skipper_ = std::make_unique<Skipper>(dictionary_, context_.limits);
    skipping_ = true;
    if (!skipper_->start_top(reader, open_.wire)) return broken(reader.error);
  }

  const Cut cut = skipper_->run(reader, Skipper::Definitions::collect, wanted_);
  if (cut == Cut::bad) return broken(reader.error);
  seen_ = position(reader.end);
  if (cut == Cut::more) {
    wanted_ += seen_;
    return cut;
  }
  skipping_ = false;
  skipper_->reset();
  if (reader.cur != reader.end) return broken("gob: extra data behind a value");
  open_.end = seen_;
  extent = open_;
  return Cut::done;
}

// What speaks another protocol is told by its first type id, without waiting for as much as its first byte claims.
Cut ReceiveStream::look_at_id(const std::byte* message, const std::byte* limit) const noexcept {
  Reader reader;
  reader.cur = message;
  reader.end = limit;
  std::uint64_t size = 0;
  std::int64_t wide_id = 0;
  if (!reader.get_uint(size) || !reader.get_int(wide_id)) return Cut::more;
  if (wide_id < 0) return defined_id(wide_id) < id::first_user ? Cut::bad : Cut::done;
  if (wide_id > 0x7FFFFFFF) return Cut::bad;
  const auto known = static_cast<std::int32_t>(wide_id);
  return WireTypes::is_basic(known) || dictionary_.types().find(known) != nullptr ? Cut::done : Cut::bad;
}

void ReceiveStream::consumed(std::size_t count) noexcept {
  seen_ -= (std::min)(count, seen_);
  wanted_ -= (std::min)(count, wanted_);
  open_.begin -= (std::min)(count, open_.begin);
  open_.message_end -= (std::min)(count, open_.message_end);
}

Status ReceiveStream::decode(std::span<const std::byte> input, const Extent& extent, MessageSlot into) {
  Decoding decoding(dictionary_, *context_.options.types, context_.limits);
  Status status = decoding.run(extent.wire, input.data() + extent.begin, input.data() + extent.message_end,
                               input.data() + extent.end, into);
  if (!status.ok() && decoding.malformed()) error_ = "gob: malformed value";
  return status;
}

}  // namespace polyrpc::gob::detail
