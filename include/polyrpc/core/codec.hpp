#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/limits.hpp"
#include "polyrpc/core/metadata.hpp"
#include "polyrpc/core/method.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/core/shape.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Border 1: a codec turns bytes into requests and replies, and back. No I/O, no locks, no threads of its own: one
/// object per connection, always called by one thread at a time.
namespace polyrpc {

/// What a wire can carry besides the message. Code asks these, never a protocol's name.
struct Capabilities {
  bool metadata = false;
  bool deadline = false;  ///< sent to the peer; the local end keeps deadlines on every wire
  bool cancel = false;
  bool details = false;  ///< typed status details; the status code too, beyond its text
  bool one_way = false;
  bool streaming = false;
};

/// The wire's own name for a call, handed back untouched with its reply: a number, a text (a JSON id as written), or
/// both.
struct CallTag {
  std::uint64_t number = 0;
  std::string text;

  friend bool operator==(const CallTag&, const CallTag&) = default;
};

/// What is known of a call before its body is decoded.
struct RequestHead {
  std::string_view method;  ///< received: borrowed from the input until the codec is called again
  CallTag tag;
  bool wants_reply = true;
  CallKind kind = CallKind::unary;
  std::optional<std::chrono::nanoseconds> timeout;  ///< from now
  Metadata metadata;
};

/// A body still in wire form. Decoding does not consume it: it can be decoded again.
class EncodedMessage {
 public:
  /// Reads the body into `into`. An error is the call's (`invalid_argument`, `resource_exhausted`); the connection
  /// lives on, unless the codec says otherwise at the next `next_request` or `next_reply`.
  virtual Status decode(MessageSlot into) const = 0;

 protected:
  ~EncodedMessage() = default;
};

enum class RequestKind : std::uint8_t {
  call,
  cancel,  ///< not a call: asks to cancel the one that `IncomingRequest::cancels` names
  // Not calls, but news of the streaming call that `head.tag` names:
  readable,  ///< `read_message`, which had nothing, has a message or the end
  writable,  ///< `has_room`, which was false, is true
};

/// What reading from a streaming call came to.
enum class Pulled : std::uint8_t {
  message,
  end,      ///< there will be no more
  nothing,  ///< nothing yet; `readable` will tell
};

/// One request cut off the input. The engine keeps one object and has it filled again and again, so that its memory is
/// reused.
struct IncomingRequest {
  RequestKind kind = RequestKind::call;
  RequestHead head;
  CallTag cancels;                       ///< of kind `cancel`
  Status refused;                        ///< not ok: no call, but the error reply to write for it
  const EncodedMessage* body = nullptr;  ///< the codec's; valid until the codec is called to cut again; null where the
                                         ///< requests stream
};

/// What goes out with a reply. `status` not ok: the body is ignored.
struct ReplyHead {
  const CallTag& tag;
  std::string_view method;
  const Status& status;
  const Metadata* headers = nullptr;   ///< null: none
  const Metadata* trailers = nullptr;  ///< wires that know only one kind send both together
};

/// The server's end of a connection's wire.
class ServerCodec {
 public:
  virtual ~ServerCodec() = default;

  virtual Capabilities capabilities() const noexcept = 0;

  /// Cuts one request off the front of `input` and describes it in `request`, clearing what that held.
  /// False: more bytes are needed; what stands in `input` must then stay, and more be appended to it.
  /// An error: the connection is beyond trust; replies to requests cut before may still be written, then it is closed.
  /// The bytes of a request are consumed when the next one is cut, so views into `input` live until then; nothing may
  /// be appended to `input` while a body is still to be decoded.
  virtual Result<bool> next_request(ByteQueue& input, IncomingRequest& request) = 0;

  /// Appends one whole reply, or leaves `output` and the codec as they were and says why. It ends the call, a streaming
  /// one too; where replies stream, `body` has no object. A call that the peer has given up is passed over in silence.
  virtual Status write_reply(const ReplyHead& head, MessageRef body, ByteQueue& output) = 0;

  // Streaming: for codecs that have the capability, and for calls of a streaming kind, from the time they are cut to
  // `write_reply`.

  /// Reads the next request message into `into`, where requests stream. An error ends the call, not the connection.
  virtual Result<Pulled> read_message(const CallTag& tag, MessageSlot into);
  /// Appends what goes before the first message. Once a call; what was not written so goes with `write_reply`.
  virtual Status write_headers(const CallTag& tag, const Metadata& headers, ByteQueue& output);
  /// Appends a reply message, or leaves `output` and the codec as they were and says why. Where the wire has its own
  /// flow control, the message may wait inside the codec. The headers have been written.
  virtual Status write_message(const CallTag& tag, MessageRef message, ByteQueue& output);
  /// Whether a further message should be written now. False: when there is room again, `next_request` says `writable`.
  virtual bool has_room(const CallTag& tag) const noexcept;

  /// Appends what the wire itself has to say: acknowledgements, messages that had to wait. Called after every batch.
  virtual void write_pending(ByteQueue& output) { (void)output; }

  /// Appends what the wire says to a peer before the connection is closed because of `reason`; most wires say nothing.
  virtual void write_farewell(const Status& reason, ByteQueue& output) { (void)reason, (void)output; }
};

enum class ReplyKind : std::uint8_t {
  reply,     ///< the call is over; of a streaming call said when `read_message` has given the end, or if `never_seen`
  readable,  ///< as in `RequestKind`, of the streaming call `IncomingReply::call`
  writable,
};

/// One reply cut off the input; reused like `IncomingRequest`.
struct IncomingReply {
  ReplyKind kind = ReplyKind::reply;
  std::uint64_t call = 0;  ///< `RequestHead::tag.number` of the request it answers
  Status status;
  Metadata headers;
  Metadata trailers;
  const EncodedMessage* body = nullptr;  ///< null when the status is not ok, and for streaming calls
  bool never_seen = false;  ///< not ok, and the server has certainly not begun with the call: it may be sent again
};

/// The client's end of a connection's wire. Calls are named by `head.tag.number`, which the caller counts up from 0.
class ClientCodec {
 public:
  virtual ~ClientCodec() = default;

  virtual Capabilities capabilities() const noexcept = 0;

  /// Appends one whole request, or leaves `output` and the codec as they were and says why.
  virtual Status write_request(const RequestHead& head, MessageRef body, ByteQueue& output) = 0;

  /// Appends the wish to cancel call `call`; nothing where the wire has no such wish.
  virtual void write_cancel(std::uint64_t call, ByteQueue& output) { (void)call, (void)output; }

  /// As `ServerCodec::next_request`. A reply to a call that nobody knows is reported all the same.
  virtual Result<bool> next_reply(ByteQueue& input, IncomingReply& reply) = 0;

  // Streaming, as in `ServerCodec`. `write_request` opens the call; where requests stream, its body has no object. All
  // reply messages of a streaming call, a single one too, come by `read_message`.

  virtual Result<Pulled> read_message(std::uint64_t call, MessageSlot into);
  /// What has come of the headers so far; null: nothing yet (then `readable` tells).
  virtual const Metadata* headers(std::uint64_t call) const noexcept;
  /// Not ok when the server has ended the call: its status comes by `next_reply`. The message may wait in the codec.
  virtual Status write_message(std::uint64_t call, MessageRef message, ByteQueue& output);
  /// No more requests will follow.
  virtual Status write_end(std::uint64_t call, ByteQueue& output);
  virtual bool has_room(std::uint64_t call) const noexcept;

  /// Appends what the wire itself has to say: acknowledgements, requests and messages that had to wait. Called after
  /// `next_reply` has said that more bytes are needed, and before what was written is sent. Where 128 KiB or more stand
  /// in `output` the rest may be kept back: it is called again when they have been sent.
  virtual void write_pending(ByteQueue& output) { (void)output; }
  /// Whether this connection takes a further call now. False: it belongs on another connection; calls under way go on
  /// here.
  virtual bool takes_calls() const noexcept { return true; }
  /// Whether that will ever change.
  virtual bool is_leaving() const noexcept { return false; }
  /// Does what is due at `now` (keepalive), and says when it wants to be asked next. An error: the connection is dead.
  virtual Result<std::optional<std::chrono::steady_clock::time_point>> tick(std::chrono::steady_clock::time_point now,
                                                                            ByteQueue& output);
};

/// Whether first bytes are a protocol's.
enum class Match : std::uint8_t { no, yes, more };

/// Makes the two ends; what is shared by all connections (options, registered types, cached plans) lives here.
/// Safe to use from several threads.
class Codec {
 public:
  virtual ~Codec() = default;

  virtual std::string_view name() const noexcept = 0;
  /// Whether a connection that starts with these bytes speaks this codec; never consumes.
  virtual Match matches(std::span<const std::byte> first_bytes) const noexcept = 0;
  virtual std::unique_ptr<ServerCodec> server(const CodecLimits& limits) const = 0;
  virtual std::unique_ptr<ClientCodec> client(const CodecLimits& limits) const = 0;
};

}  // namespace polyrpc
