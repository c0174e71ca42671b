#include "rpc_flow.hpp"

#include <algorithm>

namespace polyrpc::protobuf::detail {

namespace {

struct Waiting {
  std::uint64_t size;  // of the body
  BodyForm form;
};

}  // namespace

bool Inbox::put(std::span<const std::byte> body, const BodyForm& form) {
  if (credit_ <= 0) return false;
  credit_ -= cost_of(body.size());
  put_last(body, form);
  return true;
}

void Inbox::put_last(std::span<const std::byte> body, const BodyForm& form) {
  if (reading_ != 0) bytes_.consume(std::exchange(reading_, 0));
  const Waiting waiting{body.size(), form};
  bytes_.append(&waiting, sizeof waiting);
  bytes_.append(body);
}

void Inbox::close() noexcept {
  bytes_.release();
  reading_ = 0;
  ended_ = true;
}

Result<Pulled> Inbox::pull(const Settings& settings, MessageSlot into) {
  if (reading_ != 0) bytes_.consume(std::exchange(reading_, 0));
  if (bytes_.empty()) {
    bytes_.recycle(kept_bytes);
    unpacked_.recycle(kept_bytes);
    if (ended_) return Pulled::end;
    hungry_ = true;
    return Pulled::nothing;
  }
  Waiting waiting;
  std::memcpy(&waiting, bytes_.data(), sizeof waiting);
  const auto size = static_cast<std::size_t>(waiting.size);
  const std::span<const std::byte> body = bytes_.readable().subspan(sizeof waiting, size);
  reading_ = sizeof waiting + size;
  ungranted_ += cost_of(size);
  if (Status status = read_body(settings, body, waiting.form, unpacked_, into); !status.ok()) return status;
  return Pulled::message;
}

std::uint64_t Inbox::grant() noexcept {
  const std::int64_t given = std::exchange(ungranted_, 0);
  credit_ += given;
  return static_cast<std::uint64_t>(given);
}

void Outbox::add_credit(std::uint64_t credit, ByteQueue& ready) {
  constexpr std::int64_t most = std::int64_t{1} << 48;  // more than anybody can use
  credit_ = (std::min)(most, credit_ + static_cast<std::int64_t>((std::min)(credit, static_cast<std::uint64_t>(most))));
  while (!waiting_.empty()) {
    Mark mark;
    std::memcpy(&mark, waiting_.data(), sizeof mark);
    if (mark.cost > 0 && credit_ <= 0) return;
    const auto size = static_cast<std::size_t>(mark.size);
    ready.append(waiting_.readable().subspan(sizeof mark, size));
    waiting_.consume(sizeof mark + size);
    credit_ -= mark.cost;
  }
  waiting_.release();
}

}  // namespace polyrpc::protobuf::detail
