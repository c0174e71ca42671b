#include "headers.hpp"

#include "names.hpp"

#include <cstddef>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace polyrpc::tools {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::SourceLocation;

struct Value {
  std::string_view name;
  std::string_view text;
};

// Appends `text` with every `$name$` replaced.
void write(std::string& out, std::string_view text, std::initializer_list<Value> values = {}) {
  for (;;) {
    const std::size_t start = text.find('$');
    out += text.substr(0, start);
    if (start == std::string_view::npos) return;
    const std::size_t end = text.find('$', start + 1);
    const std::string_view name = text.substr(start + 1, end - start - 1);
    for (const Value& value : values) {
      if (value.name == name) out += value.text;
    }
    text.remove_prefix(end + 1);
  }
}

struct MethodModel {
  std::string name;       // in C++
  std::string full_name;  // in the registry
  std::string args;
  std::string reply;
  std::string comment;
  bool reads = false;   // the requests stream
  bool writes = false;  // the replies stream
  bool deprecated = false;

  bool streams() const { return reads || writes; }
};

struct ServiceModel {
  std::string name;
  std::string full_name;
  std::string comment;
  std::vector<MethodModel> methods;
  bool streams = false;
  bool deprecated = false;
};

struct FileModel {
  std::string name;
  std::string base;
  std::string space;
  std::string add;
  std::vector<ServiceModel> services;
  bool streams = false;
  bool deprecated_messages = false;
};

// The lines of a comment as documentation, without the indentation. A backslash at the end of a line would draw the
// next one into the comment.
std::string doc_of(const SourceLocation& location) {
  std::string_view text = location.leading_comments;
  if (text.empty()) text = location.trailing_comments;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::string doc;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    while (!line.empty() && std::string_view(" \t\r\v\f\\").find(line.back()) != std::string_view::npos)
      line.remove_suffix(1);
    if (line.empty()) {
      doc += "///\n";
      continue;
    }
    doc += line.front() == ' ' ? "///" : "/// ";
    doc += line;
    doc += '\n';
  }
  return doc;
}

template <class Descriptor>
std::string doc_of(const Descriptor& descriptor) {
  SourceLocation location;
  return descriptor.GetSourceLocation(&location) ? doc_of(location) : std::string();
}

ServiceModel model_of(const ServiceDescriptor& service) {
  ServiceModel model;
  model.name = service_name(service);
  model.full_name = std::string(service.full_name());
  model.comment = doc_of(service);
  model.deprecated = service.options().deprecated();
  const std::vector<std::string> names = method_names(service);
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    MethodModel added;
    added.name = names[static_cast<std::size_t>(i)];
    added.full_name = std::string(method.full_name());
    added.args = message_name(*method.input_type());
    added.reply = message_name(*method.output_type());
    added.comment = doc_of(method);
    added.reads = method.client_streaming();
    added.writes = method.server_streaming();
    added.deprecated = method.options().deprecated();
    model.streams = model.streams || added.streams();
    model.methods.push_back(std::move(added));
  }
  return model;
}

FileModel model_of(const FileDescriptor& file) {
  FileModel model;
  model.name = std::string(file.name());
  model.base = file_base(file);
  model.space = namespace_of(file);
  model.add = add_name(file);
  for (int i = 0; i < file.service_count(); ++i) {
    const ServiceDescriptor& service = *file.service(i);
    model.services.push_back(model_of(service));
    model.streams = model.streams || model.services.back().streams;
    for (int j = 0; j < service.method_count(); ++j) {
      const MethodDescriptor& method = *service.method(j);
      if (method.input_type()->options().deprecated() || method.output_type()->options().deprecated())
        model.deprecated_messages = true;
    }
  }
  return model;
}

void write_doc(std::string& out, std::string_view doc, std::string_view indent) {
  while (!doc.empty()) {
    const std::size_t end = doc.find('\n') + 1;
    out += indent;
    out += doc.substr(0, end);
    doc.remove_prefix(end);
  }
}

void write_begin(std::string& out, const FileModel& file, std::string_view what) {
  write(out,
        "// $what$ of $file$, made by protoc-gen-polyrpc. Do not edit.\n"
        "#pragma once\n\n",
        {{"what", what}, {"file", file.name}});
}

void write_space(std::string& out, const FileModel& file) {
  out += '\n';
  if (file.deprecated_messages)
    out +=
        "#if defined(__GNUC__)\n"
        "#pragma GCC diagnostic push\n"
        "#pragma GCC diagnostic ignored \"-Wdeprecated-declarations\"\n"
        "#endif\n\n";
  if (!file.space.empty()) write(out, "namespace $space$ {\n\n", {{"space", file.space}});
}

void write_end(std::string& out, const FileModel& file) {
  if (!file.space.empty()) write(out, "}  // namespace $space$\n", {{"space", file.space}});
  if (file.deprecated_messages)
    out +=
        "\n#if defined(__GNUC__)\n"
        "#pragma GCC diagnostic pop\n"
        "#endif\n";
}

std::string_view kind_of(const MethodModel& method) {
  if (method.reads && method.writes) return "::polyrpc::Bidirectional";
  if (method.reads) return "::polyrpc::ClientStreaming";
  if (method.writes) return "::polyrpc::ServerStreaming";
  return "::polyrpc::Method";
}

// The struct that holds what belongs to the service.
void write_service(std::string& out, const ServiceModel& service, const FileModel& file) {
  write_doc(out, service.comment, "");
  write(out,
        "struct $name$ {\n"
        "  static constexpr ::std::string_view full_name = \"$full_name$\";\n\n"
        "  /// The methods as constants, for `polyrpc::Registry::add` and `polyrpc::Client::call`.\n"
        "  struct methods {\n",
        {{"name", service.name}, {"full_name", service.full_name}});
  for (const MethodModel& method : service.methods) {
    write(out,
          "    static constexpr $kind$<\n"
          "        $args$,\n"
          "        $reply$>\n"
          "        $name${\"$full_name$\"};\n",
          {{"kind", kind_of(method)},
           {"args", method.args},
           {"reply", method.reply},
           {"name", method.name},
           {"full_name", method.full_name}});
  }
  write(out, "  };\n\n  class Stub;\n");
  if (service.streams)
    write(out, "  class Service;    // in $base$.polyrpc_async.hpp\n", {{"base", file.base}});
  else
    write(out, "  class Service;\n");
  write(out, "  class CoService;  // in $base$.polyrpc_async.hpp\n};\n\n", {{"base", file.base}});
}

void write_stub_unary(std::string& out, const MethodModel& method) {
  const std::string_view deprecated = method.deprecated ? "[[deprecated]] " : "";
  write_doc(out, method.comment, "  ");
  const std::initializer_list<Value> values = {
      {"args", method.args}, {"reply", method.reply}, {"name", method.name}, {"deprecated", deprecated}};
  write(out,
        "  $deprecated$::polyrpc::Result<$reply$> $name$(\n"
        "      const $args$& request,\n"
        "      const ::polyrpc::CallOptions& options = {}) {\n"
        "    return client_->call(methods::$name$, request, options);\n"
        "  }\n"
        "  /// Starts the call and returns at once.\n"
        "  $deprecated$::polyrpc::Pending<$reply$> go_$name$(\n"
        "      $args$ request,\n"
        "      const ::polyrpc::CallOptions& options = {}) {\n"
        "    return client_->go(methods::$name$, ::std::move(request), options);\n"
        "  }\n"
        "  /// Through a completion token, with the signature `void(polyrpc::Result<$reply$>)`.\n"
        "  template <class Token>\n"
        "  $deprecated$auto async_$name$(\n"
        "      $args$ request, Token&& token) {\n"
        "    return client_->async_call(methods::$name$, ::std::move(request), ::std::forward<Token>(token));\n"
        "  }\n"
        "  template <class Token>\n"
        "  $deprecated$auto async_$name$(\n"
        "      $args$ request, ::polyrpc::CallOptions options, Token&& token) {\n"
        "    return client_->async_call(\n"
        "        methods::$name$, ::std::move(request), ::std::move(options), ::std::forward<Token>(token));\n"
        "  }\n",
        values);
}

void write_stub_streaming(std::string& out, const MethodModel& method) {
  write_doc(out, method.comment, "  ");
  std::string type;
  if (method.reads && method.writes)
    type = "::polyrpc::BidirectionalCall<" + method.args + ", " + method.reply + ">";
  else if (method.reads)
    type = "::polyrpc::ClientStreamingCall<" + method.args + ", " + method.reply + ">";
  else
    type = "::polyrpc::ServerStreamingCall<" + method.reply + ">";
  const std::initializer_list<Value> values = {{"type", type},
                                               {"args", method.args},
                                               {"name", method.name},
                                               {"deprecated", method.deprecated ? "[[deprecated]] " : ""}};
  if (method.reads)
    write(out,
          "  $deprecated$$type$ $name$(\n"
          "      const ::polyrpc::CallOptions& options = {}) {\n"
          "    return client_->open(methods::$name$, options);\n"
          "  }\n",
          values);
  else
    write(out,
          "  $deprecated$$type$ $name$(\n"
          "      const $args$& request,\n"
          "      const ::polyrpc::CallOptions& options = {}) {\n"
          "    return client_->open(methods::$name$, request, options);\n"
          "  }\n",
          values);
}

void write_stub(std::string& out, const ServiceModel& service) {
  write(out,
        "/// Calls a server's $full_name$.\n"
        "class $name$::Stub {\n"
        " public:\n"
        "  /// `client` outlives the stub.\n"
        "  $deprecated$explicit Stub(::polyrpc::Client& client) noexcept : client_(&client) {}\n\n",
        {{"full_name", service.full_name},
         {"name", service.name},
         {"deprecated", service.deprecated ? "[[deprecated]] " : ""}});
  for (const MethodModel& method : service.methods) {
    if (method.streams())
      write_stub_streaming(out, method);
    else
      write_stub_unary(out, method);
    out += '\n';
  }
  write(out, " private:\n  $unused$::polyrpc::Client* client_;\n};\n\n",
        {{"unused", service.methods.empty() ? "[[maybe_unused]] " : ""}});
}

// A virtual function for the method, a coroutine or not.
void write_virtual(std::string& out, const MethodModel& method, bool coroutine) {
  write_doc(out, method.comment, "  ");
  const std::string request =
      method.reads ? "::polyrpc::Reader<" + method.args + ">& /*requests*/" : "const " + method.args + "& /*request*/";
  const std::string reply =
      method.writes ? "::polyrpc::Writer<" + method.reply + ">& /*replies*/" : method.reply + "& /*reply*/";
  write(out,
        "  virtual $status$ $name$(\n"
        "      ::polyrpc::Context& /*context*/,\n"
        "      $request$,\n"
        "      $reply$) {\n"
        "    $return$ ::polyrpc::Status::unimplemented(\"$full_name$ is not implemented\");\n"
        "  }\n",
        {{"status", coroutine ? "::polyrpc::Awaitable<::polyrpc::Status>" : "::polyrpc::Status"},
         {"name", method.name},
         {"request", request},
         {"reply", reply},
         {"return", coroutine ? "co_return" : "return"},
         {"full_name", method.full_name}});
}

void write_base_class(std::string& out, const ServiceModel& service, const FileModel& file, std::string_view class_name,
                      bool coroutines) {
  const std::string_view how = coroutines        ? ", every method as a coroutine"
                               : service.streams ? ", unary methods as functions, the others as coroutines"
                                                 : ", every method as a function that does not block";
  write(out,
        "/// Serves $full_name$$how$.\n"
        "/// A method that is not overridden answers `unimplemented`.\n"
        "class $name$::$class$ {\n"
        " public:\n"
        "  virtual ~$class$() = default;\n\n",
        {{"full_name", service.full_name}, {"name", service.name}, {"class", class_name}, {"how", how}});
  for (const MethodModel& method : service.methods) {
    write_virtual(out, method, coroutines || method.streams());
    out += '\n';
  }
  // Not copied by accident through a reference to the base.
  write(out,
        " protected:\n"
        "  $class$() = default;\n"
        "  $class$(const $class$&) = default;\n"
        "  $class$& operator=(const $class$&) = default;\n"
        "};\n\n"
        "/// Registers every method. `service` outlives the registry.\n"
        "inline void $add$(::polyrpc::Registry& registry, $name$::$class$& service) {\n",
        {{"add", file.add}, {"name", service.name}, {"class", class_name}});
  for (const MethodModel& method : service.methods) {
    write(out, "  registry.add($name$::methods::$method$, service, &$name$::$class$::$method$);\n",
          {{"name", service.name}, {"class", class_name}, {"method", method.name}});
  }
  if (service.methods.empty()) out += "  (void)registry, (void)service;\n";
  out += "}\n\n";
}

}  // namespace

std::string plain_header(const FileDescriptor& descriptor) {
  const FileModel file = model_of(descriptor);
  std::string out;
  write_begin(out, file, "Services");
  write(out, "#include \"$base$.pb.h\"\n\n#include <polyrpc/codecs/protobuf_message.hpp>\n", {{"base", file.base}});
  if (!file.services.empty()) {
    out +=
        "#include <polyrpc/core/method.hpp>\n"
        "#include <polyrpc/runtime/client.hpp>\n";
    if (file.streams) out += "#include <polyrpc/runtime/client_stream.hpp>\n";
    out +=
        "#include <polyrpc/runtime/registry.hpp>\n\n"
        "#include <string_view>\n"
        "#include <utility>\n";
    write_space(out, file);
    for (const ServiceModel& service : file.services) {
      write_service(out, service, file);
      write_stub(out, service);
      if (!service.streams) write_base_class(out, service, file, "Service", false);
    }
    write_end(out, file);
  }
  return out;
}

std::string async_header(const FileDescriptor& descriptor) {
  const FileModel file = model_of(descriptor);
  std::string out;
  write_begin(out, file, "Coroutines for the services");
  write(out, "#include \"$base$.polyrpc.hpp\"\n", {{"base", file.base}});
  if (!file.services.empty()) {
    out += "\n#include <polyrpc/runtime/async.hpp>\n";
    if (file.streams) out += "#include <polyrpc/runtime/async_stream.hpp>\n";
    out += "#include <polyrpc/runtime/coroutine.hpp>\n";
    if (file.streams) out += "#include <polyrpc/runtime/stream.hpp>\n";
    write_space(out, file);
    for (const ServiceModel& service : file.services) {
      if (service.streams) write_base_class(out, service, file, "Service", false);
      write_base_class(out, service, file, "CoService", true);
    }
    write_end(out, file);
  }
  return out;
}

}  // namespace polyrpc::tools
