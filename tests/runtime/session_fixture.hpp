#pragma once

#include "polyrpc/runtime/interceptor.hpp"
#include "polyrpc/runtime/loop.hpp"
#include "polyrpc/runtime/registry.hpp"
#include "polyrpc/runtime/server.hpp"
#include "polyrpc/runtime/server_session.hpp"

#include "line_codec.hpp"
#include "support/catch.hpp"

#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace polyrpc::test {

struct KnownPeer final : PeerSource {
  explicit KnownPeer(PeerInfo who) : info(std::move(who)) {}
  const PeerInfo& peer() const override { return info; }

  PeerInfo info;
};

/// A session of a server, driven without any connection: lines in, lines out. Registry, admissions and interceptors are
/// filled before the first line is sent.
class SessionFixture : private SessionOwner {
 public:
  explicit SessionFixture(ServerOptions options = {}) : server(context, registry, Protocols(), note_log(options)) {}
  ~SessionFixture() { session.reset(); }

  /// Hands `lines` over and returns what was answered on the spot.
  std::string send(std::string_view lines, std::size_t output_limit = 1 << 20) {
    input.append(lines);
    process(output_limit);
    return take(output);
  }
  /// Lets the session go on with what it has.
  void process(std::size_t output_limit = 1 << 20) {
    if (session == nullptr)
      session = std::make_unique<ServerSession>(server.core(), loop, line_server_codec(), peer,
                                                static_cast<SessionOwner&>(*this));
    // On the loop, as connections do it: coroutines start at once there.
    bool done = false;
    loop.post([&] {
      done = true;
      progress = session->process(input, output, output_limit);
    });
    context.restart();
    while (!done) context.run_one();
  }
  /// What was answered later, waiting until there are so many lines.
  std::string late(std::size_t lines = 1) {
    std::string text;
    run_until([&] {
      text += take(session->late_output());
      return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) >= lines;
    });
    return text;
  }
  template <class Done>
  void run_until(Done done) {
    context.restart();
    const auto give_up = Clock::now() + std::chrono::seconds(60);
    while (!done()) {
      if (Clock::now() > give_up) FAIL("nothing happens any more");
      context.run_one_for(std::chrono::milliseconds(20));
      if (context.stopped()) context.restart();
    }
  }
  /// Runs what can run without waiting.
  void settle() {
    context.restart();
    while (context.poll() > 0) {
    }
  }

  static std::string take(ByteQueue& queue) {
    std::string text(queue.text());
    queue.clear();
    return text;
  }

  std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  asio::io_context context;
  Registry registry;
  Server server;
  Loop loop{context};
  KnownPeer peer{{"memory://test", "lines"}};
  std::unique_ptr<ServerSession> session;
  ByteQueue input;
  ByteQueue output;
  ServerSession::Progress progress = ServerSession::Progress::need_input;
  int progressed = 0;

 private:
  void session_progressed() override { ++progressed; }

  ServerOptions note_log(ServerOptions options) {
    options.log = [this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex_);
      log_ += line;
      log_ += '\n';
    };
    return options;
  }

  std::mutex mutex_;  // guards log_
  std::string log_;
};

}  // namespace polyrpc::test
