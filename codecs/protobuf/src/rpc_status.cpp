#include "rpc_status.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace polyrpc::protobuf::detail {

namespace {

/// Codes for the texts that Go programs make themselves. What anybody's handler says has no code.
StatusCode code_of_text(std::string_view text) noexcept {
  struct Known {
    std::string_view prefix;
    StatusCode code;
  };
  static constexpr std::array known = {
      Known{"rpc: can't find service ", StatusCode::unimplemented},
      Known{"rpc: can't find method ", StatusCode::unimplemented},
      Known{"rpc: service/method request ill-formed: ", StatusCode::unimplemented},
  };
  for (const Known& each : known)
    if (text.substr(0, each.prefix.size()) == each.prefix) return each.code;
  if (text == "context canceled") return StatusCode::cancelled;
  if (text == "context deadline exceeded") return StatusCode::deadline_exceeded;
  return StatusCode::unknown;
}

}  // namespace

std::string_view error_text(const Status& status) noexcept {
  return status.message().empty() ? to_string(status.code()) : std::string_view(status.message());
}

Status status_of(const ReplyHeader& header) {
  if (header.error.empty() && header.code == 0) return {};
  StatusCode code = code_of_text(header.error);
  if (header.code != 0) {
    constexpr auto most = static_cast<std::uint64_t>((std::numeric_limits<std::int64_t>::max)());
    code = status_code_from_number(static_cast<std::int64_t>((std::min)(header.code, most)));
  }
  Status status(code, header.error, Origin::remote);
  for (const auto& [type, value] : header.details) status.add_detail({std::string(type), std::string(value)});
  return status;
}

}  // namespace polyrpc::protobuf::detail
