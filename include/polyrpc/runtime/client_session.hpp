#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/function_ref.hpp"
#include "polyrpc/runtime/client_call.hpp"
#include "polyrpc/runtime/client_framing.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace polyrpc {

class ClientSession;
class StreamCall;

/// What calls know of the connection that they were sent on; a driver's own goes on from here.
struct ClientLink {
  explicit ClientLink(std::unique_ptr<ClientSession> made);
  ClientLink(const ClientLink&) = delete;
  ClientLink& operator=(const ClientLink&) = delete;
  ~ClientLink();

  const std::unique_ptr<ClientSession> session;
  Status lost;  ///< why the connection is gone; streaming calls may still have something to read
};

/// The client's end of one connection without the connection: bytes in, bytes out, and a table of the calls under way.
/// For one thread at a time.
class ClientSession {
 public:
  /// Told of a call of which there is news; its stage says what. `ended`: it is out of the table, with its status and
  /// reply in place. `waiting`: it is out of the table because the server has not begun with it, and is to be sent
  /// again. `sent`: reading, writing or both are worth an attempt; of streaming calls only. Must not call the session.
  using News = FunctionRef<void(ClientCall&)>;

  /// A codec may keep back the rest where there is so much output, and no sooner.
  static constexpr std::size_t full_output = 128 << 10;

  /// `framing` may be null.
  ClientSession(std::unique_ptr<ClientCodec> codec, std::unique_ptr<ClientFraming> framing);

  /// Consumes the server's answer to what stood in `output` at the beginning. True: calls may be sent.
  Result<bool> opened(ByteQueue& wire);

  /// Gives the call the next number, writes its request and enters it in the table. Not ok: nothing was written and the
  /// call is not in the table.
  Status send(ClientCall& call);
  /// Takes a call that was sent out of the table and tells the peer; a reply that comes later is dropped.
  void withdraw(ClientCall& call);
  /// Reads every whole reply that stands in `wire`. Not ok: the connection is beyond use, and replies cut before that
  /// have been handed over.
  Status receive(ByteQueue& wire, News news);
  /// Empties the table, in the order of sending.
  void take_all(News taken);
  /// Takes all calls out of the table but those that may have something left to read, and says which they are.
  void take_finished(News taken, News left);

  // Streaming calls that were sent and have not ended.

  /// Reads a message. `end`: `receive` must be called once more, for the reply. Not ok: the call has been withdrawn.
  Result<Pulled> read(StreamCall& call, MessageSlot into);
  /// The message may wait in the codec, for further ones, until `complete_output`.
  Status write(StreamCall& call, MessageRef message);
  Status close_writing(StreamCall& call);
  bool has_room(const StreamCall& call) const noexcept;
  /// Copies the headers into the call, if they are there and it has none.
  void fetch_headers(StreamCall& call);
  /// Takes a call whose connection is gone out of the table.
  void drop(ClientCall& call) noexcept;

  /// Whether a further call should be sent here.
  bool takes_calls() const noexcept { return !streams_ || codec_->takes_calls(); }
  /// Whether none should be sent here any more.
  bool is_leaving() const noexcept { return streams_ && codec_->is_leaving(); }
  bool has_upkeep() const noexcept { return streams_; }
  /// Does what the wire wants done at `now`; then `tick_due` is new. Not ok: the connection is beyond use.
  Status tick(Clock::time_point now);
  /// When `tick` is to be called; `max()`: never.
  Clock::time_point tick_due() const noexcept { return tick_due_; }

  /// Adds what waits in the codec to `output`, some of it where it is much. To be called before that is sent, and when
  /// it has been.
  void complete_output() noexcept {
    if (incomplete_) write_messages();
  }
  /// Whether `receive` is due, with nothing new: messages that were kept back have been taken, which may be news.
  bool take_stirred() noexcept { return std::exchange(stirred_, false); }
  /// Bytes to be sent; the owner consumes them.
  ByteQueue& output() noexcept { return output_; }
  std::size_t in_flight() const noexcept { return in_flight_; }
  /// Why nothing more can be sent or received; ok while all is well.
  const Status& failure() const noexcept { return failure_; }

 private:
  void finish(ClientCall& call);
  bool begins_anew(ClientCall& call) noexcept;
  void write_pending() {
    if (!streams_) return;
    codec_->write_pending(output_);
    incomplete_ = full_ = output_.size() >= full_output;
  }
  void write_messages() noexcept;

  ClientCall* find(std::uint64_t number) const noexcept;
  void enter(ClientCall& call);
  void grow();
  std::vector<ClientCall*> calls() const;  // in the order of sending

  const std::unique_ptr<ClientCodec> codec_;
  const std::unique_ptr<ClientFraming> framing_;
  const bool streams_;  // what only such wires need costs the others nothing
  Clock::time_point tick_due_;
  RequestHead head_;
  IncomingReply reply_;
  ByteQueue payload_;  // what the framing has unwrapped
  ByteQueue output_;
  bool incomplete_ = false;  // the codec may have more for it
  bool full_ = false;        // that is why
  bool stirred_ = false;
  // The call of number n is at n modulo the size. A number whose place is taken is passed over, so that one call that
  // takes long does not make the table grow.
  std::vector<ClientCall*> table_;
  std::size_t in_flight_ = 0;
  std::uint64_t next_number_ = 0;
  Status failure_;
};

}  // namespace polyrpc
