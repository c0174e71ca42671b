#include "generator.hpp"

#include "headers.hpp"
#include "names.hpp"

#include <algorithm>
#include <cstring>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/zero_copy_stream.h>
#include <memory>
#include <string_view>

namespace polyrpc::tools {
namespace {

void write_file(google::protobuf::compiler::GeneratorContext& context, const std::string& name, std::string_view text) {
  const std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> output(context.Open(name));
  void* room = nullptr;
  int size = 0;
  while (!text.empty() && output->Next(&room, &size)) {
    const std::size_t taken = std::min(text.size(), static_cast<std::size_t>(size));
    std::memcpy(room, text.data(), taken);
    text.remove_prefix(taken);
    if (text.empty()) output->BackUp(size - static_cast<int>(taken));
  }
}

}  // namespace

bool HeaderGenerator::Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                               google::protobuf::compiler::GeneratorContext* context, std::string* error) const {
  // protoc puts the plugin's name before the text.
  if (!parameter.empty()) {
    *error = "unknown parameter \"" + parameter + "\"; there are none";
    return false;
  }
  if (file->options().cc_generic_services() && file->service_count() > 0) {
    *error = std::string(file->name()) + ": with option cc_generic_services protoc makes a class " +
             std::string(file->service(0)->name()) + " of its own; remove the option";
    return false;
  }
  const std::string base = file_base(*file);
  write_file(*context, base + ".polyrpc.hpp", plain_header(*file));
  write_file(*context, base + ".polyrpc_async.hpp", async_header(*file));
  return true;
}

std::uint64_t HeaderGenerator::GetSupportedFeatures() const {
  std::uint64_t features = FEATURE_PROTO3_OPTIONAL;
#if GOOGLE_PROTOBUF_VERSION >= 5026000
  features |= FEATURE_SUPPORTS_EDITIONS;
#endif
  return features;
}

// Editions change how fields behave, which is protoc's own business: what is said here of services and of messages'
// names holds in all of them. Later ones are refused until somebody has looked.
#if GOOGLE_PROTOBUF_VERSION >= 5026000
google::protobuf::Edition HeaderGenerator::GetMinimumEdition() const { return google::protobuf::EDITION_PROTO2; }
google::protobuf::Edition HeaderGenerator::GetMaximumEdition() const {
#if GOOGLE_PROTOBUF_VERSION >= 6032000
  return google::protobuf::EDITION_2024;
#else
  return google::protobuf::EDITION_2023;
#endif
}
#endif

}  // namespace polyrpc::tools
