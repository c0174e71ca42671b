#include "polyrpc/codecs/protobuf.hpp"
#include "polyrpc/codecs/protobuf_message.hpp"

#include "bytes.hpp"
#include "messages.pb.h"
#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace std::string_literals;
using polyrpc::CodecLimits;
using polyrpc::StatusCode;
using polyrpc::test::decoded;
using polyrpc::test::encoded;

namespace {

struct Pair {
  std::int32_t x = 0;
  std::int32_t y = 0;

  friend bool operator==(const Pair&, const Pair&) = default;
};
POLYRPC_DESCRIBE(Pair, (x), (y));

struct Around {
  std::string name;
  polyrpc::test::Point point;
  std::vector<polyrpc::test::Point> points;
};
POLYRPC_DESCRIBE(Around, (name), (point), (points));

}  // namespace

TEST_CASE("a generated message travels as protobuf writes it", "[protobuf]") {
  polyrpc::test::Point point;
  point.set_x(150);
  point.set_y(-1);
  const std::string bytes = encoded(point);
  CHECK(bytes == "\x08\x96\x01\x10\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"s);
  CHECK(bytes == point.SerializeAsString());

  polyrpc::test::Point back;
  back.set_x(7);
  REQUIRE(decoded("\x10\x05"s, back).ok());
  CHECK(back.x() == 0);
  CHECK(back.y() == 5);
}

TEST_CASE("a generated message's shape has its name, and knows its family", "[protobuf]") {
  const polyrpc::Shape& shape = polyrpc::shape_of<polyrpc::test::Point>();
  CHECK(shape.kind == polyrpc::Kind::foreign);
  CHECK(shape.name == "Point");
  CHECK(shape.foreign->family == &polyrpc::protobuf::message_family);
}

TEST_CASE("a described struct is a message by itself", "[protobuf]") {
  CHECK(encoded(Pair{150, 0}) == "\x08\x96\x01"s);
  Pair pair{1, 2};
  REQUIRE(decoded("\x10\x05"s, pair).ok());
  CHECK(pair == Pair{1, 5});
}

TEST_CASE("a generated message may be a field of a described struct", "[protobuf]") {
  Around around;
  around.name = "a";
  around.point.set_x(1);
  around.points.resize(2);
  around.points[1].set_y(3);
  const std::string bytes = encoded(around);
  CHECK(bytes ==
        "\x0A\x01"
        "a"
        "\x12\x02\x08\x01\x1A\x00\x1A\x02\x10\x03"s);
  Around back;
  REQUIRE(decoded(bytes, back).ok());
  CHECK(back.name == "a");
  CHECK(back.point.x() == 1);
  REQUIRE(back.points.size() == 2);
  CHECK(back.points[1].y() == 3);
}

TEST_CASE("broken generated messages are refused", "[protobuf]") {
  polyrpc::test::Point point;
  CHECK(decoded("\x08"s, point).code() == StatusCode::invalid_argument);
  CHECK(decoded("\x08\x96"s, point).code() == StatusCode::invalid_argument);
  CHECK(decoded("\x0C"s, point).code() == StatusCode::invalid_argument);  // the end of a group
  CodecLimits limits;
  limits.message_bytes = 1;
  CHECK(decoded("\x08\x01"s, point, limits).code() == StatusCode::resource_exhausted);

  std::string deep;
  for (int i = 0; i < 60; ++i) deep = "\x1A"s + static_cast<char>(deep.size()) + deep;
  polyrpc::test::Tree tree;
  CHECK(decoded(deep, tree).ok());
  limits = {};
  limits.depth = 30;
  CHECK_FALSE(decoded(deep, tree, limits).ok());
}
