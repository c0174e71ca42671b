#pragma once

#include "polyrpc/codecs/json.hpp"
#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/method.hpp"
#include "polyrpc/runtime/client.hpp"
#include "polyrpc/runtime/registry.hpp"
#include "polyrpc/runtime/server.hpp"
#include "polyrpc/transports/memory.hpp"
#include "polyrpc/transports/standard.hpp"
#include "polyrpc/transports/tcp.hpp"

#include "support/running_server.hpp"
#include "support/services.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace polyrpc::test {

struct Pair {
  std::int64_t a = 0;
  std::int64_t b = 0;
};
POLYRPC_DESCRIBE(Pair, (a, "A"), (b, "B"));

inline constexpr Method<Pair, std::int64_t> multiply{"Test.Multiply"};

/// What the servers of these tests serve.
struct Services : BasicServices {
  Services() {
    registry.set_blocking_threads(8);
    registry.add(multiply, [](const Pair& pair) { return pair.a * pair.b; });
    registry.add("Test.Note", [this](const std::string& text) {
      const std::lock_guard lock(mutex);
      notes.push_back(text);
      changed.notify_all();
    });
    registry.add("Test.Headers", [](Context& context, const std::string& key) {
      context.headers().set("answer", "in-a-header");
      context.trailers().set("trailer", "behind");
      return std::string(context.metadata().get(key).value_or("nothing"));
    });
  }

  std::string await_note() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return !notes.empty(); });
    return notes.front();
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> notes;
};

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

inline Protocols json_over(Transports transports) {
  Protocols protocols;
  protocols.transports = std::move(transports);
  protocols.add(codec_protocol(json::rpc()));
  return protocols;
}

inline ClientTarget json_target(const std::string& address,
                                std::shared_ptr<const Transport> transport = tcp_transport(),
                                json::Options options = {}) {
  ClientTarget target;
  target.endpoint = Endpoint::parse(address).value();
  target.transport = std::move(transport);
  target.codec = json::rpc(options);
  return target;
}

/// These services on a TCP port, spoken to in JSON.
struct Served {
  Services services;
  RunningServer server{services.registry, json_over(standard_transports())};
  const std::string& address() const { return server.address(); }
  ClientTarget target() const { return json_target(server.address()); }
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
