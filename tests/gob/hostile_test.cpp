// What a peer may send that no Go program would: each gets a clear error, costs little memory, and harms nothing else.

#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/gob_value.hpp"

#include "gob/bytes.hpp"
#include "gob/hex.hpp"
#include "support/catch.hpp"
#include "support/counted_new.hpp"

#include <array>
#include <bit>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

using namespace polyrpc;
using namespace polyrpc::gob::test;

namespace {

struct Point {
  std::int64_t x = 0, y = 0;
};
POLYRPC_DESCRIBE(Point, (x, "X"), (y, "Y"));

struct List {
  std::int64_t value = 0;
  std::unique_ptr<List> next;
};
POLYRPC_DESCRIBE(List, (value, "Value"), (next, "Next"));

/// A list of itself.
struct Nest {
  std::vector<Nest> inside;
};
POLYRPC_DESCRIBE(Nest, (inside, "Inside"));

enum class Color { red, green };
enum class Level : std::uint8_t { low, high };
enum class Mood { good, bad };
POLYRPC_DESCRIBE_ENUM_NAMES(Mood, (good, "Good"), (bad, "Bad"));

struct Version {
  std::string text;
  std::string gob_encode() const { return text; }
  Status gob_decode(std::span<const std::byte> bytes) {
    text = as_text(bytes);
    return {};
  }
};
POLYRPC_DESCRIBE(Version);
struct Blob {
  std::string text;
  std::string marshal_binary() const { return text; }
  Status unmarshal_binary(std::span<const std::byte> bytes) {
    text = as_text(bytes);
    return {};
  }
};
struct Word {
  std::string letters;
  std::string marshal_text() const { return letters; }
  Status unmarshal_text(std::string_view text) {
    letters = text;
    return {};
  }
};

using Choice = std::variant<std::monostate, std::int64_t, std::string>;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// Fails the test if more than so much memory was held at once during it.
class Bounded {
 public:
  explicit Bounded(std::size_t most) : most_(most), before_(test::live_bytes()) { test::forget_peak(); }
  Bounded(const Bounded&) = delete;
  Bounded& operator=(const Bounded&) = delete;
  ~Bounded() {
    const std::size_t peak = test::peak_bytes();
    if (test::counts_malloc()) CHECK(peak - before_ <= most_);
  }

 private:
  std::size_t most_;
  std::size_t before_;
};

enum class Feed { whole, by_byte };

/// Decodes the values of a stream one after the other into objects like this one, up to an error or to its end.
template <class T>
Status read_all(const std::string& bytes, Feed feed, const CodecLimits& limits, Status& failure) {
  gob::Decoder decoder({}, limits);
  ByteQueue queue;
  std::size_t fed = 0;
  if (feed == Feed::whole) {
    queue.append(bytes);
    fed = bytes.size();
  }
  Status status;
  while (status.ok()) {
    T into{};
    const Result<bool> got = decoder.decode(queue, into);
    if (!got.ok()) status = got.status();
    if (!got.ok() || *got) continue;
    if (fed == bytes.size()) break;
    queue.push_back(bytes[fed++]);
  }
  failure = decoder.failure();
  return status;
}

/// Whether what ends the reading of a stream is one value's affair, or that of all that would follow.
enum class Ends { value, stream };

/// The stream ends with this error, at once and byte by byte alike.
template <class T>
void check_refused(const std::string& bytes, StatusCode code, const std::string& part, Ends ends = Ends::stream,
                   const CodecLimits& limits = {}) {
  for (const Feed feed : {Feed::whole, Feed::by_byte}) {
    if (feed == Feed::by_byte && bytes.size() > 20'000) continue;
    INFO((feed == Feed::whole ? "whole" : "byte by byte") << ": " << to_hex(bytes.substr(0, 200)));
    const Bounded memory(4 * bytes.size() + mebibyte / 2);
    Status failure;
    const Status status = read_all<T>(bytes, feed, limits, failure);
    INFO(status.to_string());
    CHECK(status.code() == code);
    CHECK_THAT(status.message(), test::contains(part));
    CHECK(failure.ok() == (ends == Ends::value));
  }
}
constexpr StatusCode wrong = StatusCode::invalid_argument;
constexpr StatusCode too_much = StatusCode::resource_exhausted;

/// More is awaited; what is there costs nothing beyond its own bytes.
template <class T>
void check_awaited(const std::string& bytes) {
  INFO(to_hex(bytes.substr(0, 200)));
  const Bounded memory(4 * bytes.size() + mebibyte / 4);
  gob::Decoder decoder;
  ByteQueue queue;
  queue.append(bytes);
  T into{};
  const Result<bool> got = decoder.decode(queue, into);
  INFO(got.status().to_string());
  CHECK((got.ok() && !*got));
}

const std::string int_value = value(int_type, integer(56));

}  // namespace

// ---- lengths and counts ----

TEST_CASE("a length that is claimed costs nothing, and past the limit is refused at once", "[gob][hostile]") {
  for (const std::uint64_t length : {std::uint64_t{64} << 20, std::uint64_t{1000}, std::uint64_t{128}})
    check_awaited<gob::Value>(natural(length) + integer(string_type));
  for (const std::uint64_t length :
       {(std::uint64_t{64} << 20) + 1, std::uint64_t{1} << 32, std::uint64_t{1} << 63, ~std::uint64_t{0}})
    check_refused<gob::Value>(natural(length), too_much, "gob: message longer than the limit");
  check_refused<gob::Value>(std::string("\0", 1), wrong, "gob: message of length 0");
}

TEST_CASE("a number of more than eight bytes is none, wherever it stands", "[gob][hostile]") {
  const std::string nine = "\xf7" + std::string(9, '\1');
  const std::string most = "\x80" + std::string(128, '\1');
  for (const std::string& number : {nine, most}) {
    check_refused<gob::Value>(number, wrong, "gob: encoded unsigned integer out of range");
    check_refused<gob::Value>(message(number), wrong, "gob: encoded unsigned integer out of range");
    check_refused<gob::Value>(value(int_type, number), wrong, "gob: encoded unsigned integer out of range");
    check_refused<std::int64_t>(value(int_type, number), wrong, "gob: encoded unsigned integer out of range");
    check_refused<std::string>(value(string_type, number), wrong, "gob: encoded unsigned integer out of range");
    check_refused<gob::Value>(definition(64, "\2" + common_part + "\1" + number), wrong,
                              "gob: encoded unsigned integer out of range");
  }
}

TEST_CASE("a text that is longer than its message is refused", "[gob][hostile]") {
  for (const std::uint64_t length :
       {std::uint64_t{4}, std::uint64_t{1} << 31, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    const std::string claimed = natural(length) + "abc";
    const std::string why = "gob: length of a string or byte slice exceeds its message";
    check_refused<std::string>(value(string_type, claimed), wrong, why);
    check_refused<std::vector<std::byte>>(value(bytes_type, claimed), wrong, why);
    check_refused<std::deque<std::uint8_t>>(value(bytes_type, claimed), wrong, why);
    check_refused<gob::Value>(value(bytes_type, claimed), wrong, why);
    check_refused<Any>(value(interface_type, claimed), wrong, why);
    check_refused<Version>(definition(64, own_encoding(5)) + value(64, claimed), wrong, why);
    check_refused<Point>(
        definition(64, struct_of({{"Z", string_type}, {"X", int_type}})) + struct_value(64, "\1" + claimed), wrong,
        why);
  }
}

TEST_CASE("elements that are claimed are not made before they come", "[gob][hostile]") {
  const std::string why = "gob: more elements";
  for (const std::uint64_t count :
       {std::uint64_t{4}, std::uint64_t{100'000'000}, std::uint64_t{1} << 62, ~std::uint64_t{0}}) {
    const std::string three = natural(count) + integer(1) + integer(2) + integer(3);
    const std::string ints = definition(64, slice_of(int_type)) + value(64, three);
    const auto code = count > (std::size_t{16} << 20) ? too_much : wrong;
    const auto check = [&](auto into, const std::string& bytes, bool value_only) {
      using T = decltype(into);
      Status failure;
      const Bounded memory(mebibyte);
      const Status status = read_all<T>(bytes, Feed::whole, {}, failure);
      INFO(status.to_string());
      CHECK((status.code() == wrong || status.code() == code));
      CHECK_THAT(status.message(), test::contains(count == 4 || value_only ? "gob: " : why));
    };
    check(std::vector<std::int64_t>(), ints, false);
    check(std::list<std::int64_t>(), ints, false);
    check(std::set<std::int64_t>(), ints, false);
    check(gob::Value(), ints, true);
    const std::string map = definition(64, map_of(int_type, int_type)) + value(64, three + integer(4));
    check(std::map<std::int64_t, std::int64_t>(), map, false);
    check(std::unordered_map<std::int64_t, std::int64_t>(), map, false);
    check(gob::Value(), map, true);
  }
}

TEST_CASE("lists of interface values may be split, and still are not made before they come", "[gob][hostile]") {
  const std::string type = definition(64, slice_of(interface_type));
  check_refused<std::vector<Any>>(type + value(64, natural(std::uint64_t{1} << 40)), too_much,
                                  "gob: more elements in a list or map than the limit");
  check_refused<std::vector<Any>>(type + value(64, natural(16 << 20) + '\0'), wrong, "gob: ");
  // All of them may yet come.
  const std::string open = text("int64") + integer(-65);
  check_awaited<std::vector<Any>>(type + value(64, natural(16 << 20) + open + slice_of(int_type)));
}

TEST_CASE("small elements of a big type are paid for", "[gob][hostile]") {
  struct Local {
    static std::string points(std::size_t count) {
      return definition(64, struct_of({})) + definition(65, slice_of(64)) +
             value(65, natural(count) + std::string(count, '\0'));
    }
  };
  using Big = std::array<std::int64_t, 512>;
  using Element = std::tuple<Big, Big, Big, Big>;  // 16 KiB, a single byte on the wire
  CodecLimits limits;
  limits.message_bytes = mebibyte;
  const std::string bytes = Local::points(100'000);
  const Bounded memory(6 * mebibyte);
  gob::Decoder decoder({}, limits);
  ByteQueue queue;
  queue.append(bytes);
  std::vector<Element> into;
  const Result<bool> got = decoder.decode(queue, into);
  CHECK(got.status().code() == too_much);
  CHECK(got.status().message() == "gob: value needs more memory than the limit");
}

// ---- type definitions ----

TEST_CASE("definitions are bounded in number, size, fields and names", "[gob][hostile]") {
  std::string many;
  for (std::int64_t id = 64; id <= 64 + 4096; ++id) many += definition(id, slice_of(id + 1));
  check_refused<gob::Value>(many, too_much, "gob: more type definitions than the limit");

  Fields fields;
  for (int i = 0; i < 4097; ++i) fields.emplace_back("F" + std::to_string(i), int_type);
  check_refused<gob::Value>(definition(64, struct_of(fields)), too_much, "gob: more fields in a type than the limit");

  const std::string long_name(4097, 'N');
  check_refused<gob::Value>(definition(64, struct_of({{long_name, int_type}})), too_much,
                            "gob: name longer than the limit");
  check_refused<gob::Value>(definition(64, "\2\1\1" + text(long_name) + "\1\2\0\1\2\0\0"), too_much,
                            "gob: name longer than the limit");

  std::string large;
  for (std::int64_t id = 64; id < 64 + 300; ++id)
    large += definition(id, struct_of({{std::string(4000, 'A'), int_type}}));
  check_refused<gob::Value>(large, too_much, "gob: more type definitions than the limit");
}

TEST_CASE("fields that are claimed in a definition are not made before they come", "[gob][hostile]") {
  for (const std::uint64_t count :
       {std::uint64_t{4096}, std::uint64_t{4097}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    const std::string descriptor = "\3" + common_part + "\1" + natural(count) + "\1\1A\1\4";
    const Bounded memory(mebibyte / 2);
    Status failure;
    CHECK_FALSE(read_all<gob::Value>(definition(64, descriptor), Feed::whole, {}, failure).ok());
    CHECK_FALSE(failure.ok());
  }
}

TEST_CASE("a definition that is malformed ends the stream", "[gob][hostile]") {
  const std::string bad[] = {
      ends,                                                            // nothing at all
      "\2" + common_part + "\1" + integer(2) + '\0',                   // cut off
      "\2" + common_part + "\1" + integer(2) + ends + "x",             // and more
      "\10" + common_part + ends,                                      // an eighth kind
      "\2" + common_part + "\3" + integer(2) + ends,                   // a slice's third part
      "\5" + common_part + "\1" + integer(2) + ends,                   // an own encoding's second
      "\2" + common_part + "\1" + integer(2) + std::string("\0", 1) +  // two kinds in one
          "\1" + common_part + ends,
      "\1" + common_part + "\1" + integer(2) + "\1" + integer(-1) + ends,  // a negative length
      "\3" + common_part + "\1\1\2\4\0" + ends,                            // a field without a name
      "\3" + common_part + "\1\1\1" + text("") + "\1\4\0" + ends,          // with an empty one
  };
  for (const std::string& descriptor : bad)
    check_refused<gob::Value>(definition(64, descriptor) + int_value, wrong, "gob: ");
}

TEST_CASE("ids that are defined again, taken, out of range or unknown end the stream", "[gob][hostile]") {
  const std::string slice = slice_of(int_type);
  check_refused<gob::Value>(definition(64, slice) + definition(64, slice), wrong, "gob: duplicate type received");
  check_refused<gob::Value>(definition(64, slice) + definition(65, slice) + definition(64, struct_of({})), wrong,
                            "gob: duplicate type received");
  for (const std::int64_t id : {1, 2, 8, 9, 16, 23, 63})
    check_refused<gob::Value>(definition(id, slice), wrong, "gob: unknown type id or corrupted data");
  for (const std::int64_t id : {std::int64_t{1} << 31, std::numeric_limits<std::int64_t>::max()})
    check_refused<gob::Value>(definition(id, slice), wrong, "gob: ");
  check_refused<gob::Value>(message(integer(std::numeric_limits<std::int64_t>::min()) + slice), wrong, "gob: ");
  for (const std::int64_t id : {std::int64_t{0}, std::int64_t{9}, std::int64_t{63}, std::int64_t{64},
                                std::int64_t{1} << 31, std::numeric_limits<std::int64_t>::max()})
    check_refused<gob::Value>(value(id, integer(1)), wrong, "gob: unknown type id or corrupted data");
  // Inside a definition ids may come later, but before the first value.
  check_refused<gob::Value>(definition(64, slice_of(65)) + value(64, natural(0)), wrong,
                            "gob: unknown type id or corrupted data");
  for (const std::int64_t id : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 40})
    check_refused<gob::Value>(definition(64, slice_of(id)) + value(64, natural(0)), wrong,
                              "gob: unknown type id or corrupted data");
}

TEST_CASE("types that consist of themselves are read as far as they go", "[gob][hostile]") {
  // A list of itself: all it can hold is lists.
  const std::string slice = definition(64, slice_of(64));
  gob::Decoder decoder;
  ByteQueue queue;
  queue.append(slice + value(64, std::string("\2\0\1\0", 4)));
  gob::Value tree;
  REQUIRE(decoder.decode(queue, tree).ok());
  CHECK(to_string(tree) == "[[], [[]]]");
  // So can a C++ type.
  queue.append(definition(65, struct_of({{"Inside", 66}})) + definition(66, slice_of(65)) +
               struct_value(65, std::string("\1\2\0\1\1\0\0\0", 8)));
  Nest nest;
  const Result<bool> got = decoder.decode(queue, nest);
  INFO(got.status().to_string());
  REQUIRE((got.ok() && *got));
  REQUIRE(nest.inside.size() == 2);
  CHECK(nest.inside[1].inside.size() == 1);

  // An array of itself has no end.
  check_refused<gob::Value>(definition(64, array_of(64, 1)) + value(64, std::string(500, '\1')), wrong,
                            "gob: value cut off inside its message");
  check_refused<gob::Value>(definition(64, array_of(64, 1)) + value(64, std::string(5000, '\1')), too_much,
                            "gob: values nested deeper than the limit", Ends::value);
  check_refused<gob::Value>(definition(64, map_of(64, 64)) + value(64, std::string(5000, '\1')), too_much,
                            "gob: values nested deeper than the limit", Ends::value);
  // Two that consist of each other, and no more.
  check_refused<gob::Value>(
      definition(64, array_of(65, 1)) + definition(65, array_of(64, 1)) + value(64, std::string(5000, '\1')), too_much,
      "gob: values nested deeper than the limit", Ends::value);
  // Local types do not follow what they do not have.
  check_refused<std::vector<std::vector<std::int64_t>>>(slice + value(64, std::string("\1\1\0", 3)), wrong,
                                                        "received remote type", Ends::value);
}

TEST_CASE("types nested as deep as there are types cost no stack", "[gob][hostile]") {
  std::string types;
  constexpr std::int64_t last = 64 + 4095;
  for (std::int64_t id = 64; id < last; ++id) types += definition(id, slice_of(id + 1));
  types += definition(last, slice_of(interface_type));
  // Nobody must go down there to read a list that is empty.
  const std::string bytes = types + value(64, natural(0)) + int_value;
  for (const bool tree : {false, true}) {
    const Bounded memory(8 * mebibyte);
    gob::Decoder decoder;
    ByteQueue queue;
    queue.append(bytes);
    gob::Value value;
    const Result<bool> got = tree ? decoder.decode(queue, value) : decoder.discard(queue);
    INFO(got.status().to_string());
    REQUIRE((got.ok() && *got));
    std::int64_t number = 0;
    REQUIRE(decoder.decode(queue, number).ok());
    CHECK(number == 56);
  }
  check_refused<gob::Value>(types + value(64, std::string(5000, '\1')), too_much,
                            "gob: values nested deeper than the limit");
}

TEST_CASE("types that branch at every level are not followed for a value that has none of it", "[gob][hostile]") {
  // As a tree this type would have 100 to the power of 30 leaves.
  std::string types;
  constexpr std::int64_t last = 64 + 30;
  for (std::int64_t id = 64; id < last; ++id) {
    Fields fields;
    for (int i = 0; i < 100; ++i) fields.emplace_back("F" + std::to_string(i), id + 1);
    types += definition(id, struct_of(fields));
  }
  types += definition(last, struct_of({{"X", int_type}}));
  const Bounded memory(4 * mebibyte);
  gob::Decoder decoder;
  ByteQueue queue;
  queue.append(types + struct_value(64, std::string("\1\0\0", 3)));
  gob::Value tree;
  const Result<bool> got = decoder.decode(queue, tree);
  INFO(got.status().to_string());
  REQUIRE((got.ok() && *got));
  CHECK(to_string(tree) == "{F0: {}}");
  queue.append(struct_value(64, std::string("\1\0\0", 3)));
  CHECK(decoder.discard(queue).ok());
}

// ---- nesting ----

TEST_CASE("values nested beyond the limit are refused, those at the limit are not", "[gob][hostile]") {
  CodecLimits limits;
  limits.depth = 50;
  const std::string type = definition(64, struct_of({{"Value", int_type}, {"Next", 64}}));
  const auto chain = [&](std::size_t length) {
    return type + struct_value(64, std::string(length - 1, '\2') + std::string(length, '\0'));
  };
  Status failure;
  CHECK(read_all<List>(chain(50), Feed::whole, limits, failure).ok());
  CHECK(read_all<gob::Value>(chain(50), Feed::whole, limits, failure).ok());
  check_refused<List>(chain(51), too_much, "gob: values nested deeper than the limit", Ends::value, limits);
  check_refused<gob::Value>(chain(51), too_much, "gob: values nested deeper than the limit", Ends::value, limits);
  // What is skipped counts too.
  check_refused<std::tuple<std::int64_t>>(type + definition(65, struct_of({{"F0", int_type}, {"Gone", 64}})) +
                                              struct_value(65, '\2' + std::string(50, '\2') + std::string(52, '\0')),
                                          too_much, "gob: values nested deeper than the limit", Ends::value, limits);
}

TEST_CASE("interface values nested beyond the limit are refused", "[gob][hostile]") {
  // An interface that holds a list of one interface that holds a list ...
  const std::string type = definition(64, slice_of(interface_type));
  std::string inner(1, '\0');
  for (int i = 0; i < 3000; ++i) inner = text("L") + integer(64) + natural(1) + '\0' + '\1' + inner;
  for (const bool tree : {false, true}) {
    const Bounded memory(mebibyte);
    gob::Decoder decoder;
    ByteQueue queue;
    queue.append(type + value(interface_type, inner));
    gob::Value into;
    const Result<bool> got = tree ? decoder.decode(queue, into) : decoder.discard(queue);
    CHECK(got.status().code() == too_much);
    CHECK(got.status().message() == "gob: values nested deeper than the limit");
  }
}

// ---- interface values ----

TEST_CASE("interface values with wrong names, ids, definitions or ends are refused", "[gob][hostile]") {
  const auto with = [](const std::string& content) { return value(interface_type, content); };
  const std::string name = text("int64");
  check_refused<Any>(with(text("Nobody") + integer(int_type) + natural(2) + '\0' + integer(1)), wrong,
                     "gob: name not registered for interface: \"Nobody\"", Ends::value);
  check_refused<Any>(with(text(std::string("in\0t\xff", 5)) + integer(int_type) + natural(2) + '\0' + integer(1)),
                     wrong, "gob: name not registered for interface: ", Ends::value);
  check_refused<Any>(with(text(std::string(5000, 'n')) + integer(int_type) + natural(2) + '\0' + integer(1)), too_much,
                     "gob: name longer than the limit");
  check_refused<Any>(with(name + integer(99) + natural(2) + '\0' + integer(1)), wrong, "gob: unknown type id");
  check_refused<Any>(with(name + integer(std::int64_t{1} << 40) + natural(2) + '\0' + integer(1)), wrong,
                     "gob: unknown type id");
  check_refused<Any>(with(name + integer(-3) + slice_of(int_type)), wrong, "gob: ");
  check_refused<Any>(with(name + integer(string_type) + natural(2) + '\0' + text("x")), wrong, "gob: ", Ends::value);
  check_refused<Any>(with(name + integer(int_type) + natural(2) + '\1' + integer(1)), wrong,
                     "non-zero delta for singleton");
  check_refused<Any>(with(std::string("\0\0", 2)), wrong, "gob: extra data");
  check_awaited<Any>(with(name));  // a definition may follow
  // The count of bytes is not relied on.
  gob::Decoder decoder;
  ByteQueue queue;
  queue.append(with(name + integer(int_type) + natural(~std::uint64_t{0}) + '\0' + integer(7)));
  Any any;
  REQUIRE(decoder.decode(queue, any).ok());
  REQUIRE(any.get<std::int64_t>() != nullptr);
  CHECK(*any.get<std::int64_t>() == 7);
}

TEST_CASE("definitions inside interface values are bounded like others", "[gob][hostile]") {
  CodecLimits limits;
  limits.types = 8;
  std::string bytes = message(integer(interface_type) + '\0' + text("T") + integer(-64) + slice_of(int_type));
  for (std::int64_t id = 65; id < 64 + 9; ++id) bytes += message(integer(-id) + slice_of(int_type));
  check_refused<Any>(bytes, too_much, "gob: more type definitions than the limit", Ends::stream, limits);
  check_refused<gob::Value>(bytes, too_much, "gob: more type definitions than the limit", Ends::stream, limits);
}

TEST_CASE("the messages of a split value are together no longer than one may be", "[gob][hostile]") {
  CodecLimits limits;
  limits.message_bytes = 4096;
  std::string bytes = message(integer(interface_type) + '\0' + text("T") + integer(-64) + slice_of(int_type));
  for (std::int64_t id = 65; id < 64 + 1000; ++id) bytes += message(integer(-id) + slice_of(int_type));
  check_refused<Any>(bytes, too_much, "gob: message longer than the limit", Ends::stream, limits);
}

// ---- values that are not of the type ----

namespace {

struct Remote {
  std::string name;
  std::string definitions;
  std::int64_t id;
  std::string content;
  bool is_struct = false;

  std::string top() const { return definitions + (is_struct ? struct_value(id, content) : value(id, content)); }
  /// As the only field, F0, of a struct.
  std::string in_field() const {
    return definitions + definition(90, struct_of({{"F0", id}})) + struct_value(90, "\1" + content + '\0');
  }
  std::string in_map() const {
    return definitions + definition(90, map_of(string_type, id)) + value(90, natural(1) + text("key") + content);
  }
};

const std::vector<Remote>& remotes() {
  static const std::vector<Remote> all = {
      {"bool", "", bool_type, natural(1)},
      {"int", "", int_type, integer(1)},
      {"uint", "", uint_type, natural(1)},
      {"float", "", float_type, real(17)},
      {"bytes", "", bytes_type, text("Good")},
      {"string", "", string_type, text("Good")},
      {"complex", "", complex_type, natural(0) + natural(0)},
      {"nil", "", interface_type, natural(0)},
      {"interface", "", interface_type, text("int64") + integer(int_type) + natural(2) + '\0' + integer(1)},
      {"slice", definition(64, slice_of(int_type)), 64, natural(3) + integer(1) + integer(2) + integer(3)},
      {"array", definition(65, array_of(int_type, 3)), 65, natural(3) + integer(1) + integer(2) + integer(3)},
      {"map", definition(66, map_of(string_type, int_type)), 66, natural(1) + text("k") + integer(1)},
      {"struct", definition(67, struct_of({{"X", int_type}})), 67, "\1" + integer(1) + '\0', true},
      {"empty", definition(68, struct_of({})), 68, std::string(1, '\0'), true},
      {"gob", definition(69, own_encoding(5)), 69, text("1.2")},
      {"binary", definition(70, own_encoding(6)), 70, text("1.2")},
      {"text", definition(71, own_encoding(7)), 71, text("1.2")},
  };
  return all;
}

/// Reads a stream of one value, and the value behind it. True if the first one suits.
template <class T>
bool suits(const std::string& bytes) {
  INFO(to_hex(bytes));
  const Bounded memory(mebibyte / 4);
  gob::Decoder decoder;
  ByteQueue queue;
  queue.append(bytes + int_value);
  T into{};
  const Result<bool> got = decoder.decode(queue, into);
  INFO(got.status().to_string());
  CHECK((!got.ok() || *got));
  if (!got.ok()) {
    CHECK(got.status().code() == wrong);
    CHECK_FALSE(got.status().message().empty());
  }
  CHECK(decoder.failure().ok());
  std::int64_t behind = 0;
  const Result<bool> next = decoder.decode(queue, behind);
  CHECK((next.ok() && *next));
  CHECK(behind == 56);
  return got.ok();
}

template <class T>
void check_kinds(const std::string& local, const std::set<std::string>& suitable) {
  for (const Remote& remote : remotes()) {
    INFO(remote.name << " into " << local);
    const bool wanted = suitable.contains(remote.name);
    CHECK(suits<T>(remote.top()) == wanted);
    CHECK(suits<std::tuple<T>>(remote.in_field()) == wanted);
    if constexpr (!std::is_same_v<T, std::monostate>) CHECK(suits<std::map<std::string, T>>(remote.in_map()) == wanted);
  }
}

}  // namespace

TEST_CASE("a value of the wrong kind is refused by every kind of target, and the stream goes on", "[gob][hostile]") {
  check_kinds<bool>("bool", {"bool"});
  check_kinds<std::int8_t>("int8", {"int"});
  check_kinds<std::int16_t>("int16", {"int"});
  check_kinds<std::int32_t>("int32", {"int"});
  check_kinds<std::int64_t>("int64", {"int"});
  check_kinds<std::uint8_t>("uint8", {"uint"});
  check_kinds<std::uint16_t>("uint16", {"uint"});
  check_kinds<std::uint32_t>("uint32", {"uint"});
  check_kinds<std::uint64_t>("uint64", {"uint"});
  check_kinds<float>("float32", {"float"});
  check_kinds<double>("float64", {"float"});
  check_kinds<std::complex<float>>("complex64", {"complex"});
  check_kinds<std::complex<double>>("complex128", {"complex"});
  check_kinds<std::string>("string", {"string"});
  check_kinds<std::string_view>("a view of text", {"string"});
  check_kinds<std::vector<std::byte>>("bytes", {"bytes"});
  check_kinds<std::list<std::uint8_t>>("bytes in a list", {"bytes"});
  check_kinds<Color>("an enum", {"int"});
  check_kinds<Level>("an unsigned enum", {"uint"});
  check_kinds<Mood>("an enum by name", {"string"});
  check_kinds<std::chrono::nanoseconds>("a duration", {"int"});
  check_kinds<std::vector<std::int64_t>>("a list", {"slice"});
  check_kinds<std::set<std::int64_t>>("a set", {"slice"});
  check_kinds<std::vector<std::string>>("a list of texts", {});
  check_kinds<std::array<std::int64_t, 3>>("an array", {"array"});
  check_kinds<std::array<std::int64_t, 2>>("an array of another length", {});
  check_kinds<std::map<std::string, std::int64_t>>("a map", {"map"});
  check_kinds<std::map<std::int64_t, std::int64_t>>("a map with other keys", {});
  check_kinds<Point>("a struct", {"struct", "empty"});
  check_kinds<std::monostate>("an empty struct", {"struct", "empty"});
  check_kinds<std::optional<std::int64_t>>("an optional", {"int"});
  check_kinds<std::unique_ptr<Point>>("a pointer", {"struct", "empty"});
  check_kinds<Choice>("a variant", {"nil", "interface"});
  check_kinds<Any>("an Any", {"nil", "interface"});
  check_kinds<Version>("a GobEncoder", {"gob"});
  check_kinds<Blob>("a BinaryMarshaler", {"binary"});
  check_kinds<Word>("a TextMarshaler", {"string", "text"});
  check_kinds<Time>("a time", {});            // of its kind, but not of its form
  check_kinds<gob::BigInt>("a big.Int", {});  // the same
  std::set<std::string> all;
  for (const Remote& remote : remotes()) all.insert(remote.name);
  check_kinds<gob::Value>("a tree", all);
}

namespace {

template <class T>
Status read_one(const std::string& bytes, T& into) {
  gob::Decoder decoder;
  ByteQueue queue;
  queue.append(bytes);
  const Result<bool> got = decoder.decode(queue, into);
  CHECK((!got.ok() || *got));
  CHECK(queue.empty());
  return got.status();
}

/// One more and one less than fits is refused by name at every place, and what fits is not.
template <class T>
void check_range(const std::string& name) {
  INFO(name);
  using Limits = std::numeric_limits<T>;
  const auto written = [](auto number) {
    if constexpr (std::is_signed_v<T>)
      return integer(static_cast<std::int64_t>(number));
    else
      return natural(static_cast<std::uint64_t>(number));
  };
  const std::int64_t type = std::is_signed_v<T> ? int_type : uint_type;
  for (const T fits : {Limits::min(), Limits::max()}) {
    T into = 1;
    CHECK(read_one(value(type, written(fits)), into).ok());
    CHECK(into == fits);
  }
  if constexpr (sizeof(T) < 8) {
    std::vector<std::string> wide = {written(std::int64_t{Limits::max()} + 1)};
    if (std::is_signed_v<T>) {
      wide.push_back(written(std::int64_t{Limits::min()} - 1));
      wide.push_back(written(std::numeric_limits<std::int64_t>::min()));
      wide.push_back(written(std::numeric_limits<std::int64_t>::max()));
    } else {
      wide.push_back(natural(~std::uint64_t{0}));
    }
    for (const std::string& number : wide) {
      INFO(to_hex(number));
      T into = 1;
      const Status top = read_one(value(type, number), into);
      CHECK(top.code() == wrong);
      CHECK_THAT(top.message(), test::starts_with("value for \"") && test::ends_with("\" out of range"));
      CHECK(into == 1);
      std::tuple<T> field{1};
      const Status in_field =
          read_one(definition(64, struct_of({{"F0", type}})) + struct_value(64, "\1" + number + '\0'), field);
      CHECK(in_field.message() == "value for \"F0\" out of range");
      CHECK(std::get<0>(field) == 1);
      if constexpr (!std::is_same_v<T, std::uint8_t>) {  // a list of these is bytes
        std::vector<T> list;
        CHECK_THAT(
            read_one(definition(64, slice_of(type)) + value(64, natural(2) + written(1) + number), list).message(),
            test::ends_with("out of range"));
        std::map<T, T> map;
        const std::string map_type = definition(64, map_of(type, type));
        CHECK_THAT(read_one(map_type + value(64, natural(1) + number + written(1)), map).message(),
                   test::ends_with("out of range"));
        CHECK_THAT(read_one(map_type + value(64, natural(1) + written(1) + number), map).message(),
                   test::ends_with("out of range"));
      }
    }
  }
}

}  // namespace

TEST_CASE("numbers that do not fit are refused at every width", "[gob][hostile]") {
  check_range<std::int8_t>("int8");
  check_range<std::int16_t>("int16");
  check_range<std::int32_t>("int32");
  check_range<std::int64_t>("int64");
  check_range<std::uint8_t>("uint8");
  check_range<std::uint16_t>("uint16");
  check_range<std::uint32_t>("uint32");
  check_range<std::uint64_t>("uint64");
  // A float too large for 32 bits, 1e39; infinities pass.
  float narrow = 1;
  CHECK_THAT(read_one(value(float_type, real(1e39)), narrow).message(), test::ends_with("out of range"));
  CHECK_THAT(read_one(value(float_type, real(-1e39)), narrow).message(), test::ends_with("out of range"));
  CHECK(narrow == 1);
  CHECK(read_one(value(float_type, real(std::numeric_limits<double>::infinity())), narrow).ok());
  std::complex<float> pair;
  CHECK_THAT(read_one(value(complex_type, real(0) + real(1e39)), pair).message(), test::ends_with("out of range"));
}

TEST_CASE("texts may hold any bytes, as Go's do", "[gob][hostile]") {
  const std::string strange("a\0b\xff\xc3\xed\xa0\x80\r\n\x7f", 11);
  std::string into;
  CHECK(read_one(value(string_type, text(strange)), into).ok());
  CHECK(into == strange);
  gob::Value tree;
  CHECK(read_one(value(string_type, text(strange)), tree).ok());
  CHECK(std::get<std::string>(tree.data) == strange);
  // Field and type names too; they are nobody's here.
  std::tuple<std::int64_t> skipped;
  CHECK(read_one(definition(64, struct_of({{strange, int_type}, {"F0", int_type}})) +
                     struct_value(64, "\1" + integer(5) + "\1" + integer(6) + '\0'),
                 skipped)
            .ok());
  CHECK(std::get<0>(skipped) == 6);
  Mood mood = Mood::bad;
  CHECK_FALSE(read_one(value(string_type, text(std::string("Good\0", 5))), mood).ok());
  CHECK(mood == Mood::bad);
}

TEST_CASE("numbers of every length are the same one by one and in lists, wherever their message ends",
          "[gob][hostile]") {
  std::vector<double> reals = {0.0,
                               -0.0,
                               2.0,
                               -2.0,
                               std::numeric_limits<double>::infinity(),
                               std::bit_cast<double>(0x7FF8'0000'0000'0001u),
                               std::bit_cast<double>(std::uint64_t{1})};
  std::vector<std::int64_t> integers = {0, -1, 63, 64, -64, -65};
  for (int bits = 0; bits < 64; ++bits) {
    const std::uint64_t low = std::uint64_t{0xF123'4567'89AB'CDEFu} >> bits;
    const std::uint64_t high = std::uint64_t{0x7EFE'FDFC'FBFA'F9F7u} << bits;
    reals.push_back(std::bit_cast<double>(high));
    reals.push_back(std::bit_cast<double>(high & ~(std::uint64_t{1} << 63)));
    integers.push_back(static_cast<std::int64_t>(low));
    integers.push_back(static_cast<std::int64_t>(~low));
  }
  const auto bits_of = [](const std::vector<double>& list) {
    std::vector<std::uint64_t> bits;
    for (const double v : list) bits.push_back(std::bit_cast<std::uint64_t>(v));
    return bits;
  };
  const auto written = [](const auto& object) {
    gob::Encoder encoder;
    ByteQueue output;
    REQUIRE(encoder.encode(object, output).ok());
    return std::string(output.text());
  };
  std::string real_bytes;
  std::string integer_bytes;
  for (const double v : reals) {
    CHECK(written(v) == value(float_type, real(v)));
    real_bytes += real(v);
  }
  for (const std::int64_t v : integers) {
    CHECK(written(v) == value(int_type, integer(v)));
    integer_bytes += integer(v);
  }
  CHECK_THAT(written(reals), test::ends_with(natural(reals.size()) + real_bytes));
  CHECK_THAT(written(integers), test::ends_with(natural(integers.size()) + integer_bytes));
  const std::string real_list = definition(64, slice_of(float_type));
  const std::string integer_list = definition(64, slice_of(int_type));
  for (std::size_t size = 0; size <= reals.size(); ++size) {
    const std::vector<double> some(reals.begin(), reals.begin() + static_cast<std::ptrdiff_t>(size));
    std::string content = natural(size);
    for (const double v : some) content += real(v);
    std::vector<double> read;
    REQUIRE(read_one(real_list + value(64, content), read).ok());
    CHECK(bits_of(read) == bits_of(some));
    if (size != 0)
      check_refused<std::vector<double>>(real_list + value(64, content.substr(0, content.size() - 1)), wrong, "gob: ");
  }
  for (std::size_t size = 0; size <= integers.size(); ++size) {
    const std::vector<std::int64_t> some(integers.begin(), integers.begin() + static_cast<std::ptrdiff_t>(size));
    std::string content = natural(size);
    for (const std::int64_t v : some) content += integer(v);
    std::vector<std::int64_t> read;
    REQUIRE(read_one(integer_list + value(64, content), read).ok());
    CHECK(read == some);
  }
  // In the middle of a list, where a number's bytes are all there.
  const std::string rest(20, '\1');
  check_refused<std::vector<double>>(real_list + value(64, natural(21) + "\xF7" + rest), wrong,
                                     "gob: encoded unsigned integer out of range");
  check_refused<std::vector<std::int64_t>>(integer_list + value(64, natural(21) + "\xF7" + rest), wrong,
                                           "gob: encoded unsigned integer out of range");
  std::vector<std::int32_t> narrow;
  CHECK_THAT(read_one(integer_list + value(64, natural(21) + integer(std::int64_t{1} << 31) + rest), narrow).message(),
             test::ends_with("out of range"));
  std::vector<float> narrow_reals;
  CHECK_THAT(read_one(real_list + value(64, natural(21) + real(1e39) + rest), narrow_reals).message(),
             test::ends_with("out of range"));
  CHECK(read_one(real_list + value(64, natural(3) + real(1.5) + real(-0.1f) + real(3)), narrow_reals).ok());
  CHECK(narrow_reals == std::vector<float>{1.5f, -0.1f, 3.0f});
}

TEST_CASE("texts of every short length are sent as they are", "[gob][hostile]") {
  std::vector<std::string> texts;
  std::string content;
  for (std::size_t size = 0; size < 70; ++size) {
    texts.emplace_back();
    for (std::size_t i = 0; i < size; ++i) texts.back() += static_cast<char>('0' + i);
    content += text(texts.back());
  }
  gob::Encoder encoder;
  ByteQueue output;
  REQUIRE(encoder.encode(texts, output).ok());
  CHECK_THAT(std::string(output.text()), test::ends_with(natural(texts.size()) + content));
}

TEST_CASE("of equal keys the last counts, and fields may come twice in a definition", "[gob][hostile]") {
  const std::string type = definition(64, map_of(string_type, int_type));
  const std::string pairs = natural(3) + text("a") + integer(1) + text("b") + integer(2) + text("a") + integer(3);
  std::map<std::string, std::int64_t> ordered;
  CHECK(read_one(type + value(64, pairs), ordered).ok());
  CHECK(ordered == std::map<std::string, std::int64_t>{{"a", 3}, {"b", 2}});
  const std::string falling =
      natural(4) + text("c") + integer(4) + text("b") + integer(5) + text("c") + integer(6) + text("b") + integer(7);
  CHECK(read_one(type + value(64, falling), ordered).ok());
  CHECK(ordered == std::map<std::string, std::int64_t>{{"a", 3}, {"b", 7}, {"c", 6}});
  std::unordered_map<std::string, std::int64_t> hashed;
  CHECK(read_one(type + value(64, pairs), hashed).ok());
  CHECK(hashed.size() == 2);
  CHECK(hashed["a"] == 3);
  std::set<std::int64_t> set;
  CHECK(read_one(definition(64, slice_of(int_type)) + value(64, natural(3) + integer(1) + integer(1) + integer(2)), set)
            .ok());
  CHECK(set == std::set<std::int64_t>{1, 2});
  Point point;
  CHECK(read_one(definition(64, struct_of({{"X", int_type}, {"X", int_type}})) +
                     struct_value(64, "\1" + integer(1) + "\1" + integer(2) + '\0'),
                 point)
            .ok());
  CHECK(point.x == 2);
}

TEST_CASE("fields beyond a struct's end, and what stands behind a value, are refused", "[gob][hostile]") {
  const std::string type = definition(64, struct_of({{"X", int_type}, {"Y", int_type}}));
  const std::string why = "gob: bad data: field numbers out of bounds";
  for (const std::string& content : {natural(3) + integer(1), natural(1) + integer(1) + natural(2) + integer(1),
                                     natural(~std::uint64_t{0}), natural(std::uint64_t{1} << 63)}) {
    check_refused<Point>(type + struct_value(64, content + '\0'), wrong, why);
    check_refused<gob::Value>(type + struct_value(64, content + '\0'), wrong, why);
    check_refused<std::tuple<std::int64_t>>(
        definition(65, struct_of({{"P", 64}, {"F0", int_type}})) + type + struct_value(65, "\1" + content + '\0'),
        wrong, why);
  }
  check_refused<Point>(type + struct_value(64, "\1" + integer(1)), wrong, "gob: value cut off inside its message");
  check_refused<Point>(type + struct_value(64, "\1" + integer(1) + ends), wrong, "gob: extra data");
  check_refused<std::int64_t>(value(int_type, integer(1) + "x"), wrong, "gob: extra data");
  check_refused<std::int64_t>(message(integer(int_type) + "\1" + integer(1)), wrong, "non-zero delta for singleton");
  check_refused<std::int64_t>(message(integer(int_type)), wrong, "gob: value cut off inside its message");
}
