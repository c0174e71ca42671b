#include "polyrpc/codecs/protobuf_export.hpp"
#include "polyrpc/codecs/protobuf_message.hpp"
#include "polyrpc/core/any.hpp"
#include "polyrpc/core/describe.hpp"

#include "bytes.hpp"
#include "messages.pb.h"
#include "support/catch.hpp"

#include <chrono>
#include <complex>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

using polyrpc::CallKind;
using polyrpc::shape_of;
using polyrpc::protobuf::export_proto;
using polyrpc::protobuf::ProtoExport;
using polyrpc::protobuf::ProtoMethod;

namespace {

enum class Color { red = 1, green, also_green = 2 };
POLYRPC_DESCRIBE_ENUM(Color, (red), (green), (also_green));
enum class Light { off, on };
POLYRPC_DESCRIBE_ENUM_NAMES(Light, (off), (on));

struct Args {
  std::int64_t a = 0;
  std::int64_t b = 0;
};
POLYRPC_DESCRIBE(Args, (a, "A"), (b, "B"));

struct Everything {
  bool flag = false;
  std::uint8_t small = 0;
  float real = 0;
  std::string user_name;
  std::vector<std::byte> data;
  Color color = Color::red;
  Light light = Light::off;
  std::vector<std::int32_t> numbers;
  std::vector<std::vector<std::string>> table;
  std::map<std::string, Args> by_name;
  std::map<Color, std::vector<bool>> by_color;
  std::map<double, std::int32_t> by_real;
  std::optional<std::int32_t> maybe;
  std::optional<Args> maybe_args;
  std::variant<std::monostate, std::int64_t, std::string, Args, std::vector<Args>> either;
  std::chrono::sys_seconds at{};
  std::chrono::milliseconds length{};
  std::complex<double> number;
  std::tuple<std::int32_t, std::string> both;
  polyrpc::test::Point point;
  std::vector<std::unique_ptr<Everything>> children;
};
POLYRPC_DESCRIBE(Everything, (flag), (small), (real), (user_name), (data), (color), (light), (numbers), (table),
                 (by_name), (by_color), (by_real), (maybe), (maybe_args), (either), (at), (length), (number), (both),
                 (point), (children, 50));

struct WithAny {
  polyrpc::Any any;
};
POLYRPC_DESCRIBE(WithAny, (any));

template <class A, class R>
ProtoMethod method(std::string_view name, CallKind kind = CallKind::unary) {
  return {name, &shape_of<A>(), &shape_of<R>(), kind};
}

const std::vector<ProtoMethod>& all() {
  static const std::vector<ProtoMethod> methods = {
      method<Args, std::int64_t>("Arith.Multiply"),
      method<Args, std::int64_t>("Arith.Stream", CallKind::bidirectional),
      method<Everything, std::vector<Everything>>("shop.v1.Store/Put", CallKind::server_streaming),
      method<std::string, std::monostate>("shop.v1.Store/Drop", CallKind::client_streaming),
      method<std::map<std::string, Color>, std::optional<Light>>("shop.v1.Other/Find"),
      method<polyrpc::test::Point, polyrpc::test::Point>("shop.v1.Other/Mirror"),
      method<WithAny, Args>("Arith.Any"),
      method<Args, Args>("subtract"),
  };
  return methods;
}

}  // namespace

TEST_CASE("methods become a proto file", "[protobuf]") {
  const ProtoExport exported = export_proto(std::vector{all()[0], all()[1]});
  REQUIRE(exported.left_out.empty());
  REQUIRE(exported.files.size() == 1);
  CHECK(exported.files[0].name == "services.proto");
  CHECK(exported.files[0].services == std::vector<std::string>{"Arith"});
  const std::string& text = exported.files[0].text;
  CHECK(text.find("syntax = \"proto3\";\n") == 0);
  CHECK(text.find("import \"google/protobuf/wrappers.proto\";\n") != std::string::npos);
  CHECK(text.find("message Args {\n  int64 A = 1;\n  int64 B = 2;\n}\n") != std::string::npos);
  CHECK(text.find("service Arith {\n"
                  "  rpc Multiply(.Args) returns (.google.protobuf.Int64Value);\n"
                  "  rpc Stream(stream .Args) returns (stream .google.protobuf.Int64Value);\n}\n") !=
        std::string::npos);
}

TEST_CASE("what protobuf has no words for is left out, and said", "[protobuf]") {
  const ProtoExport exported = export_proto(all());
  REQUIRE(exported.left_out.size() == 2);
  CHECK(exported.left_out[0] == "Arith.Any: protobuf: has no form for interface{}");
  CHECK(exported.left_out[1] == "subtract: protobuf: the name is not that of a service and a method");
  REQUIRE(exported.files.size() == 2);
  CHECK(exported.files[1].text.find("string user_name = 4 [json_name = \"user_name\"];") != std::string::npos);
  CHECK(exported.files[1].package == "shop.v1");
  CHECK(exported.files[1].name == "shop/v1.proto");
  CHECK(exported.files[1].services == std::vector<std::string>{"shop.v1.Other", "shop.v1.Store"});
}

TEST_CASE("a message by the exported file is a described struct's on the wire", "[protobuf]") {
  const ProtoExport exported = export_proto(all());
  google::protobuf::DescriptorPool pool(google::protobuf::DescriptorPool::generated_pool());
  google::protobuf::FileDescriptorProto proto;
  REQUIRE(proto.ParseFromString(exported.files.at(1).descriptor));
  REQUIRE(pool.BuildFile(proto) != nullptr);
  const auto* type = pool.FindMessageTypeByName("shop.v1.Everything");
  REQUIRE(type != nullptr);

  Everything all;
  all.flag = true;
  all.small = 200;
  all.real = 1.5f;
  all.user_name = "u";
  all.data = {std::byte{1}};
  all.color = Color::green;
  all.light = Light::on;
  all.numbers = {1, 2};
  all.table = {{"a"}, {}};
  all.by_name = {{"k", {1, 2}}};
  all.by_color = {{Color::red, {true}}};
  all.by_real = {{0.5, 3}};
  all.maybe = 0;
  all.maybe_args.emplace();
  all.either = std::vector<Args>{{1, 2}};
  all.at = std::chrono::sys_seconds(std::chrono::seconds(5));
  all.length = std::chrono::milliseconds(1500);
  all.number = {1, 2};
  all.both = {7, "b"};
  all.point.set_x(4);
  all.children.push_back(std::make_unique<Everything>());
  const std::string wire = polyrpc::test::encoded(all);

  google::protobuf::DynamicMessageFactory factory;
  const std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(type)->New());
  REQUIRE(message->ParseFromString(wire));
  CHECK(message->GetReflection()->GetUnknownFields(*message).empty());
  CHECK(message->SerializeAsString() == wire);
  const std::string text = message->ShortDebugString();
  CHECK(text.find("color: COLOR_GREEN light: LIGHT_ON") != std::string::npos);
  CHECK(text.find("maybe: 0 maybe_args { }") != std::string::npos);
  CHECK(text.find("either_argslist { value { A: 1 B: 2 } }") != std::string::npos);
}

TEST_CASE("the descriptors of all imports come with the files", "[protobuf]") {
  const ProtoExport exported = export_proto(all());
  google::protobuf::DescriptorPool pool;
  std::vector<std::string> descriptors = exported.imported;
  for (const auto& file : exported.files) descriptors.push_back(file.descriptor);
  for (const std::string& bytes : descriptors) {
    google::protobuf::FileDescriptorProto proto;
    REQUIRE(proto.ParseFromString(bytes));
    CHECK(pool.BuildFile(proto) != nullptr);
  }
  CHECK(pool.FindServiceByName("shop.v1.Store") != nullptr);
  CHECK(pool.FindMessageTypeByName("polyrpc.test.Point") != nullptr);
}

TEST_CASE("services that protoc knows are imported, not written again", "[protobuf]") {
  const ProtoExport exported =
      export_proto(std::vector{method<polyrpc::test::Point, polyrpc::test::Point>("polyrpc.test.Mirror/Turn")});
  CHECK(exported.files.empty());
  REQUIRE(exported.imported.size() == 1);
  google::protobuf::FileDescriptorProto proto;
  REQUIRE(proto.ParseFromString(exported.imported[0]));
  CHECK(proto.service(0).name() == "Mirror");
}

TEST_CASE("protoc accepts the exported files", "[protobuf]") {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("polyrpc_export_" + std::to_string(std::random_device{}()));
  for (const auto& file : export_proto(all()).files) {
    const fs::path path = folder / file.name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << file.text;
    const std::string command = std::string("\"") + POLYRPC_TEST_PROTOC + "\" -I \"" + folder.string() + "\" -I \"" +
                                POLYRPC_TEST_PROTO_DIR + "\" -o \"" + (folder / "out").string() + "\" \"" +
                                path.string() + "\"";
    CHECK(std::system(command.c_str()) == 0);
  }
  fs::remove_all(folder);
}
