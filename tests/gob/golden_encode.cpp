// Encodes every golden value in every way and writes the bytes to a file, for golden_check.go. Usage: golden_encode
// FILE

#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/gob_value.hpp"

#include "gob/golden.hpp"

#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>

using namespace polyrpc;
using namespace polyrpc::gob::test;

namespace {

const char* name_of(gob::DefinitionOrder order) { return order == gob::DefinitionOrder::safe ? "safe" : "exact"; }
const char* name_of(Lists lists) { return lists == Lists::adjacent ? "adjacent" : "one by one"; }

/// The bytes of one value, or null if it can't be encoded.
Json encoded(gob::Encoder& encoder, MessageRef value) {
  ByteQueue bytes;
  if (!encoder.encode(value, bytes).ok()) return nullptr;
  return to_hex(bytes.text());
}

Json typed_stream(const Json& one_case, gob::DefinitionOrder order, Lists lists) {
  DynamicTypes types(one_case["types"], lists);
  gob::Options options = fresh_options(order);
  options.types = registry_of(types, one_case);
  gob::Encoder encoder(options);
  Json hex = Json::array();
  for (const Json& encode : one_case["encodes"]) hex.push_back(encoded(encoder, message_of(types, encode).ref()));
  return {{"how", std::string(name_of(order)) + ", " + name_of(lists)}, {"hex", hex}};
}

/// What Go sent, read as trees and sent again.
Json tree_stream(const Json& one_case, gob::DefinitionOrder order) {
  gob::Decoder decoder;
  gob::Encoder encoder(fresh_options(order));
  Json hex = Json::array();
  for (const Json& encode : one_case["encodes"]) {
    hex.push_back(nullptr);
    if (failed(encode)) continue;
    ByteQueue queue = queue_of(from_hex(encode["hex"].get<std::string>()));
    gob::Value value;
    const Result<bool> got = decoder.decode(queue, value);
    if (!got.ok() || !*got) throw std::runtime_error(one_case["name"].get<std::string>() + " can't be read");
    hex.back() = encoded(encoder, message_ref(value));
  }
  return {{"how", std::string("tree, ") + name_of(order)}, {"hex", hex}};
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("usage: golden_encode FILE");
  Json all = Json::object();
  for (const Json& one_case : vectors()["cases"]) {
    const std::string name = one_case["name"];
    if (!has_counterpart(name)) continue;
    Json streams = Json::array();
    for (const gob::DefinitionOrder order : {gob::DefinitionOrder::safe, gob::DefinitionOrder::exact}) {
      for (const Lists lists : {Lists::adjacent, Lists::one_by_one})
        streams.push_back(typed_stream(one_case, order, lists));
      streams.push_back(tree_stream(one_case, order));
    }
    all[name] = std::move(streams);
  }
  std::ofstream file(argv[1]);
  file << all.dump() << '\n';
  file.close();
  if (!file) throw std::runtime_error(std::string("can't write ") + argv[1]);
  std::printf("%zu cases\n", all.size());
} catch (const std::exception& error) {
  std::fprintf(stderr, "golden_encode: %s\n", error.what());
  return 1;
}
