#include "polyrpc/codecs/json.hpp"

#include "decoder.hpp"
#include "encoder.hpp"
#include "plan.hpp"
#include "sink.hpp"

namespace polyrpc::json {

Status encode(MessageRef message, ByteQueue& output, const Options& options, const CodecLimits& limits) {
  Sink sink(output);
  Encoder encoder(sink, options.escape_html, limits.depth);
  if (!encoder.value(plan_of(*message.shape), message.object)) return encoder.failure();
  sink.keep();
  return {};
}

Status decode(std::string_view text, MessageSlot into, const Options& options, const CodecLimits& limits,
              Scratch* scratch) {
  ReadRules rules;
  rules.any_case = options.case_insensitive_fields;
  rules.refuse_unknown = options.unknown_fields == UnknownFields::refused;
  return decode_whole(text, into, rules, limits, scratch);
}

Status decode_whole(std::string_view text, MessageSlot into, const ReadRules& rules, const CodecLimits& limits,
                    Scratch* scratch) {
  if (text.size() > limits.message_bytes)
    return Status::resource_exhausted("json: the text has " + std::to_string(text.size()) + " bytes, the limit is " +
                                      std::to_string(limits.message_bytes));
  Decoder decoder(text, rules, limits, scratch);
  if (!decoder.value(plan_of(*into.shape), into.object)) return decoder.take_failure();
  if (decoder.peek() != '\0' || decoder.position() != text.data() + text.size()) {
    decoder.fail_syntax("the end of the text");
    return decoder.take_failure();
  }
  return {};
}

}  // namespace polyrpc::json
