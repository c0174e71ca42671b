#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/limits.hpp"
#include "polyrpc/core/message_format.hpp"
#include "polyrpc/core/scratch.hpp"
#include "polyrpc/core/shape.hpp"
#include "polyrpc/core/status.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// JSON text to and from described types, without a document tree in between, and JSON-RPC 1.0 (as Go's
/// net/rpc/jsonrpc speaks it) and 2.0. For `nlohmann::json` as an argument or reply include `json_dynamic.hpp`.
namespace polyrpc::json {

enum class Version : std::uint8_t {
  v1,  ///< JSON-RPC 1.0 as Go's net/rpc/jsonrpc speaks it
  v2,  ///< JSON-RPC 2.0, https://www.jsonrpc.org/specification
};

enum class UnknownFields : std::uint8_t { ignored, refused };

struct Options {
  /// Writes `<`, `>`, `&`, U+2028 and U+2029 as `\u` escapes, as Go does. JSON-RPC 1.0 replies always do.
  bool escape_html = false;
  /// Takes `"a"` for a field called `A` when there is none of exactly that name. JSON-RPC 1.0 always does.
  bool case_insensitive_fields = false;
  /// What to do with object members that the struct does not have.
  UnknownFields unknown_fields = UnknownFields::ignored;

  // What follows concerns `rpc` only.

  /// What the client speaks. A server answers each request in the version of the request.
  Version version = Version::v2;
  /// How a server takes what does not tell its version on a connection that has not told it before: broken text, or a
  /// value that is neither object nor array. As 1.0 the connection ends without a word, as 2.0 an error is answered.
  Version undecided = Version::v1;
  /// Whether the client may put the member `polyrpc` (deadline, metadata) into its requests.
  bool extensions = true;

  friend bool operator==(const Options&, const Options&) = default;
};

/// Appends `message` as JSON text without white space, or leaves `output` as it was and says why: `invalid_argument`
/// for what JSON cannot say (NaN, infinities, complex numbers), `resource_exhausted` past the nesting limit.
/// Map members are sorted by key; text that is not UTF-8 gets U+FFFD for what is wrong in it, as in Go.
Status encode(MessageRef message, ByteQueue& output, const Options& options = {}, const CodecLimits& limits = {});

/// Reads the whole of `text`, one JSON value and white space around it, into `into`.
/// What the text does not mention keeps its value, and so does what it says is null, but for optionals, lists, maps and
/// `Any`, which become empty. Of equal member names the last counts. On an error `into` is half written.
/// Views borrow from `text`; one that cannot (a string with escapes, bytes) borrows from `scratch`, and is an
/// `invalid_argument` error without.
Status decode(std::string_view text, MessageSlot into, const Options& options = {}, const CodecLimits& limits = {},
              Scratch* scratch = nullptr);

template <class T>
Status encode(const T& value, ByteQueue& output, const Options& options = {}, const CodecLimits& limits = {}) {
  return encode(message_ref(value), output, options, limits);
}
template <class T>
Status decode(std::string_view text, T& into, const Options& options = {}, const CodecLimits& limits = {},
              Scratch* scratch = nullptr) {
  return decode(text, message_slot(into), options, limits, scratch);
}

/// JSON-RPC on a byte stream: values one after the other, nothing needed between them.
///
/// A server speaks both versions on one connection, each request's own `jsonrpc` member decides: none is 1.0 as Go's
/// net/rpc/jsonrpc, `"2.0"` and everything in a batch is 2.0. A client speaks `options.version`, and understands
/// replies of both. The wire, byte by byte: docs/wire/jsonrpc.md.
std::shared_ptr<const Codec> rpc(const Options& options = {});

/// A message as one JSON value, for the wires that carry messages of several formats: `application/json` of Connect.
/// As `encode` and `decode`, but with numbers as protobuf's JSON has them: those that JavaScript's cannot hold
/// (integers beyond 2^53, NaN, infinities) are written as strings, and any may be read from one: `"42"`, `"NaN"`,
/// `"-Infinity"`. A view cannot be read from a string with escapes.
std::shared_ptr<const MessageFormat> format(const Options& options = {});

/// What a JSON-RPC 2.0 error says beyond a status.
struct ErrorObject {
  std::int64_t code = 0;
  std::string data;  ///< JSON text; empty: none

  friend bool operator==(const ErrorObject&, const ErrorObject&) = default;
};

/// The type of the status detail that carries an `ErrorObject`.
inline constexpr std::string_view error_object_type = "polyrpc/json.ErrorObject";

/// Makes `status` leave a JSON-RPC 2.0 server with that code and data in place of the ones it would get; other wires
/// carry the object as a detail. Data that is not JSON text is sent as a string. Does nothing to an ok status.
void attach_error_object(Status& status, const ErrorObject& object);

/// The error object of a status from `attach_error_object`, or from a JSON-RPC 2.0 server that is not one of ours.
std::optional<ErrorObject> error_object(const Status& status);

}  // namespace polyrpc::json
