#include "polyrpc/core/metadata.hpp"

#include "support/catch.hpp"

#include <string>

using namespace std::string_literals;
using polyrpc::check_metadata;
using polyrpc::Metadata;
using polyrpc::StatusCode;
using polyrpc::test::contains;

TEST_CASE("metadata keys are lowered, values stay as they are", "[metadata]") {
  Metadata metadata{{"X-Trace", "AbC"}};
  metadata.add("AUTHORIZATION", "Bearer T");
  CHECK(metadata.get("x-trace") == "AbC");
  CHECK(metadata.get("authorization") == "Bearer T");
  CHECK_FALSE(metadata.get("x-other").has_value());
  CHECK(metadata.begin()->first == "x-trace");
}

TEST_CASE("a metadata key may repeat and keeps its order", "[metadata]") {
  Metadata metadata;
  metadata.add("a", "1");
  metadata.add("b", "2");
  metadata.add("A", "3");
  CHECK(metadata.size() == 3);
  CHECK(metadata.get("a") == "1");
  const auto all = metadata.get_all("a");
  REQUIRE(all.size() == 2);
  CHECK(all[0] == "1");
  CHECK(all[1] == "3");
  CHECK(metadata.get_all("c").empty());
  CHECK((metadata.begin() + 1)->first == "b");
}

TEST_CASE("setting a metadata key replaces all its values, erasing removes them", "[metadata]") {
  Metadata metadata{{"a", "1"}, {"b", "2"}, {"a", "3"}};
  metadata.set("A", "4");
  CHECK(metadata.get_all("a").size() == 1);
  CHECK(metadata.get("a") == "4");
  CHECK(metadata.get("b") == "2");
  metadata.erase("B");
  CHECK(metadata.size() == 1);
  metadata.erase("nothing");
  metadata.clear();
  CHECK(metadata.empty());
  CHECK(metadata == Metadata());
}

TEST_CASE("a metadata value may be set from one that it replaces", "[metadata]") {
  Metadata metadata{{"a", "some longer text that is surely on the heap"}, {"b", "x"}};
  metadata.set("a", *metadata.get("a"));
  CHECK(metadata.get("a") == "some longer text that is surely on the heap");
  metadata.add("c", *metadata.get("a"));
  CHECK(metadata.get("c") == "some longer text that is surely on the heap");
}

TEST_CASE("metadata is counted as HTTP/2 counts a header list", "[metadata]") {
  CHECK(Metadata().wire_size() == 0);
  CHECK(Metadata{{"ab", "cde"}}.wire_size() == 37);
  CHECK(Metadata{{"ab", "cde"}, {"ab", ""}}.wire_size() == 37 + 34);
}

TEST_CASE("metadata that a peer may see passes the check", "[metadata]") {
  CHECK(check_metadata({}).ok());
  CHECK(check_metadata({{"x-a_b.c-9", " printable ~"}, {"empty", ""}}).ok());
  CHECK(check_metadata({{"trace-bin", "\0\x01\xff\n"s}}).ok());
}

TEST_CASE("metadata that no wire can carry is refused, naming the key", "[metadata]") {
  const auto refused = [](std::string key, std::string value) {
    const polyrpc::Status status = check_metadata({{"fine", "x"}, {std::move(key), std::move(value)}});
    CHECK(status.code() == StatusCode::invalid_argument);
    return status.message();
  };
  CHECK_THAT(refused("", "x"), contains("key \"\""));
  CHECK_THAT(refused("a b", "x"), contains("key \"a b\""));
  CHECK_THAT(refused(":path", "x"), contains("key \":path\""));
  CHECK_THAT(refused("gr\xc3\xbc", "x"), contains("gr"));
  CHECK_THAT(refused("a\r\nb", "x"), contains("key"));
  CHECK_THAT(refused("grpc-timeout", "1S"), contains("grpc-timeout"));
  CHECK_THAT(refused("a", "line\nend"), contains("key \"a\""));
  CHECK_THAT(refused("a", "zero\0"s), contains("key \"a\""));
  CHECK_THAT(refused("a", "\x7f"), contains("key \"a\""));
  CHECK_THAT(refused("a", "\xc3\xa9"), contains("key \"a\""));
}
