#include "polyrpc/codecs/protobuf_message.hpp"

#include "message.hpp"
#include "mirror.hpp"

#include <google/protobuf/util/json_util.h>
#include <string>
#include <string_view>

namespace polyrpc::protobuf {

namespace {

using ProtoMessage = google::protobuf::Message;

// Only types with a descriptor have the bridge, and these are whole messages.
const ProtoMessage& message_of(const Shape& shape, const void* object) {
  return static_cast<const ProtoMessage&>(ops_of(shape).get(object));
}
ProtoMessage& message_of(const Shape& shape, void* object) {
  return static_cast<ProtoMessage&>(ops_of(shape).get_mutable(object));
}

const Shape& mirror(const Shape& shape) {
  return mirror_shape(*ops_of(shape).descriptor(), ops_of(shape).construct_mirror);
}

Status to_mirror(const Shape& shape, const void* object, void* mirror) {
  if (Status status = check_message(shape, object); !status.ok()) return status;
  fill_mirror(message_of(shape, object), mirror);
  return {};
}

Status from_mirror(const Shape& shape, const void* mirror, void* object) {
  ProtoMessage& message = message_of(shape, object);
  message.Clear();
  if (Status status = read_mirror(mirror, message); !status.ok()) return status;
  return check_message(shape, object);
}

Status to_json(const Shape& shape, const void* object, std::string& out) {
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message_of(shape, object), &text);
  if (!status.ok()) return Status::invalid_argument("protobuf: " + std::string(status.message()));
  out += text;
  return {};
}

Status from_json(const Shape& shape, std::string_view text, void* object) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  ProtoMessage& message = message_of(shape, object);
  message.Clear();
  const auto status = google::protobuf::util::JsonStringToMessage({text.data(), text.size()}, &message, options);
  if (!status.ok()) return Status::invalid_argument("protobuf: " + std::string(status.message()));
  return check_message(shape, object);
}

}  // namespace

const ForeignBridge message_bridge = {&mirror, &to_mirror, &from_mirror, &to_json, &from_json};

namespace detail {

void construct_mirror(const google::protobuf::Descriptor& descriptor, void* place) {
  protobuf::construct_mirror(descriptor, place);
}

}  // namespace detail

}  // namespace polyrpc::protobuf
