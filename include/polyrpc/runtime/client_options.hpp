#pragma once

#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/context.hpp"
#include "polyrpc/core/limits.hpp"
#include "polyrpc/core/metadata.hpp"
#include "polyrpc/runtime/client_framing.hpp"
#include "polyrpc/runtime/log.hpp"
#include "polyrpc/runtime/transport.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>

namespace polyrpc {

/// As a timeout: the call may take for ever.
inline constexpr std::chrono::nanoseconds no_timeout = std::chrono::nanoseconds::max();

/// What may be said of a single call. Inside a `co_await` expression name the options first: g++ 12 destroys an
/// aggregate made there twice.
struct CallOptions {
  /// How long the caller waits, connecting included; `no_timeout`: for ever; nothing: `ClientOptions::default_timeout`.
  /// Sent to the peer where the wire can.
  std::optional<std::chrono::nanoseconds> timeout = {};
  /// The same as a point in time; of both the earlier counts.
  std::optional<Clock::time_point> deadline = {};
  /// Goes out beside the argument. On a wire that can't carry it the call fails with `unimplemented` before anything is
  /// sent.
  Metadata metadata = {};
  /// Without a connection: tries again and again until the deadline, instead of failing with the first attempt.
  bool wait_for_ready = false;
  /// Cancels the call when stopped.
  std::stop_token stop = {};
  /// The call that this one is made for, or null: its deadline, if that is earlier, and its cancellation hold for this
  /// one too, and where it has a deadline the client's default timeout does not count. Looked at when the call starts.
  const Context* parent = nullptr;
  /// Where the reply's metadata goes, if not null; written before the call ends, and must live until then. A wire that
  /// knows only one kind delivers both as headers.
  Metadata* headers = nullptr;
  Metadata* trailers = nullptr;

  /// Those of a call that a handler makes for the call of `context`.
  static CallOptions from(const Context& context) {
    CallOptions options;
    options.parent = &context;
    return options;
  }
};

/// How long to rest after failed attempts to connect, for calls that wait for the server. The n-th rest is
/// `initial * multiplier^(n-1)`, at most `max`, each a random share of up to `jitter` shorter or longer.
struct Backoff {
  std::chrono::milliseconds initial{100};
  std::chrono::milliseconds max{10'000};
  double multiplier = 1.6;
  double jitter = 0.2;
};

struct ClientOptions {
  /// For calls that do not say how long they may take: 30 seconds. Not sent to the peer. Zero: no limit.
  std::chrono::nanoseconds default_timeout = std::chrono::seconds(30);
  /// For one attempt to connect, the wire's own opening included; the call's deadline counts as well.
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(20);
  Backoff backoff = {};

  /// What the server may send, and two limits of the client's own, past which a further call fails with
  /// `resource_exhausted`: `calls_in_flight`, those sent and not answered, and `unsent_bytes`, requests waiting because
  /// the server does not read (a single one may be larger; a blocking call on a client without a loop waits instead).
  Limits limits = default_limits();

  /// The most connections at a time. A further one is made only when those there are have as many calls under way as
  /// their peer allows, on wires where a peer can say so. At least 1.
  std::size_t connections = 4;

  /// Told why connections failed and ended. Null: nobody.
  LogSink log = {};

  /// Those of a server, but for 65536 calls in flight and 64 MiB of unsent bytes.
  static Limits default_limits();
};

/// Whom a client calls, and how.
struct ClientTarget {
  Endpoint endpoint = {};
  std::shared_ptr<const Transport> transport = {};
  std::shared_ptr<const Codec> codec = {};
  FramingFactory framing = {};  ///< null: the codec's bytes stand on the connection as they are
};

/// What a client's connection is doing.
enum class ConnectionState : std::uint8_t {
  idle,        ///< none; the next call makes one
  connecting,  ///< an attempt is under way
  ready,       ///< calls can be sent
  backoff,     ///< resting between attempts, because calls wait for the server
  shut_down,   ///< closed for good
};

std::string_view to_string(ConnectionState state) noexcept;

}  // namespace polyrpc
