#pragma once

#include "polyrpc/core/codec.hpp"
#include "polyrpc/core/result.hpp"
#include "polyrpc/runtime/client_framing.hpp"
#include "polyrpc/runtime/client_options.hpp"
#include "polyrpc/runtime/client_session.hpp"

#include "support/raw_peer.hpp"
#include "support/turned_server.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace polyrpc::test {

/// One of the wires that a standard server speaks on one port, as its clients speak it.
struct Wire {
  std::string name;
  std::shared_ptr<const Codec> codec;
  FramingFactory framing;
  bool is_post = false;  ///< one exchange after the other, and who stops sending cancels the one under way
};

/// The text with each HTTP date in it, or what there is of one, made the same.
std::string hide_dates(std::string text);

/// gob, JSON-RPC, JSON-RPC by POST, and gob behind CONNECT.
const std::vector<Wire>& wires();

/// A client's end of one connection without the connection: bytes out, bytes in. Replies are texts.
class Voice {
 public:
  explicit Voice(const Wire& wire);
  ~Voice();

  /// The bytes of a call; in front of the first one's, those that open the connection.
  std::string call(std::string_view method, std::string argument);
  std::string call(std::string_view method, std::int64_t argument);

  /// Takes what the server has said. Not ok: that was no reply of this wire.
  Status hear(std::string_view bytes);

  /// The outcome of the nth call, counted from 0; nothing as long as it is not answered.
  const std::optional<Result<std::string>>& outcome(std::size_t nth) const;
  std::size_t calls() const noexcept { return calls_.size(); }
  std::size_t answered() const noexcept { return answered_; }

 private:
  class Call;
  std::string send(Call& call);

  ClientSession session_;
  std::deque<std::unique_ptr<Call>> calls_;
  std::size_t answered_ = 0;
  ByteQueue input_;
  bool opened_ = false;
};

/// A client that makes one call after the other, on a connection of its own.
class Caller {
 public:
  Caller(const Wire& wire, const std::string& address) : voice(wire), peer(address) {}

  /// `unavailable` when the connection ends before the answer.
  Result<std::string> call(std::string_view method, std::string argument);
  Result<std::string> call(std::string_view method, std::int64_t argument);
  /// Waits for the outcome of the nth call.
  Result<std::string> outcome(std::size_t nth);
  /// Sends the call and does not wait.
  template <class Argument>
  void start(std::string_view method, Argument argument) {
    peer.send(voice.call(method, std::move(argument)));
  }

  Voice voice;
  RawPeer peer;
};

/// The same to a server that is turned by hand.
class TurnedCaller {
 public:
  TurnedCaller(const Wire& wire, TurnedServer& server) : voice(wire), peer(server) {}

  Result<std::string> call(std::string_view method, std::string argument);
  Result<std::string> call(std::string_view method, std::int64_t argument);

  Voice voice;
  TurnedPeer peer;

 private:
  Result<std::string> finish(const std::string& request);
};

/// Somebody else, who is to be answered on every wire whatever others do.
class Witness {
 public:
  explicit Witness(std::string address);
  /// Whether each wire answers, on a connection that stands and on a new one.
  bool is_answered();

 private:
  std::string address_;
  std::vector<std::unique_ptr<Caller>> standing_;
  int count_ = 0;
};

/// The same for a server that is turned by hand.
class TurnedWitness {
 public:
  explicit TurnedWitness(TurnedServer& server);
  bool is_answered();

 private:
  TurnedServer& server_;
  std::vector<std::unique_ptr<TurnedCaller>> standing_;
  int count_ = 0;
};

}  // namespace polyrpc::test
