#pragma once

#include "polyrpc/runtime/loop.hpp"
#include "polyrpc/runtime/protocol.hpp"
#include "polyrpc/runtime/server_core.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace polyrpc {

/// Whose a connection with these first bytes is. Protocols are asked in order, and one that says `more` is waited for
/// before one behind it is taken; only the first `limit` bytes count, and when these are there nobody is waited for. So
/// the outcome does not depend on the pieces that the bytes come in. `protocol` is set when the answer is `yes`.
inline Match tell_protocol(const Protocols& protocols, std::span<const std::byte> first_bytes, std::size_t limit,
                           const Protocol*& protocol) {
  const bool is_all = first_bytes.size() >= limit;
  if (is_all) first_bytes = first_bytes.first(limit);
  for (const auto& candidate : protocols.list) {
    const Match match = candidate->matches(first_bytes);
    if (match == Match::more && !is_all) return match;
    if (match != Match::yes) continue;
    protocol = candidate.get();
    return match;
  }
  return Match::no;
}

/// Reads a new connection's first bytes, and hands it to the protocol whose they are.
class Door final : public ServedConnection, private ReadyListener, private Alarm {
 public:
  Door(std::unique_ptr<Connection> connection, std::shared_ptr<const Protocols> protocols, ServerHost& host)
      : connection_(std::move(connection)), protocols_(std::move(protocols)), host_(host) {}

  void start() override {
    const auto time = host_.core()->limits().sniff_time;
    if (time.count() > 0) host_.loop().set(*this, Clock::now() + time);
    connection_->wait(Direction::read, *this);
  }

  void drain() override { end(); }

  void close() override {
    if (over_) return;
    over_ = true;
    host_.loop().clear(*this);
    if (connection_) connection_->close();
  }

 private:
  static constexpr std::size_t read_size = 16 << 10;

  void ready(Direction) override {
    const std::span<std::byte> scratch = host_.loop().input().prepare(read_size).first(read_size);
    const IoResult result = connection_->read_some(scratch);
    if (result.state == IoState::would_block) return connection_->wait(Direction::read, *this);
    if (result.state == IoState::failed) return refuse(connection_->error().message());
    if (result.state != IoState::done) return end();
    bytes_.append(scratch.first(result.bytes));
    const Protocol* protocol = nullptr;
    switch (tell_protocol(*protocols_, bytes_.readable(), host_.core()->limits().sniff_bytes, protocol)) {
      case Match::yes:
        return hand_over(*protocol);
      case Match::more:
        return connection_->wait(Direction::read, *this);
      case Match::no:
        break;
    }
    refuse("its first bytes are no protocol's that is served here");
  }

  void ring() override { refuse("it said nothing that tells its protocol in time"); }

  void hand_over(const Protocol& protocol) {
    over_ = true;
    host_.loop().clear(*this);
    auto served = protocol.serve(std::move(connection_), std::move(bytes_), host_);
    // First the new one, then the end of this: a draining server must not find itself empty in between.
    host_.adopt(std::move(served));
    host_.ended(*this);
  }

  void refuse(const std::string& why) {
    host_.core()->log(LogLevel::info, "polyrpc: " + connection_->peer().address + " closed: " + why);
    end();
  }

  void end() {
    if (over_) return;
    close();
    host_.ended(*this);
  }

  std::unique_ptr<Connection> connection_;
  std::shared_ptr<const Protocols> protocols_;
  ServerHost& host_;
  ByteQueue bytes_;
  bool over_ = false;
};

}  // namespace polyrpc
