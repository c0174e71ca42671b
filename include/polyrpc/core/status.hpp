#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace polyrpc {

/// The canonical outcome codes, with gRPC's numbers; every wire translates to and from these at its edge.
/// Source: google.rpc.Code.
enum class StatusCode : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// The code's name as this library and the Connect protocol write it: `not_found`.
std::string_view to_string(StatusCode code) noexcept;

/// The code of that name, or nothing.
std::optional<StatusCode> status_code_from_string(std::string_view name) noexcept;

/// The code of that number; numbers outside 0 to 16 become `unknown`.
StatusCode status_code_from_number(std::int64_t number) noexcept;

/// One typed detail of an error: a serialised message and the URL that names its type, as in google.rpc.Status.
struct StatusDetail {
  std::string type_url;
  std::string value;

  friend bool operator==(const StatusDetail&, const StatusDetail&) = default;
};

/// Where an error was made: here, or by the peer that answered.
enum class Origin : std::uint8_t { local, remote };

/// How something ended: `ok`, or a code with a message for people and details for programs.
/// A value; an `ok` status is one null pointer.
class [[nodiscard]] Status {
 public:
  Status() noexcept = default;
  /// With `StatusCode::ok` the message is dropped.
  Status(StatusCode code, std::string_view message, Origin origin = Origin::local);
  Status(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(const Status& other);
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  static Status cancelled(std::string_view message) { return {StatusCode::cancelled, message}; }
  static Status unknown(std::string_view message) { return {StatusCode::unknown, message}; }
  static Status invalid_argument(std::string_view message) { return {StatusCode::invalid_argument, message}; }
  static Status deadline_exceeded(std::string_view message) { return {StatusCode::deadline_exceeded, message}; }
  static Status not_found(std::string_view message) { return {StatusCode::not_found, message}; }
  static Status already_exists(std::string_view message) { return {StatusCode::already_exists, message}; }
  static Status permission_denied(std::string_view message) { return {StatusCode::permission_denied, message}; }
  static Status resource_exhausted(std::string_view message) { return {StatusCode::resource_exhausted, message}; }
  static Status failed_precondition(std::string_view message) { return {StatusCode::failed_precondition, message}; }
  static Status aborted(std::string_view message) { return {StatusCode::aborted, message}; }
  static Status out_of_range(std::string_view message) { return {StatusCode::out_of_range, message}; }
  static Status unimplemented(std::string_view message) { return {StatusCode::unimplemented, message}; }
  static Status internal(std::string_view message) { return {StatusCode::internal, message}; }
  static Status unavailable(std::string_view message) { return {StatusCode::unavailable, message}; }
  static Status data_loss(std::string_view message) { return {StatusCode::data_loss, message}; }
  static Status unauthenticated(std::string_view message) { return {StatusCode::unauthenticated, message}; }

  bool ok() const noexcept { return rep_ == nullptr; }
  StatusCode code() const noexcept { return rep_ ? rep_->code : StatusCode::ok; }
  /// The text for people; empty when ok. On gob and JSON-RPC 1.0 exactly this text is what travels.
  const std::string& message() const noexcept;
  const std::vector<StatusDetail>& details() const noexcept;
  /// `remote` when the peer answered with this error, `local` when it was made on this side.
  Origin origin() const noexcept { return rep_ ? rep_->origin : Origin::local; }

  /// Adds a detail; does nothing on an ok status.
  Status& add_detail(StatusDetail detail);
  /// The same status, marked as made by the peer.
  Status as_remote() &&;

  /// `not_found: no such user`, for logs.
  std::string to_string() const;

  /// Compares code, message and details, not the origin.
  friend bool operator==(const Status& a, const Status& b) noexcept;

 private:
  struct Rep {
    StatusCode code;
    Origin origin;
    std::string message;
    std::vector<StatusDetail> details;
  };

  std::unique_ptr<Rep> rep_;
};

/// What `Result::value()` throws when there is no value.
class StatusError : public std::exception {
 public:
  explicit StatusError(Status status) : status_(std::move(status)), text_(status_.to_string()) {}
  const char* what() const noexcept override { return text_.c_str(); }
  const Status& status() const noexcept { return status_; }

 private:
  Status status_;
  std::string text_;
};

}  // namespace polyrpc
