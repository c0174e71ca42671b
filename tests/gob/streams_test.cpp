#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/gob_value.hpp"

#include "gob/hex.hpp"
#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <complex>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

using namespace polyrpc;
using namespace polyrpc::gob::test;
using namespace std::chrono_literals;

namespace {

struct Point {
  std::int64_t x = 0, y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};
POLYRPC_DESCRIBE(Point, (x), (y));  // X and Y to Go

struct Square {
  double side = 0;
  friend bool operator==(const Square&, const Square&) = default;
};
POLYRPC_DESCRIBE(Square, (side, "Side"));

struct Empty {};
POLYRPC_DESCRIBE(Empty);

struct Named {
  std::string name;
};
POLYRPC_DESCRIBE(Named, (name));
struct Circle : Named {
  double radius = 0;
};
POLYRPC_DESCRIBE_DERIVED(Circle, (Named), (radius));

struct List {
  std::int64_t value = 0;
  std::unique_ptr<List> next;
};
POLYRPC_DESCRIBE(List, (value, "Value"), (next, "Next"));

struct Underscored {
  int _x = 0;
};
POLYRPC_DESCRIBE(Underscored, (_x));

struct Twice {
  int x = 0;
  int X = 0;
};
POLYRPC_DESCRIBE(Twice, (x), (X));

enum class Color { red, green, blue };
enum class Level : std::uint8_t { low, high };
enum class Mood { good, bad };
POLYRPC_DESCRIBE_ENUM_NAMES(Mood, (good, "Good"), (bad, "Bad"));

struct Scalars {
  bool b = false;
  std::int8_t i8 = 0;
  std::uint16_t u16 = 0;
  float f32 = 0;
  std::complex<float> c64;
  std::complex<double> c128;
  Color color = Color::red;
  Mood mood = Mood::good;
  std::chrono::milliseconds wait{0};
  friend bool operator==(const Scalars&, const Scalars&) = default;
};
POLYRPC_DESCRIBE(Scalars, (b, "B"), (i8, "I8"), (u16, "U16"), (f32, "F32"), (c64, "C64"), (c128, "C128"),
                 (color, "Color"), (mood, "Mood"), (wait, "Wait"));

struct Containers {
  std::vector<std::string> texts;
  std::deque<std::int32_t> numbers;
  std::list<Point> points;
  std::vector<bool> flags;
  std::array<std::uint8_t, 4> address{};
  std::map<std::string, std::vector<double>> table;
  std::unordered_map<std::uint32_t, Point> by_number;
  std::set<std::string> names;
  std::deque<std::uint8_t> bytes;
  std::vector<Level> levels;
  std::optional<std::int64_t> maybe;
  std::shared_ptr<Point> shared;
  std::pair<std::string, int> pair;
  std::tuple<int, double, std::string> tuple;
  friend bool operator==(const Containers& a, const Containers& b) {
    const auto same_pointee = [](const auto& p, const auto& q) { return (!p && !q) || (p && q && *p == *q); };
    return a.texts == b.texts && a.numbers == b.numbers && a.points == b.points && a.flags == b.flags &&
           a.address == b.address && a.table == b.table && a.by_number == b.by_number && a.names == b.names &&
           a.bytes == b.bytes && a.levels == b.levels && a.maybe == b.maybe && same_pointee(a.shared, b.shared) &&
           a.pair == b.pair && a.tuple == b.tuple;
  }
};
POLYRPC_DESCRIBE(Containers, (texts, "Texts"), (numbers, "Numbers"), (points, "Points"), (flags, "Flags"),
                 (address, "Address"), (table, "Table"), (by_number, "ByNumber"), (names, "Names"), (bytes, "Bytes"),
                 (levels, "Levels"), (maybe, "Maybe"), (shared, "Shared"), (pair, "Pair"), (tuple, "Tuple"));

using AnyShape = std::variant<std::monostate, Point, std::unique_ptr<Square>, std::int64_t, std::string>;
struct Drawing {
  AnyShape main;
  std::vector<AnyShape> others;
  Any extra;
};
POLYRPC_DESCRIBE(Drawing, (main, "Main"), (others, "Others"), (extra, "Extra"));

struct Times {
  Time at;
  std::chrono::sys_time<std::chrono::nanoseconds> fine;
  std::chrono::sys_seconds coarse{};
  std::optional<Time> maybe;
};
POLYRPC_DESCRIBE(Times, (at, "At"), (fine, "Fine"), (coarse, "Coarse"), (maybe, "Maybe"));

/// GobEncoder, left out when zero.
struct Version {
  int major = 0, minor = 0;
  bool is_zero() const { return major == 0 && minor == 0; }
  std::string gob_encode() const { return std::to_string(major) + "." + std::to_string(minor); }
  Status gob_decode(std::span<const std::byte> bytes) {
    const std::string_view text = as_text(bytes);
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) return Status::invalid_argument("version: no dot");
    major = std::stoi(std::string(text.substr(0, dot)));
    minor = std::stoi(std::string(text.substr(dot + 1)));
    return {};
  }
  friend bool operator==(const Version&, const Version&) = default;
};
POLYRPC_DESCRIBE(Version);

/// BinaryMarshaler that refuses to be sent when it is 13.
struct Lucky {
  std::uint8_t number = 0;
  Result<std::vector<std::byte>> marshal_binary() const {
    if (number == 13) return Status::failed_precondition("lucky: never 13");
    return std::vector<std::byte>{std::byte{number}};
  }
  Status unmarshal_binary(std::span<const std::byte> bytes) {
    if (bytes.size() != 1) return Status::invalid_argument("lucky: not one byte");
    number = static_cast<std::uint8_t>(bytes[0]);
    return {};
  }
  friend bool operator==(const Lucky&, const Lucky&) = default;
};

/// TextMarshaler alone: a string on the wire.
struct Word {
  std::string letters;
  std::string marshal_text() const { return letters; }
  Status unmarshal_text(std::string_view text) {
    if (text == "no") return Status::invalid_argument("word: no");
    letters = text;
    return {};
  }
  friend bool operator==(const Word&, const Word&) = default;
};

struct Owns {
  Version version;
  std::optional<Version> maybe;
  Lucky lucky;
  Word word;
  gob::BigInt big;
  friend bool operator==(const Owns&, const Owns&) = default;
};
POLYRPC_DESCRIBE(Owns, (version, "Version"), (maybe, "Maybe"), (lucky, "Lucky"), (word, "Word"), (big, "Big"));

struct Views {
  std::string_view text;
  std::span<const std::byte> bytes;
  std::int64_t number = 0;
};
POLYRPC_DESCRIBE(Views, (text, "Text"), (bytes, "Bytes"), (number, "Number"));
struct ViewsOwned {
  std::string text;
  std::vector<std::byte> bytes;
  std::int64_t number = 0;
};
POLYRPC_DESCRIBE(ViewsOwned, (text, "Text"), (bytes, "Bytes"), (number, "Number"));

struct SpanOfInts {
  std::span<const std::int32_t> numbers;
};
POLYRPC_DESCRIBE(SpanOfInts, (numbers, "Numbers"));
struct VectorOfInts {
  std::vector<std::int32_t> numbers;
};
POLYRPC_DESCRIBE(VectorOfInts, (numbers, "Numbers"));

gob::Options fresh(gob::DefinitionOrder order = gob::DefinitionOrder::safe) {
  gob::Options options;
  options.numbers = std::make_shared<gob::TypeNumbers>();
  options.definitions = order;
  return options;
}

template <class T>
std::string encoded(const T& value, gob::Options options = fresh()) {
  gob::Encoder encoder(std::move(options));
  ByteQueue bytes;
  const Status status = encoder.encode(value, bytes);
  INFO(status.to_string());
  REQUIRE(status.ok());
  return std::string(bytes.text());
}

template <class T>
Result<bool> decode_into(const std::string& bytes, T& into, gob::Options options = {}) {
  gob::Decoder decoder(std::move(options));
  ByteQueue queue;
  queue.append(bytes);
  Result<bool> got = decoder.decode(queue, into);
  if (got.ok() && *got) CHECK(queue.empty());
  return got;
}

template <class T>
T round_trip(const T& value, gob::Options options = fresh()) {
  T back{};
  const Result<bool> got = decode_into(encoded(value, options), back, options);
  INFO(got.status().to_string());
  REQUIRE((got.ok() && *got));
  return back;
}

template <class T>
Status why_not(const T& value) {
  gob::Encoder encoder(fresh());
  ByteQueue bytes;
  Status status = encoder.encode(value, bytes);
  CHECK(bytes.empty());
  return status;
}

}  // namespace

TEST_CASE("the example of Go's documentation has its bytes", "[gob]") {
  CHECK(to_hex(encoded(Point{22, 33})) ==
        "1fff8103010105506f696e7401ff82000102010158010400010159010400000007ff82012c014200");
}

TEST_CASE("values of every basic kind at top level have Go's bytes", "[gob]") {
  const auto hex = [](const auto& value) { return to_hex(encoded(value)); };
  CHECK(hex(true) == "03020001");
  CHECK(hex(std::int64_t{0}) == "03040000");
  CHECK(hex(std::int64_t{-129}) == "050400fe0101");
  CHECK(hex(std::numeric_limits<std::int64_t>::max()) == "0b0400f8fffffffffffffffe");
  CHECK(hex(std::numeric_limits<std::int64_t>::min()) == "0b0400f8ffffffffffffffff");
  CHECK(hex(std::uint32_t{256}) == "050600fe0100");
  CHECK(hex(std::numeric_limits<std::uint64_t>::max()) == "0b0600f8ffffffffffffffff");
  CHECK(hex(17.0) == "050800fe3140");
  CHECK(hex(-0.1) == "0b0800f89a9999999999b9bf");
  CHECK(hex(1.5F) == "050800fef83f");
  CHECK(hex(std::complex<double>(1, 2)) == "060e00fef03f40");
  CHECK(hex(std::string("hello")) == "080c000568656c6c6f");
  CHECK(hex(std::vector<std::uint8_t>{1, 2, 3}) == "060a0003010203");
  CHECK(hex(Color::blue) == "03040004");
  CHECK(hex(std::chrono::seconds(1)) == "070400fc77359400");
  CHECK(hex(Empty{}) == "11ff8103010105456d70747901ff8200000003ff8200");
  CHECK(hex(std::monostate{}) == "0aff81030102ff8200000003ff8200");
}

TEST_CASE("scalars keep their values", "[gob]") {
  Scalars scalars{true, -128, 65535, 1.5F, {1, -2}, {-0.5, 1e300}, Color::blue, Mood::bad, 1234567ms};
  CHECK(round_trip(scalars) == scalars);
  CHECK(round_trip(Scalars{}) == Scalars{});
}

TEST_CASE("containers keep their values", "[gob]") {
  Containers full;
  full.texts = {"a", "", "ccc"};
  full.numbers = {1, -2, 3};
  full.points = {{1, 2}, {0, 0}, {-3, 4}};
  full.flags = {true, false, true};
  full.address = {127, 0, 0, 255};
  full.table = {{"x", {1.5}}, {"y", {}}};
  full.by_number = {{7, {1, 1}}, {8, {2, 2}}};
  full.names = {"p", "q"};
  full.bytes = {0, 128, 255};
  full.levels = {Level::high, Level::low};
  full.maybe = 5;
  full.shared = std::make_shared<Point>(Point{9, 8});
  full.pair = {"k", 3};
  full.tuple = {1, 2.5, "three"};
  CHECK(round_trip(full) == full);
  CHECK(round_trip(Containers{}) == Containers{});
}

TEST_CASE("lists of bytes are byte slices whatever holds them", "[gob]") {
  CHECK(to_hex(encoded(std::deque<std::uint8_t>{1, 2})) == "050a00020102");
  CHECK(to_hex(encoded(std::set<std::uint8_t>{1, 2})) == "050a00020102");
  CHECK(to_hex(encoded(std::vector<Level>{Level::high})) == "040a000101");
  CHECK(to_hex(encoded(std::array<std::uint8_t, 2>{1, 200})) == "0eff81010102ff820001060104000007ff82000201ffc8");
}

TEST_CASE("fields of a base class come first", "[gob]") {
  Circle circle;
  circle.name = "c";
  circle.radius = 2;
  CHECK_THAT(to_hex(encoded(circle)), polyrpc::test::contains(to_hex("Name") + "010c0001" + "06" + to_hex("Radius")));
  const Circle back = round_trip(circle);
  CHECK(back.name == "c");
  CHECK(back.radius == 2);
}

TEST_CASE("field names that Go can't export are refused with their name", "[gob]") {
  const Status status = why_not(Underscored{1});
  CHECK(status.code() == StatusCode::unimplemented);
  CHECK(status.message() == "gob: field main.Underscored._x can't be exported");
  Underscored into;
  CHECK(decode_into(encoded(Point{1, 2}), into).status().code() == StatusCode::unimplemented);
  CHECK(why_not(Twice{}).message() == "gob: type main.Twice has two fields X");
}

TEST_CASE("an empty map is left out, and sent behind an optional", "[gob]") {
  using Pair = std::tuple<std::map<std::string, std::int64_t>, std::optional<std::map<std::string, std::int64_t>>>;
  Pair sent;
  std::get<1>(sent).emplace();
  const Pair back = round_trip(sent);
  CHECK(std::get<1>(back).has_value());
  CHECK_FALSE(std::get<1>(round_trip(Pair{})).has_value());
}

TEST_CASE("an optional zero arrives as nothing, as in Go", "[gob]") {
  using Maybe = std::tuple<std::optional<std::int64_t>, std::optional<Point>, std::optional<std::string>>;
  const Maybe back = round_trip(Maybe{0, Point{}, ""});
  CHECK_FALSE(std::get<0>(back).has_value());
  CHECK(std::get<1>(back) == Point{});
  CHECK_FALSE(std::get<2>(back).has_value());
}

TEST_CASE("a pointer to nothing can't be sent by itself or as an element", "[gob]") {
  CHECK(why_not(std::unique_ptr<Point>()).message() == "gob: cannot encode nil pointer of type *main.Point");
  std::vector<std::unique_ptr<Point>> points(1);
  CHECK(why_not(points).message() == "gob: encodeReflectValue: nil element");
}

TEST_CASE("what was not sent keeps its value, pointers are followed, maps added to, lists replaced", "[gob]") {
  List list;
  list.value = 7;
  list.next = std::make_unique<List>();
  list.next->value = 8;
  List sent;
  sent.next = std::make_unique<List>();
  sent.next->value = 2;
  REQUIRE(decode_into(encoded(sent), list).ok());
  CHECK(list.value == 7);
  REQUIRE(list.next);
  CHECK(list.next->value == 2);

  std::map<std::string, std::int64_t> map{{"a", 1}, {"b", 2}};
  REQUIRE(decode_into(encoded(std::map<std::string, std::int64_t>{{"b", 3}}), map).ok());
  CHECK(map == std::map<std::string, std::int64_t>{{"a", 1}, {"b", 3}});

  std::vector<Point> points{{1, 1}, {2, 2}, {3, 3}};
  REQUIRE(decode_into(encoded(std::vector<Point>{{0, 5}}), points).ok());
  CHECK(points == std::vector<Point>{{0, 5}});
}

TEST_CASE("times keep seconds, nanoseconds and the zone", "[gob]") {
  Times times;
  times.at = {1257894000, 5, -3661};
  times.fine = std::chrono::sys_time<std::chrono::nanoseconds>(123456789012345678ns);
  times.coarse = std::chrono::sys_seconds(1000000000s);
  times.maybe = Time{};
  const Times back = round_trip(times);
  CHECK(back.at == times.at);
  CHECK(back.fine == times.fine);
  CHECK(back.coarse == times.coarse);
  CHECK(back.maybe == Time{});
  CHECK(to_hex(encoded(Time{1257894000, 0, std::nullopt})) ==
        "10ff810501010454696d6501ff8200000013ff82000f010000000ec28be77000000000ffff");
  CHECK(why_not(Time{0, 0, -60}).message() == "Time.MarshalBinary: unexpected zone offset");
}

TEST_CASE("times that can't be are refused", "[gob]") {
  const auto decode = [](const std::string& bytes_hex) {
    Time time;
    const std::string bytes = from_hex(bytes_hex);
    const std::string value = std::string(1, '\0') + static_cast<char>(bytes.size()) + bytes;
    std::string stream = from_hex("10ff810501010454696d6501ff82000000");
    stream += static_cast<char>(value.size() + 2);
    stream += from_hex("ff82") + value;
    return decode_into(stream, time).status().message();
  };
  CHECK(decode("") == "Time.UnmarshalBinary: no data");
  CHECK(decode("030000000ec28be77000000000ffff") == "Time.UnmarshalBinary: unsupported version");
  CHECK(decode("010000000ec28be77000000000ff") == "Time.UnmarshalBinary: invalid length");
  CHECK(decode("020000000ec28be77000000000ffff") == "Time.UnmarshalBinary: invalid length");
  CHECK(decode("010000000ec28be77077359400ffff") == "gob: time.Time with invalid nanoseconds");
  CHECK(decode("010000000ec28be77000000000ffff").empty());

  std::chrono::sys_time<std::chrono::nanoseconds> narrow;
  CHECK_THAT(decode_into(encoded(Time{std::int64_t{1} << 60, 0, std::nullopt}), narrow).status().message(),
             polyrpc::test::contains("out of range"));
}

TEST_CASE("types with an encoding of their own", "[gob]") {
  Owns owns{{1, 2}, Version{}, {7}, {"w"}, gob::BigInt(-5)};
  CHECK(round_trip(owns) == owns);
  CHECK(round_trip(Owns{}) == Owns{});
  // Zero: left out; behind a pointer and without a test for zero: sent.
  Owns zero;
  zero.maybe = Version{};
  const std::string value = to_hex(encoded(zero));
  CHECK_THAT(value, polyrpc::test::ends_with("02"
                                             "03302e30"
                                             "01"
                                             "0100"
                                             "02"
                                             "0102"
                                             "00"));

  owns.lucky.number = 13;
  const Status refused = why_not(owns);
  CHECK(refused.code() == StatusCode::failed_precondition);
  CHECK(refused.message() == "lucky: never 13");

  Word word;
  CHECK(decode_into(encoded(std::string("no")), word).status().message() == "word: no");
  REQUIRE(decode_into(encoded(std::string("yes")), word).ok());
  CHECK(word.letters == "yes");
  // gob and binary do not mix.
  Lucky lucky;
  CHECK_FALSE(decode_into(encoded(Version{1, 1}), lucky).ok());
}

TEST_CASE("variants and anys travel as interface values", "[gob]") {
  auto registry = std::make_shared<TypeRegistry>();
  registry->add<Square>("geo.Square").add<std::vector<Point>>("points");
  for (const auto order : {gob::DefinitionOrder::safe, gob::DefinitionOrder::exact}) {
    gob::Options options = fresh(order);
    options.types = registry;
    Drawing drawing;
    drawing.main = Point{1, 2};
    drawing.others.emplace_back(std::make_unique<Square>(Square{3}));
    drawing.others.emplace_back(std::monostate{});
    drawing.others.emplace_back(std::int64_t{5});
    drawing.others.emplace_back(std::string("text"));
    drawing.extra = std::vector<Point>{{5, 6}};
    const std::string bytes = encoded(drawing, options);
    CHECK_THAT(bytes, polyrpc::test::contains("geo.Square"));
    CHECK_THAT(bytes, polyrpc::test::contains("main.Point"));
    Drawing back;
    const Result<bool> got = decode_into(bytes, back, options);
    INFO(got.status().to_string());
    REQUIRE((got.ok() && *got));
    CHECK(std::get<Point>(back.main) == Point{1, 2});
    REQUIRE(back.others.size() == 4);
    CHECK(*std::get<std::unique_ptr<Square>>(back.others[0]) == Square{3});
    CHECK(std::holds_alternative<std::monostate>(back.others[1]));
    CHECK(std::get<std::int64_t>(back.others[2]) == 5);
    CHECK(std::get<std::string>(back.others[3]) == "text");
    REQUIRE(back.extra.get<std::vector<Point>>() != nullptr);
    CHECK(*back.extra.get<std::vector<Point>>() == std::vector<Point>{{5, 6}});
  }
}

TEST_CASE("in the safe order every definition stands before the value", "[gob]") {
  Drawing drawing;
  drawing.main = Point{1, 2};
  gob::Value header;
  for (const auto order : {gob::DefinitionOrder::safe, gob::DefinitionOrder::exact}) {
    const std::string bytes = encoded(drawing, fresh(order));
    // Messages before the one that holds the value: Drawing, its list, and Point.
    int definitions_before_value = 0;
    for (std::size_t at = 0; at < bytes.size() && static_cast<std::uint8_t>(bytes[at + 1]) == 0xFF &&
                             (static_cast<std::uint8_t>(bytes[at + 2]) & 1) == 1;
         at += 1 + static_cast<std::uint8_t>(bytes[at]))
      ++definitions_before_value;
    CHECK(definitions_before_value == (order == gob::DefinitionOrder::safe ? 3 : 2));
  }
}

TEST_CASE("the messages of a value are together no longer than one may be", "[gob]") {
  // A list of five interface values. Behind each name the message ends, and the value is in the next one.
  std::string bytes = from_hex(
                          "0cff81020102ff820001100000"
                          "0bff82000506") +
                      "string";
  const std::size_t before = 9;  // in the first message, behind the type id
  const std::string text = from_hex("0c660064") + std::string(100, 'x');
  for (int i = 0; i < 4; ++i) bytes += from_hex("6f") + text + "\6string";
  bytes += from_hex("68") + text;
  const std::size_t size = before + 4 * 0x6f + 0x68;

  for (const bool by_byte : {false, true}) {
    for (const std::size_t limit : {size, size - 1}) {
      CodecLimits limits;
      limits.message_bytes = limit;
      gob::Decoder decoder({}, limits);
      ByteQueue input;
      std::vector<Any> list;
      Result<bool> got = false;
      for (std::size_t at = 0; at < bytes.size() && got.ok(); at += by_byte ? 1 : bytes.size()) {
        input.append(std::string_view(bytes).substr(at, by_byte ? 1 : bytes.size()));
        got = decoder.decode(input, list);
      }
      INFO(got.status().to_string());
      if (limit == size) {
        REQUIRE((got.ok() && *got));
        CHECK(list.size() == 5);
      } else {
        CHECK(got.status().code() == StatusCode::resource_exhausted);
        CHECK_FALSE(decoder.failure().ok());
        // Known when the length is read, not when the message is there.
        if (by_byte) CHECK(input.size() == bytes.size() - 0x68);
      }
    }
  }
}

TEST_CASE("Go's other names for a type are understood", "[gob]") {
  // An int under the names "int" and "int64", and a Point that was registered as a pointer.
  using Holder = std::tuple<std::variant<std::monostate, std::int64_t, Point>>;
  const auto read = [](const std::string& name, const std::string& id_and_value) {
    Holder holder;
    std::string interface_value;
    interface_value += static_cast<char>(name.size());
    interface_value += name + from_hex(id_and_value);
    const std::string content = from_hex("ff8201") + interface_value + std::string(1, '\0');
    const std::string stream = from_hex("13ff81030102ff82000101010246300110000000") +
                               from_hex("1fff8303010105506f696e7401ff840001020101580104000101590104000000") +
                               static_cast<char>(content.size()) + content;
    const Result<bool> got = decode_into(stream, holder);
    INFO(got.status().to_string());
    REQUIRE((got.ok() && *got));
    return std::get<0>(holder);
  };
  CHECK(std::get<std::int64_t>(read("int", "0402000a")) == 5);
  CHECK(std::get<std::int64_t>(read("int64", "0402000a")) == 5);
  CHECK(std::get<Point>(read("main.Point",
                             "ff840501020104"
                             "00")) == Point{1, 2});
  CHECK(std::get<Point>(read("*main.Point",
                             "ff840501020104"
                             "00")) == Point{1, 2});
}

TEST_CASE("a name that nobody knows, and one that does not fit", "[gob]") {
  using Sent = std::tuple<Any>;
  using Shapes = std::tuple<std::variant<std::monostate, Square>>;
  Shapes shapes;
  CHECK(decode_into(encoded(Sent{Point{1, 2}}), shapes).status().message() ==
        "gob: name not registered for interface: \"main.Point\"");
  Sent any;
  CHECK(decode_into(encoded(Sent{Point{1, 2}}), any).status().message() ==
        "gob: name not registered for interface: \"main.Point\"");
  gob::Options options = fresh();
  auto registry = std::make_shared<TypeRegistry>();
  registry->add<Point>("main.Point");
  options.types = registry;
  CHECK(decode_into(encoded(Sent{Point{1, 2}}), shapes, options).status().message() ==
        "gob: main.Point is not assignable to type interface {}");
  using NotNil = std::tuple<std::variant<Point, Square>>;
  NotNil not_nil;
  REQUIRE(decode_into(encoded(Sent{}), not_nil).ok());  // nil in a field is not sent
  std::vector<std::variant<Point, Square>> not_nils;
  CHECK(decode_into(encoded(std::vector<Any>(1)), not_nils).status().message() ==
        "gob: nil for a variant that can't be empty");
}

TEST_CASE("views borrow from the input", "[gob]") {
  const ViewsOwned sent{"some text", {std::byte{1}, std::byte{2}}, 3};
  ByteQueue queue;
  queue.append(encoded(sent));
  const auto* first = queue.data();
  const auto* last = first + queue.size();
  Views views;
  gob::Decoder decoder;
  REQUIRE(decoder.decode(queue, views).ok());
  CHECK(views.text == "some text");
  CHECK(views.bytes.size() == 2);
  CHECK(views.number == 3);
  CHECK(reinterpret_cast<const std::byte*>(views.text.data()) > first);
  CHECK(reinterpret_cast<const std::byte*>(views.text.data()) < last);
  CHECK(views.bytes.data() > first);
  // And are sent like what they show.
  CHECK(encoded(views).size() == encoded(sent).size() - std::string_view("Owned").size());
}

TEST_CASE("a span of numbers can be sent, not received", "[gob]") {
  const std::int32_t numbers[] = {1, 2, 3};
  const std::string bytes = encoded(SpanOfInts{numbers});
  VectorOfInts vector;
  REQUIRE(decode_into(bytes, vector).ok());
  CHECK(vector.numbers == std::vector<std::int32_t>{1, 2, 3});
  SpanOfInts span;
  CHECK(decode_into(bytes, span).status().code() == StatusCode::unimplemented);
}

TEST_CASE("numbers out of range are named", "[gob]") {
  using Wide = std::tuple<std::int64_t, std::vector<std::int64_t>, std::map<std::string, std::int64_t>>;
  using Narrow = std::tuple<std::int8_t, std::vector<std::int8_t>, std::map<std::string, std::int8_t>>;
  Narrow narrow;
  CHECK(decode_into(encoded(Wide{128, {}, {}}), narrow).status().message() == "value for \"F0\" out of range");
  CHECK(decode_into(encoded(Wide{0, {1, 128}, {}}), narrow).status().message() ==
        "value for \"element of F1\" out of range");
  CHECK(decode_into(encoded(Wide{0, {}, {{"k", -129}}}), narrow).status().message() ==
        "value for \"element of F2\" out of range");
  std::map<std::uint8_t, bool> keys;
  CHECK(decode_into(encoded(std::map<std::uint32_t, bool>{{256, true}}), keys).status().message() ==
        "value for \"key of *map[uint8]bool\" out of range");
  REQUIRE(decode_into(encoded(Wide{-128, {127}, {{"k", -128}}}), narrow).ok());
  CHECK(narrow == Narrow{-128, {127}, {{"k", -128}}});
}

TEST_CASE("an enum that travels by name refuses other names and numbers", "[gob]") {
  Mood mood = Mood::good;
  CHECK(decode_into(encoded(std::string("Sad")), mood).status().message() == "gob: \"Sad\" is no main.Mood");
  CHECK(decode_into(encoded(std::int64_t{1}), mood).status().message() ==
        "gob: decoding into local type *main.Mood, received remote type int");
  CHECK(why_not(static_cast<Mood>(9)).message() == "gob: 9 has no name in main.Mood");
}

TEST_CASE("after a value that does not suit the stream goes on", "[gob]") {
  gob::Encoder encoder(fresh());
  ByteQueue bytes;
  REQUIRE(encoder.encode(Square{2}, bytes).ok());
  REQUIRE(encoder.encode(std::string("text"), bytes).ok());
  REQUIRE(encoder.encode(Point{1, 2}, bytes).ok());
  gob::Decoder decoder;
  Point point;
  CHECK(decoder.decode(bytes, point).status().message() ==
        "gob: type mismatch: no fields matched compiling decoder for Point");
  CHECK(decoder.decode(bytes, point).status().message() ==
        "gob: type mismatch in decoder: want struct type main.Point; got non-struct");
  CHECK(decoder.failure().ok());
  REQUIRE(decoder.decode(bytes, point).ok());
  CHECK(point == Point{1, 2});
  CHECK(bytes.empty());
}

TEST_CASE("what can't be encoded leaves no trace", "[gob]") {
  gob::Encoder encoder(fresh());
  ByteQueue bytes;
  REQUIRE(encoder.encode(std::int64_t{1}, bytes).ok());
  const std::string before(bytes.text());
  std::vector<std::unique_ptr<Point>> points;
  points.push_back(std::make_unique<Point>());
  points.push_back(nullptr);
  REQUIRE_FALSE(encoder.encode(points, bytes).ok());
  CHECK(bytes.text() == before);
  // The definitions were taken back, so they come with the next value.
  points.pop_back();
  REQUIRE(encoder.encode(points, bytes).ok());
  gob::Decoder decoder;
  std::int64_t number = 0;
  REQUIRE(decoder.decode(bytes, number).ok());
  std::vector<Point> back;
  const Result<bool> got = decoder.decode(bytes, back);
  INFO(got.status().to_string());
  REQUIRE(got.ok());
  CHECK(back.size() == 1);
}

TEST_CASE("a type has one number on all streams that share their numbers", "[gob]") {
  const gob::Options options = fresh();
  const std::string first = encoded(Point{1, 2}, options);
  CHECK(encoded(Square{1}, options) != encoded(Square{1}, fresh()));
  CHECK(encoded(Point{1, 2}, options) == first);
  CHECK_THROWS_AS(gob::TypeNumbers(63), std::invalid_argument);
  gob::Options newer;
  newer.numbers = std::make_shared<gob::TypeNumbers>(64);
  CHECK(to_hex(encoded(Point{22, 33}, newer)) ==
        "1e7f03010105506f696e7401ff80000102010158010400010159010400000007ff80012c014200");
}

TEST_CASE("deep values need no deep stack, up to the limit", "[gob]") {
  const auto chain = [](std::int64_t length) {
    auto list = std::make_unique<List>();
    list->value = length;
    for (std::int64_t i = length - 1; i > 0; --i) {
      auto outer = std::make_unique<List>();
      outer->value = i;
      outer->next = std::move(list);
      list = std::move(outer);
    }
    return list;
  };
  CodecLimits limits;
  limits.depth = 9500;
#if defined(__SANITIZE_ADDRESS__)
  constexpr std::int64_t depth = 3000;  // its frames are several times as large
#else
  constexpr std::int64_t depth = 9000;
#endif
  const auto deep = chain(depth);
  gob::Encoder encoder(fresh(), limits);
  ByteQueue bytes;
  REQUIRE(encoder.encode(deep, bytes).ok());
  ByteQueue copy;
  copy.append(bytes.readable());
  gob::Decoder decoder({}, limits);
  List back;
  const Result<bool> got = decoder.decode(bytes, back);
  INFO(got.status().to_string());
  REQUIRE(got.ok());
  std::int64_t count = 0;
  for (const List* list = &back; list != nullptr; list = list->next.get()) count += list->value == count + 1 ? 1 : 0;
  CHECK(count == depth);

  // The usual limit refuses it on both ends, and the stream lives.
  CHECK(why_not(deep).code() == StatusCode::resource_exhausted);
  gob::Decoder strict;
  List refused;
  CHECK(strict.decode(copy, refused).status().code() == StatusCode::resource_exhausted);
  CHECK(strict.failure().ok());
  // Reading over it has the same limit.
  ByteQueue skipped;
  gob::Encoder holder(fresh(), limits);
  REQUIRE(holder.encode(std::make_tuple(std::string("a"), chain(1500)), skipped).ok());
  std::tuple<std::string> only_text;
  CHECK(decode_into(std::string(skipped.text()), only_text).status().code() == StatusCode::resource_exhausted);
}

TEST_CASE("a mebibyte of bytes goes through unharmed, and numbers in bulk", "[gob]") {
  std::vector<std::byte> megabyte(std::size_t{1} << 20);
  for (std::size_t i = 0; i < megabyte.size(); ++i) megabyte[i] = static_cast<std::byte>(i * 7);
  CHECK(round_trip(megabyte) == megabyte);
  std::vector<std::int64_t> numbers;
  std::vector<double> fractions;
  std::vector<std::uint16_t> small;
  for (int i = 0; i < 5000; ++i) {
    numbers.push_back((std::int64_t{1} << (i % 63)) * (i % 2 == 0 ? 1 : -1));
    fractions.push_back(1.0 / (i + 1));
    small.push_back(static_cast<std::uint16_t>(i * 13));
  }
  CHECK(round_trip(numbers) == numbers);
  CHECK(round_trip(fractions) == fractions);
  CHECK(round_trip(small) == small);
  // Lengths of every width, guessed right or not.
  for (const std::size_t size : {0u, 1u, 120u, 126u, 127u, 128u, 200u, 252u, 253u, 254u, 255u, 256u, 65530u, 65536u}) {
    const std::tuple<std::string, std::vector<std::string>> value{std::string(size, 'x'),
                                                                  {std::string(size, 'y'), "z"}};
    CHECK(round_trip(value) == value);
  }
}

TEST_CASE("what was not made for gob is refused", "[gob]") {
  static constexpr ForeignOps ops{nullptr, nullptr};
  Shape foreign = shape_of<int>();
  foreign.kind = Kind::foreign;
  foreign.foreign = &ops;
  const int object = 0;
  gob::Encoder encoder(fresh());
  ByteQueue bytes;
  CHECK(encoder.encode(MessageRef{&object, &foreign}, bytes).code() == StatusCode::unimplemented);
  CHECK(encoder.encode(MessageRef{&object, &foreign}, bytes).code() == StatusCode::unimplemented);
  int into = 0;
  bytes.append(encoded(std::int64_t{1}));
  gob::Decoder decoder;
  CHECK(decoder.decode(bytes, MessageSlot{&into, &foreign}).status().code() == StatusCode::unimplemented);
}

TEST_CASE("a stream that is no queue is read as one, also when it comes byte by byte", "[gob]") {
  gob::Encoder encoder;
  ByteQueue written;
  const std::vector<Point> points{{1, 2}, {-300, 70'000}, {0, 0}};
  for (const Point& point : points) REQUIRE(encoder.encode(point, written).ok());
  REQUIRE(encoder.encode(std::string(200, 'x'), written).ok());

  gob::Decoder whole;
  std::span<const std::byte> input = written.readable();
  for (const Point& point : points) {
    Point into;
    const Result<bool> done = whole.decode(input, into);
    CHECK((done.ok() && *done));
    CHECK(into == point);
  }
  std::string text;
  CHECK(whole.decode(input, text).value_or(false));
  CHECK(text == std::string(200, 'x'));
  CHECK(input.empty());
  CHECK_FALSE(whole.decode(input, text).value_or(true));

  gob::Decoder slow;
  std::size_t read = 0;
  std::size_t taken = 0;
  for (std::size_t there = 0; there <= written.size(); ++there) {
    std::span<const std::byte> part = written.readable().subspan(taken, there - taken);
    const std::size_t before = part.size();
    Point into;
    const Result<bool> done = read < points.size() ? slow.decode(part, into) : slow.decode(part, text);
    REQUIRE(done.ok());
    CHECK((*done || part.size() == before));
    if (!*done) continue;
    taken += before - part.size();
    if (read < points.size()) CHECK(into == points[read]);
    ++read;
  }
  CHECK(read == points.size() + 1);
  CHECK(taken == written.size());
}

TEST_CASE("messages of every length come back, whatever was expected of it", "[gob]") {
  const auto same = [](const auto& value) {
    std::decay_t<decltype(value)> back;
    return decode_into(encoded(value), back).ok() && back == value;
  };
  for (std::size_t size = 0; size <= 300; ++size) {
    CAPTURE(size);
    CHECK(same(std::string(size, 'x')));
    CHECK(same(std::vector<std::int64_t>(size, 1)));
    CHECK(same(std::vector<std::int64_t>(size, std::int64_t{1} << 50)));
    CHECK(same(std::tuple(std::string(size, 'x'), std::vector<std::string>{std::string(size / 2, 'y')})));
  }
  for (const std::size_t size : {65'500, 65'530, 65'533, 65'534, 65'535, 65'536, 65'540, 70'000}) {
    CAPTURE(size);
    CHECK(same(std::string(size, 'x')));
    CHECK(same(std::vector<std::int64_t>(size / 7, std::int64_t{1} << 50)));
  }
}
