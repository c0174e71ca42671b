#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/limits.hpp"
#include "polyrpc/core/metadata.hpp"
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
};

/// One request cut off the input. The engine keeps one object and has it filled again and again, so that its memory is
/// reused.
struct IncomingRequest {
  RequestKind kind = RequestKind::call;
  RequestHead head;
  CallTag cancels;                       ///< of kind `cancel`
  Status refused;                        ///< not ok: no call, but the error reply to write for it
  const EncodedMessage* body = nullptr;  ///< the codec's; valid until the codec is called to cut again
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

  /// Appends one whole reply, or leaves `output` and the codec as they were and says why.
  virtual Status write_reply(const ReplyHead& head, MessageRef body, ByteQueue& output) = 0;

  /// Appends what the wire says to a peer before the connection is closed because of `reason`; most wires say nothing.
  virtual void write_farewell(const Status& reason, ByteQueue& output) { (void)reason, (void)output; }
};

/// One reply cut off the input; reused like `IncomingRequest`.
struct IncomingReply {
  std::uint64_t call = 0;  ///< `RequestHead::tag.number` of the request it answers
  Status status;
  Metadata headers;
  Metadata trailers;
  const EncodedMessage* body = nullptr;  ///< null when the status is not ok
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
