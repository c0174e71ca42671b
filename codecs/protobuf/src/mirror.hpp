#pragma once

#include "polyrpc/core/shape.hpp"
#include "polyrpc/core/status.hpp"

#include <cstddef>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <string>
#include <string_view>

/// A structure made at run time that can hold what a generated message says, under the names protoc-gen-go gives its
/// fields. Fields with presence are optionals, members of a oneof among them; enums are `int32`s.
namespace polyrpc::protobuf {

/// protoc-gen-go's GoCamelCase: `user_id` becomes `UserId`.
std::string go_name(std::string_view name);

/// The mirror of a message type, made when first asked for. `construct` belongs to the type, since it is not told any:
/// of mirrors that only stand inside of others it is null.
const Shape& mirror_shape(const google::protobuf::Descriptor& descriptor, void (*construct)(void*));

void construct_mirror(const google::protobuf::Descriptor& descriptor, void* place);
void fill_mirror(const google::protobuf::Message& message, void* mirror);
/// Adds what the mirror says to `message`.
Status read_mirror(const void* mirror, google::protobuf::Message& message);

}  // namespace polyrpc::protobuf
