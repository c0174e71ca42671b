#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

/// Calls on one connection whose replies are told apart, so that they may come in any order.
class Speaker {
 public:
  /// Numbers go from 0 to this and begin again.
  static constexpr std::uint32_t numbers = std::uint32_t{1} << 20;

  virtual ~Speaker() = default;

  /// What is sent first, and alone: a handshake and a first call, which is answered as number 0.
  virtual std::string start() = 0;
  /// Whether the server allows another call now.
  virtual bool may_call() const { return true; }
  /// Adds a call of Echo.Echo, or of the other method.
  virtual void call(std::uint32_t number, bool other, std::string& out) = 0;
  /// Cuts one piece off `bytes` and returns its size, 0 if more bytes are needed. Says which call it answers, and adds
  /// what is to be sent because of it. Throws on what is no good reply.
  virtual std::size_t take(std::string_view bytes, std::optional<std::uint32_t>& answered, std::string& out) = 0;
};

/// One for a wire that `record` knows. `other` is a method's name of four letters. Replies of gob, JSON-RPC on TCP,
/// protobuf and gRPC are told apart by their numbers, those of other wires are taken to come in order.
std::unique_ptr<Speaker> make_speaker(std::string_view wire, std::size_t payload_bytes, std::string_view other);

}  // namespace bench
