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

#include "any_client.hpp"
#include "support/running_server.hpp"
#include "support/services.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
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

}  // namespace polyrpc::test
