#pragma once

#include "polyrpc/core/bytes.hpp"
#include "polyrpc/core/codec.hpp"

#include <cstddef>
#include <functional>
#include <memory>

namespace polyrpc {

/// What stands between a client codec and its connection where the wire carries more than the codec's own bytes: HTTP.
/// No I/O; one object per connection, used by one thread at a time.
class ClientFraming {
 public:
  virtual ~ClientFraming() = default;

  /// Appends what opens the connection; often nothing.
  virtual void open(ByteQueue& output) { (void)output; }
  /// Consumes the answer to that. True: messages may be sent. False: more bytes are needed. An error: the peer is not
  /// what we dialled.
  virtual Result<bool> opened(ByteQueue& input);
  /// Wraps the one request that the codec has appended to `output` behind its first `start` bytes.
  virtual Status wrap(const RequestHead& head, ByteQueue& output, std::size_t start) {
    (void)head, (void)output, (void)start;
    return {};
  }
  /// Moves what is meant for the codec from `wire` to `payload`. An error: the connection is beyond trust.
  virtual Status unwrap(ByteQueue& wire, ByteQueue& payload) = 0;
};

using FramingFactory = std::function<std::unique_ptr<ClientFraming>()>;

}  // namespace polyrpc
