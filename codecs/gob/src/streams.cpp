#include "polyrpc/codecs/gob.hpp"

#include "encode.hpp"
#include "errors.hpp"
#include "receive.hpp"

#include <span>
#include <utility>

namespace polyrpc::gob {

class Encoder::State {
 public:
  State(Options&& options, const CodecLimits& limits) : context(std::move(options), limits), stream(context) {}

  const detail::StreamContext context;
  detail::SendStream stream;
};

Encoder::Encoder(Options options, CodecLimits limits) : state_(std::make_unique<State>(std::move(options), limits)) {}
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;
Encoder::~Encoder() = default;

Status Encoder::encode(MessageRef value, ByteQueue& output) {
  const std::size_t size = output.size();
  detail::SendStream& stream = state_->stream;
  stream.checkpoint();
  Status status;
  try {
    status = stream.write(value, output);
  } catch (...) {
    output.truncate(size);
    stream.roll_back();
    throw;
  }
  if (!status.ok()) {
    output.truncate(size);
    stream.roll_back();
  }
  return status;
}

class Decoder::State {
 public:
  State(Options&& options, const CodecLimits& limits) : context(std::move(options), limits), stream(context) {}

  /// Cuts the next value; false when it has not arrived.
  Result<bool> next(std::span<const std::byte> input, detail::Extent& extent) {
    if (!failure.ok()) return failure;
    switch (stream.find(input, extent)) {
      case detail::Cut::more:
        return false;
      case detail::Cut::bad:
        failure = detail::to_status(stream.error());
        return failure;
      case detail::Cut::done:
        break;
    }
    return true;
  }
  const detail::StreamContext context;
  detail::ReceiveStream stream;
  Status failure;
};

Decoder::Decoder(Options options, CodecLimits limits) : state_(std::make_unique<State>(std::move(options), limits)) {}
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;
Decoder::~Decoder() = default;

Result<bool> Decoder::decode(std::span<const std::byte>& input, MessageSlot into) {
  detail::Extent extent;
  Result<bool> found = state_->next(input, extent);
  if (!found.ok() || !*found) return found;
  detail::ReceiveStream& stream = state_->stream;
  Status status = stream.decode(input, extent, into);
  input = input.subspan(extent.end);
  stream.consumed(extent.end);
  if (status.ok()) return true;
  if (stream.error() != nullptr) state_->failure = status;
  return status;
}

Result<bool> Decoder::decode(ByteQueue& input, MessageSlot into) {
  std::span<const std::byte> bytes = input.readable();
  Result<bool> done = decode(bytes, into);
  input.consume(input.size() - bytes.size());
  return done;
}

Result<bool> Decoder::discard(ByteQueue& input) {
  detail::Extent extent;
  Result<bool> found = state_->next(input.readable(), extent);
  if (found.ok() && *found) {
    input.consume(extent.end);
    state_->stream.consumed(extent.end);
  }
  return found;
}

const Status& Decoder::failure() const noexcept { return state_->failure; }

}  // namespace polyrpc::gob
