#include "polyrpc/codecs/json.hpp"

#include "decoder.hpp"
#include "encoder.hpp"
#include "plan.hpp"
#include "sink.hpp"

namespace polyrpc::json {

namespace {

class Format final : public MessageFormat {
 public:
  explicit Format(const Options& options) : escape_html_(options.escape_html) {
    rules_.any_case = options.case_insensitive_fields;
    rules_.refuse_unknown = options.unknown_fields == UnknownFields::refused;
    rules_.numbers_in_text = true;
  }

  std::string_view name() const noexcept override { return "json"; }

  Status encode(MessageRef message, ByteQueue& output) const override {
    Sink sink(output);
    Encoder encoder(sink, escape_html_, CodecLimits().depth);
    encoder.put_awkward_numbers_in_text();
    if (!encoder.value(plan_of(*message.shape), message.object)) return encoder.failure();
    sink.keep();
    return {};
  }

  Status decode(std::span<const std::byte> bytes, MessageSlot into, const CodecLimits& limits,
                Scratch* scratch) const override {
    return decode_whole(as_text(bytes), into, rules_, limits, scratch);
  }

 private:
  bool escape_html_;
  ReadRules rules_;
};

}  // namespace

std::shared_ptr<const MessageFormat> format(const Options& options) { return std::make_shared<Format>(options); }

}  // namespace polyrpc::json
