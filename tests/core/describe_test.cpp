#include "polyrpc/core/describe.hpp"

// The macros and Describe: what a description says about a struct or enum.

#include "polyrpc/core/shape.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

using polyrpc::at;
using polyrpc::Field;
using polyrpc::Kind;
using polyrpc::Shape;
using polyrpc::shape_of;

namespace geo {
struct Point {
  std::int64_t x = 0;
  std::int32_t y = 0;
  std::string label;
};
struct Inside {
  bool flag = false;
};
POLYRPC_DESCRIBE(Inside, (flag));
namespace deep {
struct Nested {
  struct Inner {
    float f = 0;
  };
  Inner inner;
};
}  // namespace deep
template <class T>
struct Box {
  T content{};
};
enum class Unit : std::uint8_t { metre = 1, foot = 30 };
}  // namespace geo

// Outside the types' namespace.
POLYRPC_DESCRIBE(geo::Point, (x, "X"), (y, "Y", 7), (label));
POLYRPC_DESCRIBE(geo::deep::Nested::Inner, (f, "F"));
POLYRPC_DESCRIBE(geo::deep::Nested, (inner, "Inner"));
POLYRPC_DESCRIBE_AS(geo::Box<geo::Point>, "PointBox", (content, "Content"));
POLYRPC_DESCRIBE(geo::Box<int>, (content));
POLYRPC_DESCRIBE_ENUM(geo::Unit, (metre), (foot, "Foot"));

namespace app {

namespace other {
struct Elsewhere {
  std::int8_t n = 0;
};
}  // namespace other
POLYRPC_DESCRIBE(other::Elsewhere, (n, 4));  // in a third namespace

struct Empty {};
POLYRPC_DESCRIBE(Empty);

class Private {
 public:
  Private() = default;
  explicit Private(int secret) : secret_(secret) {}
  int secret() const { return secret_; }

 private:
  int secret_ = 0;
  std::string more_;

  POLYRPC_DESCRIBE_MEMBERS(Private, (secret_, "Secret"), (more_))
};

template <class T, class U = int>
class Pair {
 public:
  T first{};
  U second{};
  POLYRPC_DESCRIBE_MEMBERS(Pair, (first, "First"), (second, "Second"))
};

// A class that is described outside derives from one that describes itself inside.
struct DerivedFromPrivate : Private {
  int more = 0;
};
POLYRPC_DESCRIBE_DERIVED(DerivedFromPrivate, (Private), (more, "More"));

struct Named {
  std::string name;
};
struct Coloured {
  std::uint32_t colour = 0;
};
struct Circle : Named, Coloured {
  double radius = 0;
};
struct Cylinder : Circle {
  double height = 0;
};
struct OnlyBases : Named, Coloured {};
POLYRPC_DESCRIBE(Named, (name, "Name"));
POLYRPC_DESCRIBE(Coloured, (colour, "Colour"));
POLYRPC_DESCRIBE_DERIVED(Circle, (Named, Coloured), (radius, "Radius"));
POLYRPC_DESCRIBE_DERIVED(Cylinder, (Circle), (height, "Height"));
POLYRPC_DESCRIBE_DERIVED(OnlyBases, (Named, Coloured));

struct Polymorphic {
  virtual ~Polymorphic() = default;
  int id = 0;
};
struct Concrete : Polymorphic {
  int extra = 0;
};
POLYRPC_DESCRIBE(Polymorphic, (id, "Id"));
POLYRPC_DESCRIBE_DERIVED(Concrete, (Polymorphic), (extra, "Extra"));

enum class Colour { red, green = 5, blue = -2 };
POLYRPC_DESCRIBE_ENUM_NAMES(Colour, (red, "RED"), (green), (blue, "Blue"));
enum Old : std::int16_t { old_one = 1 };
POLYRPC_DESCRIBE_ENUM(Old, (old_one));
enum class Nameless : std::uint64_t { big = ~std::uint64_t{0} };
enum class Truth : bool { no, yes };

struct ByHand {
  int a = 0;
  std::string b;
};

struct Sixty {
  int f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24,
      f25, f26, f27, f28, f29, f30, f31, f32, f33, f34, f35, f36, f37, f38, f39, f40, f41, f42, f43, f44, f45, f46, f47,
      f48, f49, f50, f51, f52, f53, f54, f55, f56, f57, f58, f59;
};
POLYRPC_DESCRIBE(Sixty, (f0), (f1), (f2), (f3), (f4), (f5), (f6), (f7), (f8), (f9), (f10), (f11), (f12), (f13), (f14),
                 (f15), (f16), (f17), (f18), (f19), (f20), (f21), (f22), (f23), (f24), (f25), (f26), (f27), (f28),
                 (f29), (f30), (f31), (f32), (f33), (f34), (f35), (f36), (f37), (f38), (f39), (f40), (f41), (f42),
                 (f43), (f44), (f45), (f46), (f47), (f48), (f49), (f50), (f51), (f52), (f53), (f54), (f55), (f56),
                 (f57), (f58), (f59, "Last", 99));

struct Shorter {
  int kept = 0;
  int left_out = 0;
};
POLYRPC_DESCRIBE(Shorter, (kept));

}  // namespace app

template <>
struct polyrpc::Describe<app::ByHand> {
  static constexpr std::string_view name = "Hand";
  static constexpr auto fields() {
    return std::array{describe_field<int>("A", offsetof(app::ByHand, a), 2),
                      describe_field<std::string>("B", offsetof(app::ByHand, b))};
  }
};

namespace app {
enum class HandEnum { one = 1, two = 2 };
}
template <>
struct polyrpc::Describe<app::HandEnum> {
  static constexpr std::string_view name = "HandEnum";
  static constexpr bool by_name = true;
  static constexpr auto enumerators() { return std::array{Enumerator{"One", 1}, Enumerator{"Two", 2}}; }
};

namespace {

struct Anonymous {
  int n = 0;
};
POLYRPC_DESCRIBE(Anonymous, (n, "N"));

struct Flat {
  std::string name;
  std::size_t offset;
  Kind kind;
  std::uint32_t number;
};

std::vector<Flat> flat(const Shape& shape) {
  std::vector<Flat> all;
  polyrpc::for_each_field(shape, [&](const Field& field, std::size_t offset) {
    all.push_back({std::string(field.name), offset, field.shape().kind, field.number});
  });
  return all;
}

std::string names(const Shape& shape) {
  std::string text;
  for (const Flat& field : flat(shape)) text += field.name + " ";
  return text;
}

/// The member of `object` that is called `name` on the wire.
template <class M, class T>
M& member(T& object, std::string_view name) {
  void* found = nullptr;
  polyrpc::for_each_field(shape_of<T>(), [&](const Field& field, std::size_t offset) {
    if (field.name != name) return;
    REQUIRE(&field.shape() == &shape_of<M>());
    found = at(&object, offset);
  });
  REQUIRE(found != nullptr);
  return *static_cast<M*>(found);
}

}  // namespace

TEST_CASE("a description lists fields in order, with their wire names and numbers", "[describe]") {
  const Shape& shape = shape_of<geo::Point>();
  CHECK(shape.kind == Kind::structure);
  CHECK(shape.name == "Point");
  CHECK(shape.size == sizeof(geo::Point));
  CHECK(shape.align == alignof(geo::Point));
  CHECK_FALSE(shape.is_tuple);
  CHECK_FALSE(shape.is_view);
  CHECK(shape.bases.empty());
  REQUIRE(shape.fields.size() == 3);
  CHECK(shape.fields[0].name == "X");
  CHECK(shape.fields[0].offset == offsetof(geo::Point, x));
  CHECK(&shape.fields[0].shape() == &shape_of<std::int64_t>());
  CHECK(shape.fields[0].number == 0);
  CHECK(shape.fields[1].name == "Y");
  CHECK(shape.fields[1].offset == offsetof(geo::Point, y));
  CHECK(shape.fields[1].number == 7);
  CHECK(shape.fields[2].name == "label");
  CHECK(&shape.fields[2].shape() == &shape_of<std::string>());
}

TEST_CASE("a field may have a number without another name", "[describe]") {
  const Shape& shape = shape_of<app::other::Elsewhere>();
  CHECK(shape.name == "Elsewhere");
  REQUIRE(shape.fields.size() == 1);
  CHECK(shape.fields[0].name == "n");
  CHECK(shape.fields[0].number == 4);
}

TEST_CASE("fields are reached through a shape", "[describe]") {
  geo::Point point{3, 4, "here"};
  CHECK(member<std::int64_t>(point, "X") == 3);
  CHECK(member<std::int32_t>(point, "Y") == 4);
  member<std::string>(point, "label") = "there";
  CHECK(point.label == "there");
}

TEST_CASE("a description may stand inside or outside the type's namespace", "[describe]") {
  CHECK(shape_of<geo::Inside>().name == "Inside");
  CHECK(names(shape_of<geo::Inside>()) == "flag ");
  CHECK(shape_of<geo::deep::Nested>().name == "Nested");
  CHECK(shape_of<geo::deep::Nested::Inner>().name == "Inner");
  CHECK(&shape_of<geo::deep::Nested>().fields[0].shape() == &shape_of<geo::deep::Nested::Inner>());
  CHECK(shape_of<Anonymous>().name == "Anonymous");
}

TEST_CASE("specialisations of a template are described one by one, under a name of their own if wanted", "[describe]") {
  CHECK(shape_of<geo::Box<geo::Point>>().name == "PointBox");
  CHECK(shape_of<geo::Box<int>>().name == "Box<int>");
  CHECK(names(shape_of<geo::Box<int>>()) == "content ");
}

TEST_CASE("a class describes its private members inside", "[describe]") {
  app::Private object(42);
  CHECK(shape_of<app::Private>().name == "Private");
  CHECK(names(shape_of<app::Private>()) == "Secret more_ ");
  CHECK(member<int>(object, "Secret") == 42);
  member<int>(object, "Secret") = 7;
  CHECK(object.secret() == 7);
}

TEST_CASE("a class template describes all its specialisations inside", "[describe]") {
  using A = app::Pair<std::string>;
  using B = app::Pair<double, std::vector<A>>;
  CHECK(shape_of<A>().name == "Pair");
  CHECK(names(shape_of<A>()) == "First Second ");
  CHECK(&shape_of<A>().fields[0].shape() == &shape_of<std::string>());
  CHECK(&shape_of<B>().fields[0].shape() == &shape_of<double>());
  CHECK(shape_of<B>().fields[1].shape().element == &shape_of<A>());
  CHECK(shape_of<B>().fields[1].offset == offsetof(B, second));
}

TEST_CASE("an empty struct has no fields", "[describe]") {
  const Shape& shape = shape_of<app::Empty>();
  CHECK(shape.kind == Kind::structure);
  CHECK(shape.name == "Empty");
  CHECK(shape.fields.empty());
  CHECK(flat(shape).empty());
  CHECK_FALSE(shape.is_nothing);
}

TEST_CASE("the fields of bases come first, at their places in the object", "[describe]") {
  app::Cylinder object;
  object.name = "c";
  object.colour = 3;
  object.radius = 1.5;
  object.height = 2.5;
  CHECK(names(shape_of<app::Cylinder>()) == "Name Colour Radius Height ");
  CHECK(member<std::string>(object, "Name") == "c");
  CHECK(member<std::uint32_t>(object, "Colour") == 3);
  CHECK(member<double>(object, "Radius") == 1.5);
  CHECK(member<double>(object, "Height") == 2.5);
  CHECK(names(shape_of<app::OnlyBases>()) == "Name Colour ");
  CHECK(shape_of<app::Cylinder>().fields.size() == 1);

  app::Concrete concrete;
  concrete.id = 5;
  concrete.extra = 6;
  CHECK(names(shape_of<app::Concrete>()) == "Id Extra ");
  CHECK(member<int>(concrete, "Id") == 5);
  CHECK(member<int>(concrete, "Extra") == 6);

  app::DerivedFromPrivate derived;
  derived.more = 9;
  CHECK(names(shape_of<app::DerivedFromPrivate>()) == "Secret more_ More ");
  CHECK(member<int>(derived, "More") == 9);
}

TEST_CASE("sixty fields fit into one description", "[describe]") {
  const auto fields = flat(shape_of<app::Sixty>());
  REQUIRE(fields.size() == 60);
  for (std::size_t i = 0; i < 59; ++i) {
    CHECK(fields[i].name == "f" + std::to_string(i));
    CHECK(fields[i].offset == i * sizeof(int));
    CHECK(fields[i].number == 0);
  }
  CHECK(fields[59].name == "Last");
  CHECK(fields[59].number == 99);
}

TEST_CASE("a member that is not described does not travel", "[describe]") {
  CHECK(names(shape_of<app::Shorter>()) == "kept ");
}

TEST_CASE("a type is described by hand with Describe", "[describe]") {
  const Shape& shape = shape_of<app::ByHand>();
  CHECK(shape.name == "Hand");
  CHECK(names(shape) == "A B ");
  CHECK(shape.fields[0].number == 2);
  app::ByHand object{1, "two"};
  CHECK(member<std::string>(object, "B") == "two");

  const Shape& by_name = shape_of<app::HandEnum>();
  CHECK(by_name.kind == Kind::enum_name);
  CHECK(by_name.name == "HandEnum");
  CHECK(by_name.enumeration->enumerators.size() == 2);
}

TEST_CASE("an enum travels as its number, with names for people", "[describe]") {
  const Shape& shape = shape_of<geo::Unit>();
  CHECK(shape.kind == Kind::uint8);
  CHECK(shape.name == "Unit");
  CHECK(shape.size == 1);
  REQUIRE(shape.enumeration != nullptr);
  REQUIRE(shape.enumeration->enumerators.size() == 2);
  CHECK(shape.enumeration->enumerators[0].name == "metre");
  CHECK(shape.enumeration->enumerators[0].value == 1);
  CHECK(shape.enumeration->enumerators[1].name == "Foot");
  CHECK(shape.enumeration->enumerators[1].value == 30);
  geo::Unit unit = geo::Unit::foot;
  CHECK(shape.enumeration->get(&unit) == 30);
  shape.enumeration->set(&unit, 1);
  CHECK(unit == geo::Unit::metre);

  CHECK(shape_of<app::Old>().kind == Kind::int16);
}

TEST_CASE("an enum that is not described travels as its number too", "[describe]") {
  CHECK(shape_of<app::Nameless>().kind == Kind::uint64);
  CHECK(shape_of<app::Nameless>().enumeration == nullptr);
  CHECK(shape_of<app::Nameless>().name.empty());
  CHECK(shape_of<app::Truth>().kind == Kind::boolean);  // of its two values a number would be no safe one
}

TEST_CASE("an enum can travel by its enumerators' names", "[describe]") {
  const Shape& shape = shape_of<app::Colour>();
  CHECK(shape.kind == Kind::enum_name);
  CHECK(shape.name == "Colour");
  REQUIRE(shape.enumeration->enumerators.size() == 3);
  CHECK(shape.enumeration->enumerators[0].name == "RED");
  CHECK(shape.enumeration->enumerators[1].name == "green");
  CHECK(shape.enumeration->enumerators[1].value == 5);
  CHECK(shape.enumeration->enumerators[2].value == -2);
  app::Colour colour = app::Colour::green;
  CHECK(shape.enumeration->get(&colour) == 5);
  shape.enumeration->set(&colour, -2);
  CHECK(colour == app::Colour::blue);
}

// ---- recursion ----

namespace tree {

struct Node {
  int value = 0;
  std::unique_ptr<Node> left, right;
};
POLYRPC_DESCRIBE(Node, (value, "Value"), (left, "Left"), (right, "Right"));

struct Folder {
  std::string name;
  std::vector<Folder> folders;
  std::map<std::string, Folder> by_name;
};
POLYRPC_DESCRIBE(Folder, (name), (folders), (by_name));

struct B;
struct A {
  std::vector<B> bs;
};
struct B {
  std::shared_ptr<A> a;
};
POLYRPC_DESCRIBE(A, (bs));
POLYRPC_DESCRIBE(B, (a));

struct Sum;
struct Literal {
  double value = 0;
};
using Expression = std::variant<std::monostate, Literal, std::unique_ptr<Sum>>;
struct Sum {
  Expression left, right;
};
POLYRPC_DESCRIBE(Literal, (value));
POLYRPC_DESCRIBE(Sum, (left), (right));

struct Cell {
  std::tuple<int, std::vector<Cell>> content;
  std::pair<std::string, std::unique_ptr<Cell>> next;
  std::array<std::vector<Cell>, 2> sides;
};
POLYRPC_DESCRIBE(Cell, (content), (next), (sides));

struct Inherited : Node {
  std::vector<Inherited> children;
};
POLYRPC_DESCRIBE_DERIVED(Inherited, (Node), (children));

template <class T>
struct List {
  T head{};
  std::unique_ptr<List> tail;
  POLYRPC_DESCRIBE_MEMBERS(List, (head), (tail))
};

}  // namespace tree

TEST_CASE("a recursive type leads back to its own shape", "[describe]") {
  const Shape& node = shape_of<tree::Node>();
  CHECK(node.fields[1].shape().kind == Kind::optional);
  CHECK(node.fields[1].shape().element == &node);

  const Shape& folder = shape_of<tree::Folder>();
  CHECK(folder.fields[1].shape().element == &folder);
  CHECK(folder.fields[2].shape().element == &folder);

  const Shape& a = shape_of<tree::A>();
  const Shape& b = *a.fields[0].shape().element;
  CHECK(&b == &shape_of<tree::B>());
  CHECK(b.fields[0].shape().element == &a);
  CHECK(b.fields[0].name == "a");

  const Shape& sum = shape_of<tree::Sum>();
  const Shape& expression = sum.fields[0].shape();
  REQUIRE(expression.kind == Kind::variant);
  REQUIRE(expression.variant->alternatives.size() == 3);
  CHECK(expression.variant->alternatives[2]->element == &sum);
  CHECK(expression.variant->alternatives[1]->fields.size() == 1);

  const Shape& cell = shape_of<tree::Cell>();
  CHECK(flat(cell.fields[0].shape()).size() == 2);
  CHECK(cell.fields[2].shape().element->element == &cell);

  CHECK(shape_of<tree::Inherited>().fields[0].shape().element == &shape_of<tree::Inherited>());
  CHECK(names(shape_of<tree::Inherited>()) == "Value Left Right children ");

  CHECK(shape_of<tree::List<int>>().fields[1].shape().element == &shape_of<tree::List<int>>());
}
