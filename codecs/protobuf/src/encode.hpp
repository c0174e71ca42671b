#pragma once

#include "polyrpc/core/status.hpp"

#include "plan.hpp"
#include "sink.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace polyrpc::protobuf {

/// Writes objects as protobuf messages.
class Encoder {
 public:
  Encoder(Sink& sink, std::size_t depth_limit) noexcept;

  /// A whole message. False: `failure` says why; what was written is worth nothing.
  bool top(const Value& value, const void* object);

  Status failure() && noexcept { return std::move(failure_); }

 private:
  enum class Presence : std::uint8_t { implicit, explicit_one };

  bool message(const MessagePlan& plan, const void* object);
  /// A field with its tag, or nothing.
  bool field(const PlanField& field, const Value& value, const void* object, Presence presence);
  bool variant(const PlanField& field, const void* object);
  bool list(const PlanField& field, const Value& value, const void* object);
  bool packed(const Value& element, const void* first, std::size_t count);
  bool map(const PlanField& field, const Value& value, const void* object);
  /// One value without a tag: what stands in a list, in a map, behind a field's tag.
  bool payload(const Value& value, const void* object);
  /// A message without its length.
  bool body(const Value& value, const void* object);
  /// A value that may not be left out, with its tag.
  bool tagged(const Tag& tag, const Value& value, const void* object);
  bool text(std::string_view string);
  bool own(const Value& value, const void* object, std::string& encoded);

  bool fail(Status why);

  Sink& sink_;
  std::size_t depth_limit_;
  std::size_t depth_ = 0;
  Status failure_;
};

}  // namespace polyrpc::protobuf
