#pragma once

#include <string>

namespace google::protobuf {
class FileDescriptor;
}  // namespace google::protobuf

namespace polyrpc::tools {

/// The text of `<name>.polyrpc.hpp`.
std::string plain_header(const google::protobuf::FileDescriptor& file);

/// The text of `<name>.polyrpc_async.hpp`.
std::string async_header(const google::protobuf::FileDescriptor& file);

}  // namespace polyrpc::tools
