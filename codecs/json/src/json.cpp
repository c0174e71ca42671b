#include "polyrpc/codecs/json.hpp"

#include "decoder.hpp"
#include "encoder.hpp"
#include "plan.hpp"
#include "sink.hpp"

#include <algorithm>

namespace polyrpc::json {

namespace {

constexpr std::size_t small_block = 4096;

/// Between messages a connection has no block.
thread_local std::unique_ptr<char[]> spare_block;

}  // namespace

char* Scratch::allocate(std::size_t size) {
  if (block_.size - used_ < size) {
    Block next;
    next.size = (std::max)(size, small_block);
    if (next.size == small_block) next.memory = std::move(spare_block);
    if (next.memory == nullptr) next.memory = std::make_unique_for_overwrite<char[]>(next.size);
    if (block_.memory != nullptr) full_.push_back(std::move(block_));
    block_ = std::move(next);
    used_ = 0;
  }
  char* const memory = block_.memory.get() + used_;
  used_ += size;
  return memory;
}

void Scratch::give_back() noexcept {
  std::vector<Block>().swap(full_);
  if (block_.size == small_block) spare_block = std::move(block_.memory);
  block_ = {};
  used_ = 0;
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
