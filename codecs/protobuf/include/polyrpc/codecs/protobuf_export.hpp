#pragma once

#include "polyrpc/core/method.hpp"
#include "polyrpc/core/shape.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// `.proto` files of methods whose types are described, for clients in other languages and for gRPC's reflection.
namespace polyrpc::protobuf {

/// What is to be known of a method. A `Registry`'s entries have all of it.
struct ProtoMethod {
  std::string_view name;  ///< `Service.Method` or `package.Service/Method`
  const Shape* args = nullptr;
  const Shape* reply = nullptr;
  CallKind kind = CallKind::unary;
};

/// The services of one package, with the messages that their methods need.
struct ProtoFile {
  std::string package;                ///< empty: none
  std::string name;                   ///< `geo/v1.proto` for package `geo.v1`, `services.proto` without a package
  std::string text;                   ///< proto3, as protoc takes it
  std::string descriptor;             ///< a serialised `FileDescriptorProto` of the same
  std::vector<std::string> services;  ///< full names, sorted
};

struct ProtoExport {
  std::vector<ProtoFile> files;       ///< one a package, sorted
  std::vector<std::string> imported;  ///< serialised `FileDescriptorProto`s of what they import, imports first
  std::vector<std::string> left_out;  ///< `Service.Method: why` for each method that protobuf has no words for
};

/// Writes the files. Messages that protoc generated are imported, and so are services that it knows already. Fields
/// have the names they have in JSON; enumerators get their enum's name in front. Methods without a service are left
/// out.
ProtoExport export_proto(std::span<const ProtoMethod> methods);

}  // namespace polyrpc::protobuf
