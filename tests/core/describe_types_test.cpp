// The types that have a shape without a description, and what can be done through it.

#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/result.hpp"

#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
using polyrpc::as_bytes;
using polyrpc::Kind;
using polyrpc::OwnEncoding;
using polyrpc::Shape;
using polyrpc::shape_of;
using polyrpc::Status;
using polyrpc::StatusCode;
using polyrpc::Time;

namespace {

/// The shape of `T`, whose size, alignment and life are checked on the way.
template <class T>
const Shape& checked_shape(Kind kind) {
  const Shape& shape = shape_of<T>();
  CHECK(shape.kind == kind);
  CHECK(shape.size == sizeof(T));
  CHECK(shape.align == alignof(T));
  REQUIRE(shape.construct != nullptr);
  REQUIRE(shape.destroy != nullptr);
  alignas(T) std::byte place[sizeof(T)];
  std::fill(std::begin(place), std::end(place), std::byte{0xEE});
  shape.construct(place);
  shape.destroy(place);
  return shape;
}

template <class T>
T made() {
  const Shape& shape = shape_of<T>();
  alignas(T) std::byte place[sizeof(T)];
  std::fill(std::begin(place), std::end(place), std::byte{0xEE});
  shape.construct(place);
  T* object = std::launder(reinterpret_cast<T*>(place));
  T value = std::move(*object);
  shape.destroy(place);
  return value;
}

template <class T>
std::vector<const void*> elements(const Shape& shape, const T& object) {
  std::vector<const void*> all;
  shape.list->for_each(&object, [&](const void* element) {
    all.push_back(element);
    return true;
  });
  return all;
}

template <class E>
auto fill_with(E value) {
  return [value = std::move(value)](void* element) mutable {
    *static_cast<E*>(element) = std::move(value);
    return Status();
  };
}

template <class T>
void add(T& object, typename T::value_type value) {
  auto fill = fill_with(std::move(value));
  REQUIRE(shape_of<T>().list->add(&object, fill).ok());
}

auto refusing() {
  return [](void*) { return Status::invalid_argument("no"); };
}

}  // namespace

TEST_CASE("numbers have the kind of their width", "[describe]") {
  checked_shape<bool>(Kind::boolean);
  checked_shape<std::int8_t>(Kind::int8);
  checked_shape<std::int16_t>(Kind::int16);
  checked_shape<std::int32_t>(Kind::int32);
  checked_shape<std::int64_t>(Kind::int64);
  checked_shape<std::uint8_t>(Kind::uint8);
  checked_shape<std::uint16_t>(Kind::uint16);
  checked_shape<std::uint32_t>(Kind::uint32);
  checked_shape<std::uint64_t>(Kind::uint64);
  checked_shape<short>(Kind::int16);
  checked_shape<int>(Kind::int32);
  checked_shape<long>(sizeof(long) == 8 ? Kind::int64 : Kind::int32);
  checked_shape<long long>(Kind::int64);
  checked_shape<unsigned long long>(Kind::uint64);
  checked_shape<signed char>(Kind::int8);
  checked_shape<unsigned char>(Kind::uint8);
  checked_shape<std::byte>(Kind::uint8);
  checked_shape<float>(Kind::float32);
  checked_shape<double>(Kind::float64);
  checked_shape<std::complex<float>>(Kind::complex64);
  checked_shape<std::complex<double>>(Kind::complex128);
}

TEST_CASE("a shape makes objects that are zero", "[describe]") {
  CHECK(made<int>() == 0);
  CHECK(made<double>() == 0);
  CHECK(made<bool>() == false);
  CHECK(made<std::array<int, 4>>() == std::array<int, 4>{});
  CHECK(made<std::complex<double>>() == std::complex<double>());
  CHECK((made<std::pair<int, std::string>>() == std::pair<int, std::string>()));
  CHECK(made<Time>().is_zero());
  CHECK(made<std::chrono::milliseconds>() == 0ms);
}

TEST_CASE("each type has one shape", "[describe]") {
  CHECK(&shape_of<int>() == &shape_of<std::int32_t>());
  CHECK(&shape_of<int>() != &shape_of<unsigned>());
  CHECK(&shape_of<std::vector<int>>() != &shape_of<std::list<int>>());
}

TEST_CASE("text is read and written through a shape", "[describe]") {
  const Shape& shape = checked_shape<std::string>(Kind::string);
  CHECK(shape.is_std_string);
  CHECK_FALSE(shape.is_view);
  std::string text = "old";
  CHECK(shape.string->get(&text) == "old");
  shape.string->set(&text, "new");
  CHECK(text == "new");
}

TEST_CASE("a string view borrows", "[describe]") {
  const Shape& shape = checked_shape<std::string_view>(Kind::string);
  CHECK(shape.is_view);
  CHECK_FALSE(shape.is_std_string);
  const std::string source = "text";
  std::string_view view;
  shape.string->set(&view, source);
  CHECK(view.data() == source.data());
  CHECK(shape.string->get(&view) == "text");
}

TEMPLATE_TEST_CASE("bytes are read and written through a shape", "[describe]", std::vector<std::byte>,
                   std::vector<std::uint8_t>) {
  const Shape& shape = checked_shape<TestType>(Kind::bytes);
  CHECK(shape.element == &shape_of<typename TestType::value_type>());
  TestType bytes;
  shape.bytes->set(&bytes, as_bytes("abc"));
  CHECK(bytes.size() == 3);
  CHECK(polyrpc::as_text(shape.bytes->get(&bytes)) == "abc");
  REQUIRE(shape.bytes->resize != nullptr);
  std::byte* room = shape.bytes->resize(&bytes, 5);
  room[4] = std::byte{'e'};
  CHECK(polyrpc::as_text(shape.bytes->get(&bytes)) == std::string("abc\0e", 5));
  shape.bytes->set(&bytes, {});
  CHECK(bytes.empty());
}

TEST_CASE("a span of bytes borrows", "[describe]") {
  const Shape& shape = checked_shape<std::span<const std::byte>>(Kind::bytes);
  CHECK(shape.is_view);
  CHECK(shape.bytes->resize == nullptr);
  const std::string source = "abc";
  std::span<const std::byte> view;
  shape.bytes->set(&view, as_bytes(source));
  CHECK(static_cast<const void*>(view.data()) == source.data());
  CHECK(shape.bytes->get(&view).size() == 3);
  CHECK(checked_shape<std::span<const std::uint8_t>>(Kind::bytes).is_view);
}

TEST_CASE("a vector is a list whose elements lie in a row", "[describe]") {
  using T = std::vector<int>;
  const Shape& shape = checked_shape<T>(Kind::list);
  CHECK(shape.element == &shape_of<int>());
  T list{1, 2, 3};
  CHECK(shape.list->size(&list) == 3);
  REQUIRE(shape.list->data != nullptr);
  CHECK(shape.list->data(&list) == list.data());
  CHECK(elements(shape, list) == std::vector<const void*>{&list[0], &list[1], &list[2]});
  REQUIRE(shape.list->reserve != nullptr);
  shape.list->reserve(&list, 100);
  CHECK(list.capacity() >= 100);
  REQUIRE(shape.list->resize != nullptr);
  CHECK(shape.list->resize(&list, 5) == list.data());
  CHECK(list == T{1, 2, 3, 0, 0});
  shape.list->clear(&list);
  CHECK(list.empty());
  add(list, 7);
  CHECK(list == T{7});
  CHECK_FALSE(shape.list->add(&list, refusing()).ok());
  CHECK(list == T{7});
  CHECK_FALSE(shape.list->read_only);
}

TEST_CASE("a visit of elements stops where it is told to", "[describe]") {
  const auto visits = [](const auto& list) {
    int count = 0;
    shape_of<std::remove_cvref_t<decltype(list)>>().list->for_each(&list, [&](const void*) { return ++count < 2; });
    return count;
  };
  CHECK(visits(std::vector<int>{1, 2, 3}) == 2);
  CHECK(visits(std::vector<bool>{true, true, true}) == 2);
  CHECK(visits(std::set<int>{1, 2, 3}) == 2);
  int map_visits = 0;
  const std::map<int, int> map{{1, 1}, {2, 2}, {3, 3}};
  shape_of<std::map<int, int>>().map->for_each(&map, [&](const void*, const void*) { return ++map_visits < 2; });
  CHECK(map_visits == 2);
}

TEST_CASE("a vector of bool is a list of bool", "[describe]") {
  using T = std::vector<bool>;
  const Shape& shape = checked_shape<T>(Kind::list);
  CHECK(shape.element == &shape_of<bool>());
  CHECK(shape.list->data == nullptr);
  CHECK(shape.list->resize == nullptr);
  T list;
  add(list, true);
  add(list, false);
  add(list, true);
  CHECK(list == T{true, false, true});
  std::vector<int> seen;
  shape.list->for_each(&list, [&](const void* element) {
    seen.push_back(*static_cast<const bool*>(element));
    return true;
  });
  CHECK(seen == std::vector<int>{1, 0, 1});
}

TEMPLATE_TEST_CASE("any sequence is a list", "[describe]", std::deque<std::string>, std::list<std::string>) {
  const Shape& shape = checked_shape<TestType>(Kind::list);
  CHECK(shape.element == &shape_of<std::string>());
  CHECK(shape.list->data == nullptr);
  TestType list{"a"};
  add(list, "b");
  CHECK(list == TestType{"a", "b"});
  CHECK(elements(shape, list).size() == 2);
  CHECK(*static_cast<const std::string*>(elements(shape, list)[1]) == "b");
  CHECK(shape.list->size(&list) == 2);
  shape.list->clear(&list);
  CHECK(list.empty());
}

TEMPLATE_TEST_CASE("a set is a list of what it holds", "[describe]", std::set<int>, std::unordered_set<int>,
                   std::multiset<int>) {
  const Shape& shape = checked_shape<TestType>(Kind::list);
  CHECK(shape.element == &shape_of<int>());
  CHECK(shape.list->data == nullptr);
  TestType set;
  add(set, 3);
  add(set, 1);
  CHECK(set == TestType{1, 3});
  CHECK(elements(shape, set).size() == 2);
}

TEST_CASE("a list holds what only moves", "[describe]") {
  using T = std::vector<std::unique_ptr<int>>;
  checked_shape<T>(Kind::list);
  T list;
  add(list, std::make_unique<int>(4));
  CHECK(*list[0] == 4);
}

TEST_CASE("a span is a list that is sent, not received", "[describe]") {
  using T = std::span<const std::string>;
  const Shape& shape = checked_shape<T>(Kind::list);
  CHECK(shape.is_view);
  CHECK(shape.list->read_only);
  const std::vector<std::string> source{"a", "b"};
  T view = source;
  CHECK(shape.element == &shape_of<std::string>());
  CHECK(shape.list->size(&view) == 2);
  CHECK(shape.list->data(&view) == source.data());
  CHECK(elements(shape, view) == std::vector<const void*>{&source[0], &source[1]});
  CHECK(shape.list->add(&view, refusing()).code() == StatusCode::internal);
  CHECK(shape.list->resize == nullptr);
  shape.list->clear(&view);
  CHECK(view.empty());
}

TEST_CASE("an array has its length in its shape", "[describe]") {
  const Shape& shape = checked_shape<std::array<std::uint16_t, 3>>(Kind::array);
  CHECK(shape.array_length == 3);
  CHECK(shape.element == &shape_of<std::uint16_t>());
  CHECK(checked_shape<std::array<std::byte, 16>>(Kind::array).array_length == 16);
  CHECK(shape_of<std::array<int, 0>>().array_length == 0);
}

TEMPLATE_TEST_CASE("a map takes keys in any order, and the last of equal keys wins", "[describe]", (std::map<int, int>),
                   (std::map<int, int, std::greater<>>), (std::unordered_map<int, int>)) {
  const std::vector<std::pair<int, int>> pairs =
      GENERATE(std::vector<std::pair<int, int>>{{1, 1}, {2, 2}, {3, 3}, {3, 4}, {2, 5}, {1, 6}, {4, 7}},
               std::vector<std::pair<int, int>>{{4, 1}, {3, 2}, {2, 3}, {2, 4}, {3, 5}, {4, 6}, {1, 7}},
               std::vector<std::pair<int, int>>{{2, 1}, {4, 2}, {1, 3}, {3, 4}, {4, 5}, {1, 6}});
  TestType map;
  TestType expected;
  for (const auto& [k, e] : pairs) {
    expected[k] = e;
    const auto fill = [k = k, e = e](void* key, void* element) {
      *static_cast<int*>(key) = k;
      *static_cast<int*>(element) = e;
      return Status();
    };
    REQUIRE(shape_of<TestType>().map->add(&map, fill).ok());
    CHECK(map == expected);
  }
}

TEMPLATE_TEST_CASE("a set takes elements in any order", "[describe]", (std::set<int>), (std::set<int, std::greater<>>),
                   (std::multiset<int>), (std::unordered_set<int>)) {
  TestType set;
  TestType expected;
  for (const int element : {3, 4, 4, 2, 1, 4, 1, 5, 3}) {
    expected.insert(element);
    add(set, element);
    CHECK(set == expected);
  }
}

TEMPLATE_TEST_CASE("a map takes keys and elements", "[describe]", (std::map<std::string, int>),
                   (std::unordered_map<std::string, int>)) {
  const Shape& shape = checked_shape<TestType>(Kind::map);
  CHECK(shape.key == &shape_of<std::string>());
  CHECK(shape.element == &shape_of<int>());
  TestType map{{"a", 1}};
  const auto add_pair = [&](std::string k, int e) {
    return shape.map->add(&map, [&](void* key, void* element) {
      CHECK(static_cast<std::string*>(key)->empty());
      CHECK(*static_cast<int*>(element) == 0);
      *static_cast<std::string*>(key) = k;
      *static_cast<int*>(element) = e;
      return Status();
    });
  };
  CHECK(add_pair("b", 2).ok());
  CHECK(add_pair("a", 3).ok());  // the last one wins
  CHECK(map == TestType{{"a", 3}, {"b", 2}});
  CHECK_FALSE(shape.map->add(&map, [](void*, void*) { return Status::internal("x"); }).ok());
  CHECK(shape.map->size(&map) == 2);
  int sum = 0;
  shape.map->for_each(&map, [&](const void* key, const void* element) {
    CHECK(map.at(*static_cast<const std::string*>(key)) == *static_cast<const int*>(element));
    sum += *static_cast<const int*>(element);
    return true;
  });
  CHECK(sum == 5);
  if (shape.map->reserve != nullptr) shape.map->reserve(&map, 10);
  shape.map->clear(&map);
  CHECK(map.empty());
}

TEST_CASE("an optional has an element or none", "[describe]") {
  using T = std::optional<std::string>;
  const Shape& shape = checked_shape<T>(Kind::optional);
  CHECK(shape.element == &shape_of<std::string>());
  T object;
  CHECK(shape.optional->get(&object) == nullptr);
  void* element = shape.optional->emplace(&object);
  *static_cast<std::string*>(element) = "x";
  CHECK(object == "x");
  CHECK(shape.optional->get(&object) == &*object);
  shape.optional->emplace(&object);
  CHECK(object == "");
  shape.optional->reset(&object);
  CHECK_FALSE(object.has_value());
}

TEMPLATE_TEST_CASE("a smart pointer is an optional", "[describe]", std::unique_ptr<int>, std::shared_ptr<int>,
                   std::unique_ptr<const int>, std::shared_ptr<const int>) {
  const Shape& shape = checked_shape<TestType>(Kind::optional);
  CHECK(shape.element == &shape_of<int>());
  TestType object;
  CHECK(shape.optional->get(&object) == nullptr);
  int* element = static_cast<int*>(shape.optional->emplace(&object));
  REQUIRE(element != nullptr);
  CHECK(*element == 0);
  *element = 5;
  CHECK(*object == 5);
  CHECK(shape.optional->get(&object) == object.get());
  shape.optional->emplace(&object);
  CHECK(*object == 0);
  shape.optional->reset(&object);
  CHECK(object == nullptr);
}

TEST_CASE("a shared element is not changed for those who share it", "[describe]") {
  auto object = std::make_shared<const int>(1);
  const auto other = object;
  *static_cast<int*>(shape_of<std::shared_ptr<const int>>().optional->emplace(&object)) = 2;
  CHECK(*other == 1);
  CHECK(*object == 2);
}

TEST_CASE("optionals nest", "[describe]") {
  using T = std::optional<std::unique_ptr<std::optional<int>>>;
  const Shape& shape = shape_of<T>();
  T object;
  void* pointer = shape.optional->emplace(&object);
  void* inner = shape.element->optional->emplace(pointer);
  *static_cast<int*>(shape.element->element->optional->emplace(inner)) = 9;
  CHECK(***object == 9);
}

TEST_CASE("a variant knows its alternatives", "[describe]") {
  using T = std::variant<std::monostate, int, std::string, std::unique_ptr<int>>;
  const Shape& shape = checked_shape<T>(Kind::variant);
  REQUIRE(shape.variant->alternatives.size() == 4);
  CHECK(shape.variant->alternatives[0]->is_nothing);
  CHECK(shape.variant->alternatives[1] == &shape_of<int>());
  CHECK(shape.variant->alternatives[2] == &shape_of<std::string>());
  CHECK(shape.variant->alternatives[3] == &shape_of<std::unique_ptr<int>>());
  T object;
  CHECK(shape.variant->index(&object) == 0);
  *static_cast<std::string*>(shape.variant->emplace(&object, 2)) = "x";
  CHECK(std::get<std::string>(object) == "x");
  CHECK(shape.variant->index(&object) == 2);
  CHECK(shape.variant->get(&object) == &std::get<2>(object));
  CHECK(*static_cast<int*>(shape.variant->emplace(&object, 1)) == 0);
  CHECK(object.index() == 1);
}

namespace {
struct ThrowsWhenCopied {
  ThrowsWhenCopied() = default;
  ThrowsWhenCopied(const ThrowsWhenCopied&) { throw std::runtime_error("copied"); }
  ThrowsWhenCopied& operator=(const ThrowsWhenCopied&) = default;
};
POLYRPC_DESCRIBE(ThrowsWhenCopied);
}  // namespace

TEST_CASE("a variant without a value says so", "[describe]") {
  using T = std::variant<int, ThrowsWhenCopied>;
  T object = 1;
  const ThrowsWhenCopied source;
  CHECK_THROWS(object.emplace<1>(source));
  REQUIRE(object.valueless_by_exception());
  CHECK(shape_of<T>().variant->index(&object) == 2);
}

TEST_CASE("a variant may have the same type twice", "[describe]") {
  using T = std::variant<int, int>;
  T object;
  *static_cast<int*>(shape_of<T>().variant->emplace(&object, 1)) = 3;
  CHECK(object.index() == 1);
  CHECK(shape_of<T>().variant->get(&object) == &std::get<1>(object));
}

TEST_CASE("a pair and a tuple are structures known by position", "[describe]") {
  using P = std::pair<std::string, std::int64_t>;
  const Shape& pair = checked_shape<P>(Kind::structure);
  CHECK(pair.is_tuple);
  CHECK(pair.name.empty());
  P p{"x", 4};
  std::vector<std::string> names;
  std::vector<const void*> places;
  const auto note = [&](const polyrpc::Field& field, std::size_t offset) {
    names.emplace_back(field.name);
    places.push_back(polyrpc::at(static_cast<const void*>(&p), offset));
  };
  polyrpc::for_each_field(pair, note);
  CHECK(names == std::vector<std::string>{"First", "Second"});
  CHECK(places == std::vector<const void*>{&p.first, &p.second});

  using T = std::tuple<bool, double, std::string>;
  T t{true, 2.5, "z"};
  const Shape& tuple = checked_shape<T>(Kind::structure);
  CHECK(tuple.is_tuple);
  std::vector<const void*> found;
  std::vector<Kind> kinds;
  polyrpc::for_each_field(tuple, [&](const polyrpc::Field& field, std::size_t offset) {
    found.push_back(polyrpc::at(static_cast<const void*>(&t), offset));
    kinds.push_back(field.shape().kind);
  });
  CHECK(found == std::vector<const void*>{&std::get<0>(t), &std::get<1>(t), &std::get<2>(t)});
  CHECK(kinds == std::vector<Kind>{Kind::boolean, Kind::float64, Kind::string});

  int count = 0;
  polyrpc::for_each_field(shape_of<std::tuple<>>(), [&](const polyrpc::Field&, std::size_t) { ++count; });
  CHECK(count == 0);
}

TEST_CASE("nothing at all is a structure without fields", "[describe]") {
  const Shape& shape = checked_shape<std::monostate>(Kind::structure);
  CHECK(shape.is_nothing);
  CHECK(shape.fields.empty());
}

TEST_CASE("a point in time is read and written through a shape", "[describe]") {
  using T = std::chrono::sys_time<std::chrono::milliseconds>;
  const Shape& shape = checked_shape<T>(Kind::time);
  T object(1500ms);
  CHECK(shape.time->get(&object).unix_seconds == 1);
  CHECK(shape.time->get(&object).nanoseconds == 500'000'000);
  Time later;
  later.unix_seconds = 2;
  later.nanoseconds = 7'999'999;
  CHECK(shape.time->set(&object, later));
  CHECK(object == T(2007ms));

  using N = std::chrono::system_clock::time_point;
  N now = std::chrono::system_clock::now();
  const N before = now;
  CHECK(shape_of<N>().time->set(&now, shape_of<N>().time->get(&now)));
  CHECK(now == before);
  CHECK_FALSE(shape_of<N>().time->set(&now, Time()));  // year 1
  CHECK(now == before);

  Time whole;
  later.offset_seconds = 3600;
  CHECK(checked_shape<Time>(Kind::time).time->set(&whole, later));
  CHECK(whole == later);
  CHECK(shape_of<Time>().time->get(&whole) == later);
}

TEST_CASE("a duration is read and written in nanoseconds through a shape", "[describe]") {
  using T = std::chrono::milliseconds;
  const Shape& shape = checked_shape<T>(Kind::duration);
  T object = 1500ms;
  CHECK(shape.duration->get(&object) == 1'500'000'000);
  CHECK(shape.duration->set(&object, 2'999'999));
  CHECK(object == 2ms);

  // Close to the ends, where they would once have been cut off.
  std::chrono::nanoseconds longest(9'223'000'000'000'000'001);
  CHECK(shape_of<std::chrono::nanoseconds>().duration->get(&longest) == longest.count());

  using Small = std::chrono::duration<std::int32_t, std::milli>;
  Small small(3);
  CHECK_FALSE(shape_of<Small>().duration->set(&small, std::numeric_limits<std::int64_t>::max()));
  CHECK(small == Small(3));
  CHECK(shape_of<Small>().duration->set(&small, -1'000'000));
  CHECK(small == Small(-1));

  std::chrono::hours ages(std::chrono::hours::max());
  CHECK(shape_of<std::chrono::hours>().duration->get(&ages) == std::numeric_limits<std::int64_t>::max());
}

// ---- types that encode themselves ----

namespace {

struct AsText {
  std::string marshal_text() const { return "<" + text + ">"; }
  Status unmarshal_text(std::string_view from) {
    if (from.size() < 2) return Status::invalid_argument("short");
    text = from.substr(1, from.size() - 2);
    return {};
  }
  std::string text;
};

struct AsBinary {
  polyrpc::Result<std::vector<std::byte>> marshal_binary() const {
    if (value == 13) return Status::failed_precondition("unlucky");
    return std::vector<std::byte>{std::byte{value}};
  }
  Status unmarshal_binary(std::span<const std::byte> from) {
    if (from.size() != 1) throw std::runtime_error("one byte, please");
    value = static_cast<std::uint8_t>(from[0]);
    return {};
  }
  bool is_zero() const { return value == 0; }
  std::uint8_t value = 0;
};

struct AsAll {
  std::string gob_encode() const { return "gob"; }
  Status gob_decode(std::span<const std::byte> from) { return seen(polyrpc::as_text(from)); }
  std::string marshal_binary() const { return "binary"; }
  Status unmarshal_binary(std::span<const std::byte> from) { return seen(polyrpc::as_text(from)); }
  std::string_view marshal_text() const { return "text"; }
  Status unmarshal_text(std::string_view from) { return seen(from); }
  Status seen(std::string_view text) {
    last = text;
    return {};
  }
  std::string last;
};

struct DescribedToo {
  std::string marshal_text() const { throw std::runtime_error("can't"); }
  Status unmarshal_text(std::string_view) { return {}; }
  int n = 0;
};
POLYRPC_DESCRIBE(DescribedToo, (n, "N"));

}  // namespace

TEST_CASE("a type that encodes itself is asked to", "[describe]") {
  const Shape& shape = checked_shape<AsText>(Kind::custom);
  CHECK_FALSE(shape.custom->has(OwnEncoding::gob));
  CHECK_FALSE(shape.custom->has(OwnEncoding::binary));
  CHECK(shape.custom->has(OwnEncoding::text));
  CHECK(shape.custom->is_zero == nullptr);
  AsText object;
  object.text = "abc";
  std::string out = "old";
  CHECK(shape.custom->encode(&object, OwnEncoding::text, out).ok());
  CHECK(out == "<abc>");
  CHECK(shape.custom->decode(&object, OwnEncoding::text, as_bytes("<xy>")).ok());
  CHECK(object.text == "xy");
  CHECK(shape.custom->decode(&object, OwnEncoding::text, as_bytes("")) == Status::invalid_argument("short"));
  CHECK(shape.custom->encode(&object, OwnEncoding::gob, out).code() == StatusCode::internal);
  CHECK(shape.custom->decode(&object, OwnEncoding::binary, {}).code() == StatusCode::internal);
}

TEST_CASE("a type's own encoding may fail, by a status or by throwing", "[describe]") {
  const Shape& shape = checked_shape<AsBinary>(Kind::custom);
  AsBinary object;
  REQUIRE(shape.custom->is_zero != nullptr);
  CHECK(shape.custom->is_zero(&object));
  object.value = 5;
  CHECK_FALSE(shape.custom->is_zero(&object));
  std::string out;
  CHECK(shape.custom->encode(&object, OwnEncoding::binary, out).ok());
  CHECK(out == "\x05");
  object.value = 13;
  CHECK(shape.custom->encode(&object, OwnEncoding::binary, out) == Status::failed_precondition("unlucky"));
  CHECK(shape.custom->decode(&object, OwnEncoding::binary, as_bytes("ab")) ==
        Status::invalid_argument("one byte, please"));
  const DescribedToo throwing;
  CHECK(shape_of<DescribedToo>().custom->encode(&throwing, OwnEncoding::text, out) == Status::internal("can't"));
}

TEST_CASE("a type may have all encodings of its own", "[describe]") {
  const Shape& shape = checked_shape<AsAll>(Kind::custom);
  AsAll object;
  for (const auto& [encoding, text] : {std::pair(OwnEncoding::gob, "gob"), std::pair(OwnEncoding::binary, "binary"),
                                       std::pair(OwnEncoding::text, "text")}) {
    CHECK(shape.custom->has(encoding));
    std::string out;
    CHECK(shape.custom->encode(&object, encoding, out).ok());
    CHECK(out == text);
    CHECK(shape.custom->decode(&object, encoding, as_bytes(text)).ok());
    CHECK(object.last == text);
  }
}

TEST_CASE("a type that encodes itself and is described keeps its name and fields", "[describe]") {
  const Shape& shape = shape_of<DescribedToo>();
  CHECK(shape.kind == Kind::custom);
  CHECK(shape.name == "DescribedToo");
  // For codecs that do not know its encoding.
  REQUIRE(shape.fields.size() == 1);
  CHECK(shape.fields[0].name == "N");
}

// ---- moved values ----

namespace {
struct NoDefault {
  explicit NoDefault(int value) : n(value) {}
  int n;
};
POLYRPC_DESCRIBE(NoDefault, (n));
}  // namespace

TEST_CASE("a type without a default constructor can be sent, not made", "[describe]") {
  const Shape& shape = shape_of<NoDefault>();
  CHECK(shape.construct == nullptr);
  const NoDefault object(3);
  CHECK(polyrpc::message_ref(object).object == &object);
  CHECK(polyrpc::message_ref(object).shape == &shape);
}

TEST_CASE("a reference and a slot name an object and its shape", "[describe]") {
  int n = 4;
  CHECK(polyrpc::message_ref(n).object == &n);
  CHECK(polyrpc::message_ref(n).shape == &shape_of<int>());
  CHECK(polyrpc::message_slot(n).object == &n);
  CHECK(polyrpc::message_slot(n).shape == &shape_of<int>());
}
