#pragma once

#include "polyrpc/codecs/protobuf_rpc.hpp"
#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/codec.hpp"

#include "rpc_fields.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// One header and one body, as chai2010/protorpc frames them, with our own fields behind Go's.
namespace polyrpc::protobuf::detail {

/// What the two ends of all connections share.
struct Settings {
  RpcOptions options;
  CodecLimits limits;

  const MessageFormat& format() const noexcept { return *options.format; }
};

/// How much of a written header's memory is kept.
inline constexpr std::size_t kept_header_bytes = 1024;

/// Our fields in Go's RequestHeader. They have numbers that Go's will not reach, and two bytes a tag.
namespace request_field {
constexpr std::uint32_t timeout = 1001;   // nanoseconds
constexpr std::uint32_t metadata = 1002;  // repeated {string key = 1; bytes value = 2}
constexpr std::uint32_t frame = 1003;
constexpr std::uint32_t one_way = 1004;
constexpr std::uint32_t credit = 1005;  // bytes
constexpr std::uint32_t method = 1006;  // in place of Go's where the call streams
}  // namespace request_field

/// And in Go's ResponseHeader.
namespace reply_field {
constexpr std::uint32_t code = 1001;
constexpr std::uint32_t headers = 1002;   // as metadata above
constexpr std::uint32_t trailers = 1003;  // as metadata above
constexpr std::uint32_t details = 1004;   // repeated {string type_url = 1; bytes value = 2}
constexpr std::uint32_t frame = 1005;
constexpr std::uint32_t credit = 1006;  // bytes
}  // namespace reply_field

/// What an envelope from a client is.
enum class RequestFrame : std::uint64_t {
  call = 0,  ///< of one message each way; the only one that Go knows
  client_streaming = 1,
  server_streaming = 2,
  bidirectional = 3,
  message = 4,
  end = 5,  ///< no more messages
  cancel = 6,
  credit = 7,
};

/// What an envelope from a server is.
enum class ReplyFrame : std::uint64_t {
  reply = 0,  ///< to a `call`; the only one that Go knows
  headers = 1,
  message = 2,
  last = 3,  ///< the end of a streaming call
  credit = 4,
};

/// What a header says of its body.
struct BodyForm {
  std::uint32_t raw = 0;       ///< length as protobuf
  std::uint32_t packed = 0;    ///< length compressed; 0: it isn't
  std::uint32_t checksum = 0;  ///< of the bytes that travel; 0: none

  std::uint32_t longest() const noexcept { return raw > packed ? raw : packed; }
};

/// A key and a value, or a detail's type and value.
using Entry = std::pair<std::string_view, std::string_view>;

struct RequestHeader {
  std::uint64_t id = 0;
  std::string_view method;
  BodyForm form;
  std::uint64_t timeout = 0;  ///< 0: none
  std::vector<Entry> metadata;
  std::uint64_t frame = 0;
  bool one_way = false;
  std::uint64_t credit = 0;

  void clear() noexcept;
  /// False: it is malformed. Views into `bytes`.
  bool read(std::span<const std::byte> bytes);
};

struct ReplyHeader {
  std::uint64_t id = 0;
  std::string_view error;
  BodyForm form;
  std::uint64_t code = 0;
  std::vector<Entry> headers;
  std::vector<Entry> trailers;
  std::vector<Entry> details;
  std::uint64_t frame = 0;
  std::uint64_t credit = 0;

  void clear() noexcept;
  bool read(std::span<const std::byte> bytes);
};

/// As `Metadata::wire_size` counts.
std::size_t wire_size(const std::vector<Entry>& entries) noexcept;
void take_entries(const std::vector<Entry>& entries, Metadata& metadata);

void put_entry(ByteQueue& to, std::uint32_t field, std::string_view first, std::string_view second);
void put_metadata(ByteQueue& to, std::uint32_t field, const Metadata& metadata);

/// What an envelope is made of beside its body.
struct Head {
  std::uint64_t id = 0;
  std::string_view text = {};   ///< Go's field 2: the method, or the error
  std::string_view more = {};   ///< our fields, written already
  std::size_t most = SIZE_MAX;  ///< how long the header may be
};

/// Appends an envelope, or leaves `output` as it was and says why. Returns the length of the body as it travels.
Result<std::size_t> write_envelope(const Settings& settings, const Head& head, MessageRef body, ByteQueue& output);
/// One without a body.
void write_bare(const Head& head, ByteQueue& output);

/// Reads a body as it came. `unpacked` has the bytes that views in `into` borrow, if it was compressed.
Status read_body(const Settings& settings, std::span<const std::byte> bytes, const BodyForm& form, ByteQueue& unpacked,
                 MessageSlot into);

/// Cuts envelopes off the input; the body of the one that was cut last can be read.
template <class Header>
class Cutter final : public EncodedMessage {
 public:
  enum class State : std::uint8_t {
    more,
    broken,     ///< what comes is no envelope, and nothing can be trusted any more: `failure` says why
    oversized,  ///< the header was read, but the body is longer than the limit; nothing more can be read
    done,
  };

  Cutter(const Settings& settings, std::size_t most_header) noexcept : settings_(settings), most_header_(most_header) {}

  State cut(ByteQueue& input, Header& header);
  const Status& failure() const noexcept { return failure_; }
  /// Nothing of an envelope has come, and nothing has gone wrong: another connection may go on with it.
  bool is_at_start() const noexcept { return taken_ == 0 && known_ == 0 && failure_.ok(); }
  Status fail(Status why) { return failure_ = std::move(why); }

  std::span<const std::byte> body() const noexcept { return body_; }
  const BodyForm& form() const noexcept { return form_; }
  Status decode(MessageSlot into) const override { return read_body(settings_, body_, form_, unpacked_, into); }

 private:
  State broken(Status why) { return failure_ = std::move(why), State::broken; }

  const Settings& settings_;
  const std::size_t most_header_;
  std::size_t taken_ = 0;  // bytes of the envelope that was cut last, still in the input
  std::size_t known_ = 0;  // bytes that the next one has, as far as its frames' lengths have come
  std::size_t header_begin_ = 0;
  std::size_t header_end_ = 0;
  std::size_t body_begin_ = 0;
  std::span<const std::byte> body_;
  BodyForm form_;
  mutable ByteQueue unpacked_;
  Status failure_;
};

/// How much of a compressed body's memory is kept for the next one.
constexpr std::size_t kept_bytes = std::size_t{64} << 10;

extern template class Cutter<RequestHeader>;
extern template class Cutter<ReplyHeader>;

}  // namespace polyrpc::protobuf::detail
