#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/metadata.hpp"
#include "polyrpc/core/method.hpp"
#include "polyrpc/core/status.hpp"

#include "wire.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace polyrpc::grpc {

/// News of a call that wait to be told.
enum Event : std::uint8_t { readable = 1, writable = 2, over = 4 };

/// One call and the HTTP/2 stream that carries it. Reused.
struct ClientStream {
  using Clock = std::chrono::steady_clock;

  std::uint64_t call = 0;
  CallKind kind = CallKind::unary;
  std::int32_t id = 0;  // 0: not on the wire, or not any more
  std::optional<Clock::time_point> deadline;

  // The request.
  const std::string* path = nullptr;
  std::string own_path;  // behind `path` if nobody else keeps it
  Metadata metadata;     // while it waits
  ByteQueue out;         // messages that are not sent
  bool ended = false;    // `out` is all
  bool eof_sent = false;
  bool deferred = false;  // nghttp2 waits to be told of more
  bool wants_writable = false;

  // The answer.
  MessageReader reader;
  Metadata headers;
  Metadata trailers;
  Status status;
  std::size_t messages = 0;    // whole ones, read or not
  std::size_t uncredited = 0;  // bytes that the stream's window does not have back
  bool has_headers = false;
  bool finished = false;  // `status` is the outcome
  bool never_seen = false;
  bool wants_readable = true;

  std::uint8_t events = 0;
  bool queued = false;
  bool gone = false;  // nobody asks for it any more, but it is still queued
  ClientStream* next = nullptr;

  bool is_streaming() const noexcept { return kind != CallKind::unary; }
};

/// Streams in order, linked through their own members.
class StreamQueue {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  void push(ClientStream& stream) noexcept {
    stream.queued = true;
    stream.next = nullptr;
    (first_ == nullptr ? first_ : last_->next) = &stream;
    last_ = &stream;
  }
  ClientStream* front() const noexcept { return first_; }
  void pop() noexcept {
    first_->queued = false;
    first_ = first_->next;
  }

 private:
  ClientStream* first_ = nullptr;
  ClientStream* last_ = nullptr;
};

/// Streams by the numbers of their calls: open addressing, because calls come and go all the time.
class CallTable {
 public:
  ClientStream* find(std::uint64_t call) const noexcept {
    if (size_ == 0) return nullptr;
    for (std::size_t i = home(call);; i = after(i))
      if (places_[i] == nullptr || places_[i]->call == call) return places_[i];
  }
  void insert(ClientStream& stream) {
    if ((size_ + 1) * 2 > places_.size()) grow();
    put(stream);
    ++size_;
  }
  void erase(std::uint64_t call) noexcept {
    std::size_t hole = home(call);
    while (places_[hole]->call != call) hole = after(hole);
    // What follows without a gap moves up, unless it would come before its home.
    for (std::size_t i = after(hole); places_[i] != nullptr; i = after(i)) {
      if (((i - home(places_[i]->call)) & mask()) < ((i - hole) & mask())) continue;
      places_[hole] = places_[i];
      hole = i;
    }
    places_[hole] = nullptr;
    --size_;
  }
  std::size_t size() const noexcept { return size_; }

 private:
  std::size_t mask() const noexcept { return places_.size() - 1; }
  std::size_t after(std::size_t i) const noexcept { return (i + 1) & mask(); }
  std::size_t home(std::uint64_t call) const noexcept { return static_cast<std::size_t>(call) & mask(); }
  void put(ClientStream& stream) noexcept {
    std::size_t i = home(stream.call);
    while (places_[i] != nullptr) i = after(i);
    places_[i] = &stream;
  }
  void grow() {
    std::vector<ClientStream*> old((std::max)(places_.size() * 2, std::size_t{16}));
    places_.swap(old);
    for (ClientStream* stream : old)
      if (stream != nullptr) put(*stream);
  }

  std::vector<ClientStream*> places_;
  std::size_t size_ = 0;
};

/// Makes streams, and keeps those that are done for the next calls.
class StreamPool {
 public:
  ClientStream& take() {
    if (free_.empty()) {
      if (free_.capacity() <= all_.size()) free_.reserve(all_.size() * 2 + 8);  // so that `give_back` needs no memory
      return all_.emplace_back();
    }
    ClientStream& stream = *free_.back();
    free_.pop_back();
    return stream;
  }
  void give_back(ClientStream& stream) noexcept {
    const bool rich = free_.size() >= rich_streams;
    stream.deadline.reset();
    stream.id = 0;
    stream.own_path.clear();
    stream.metadata.clear();
    stream.out.clear();
    give_large(stream.out);
    if (rich) stream.out.release();
    stream.ended = stream.eof_sent = stream.deferred = stream.wants_writable = false;
    stream.reader.reset(0);
    if (rich) stream.reader.release();
    stream.headers.clear();
    stream.trailers.clear();
    stream.status = {};
    stream.messages = stream.uncredited = 0;
    stream.has_headers = stream.finished = stream.never_seen = stream.gone = false;
    stream.wants_readable = true;
    stream.events = 0;
    free_.push_back(&stream);
  }

 private:
  static constexpr std::size_t rich_streams = 64;  // that keep their buffers
  std::deque<ClientStream> all_;
  std::vector<ClientStream*> free_;
};

}  // namespace polyrpc::grpc
