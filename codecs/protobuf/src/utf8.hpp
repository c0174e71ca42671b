#pragma once

#include <string_view>

namespace polyrpc::protobuf {

/// Whether the text is UTF-8 without surrogates and overlong forms, as protobuf demands of every `string`.
bool is_utf8(std::string_view text) noexcept;

}  // namespace polyrpc::protobuf
