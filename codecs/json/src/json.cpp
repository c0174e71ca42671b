#include "polyrpc/codecs/json.hpp"

#include "decoder.hpp"
#include "encoder.hpp"
#include "plan.hpp"
#include "sink.hpp"

#include <algorithm>

namespace polyrpc::json {

namespace {

constexpr std::size_t kept_block = 4096;

}  // namespace

char* Scratch::allocate(std::size_t size) {
  if (blocks_.empty() || blocks_.back().size - used_ < size) {
    const std::size_t room = (std::max)(size, kept_block);
    blocks_.push_back({std::make_unique<char[]>(room), room});
    used_ = 0;
  }
  char* const memory = blocks_.back().memory.get() + used_;
  used_ += size;
  return memory;
}

void Scratch::shrink() noexcept {
  used_ = 0;
  blocks_.erase(blocks_.begin() + 1, blocks_.end());
  if (blocks_.front().size > kept_block) blocks_.clear();
}

Status encode(MessageRef message, ByteQueue& output, const Options& options, const CodecLimits& limits) {
  Sink sink(output);
  Encoder encoder(sink, options.escape_html, limits.depth);
  if (!encoder.value(plan_of(*message.shape), message.object)) return encoder.failure();
  sink.keep();
  return {};
}

Status decode(std::string_view text, MessageSlot into, const Options& options, const CodecLimits& limits,
              Scratch* scratch) {
  if (text.size() > limits.message_bytes)
    return Status::resource_exhausted("json: the text has " + std::to_string(text.size()) + " bytes, the limit is " +
                                      std::to_string(limits.message_bytes));
  ReadRules rules;
  rules.any_case = options.case_insensitive_fields;
  rules.refuse_unknown = options.unknown_fields == UnknownFields::refused;
  Decoder decoder(text, rules, limits, scratch);
  if (!decoder.value(plan_of(*into.shape), into.object)) return decoder.take_failure();
  if (decoder.peek() != '\0' || decoder.position() != text.data() + text.size()) {
    decoder.fail_syntax("the end of the text");
    return decoder.take_failure();
  }
  return {};
}

}  // namespace polyrpc::json
