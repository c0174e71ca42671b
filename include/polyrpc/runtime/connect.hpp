#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/compression.hpp"
#include "polyrpc/core/context.hpp"
#include "polyrpc/core/message_format.hpp"
#include "polyrpc/runtime/http.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The unary form of the Connect protocol (connectrpc.com/docs/protocol), one exchange at a time and without HTTP's
/// version: what serves HTTP hands in a request's head and body, and gets a status, header fields and a body.
/// The wire: docs/wire/connect.md.
namespace polyrpc {

class Registry;
struct MethodEntry;

namespace connect {

struct Options {
  /// A format's name is the last part of its content type: `application/json`. None: Connect is not spoken.
  std::vector<std::shared_ptr<const MessageFormat>> formats = {};
  /// What requests and replies may be compressed with.
  Compressors compressors = {};
  /// Replies of fewer bytes go as they are.
  std::size_t compress_from = 1024;
  /// Refuses requests that do not say `Connect-Protocol-Version: 1`.
  bool require_version = false;
};

using Fields = std::vector<std::pair<std::string, std::string>>;

/// An answer's head. The fields say nothing of the body's length or of the connection; names are lower case.
struct Answer {
  int status = 0;  ///< HTTP's; 0: there is no answer yet
  std::string content_type;
  Fields fields;
};

/// What is to be done with a request, known from its head.
struct Route {
  enum class Kind : std::uint8_t {
    none,     ///< nothing of Connect's
    call,     ///< make a `ServerCall`
    refusal,  ///< `answer` and `body`, without reading the request's body
  };
  Kind kind = Kind::none;
  const MethodEntry* method = nullptr;
  const MessageFormat* format = nullptr;
  Answer answer = {};
  std::string body = {};
};

/// What a server speaks. Made once; read-only.
class Service {
 public:
  /// Throws `std::invalid_argument` for a format twice.
  explicit Service(Options options);

  const Options& options() const noexcept { return options_; }
  bool empty() const noexcept { return options_.formats.empty(); }

  /// `verb` and `path` as in `http::Request`. A method is found by `/package.Service/Method`, whether it is registered
  /// with the slash or with a full stop in its place.
  Route route(std::string_view verb, std::string_view path, std::span<const http::Field> fields,
              const Registry& registry) const;

 private:
  const MessageFormat* find_format(std::string_view content_type) const noexcept;

  Options options_;
  std::string accept_post_;
};

/// The answer to a request whose call is not made, with its body.
std::string make_error(const Status& status, Answer& answer);

/// One exchange as a codec: the input is the request's whole body and nothing else, even if it is empty; the output
/// becomes the answer's body.
class ServerCall final : public ServerCodec {
 public:
  /// Of `route`, of kind `call`, and the request's `fields` nothing is kept but what outlives it; `service` must stay.
  /// Reply metadata past `header_limit` bytes is left out. The time of a timeout begins now.
  ServerCall(const Service& service, const Route& route, std::span<const http::Field> fields, const CodecLimits& limits,
             std::size_t header_limit);

  /// Made by `write_reply`.
  const Answer& answer() const noexcept { return answer_; }
  /// Entries of the reply's metadata that HTTP cannot carry.
  std::size_t left_out() const noexcept { return left_out_; }

  Capabilities capabilities() const noexcept override;
  Result<bool> next_request(ByteQueue& input, IncomingRequest& request) override;
  Status write_reply(const ReplyHead& head, MessageRef body, ByteQueue& output) override;

 private:
  class Body final : public EncodedMessage {
   public:
    explicit Body(const ServerCall& call) : call_(call) {}
    Status decode(MessageSlot into) const override;

    std::span<const std::byte> bytes;
    mutable Scratch scratch;

   private:
    const ServerCall& call_;
  };

  Status read_fields(std::span<const http::Field> fields);
  void add_fields(const Metadata* metadata, std::string_view prefix, Answer& answer);
  Status encode_message(MessageRef body, ByteQueue& output, Answer& answer) const;

  const Service& service_;
  const MessageFormat& format_;
  const std::string_view method_;  // the registry's
  const CodecLimits limits_;
  const std::size_t header_limit_;
  Status refused_;
  bool unknown_encoding_ = false;
  const Compressor* inflates_ = nullptr;
  const Compressor* deflates_ = nullptr;
  std::optional<Clock::time_point> deadline_;
  Metadata metadata_;
  ByteQueue inflated_;
  Body body_{*this};
  bool cut_ = false;
  Answer answer_;
  std::size_t field_bytes_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace connect
}  // namespace polyrpc
