#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/codec.hpp"

#include "rpc_envelope.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

/// Flow control of a streaming call. Each side may send as long as it has credit left, of which a message costs its
/// body's length and a little more, so that empty ones cost something too. The last one may be larger than what is
/// left: what waits unread is never more than a window and one message.
namespace polyrpc::protobuf::detail {

constexpr std::int64_t window = std::int64_t{64} << 10;  ///< the credit that a call begins with, each way

constexpr std::int64_t cost_of(std::size_t body) noexcept { return static_cast<std::int64_t>(body) + 32; }

/// Messages that wait to be read.
class Inbox {
 public:
  /// False: the peer had no credit left, and the message was not taken.
  bool put(std::span<const std::byte> body, const BodyForm& form);
  /// Whatever the credit.
  void put_last(std::span<const std::byte> body, const BodyForm& form);
  void end() noexcept { ended_ = true; }
  bool ended() const noexcept { return ended_; }
  /// Forgets what waits, and takes nothing more.
  void close() noexcept;

  /// Views in `into` live until the next message is put or pulled.
  Result<Pulled> pull(const Settings& settings, MessageSlot into);

  /// Whether somebody was told that there is nothing, since this was last asked.
  bool was_hungry() noexcept { return std::exchange(hungry_, false); }
  void note_hunger() const noexcept { hungry_ = true; }

  /// Whether the peer should be given more now.
  bool owes_credit() const noexcept { return !ended_ && ungranted_ >= window / 2; }
  /// What to give; it counts as given.
  std::uint64_t grant() noexcept;

 private:
  ByteQueue bytes_;          // of each message its size, its form and its body
  ByteQueue unpacked_;       // of the message that was pulled last
  std::size_t reading_ = 0;  // bytes of that message, still in the queue
  std::int64_t credit_ = window;
  std::int64_t ungranted_ = 0;
  bool ended_ = false;
  mutable bool hungry_ = false;
};

/// Envelopes on their way out.
class Outbox {
 public:
  bool has_room() const noexcept { return credit_ > 0 && waiting_.empty(); }
  void spend(std::size_t body) noexcept { credit_ -= cost_of(body); }
  /// Adds what the peer gives and moves what may go now to `ready`.
  void add_credit(std::uint64_t credit, ByteQueue& ready);

  bool empty() const noexcept { return waiting_.empty(); }
  void clear() noexcept { waiting_.release(); }
  /// Lets `write` append an envelope to the queue that it is given, where it waits for credit. It returns the length of
  /// the body; an error leaves all as it was.
  template <class Write>
  Status wait(Write write) {
    return put(write, [](std::size_t body) { return cost_of(body); });
  }
  /// The same for an envelope that costs nothing, but must not overtake what waits.
  template <class Write>
  Status wait_free(Write write) {
    return put(write, [](std::size_t) { return std::int64_t{0}; });
  }

 private:
  struct Mark {
    std::uint64_t size;
    std::int64_t cost;
  };

  template <class Write, class Cost>
  Status put(Write& write, Cost cost);

  ByteQueue waiting_;  // of each envelope a mark and its bytes
  std::int64_t credit_ = window;
};

template <class Write, class Cost>
Status Outbox::put(Write& write, Cost cost) {
  const std::size_t start = waiting_.size();
  Mark mark{};
  waiting_.append(&mark, sizeof mark);
  const Result<std::size_t> body = write(waiting_);
  if (!body.ok()) {
    waiting_.truncate(start);
    return body.status();
  }
  mark.size = waiting_.size() - start - sizeof mark;
  mark.cost = cost(*body);
  std::memcpy(waiting_.data() + start, &mark, sizeof mark);
  return {};
}

}  // namespace polyrpc::protobuf::detail
