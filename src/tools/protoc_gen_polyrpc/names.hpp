#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Descriptor;
class FileDescriptor;
class MethodDescriptor;
class ServiceDescriptor;
}  // namespace google::protobuf

/// What the things of a .proto file are called in C++.
namespace polyrpc::tools {

/// The file's path without `.proto`, as protoc's own outputs have it.
std::string file_base(const google::protobuf::FileDescriptor& file);

/// `acme::v1`, keywords escaped as protoc does; empty where the file has no package.
std::string namespace_of(const google::protobuf::FileDescriptor& file);

/// `::acme::v1::Outer_Inner`: a generated message, wherever it is named.
std::string message_name(const google::protobuf::Descriptor& message);

/// The class that holds what belongs to a service. A keyword, or a name that a member has, gets an underscore.
std::string service_name(const google::protobuf::ServiceDescriptor& service);

/// The name of each method in its service's classes, by its index. Names that C++ or generated members have taken get
/// underscores; no two are equal.
std::vector<std::string> method_names(const google::protobuf::ServiceDescriptor& service);

/// `add`, or with underscores where something in the file has that name.
std::string add_name(const google::protobuf::FileDescriptor& file);

}  // namespace polyrpc::tools
