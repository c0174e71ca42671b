#include "polyrpc/grpc/reflection.hpp"

#include "polyrpc/codecs/protobuf_export.hpp"
#include "polyrpc/core/describe.hpp"
#include "polyrpc/runtime/stream.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace polyrpc::grpc {

namespace {

// The messages of grpc/reflection/v1/reflection.proto, whose twin in v1alpha has the same fields. What is a oneof there
// is an optional field each here: on the wire that is the same.
struct ExtensionRequest {
  std::string containing_type;
  std::int32_t extension_number = 0;
};
struct ServerReflectionRequest {
  std::string host;
  std::optional<std::string> file_by_filename;
  std::optional<std::string> file_containing_symbol;
  std::optional<ExtensionRequest> file_containing_extension;
  std::optional<std::string> all_extension_numbers_of_type;
  std::optional<std::string> list_services;
};
struct FileDescriptorResponse {
  std::vector<std::vector<std::byte>> file_descriptor_proto;
};
struct ExtensionNumberResponse {
  std::string base_type_name;
  std::vector<std::int32_t> extension_number;
};
struct ServiceResponse {
  std::string name;
};
struct ListServiceResponse {
  std::vector<ServiceResponse> service;
};
struct ErrorResponse {
  std::int32_t error_code = 0;
  std::string error_message;
};
struct ServerReflectionResponse {
  std::string valid_host;
  ServerReflectionRequest original_request;
  std::optional<FileDescriptorResponse> file_descriptor_response;
  std::optional<ExtensionNumberResponse> all_extension_numbers_response;
  std::optional<ListServiceResponse> list_services_response;
  std::optional<ErrorResponse> error_response;
};

}  // namespace

POLYRPC_DESCRIBE(ExtensionRequest, (containing_type, "containing_type", 1), (extension_number, "extension_number", 2));
POLYRPC_DESCRIBE(ServerReflectionRequest, (host, "host", 1), (file_by_filename, "file_by_filename", 3),
                 (file_containing_symbol, "file_containing_symbol", 4),
                 (file_containing_extension, "file_containing_extension", 5),
                 (all_extension_numbers_of_type, "all_extension_numbers_of_type", 6),
                 (list_services, "list_services", 7));
POLYRPC_DESCRIBE(FileDescriptorResponse, (file_descriptor_proto, "file_descriptor_proto", 1));
POLYRPC_DESCRIBE(ExtensionNumberResponse, (base_type_name, "base_type_name", 1),
                 (extension_number, "extension_number", 2));
POLYRPC_DESCRIBE(ServiceResponse, (name, "name", 1));
POLYRPC_DESCRIBE(ListServiceResponse, (service, "service", 1));
POLYRPC_DESCRIBE(ErrorResponse, (error_code, "error_code", 1), (error_message, "error_message", 2));
POLYRPC_DESCRIBE(ServerReflectionResponse, (valid_host, "valid_host", 1), (original_request, "original_request", 2),
                 (file_descriptor_response, "file_descriptor_response", 4),
                 (all_extension_numbers_response, "all_extension_numbers_response", 5),
                 (list_services_response, "list_services_response", 6), (error_response, "error_response", 7));

namespace {

/// What there is to be told. Made with the first question, when the registry does not change any more.
class Knowledge {
 public:
  explicit Knowledge(const Registry& registry) {
    std::vector<protobuf::ProtoMethod> methods;
    std::set<std::string> services;
    for (const MethodEntry* entry : registry.methods()) {
      methods.push_back({entry->name, &entry->handler->args(), &entry->handler->reply(), entry->handler->kind()});
      if (!entry->service.empty()) services.insert(entry->service);
    }
    services_.assign(services.begin(), services.end());
    const protobuf::ProtoExport made = protobuf::export_proto(methods);
    for (const std::string& file : made.imported) add(file);
    for (const protobuf::ProtoFile& file : made.files) add(file.descriptor);
  }

  const std::vector<std::string>& services() const noexcept { return services_; }
  const google::protobuf::FileDescriptor* file(const std::string& name) const { return pool_.FindFileByName(name); }
  const google::protobuf::FileDescriptor* file_of(std::string symbol) const {
    if (symbol.starts_with('.')) symbol.erase(0, 1);
    return pool_.FindFileContainingSymbol(symbol);
  }
  const google::protobuf::Descriptor* type(std::string name) const {
    if (name.starts_with('.')) name.erase(0, 1);
    return pool_.FindMessageTypeByName(name);
  }
  const google::protobuf::FieldDescriptor* extension(const google::protobuf::Descriptor& type, int number) const {
    return pool_.FindExtensionByNumber(&type, number);
  }
  std::vector<std::int32_t> extensions(const google::protobuf::Descriptor& type) const {
    std::vector<const google::protobuf::FieldDescriptor*> found;
    pool_.FindAllExtensions(&type, &found);
    std::vector<std::int32_t> numbers;
    for (const auto* field : found) numbers.push_back(field->number());
    return numbers;
  }

 private:
  void add(const std::string& serialised) {
    google::protobuf::FileDescriptorProto file;
    if (file.ParseFromString(serialised) && pool_.FindFileByName(file.name()) == nullptr) pool_.BuildFile(file);
  }

  google::protobuf::DescriptorPool pool_;
  std::vector<std::string> services_;
};

/// Both services share one.
class Reflection {
 public:
  explicit Reflection(const Registry& registry) : registry_(registry) {}

  Awaitable<Status> converse(Reader<ServerReflectionRequest>& in, Writer<ServerReflectionResponse>& out) {
    std::set<std::string> sent;  // files that this client has
    ServerReflectionRequest request;
    while (co_await in.read(request)) {
      const ServerReflectionResponse response = answer(request, sent);
      Status written = co_await out.write(response);
      if (!written.ok()) co_return written;
      request = {};
    }
    co_return in.status();
  }

 private:
  const Knowledge& knowledge() {
    const std::lock_guard lock(mutex_);
    if (knowledge_ == nullptr) knowledge_ = std::make_unique<const Knowledge>(registry_);
    return *knowledge_;
  }

  ServerReflectionResponse answer(const ServerReflectionRequest& request, std::set<std::string>& sent) {
    const Knowledge& known = knowledge();
    ServerReflectionResponse response;
    response.valid_host = request.host;
    response.original_request = request;
    const auto tell_file = [&](const google::protobuf::FileDescriptor* file, const std::string& asked) {
      if (file == nullptr) return fail(response, StatusCode::not_found, asked + " is not known here");
      add_file(*file, sent, response.file_descriptor_response.emplace());
    };
    if (request.file_by_filename) {
      tell_file(known.file(*request.file_by_filename), *request.file_by_filename);
    } else if (request.file_containing_symbol) {
      tell_file(known.file_of(*request.file_containing_symbol), *request.file_containing_symbol);
    } else if (request.file_containing_extension) {
      const auto& asked = *request.file_containing_extension;
      const auto* type = known.type(asked.containing_type);
      const auto* field = type != nullptr ? known.extension(*type, asked.extension_number) : nullptr;
      tell_file(field != nullptr ? field->file() : nullptr,
                asked.containing_type + " with extension " + std::to_string(asked.extension_number));
    } else if (request.all_extension_numbers_of_type) {
      const auto* type = known.type(*request.all_extension_numbers_of_type);
      if (type == nullptr) {
        fail(response, StatusCode::not_found, *request.all_extension_numbers_of_type + " is not known here");
      } else {
        auto& numbers = response.all_extension_numbers_response.emplace();
        numbers.base_type_name = type->full_name();
        numbers.extension_number = known.extensions(*type);
      }
    } else if (request.list_services) {
      auto& list = response.list_services_response.emplace();
      for (const std::string& name : known.services()) list.service.push_back({name});
    } else {
      fail(response, StatusCode::invalid_argument, "nothing is asked");
    }
    return response;
  }

  static void fail(ServerReflectionResponse& response, StatusCode code, std::string why) {
    auto& error = response.error_response.emplace();
    error.error_code = static_cast<std::int32_t>(code);
    error.error_message = "reflection: " + std::move(why);
  }

  /// The file and what it imports, but for what the client has; the file that was asked for always.
  static void add_file(const google::protobuf::FileDescriptor& file, std::set<std::string>& sent,
                       FileDescriptorResponse& response) {
    google::protobuf::FileDescriptorProto proto;
    file.CopyTo(&proto);
    const std::string bytes = proto.SerializeAsString();
    const auto* const data = reinterpret_cast<const std::byte*>(bytes.data());
    response.file_descriptor_proto.emplace_back(data, data + bytes.size());
    sent.insert(std::string(file.name()));
    for (int i = 0; i < file.dependency_count(); ++i)
      if (!sent.contains(std::string(file.dependency(i)->name()))) add_file(*file.dependency(i), sent, response);
  }

  const Registry& registry_;
  std::mutex mutex_;  // guards knowledge_
  std::unique_ptr<const Knowledge> knowledge_;
};

}  // namespace

void add_reflection(Registry& registry) {
  const auto reflection = std::make_shared<Reflection>(registry);
  for (const char* name : {"grpc.reflection.v1.ServerReflection.ServerReflectionInfo",
                           "grpc.reflection.v1alpha.ServerReflection.ServerReflectionInfo"})
    registry.add(name, [reflection](Reader<ServerReflectionRequest>& in, Writer<ServerReflectionResponse>& out) {
      return reflection->converse(in, out);
    });
}

}  // namespace polyrpc::grpc
