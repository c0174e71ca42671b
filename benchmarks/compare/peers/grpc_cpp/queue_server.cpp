// The echo service with gRPC C++, completion queue: one queue, and one thread that serves it. What sleeps does so on
// threads of its own.

#include "echo.grpc.pb.h"
#include "pool.hpp"
#include "support/options.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <grpcpp/grpcpp.h>
#include <memory>
#include <string>
#include <thread>

namespace {

using bench::Message;
using Service = bench::Echo::AsyncService;

/// A call that waits to come, or is under way. Its address is the tag of what it waits for, one thing at a time.
class Call {
 public:
  Call(Service& service, grpc::ServerCompletionQueue& queue) : service_(service), queue_(queue) {}
  virtual ~Call() = default;

  /// What it waited for is done, or failed.
  virtual void proceed(bool ok) = 0;

 protected:
  Service& service_;
  grpc::ServerCompletionQueue& queue_;
};

/// An Echo. With a pool a Slow, which sleeps there.
class Unary final : public Call {
 public:
  Unary(Service& service, grpc::ServerCompletionQueue& queue, bench::Pool* pool = nullptr)
      : Call(service, queue), pool_(pool) {
    wait();
  }

  void proceed(bool ok) override {
    if (!ok) {
      delete this;
    } else if (answered_) {
      wait();
    } else {
      answered_ = true;
      if (pool_ == nullptr)
        answer();
      else
        pool_->post([this] {
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
          answer();
        });
    }
  }

 private:
  struct Parts {
    grpc::ServerContext context;
    Message request;
    grpc::ServerAsyncResponseWriter<Message> writer{&context};
  };

  void wait() {
    answered_ = false;
    call_ = std::make_unique<Parts>();
    if (pool_ == nullptr)
      service_.RequestEcho(&call_->context, &call_->request, &call_->writer, &queue_, &queue_, this);
    else
      service_.RequestSlow(&call_->context, &call_->request, &call_->writer, &queue_, &queue_, this);
  }

  void answer() { call_->writer.Finish(call_->request, grpc::Status::OK, this); }

  bench::Pool* pool_;
  bool answered_ = false;
  std::unique_ptr<Parts> call_;
};

class PingPong final : public Call {
 public:
  PingPong(Service& service, grpc::ServerCompletionQueue& queue) : Call(service, queue) {
    service.RequestPingPong(&context_, &stream_, &queue, &queue, this);
  }

  void proceed(bool ok) override {
    switch (state_) {
      case State::waiting:
        if (!ok) break;
        new PingPong(service_, queue_);
        return read();
      case State::reading:
        if (!ok) {
          state_ = State::finishing;
          return stream_.Finish(grpc::Status::OK, this);
        }
        state_ = State::writing;
        return stream_.Write(message_, this);
      case State::writing:
        return read();  // fails too if the write did
      case State::finishing:
        break;
    }
    delete this;
  }

 private:
  enum class State { waiting, reading, writing, finishing };

  void read() {
    state_ = State::reading;
    stream_.Read(&message_, this);
  }

  State state_ = State::waiting;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<Message, Message> stream_{&context_};
  Message message_;
};

class ServerPush final : public Call {
 public:
  ServerPush(Service& service, grpc::ServerCompletionQueue& queue) : Call(service, queue) {
    service.RequestServerPush(&context_, &message_, &writer_, &queue, &queue, this);
  }

  void proceed(bool ok) override {
    if (!waiting_ && (finishing_ || !ok)) return end(ok);
    if (waiting_) {
      if (!ok) {
        delete this;
        return;
      }
      waiting_ = false;
      new ServerPush(service_, queue_);
    }
    if (sent_++ == message_.a())
      end(true);
    else
      writer_.Write(message_, this);
  }

 private:
  void end(bool ok) {
    if (finishing_) {
      delete this;
      return;
    }
    finishing_ = true;
    writer_.Finish(ok ? grpc::Status::OK : grpc::Status::CANCELLED, this);
  }

  bool waiting_ = true;
  bool finishing_ = false;
  std::int64_t sent_ = 0;
  grpc::ServerContext context_;
  grpc::ServerAsyncWriter<Message> writer_{&context_};
  Message message_;
};

class ClientPush final : public Call {
 public:
  ClientPush(Service& service, grpc::ServerCompletionQueue& queue) : Call(service, queue) {
    service.RequestClientPush(&context_, &reader_, &queue, &queue, this);
  }

  void proceed(bool ok) override {
    if (finishing_ || (waiting_ && !ok)) {
      delete this;
    } else if (!ok) {
      finishing_ = true;
      reader_.Finish(reply_, grpc::Status::OK, this);
    } else {
      if (waiting_)
        new ClientPush(service_, queue_);
      else
        reply_.set_a(reply_.a() + 1);
      waiting_ = false;
      reader_.Read(&message_, this);
    }
  }

 private:
  bool waiting_ = true;
  bool finishing_ = false;
  grpc::ServerContext context_;
  grpc::ServerAsyncReader<Message, Message> reader_{&context_};
  Message message_;
  Message reply_;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(argc, argv, "options: --port N (0: any) ");
  Service service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + options.text("port", "0"), grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(16 << 20);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return 1;
  // So many calls can come before the thread has to ask for more: as many as are ever in flight here.
  bench::Pool pool(32);
  for (int i = 0; i < 1024; ++i) new Unary(service, *queue);
  for (int i = 0; i < 64; ++i) new Unary(service, *queue, &pool);
  new PingPong(service, *queue);
  new ServerPush(service, *queue);
  new ClientPush(service, *queue);
  std::printf("listening tcp 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  void* tag = nullptr;
  for (bool ok = false; queue->Next(&tag, &ok);) static_cast<Call*>(tag)->proceed(ok);
}
