#pragma once

#include "polyrpc/codecs/json.hpp"
#include "polyrpc/runtime/registry.hpp"
#include "polyrpc/runtime/server.hpp"
#include "polyrpc/transports/http1.hpp"

#include "support/services.hpp"
#include "support/turned_server.hpp"

#include <chrono>
#include <memory>
#include <optional>
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

/// An HTTP server on an io_context that the test turns by hand.
class HttpServer : public BasicServices {
 public:
  explicit HttpServer(http1::Options options = standard_http(), Limits limits = {}, MemoryOptions memory = {}) {
    registry.add("Test.Note", [this](const std::string& text) { notes.push_back(text); });
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
    Protocols protocols;
    protocols.add(http1::protocol(std::move(options)));
    ServerOptions server_options;
    server_options.limits = limits;
    turned_.emplace(registry, std::move(protocols), std::move(server_options), memory);
  }
  TurnedServer& turned() noexcept { return *turned_; }
  Server& server() noexcept { return turned_->server(); }
  MemoryNetwork& network() noexcept { return turned_->network(); }
  std::string log() const { return turned_->log(); }

  std::vector<std::string> notes;

 private:
  std::optional<TurnedServer> turned_;
};

/// A peer that says what it likes, and turns the server while it waits.
class HttpPeer : public TurnedPeer {
 public:
  explicit HttpPeer(HttpServer& server) : TurnedPeer(server.turned()) {}

  HttpPeer& send(std::string_view bytes) {
    TurnedPeer::send(bytes);
    return *this;
  }
  /// One byte at a time.
  HttpPeer& trickle(std::string_view bytes) {
    for (const char byte : bytes) send({&byte, 1});
    return *this;
  }
  /// What has come and was not taken yet; without the `Date` lines.
  std::string take() { return without_dates(TurnedPeer::take()); }

  static std::string without_dates(std::string text) {
    for (std::size_t at = 0; (at = text.find("\r\nDate: ", at)) != std::string::npos;)
      text.erase(at, text.find("\r\n", at + 2) - at);
    return text;
  }
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
