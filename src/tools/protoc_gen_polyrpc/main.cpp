#include "generator.hpp"

#include <google/protobuf/compiler/plugin.h>

// protoc finds this program as protoc-gen-polyrpc and speaks to it by its standard input and output.
int main(int argc, char* argv[]) {
  const polyrpc::tools::HeaderGenerator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
