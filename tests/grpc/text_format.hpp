#pragma once

#include "polyrpc/core/compression.hpp"
#include "polyrpc/core/message_format.hpp"

#include <string>

namespace polyrpc::test {

/// Texts as they are; `bad` can be neither written nor read.
class TextFormat final : public MessageFormat {
 public:
  std::string_view name() const noexcept override { return "text"; }
  Status encode(MessageRef message, ByteQueue& output) const override {
    const auto& text = *static_cast<const std::string*>(message.object);
    output.append(text);
    if (text == "bad") return Status::invalid_argument("text: bad");
    return {};
  }
  Status decode(std::span<const std::byte> bytes, MessageSlot into, const CodecLimits&, Scratch*) const override {
    if (as_text(bytes) == "bad") return Status::invalid_argument("text: bad");
    *static_cast<std::string*>(into.object) = as_text(bytes);
    return {};
  }
};

/// Runs of a letter: `a3` is `aaa`.
class RunCompressor final : public Compressor {
 public:
  std::string_view name() const noexcept override { return "run"; }
  Status compress(std::span<const std::byte> from, ByteQueue& output) const override {
    if (from.empty()) return {};
    output.push_back(from[0]);
    output.append(std::to_string(from.size()));
    return {};
  }
  Status decompress(std::span<const std::byte> from, std::size_t limit, ByteQueue& output) const override {
    if (from.empty()) return {};
    std::size_t count = 0;
    for (const std::byte digit : from.subspan(1)) {
      if (digit < std::byte{'0'} || digit > std::byte{'9'}) return Status::invalid_argument("run: broken");
      count = count * 10 + std::to_integer<std::size_t>(digit) - '0';
      if (count > limit) return Status::resource_exhausted("run: more than the limit");
    }
    if (from.size() < 2) return Status::invalid_argument("run: broken");
    output.append(std::string(count, static_cast<char>(from[0])));
    return {};
  }
};

}  // namespace polyrpc::test
