#pragma once

#include "polyrpc/core/codec.hpp"

#include <chrono>
#include <memory>
#include <optional>

namespace polyrpc::test {

/// A wire of text lines that streams texts, for tests of the client's engine, written against core/codec.hpp alone.
///
///     open 7 Test.Echo 30 user=ann : text     kind is the client's affair; 30 milliseconds, or -; text where one is
///     sent msg 7 text                              either way end 7                                   the client's
///     last message has been sent cancel 7 took 7                                  the client has read a message head 7
///     key=value                        the server's headers room 7 3                                the client may
///     send 3 more messages, beyond the 2 it starts with done 7 5 key=value : no such thing      status code, trailers
///     refuse 7                                the server has not begun with it
///     limit 3                                 so many calls at a time
///     leave 7                                 calls behind this one have not been begun with, and none should follow
///     ping, pong                              the client's keepalive
///
/// A message `broken` can't be read, one with a line end can't be written, to write `THROW` throws.
class StreamCodec final : public Codec {
 public:
  /// `keepalive`: how often the client pings; nothing: never. `patience`: how long it waits for the answer.
  explicit StreamCodec(std::optional<std::chrono::milliseconds> keepalive = {},
                       std::chrono::milliseconds patience = std::chrono::minutes(1))
      : keepalive_(keepalive), patience_(patience) {}

  std::string_view name() const noexcept override { return "stream"; }
  Match matches(std::span<const std::byte>) const noexcept override { return Match::no; }
  std::unique_ptr<ServerCodec> server(const CodecLimits&) const override { return nullptr; }
  std::unique_ptr<ClientCodec> client(const CodecLimits& limits) const override;

 private:
  std::optional<std::chrono::milliseconds> keepalive_;
  std::chrono::milliseconds patience_;
};

}  // namespace polyrpc::test
