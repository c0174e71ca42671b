#pragma once

#include "polyrpc/runtime/transport.hpp"
#include "polyrpc/transports/standard.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace polyrpc::test {

/// A peer that sends and receives bytes as it likes, on a blocking connection.
class RawPeer {
 public:
  explicit RawPeer(const std::string& address) : RawPeer(standard_transports(), address) {}
  RawPeer(const Transports& transports, const std::string& address) {
    const Endpoint endpoint = Endpoint::parse(address).value();
    connection_ = transports.find(endpoint.scheme)->dial(endpoint, deadline()).value();
  }

  /// All of it, however long that takes.
  void send(std::string_view bytes) {
    if (!try_send(bytes)) throw std::runtime_error("the peer takes no more");
  }
  /// False when the other end takes no more.
  bool try_send(std::string_view bytes) {
    while (!bytes.empty()) {
      const IoResult result = connection_->write_some({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
      if (result.state == IoState::would_block) {
        if (!connection_->wait_until(Direction::write, deadline()).ok())
          throw std::runtime_error("sending takes too long");
      } else if (result.state != IoState::done) {
        return false;
      }
      bytes.remove_prefix(result.bytes);
    }
    return true;
  }
  /// What goes without waiting.
  std::size_t send_some(std::string_view bytes) {
    const IoResult result = connection_->write_some({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
    return result.state == IoState::done ? result.bytes : 0;
  }

  void finish_sending() { connection_->shutdown_write(); }
  void close() { connection_->close(); }

  /// The next line with its end; what has come so far if the connection ends before.
  std::string line() { return until("\n"); }
  /// Everything up to and including `mark`.
  std::string until(std::string_view mark) {
    for (;;) {
      if (const std::size_t found = received_.find(mark); found != std::string::npos) return take(found + mark.size());
      if (!receive()) return take(received_.size());
    }
  }
  std::string exactly(std::size_t bytes) {
    while (received_.size() < bytes && receive()) {
    }
    return take((std::min)(bytes, received_.size()));
  }
  /// What has come, waiting for at least a byte; nothing when the other end has closed.
  std::string some() {
    if (received_.empty()) receive();
    return take(received_.size());
  }
  /// Everything until the other end closes.
  std::string rest() {
    while (receive()) {
    }
    return take(received_.size());
  }

 private:
  // Generous, because it is met only when something is wrong.
  static Clock::time_point deadline() { return Clock::now() + std::chrono::seconds(60); }

  bool receive() {
    for (;;) {
      std::byte bytes[16384];
      const IoResult result = connection_->read_some(bytes);
      if (result.state == IoState::done) {
        received_.append(reinterpret_cast<const char*>(bytes), result.bytes);
        return true;
      }
      if (result.state != IoState::would_block) return false;
      if (!connection_->wait_until(Direction::read, deadline()).ok()) throw std::runtime_error("nothing came");
    }
  }
  std::string take(std::size_t bytes) {
    std::string taken = received_.substr(0, bytes);
    received_.erase(0, bytes);
    return taken;
  }

  std::unique_ptr<Connection> connection_;
  std::string received_;
};

}  // namespace polyrpc::test
