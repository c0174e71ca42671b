#pragma once

#include "polyrpc/core/describe.hpp"
#include "polyrpc/runtime/registry.hpp"
#include "polyrpc/runtime/stream.hpp"

#include <cstdint>
#include <string>

namespace polyrpc::test {

struct Number {
  std::int64_t value = 0;
};
POLYRPC_DESCRIBE(Number, (value, "value"));

struct Text {
  std::string text;
};
POLYRPC_DESCRIBE(Text, (text, "text"));

/// Bytes of `Number`: field 1, a varint.
inline std::string number_bytes(std::uint8_t value) {
  return value == 0 ? std::string() : std::string("\x08") + static_cast<char>(value);
}

/// What the streaming methods have seen.
struct Seen {
  int started = 0;
  int ended = 0;
  int cancelled = 0;  ///< told by their reader, their writer or their stop token
  int written = 0;
  std::string how;  ///< the last status that a reader or writer gave
};

/// One method of each kind, and some that misbehave, under `test.Service`.
inline void register_services(Registry& registry, Seen& seen) {
  registry.add("test.Service.Double", [](const Number& in) {
    Number out;
    out.value = in.value * 2;
    return out;
  });
  registry.add("test.Service.Echo", [](const Text& in) { return in; });
  registry.add("test.Service.Fail", [](const Text& in) -> Result<Text> { return Status::not_found(in.text); });
  registry.add("test.Service.Details", [](const Text& in) -> Result<Text> {
    Status status = Status::failed_precondition(in.text);
    status.add_detail({"type.googleapis.com/a.B", "one"});
    status.add_detail({"type.googleapis.com/c.D", std::string("\0\x01", 2)});
    return status;
  });
  registry.add("test.Service.Metadata", [](Context& context, const Text&) {
    Text out;
    for (const auto& [key, value] : context.metadata()) {
      if (key.starts_with("x-")) context.headers().add(key, value), context.trailers().add(key, value);
      out.text += key + ";";
    }
    return out;
  });
  registry.add("test.Service.TimeLeft", [](Context& context, const Text&) {
    Number out;
    if (const auto left = context.time_left()) out.value = left->count();
    return out;
  });
  registry.add("test.Service.Compressed", [](Context& context, const Text& in) {
    context.headers().set("grpc-encoding", "gzip");
    return in;
  });
  registry.add("test.Service.Throw", [](const Text&) -> Text { throw std::runtime_error("secret"); });
  registry.add("test.Service.BadTrailer", [](Context& context, const Text& in) {
    context.trailers().add("grpc-status", "7");
    return in;
  });

  registry.add("test.Service.Count", [&seen](Context&, const Number& in, Writer<Number>& out) -> Awaitable<Status> {
    ++seen.started;
    Number number;
    Status status;
    for (std::int64_t i = 1; i <= in.value; ++i) {
      number.value = i;
      status = co_await out.write(number);
      if (!status.ok()) break;
      ++seen.written;
    }
    if (!status.ok()) ++seen.cancelled;
    ++seen.ended;
    seen.how = status.to_string();
    co_return status;
  });
  registry.add("test.Service.Sum", [&seen](Reader<Number>& in, Number& out) -> Awaitable<Status> {
    ++seen.started;
    Number number;
    while (co_await in.read(number)) {
      out.value += number.value;
      number = {};
    }
    ++seen.ended;
    if (!in.status().ok()) ++seen.cancelled;
    seen.how = in.status().to_string();
    co_return in.status();
  });
  registry.add("test.Service.Chat",
               [&seen](Context& context, Reader<Text>& in, Writer<Text>& out) -> Awaitable<Status> {
                 ++seen.started;
                 Text text;
                 Status status;
                 while (co_await in.read(text)) {
                   if (text.text == "bye") co_return Status::aborted("bye");
                   if (text.text == "headers") {
                     context.headers().set("x-early", "yes");
                     status = co_await out.send_headers();
                     continue;
                   }
                   status = co_await out.write(text);
                   if (!status.ok()) break;
                   text = {};
                 }
                 ++seen.ended;
                 if (status.ok()) status = in.status();
                 if (!status.ok()) ++seen.cancelled;
                 seen.how = status.to_string();
                 co_return status;
               });
}

}  // namespace polyrpc::test
