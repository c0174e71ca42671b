#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/compression.hpp"
#include "polyrpc/core/message_format.hpp"
#include "polyrpc/core/metadata.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/core/shape.hpp"
#include "polyrpc/core/status.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What gRPC puts into HTTP/2's headers and data, as functions of bytes (gRPC's doc/PROTOCOL-HTTP2.md). Both ends use
/// them; nothing here knows HTTP/2's frames.
namespace polyrpc::grpc {

// ---- grpc-message, grpc-status-details-bin, grpc-status ----

/// `text` with U+FFFD in place of each byte that does not belong to UTF-8.
std::string to_utf8(std::string_view text);
/// As it stands in `grpc-message`: printable ASCII, everything else in UTF-8 and percent-encoded. Spaces at either end
/// too, because HTTP would strip them.
std::string percent_encode(std::string_view text);
/// The reverse; a percent sign that starts no valid sequence stays as it is.
std::string percent_decode(std::string_view text);

/// The `google.rpc.Status` message for what is not ok, with its details in order.
std::string encode_status(const Status& status);
/// The details of a `google.rpc.Status` message are added to `status`, whose own code and text stay.
/// `invalid_argument` for broken bytes; nothing is added then.
Status add_details(std::string_view encoded, Status& status);

/// `0` to `16`.
std::string_view code_text(StatusCode code) noexcept;
/// The code that stands in `grpc-status`; nothing if that is no number, `unknown` if it is none of the codes.
std::optional<StatusCode> parse_code(std::string_view text) noexcept;

// ---- what stands in for a missing grpc-status ----

/// For an answer that is not gRPC's, by its HTTP status (doc/http-grpc-status-mapping.md). Never ok.
StatusCode code_of_http(int http_status) noexcept;
/// For a stream that was reset with an HTTP/2 error code (PROTOCOL-HTTP2, "Errors").
StatusCode code_of_reset(std::uint32_t error_code) noexcept;
/// `REFUSED_STREAM`, or the number.
std::string reset_text(std::uint32_t error_code);

// ---- grpc-timeout ----

/// `invalid_argument` for anything but one to eight digits and one of `HMSmun`. What is out of range is the largest.
Result<std::chrono::nanoseconds> parse_timeout(std::string_view text);

// ---- content-type, encodings, paths ----

/// What follows `application/grpc+` in a content type, without parameters; empty for plain `application/grpc`, nothing
/// for what is not gRPC.
std::optional<std::string_view> content_subtype(std::string_view content_type) noexcept;
/// Whether a `grpc-accept-encoding` list names `encoding`; `identity` always is accepted.
bool accepts_encoding(std::string_view list, std::string_view encoding) noexcept;
/// The first of ours that a list names; null for none.
const Compressor* choose_compressor(const Compressors& ours, std::string_view list) noexcept;
/// `identity,gzip`
std::string accept_encoding(const Compressors& ours);
/// `Service.Method` or `Service/Method` as `/Service/Method`.
std::string path_of(std::string_view method);

// ---- metadata ----

/// Whether the protocol itself uses a header name: pseudo headers, `grpc-...`, what HTTP says of connections and
/// bodies. Such headers are no metadata.
bool is_reserved(std::string_view name) noexcept;
/// Whether an application may send these: `check_metadata`, and no reserved name.
Status check_outgoing(const Metadata& metadata);
/// A value as it stands in a header.
std::string encode_value(std::string_view key, std::string_view value);
/// Adds what a received header says: `-bin` values decoded, and cut at commas before that. `invalid_argument` for what
/// can't be decoded.
Status add_header(Metadata& metadata, std::string_view name, std::string_view value);

// ---- messages ----

/// Large memory of calls that are over, for the next ones of this thread: otherwise the system hands out the pages of
/// every large message anew. Limited altogether.
void give_spare(ByteQueue&& memory) noexcept;
/// The same for an empty queue if its memory is large; else it keeps it.
void give_large(ByteQueue& queue) noexcept;
/// The largest such memory of at least and at most so many bytes, with nothing in it; none if there is no such.
ByteQueue take_spare(std::size_t least, std::size_t most) noexcept;

inline constexpr std::size_t prefix_bytes = 5;

/// How long a frame may be that a client takes or an end sends, where its peer allows more than HTTP/2's 16 KiB.
inline constexpr std::uint32_t frame_bytes = 64 << 10;
/// About as much is handed to the socket at once: what is larger leaves the processor's cache before it is sent.
inline constexpr std::size_t piece_bytes = 256 << 10;
/// Of memory for messages in hand; what is more is given back.
inline constexpr std::size_t kept_scratch = 256 << 10;
/// How long a DATA frame may be: all that the peer allows, up to `frame_bytes`.
inline std::ptrdiff_t data_frame_length(std::int32_t session_window, std::int32_t stream_window,
                                        std::uint32_t max_frame) noexcept {
  const std::int32_t window = session_window < stream_window ? session_window : stream_window;
  const std::uint32_t frame = max_frame < frame_bytes ? max_frame : frame_bytes;
  return window < static_cast<std::int32_t>(frame) ? window : static_cast<std::ptrdiff_t>(frame);
}

/// Appends one message with its prefix, or leaves `output` as it was and says why. `compressor` null: not compressed.
/// `scratch` is memory to be reused.
Status append_message(const MessageFormat& format, MessageRef message, const Compressor* compressor, ByteQueue& scratch,
                      ByteQueue& output);

/// Cuts the messages of one direction of one call out of its bytes. Prefixes are judged as soon as they are there.
class MessageReader {
 public:
  /// Forgets everything, and makes the reader fit for another call.
  void reset(std::size_t limit) noexcept;
  /// Gives its memory back; what was read is gone.
  void release() noexcept;
  /// What `grpc-encoding` says; null: nothing, or `identity`. Before the first `append`.
  void set_compressor(const Compressor* compressor) noexcept { compressor_ = compressor; }

  /// Takes further bytes. An error is the call's: `resource_exhausted` for a length above the limit, `internal` for a
  /// flag that must not be. It stays; messages that were whole before can still be read, what comes later is dropped.
  Status append(std::span<const std::byte> bytes);
  /// Whole messages that have not been read.
  std::size_t ready() const noexcept { return ready_; }
  /// Bytes that have not been read; those of the message that was read last count as read.
  std::size_t unread() const noexcept { return bytes_.size() - read_; }
  /// Whether the bytes end with a message's end.
  bool is_at_boundary() const noexcept { return error_.ok() && next_prefix_ == bytes_.size(); }

  /// Reads the next message, which is valid until `append` or `next` is called again. There must be one (`ready`).
  /// An error is the call's: broken compression, or more than the limit when decompressed.
  Result<std::span<const std::byte>> next();
  /// The same, and hands it to `format`.
  Status next(const MessageFormat& format, MessageSlot into, const CodecLimits& limits);

 private:
  void scan();

  ByteQueue bytes_;
  ByteQueue decompressed_;
  const Compressor* compressor_ = nullptr;
  std::size_t limit_ = 0;
  std::size_t read_ = 0;         // bytes at the front that have been read
  std::size_t next_prefix_ = 0;  // where the first prefix that is not judged starts
  std::size_t ready_ = 0;
  std::size_t pending_length_ = 0;  // with prefix, of the judged message that is not whole; 0: none
  Status error_;
};

}  // namespace polyrpc::grpc
