#include "described.hpp"

#include "polyrpc/codecs/protobuf.hpp"
#include "polyrpc/core/any.hpp"

#include "bytes.hpp"
#include "messages.pb.h"
#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <complex>
#include <cstdint>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

using namespace std::string_literals;
using polyrpc::CodecLimits;
using polyrpc::Status;
using polyrpc::StatusCode;
using polyrpc::test::decoded;
using polyrpc::test::encoded;

namespace {

using namespace polyrpc::test::described;

enum class Named { zero, one };
POLYRPC_DESCRIBE_ENUM_NAMES(Named, (zero), (one));

struct Base {
  std::int32_t first = 0;
};
POLYRPC_DESCRIBE(Base, (first));
struct Derived : Base {
  std::int32_t second = 0;
};
POLYRPC_DESCRIBE_DERIVED(Derived, (Base), (second));

struct Numbered {
  std::int32_t a = 0;
  std::int32_t b = 0;
  std::int32_t c = 0;
};
POLYRPC_DESCRIBE(Numbered, (a, 16), (b, "b", 300), (c));

struct Clash {
  std::int32_t a = 0;
  std::int32_t b = 0;
};
POLYRPC_DESCRIBE(Clash, (a, 2), (b));

struct Reserved {
  std::int32_t a = 0;
};
POLYRPC_DESCRIBE(Reserved, (a, 19000));

struct Small {
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
};
POLYRPC_DESCRIBE(Small, (i8), (i16), (u8), (u16));

struct Times {
  std::chrono::sys_seconds at{};
  polyrpc::Time go;
  std::chrono::nanoseconds length{};
};
POLYRPC_DESCRIBE(Times, (at), (go), (length));

struct Version {
  int major_part = 0;
  std::string marshal_text() const { return major_part == 0 ? std::string() : "v" + std::to_string(major_part); }
  Status unmarshal_text(std::string_view text) {
    if (text.size() != 2 || text[0] != 'v') return Status::invalid_argument("no version");
    major_part = text[1] - '0';
    return {};
  }
};
struct Blob {
  std::string bytes;
  std::string marshal_binary() const { return bytes; }
  Status unmarshal_binary(std::span<const std::byte> from) {
    bytes = polyrpc::as_text(from);
    return {};
  }
};
struct Customs {
  Version version;
  Blob blob;
};
POLYRPC_DESCRIBE(Customs, (version), (blob));

struct Fixed {
  std::array<std::int32_t, 3> numbers{};
  std::array<Point, 2> points{};
};
POLYRPC_DESCRIBE(Fixed, (numbers), (points));

struct View {
  std::string_view text;
  std::span<const std::byte> data;
};
POLYRPC_DESCRIBE(View, (text), (data));

struct Deep {
  Lists lists;
  Point point;
};
POLYRPC_DESCRIBE(Deep, (lists), (point));

struct WithAny {
  polyrpc::Any any;
};
POLYRPC_DESCRIBE(WithAny, (any));

std::vector<std::byte> bytes(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

template <class Generated, class T>
void check_same(const Generated& generated, const T& described) {
  const std::string expected = generated.SerializeAsString();
  CHECK(encoded(described) == expected);
  T back;
  REQUIRE(decoded(expected, back).ok());
  CHECK(encoded(back) == expected);
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("scalars are the bytes that protoc's code writes", "[protobuf]") {
  polyrpc::test::Scalars generated;
  check_same(generated, Scalars{});
  CHECK(encoded(Scalars{}).empty());

  generated.set_flag(true);
  generated.set_i32(-2);
  generated.set_i64(std::numeric_limits<std::int64_t>::min());
  generated.set_u32(4294967295u);
  generated.set_u64(std::numeric_limits<std::uint64_t>::max());
  generated.set_f32(-0.0f);
  generated.set_f64(1.5);
  generated.set_text("h\xC3\xA9llo");
  generated.set_data("\x00\xFF"s);
  generated.set_color(polyrpc::test::COLOR_BELOW);
  Scalars described{true,
                    -2,
                    std::numeric_limits<std::int64_t>::min(),
                    4294967295u,
                    std::numeric_limits<std::uint64_t>::max(),
                    -0.0f,
                    1.5,
                    "h\xC3\xA9llo",
                    bytes("\x00\xFF"s),
                    Color::below};
  check_same(generated, described);
  Scalars back;
  REQUIRE(decoded(encoded(described), back).ok());
  CHECK(back == described);
  Scalars few;
  few.i32 = 150;
  few.f64 = 1;
  few.text = "a";
  CHECK(encoded(few) ==
        "\x10\x96\x01\x39\x00\x00\x00\x00\x00\x00\xF0\x3F\x42\x01"
        "a"s);
}

TEST_CASE("what a described field cannot say is skipped as any unknown field", "[protobuf]") {
  polyrpc::test::Encodings generated;
  generated.set_s32(-1);
  generated.set_x32(5);
  generated.set_sx64(-1);
  // Fields 3, 4, 5 and 6 of the other message are fixed where ours are varints and floats.
  Scalars scalars;
  REQUIRE(decoded(generated.SerializeAsString(), scalars).ok());
  CHECK(scalars.i64 == 0);
}

TEST_CASE("lists are the bytes that protoc's code writes", "[protobuf]") {
  polyrpc::test::Lists generated;
  Lists described;
  for (const std::int32_t number : {0, 1, -1, 300}) generated.add_numbers(number), described.numbers.push_back(number);
  for (const double real : {0.0, -2.5}) generated.add_reals(real), described.reals.push_back(real);
  for (const bool flag : {true, false}) generated.add_flags(flag), described.flags.push_back(flag);
  for (const char* text : {"a", ""}) generated.add_texts(text), described.texts.emplace_back(text);
  generated.add_datas("x"), described.datas.push_back(bytes("x"));
  for (const int x : {0, 7}) {
    generated.add_points()->set_x(x);
    described.points.push_back({x, 0});
  }
  generated.add_colors(polyrpc::test::COLOR_RED), described.colors.push_back(Color::red);
  for (const std::uint64_t number : {5u, 600u}) generated.add_longs(number), described.longs.insert(number);
  for (const float number : {1.0f, 2.0f}) generated.add_floats(number), described.floats.push_back(number);
  check_same(generated, described);
}

TEST_CASE("numbers of a list are read packed, one by one, and mixed", "[protobuf]") {
  polyrpc::test::Lists generated;
  for (const int number : {1, -2, 300}) generated.add_loose_numbers(number);
  Lists lists;
  REQUIRE(decoded(generated.SerializeAsString(), lists).ok());
  CHECK(lists.loose_numbers == std::vector<std::int32_t>{1, -2, 300});
  REQUIRE(decoded("\x08\x01\x0A\x02\x02\x03\x08\x04\x0A\x00"s, lists).ok());
  CHECK(lists.numbers == std::vector<std::int32_t>{1, 2, 3, 4});
}

TEST_CASE("elements of a list may stand together or apart", "[protobuf]") {
  Lists lists;
  const auto text = [](char c) { return "\x2A\x01"s + c; };
  const std::string point = "\x3A\x02\x08\x07"s;
  REQUIRE(
      decoded(text('a') + text('b') + point + text('c') + "\x08\x05" + point + point + text('d') + "\x2A\x00"s, lists)
          .ok());
  CHECK(lists.texts == std::vector<std::string>{"a", "b", "c", "d", ""});
  CHECK(lists.points == std::vector<Point>{{7, 0}, {7, 0}, {7, 0}});
  CHECK(lists.numbers == std::vector<std::int32_t>{5});
  // What was there before the message is replaced, by however many.
  REQUIRE(decoded(text('e'), lists).ok());
  CHECK(lists.texts == std::vector<std::string>{"e"});
  // The same tag, longer than it needs to be.
  REQUIRE(decoded(text('a') + "\xAA\x00\x01"s + "b" + text('c'), lists).ok());
  CHECK(lists.texts == std::vector<std::string>{"a", "b", "c"});
  for (const std::string& broken : {"\x2A\x02x"s, "\x2A"s, "\x80"s, "\x2A\x80"s, "\x2A\x01\xFF"s, "\x2B"s}) {
    CHECK(decoded(broken, lists).code() == StatusCode::invalid_argument);
    CHECK(decoded(text('a') + broken, lists).code() == StatusCode::invalid_argument);
    CHECK(decoded(text('a') + text('b') + broken, lists).code() == StatusCode::invalid_argument);
  }
}

TEST_CASE("long lists and long messages have long lengths", "[protobuf]") {
  polyrpc::test::Lists generated;
  Lists described;
  for (int i = 0; i < 1000; ++i) {
    generated.add_numbers(i * 1000), described.numbers.push_back(i * 1000);
    generated.add_colors(polyrpc::test::COLOR_RED), described.colors.push_back(Color::red);
  }
  check_same(generated, described);

  polyrpc::test::Tree tree;
  Tree own;
  std::string text(100, 'x');
  polyrpc::test::Tree* place = &tree;
  Tree* own_place = &own;
  for (int i = 0; i < 50; ++i) {
    place->set_name(text);
    own_place->name = text;
    place = place->mutable_next();
    own_place->next = std::make_unique<Tree>();
    own_place = own_place->next.get();
  }
  CHECK(encoded(own) == tree.SerializeAsString());
  Tree back;
  REQUIRE(decoded(encoded(own), back).ok());
  CHECK(encoded(back) == encoded(own));
}

TEST_CASE("maps are entries with key and value", "[protobuf]") {
  Maps described;
  described.by_name = {{"a", 1}, {"", 0}};
  described.by_number = {{-1, {1, 2}}};
  described.by_flag = {{false, "no"}};
  polyrpc::test::Maps generated;
  REQUIRE(generated.ParseFromString(encoded(described)));
  CHECK(generated.by_name().at("a") == 1);
  CHECK(generated.by_name().at("") == 0);
  CHECK(generated.by_number().at(-1).y() == 2);
  CHECK(generated.by_flag().at(false) == "no");
  Maps back;
  REQUIRE(decoded(generated.SerializeAsString(), back).ok());
  CHECK(back == described);
  CHECK(encoded(Maps{.by_name = {{"", 0}}, .by_number = {}, .by_flag = {}}) == "\x0A\x04\x0A\x00\x10\x00"s);
}

TEST_CASE("an entry of a map may lack its key or value, and the last of equal keys wins", "[protobuf]") {
  Maps maps;
  REQUIRE(decoded("\x0A\x00"s, maps).ok());
  CHECK(maps.by_name == std::map<std::string, std::int64_t>{{"", 0}});
  REQUIRE(decoded("\x0A\x05\x0A\x01"
                  "a\x10\x01\x0A\x07\x10\x02\x0A\x01"
                  "a\x18\x05"s,
                  maps)
              .ok());
  CHECK(maps.by_name == std::map<std::string, std::int64_t>{{"a", 2}});
  const auto entry = [](char key, char element) { return "\x0A\x05\x0A\x01"s + key + '\x10' + element; };
  REQUIRE(decoded(entry('c', 1) + entry('a', 2) + entry('b', 3) + entry('c', 4) + entry('a', 5), maps).ok());
  CHECK(maps.by_name == std::map<std::string, std::int64_t>{{"a", 5}, {"b", 3}, {"c", 4}});
}

TEST_CASE("a variant is a oneof, with a number for each alternative", "[protobuf]") {
  polyrpc::test::Choice generated;
  generated.set_before(1);
  generated.set_after(2);
  check_same(generated, Choice{1, {}, 2});
  generated.set_number(0);
  check_same(generated, Choice{1, std::int64_t{0}, 2});
  generated.set_text("x");
  check_same(generated, Choice{1, "x"s, 2});
  generated.mutable_point();
  check_same(generated, Choice{1, Point{}, 2});

  Choice choice;
  REQUIRE(decoded("\x10\x05\x1A\x01"
                  "a"s,
                  choice)
              .ok());
  CHECK(choice.value == decltype(choice.value)("a"s));
  // Pieces of one member are put together, another member replaces it.
  REQUIRE(decoded("\x22\x02\x08\x01\x22\x02\x10\x02"s, choice).ok());
  CHECK(choice.value == decltype(choice.value)(Point{1, 2}));
  REQUIRE(decoded("\x22\x02\x08\x01\x10\x05\x22\x02\x10\x02"s, choice).ok());
  CHECK(choice.value == decltype(choice.value)(Point{0, 2}));
}

TEST_CASE("an optional has presence", "[protobuf]") {
  polyrpc::test::Presence generated;
  check_same(generated, Presence{});
  generated.set_number(0);
  generated.set_text("");
  generated.set_flag(false);
  generated.mutable_point();
  Presence described{0, "", false, std::make_unique<Point>()};
  CHECK(encoded(described) == generated.SerializeAsString());
  CHECK(encoded(described) == "\x08\x00\x12\x00\x18\x00\x22\x00"s);
  Presence back;
  REQUIRE(decoded(encoded(described), back).ok());
  CHECK(back.number == 0);
  CHECK(back.text == "");
  CHECK(back.flag == false);
  REQUIRE(back.point != nullptr);
  REQUIRE(decoded("\x22\x02\x08\x01\x22\x02\x10\x02"s, back).ok());
  CHECK(*back.point == Point{1, 2});
}

TEST_CASE("lists inside of lists and maps are wrapped in a message", "[protobuf]") {
  polyrpc::test::Nested generated;
  auto* row = generated.add_rows();
  row->add_value(1);
  row->add_value(2);
  generated.add_rows();
  (*generated.mutable_by_name())["a"].add_value(3);
  Nested described{{{1, 2}, {}}, {{"a", {3}}}};
  check_same(generated, described);
}

TEST_CASE("types may contain themselves", "[protobuf]") {
  polyrpc::test::Tree generated;
  generated.set_name("a");
  generated.add_children()->set_name("b");
  generated.mutable_children(0)->add_children();
  generated.mutable_next()->set_name("c");
  Tree tree;
  REQUIRE(decoded(generated.SerializeAsString(), tree).ok());
  CHECK(tree.children.at(0).children.size() == 1);
  CHECK(tree.next->name == "c");
  CHECK(encoded(tree) == generated.SerializeAsString());
}

TEST_CASE("fields are numbered by position, bases first, unless they say otherwise", "[protobuf]") {
  Derived derived;
  derived.first = 1;
  derived.second = 2;
  CHECK(encoded(derived) == "\x08\x01\x10\x02"s);
  CHECK(encoded(Numbered{1, 2, 3}) == "\x18\x03\x80\x01\x01\xE0\x12\x02"s);
  Numbered back;
  REQUIRE(decoded("\xE0\x12\x02\x80\x01\x01\x18\x03"s, back).ok());
  CHECK(back.a == 1);
  CHECK(back.b == 2);
  CHECK(back.c == 3);
  CHECK(encoded(Clash{}) == "error: unimplemented: protobuf: Clash: fields a and b have the same number 2");
  CHECK(encoded(Reserved{}) ==
        "error: unimplemented: protobuf: Reserved: field a has number 19000, which protobuf does not allow");
}

TEST_CASE("small integers travel as 32 bits and are refused where they do not fit", "[protobuf]") {
  CHECK(encoded(Small{-1, -2, 255, 65535}) ==
        "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x10\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x18\xFF\x01"
        "\x20\xFF\xFF\x03"s);
  Small back;
  REQUIRE(decoded(encoded(Small{-1, -2, 255, 65535}), back).ok());
  CHECK(back.i8 == -1);
  CHECK(back.i16 == -2);
  CHECK(back.u8 == 255);
  CHECK(back.u16 == 65535);
  CHECK(decoded("\x08\x80\x01"s, back).code() == StatusCode::invalid_argument);
  CHECK(decoded("\x10\x80\x80\x02"s, back).code() == StatusCode::invalid_argument);
  CHECK(decoded("\x18\x80\x02"s, back).code() == StatusCode::invalid_argument);
  CHECK(decoded("\x20\x80\x80\x04"s, back).code() == StatusCode::invalid_argument);
}

TEST_CASE("times are Timestamps and lengths of time Durations", "[protobuf]") {
  Times times;
  times.at = std::chrono::sys_seconds(std::chrono::seconds(150));
  times.go.unix_seconds = -1;
  times.go.nanoseconds = 5;
  times.length = std::chrono::milliseconds(-1500);
  const std::string wire =
      "\x0A\x03\x08\x96\x01\x12\x0D\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x10\x05\x1A\x16\x08\xFF\xFF\xFF\xFF"
      "\xFF\xFF\xFF\xFF\xFF\x01\x10\x80\xB6\xCA\x91\xFE\xFF\xFF\xFF\xFF\x01"s;
  CHECK(encoded(times) == wire);
  Times back;
  REQUIRE(decoded(wire, back).ok());
  CHECK(back.at == times.at);
  CHECK(back.go == times.go);
  CHECK(back.length == times.length);
  CHECK(decoded("\x0A\x06\x10\x80\x94\xEB\xDC\x03"s, back).code() == StatusCode::invalid_argument);  // 10^9 nanos
  CHECK(decoded("\x1A\x0D\x08\x01\x10\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"s, back).code() ==
        StatusCode::invalid_argument);  // the signs differ
  CHECK(decoded("\x1A\x0A\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"s, back).code() == StatusCode::invalid_argument);
  // 1970 is sent, since time may begin in year 1 there.
  CHECK(encoded(Times{}).substr(0, 2) == "\x0A\x00"s);
}

TEST_CASE("types with an encoding of their own are a string or bytes", "[protobuf]") {
  CHECK(encoded(Customs{}).empty());
  Customs customs;
  customs.version.major_part = 2;
  customs.blob.bytes = "\xFF";
  CHECK(encoded(customs) == "\x0A\x02v2\x12\x01\xFF"s);
  Customs back;
  REQUIRE(decoded("\x0A\x02v2\x12\x01\xFF"s, back).ok());
  CHECK(back.version.major_part == 2);
  CHECK(back.blob.bytes == "\xFF");
  CHECK(decoded("\x0A\x01x"s, back).message() == "no version");
}

TEST_CASE("an array is a list that may not be longer", "[protobuf]") {
  CHECK(encoded(Fixed{{1, 0, 3}, {}}) == "\x0A\x03\x01\x00\x03\x12\x00\x12\x00"s);
  Fixed fixed;
  REQUIRE(decoded("\x08\x04\x0A\x02\x05\x06\x12\x02\x08\x01\x12\x02\x08\x02"s, fixed).ok());
  CHECK(fixed.numbers == std::array<std::int32_t, 3>{4, 5, 6});
  CHECK(fixed.points[1].x == 2);
  CHECK(decoded("\x0A\x04\x01\x02\x03\x04"s, fixed).code() == StatusCode::invalid_argument);
  CHECK(decoded("\x12\x00\x12\x00\x12\x00"s, fixed).code() == StatusCode::invalid_argument);
}

TEST_CASE("what is no structure travels as field 1 of a message", "[protobuf]") {
  CHECK(encoded(std::int64_t{5}) == "\x08\x05"s);
  CHECK(encoded(std::int64_t{0}).empty());
  CHECK(encoded("a"s) ==
        "\x0A\x01"
        "a"s);
  CHECK(encoded(std::vector<std::int32_t>{1, 2}) == "\x0A\x02\x01\x02"s);
  CHECK(encoded(std::map<std::int32_t, bool>{{1, true}}) == "\x0A\x04\x08\x01\x10\x01"s);
  CHECK(encoded(std::optional<std::int32_t>(0)) == "\x08\x00"s);
  CHECK(encoded(std::optional<Point>(Point{1, 0})) == "\x0A\x02\x08\x01"s);
  CHECK(encoded(std::variant<std::int32_t, bool>(true)) == "\x10\x01"s);
  CHECK(encoded(std::pair<std::int32_t, std::string>(1, "a")) ==
        "\x08\x01\x12\x01"
        "a"s);
  CHECK(encoded(std::complex<float>(1, 0)) == "\x0D\x00\x00\x80\x3F"s);
  CHECK(encoded(std::chrono::seconds(1)) == "\x08\x01"s);
  CHECK(encoded(std::monostate()).empty());
  CHECK(encoded(Named::one) == "\x08\x01"s);

  std::variant<std::int32_t, bool> either;
  REQUIRE(decoded("\x10\x01"s, either).ok());
  CHECK(either.index() == 1);
  std::complex<double> number(1, 1);
  REQUIRE(decoded("\x11\x00\x00\x00\x00\x00\x00\x00\x40"s, number).ok());
  CHECK(number == std::complex<double>(0, 2));
  std::tuple<std::int32_t, std::string, std::vector<Point>> tuple;
  REQUIRE(decoded("\x08\x01\x12\x01"
                  "a\x1A\x02\x08\x05"s,
                  tuple)
              .ok());
  CHECK(std::get<2>(tuple) == std::vector<Point>{{5, 0}});
}

TEST_CASE("views borrow from the message", "[protobuf]") {
  const std::string wire = "\x0A\x02hi\x12\x01x"s;
  View view;
  REQUIRE(decoded(wire, view).ok());
  CHECK(view.text == "hi");
  CHECK(view.text.data() == wire.data() + 2);
  CHECK(view.data.size() == 1);
}

TEST_CASE("what is not mentioned keeps its value, lists that are mentioned are replaced", "[protobuf]") {
  Lists lists;
  lists.numbers = {9};
  lists.texts = {"old"};
  REQUIRE(decoded("\x0A\x01\x05"s, lists).ok());
  CHECK(lists.numbers == std::vector<std::int32_t>{5});
  CHECK(lists.texts == std::vector<std::string>{"old"});
}

TEST_CASE("a message that comes in pieces is put together, and of scalars the last one wins", "[protobuf]") {
  Deep deep;
  REQUIRE(decoded("\x0A\x02\x08\x01\x12\x02\x08\x01\x0A\x02\x08\x02\x12\x04\x08\x03\x10\x04"s, deep).ok());
  CHECK(deep.lists.numbers == std::vector<std::int32_t>{1, 2});
  CHECK(deep.point == Point{3, 4});
}

TEST_CASE("unknown fields of all wire types are passed over", "[protobuf]") {
  Point point;
  REQUIRE(decoded("\x50\x96\x01\x59\x01\x02\x03\x04\x05\x06\x07\x08\x62\x02zz\x6D\x01\x02\x03\x04"
                  "\x73\x08\x01\x7B\x7C\x1A\x01x\x74\x08\x05"s,
                  point)
              .ok());
  CHECK(point.x == 5);
  // A group that is not closed, closed by another, or closed without having been opened.
  CHECK(decoded("\x73\x08\x01"s, point).code() == StatusCode::invalid_argument);
  CHECK(decoded("\x73\x7C"s, point).code() == StatusCode::invalid_argument);
  CHECK(decoded("\x74"s, point).code() == StatusCode::invalid_argument);
  CHECK(decoded("\x76"s, point).code() == StatusCode::invalid_argument);      // wire type 6
  CHECK(decoded("\x00\x01"s, point).code() == StatusCode::invalid_argument);  // field 0
  CHECK(decoded(repeated("\x73", 5000), point).code() == StatusCode::resource_exhausted);
}

TEST_CASE("a tag has five bytes at most, and of these 32 bits", "[protobuf]") {
  Point point;
  REQUIRE(decoded("\x88\x80\x80\x80\x10\x05"s, point).ok());
  CHECK(point.x == 5);
  CHECK(decoded("\x88\x80\x80\x80\x80\x00\x05"s, point).code() == StatusCode::invalid_argument);
  CHECK(decoded("\x80\x80\x80\x80\x10\x05"s, point).code() == StatusCode::invalid_argument);
  polyrpc::test::Point theirs;
  CHECK(theirs.ParseFromString("\x88\x80\x80\x80\x10\x05"s));
  CHECK_FALSE(theirs.ParseFromString("\x88\x80\x80\x80\x80\x00\x05"s));
}

TEST_CASE("text that is not UTF-8 is neither sent nor taken", "[protobuf]") {
  for (const char* text : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "12345678\xC3", "\xE2\x82"}) {
    CHECK(encoded(std::string(text)) == "error: invalid_argument: protobuf: text that is not UTF-8 cannot be sent");
    std::string back;
    const std::string wire = "\x0A"s + static_cast<char>(std::string_view(text).size()) + text;
    CHECK(decoded(wire, back).code() == StatusCode::invalid_argument);
  }
  for (const char* text : {"\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    std::string back;
    CHECK(decoded(encoded(std::string(text)), back).ok());
    CHECK(back == text);
  }
}

TEST_CASE("limits on depth, elements and size hold", "[protobuf]") {
  std::string deep;
  for (int i = 0; i < 40; ++i) deep = "\x1A"s + static_cast<char>(deep.size()) + deep;
  Tree tree;
  CHECK(decoded(deep, tree).ok());
  CodecLimits limits;
  limits.depth = 40;
  CHECK(decoded(deep, tree, limits).code() == StatusCode::resource_exhausted);
  limits.depth = 41;
  CHECK(decoded(deep, tree, limits).ok());

  limits = {};
  limits.elements = 3;
  Lists lists;
  CHECK(decoded("\x0A\x03\x01\x02\x03"s, lists, limits).ok());
  CHECK(decoded("\x0A\x04\x01\x02\x03\x04"s, lists, limits).code() == StatusCode::resource_exhausted);
  CHECK(decoded("\x0A\x02\x01\x02\x0A\x02\x03\x04"s, lists, limits).code() == StatusCode::resource_exhausted);
  CHECK(decoded(repeated("\x3A\x00"s, 4), lists, limits).code() == StatusCode::resource_exhausted);
  std::map<std::int32_t, std::int32_t> map;
  CHECK(decoded("\x0A\x02\x08\x01\x0A\x02\x08\x02\x0A\x02\x08\x03\x0A\x02\x08\x04"s, map, limits).code() ==
        StatusCode::resource_exhausted);

  limits = {};
  limits.message_bytes = 2;
  Point point;
  CHECK(decoded("\x08\x01"s, point, limits).ok());
  CHECK(decoded("\x08\x01\x10\x01"s, point, limits).code() == StatusCode::resource_exhausted);

  Tree chain;
  Tree* place = &chain;
  for (int i = 0; i < 2000; ++i) place = (place->next = std::make_unique<Tree>()).get();
  CHECK(encoded(chain) == "error: resource_exhausted: protobuf: nested deeper than 1000 levels");
}

TEST_CASE("lengths that are only claimed take no memory and are refused", "[protobuf]") {
  Lists lists;
  CHECK(decoded("\x0A\xFF\xFF\xFF\xFF\x07"s, lists).code() == StatusCode::invalid_argument);
  CHECK(decoded("\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"s, lists).code() == StatusCode::invalid_argument);
  CHECK(decoded("\x1A\x07"
                "1234567"s,
                lists)
            .code() == StatusCode::invalid_argument);                                 // not a whole double
  CHECK(decoded("\x0A\x02\x80\x80"s, lists).code() == StatusCode::invalid_argument);  // a varint without an end
  CHECK(decoded("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"s, lists).code() == StatusCode::invalid_argument);
}

TEST_CASE("what protobuf has no form for is refused with its name", "[protobuf]") {
  CHECK(encoded(WithAny{}).find("unimplemented: protobuf: has no form for") != std::string::npos);
  CHECK(encoded(std::vector<std::unique_ptr<Point>>(1)).find("invalid_argument") != std::string::npos);
  std::vector<std::unique_ptr<Point>> pointers;
  REQUIRE(decoded("\x0A\x02\x08\x01"s, pointers).ok());
  CHECK(pointers.at(0)->x == 1);
}

TEST_CASE("encoding that fails leaves the output as it was", "[protobuf]") {
  polyrpc::ByteQueue output;
  output.append("before");
  CHECK_FALSE(polyrpc::protobuf::encode(std::vector<std::string>{"good", "\xFF"}, output).ok());
  CHECK(output.text() == "before");
}

TEST_CASE("cut off or changed anywhere, a message does no harm and says what protoc's code says", "[protobuf]") {
  polyrpc::test::Lists lists;
  for (int i = 0; i < 3; ++i) {
    lists.add_numbers(i * 100);
    lists.add_reals(i);
    lists.add_texts("text");
    lists.add_points()->set_y(i);
    lists.add_longs(static_cast<std::uint64_t>(i) << 60);
  }
  const std::string wire = lists.SerializeAsString();
  const auto compare = [&](const std::string& changed) {
    polyrpc::test::Lists theirs;
    Lists ours;
    const bool good = theirs.ParseFromString(changed);
    CHECK(decoded(changed, ours).ok() == good);
    if (!good) return;
    theirs.DiscardUnknownFields();
    theirs.clear_longs();  // ours is a set
    theirs.clear_loose_numbers();
    ours.longs.clear();
    ours.loose_numbers.clear();
    polyrpc::test::Lists again;
    REQUIRE(again.ParseFromString(encoded(ours)));
    CHECK(again.DebugString() == theirs.DebugString());
  };
  for (std::size_t size = 0; size < wire.size(); ++size) {
    compare(wire.substr(0, size));
    for (int change = 1; change < 256; change += change < 8 ? 1 : 31) {
      std::string changed = wire;
      changed[size] = static_cast<char>(changed[size] ^ change);
      compare(changed);
    }
  }
}
