#include "polyrpc/codecs/protobuf.hpp"

#include "decode.hpp"
#include "encode.hpp"
#include "plan.hpp"
#include "sink.hpp"

#include <string>
#include <string_view>

namespace polyrpc::protobuf {

namespace {

class Format final : public MessageFormat {
 public:
  std::string_view name() const noexcept override { return "proto"; }
  Status encode(MessageRef message, ByteQueue& output) const override { return protobuf::encode(message, output); }
  Status decode(std::span<const std::byte> bytes, MessageSlot into, const CodecLimits& limits,
                Scratch*) const override {
    return protobuf::decode(bytes, into, limits);
  }
};

}  // namespace

std::shared_ptr<const MessageFormat> format() {
  static const auto the_one = std::make_shared<const Format>();
  return the_one;
}

Status encode(MessageRef message, ByteQueue& output, const CodecLimits& limits) {
  Sink sink(output);
  Encoder encoder(sink, limits.depth);
  if (!encoder.top(plan_of(*message.shape), message.object)) return std::move(encoder).failure();
  sink.keep();
  return {};
}

Status decode(std::span<const std::byte> bytes, MessageSlot into, const CodecLimits& limits) {
  if (bytes.size() > limits.message_bytes)
    return Status::resource_exhausted("protobuf: a message of " + std::to_string(bytes.size()) +
                                      " bytes; the limit is " + std::to_string(limits.message_bytes));
  const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
  Decoder decoder(limits);
  if (decoder.top(plan_of(*into.shape), into.object, Input{first, first + bytes.size()})) return {};
  return std::move(decoder).failure();
}

}  // namespace polyrpc::protobuf
