#pragma once

#include "polyrpc/runtime/connect.hpp"
#include "polyrpc/runtime/protocol.hpp"
#include "polyrpc/transports/http1.hpp"

#include "http1_head.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace polyrpc::http1 {

/// What is to be done with a request, known once its head has been read.
struct Decision {
  enum class Kind : std::uint8_t {
    connect,       ///< another protocol goes on
    call,          ///< JSON-RPC
    connect_call,  ///< Connect, which has nothing to do with the method CONNECT
    page,
    answer,
  };

  Kind kind = Kind::answer;
  const Handler* handler = nullptr;  ///< of kind page
  connect::Route route = {};         ///< of kind connect_call
  /// Of kind answer.
  int status = 404;
  std::string body;   ///< empty: the status in words
  std::string lines;  ///< header lines
  std::string content_type;
};

/// What is served where. Made once for a protocol; read-only.
class Site {
 public:
  /// Throws `std::invalid_argument` for a malformed path.
  explicit Site(Options options);

  const std::string& connect_path() const noexcept { return connect_path_; }
  const Codec& json_rpc() const noexcept { return *options_.json_rpc; }
  /// What goes on after CONNECT.
  const Protocol& net_rpc() const noexcept { return *net_rpc_; }

  const connect::Service& connect() const noexcept { return connect_; }

  Decision decide(const HttpRequestHead& head, const Registry& registry) const;

 private:
  Decision decide_call(const HttpRequestHead& head) const;
  const Handler* find_page(std::string_view path) const noexcept;
  bool is_call_path(std::string_view path) const noexcept;

  Options options_;
  connect::Service connect_;
  std::string connect_path_;  // empty: nothing is spoken there
  std::shared_ptr<const Protocol> net_rpc_;
  std::vector<std::pair<std::string, Handler>> mounts_;  // longest first
};

}  // namespace polyrpc::http1
