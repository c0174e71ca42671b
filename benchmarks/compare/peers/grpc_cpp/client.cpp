// gRPC C++'s own client: one unary call at a time with the blocking API, all else with the callback API. Prints as
// polyrpc_client and polyrpc_streams do.

#include "echo.grpc.pb.h"
#include "support/clock.hpp"
#include "support/options.hpp"
#include "support/shared_meter.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <grpcpp/grpcpp.h>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace {

using bench::Message;
using bench::now;
using bench::SharedMeter;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "grpc_cpp_client: %s\n", why.c_str());
  std::_Exit(1);
}

void require(const grpc::Status& status) {
  if (!status.ok()) fail(status.error_message());
}

struct Slot {
  bench::Echo::Stub* stub = nullptr;
  std::uint64_t began = 0;
  std::unique_ptr<grpc::ClientContext> context;
  Message reply;
};

void call(Slot& slot, const Message& message, SharedMeter& meter) {
  slot.context = std::make_unique<grpc::ClientContext>();
  slot.began = now();
  slot.stub->async()->Echo(slot.context.get(), &message, &slot.reply,
                           [&slot, &message, &meter](const grpc::Status& status) {
                             require(status);
                             if (slot.reply.s().size() != message.s().size()) fail("not an echo");
                             if (meter.finished(slot.began, now())) call(slot, message, meter);
                           });
}

void call_blocking(bench::Echo::Stub& stub, const Message& message, SharedMeter& meter) {
  Message reply;
  for (std::uint64_t began = now();;) {
    grpc::ClientContext context;
    require(stub.Echo(&context, message, &reply));
    const std::uint64_t time = now();
    if (!meter.finished(began, time)) return;
    began = time;
  }
}

class PingPong final : public grpc::ClientBidiReactor<Message, Message> {
 public:
  PingPong(bench::Echo::Stub& stub, const Message& message, std::size_t depth, SharedMeter& meter)
      : message_(message), depth_(depth), meter_(meter) {
    stub.async()->PingPong(&context_, this);
    AddHold();
    {
      const std::lock_guard lock(mutex_);
      write_if_allowed();
    }
    StartRead(&reply_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    std::uint64_t began = 0;
    {
      const std::lock_guard lock(mutex_);
      began = began_.front();
      began_.pop_front();
    }
    if (!meter_.finished(began, now())) return;
    {
      const std::lock_guard lock(mutex_);
      write_if_allowed();
    }
    StartRead(&reply_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return;
    const std::lock_guard lock(mutex_);
    writing_ = false;
    write_if_allowed();
  }

 private:
  void write_if_allowed() {
    if (writing_ || began_.size() == depth_) return;
    writing_ = true;
    began_.push_back(now());
    StartWrite(&message_);
  }

  grpc::ClientContext context_;
  const Message& message_;
  const std::size_t depth_;
  SharedMeter& meter_;
  Message reply_;
  std::mutex mutex_;
  bool writing_ = false;
  std::deque<std::uint64_t> began_;
};

/// One message at a time with the blocking API.
void ping_pong_blocking(bench::Echo::Stub& stub, const Message& message, SharedMeter& meter) {
  grpc::ClientContext context;
  const auto stream = stub.PingPong(&context);
  Message reply;
  for (std::uint64_t began = now();;) {
    if (!stream->Write(message) || !stream->Read(&reply)) fail("the stream has ended");
    const std::uint64_t time = now();
    if (!meter.finished(began, time)) return meter.print_at_end();
    began = time;
  }
}

class ServerPush final : public grpc::ClientReadReactor<Message> {
 public:
  ServerPush(bench::Echo::Stub& stub, const Message& message, SharedMeter& meter) : meter_(meter), began_(now()) {
    request_ = message;
    request_.set_a(std::int64_t{1} << 40);
    stub.async()->ServerPush(&context_, &request_, this);
    AddHold();
    StartRead(&reply_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) fail("the stream has ended");
    const std::uint64_t time = now();
    if (!meter_.finished(began_, time)) return;
    began_ = time;
    StartRead(&reply_);
  }

 private:
  grpc::ClientContext context_;
  SharedMeter& meter_;
  std::uint64_t began_;
  Message request_;
  Message reply_;
};

class ClientPush final : public grpc::ClientWriteReactor<Message> {
 public:
  ClientPush(bench::Echo::Stub& stub, const Message& message, SharedMeter& meter)
      : message_(message), meter_(meter), began_(now()) {
    stub.async()->ClientPush(&context_, &reply_, this);
    AddHold();
    StartWrite(&message_);
    StartCall();
  }
  void OnWriteDone(bool ok) override {
    if (!ok) fail("the stream has ended");
    const std::uint64_t time = now();
    if (!meter_.finished(began_, time)) return;
    began_ = time;
    StartWrite(&message_);
  }

 private:
  grpc::ClientContext context_;
  const Message& message_;
  SharedMeter& meter_;
  std::uint64_t began_;
  Message reply_;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(
      argc, argv,
      "options: --address HOST:PORT --wire grpc --mode unary|ping-pong|server-push|client-push --connections N "
      "--in-flight N --payload BYTES --warmup SECONDS --seconds SECONDS ");
  Message message;
  message.set_a(1);
  message.set_b(2);
  message.set_s(std::string(options.number<std::size_t>("payload", 32), 'x'));
  const auto connections = options.number<std::size_t>("connections", 1);
  const auto depth = options.number<std::size_t>("in-flight", 1);
  const std::string mode = options.text("mode", "unary");

  std::vector<std::unique_ptr<bench::Echo::Stub>> stubs;
  for (std::size_t i = 0; i < connections; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(16 << 20);
    stubs.push_back(bench::Echo::NewStub(grpc::CreateCustomChannel("ipv4:" + options.text("address", ""),
                                                                   grpc::InsecureChannelCredentials(), arguments)));
  }

  SharedMeter meter(options.number("warmup", 0.5), options.number("seconds", 2.0));
  std::vector<Slot> slots(connections * depth);
  if (mode == "unary" && slots.size() == 1) {
    call_blocking(*stubs.front(), message, meter);
  } else if (mode == "unary") {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      slots[i].stub = stubs[i % connections].get();
      call(slots[i], message, meter);
    }
  } else if (mode == "ping-pong" && depth == 1) {
    ping_pong_blocking(*stubs.front(), message, meter);
  } else if (mode == "ping-pong") {
    new PingPong(*stubs.front(), message, depth, meter);
  } else if (mode == "server-push") {
    new ServerPush(*stubs.front(), message, meter);
  } else if (mode == "client-push") {
    new ClientPush(*stubs.front(), message, meter);
  } else {
    options.fail("no mode " + mode);
  }
  meter.print_at_end();
}
