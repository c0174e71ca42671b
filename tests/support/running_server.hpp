#pragma once

#include "polyrpc/runtime/server.hpp"

#include <string>
#include <thread>
#include <utility>

namespace polyrpc::test {

/// A server on threads of its own, on a free port, for the length of a test.
class RunningServer {
 public:
  RunningServer(const Registry& registry, Protocols protocols, ServerOptions options = {}, std::size_t threads = 1,
                const std::string& address = "tcp://127.0.0.1:0")
      : server_(registry, std::move(protocols), std::move(options)) {
    address_ = server_.listen(address).to_string();
    thread_ = std::thread([this, threads] { server_.run_without_signals(threads); });
  }
  ~RunningServer() {
    server_.stop();
    join();
  }

  const std::string& address() const noexcept { return address_; }
  Server& server() noexcept { return server_; }
  /// Waits until `run` has returned.
  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  Server server_;
  std::string address_;
  std::thread thread_;
};

}  // namespace polyrpc::test
