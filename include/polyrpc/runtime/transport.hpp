#pragma once

#include "polyrpc/core/context.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/runtime/asio_fwd.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

/// Border 3: a transport moves bytes. It knows nothing of calls.
namespace polyrpc {

class Loop;

/// What a read or write came to.
enum class IoState : std::uint8_t {
  done,         ///< `bytes` is more than 0
  would_block,  ///< nothing now; wait for readiness
  closed,       ///< read: the peer sends no more. write: the peer takes no more
  failed,       ///< the connection is broken; `Connection::error` says how
};
struct IoResult {
  IoState state;
  std::size_t bytes = 0;
};

enum class Direction : std::uint8_t { read, write };

/// Told when a connection may be read or written again.
class ReadyListener {
 public:
  /// Called from the loop, never from inside `Connection::wait`. The wait is over; wait again for the next.
  virtual void ready(Direction direction) = 0;

 protected:
  ~ReadyListener() = default;
};

/// A two-way, reliable, ordered stream of bytes. Reads and writes never wait; waiting is a step of its own, so that a
/// connection at rest needs no buffer. For one thread at a time, except that two threads may use the two directions
/// when it is driven by blocking calls (`wait_until`).
class Connection {
 public:
  virtual ~Connection() = default;

  virtual const PeerInfo& peer() const noexcept = 0;

  /// Takes what is there, up to `into.size()`. Fewer bytes than asked for mean that nothing more is there just now.
  virtual IoResult read_some(std::span<std::byte> into) = 0;
  /// Hands over as much as goes now.
  virtual IoResult write_some(std::span<const std::byte> from) = 0;
  /// Why the last operation failed.
  virtual Status error() const = 0;

  /// Has `listener.ready(direction)` called once, when that direction may make progress or has ended. At most one wait
  /// per direction. Only for connections made on a loop.
  virtual void wait(Direction direction, ReadyListener& listener) = 0;
  /// Blocks this thread until that direction may make progress, or `deadline` has passed (then `deadline_exceeded`).
  /// For connections made without a loop.
  virtual Status wait_until(Direction direction, std::optional<Clock::time_point> deadline) = 0;
  /// The same for both directions at once: returns when either may make progress. What a connection inherits looks at
  /// them in turn, a millisecond each.
  virtual Status wait_until_either(std::optional<Clock::time_point> deadline);
  /// Wakes a thread that blocks in `wait_until` (it returns `cancelled`). From any thread.
  virtual void interrupt() = 0;

  /// Sends no more; the peer sees the end after what was written.
  virtual void shutdown_write() = 0;
  /// Ends both directions and forgets the listeners: none is called afterwards. May be called again.
  virtual void close() = 0;
};

/// Where to listen or whom to dial: `tcp://host:port`, `unix:///path`, `memory://name`, `http://host:port/path`,
/// `tls://host:port`, `https://host:port/path`, and TLS over other transports, `tls+unix:///path`, `tls+memory://name`.
struct Endpoint {
  std::string scheme;
  std::string host;  ///< tcp, tls, http: name or address, without brackets; unix: the path; memory: the name
  std::uint16_t port = 0;
  std::string path;  ///< http and https only, starting with a slash; empty if the address has none

  /// Cuts an address. `invalid_argument` names the address and what is wrong with it.
  static Result<Endpoint> parse(std::string_view address);
  std::string to_string() const;
};

/// Takes what a listener accepted, on the loop that the connection was made for.
using AcceptHandler = std::function<void(std::unique_ptr<Connection>)>;
/// Says which loop the next connection belongs to.
using LoopPicker = std::function<Loop&()>;

class Listener {
 public:
  virtual ~Listener() = default;

  /// Starts accepting. `accepted` is called on the picked loop's thread for each connection.
  virtual void start(LoopPicker pick, AcceptHandler accepted) = 0;
  /// The address that peers can dial, with the port that was chosen if 0 was asked for.
  virtual Endpoint local() const = 0;
  /// Stops accepting and frees the address. May be called again.
  virtual void close() = 0;
};

/// Takes the outcome of a dial, on the loop it was made on.
using DialHandler = std::function<void(Result<std::unique_ptr<Connection>>)>;

/// One kind of stream: TCP, Unix sockets, memory. Safe to use from several threads.
class Transport {
 public:
  virtual ~Transport() = default;

  virtual std::string_view scheme() const noexcept = 0;
  /// Binds and listens; the error names the address and the reason.
  virtual Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, Loop& loop) const = 0;
  /// Connects on `loop`. Calls `done` once, later, unless `cancel` is called before, which ends the attempt silently.
  virtual std::function<void()> dial(const Endpoint& endpoint, Loop& loop, DialHandler done) const = 0;
  /// Connects on this thread, for blocking use. `deadline_exceeded` when the time is over, `cancelled` soon after
  /// `stop`; looking up a name may take longer.
  virtual Result<std::unique_ptr<Connection>> dial(const Endpoint& endpoint, std::optional<Clock::time_point> deadline,
                                                   const std::stop_token& stop = {}) const = 0;
};

/// The transports that a server or client knows by their addresses' schemes.
class Transports {
 public:
  Transports() = default;
  Transports(std::initializer_list<std::shared_ptr<const Transport>> transports) : transports_(transports) {}

  void add(std::shared_ptr<const Transport> transport) { transports_.push_back(std::move(transport)); }
  /// The transport of that scheme, the last added first; null if there is none.
  std::shared_ptr<const Transport> find(std::string_view scheme) const noexcept;

 private:
  std::vector<std::shared_ptr<const Transport>> transports_;
};

}  // namespace polyrpc
