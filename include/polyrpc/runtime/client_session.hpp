#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/function_ref.hpp"
#include "polyrpc/runtime/client_call.hpp"
#include "polyrpc/runtime/client_framing.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace polyrpc {

/// The client's end of one connection without the connection: bytes in, bytes out, and a table of the calls under way.
/// For one thread at a time.
class ClientSession {
 public:
  /// Told of a call that is out of the table, with its status and reply in place. Must not call the session.
  using Ended = FunctionRef<void(ClientCall&)>;

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
  Status receive(ByteQueue& wire, Ended ended);
  /// Empties the table, in the order of sending.
  void take_all(Ended taken);

  /// Bytes to be sent; the owner consumes them.
  ByteQueue& output() noexcept { return output_; }
  std::size_t in_flight() const noexcept { return in_flight_; }
  /// Why nothing more can be sent or received; ok while all is well.
  const Status& failure() const noexcept { return failure_; }

 private:
  void finish(ClientCall& call);
  ClientCall* find(std::uint64_t number) const noexcept;
  void enter(ClientCall& call);
  void grow();

  const std::unique_ptr<ClientCodec> codec_;
  const std::unique_ptr<ClientFraming> framing_;
  RequestHead head_;
  IncomingReply reply_;
  ByteQueue payload_;  // what the framing has unwrapped
  ByteQueue output_;
  // The call of number n is at n modulo the size. A number whose place is taken is passed over, so that one call that
  // takes long does not make the table grow.
  std::vector<ClientCall*> table_;
  std::size_t in_flight_ = 0;
  std::uint64_t next_number_ = 0;
  Status failure_;
};

}  // namespace polyrpc
