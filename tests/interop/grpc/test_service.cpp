#include "test_service.hpp"

#include "polyrpc/core/context.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/core/status.hpp"
#include "polyrpc/runtime/stream.hpp"

#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace interop {

namespace {

using polyrpc::Awaitable;
using polyrpc::Context;
using polyrpc::Reader;
using polyrpc::Result;
using polyrpc::Status;
using polyrpc::Writer;

constexpr std::int32_t max_size = 64 << 20;

void echo_metadata(Context& context) {
  for (const std::string_view value : context.metadata().get_all(echo_initial))
    context.headers().add(echo_initial, value);
  for (const std::string_view value : context.metadata().get_all(echo_trailing))
    context.trailers().add(echo_trailing, value);
}

Status asked_for(const testing::EchoStatus& status) {
  return {polyrpc::status_code_from_number(status.code()), status.message()};
}

Status fill(testing::Payload& payload, std::int32_t size) {
  if (size < 0 || size > max_size)
    return Status::invalid_argument("interop: a payload of " + std::to_string(size) + " bytes");
  payload.set_body(std::string(static_cast<std::size_t>(size), '\0'));
  return {};
}

testing::Empty empty(Context& context, const testing::Empty&) {
  echo_metadata(context);
  return {};
}

Result<testing::SimpleResponse> unary(Context& context, const testing::SimpleRequest& request) {
  echo_metadata(context);
  if (request.response_status().code() != 0) return asked_for(request.response_status());
  if (request.response_compressed().value()) context.headers().set("grpc-encoding", "gzip");
  testing::SimpleResponse response;
  Status filled = fill(*response.mutable_payload(), request.response_size());
  if (!filled.ok()) return filled;
  return response;
}

/// Writes one reply for each of the parameters, when its time has come.
Awaitable<Status> reply(const testing::StreamingOutputCallRequest& request,
                        Writer<testing::StreamingOutputCallResponse>& writer) {
  testing::StreamingOutputCallResponse response;
  for (const auto& parameters : request.response_parameters()) {
    if (parameters.interval_us() > 0) {
      const auto executor = co_await asio::this_coro::executor;
      asio::steady_timer timer(executor, std::chrono::microseconds(parameters.interval_us()));
      asio::error_code error;
      auto token = asio::redirect_error(asio::use_awaitable, error);
      co_await timer.async_wait(token);
    }
    Status status = fill(*response.mutable_payload(), parameters.size());
    if (status.ok()) status = co_await writer.write(response);
    if (!status.ok()) co_return status;
  }
  co_return Status();
}

Awaitable<Status> streaming_output(Context& context, const testing::StreamingOutputCallRequest& request,
                                   Writer<testing::StreamingOutputCallResponse>& writer) {
  echo_metadata(context);
  Status status = co_await reply(request, writer);
  co_return status;
}

Awaitable<Result<testing::StreamingInputCallResponse>> streaming_input(
    Context& context, Reader<testing::StreamingInputCallRequest>& reader) {
  echo_metadata(context);
  std::int64_t sum = 0;
  testing::StreamingInputCallRequest request;
  while (co_await reader.read(request)) sum += static_cast<std::int64_t>(request.payload().body().size());
  if (!reader.status().ok()) co_return reader.status();
  if (sum > std::numeric_limits<std::int32_t>::max()) co_return Status::out_of_range("interop: the sum is too large");
  testing::StreamingInputCallResponse response;
  response.set_aggregated_payload_size(static_cast<std::int32_t>(sum));
  co_return response;
}

Awaitable<Status> full_duplex(Context& context, Reader<testing::StreamingOutputCallRequest>& reader,
                              Writer<testing::StreamingOutputCallResponse>& writer) {
  echo_metadata(context);
  testing::StreamingOutputCallRequest request;
  while (co_await reader.read(request)) {
    if (request.response_status().code() != 0) co_return asked_for(request.response_status());
    Status status = co_await reply(request, writer);
    if (!status.ok()) co_return status;
  }
  co_return reader.status();
}

}  // namespace

void register_test_service(polyrpc::Registry& registry) {
  registry.add(empty_call, &empty);
  registry.add(unary_call, &unary);
  registry.add(streaming_output_call, &streaming_output);
  registry.add(streaming_input_call, &streaming_input);
  registry.add(full_duplex_call, &full_duplex);
}

}  // namespace interop
