#pragma once

#include "polyrpc/codecs/json.hpp"
#include "polyrpc/runtime/registry.hpp"
#include "polyrpc/runtime/server.hpp"
#include "polyrpc/transports/http1.hpp"
#include "polyrpc/transports/memory.hpp"

#include "support/gate.hpp"

#include <asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace polyrpc::test {

inline std::shared_ptr<const Codec> http_json() {
  json::Options options;
  options.undecided = json::Version::v2;
  return json::rpc(options);
}

inline http1::Options standard_http() {
  http1::Options options;
  options.json_rpc = http_json();
  // Any codec may follow CONNECT; this one can be read in a test.
  options.net_rpc = json::rpc();
  return options;
}

/// An HTTP server on an io_context that the test turns by hand, and its log.
class HttpServer {
 public:
  explicit HttpServer(http1::Options options = standard_http(), Limits limits = {}, MemoryOptions memory = {})
      : network_(memory) {
    registry.add("Test.Echo", [](const std::string& text) { return text; });
    registry.add("Test.Big", [](std::int64_t size) { return std::string(static_cast<std::size_t>(size), 'x'); });
    registry.add("Test.Note", [this](const std::string& text) { notes.push_back(text); });
    registry.add("Test.Fail", [](const std::string& text) -> Result<std::string> { return Status::not_found(text); });
    registry.add("Test.Metadata", [](Context& context, const std::string& key) {
      std::string all;
      for (const std::string_view value : context.metadata().get_all(key)) all.append(value).append("|");
      return all;
    });
    registry.add("Test.Reply", [](Context& context, const std::vector<std::string>& entry) {
      context.headers().add(entry.at(0), entry.at(1));
      context.trailers().add("x-behind", "trailer");
      return true;
    });
    registry.add("Test.TimeLeft", [](Context& context, const std::string&) {
      const auto left = context.time_left();
      return left ? std::chrono::duration_cast<std::chrono::milliseconds>(*left).count() : std::int64_t{-1};
    });
    registry.add("Test.Gate", blocking([this](const std::string& text) {
                   gate.pass();
                   return text;
                 }));
    registry.add("Test.UntilCancelled", blocking([this](Context& context, const std::string& text) {
                   Gate stopped;
                   const std::stop_callback open(context.stop_token(), [&] { stopped.open(); });
                   stopped.pass();
                   cancelled.open();
                   return text;
                 }));
    Protocols protocols;
    protocols.transports.add(network_.transport());
    protocol = http1::protocol(std::move(options));
    protocols.add(protocol);
    ServerOptions server_options;
    server_options.limits = limits;
    server_options.log = [this](LogLevel, std::string_view line) { log.append(line).append("\n"); };
    server_.emplace(io, registry, std::move(protocols), std::move(server_options));
    server_->listen("memory://http");
  }
  ~HttpServer() {
    gate.open();
    server_.reset();
    io.restart();
    io.poll();
  }

  Server& server() noexcept { return *server_; }
  MemoryNetwork& network() noexcept { return network_; }
  std::unique_ptr<Connection> dial() {
    return network_.transport()->dial(Endpoint::parse("memory://http").value(), std::nullopt).value();
  }

  asio::io_context io;
  Registry registry;
  std::vector<std::string> notes;
  Gate gate;
  Gate cancelled;
  std::string log;
  std::shared_ptr<const Protocol> protocol;

 private:
  MemoryNetwork network_;
  std::optional<Server> server_;
};

/// A peer that says what it likes, and turns the server while it waits.
class HttpPeer {
 public:
  explicit HttpPeer(HttpServer& server) : server_(server), connection_(server.dial()) {}

  /// Sends and lets the server do what it can.
  HttpPeer& send(std::string_view bytes) {
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
    return *this;
  }
  /// One byte at a time.
  HttpPeer& trickle(std::string_view bytes) {
    for (const char byte : bytes) send({&byte, 1});
    return *this;
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
    while (turn()) {
    }
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

  /// What has come and was not taken yet; without the `Date` lines.
  std::string take() {
    settle();
    return without_dates(std::exchange(received_, {}));
  }
  const std::string& received() const noexcept { return received_; }
  bool closed() const noexcept { return closed_; }
  /// Stops reading, as a slow peer does.
  void stop_reading() noexcept { reading_ = false; }
  void read_again() { reading_ = true; }

  static std::string without_dates(std::string text) {
    for (std::size_t at = 0; (at = text.find("\r\nDate: ", at)) != std::string::npos;)
      text.erase(at, text.find("\r\n", at + 2) - at);
    return text;
  }

 private:
  bool turn() {
    server_.io.restart();
    bool moved = server_.io.poll() != 0;
    while (reading_ && !closed_) {
      std::byte bytes[4096];
      const IoResult result = connection_->read_some(bytes);
      if (result.state == IoState::would_block) break;
      moved = true;
      if (result.state != IoState::done) {
        closed_ = true;
        break;
      }
      received_.append(reinterpret_cast<const char*>(bytes), result.bytes);
    }
    return moved;
  }

  HttpServer& server_;
  std::unique_ptr<Connection> connection_;
  std::string received_;
  std::size_t unsent_ = 0;
  bool closed_ = false;
  bool reading_ = true;
};

inline std::string post(std::string_view body, std::string_view lines = "", std::string_view path = "/jsonrpc") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" +
         std::string(lines) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
inline std::string call(std::string_view method, std::string_view params, std::string_view id = "1") {
  return "{\"jsonrpc\":\"2.0\",\"id\":" + std::string(id) + ",\"method\":\"Test." + std::string(method) +
         "\",\"params\":" + std::string(params) + "}";
}
inline std::string reply(std::string_view result, std::string_view id = "1") {
  return "{\"jsonrpc\":\"2.0\",\"id\":" + std::string(id) + ",\"result\":" + std::string(result) + "}\n";
}
inline std::string ok(std::string_view body, std::string_view lines = "") {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(lines) + "\r\n" + std::string(body);
}
/// The first line of what came.
inline std::string status_line(const std::string& text) { return text.substr(0, text.find("\r\n")); }
/// What stands behind the first head.
inline std::string body_of(const std::string& text) {
  const std::size_t end = text.find("\r\n\r\n");
  return end == std::string::npos ? std::string() : text.substr(end + 4);
}

}  // namespace polyrpc::test
