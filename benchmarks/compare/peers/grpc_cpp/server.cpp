// The echo service with gRPC C++, callback API. What sleeps does so on threads of its own, as its callbacks must not
// block.

#include "echo.grpc.pb.h"
#include "pool.hpp"
#include "support/options.hpp"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <grpcpp/grpcpp.h>
#include <memory>
#include <string>
#include <thread>

namespace {

using bench::Message;

class PingPong final : public grpc::ServerBidiReactor<Message, Message> {
 public:
  PingPong() { StartRead(&message_); }
  void OnReadDone(bool ok) override {
    if (ok)
      StartWrite(&message_);
    else
      Finish(grpc::Status::OK);
  }
  void OnWriteDone(bool ok) override {
    if (ok) StartRead(&message_);
  }
  void OnDone() override { delete this; }

 private:
  Message message_;
};

class ServerPush final : public grpc::ServerWriteReactor<Message> {
 public:
  explicit ServerPush(const Message& message) : message_(message) { next(); }
  void OnWriteDone(bool ok) override {
    if (ok)
      next();
    else
      Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

 private:
  void next() {
    if (sent_++ == message_.a()) {
      Finish(grpc::Status::OK);
      return;
    }
    StartWrite(&message_);
  }

  const Message message_;
  std::int64_t sent_ = 0;
};

class ClientPush final : public grpc::ServerReadReactor<Message> {
 public:
  explicit ClientPush(Message& reply) : reply_(reply) { StartRead(&message_); }
  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::OK);
      return;
    }
    reply_.set_a(reply_.a() + 1);
    StartRead(&message_);
  }
  void OnDone() override { delete this; }

 private:
  Message& reply_;
  Message message_;
};

class Service final : public bench::Echo::CallbackService {
 public:
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context, const Message* request,
                                 Message* reply) override {
    *reply = *request;
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerUnaryReactor* Slow(grpc::CallbackServerContext* context, const Message* request,
                                 Message* reply) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    pool_.post([reactor, request, reply] {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      *reply = *request;
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }
  grpc::ServerBidiReactor<Message, Message>* PingPong(grpc::CallbackServerContext*) override {
    return new ::PingPong();
  }
  grpc::ServerWriteReactor<Message>* ServerPush(grpc::CallbackServerContext*, const Message* request) override {
    return new ::ServerPush(*request);
  }
  grpc::ServerReadReactor<Message>* ClientPush(grpc::CallbackServerContext*, Message* reply) override {
    return new ::ClientPush(*reply);
  }

 private:
  bench::Pool pool_{32};
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(argc, argv, "options: --port N (0: any) ");
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Service service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + options.text("port", "0"), grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(16 << 20);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return 1;
  std::printf("listening tcp 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  std::_Exit(0);
}
