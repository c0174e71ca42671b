#include "message.hpp"

#include "polyrpc/codecs/protobuf_message.hpp"

#include <algorithm>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message_lite.h>
#include <limits>
#include <string>

namespace polyrpc::protobuf {

const char message_family = 0;

namespace {

constexpr std::size_t largest_message = (std::numeric_limits<int>::max)();

}  // namespace

OutgoingMessage::OutgoingMessage(const Shape& shape, const void* object) : shape_(shape), object_(object) {
  const auto& message = ops_of(shape).get(object);
  // Asked here, because the library would write to the error output.
  status_ = check_message(shape, object);
  if (!status_.ok()) return;
  size_ = message.ByteSizeLong();
  if (size_ > largest_message)
    status_ = Status::resource_exhausted("protobuf: a message of " + std::to_string(size_) + " bytes is too large");
}

std::uint8_t* OutgoingMessage::write(std::uint8_t* out) const {
  return ops_of(shape_).get(object_).SerializeWithCachedSizesToArray(out);
}

Status merge_message(const Shape& shape, void* object, Input in, std::size_t depth_limit) {
  auto& message = ops_of(shape).get_mutable(object);
  if (in.size() > largest_message)
    return Status::resource_exhausted("protobuf: a message of " + std::to_string(in.size()) + " bytes is too large");
  google::protobuf::io::CodedInputStream stream(in.at, static_cast<int>(in.size()));
  stream.SetRecursionLimit(static_cast<int>((std::min)(depth_limit, deepest)));
  if (message.MergePartialFromCodedStream(&stream) && stream.ConsumedEntireMessage()) return {};
  return Status::invalid_argument("protobuf: malformed or too deeply nested " + std::string(message.GetTypeName()));
}

void clear_message(const Shape& shape, void* object) { ops_of(shape).get_mutable(object).Clear(); }

Status check_message(const Shape& shape, const void* object) {
  const auto& message = ops_of(shape).get(object);
  if (message.IsInitialized()) return {};
  return Status::invalid_argument("protobuf: " + std::string(message.GetTypeName()) +
                                  " lacks required fields: " + std::string(message.InitializationErrorString()));
}

}  // namespace polyrpc::protobuf
