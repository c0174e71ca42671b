#pragma once

#include "polyrpc/runtime/http.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Heads of HTTP/1 messages: the first line and the header fields. First it is found where a head ends, with the rules
// for line ends, where parsers disagree and requests are smuggled; then llhttp takes the whole head apart.
namespace polyrpc::http1 {

using http::equal_ignoring_case;
using http::Field;
using http::list_has;
using http::trimmed;

/// Why a message is not accepted: the status to answer and a text for people.
struct Refusal {
  int status = 0;
  std::string why;
};

struct HeadLimits {
  std::size_t bytes = std::size_t{16} << 10;
  std::size_t target_bytes = std::size_t{8} << 10;
  std::size_t fields = 100;
};

/// Finds the end of a head, in as many steps as it takes to arrive.
class HeadScanner {
 public:
  enum class State : std::uint8_t { more, complete, refused };

  /// Looks on in `text`, which is what it was before and perhaps more behind it. Lines must end in CR LF; with
  /// `connect_path` the head of a `CONNECT` to that path may use LF alone, as Go's client does.
  State scan(std::string_view text, const HeadLimits& limits, std::string_view connect_path = {});

  /// Of the head, once complete; behind empty lines that came before it.
  std::size_t begin() const noexcept { return begin_; }
  std::size_t end() const noexcept { return line_; }
  /// Header lines, without the first line.
  std::size_t fields() const noexcept { return lines_ - 1; }
  const Refusal& refusal() const noexcept { return refusal_; }

  void reset() noexcept { *this = HeadScanner(); }

 private:
  State refuse(int status, std::string_view why);
  State too_long(std::string_view text);

  std::size_t position_ = 0;  // up to where line ends have been looked for
  std::size_t begin_ = 0;
  std::size_t line_ = 0;  // where the current line begins
  std::size_t lines_ = 0;
  bool bare_lf_ = false;  // allowed
  Refusal refusal_;
};

/// How long a body is (RFC 9112, section 6).
enum class Framing : std::uint8_t {
  none,
  length,
  chunked,
  until_close,  ///< responses only
};

/// What requests and responses have in common. Views borrow from the head's text.
struct MessageHead {
  std::vector<Field> fields;  // kept for its memory
  int minor_version = 1;
  bool keep_alive = true;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;

  /// The first value of that name; nothing if there is none.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
};

struct HttpRequestHead : MessageHead {
  std::string_view method;
  std::string_view target;
  std::string_view path;
  std::string_view query;
  bool is_connect = false;
  bool is_head = false;
  bool expects_continue = false;
};

/// Takes a whole head apart: `text` is what `scanner` has found complete. What is left to say is a refusal.
std::optional<Refusal> parse_request(std::string_view text, const HeadScanner& scanner, const HeadLimits& limits,
                                     HttpRequestHead& head);

struct HttpResponseHead : MessageHead {
  int status = 0;
  std::string_view reason;
};

/// The same for a response, to a request that was no HEAD and no CONNECT. The refusal's status means nothing.
std::optional<Refusal> parse_response(std::string_view text, const HeadScanner& scanner, HttpResponseHead& head);

/// RFC 9110, section 5.6.2.
bool is_token(std::string_view text) noexcept;
/// Whether a header field may have that value: no control characters but tabs (RFC 9110, section 5.5).
bool is_field_value(std::string_view text) noexcept;
/// Whether a request line may have that target: visible ASCII without a fragment.
bool is_target(std::string_view text) noexcept;

}  // namespace polyrpc::http1
