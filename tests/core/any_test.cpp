#include "polyrpc/core/any.hpp"

#include "support/catch.hpp"

#include <complex>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using polyrpc::Any;
using polyrpc::Kind;
using polyrpc::shape_of;
using polyrpc::TypeRegistry;

namespace {

struct Point {
  int x = 0, y = 0;
};
POLYRPC_DESCRIBE(Point, (x, "X"), (y, "Y"));

struct Holder {
  Any content;
  std::vector<Any> more;
};
POLYRPC_DESCRIBE(Holder, (content), (more));

struct Counted {
  static inline int copies = 0;
  Counted() = default;
  Counted(const Counted&) { ++copies; }
  Counted(Counted&&) noexcept {}
  Counted& operator=(const Counted&) = default;
};
POLYRPC_DESCRIBE(Counted);

std::string name_of(const Any& any) { return std::string(TypeRegistry().name_of(*any.shape())); }

}  // namespace

TEST_CASE("an any is empty or holds a value of one type", "[any]") {
  const Any nothing;
  CHECK_FALSE(nothing.has_value());
  CHECK(nothing.shape() == nullptr);
  CHECK(nothing.object() == nullptr);
  CHECK(nothing.get<int>() == nullptr);

  const Any point = Point{1, 2};
  CHECK(point.has_value());
  CHECK(point.shape() == &shape_of<Point>());
  REQUIRE(point.get<Point>() != nullptr);
  CHECK(point.get<Point>()->y == 2);
  CHECK(point.object() == point.get<Point>());
  CHECK(point.get<int>() == nullptr);
}

TEST_CASE("an any of text owns it", "[any]") {
  Any any;
  {
    const std::string text = "a text that is too long for the string object itself";
    any = std::string_view(text);
  }
  REQUIRE(any.get<std::string>() != nullptr);
  CHECK(*any.get<std::string>() == "a text that is too long for the string object itself");
  any = "literal";
  CHECK(*any.get<std::string>() == "literal");
  const char* pointer = "pointer";
  any = pointer;
  CHECK(*any.get<std::string>() == "pointer");
  any = std::string("string");
  CHECK(*any.get<std::string>() == "string");
}

TEST_CASE("copies of an any share their value", "[any]") {
  Counted::copies = 0;
  const Any first = Counted();
  CHECK(Counted::copies == 0);
  Any second = first;
  CHECK(second.object() == first.object());
  second = 5;
  CHECK(*second.get<int>() == 5);
  CHECK(first.get<Counted>() != nullptr);
  CHECK(Counted::copies == 0);
  const Any moved = std::move(second);
  CHECK(*moved.get<int>() == 5);
}

TEST_CASE("an any takes over an object that a codec made", "[any]") {
  auto object = std::make_shared<Point>(Point{3, 4});
  const Any any(shape_of<Point>(), object);
  CHECK(any.get<Point>() == object.get());
}

TEST_CASE("a moved any is empty", "[any]") {
  Any first = 5;
  const Any second = std::move(first);
  CHECK_FALSE(first.has_value());  // NOLINT: not half of one
  CHECK(first.object() == nullptr);
  CHECK(second.has_value());
}

TEST_CASE("an any is a member like others, even of what it holds", "[any]") {
  CHECK(shape_of<Any>().kind == Kind::any);
  CHECK(&shape_of<Holder>().fields[0].shape() == &shape_of<Any>());
  Holder inner;
  inner.content = 4;
  Holder outer;
  outer.content = inner;
  outer.more.emplace_back("text");
  CHECK(*outer.content.get<Holder>()->content.get<int>() == 4);
}

TEST_CASE("a type registry knows Go's basic types by their Go names", "[any]") {
  const TypeRegistry types;
  CHECK(types.find("int") == &shape_of<std::int64_t>());
  CHECK(types.find("uint") == &shape_of<std::uint64_t>());
  CHECK(types.find("bool") == &shape_of<bool>());
  CHECK(types.find("string") == &shape_of<std::string>());
  CHECK(types.find("float64") == &shape_of<double>());
  CHECK(types.find("complex64") == &shape_of<std::complex<float>>());
  CHECK(types.find("[]uint8") == &shape_of<std::vector<std::byte>>());
  CHECK(types.find("[]string") == &shape_of<std::vector<std::string>>());
  CHECK(types.find("[]int") == &shape_of<std::vector<std::int64_t>>());
  CHECK(types.find("nothing") == nullptr);
  CHECK(types.find("") == nullptr);
  CHECK(types.name_of(shape_of<Point>()).empty());
}

TEST_CASE("every C++ type for one of Go's basic types has a name to be sent under", "[any]") {
  CHECK(name_of(std::int32_t{1}) == "int32");
  CHECK(name_of(std::int64_t{1}) == "int64");
  CHECK(name_of(1L) == (sizeof(long) == 8 ? "int64" : "int32"));
  CHECK(name_of(1LL) == "int64");
  CHECK(name_of(1ULL) == "uint64");
  CHECK(name_of(std::byte{1}) == "uint8");
  CHECK(name_of(std::vector<std::uint8_t>()) == "[]uint8");
  CHECK(name_of(std::vector<std::byte>()) == "[]uint8");
  CHECK(name_of(std::vector<long long>()) == "[]int64");
  CHECK(name_of(std::vector<unsigned long long>()) == "[]uint64");
  CHECK(name_of("text") == "string");
  CHECK(name_of(true) == "bool");
  CHECK(name_of(1.5f) == "float32");
  // What a name leads to is one of the types of that name.
  const TypeRegistry types;
  CHECK(types.find("int64") == &shape_of<std::int64_t>());
}

TEST_CASE("a type is registered under one name, and a name for one type", "[any]") {
  TypeRegistry types;
  types.add<Point>("main.Point").add<Holder>("main.Holder");
  CHECK(types.find("main.Point") == &shape_of<Point>());
  CHECK(types.name_of(shape_of<Point>()) == "main.Point");
  CHECK_NOTHROW(types.add<Point>("main.Point"));
  CHECK_THROWS_AS(types.add<Point>("main.Other"), std::logic_error);
  CHECK_THROWS_AS(types.add<Counted>("main.Point"), std::logic_error);
  CHECK_THROWS_AS(types.add<Counted>("int"), std::logic_error);
  CHECK_THROWS_AS(types.add<std::int64_t>("main.Number"), std::logic_error);
  CHECK_THROWS_AS(types.add<Counted>(""), std::logic_error);
  CHECK(types.find("main.Other") == nullptr);
  CHECK(types.name_of(shape_of<Counted>()).empty());
  types.add<Counted>("main.Counted");
  CHECK(types.name_of(shape_of<Counted>()) == "main.Counted");
}
