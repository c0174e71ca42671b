#pragma once

#include "polyrpc/runtime/client.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <memory>
#include <thread>
#include <utility>

namespace polyrpc::test {

/// An io_context that a thread runs.
class LoopThread {
 public:
  LoopThread() : guard_(context_.get_executor()), thread_([this] { context_.run(); }) {}
  ~LoopThread() { join(); }
  asio::io_context& context() noexcept { return context_; }
  /// Until everything has ended.
  void join() {
    guard_.reset();
    if (thread_.joinable()) thread_.join();
  }

 private:
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::thread thread_;
};

/// The two kinds of clients that must behave alike.
enum class Driver { blocking, loop };

/// A client, on a loop of its own if it needs one.
class AnyClient {
 public:
  AnyClient(Driver driver, ClientTarget target, ClientOptions options = {}) {
    if (driver == Driver::loop) {
      loop_ = std::make_unique<LoopThread>();
      client_ = std::make_unique<Client>(loop_->context(), std::move(target), std::move(options));
    } else {
      client_ = std::make_unique<Client>(std::move(target), std::move(options));
    }
  }
  Client* operator->() noexcept { return client_.get(); }
  Client& operator*() noexcept { return *client_; }
  void destroy() { client_.reset(); }

 private:
  std::unique_ptr<LoopThread> loop_;
  std::unique_ptr<Client> client_;
};

}  // namespace polyrpc::test
