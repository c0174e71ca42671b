// polyrpc's own client of streaming calls on one stream: ping-pong with a number of messages on the way, pushes of the
// server, pushes of the client. Prints as polyrpc_client does; a call there is a message here.

#include <polyrpc/codecs/protobuf_rpc.hpp>
#include <polyrpc/grpc/client.hpp>
#include <polyrpc/polyrpc.hpp>
#include <polyrpc/runtime/async_stream.hpp>

#include "echo_types.hpp"
#include "support/clock.hpp"
#include "support/meter.hpp"
#include "support/options.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using bench::Echo;
using bench::Meter;
using bench::now;
using polyrpc::Awaitable;
using polyrpc::Status;
using PingPong = polyrpc::BidirectionalCall<Echo, Echo>;

void fail(const std::string& why) { throw std::runtime_error(why); }

void require(const Status& status) {
  if (!status.ok()) fail(status.to_string());
}

/// Blocking, one message on the way.
void ping_pong(polyrpc::Client& client, const std::string& method, const Echo& message, Meter& meter) {
  PingPong call = client.open_bidirectional<Echo, Echo>(method);
  Echo reply;
  for (std::uint64_t began = now();;) {
    require(call.write(message));
    if (!call.read(reply)) require(call.finish());
    if (reply.s.size() != message.s.size()) fail("not an echo");
    const std::uint64_t time = now();
    if (!meter.finished(began, time)) break;
    began = time;
  }
  require(call.finish());
}

void server_push(polyrpc::Client& client, const std::string& method, Echo message, Meter& meter) {
  message.a = std::int64_t{1} << 40;
  auto call = client.open_server_streaming<Echo>(method, message);
  Echo reply;
  for (std::uint64_t began = now();;) {
    if (!call.read(reply)) require(call.finish());
    if (reply.s.size() != message.s.size()) fail("not what was pushed");
    const std::uint64_t time = now();
    if (!meter.finished(began, time)) break;
    began = time;
  }
  call.cancel();
}

/// On a loop, as both sides work at the same time.
class PipelinedPingPong {
 public:
  PipelinedPingPong(polyrpc::Client& client, PingPong call, const Echo& message, std::size_t depth, Meter& meter)
      : client_(client), call_(std::move(call)), message_(message), depth_(depth), meter_(meter) {}

  /// Writes as many as are allowed, reads what is there, and so on.
  Awaitable<void> run() {
    Echo reply;
    std::deque<std::uint64_t> began;
    for (;;) {
      while (began.size() < depth_) {
        began.push_back(now());
        Status sent = co_await call_.async_write(message_);
        require(sent);
      }
      const bool got = co_await call_.async_read(reply);
      if (!got) {
        Status status = co_await call_.async_finish();
        require(status);
        fail("the stream has ended");
      }
      const bool again = meter_.finished(began.front(), now());
      began.pop_front();
      if (!again) break;
    }
    call_.cancel();
    client_.close();
  }

 private:
  polyrpc::Client& client_;
  PingPong call_;
  const Echo& message_;
  std::size_t depth_;
  Meter& meter_;
};

void client_push(polyrpc::Client& client, const std::string& method, const Echo& message, Meter& meter) {
  auto call = client.open_client_streaming<Echo, Echo>(method);
  std::int64_t sent = 0;
  for (std::uint64_t began = now();;) {
    require(call.write(message));
    ++sent;
    const std::uint64_t time = now();
    if (!meter.finished(began, time)) break;
    began = time;
  }
  const polyrpc::Result<Echo> reply = call.finish();
  require(reply.status());
  if (reply->a != sent) fail("messages are missing");
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(
      argc, argv,
      "options: --address HOST:PORT --wire grpc|protobuf --mode ping-pong|server-push|client-push "
      "--in-flight N --payload BYTES --connections N --warmup SECONDS --seconds SECONDS ");
  try {
    Echo message;
    message.a = 1;
    message.b = 2;
    message.s.assign(options.number<std::size_t>("payload", 32), std::byte{'x'});
    const std::string wire = options.text("wire", "grpc");
    const std::string mode = options.text("mode", "ping-pong");
    const std::string address = "tcp://" + options.text("address", "");
    const auto depth = options.number<std::size_t>("in-flight", 1);
    const std::shared_ptr<const polyrpc::Codec> codec =
        wire == "grpc" ? polyrpc::grpc::rpc() : polyrpc::protobuf::rpc();
    const std::string service = wire == "grpc" ? "bench.Echo." : "Echo.";

    Meter meter(options.number("warmup", 0.5), options.number("seconds", 2.0));
    meter.start();
    if (mode == "ping-pong" && depth > 1) {
      asio::io_context context(1);
      const auto client = polyrpc::dial(context, address, codec);
      PipelinedPingPong load(*client, client->open_bidirectional<Echo, Echo>(service + "PingPong"), message, depth,
                             meter);
      asio::co_spawn(context, load.run(), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
      });
      context.run();
    } else {
      const auto client = polyrpc::dial(address, codec);
      if (mode == "ping-pong")
        ping_pong(*client, service + "PingPong", message, meter);
      else if (mode == "server-push")
        server_push(*client, service + "ServerPush", message, meter);
      else if (mode == "client-push")
        client_push(*client, service + "ClientPush", message, meter);
      else
        options.fail("no mode " + mode);
    }
    meter.print();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "polyrpc_streams: %s\n", error.what());
    return 1;
  }
}
