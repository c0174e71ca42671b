#include "gob/golden.hpp"

#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/gob_value.hpp"

#include "gob/dynamic.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace polyrpc;
using namespace polyrpc::gob::test;

namespace {

/// Whether Go's bytes for a value are the only ones: a map with several entries goes out in any order.
bool is_determined(const Json& tree) {
  if (tree.is_object() && tree.contains("map") && tree["map"].is_array() && tree["map"].size() > 1) return false;
  if (tree.is_structured())
    for (const Json& part : tree)
      if (!is_determined(part)) return false;
  return true;
}

/// What Go, or a C++ container in its place, holds after reading the value.
Json expected(const Json& encode) {
  if (encode.contains("decoded") && encode["decoded"].contains("value")) return plain(encode["decoded"]["value"]);
  return plain(encode["value"]);
}

Json without_pointers(const Json& tree) {
  if (tree.is_object() && tree.contains("ptr") && !tree["ptr"].is_null()) return without_pointers(tree["ptr"]);
  return tree;
}

/// The tree with own encodings that were not sent in place of their zero: both stand for the same value.
bool same(const Json& ours, const Json& theirs) {
  if (ours == theirs) return true;
  if (ours.is_object() && theirs.is_object() && ours.contains("own") && theirs.contains("own"))
    return ours["own"] == "zero" || theirs["own"] == "zero";
  if (!ours.is_structured() || ours.type() != theirs.type() || ours.size() != theirs.size()) return false;
  for (auto a = ours.begin(), b = theirs.begin(); a != ours.end(); ++a, ++b) {
    if (ours.is_object() && a.key() != b.key()) return false;
    if (!same(*a, *b)) return false;
  }
  return true;
}

/// A tree knows nothing of the type of an empty map, so that it can't be sent in a field.
Json without_empty_maps(const Json& tree) {
  if (!tree.is_structured()) return tree;
  Json parts = tree.is_array() ? Json::array() : Json::object();
  for (auto part = tree.begin(); part != tree.end(); ++part) {
    if (tree.is_array()) {
      const bool is_field = part->is_array() && part->size() == 2 && (*part)[0].is_string();
      if (!is_field || (*part)[1] != Json{{"map", Json::array()}}) parts.push_back(without_empty_maps(*part));
    } else {
      parts[part.key()] = without_empty_maps(*part);
    }
  }
  return parts;
}

/// Feeds a decoder from a string, all at once or byte by byte.
class Feed {
 public:
  Feed(std::string bytes, bool by_byte) : bytes_(std::move(bytes)), by_byte_(by_byte) {
    if (!by_byte_) next_ = bytes_.size(), queue_.append(bytes_);
  }
  template <class Into>
  Result<bool> decode(gob::Decoder& decoder, Into& into) {
    for (;;) {
      Result<bool> got = decoder.decode(queue_, into);
      if (!got.ok() || *got || next_ == bytes_.size()) return got;
      queue_.append(std::string_view(bytes_).substr(next_++, 1));
    }
  }
  bool empty() const { return queue_.empty() && next_ == bytes_.size(); }

 private:
  std::string bytes_;
  bool by_byte_;
  std::size_t next_ = 0;
  ByteQueue queue_;
};

std::string whole_stream(const Json& one_case) {
  std::string bytes;
  for (const Json& encode : one_case["encodes"]) bytes += from_hex(encode["hex"].get<std::string>());
  return bytes;
}

}  // namespace

TEST_CASE("every golden stream is read into a tree of the wire's own shape", "[gob][golden]") {
  for (const bool by_byte : {false, true}) {
    std::size_t read = 0;
    for (const Json& one_case : vectors()["cases"]) {
      INFO(one_case["name"].get<std::string>() << (by_byte ? ", byte by byte" : ""));
      const std::string bytes = whole_stream(one_case);
      if (by_byte && bytes.size() > 20'000) continue;
      gob::Decoder decoder;
      Feed feed(bytes, by_byte);
      for (const Json& encode : one_case["encodes"]) {
        if (failed(encode)) continue;
        INFO(encode["go"].get<std::string>());
        gob::Value value;
        const Result<bool> got = feed.decode(decoder, value);
        INFO(got.status().to_string());
        REQUIRE((got.ok() && *got));
        CHECK(wire_tree(value) == plain_wire(encode["wire"]));
        ++read;
      }
      gob::Value rest;
      const Result<bool> more = feed.decode(decoder, rest);
      INFO(more.status().to_string());
      CHECK((more.ok() && !*more));
    }
    CHECK(read > 500);
  }
}

TEST_CASE("every golden value is written with Go's bytes", "[gob][golden]") {
  std::size_t compared = 0;
  for (const Lists lists : {Lists::adjacent, Lists::one_by_one}) {
    for (const Json& one_case : vectors()["cases"]) {
      const std::string name = one_case["name"];
      INFO(name);
      if (!has_counterpart(name)) continue;
      DynamicTypes types(one_case["types"], lists);
      gob::Options options = fresh_options();
      options.types = registry_of(types, one_case);
      gob::Encoder encoder(options);
      gob::Decoder decoder(options);
      for (const Json& encode : one_case["encodes"]) {
        INFO(encode["go"].get<std::string>());
        const Message message = message_of(types, encode);
        ByteQueue bytes;
        const Status status = encoder.encode(message.ref(), bytes);
        INFO(status.to_string());
        if (failed(encode)) {
          if (name == "marshalers/big_int_value_not_addressable") {  // here every object has an address
            CHECK(status.ok());
            continue;
          }
          CHECK(bytes.empty());
          const std::string text =
              encode.contains("error") ? encode["error"].get<std::string>() : encode["panic"].get<std::string>();
          if (name == "encode_errors/nil_slice_element")
            CHECK(status.message() == "gob: encodeReflectValue: nil element");
          else
            CHECK(status.message() == text);
          continue;
        }
        REQUIRE(status.ok());
        if (is_determined(encode["value"])) {
          CHECK(to_hex(bytes.text()) == encode["hex"].get<std::string>());
          ++compared;
        } else {
          CHECK(bytes.size() == from_hex(encode["hex"].get<std::string>()).size());
          gob::Value value;
          REQUIRE(decoder.decode(bytes, value).ok());
          CHECK(wire_tree(value) == plain_wire(encode["wire"]));
        }
      }
    }
  }
  CHECK(compared > 1000);
}

TEST_CASE("every golden stream is read into its own types", "[gob][golden]") {
  for (const Lists lists : {Lists::adjacent, Lists::one_by_one}) {
    for (const Json& one_case : vectors()["cases"]) {
      const std::string name = one_case["name"];
      INFO(name);
      if (!has_counterpart(name)) continue;
      DynamicTypes types(one_case["types"], lists);
      gob::Options options = fresh_options();
      options.types = registry_of(types, one_case);
      const std::string bytes = whole_stream(one_case);
      gob::Decoder decoder(options);
      Feed feed(bytes, lists == Lists::one_by_one && bytes.size() < 20'000);
      for (const Json& encode : one_case["encodes"]) {
        if (failed(encode)) continue;
        INFO(encode["go"].get<std::string>());
        const Shape& shape = types.shape(encode["go_type"]);
        Message message(shape);
        MessageSlot slot = message.slot();
        const Result<bool> got = feed.decode(decoder, slot);
        INFO(got.status().to_string());
        REQUIRE((got.ok() && *got));
        // Go reads back negative seconds of a zone's offset, and those above 127 of a byte it takes for unsigned,
        // wrong.
        const bool go_is_wrong = name == "marshalers/time_zone_seconds";
        const Json wanted = go_is_wrong ? plain(encode["value"]) : expected(encode);
        const Json ours = types.tree(shape, message.object());
        INFO("ours " << ours.dump().substr(0, 2000) << "\nGo's " << wanted.dump().substr(0, 2000));
        CHECK(same(without_pointers(ours), without_pointers(wanted)));
      }
      const Json& encodes = one_case["encodes"];
      if (std::none_of(encodes.begin(), encodes.end(), failed)) CHECK(feed.empty());
    }
  }
}

TEST_CASE("what may be read into what is as Go has it", "[gob][golden]") {
  std::size_t results = 0;
  for (const Json& one_case : vectors()["cases"]) {
    const std::string name = one_case["name"];
    for (const Json& decode : one_case.value("decodes", Json::array())) {
      const std::string into = decode["into"];
      INFO(name << " into " << into);
      // Go knows which methods a type has; the variants in streams_test.cpp stand for that.
      if (into == "struct { Main main.Shape }" || into == "main.Shape") continue;
      // Go looks for fields inside embedded structs too; here an embedded struct is a field.
      if (into == "main.V1Promoted") continue;
      // To us a struct of which nothing is sent is an empty one.
      if (into == "main.V1Lower" || into == "main.Hidden") continue;
      DynamicTypes types(one_case["types"], Lists::adjacent);
      gob::Options options = fresh_options();
      options.types = registry_of(types, one_case);
      gob::Decoder decoder(options);
      ByteQueue queue = queue_of(whole_stream(one_case));
      const bool discard = into == "discard";
      const Shape& shape = discard ? shape_of<bool>() : types.shape(into);
      Message message(shape);
      if (decode.contains("prior")) types.fill(shape, decode["prior"], message.object());
      for (const Json& result : decode["results"]) {
        const Result<bool> got = discard ? decoder.discard(queue) : decoder.decode(queue, message.slot());
        INFO("Go: " << result.dump().substr(0, 500) << "\nours: " << got.status().to_string());
        ++results;
        if (decode["want"] != "same") continue;
        if (result.contains("error") && result["error"] == "EOF") {
          CHECK((got.ok() && !*got));
          continue;
        }
        CHECK(got.ok() == result.contains("ok"));
        if (!got.ok() && result.contains("error")) {
          const std::string theirs = result["error"];
          if (theirs.starts_with("value for ")) CHECK(got.status().message() == theirs);
        }
        if (!got.ok() || !result.contains("value")) continue;
        const Json ours = types.tree(shape, message.object());
        const Json wanted = plain(result["value"]);
        INFO("ours " << ours.dump().substr(0, 2000) << "\nGo's " << wanted.dump().substr(0, 2000));
        CHECK(same(without_pointers(ours), without_pointers(wanted)));
      }
    }
  }
  CHECK(results > 100);
}

TEST_CASE("a golden value survives the tree and back", "[gob][golden]") {
  std::size_t sent = 0;
  for (const gob::DefinitionOrder order : {gob::DefinitionOrder::safe, gob::DefinitionOrder::exact}) {
    for (const Json& one_case : vectors()["cases"]) {
      const std::string name = one_case["name"];
      INFO(name);
      gob::Decoder decoder;
      gob::Encoder encoder(fresh_options(order));
      gob::Decoder second;
      ByteQueue queue = queue_of(whole_stream(one_case));
      for (const Json& encode : one_case["encodes"]) {
        if (failed(encode)) continue;
        INFO(encode["go"].get<std::string>());
        gob::Value value;
        REQUIRE(decoder.decode(queue, value).ok());
        ByteQueue bytes;
        const Status status = encoder.encode(value, bytes);
        if (!status.ok()) {
          CHECK(bytes.empty());
          CHECK_THAT(status.message(), polyrpc::test::contains("can't be known"));
          continue;
        }
        gob::Value back;
        const Result<bool> got = second.decode(bytes, back);
        INFO(got.status().to_string());
        REQUIRE((got.ok() && *got));
        CHECK(bytes.empty());
        CHECK(wire_tree(back) == without_empty_maps(wire_tree(value)));
        ++sent;
      }
    }
  }
  CHECK(sent > 1000);
}
