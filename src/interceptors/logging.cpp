#include "polyrpc/interceptors/logging.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace polyrpc::interceptors {

namespace {

constexpr std::size_t longest_text = 200;

/// Appends what a peer may have written, so that it stays one word or one quoted text.
void append_escaped(std::string& line, std::string_view text, bool spaces) {
  constexpr char digits[] = "0123456789abcdef";
  const bool cut = text.size() > longest_text;
  for (const char c : text.substr(0, longest_text)) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c > '~' || c < ' ' || (c == ' ' && !spaces)) {
      const auto byte = static_cast<unsigned char>(c);
      line += "\\x";
      line += digits[byte >> 4];
      line += digits[byte & 15];
    } else {
      line += c;
    }
  }
  if (cut) line += "...";
}

LogLevel usual_level(const Status& status) {
  switch (status.code()) {
    case StatusCode::ok:
      return LogLevel::info;
    case StatusCode::internal:
    case StatusCode::unknown:
    case StatusCode::data_loss:
      return LogLevel::error;
    default:
      return LogLevel::warning;
  }
}

struct Logger {
  LogSink sink;
  LoggingOptions options;

  Clock::time_point now() const { return options.now ? options.now() : Clock::now(); }
};

/// The line of one call, written once: at the latest when the call is cut off.
class Line {
 public:
  // Copies what it will say, because a call that is cut off may be gone.
  Line(InterceptedCall& call, std::shared_ptr<const Logger> logger)
      : logger_(std::move(logger)), begun_(logger_->now()), text_("side=") {
    text_ += call.side() == Side::server ? "server" : "client";
    text_ += " method=";
    append_escaped(text_, call.method(), false);
    text_ += " peer=";
    append_escaped(text_, call.context().peer().address, false);
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() {
    if (logger_ == nullptr) return;
    try {
      write(Status::cancelled("cut off"));
    } catch (...) {
      // no memory for it
    }
  }

  void write(const Status& status) {
    const std::shared_ptr<const Logger> logger = std::exchange(logger_, nullptr);
    if (!logger->sink) return;
    const auto time = std::chrono::duration_cast<std::chrono::microseconds>(logger->now() - begun_);
    text_ += " status=";
    text_ += to_string(status.code());
    text_ += " time_us=" + std::to_string(time.count());
    if (!status.message().empty()) {
      text_ += " message=\"";
      append_escaped(text_, status.message(), true);
      text_ += '"';
    }
    logger->sink(logger->options.level ? logger->options.level(status) : usual_level(status), text_);
  }

 private:
  std::shared_ptr<const Logger> logger_;
  Clock::time_point begun_;
  std::string text_;
};

Awaitable<Status> logged(InterceptedCall& call, Next next, std::shared_ptr<const Logger> logger) {
  Line line(call, std::move(logger));
  Status status;
  try {
    status = co_await next(call);
  } catch (const std::exception& failure) {
    line.write(call.context().cancelled() ? Status::cancelled(failure.what()) : Status::internal(failure.what()));
    throw;
  } catch (...) {
    line.write(Status::internal("something that is no std::exception was thrown"));
    throw;
  }
  line.write(status);
  co_return status;
}

}  // namespace

Interceptor logging(LogSink sink, LoggingOptions options) {
  auto logger = std::make_shared<Logger>();
  logger->sink = std::move(sink);
  logger->options = std::move(options);
  std::shared_ptr<const Logger> shared = std::move(logger);
  return [shared](InterceptedCall& call, Next next) { return logged(call, next, shared); };
}

}  // namespace polyrpc::interceptors
