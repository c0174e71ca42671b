#include "polyrpc/core/status.hpp"

#include <array>
#include <utility>

namespace polyrpc {

namespace {

constexpr std::array<std::string_view, 17> names = {
    "ok",        "cancelled",      "unknown",           "invalid_argument",   "deadline_exceeded",
    "not_found", "already_exists", "permission_denied", "resource_exhausted", "failed_precondition",
    "aborted",   "out_of_range",   "unimplemented",     "internal",           "unavailable",
    "data_loss", "unauthenticated"};

}  // namespace

std::string_view to_string(StatusCode code) noexcept {
  const auto number = static_cast<std::size_t>(code);
  return number < names.size() ? names[number] : "unknown";
}

std::optional<StatusCode> status_code_from_string(std::string_view name) noexcept {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<StatusCode>(i);
  return std::nullopt;
}

StatusCode status_code_from_number(std::int64_t number) noexcept {
  if (number < 0 || number >= static_cast<std::int64_t>(names.size())) return StatusCode::unknown;
  return static_cast<StatusCode>(number);
}

Status::Status(StatusCode code, std::string_view message, Origin origin) {
  if (code != StatusCode::ok) rep_ = std::make_unique<Rep>(Rep{code, origin, std::string(message), {}});
}

Status::Status(const Status& other) : rep_(other.rep_ ? std::make_unique<Rep>(*other.rep_) : nullptr) {}

Status& Status::operator=(const Status& other) {
  if (this != &other) rep_ = other.rep_ ? std::make_unique<Rep>(*other.rep_) : nullptr;
  return *this;
}

const std::string& Status::message() const noexcept {
  static const std::string none;
  return rep_ ? rep_->message : none;
}

const std::vector<StatusDetail>& Status::details() const noexcept {
  static const std::vector<StatusDetail> none;
  return rep_ ? rep_->details : none;
}

Status& Status::add_detail(StatusDetail detail) {
  if (rep_) rep_->details.push_back(std::move(detail));
  return *this;
}

Status Status::as_remote() && {
  if (rep_) rep_->origin = Origin::remote;
  return std::move(*this);
}

std::string Status::to_string() const {
  std::string text(polyrpc::to_string(code()));
  if (!message().empty()) text += ": " + message();
  return text;
}

bool operator==(const Status& a, const Status& b) noexcept {
  return a.code() == b.code() && a.message() == b.message() && a.details() == b.details();
}

}  // namespace polyrpc
