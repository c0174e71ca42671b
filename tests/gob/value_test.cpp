// gob::Value and gob::BigInt by themselves.

#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/gob_value.hpp"

#include "gob/hex.hpp"
#include "support/catch.hpp"

#include <complex>
#include <limits>
#include <memory>
#include <string>
#include <vector>

using namespace polyrpc;
using namespace polyrpc::gob::test;
using gob::BigInt;
using gob::Value;

namespace {

Value boolean(bool v) { return {v}; }
Value number(std::int64_t v) { return {v}; }
Value unsigned_number(std::uint64_t v) { return {v}; }
Value words(std::string v) { return {std::move(v)}; }
Value raw(std::string_view v) {
  const auto bytes = as_bytes(v);
  return {Value::Bytes(bytes.begin(), bytes.end())};
}
Value list(std::vector<Value> elements, bool fixed = false) { return {Value::List{std::move(elements), fixed}}; }
Value map(std::vector<std::pair<Value, Value>> entries) { return {Value::Map{std::move(entries)}}; }
Value structure(std::vector<std::pair<std::string, Value>> fields, std::string name = {}) {
  return {Value::Struct{std::move(fields), std::move(name)}};
}
Value interface(std::string name, Value inside) {
  return {Value::Interface{std::move(name), std::make_shared<const Value>(std::move(inside))}};
}
Value own(OwnEncoding encoding, std::string bytes) { return {Value::Own{encoding, std::move(bytes)}}; }

struct Point {
  std::int64_t x = 0, y = 0;
};
POLYRPC_DESCRIBE(Point, (x, "X"), (y, "Y"));

struct Envelope {
  std::string to;
  Value letter;
  std::vector<Value> copies;
};
POLYRPC_DESCRIBE(Envelope, (to, "To"), (letter, "Letter"), (copies, "Copies"));

Status why_not(const Value& value, CodecLimits limits = {}) {
  gob::Encoder encoder({}, limits);
  ByteQueue bytes;
  Status status = encoder.encode(value, bytes);
  CHECK(bytes.empty());
  return status;
}

std::string encoded(const Value& value) {
  gob::Encoder encoder;
  ByteQueue bytes;
  const Status status = encoder.encode(value, bytes);
  INFO(status.to_string());
  REQUIRE(status.ok());
  return std::string(bytes.text());
}

template <class T>
T decoded(const std::string& bytes) {
  gob::Decoder decoder;
  ByteQueue queue;
  queue.append(bytes);
  T into{};
  const Result<bool> got = decoder.decode(queue, into);
  INFO(got.status().to_string());
  REQUIRE((got.ok() && *got));
  CHECK(queue.empty());
  return into;
}

BigInt big(std::string_view digits) {
  BigInt made;
  REQUIRE(made.unmarshal_text(digits).ok());
  return made;
}

}  // namespace

TEST_CASE("a value is found by its field's name", "[gob][value]") {
  const Value point = structure({{"X", number(1)}, {"Y", number(2)}}, "Point");
  REQUIRE(point.field("Y") != nullptr);
  CHECK(*point.field("Y") == number(2));
  CHECK(point.field("Z") == nullptr);
  CHECK(point.field("") == nullptr);
  CHECK(number(1).field("X") == nullptr);
  CHECK(Value().field("X") == nullptr);
}

TEST_CASE("values are equal if they are of one kind and hold the same", "[gob][value]") {
  const std::vector<Value> all = {
      Value(),
      boolean(false),
      boolean(true),
      number(1),
      unsigned_number(1),
      {1.0},
      {std::complex<double>(1, 0)},
      words("a"),
      raw("a"),
      list({}),
      list({}, true),
      list({number(1)}),
      list({unsigned_number(1)}),
      map({}),
      map({{words("a"), number(1)}}),
      structure({}),
      structure({{"A", number(1)}}),
      structure({{"B", number(1)}}),
      interface("a", number(1)),
      interface("b", number(1)),
      interface("a", number(2)),
      {Value::Interface{"a", nullptr}},
      own(OwnEncoding::gob, "a"),
      own(OwnEncoding::binary, "a"),
      own(OwnEncoding::gob, "b"),
  };
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < all.size(); ++j) CHECK((all[i] == all[j]) == (i == j));
  // A struct's name is for people.
  CHECK(structure({{"A", number(1)}}, "S") == structure({{"A", number(1)}}, "T"));
}

TEST_CASE("a value is shown on one line", "[gob][value]") {
  CHECK(to_string(Value()) == "nil");
  CHECK(to_string(boolean(true)) == "true");
  CHECK(to_string(number(std::numeric_limits<std::int64_t>::min())) == "-9223372036854775808");
  CHECK(to_string(unsigned_number(~std::uint64_t{0})) == "18446744073709551615");
  CHECK(to_string(Value{0.5}) == "0.5");
  CHECK(to_string(Value{std::complex<double>(1, -2)}) == "(1, -2i)");
  CHECK(to_string(words(std::string("a\"\\\n\0\x7f\xc3\xa4", 8))) == "\"a\\\"\\\\\\x0a\\x00\\x7f\xc3\xa4\"");
  CHECK(to_string(raw("\x01\xff")) == "0x01ff");
  CHECK(to_string(list({number(1), number(2)})) == "[1, 2]");
  CHECK(to_string(map({{words("k"), number(1)}, {words("l"), number(2)}})) == "map[\"k\": 1, \"l\": 2]");
  CHECK(to_string(structure({{"X", number(1)}, {"Y", words("a")}}, "Point")) == "Point{X: 1, Y: \"a\"}");
  CHECK(to_string(structure({})) == "{}");
  CHECK(to_string(interface("main.Circle", structure({{"R", {2.0}}}))) == "main.Circle({R: 2})");
  CHECK(to_string(Value{Value::Interface{"main.A", nullptr}}) == "main.A()");
  CHECK(to_string(own(OwnEncoding::gob, "\1")) == "gob:01");
  CHECK(to_string(own(OwnEncoding::binary, "\1")) == "binary:01");
  CHECK(to_string(own(OwnEncoding::text, "\1")) == "text:01");
}

TEST_CASE("values of every kind come back", "[gob][value]") {
  const Value all[] = {
      boolean(true),
      number(-5),
      unsigned_number(5),
      {0.5},
      {std::complex<double>(1, -2)},
      words(""),
      words(std::string("\0\xff", 2)),
      raw(""),
      raw("abc"),
      list({number(1), number(0)}),
      list({number(1), number(0)}, true),
      list({words("a"), words("")}),
      list({list({number(1)}), list({})}),
      map({{words("k"), list({boolean(false)})}}),
      structure({}),
      structure({{"X", number(1)}, {"L", list({structure({{"Y", words("a")}})})}}, "Point"),
      own(OwnEncoding::gob, "abc"),
      own(OwnEncoding::binary, ""),
      list({interface("main.A", number(1)), Value()}),
      structure({{"Any", interface("main.P", structure({{"X", number(1)}}, "P"))}}),
  };
  for (const Value& value : all) {
    INFO(to_string(value));
    CHECK(decoded<Value>(encoded(value)) == value);
  }
}

TEST_CASE("what has no type of its own can't be sent by itself, and is left out in a field", "[gob][value]") {
  for (const Value& nothing : {Value(), list({}), map({})}) {
    INFO(to_string(nothing));
    const Status status = why_not(nothing);
    CHECK(status.code() == StatusCode::invalid_argument);
    CHECK(status.message() == "gob: a value's type can't be known: an empty list or map, or nil");
    CHECK(decoded<Value>(encoded(structure({{"A", nothing}, {"B", number(1)}}))) == structure({{"B", number(1)}}));
  }
  // So is what is zero, as in Go.
  for (const Value& zero : {boolean(false), number(0), unsigned_number(0), words(""), raw("")})
    CHECK(decoded<Value>(encoded(structure({{"A", zero}, {"B", number(1)}}))) == structure({{"B", number(1)}}));
  CHECK(decoded<Value>(encoded(structure({{"A", structure({})}}))) == structure({{"A", structure({})}}));
}

TEST_CASE("values that no Go type has are refused with a reason", "[gob][value]") {
  const auto refused = [](const Value& value, const std::string& why) {
    INFO(to_string(value));
    const Status status = why_not(value);
    CHECK(status.code() == StatusCode::invalid_argument);
    CHECK_THAT(status.message(), test::contains(why));
  };
  refused(list({number(1), unsigned_number(1)}), "gob: elements of a value's list or map are not of one type");
  refused(list({list({number(1)}), list({words("a")})}), "not of one type");
  refused(list({list({number(1)}, true), list({number(1), number(2)}, true)}), "not of one type");
  refused(map({{words("a"), number(1)}, {number(1), number(1)}}), "not of one type");
  refused(structure({{"x", number(1)}}), "field \"x\" is not exported");
  refused(structure({{"", number(1)}}), "is not exported");
  refused(structure({{"X", number(1)}, {"X", number(2)}}), "two fields X");
  refused(interface("", number(1)), "without a name or a value");
  refused({Value::Interface{"main.A", nullptr}}, "without a name or a value");
  CHECK(why_not(own(OwnEncoding::text, "a")).code() == StatusCode::unimplemented);
}

TEST_CASE("a value is no deeper than the limit", "[gob][value]") {
  CodecLimits limits;
  limits.depth = 20;
  const auto nested = [](std::size_t depth) {
    Value value = number(1);
    for (std::size_t i = 1; i < depth; ++i) value = list({std::move(value)});
    return value;
  };
  CHECK(why_not(nested(22), limits).code() == StatusCode::resource_exhausted);
  gob::Encoder encoder({}, limits);
  ByteQueue bytes;
  CHECK(encoder.encode(nested(20), bytes).ok());
}

TEST_CASE("a value is read as a described type and the other way round", "[gob][value]") {
  const Point point = decoded<Point>(encoded(structure({{"Y", number(2)}, {"More", words("a")}, {"X", number(1)}})));
  CHECK(point.x == 1);
  CHECK(point.y == 2);
  CHECK(decoded<std::vector<std::string>>(encoded(list({words("a"), words("b")}))) ==
        std::vector<std::string>{"a", "b"});

  gob::Encoder encoder;
  ByteQueue bytes;
  REQUIRE(encoder.encode(Point{1, 2}, bytes).ok());
  const Value seen = decoded<Value>(std::string(bytes.text()));
  CHECK(seen == structure({{"X", number(1)}, {"Y", number(2)}}));
  CHECK(std::get<Value::Struct>(seen.data).name == "Point");
}

TEST_CASE("a value travels inside a described type", "[gob][value]") {
  Envelope envelope;
  envelope.to = "you";
  envelope.letter = number(5);
  envelope.copies = {words("a"), interface("main.P", structure({{"X", number(1)}}, "P"))};
  gob::Encoder encoder;
  ByteQueue bytes;
  REQUIRE(encoder.encode(envelope, bytes).ok());
  const auto back = decoded<Envelope>(std::string(bytes.text()));
  CHECK(back.to == "you");
  CHECK(back.letter == interface("int64", number(5)));
  REQUIRE(back.copies.size() == 2);
  CHECK(back.copies[0] == interface("string", words("a")));
  CHECK(back.copies[1] == envelope.copies[1]);

  envelope.letter = structure({{"X", number(1)}});
  ByteQueue none;
  const Status status = encoder.encode(envelope, none);
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK_THAT(status.message(), test::contains("use Value::Interface"));
  CHECK(none.empty());
}

TEST_CASE("a type is defined once on a stream, however often values of it are sent", "[gob][value]") {
  gob::Encoder encoder;
  ByteQueue bytes;
  REQUIRE(encoder.encode(structure({{"X", number(1)}}), bytes).ok());
  const std::size_t first = bytes.size();
  REQUIRE(encoder.encode(structure({{"X", number(2)}}), bytes).ok());
  CHECK(bytes.size() - first < first / 2);
  REQUIRE(encoder.encode(structure({{"X", words("now a text")}}), bytes).ok());
  gob::Decoder decoder;
  for (const Value& wanted : {number(1), number(2), words("now a text")}) {
    Value value;
    const Result<bool> got = decoder.decode(bytes, value);
    REQUIRE((got.ok() && *got));
    REQUIRE(value.field("X") != nullptr);
    CHECK(*value.field("X") == wanted);
  }
}

TEST_CASE("structs of one name in the fields of a struct have one type, as Go's decoder needs it", "[gob][value]") {
  const auto definitions = [](const Value& value) {
    const std::string bytes = encoded(value);
    CHECK(decoded<Value>(bytes) == value);
    std::size_t count = 0;
    for (std::size_t at = 0; (at = bytes.find("Point", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  const Value none = structure({}, "Point");
  const Value left = structure({{"X", number(1)}}, "Point");
  const Value right = structure({{"Y", number(1)}}, "Point");
  const Value text = structure({{"X", words("a")}}, "Point");
  CHECK(definitions(structure({{"From", none}, {"To", right}})) == 1);
  CHECK(definitions(structure({{"A", left}, {"B", list({right})}, {"C", map({{words("k"), none}})}})) == 1);
  CHECK(definitions(structure({{"P", left}, {"In", structure({{"P", right}, {"Q", left}})}})) == 2);
  CHECK(definitions(structure({{"A", structure({{"P", left}}, "In")}, {"B", structure({{"Q", right}}, "In")}})) == 1);
  CHECK(definitions(map({{left, right}})) == 1);
  // Those that can't be one, and those without a name, stay apart.
  CHECK(definitions(structure({{"A", left}, {"B", text}, {"C", right}})) == 2);
  CHECK(definitions(structure({{"A", list({left})}, {"B", text}, {"C", none}})) == 2);
  CHECK(decoded<Value>(encoded(structure({{"A", structure({{"X", number(1)}})}, {"B", structure({})}}))) ==
        structure({{"A", structure({{"X", number(1)}})}, {"B", structure({})}}));
}

TEST_CASE("fields keep their order, also where elements have other ones", "[gob][value]") {
  const auto point = [](std::vector<std::string> names) {
    Value::Struct made;
    for (std::string& name : names) made.fields.emplace_back(std::move(name), number(1));
    return Value{std::move(made)};
  };
  const Value all = list({point({"C"}), point({"A", "C"}), point({"A", "B", "C", "D"}), point({}), point({"B", "E"})});
  CHECK(decoded<Value>(encoded(all)) == all);
}

TEST_CASE("a type that stands in many places is worked out once", "[gob][value]") {
  // As a tree, the type of this would have 2 to the power of 400 parts.
  Value node = structure({{"Key", number(1)}}, "Node");
  for (int i = 0; i < 400; ++i) {
    const Value leaf = structure({{"Key", number(1)}}, "Node");
    node = i % 2 == 0 ? structure({{"Left", leaf}, {"Right", std::move(node)}}, "Node")
                      : structure({{"Left", std::move(node)}, {"Right", leaf}}, "Node");
  }
  const std::string bytes = encoded(node);
  CHECK(bytes.size() < 100'000);
  CHECK(decoded<Value>(bytes) == node);
}

TEST_CASE("an integer of any size is made of a number and gives it back", "[gob][value]") {
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{255}, std::int64_t{256}, std::int64_t{-65536},
        std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    const BigInt made(value);
    CHECK(made.to_int64() == value);
    CHECK(made.marshal_text() == std::to_string(value));
    CHECK(big(std::to_string(value)) == made);
    BigInt back(77);
    REQUIRE(back.gob_decode(made.gob_encode()).ok());
    CHECK(back == made);
  }
  CHECK(BigInt() == BigInt(0));
  CHECK(BigInt(0).magnitude.empty());
  CHECK(BigInt(256).magnitude == std::vector<std::byte>{std::byte{1}, std::byte{0}});
}

TEST_CASE("integers beyond 64 bits keep every digit", "[gob][value]") {
  CHECK_FALSE(big("9223372036854775808").to_int64());
  CHECK(big("-9223372036854775808").to_int64() == std::numeric_limits<std::int64_t>::min());
  CHECK_FALSE(big("-9223372036854775809").to_int64());
  for (const std::string digits : {"18446744073709551616", "-340282366920938463463374607431768211456", "1000000000",
                                   "999999999", "1000000001", "100000000000000000000000000000000000000000000000001"}) {
    CHECK(big(digits).marshal_text() == digits);
    BigInt back;
    REQUIRE(back.gob_decode(big(digits).gob_encode()).ok());
    CHECK(back.marshal_text() == digits);
  }
  const std::string long_one(10'000, '7');
  CHECK(big(long_one).marshal_text() == long_one);
}

TEST_CASE("an integer's bytes are Go's", "[gob][value]") {
  const auto hex = [](const BigInt& value) {
    const auto bytes = value.gob_encode();
    return to_hex(as_text(bytes));
  };
  CHECK(hex(BigInt(0)) == "02");
  CHECK(hex(BigInt(1)) == "0201");
  CHECK(hex(BigInt(-1)) == "0301");
  CHECK(hex(BigInt(-256)) == "030100");
  CHECK(hex(big("18446744073709551616")) == "02010000000000000000");
  BigInt odd;  // what nobody should make: leading zeros, and a negative zero
  odd.magnitude = {std::byte{0}, std::byte{0}};
  odd.negative = true;
  CHECK(hex(odd) == "02");
  CHECK(odd.to_int64() == 0);

  const auto read = [](std::string_view bytes) {
    BigInt value(5);
    REQUIRE(value.gob_decode(as_bytes(from_hex(bytes))).ok());
    return value;
  };
  CHECK(read("") == BigInt(0));
  CHECK(read("03") == BigInt(0));
  CHECK(read("0200000001") == BigInt(1));
  CHECK(read("030000") == BigInt(0));
}

TEST_CASE("what is no integer is refused", "[gob][value]") {
  for (const char* bytes : {"00", "01", "04", "05", "0601", "ff"}) {
    BigInt value;
    const Status status = value.gob_decode(as_bytes(from_hex(bytes)));
    CHECK(status.code() == StatusCode::invalid_argument);
    CHECK(status.message() == "Int.GobDecode: encoding version not supported");
  }
  for (const char* text : {"", "-", "+", "--1", "1.5", "1e3", " 1", "1 ", "0x1", "one", "1_000"}) {
    BigInt value(5);
    CHECK(value.unmarshal_text(text).code() == StatusCode::invalid_argument);
    CHECK(value == BigInt(5));
  }
  BigInt value(5);
  CHECK(value.unmarshal_text(std::string(10'001, '1')).code() == StatusCode::resource_exhausted);
  CHECK(value == BigInt(5));
  REQUIRE(value.unmarshal_text("+007").ok());
  CHECK(value == BigInt(7));
  REQUIRE(value.unmarshal_text("-0").ok());
  CHECK(value == BigInt(0));
}

TEST_CASE("type numbers begin where Go's may", "[gob][value]") {
  CHECK_THROWS_AS(gob::TypeNumbers(63), std::invalid_argument);
  gob::Options options;
  options.numbers = std::make_shared<gob::TypeNumbers>(64);
  gob::Encoder encoder(options);
  ByteQueue bytes;
  REQUIRE(encoder.encode(Point{1, 2}, bytes).ok());
  CHECK_THAT(to_hex(bytes.text()), test::ends_with("07ff800102010400"));  // 64
  CHECK(gob::TypeNumbers::process() == gob::TypeNumbers::process());
}
