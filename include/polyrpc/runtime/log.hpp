#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace polyrpc {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// Takes one line of log, without a line end. Called from any thread of the server or client; must not throw.
using LogSink = std::function<void(LogLevel, std::string_view)>;

}  // namespace polyrpc
