#pragma once

#include "polyrpc/core/status.hpp"

#include "rpc_envelope.hpp"

#include <string_view>

/// A call's outcome in a reply's header.
namespace polyrpc::protobuf::detail {

/// What goes as `error`: never empty when the status is not ok, since an empty one means success.
std::string_view error_text(const Status& status) noexcept;

/// Ok, or what the header says.
Status status_of(const ReplyHeader& header);

/// For who asks for more of a call that has ended.
inline Status call_is_over() { return Status::cancelled("protorpc: the call is over"); }

}  // namespace polyrpc::protobuf::detail
