#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/runtime/server.hpp"
#include "polyrpc/transports/memory.hpp"

#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace polyrpc::test {

/// A server on an io_context that the test turns by hand, reached through memory, and its log.
class TurnedServer {
 public:
  TurnedServer(const Registry& registry, Protocols protocols, ServerOptions options = {}, MemoryOptions memory = {})
      : network_(memory) {
    protocols.transports.add(network_.transport());
    options.log = [this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex_);
      log_.append(line).append("\n");
    };
    server_.emplace(io, registry, std::move(protocols), std::move(options));
    server_->listen(address);
  }
  ~TurnedServer() {
    server_.reset();
    io.restart();
    io.poll();
  }

  Server& server() noexcept { return *server_; }
  MemoryNetwork& network() noexcept { return network_; }
  std::unique_ptr<Connection> dial() {
    return network_.transport()->dial(Endpoint::parse(address).value(), std::nullopt).value();
  }
  std::string log() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  asio::io_context io;

 private:
  static constexpr const char* address = "memory://server";

  MemoryNetwork network_;
  mutable std::mutex mutex_;  // guards log_
  std::string log_;
  std::optional<Server> server_;
};

/// A peer that says what it likes, and turns the server while it waits.
class TurnedPeer {
 public:
  explicit TurnedPeer(TurnedServer& server) : server_(server), connection_(server.dial()) {}

  /// Sends and lets the server do what it can.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const IoResult result = connection_->write_some(as_bytes(bytes));
      if (result.state == IoState::done) {
        bytes.remove_prefix(result.bytes);
      } else if (result.state != IoState::would_block || !turn()) {
        break;
      }
    }
    unsent_ = bytes.size();
    settle();
  }
  /// What the server did not take at the last `send`.
  std::size_t unsent() const noexcept { return unsent_; }
  void finish_sending() {
    connection_->shutdown_write();
    settle();
  }
  void close() {
    connection_->close();
    server_.io.restart();
    server_.io.poll();
  }

  /// Lets the server run until nothing more happens.
  void settle() {
    while (turn()) continue;
  }
  /// The same, until `done`: for what happens later or on other threads.
  template <class Done>
  void settle_until(Done done) {
    const auto give_up = Clock::now() + std::chrono::seconds(60);
    settle();
    while (!done()) {
      if (Clock::now() > give_up) throw std::runtime_error("it does not happen");
      server_.io.restart();
      server_.io.run_one_for(std::chrono::milliseconds(20));
      settle();
    }
  }

  /// What has come and was not taken yet.
  std::string take() {
    settle();
    return std::exchange(received_, {});
  }
  const std::string& received() const noexcept { return received_; }
  bool closed() const noexcept { return closed_; }
  /// Stops reading, as a slow peer does.
  void stop_reading() noexcept { reading_ = false; }
  void read_again() noexcept { reading_ = true; }
  /// Reads up to so many bytes of what is there, without turning the server.
  void read(std::size_t limit) {
    std::byte bytes[4096];
    while (limit != 0 && !closed_) {
      const IoResult result = connection_->read_some(std::span(bytes).first((std::min)(limit, sizeof bytes)));
      if (result.state == IoState::would_block) return;
      closed_ = result.state != IoState::done;
      received_.append(reinterpret_cast<const char*>(bytes), result.bytes);
      limit -= result.bytes;
    }
  }

 private:
  bool turn() {
    server_.io.restart();
    const bool moved = server_.io.poll() != 0;
    if (!reading_ || closed_) return moved;
    const std::size_t before = received_.size();
    read(static_cast<std::size_t>(-1));
    return moved || closed_ || received_.size() != before;
  }

  TurnedServer& server_;
  std::unique_ptr<Connection> connection_;
  std::string received_;
  std::size_t unsent_ = 0;
  bool closed_ = false;
  bool reading_ = true;
};

}  // namespace polyrpc::test
