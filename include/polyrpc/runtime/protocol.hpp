#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/codec.hpp"
#include "polyrpc/runtime/transport.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A protocol turns a connection into calls. Most are a codec on a stream (`codec_protocol`); HTTP is one of its own.
namespace polyrpc {

class ServerCore;
struct Protocols;

/// One connection while a server serves it. Lives on its loop's thread; owned by the server until it reports its end.
class ServedConnection {
 public:
  ServedConnection() = default;
  ServedConnection(const ServedConnection&) = delete;
  ServedConnection& operator=(const ServedConnection&) = delete;
  virtual ~ServedConnection() = default;

  /// Called once, when the host has taken the connection: reading may begin.
  virtual void start() = 0;
  /// Takes no new calls, finishes those under way, then ends.
  virtual void drain() = 0;
  /// Ends now; calls under way are cancelled. Nothing is reported afterwards.
  virtual void close() = 0;

 private:
  friend class ServedList;
  std::shared_ptr<ServedConnection> next_;  // in the list of its loop
  ServedConnection* previous_ = nullptr;
};

/// What the server lends to the connections of one loop.
class ServerHost {
 public:
  virtual Loop& loop() noexcept = 0;
  /// The registry, limits and interceptors, shared by all loops and outliving every call.
  virtual const std::shared_ptr<ServerCore>& core() noexcept = 0;
  /// Takes over and starts what serves a connection that another protocol has begun with: CONNECT, an upgrade.
  virtual void adopt(std::shared_ptr<ServedConnection> connection) = 0;
  /// The connection is over and may be destroyed; called once for each.
  virtual void ended(ServedConnection& connection) = 0;
  virtual bool draining() const noexcept = 0;
  /// All that the server speaks.
  virtual const Protocols& protocols() const noexcept = 0;

 protected:
  ~ServerHost() = default;
};

/// A request in HTTP/1.1 that asks to go on in another protocol (RFC 9110, 7.8): it is to be answered there.
struct UpgradeRequest {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case; without those of the connection
  std::string settings;                                     ///< `HTTP2-Settings`, as received
};

/// Safe to use from several threads.
class Protocol {
 public:
  virtual ~Protocol() = default;

  virtual std::string_view name() const noexcept = 0;
  /// Whether a connection that starts with these bytes is this protocol's.
  virtual Match matches(std::span<const std::byte> first_bytes) const noexcept = 0;
  /// What serves `connection`, of which `first_bytes` have been read already. The host adopts and starts it.
  virtual std::shared_ptr<ServedConnection> serve(std::unique_ptr<Connection> connection, ByteQueue first_bytes,
                                                  ServerHost& host) const = 0;

  /// What HTTP/1.1's `Upgrade` field calls this protocol; empty: that leads nowhere.
  virtual std::string_view upgrade_token() const noexcept { return {}; }
  /// As `serve`, of a connection on which the upgrade has been agreed to. Null: the request can't be understood.
  virtual std::shared_ptr<ServedConnection> upgrade(std::unique_ptr<Connection> connection, ByteQueue first_bytes,
                                                    UpgradeRequest request, ServerHost& host) const {
    (void)connection, (void)first_bytes, (void)request, (void)host;
    return nullptr;
  }
};

/// A codec spoken directly on a connection.
std::shared_ptr<const Protocol> codec_protocol(std::shared_ptr<const Codec> codec);

struct Protocols;

/// Reads a connection's first bytes and hands it to the protocol of `protocols` whose they are, within the server's
/// `sniff_time`. For protocols that others go on inside of: TLS.
std::shared_ptr<ServedConnection> open_door(std::unique_ptr<Connection> connection,
                                            std::shared_ptr<const Protocols> protocols, ServerHost& host);

/// What a server speaks and over what. The protocols are asked in order whether the first bytes are theirs; one that
/// needs more of them is waited for before one behind it is taken.
struct Protocols {
  std::vector<std::shared_ptr<const Protocol>> list;
  Transports transports;

  Protocols& add(std::shared_ptr<const Protocol> protocol) {
    list.push_back(std::move(protocol));
    return *this;
  }
};

}  // namespace polyrpc
