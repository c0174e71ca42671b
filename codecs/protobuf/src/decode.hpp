#pragma once

#include "polyrpc/core/limits.hpp"
#include "polyrpc/core/status.hpp"

#include "plan.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace polyrpc::protobuf {

/// Reads protobuf messages into objects.
class Decoder {
 public:
  explicit Decoder(const CodecLimits& limits) noexcept;

  /// A whole message. False: `failure` says why.
  bool top(const Value& value, void* object, Input in);

  Status failure() && noexcept { return std::move(failure_); }

 private:
  /// Whether a value is the first of its field in this message, or adds to one that has come before.
  enum class Turn : std::uint8_t { first, further };
  class Progress;

  bool message(const MessagePlan& plan, void* object, Input in, Turn turn);
  bool field(const Value& value, void* object, std::uint32_t tag, Input& in, Turn turn, std::uint32_t* count);
  bool alternative(const Value& value, std::size_t index, void* object, Wire wire, Input& in, Turn turn);
  bool list(const Value& value, void* object, std::uint32_t tag, Input& in, Turn turn);
  bool adjacent(const Value& value, void* object, std::uint32_t tag, Input& in);
  bool packed(const Value& value, void* object, Input in);
  bool array(const Value& value, void* object, Wire wire, Input& in, std::uint32_t& count);
  bool map(const Value& value, void* object, Input& in, Turn turn);
  /// One value behind its tag.
  bool payload(const Value& value, void* object, Wire wire, Input& in, Turn turn);
  bool body(const Value& value, void* object, Input in, Turn turn);
  bool seconds_and_nanos(Input in, std::int64_t& seconds, std::int64_t& nanoseconds);
  bool duration(const Value& value, void* object, Input in);
  template <class Float>
  bool complex(void* object, Input in);
  bool own(const Value& value, void* object, Input in);
  bool skip(std::uint32_t tag, Input& in, std::size_t depth);

  bool enter();
  void leave() noexcept { --depth_; }
  bool fail(Status why);
  bool fail(std::string_view why);
  bool malformed();

  const CodecLimits& limits_;
  std::size_t depth_limit_;
  std::size_t depth_ = 0;
  Status failure_;
};

}  // namespace polyrpc::protobuf
