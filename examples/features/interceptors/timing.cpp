#include "timing.hpp"

#include <charconv>
#include <memory>
#include <string>
#include <utility>

namespace {

constexpr std::string_view time_key = "time-us";

struct Timer {
  TimeSink sink;
  std::function<polyrpc::Clock::time_point()> now;

  polyrpc::Clock::time_point read() const { return now ? now() : polyrpc::Clock::now(); }
};

/// The other end may say anything.
std::optional<std::chrono::microseconds> server_time(const polyrpc::Metadata& headers) {
  const auto text = headers.get(time_key);
  if (!text) return std::nullopt;
  std::chrono::microseconds::rep count = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
  if (error != std::errc() || end != text->data() + text->size() || count < 0) return std::nullopt;
  return std::chrono::microseconds(count);
}

polyrpc::Awaitable<polyrpc::Status> timed(polyrpc::InterceptedCall& call, polyrpc::Next next,
                                          std::shared_ptr<const Timer> timer) {
  const polyrpc::Clock::time_point begun = timer->read();
  polyrpc::Status status = co_await next(call);

  CallTime time;
  time.total = std::chrono::duration_cast<std::chrono::microseconds>(timer->read() - begun);
  polyrpc::Metadata& headers = call.context().headers();
  if (call.side() == polyrpc::Side::server) {
    headers.set(time_key, std::to_string(time.total.count()));
  } else {
    time.server = server_time(headers);
  }
  if (timer->sink) timer->sink(call.side(), call.method(), time);
  co_return status;
}

}  // namespace

polyrpc::Interceptor timing(TimeSink sink, std::function<polyrpc::Clock::time_point()> now) {
  auto timer = std::make_shared<const Timer>(Timer{std::move(sink), std::move(now)});
  return [timer](polyrpc::InterceptedCall& call, polyrpc::Next next) { return timed(call, next, timer); };
}
