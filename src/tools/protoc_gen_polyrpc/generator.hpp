#pragma once

#include <cstdint>
#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/stubs/common.h>
#include <string>

namespace polyrpc::tools {

/// Writes two headers for every file: `<name>.polyrpc.hpp` with method constants, stubs and the base classes of
/// services without coroutines, and `<name>.polyrpc_async.hpp` with that and what takes asio.
class HeaderGenerator final : public google::protobuf::compiler::CodeGenerator {
 public:
  bool Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                google::protobuf::compiler::GeneratorContext* context, std::string* error) const override;

  std::uint64_t GetSupportedFeatures() const override;
#if GOOGLE_PROTOBUF_VERSION >= 5026000
  google::protobuf::Edition GetMinimumEdition() const override;
  google::protobuf::Edition GetMaximumEdition() const override;
#endif
};

}  // namespace polyrpc::tools
