#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/runtime/connect.hpp"
#include "polyrpc/runtime/http.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace polyrpc::http1 {

/// What a request has decided about its answer.
struct Delivery {
  int minor_version = 1;
  bool keep_alive = true;
  bool is_head = false;  ///< the answer has no body, whatever it says of it
};

/// `Not Found`; `Unknown` for numbers without a name of their own.
std::string_view reason_of(int status) noexcept;

/// Whether an answer of that status may have a body (RFC 9110, section 6.4.1).
constexpr bool may_have_body(int status) noexcept { return status >= 200 && status != 204 && status != 304; }

/// What stands behind `Content-Length` or instead of it.
struct BodyLength {
  enum class Kind : std::uint8_t { known, chunked, until_close };
  Kind kind = Kind::known;
  std::size_t bytes = 0;
};

/// Appends an answer's head. `content_type` may be empty; `lines` are whole header lines, checked already.
void write_head(ByteQueue& output, int status, std::string_view content_type, BodyLength length,
                const Delivery& delivery, std::string_view lines = {});

/// Appends a whole answer.
void write_answer(ByteQueue& output, int status, std::string_view content_type, std::string_view body,
                  const Delivery& delivery, std::string_view lines = {});

/// Appends an answer in plain words, that says its number too: `400 bad request: no Host`.
void write_refusal(ByteQueue& output, int status, std::string_view why, const Delivery& delivery,
                   std::string_view lines = {});

/// Appends one chunk; nothing for no data, because that would be the last one.
void write_chunk(ByteQueue& output, std::string_view data);
void write_last_chunk(ByteQueue& output);

/// A handler's header fields as lines, with the `Content-Type` apart. Fields that are the server's affair or malformed
/// are left out and counted.
struct FieldLines {
  std::string lines;
  std::string_view content_type;  ///< borrows from the response
  std::size_t left_out = 0;
};
FieldLines field_lines(const http::Response& response);

/// Fields that are known to be well-formed, as lines.
std::string lines_of(const connect::Fields& fields);

/// The time as HTTP writes it, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7); of this thread, until called
/// again.
std::string_view date_now() noexcept;
/// The same for seconds since 1970.
std::string format_date(std::int64_t unix_seconds);

}  // namespace polyrpc::http1
