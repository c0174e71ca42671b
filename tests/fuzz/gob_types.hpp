#pragma once

#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/core/any.hpp"
#include "polyrpc/core/describe.hpp"
#include "polyrpc/core/time.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

/// Types for any gob stream to be read into. Names and fields are those of the golden vectors, so that what Go once
/// wrote is where a search begins.
namespace polyrpc::fuzz {

struct Point {
  std::int64_t x = 0, y = 0;
  friend auto operator<=>(const Point&, const Point&) = default;
};
POLYRPC_DESCRIBE(Point, (x, "X"), (y, "Y"));

struct Square {
  double side = 0;
};
POLYRPC_DESCRIBE(Square, (side, "Side"));

struct Circle {
  double r = 0;
};
POLYRPC_DESCRIBE(Circle, (r, "R"));

struct Nothing {};
POLYRPC_DESCRIBE(Nothing);

enum class Color : std::int64_t { red, green, blue };
enum class Level : std::uint8_t { low, high };
enum class Mood { good, bad };
POLYRPC_DESCRIBE_ENUM_NAMES(Mood, (good, "Good"), (bad, "Bad"));

struct AllScalars {
  bool b = false;
  Color i = Color::red;
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  std::uint64_t u = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  float f32 = 0;
  double f64 = 0;
  std::complex<float> c64;
  std::complex<double> c128;
  std::string s;
  std::vector<std::byte> by;
  std::chrono::milliseconds wait{};
  Mood mood = Mood::good;
};
POLYRPC_DESCRIBE(AllScalars, (b, "B"), (i, "I"), (i8, "I8"), (i16, "I16"), (i32, "I32"), (i64, "I64"), (u, "U"),
                 (u8, "U8"), (u16, "U16"), (u32, "U32"), (u64, "U64"), (f32, "F32"), (f64, "F64"), (c64, "C64"),
                 (c128, "C128"), (s, "S"), (by, "By"), (wait, "Wait"), (mood, "Mood"));

struct Slices {
  std::vector<std::int64_t> i;
  std::list<std::int8_t> i8;
  std::deque<std::int32_t> i3;
  std::vector<std::uint64_t> u;
  std::vector<std::uint16_t> u1;
  std::vector<float> f;
  std::vector<double> d;
  std::vector<bool> b;
  std::vector<std::string> s;
  std::deque<std::uint8_t> by;
  std::vector<std::complex<double>> c;
  std::vector<Point> p;
  std::vector<std::unique_ptr<Point>> pp;
  std::vector<std::vector<std::int64_t>> n;
  std::vector<std::vector<std::byte>> bb;
  std::set<Color> nm;
  std::vector<Level> lv;
};
POLYRPC_DESCRIBE(Slices, (i, "I"), (i8, "I8"), (i3, "I3"), (u, "U"), (u1, "U1"), (f, "F"), (d, "D"), (b, "B"), (s, "S"),
                 (by, "By"), (c, "C"), (p, "P"), (pp, "PP"), (n, "N"), (bb, "BB"), (nm, "Nm"), (lv, "Lv"));

struct Maps {
  std::map<std::string, std::int64_t> si;
  std::map<std::int64_t, std::string> is;
  std::map<std::string, Point> sp;
  std::map<Point, std::string> ps;
  std::map<std::string, std::vector<std::int64_t>> sl;
  std::map<std::string, std::map<std::string, std::int32_t>> sm;
  std::map<bool, double> bf;
  std::map<std::string, std::unique_ptr<Point>> pp;
  std::map<std::array<std::int64_t, 2>, std::string> ak;
  std::map<std::string, Nothing> em;
  std::optional<std::map<std::string, std::int64_t>> m;
};
POLYRPC_DESCRIBE(Maps, (si, "SI"), (is, "IS"), (sp, "SP"), (ps, "PS"), (sl, "SL"), (sm, "SM"), (bf, "BF"), (pp, "PP"),
                 (ak, "AK"), (em, "EM"), (m, "M"));

struct Arrays {
  std::array<std::int64_t, 3> a{};
  std::array<std::uint8_t, 4> b{};
  std::array<std::string, 2> s;
  std::array<Point, 2> p;
  std::array<std::array<std::int8_t, 3>, 2> n{};
  std::array<std::int64_t, 0> z;
  std::array<double, 2> f{};
  std::array<bool, 2> t{};
};
POLYRPC_DESCRIBE(Arrays, (a, "A"), (b, "B"), (s, "S"), (p, "P"), (n, "N"), (z, "Z"), (f, "F"), (t, "T"));

struct Pointers {
  std::optional<std::int64_t> i;
  std::unique_ptr<std::string> s;
  std::shared_ptr<bool> b;
  std::optional<Point> p;
  std::unique_ptr<std::optional<std::int16_t>> pp;
  std::optional<std::vector<std::int64_t>> l;
  std::unique_ptr<std::map<std::string, std::int64_t>> m;
  std::optional<std::array<std::int64_t, 2>> a;
  std::optional<std::vector<std::byte>> by;
  std::shared_ptr<double> f;
};
POLYRPC_DESCRIBE(Pointers, (i, "I"), (s, "S"), (b, "B"), (p, "P"), (pp, "PP"), (l, "L"), (m, "M"), (a, "A"), (by, "By"),
                 (f, "F"));

struct Holder {
  Any v;
  std::int64_t n = 0;
};
POLYRPC_DESCRIBE(Holder, (v, "V"), (n, "N"));

/// The fields of `main.Two` and more, of which one is not there to be read.
struct Anys {
  Any a;
  std::vector<Any> l;
  std::map<std::string, Any> m;
  std::int64_t z = 0;
};
POLYRPC_DESCRIBE(Anys, (a, "A"), (l, "L"), (m, "M"), (z, "Z"));

struct Group;
using Figure = std::variant<std::monostate, Circle, std::unique_ptr<Square>, std::unique_ptr<Group>, std::int64_t>;
struct Group {
  std::string name;
  std::vector<Figure> parts;
};
POLYRPC_DESCRIBE(Group, (name, "Name"), (parts, "Parts"));
struct Drawing {
  std::string title;
  Figure main;
  std::vector<Figure> others;
  std::map<std::string, Figure> named;
};
POLYRPC_DESCRIBE(Drawing, (title, "Title"), (main, "Main"), (others, "Others"), (named, "Named"));

/// `main.List`, `main.Tree` and `main.ManyTree` in one.
struct Recursive {
  std::int64_t value = 0;
  std::unique_ptr<Recursive> next;
  std::unique_ptr<Recursive> left, right;
  std::string key;
  std::vector<Recursive> kids;
};
POLYRPC_DESCRIBE(Recursive, (value, "Value"), (next, "Next"), (left, "Left"), (right, "Right"), (key, "Key"),
                 (kids, "Kids"));

struct Family {
  std::map<std::string, std::unique_ptr<Family>> kids;
  std::int64_t v = 0;
};
POLYRPC_DESCRIBE(Family, (kids, "Kids"), (v, "V"));

struct Times {
  Time t;
  std::optional<Time> p;
  std::vector<Time> l;
  std::map<std::string, std::chrono::sys_time<std::chrono::nanoseconds>> m;
  std::chrono::nanoseconds d{};
};
POLYRPC_DESCRIBE(Times, (t, "T"), (p, "P"), (l, "L"), (m, "M"), (d, "D"));

/// GobEncoder; left out when zero.
struct Version {
  std::int64_t major = 0, minor = 0;
  bool is_zero() const { return major == 0 && minor == 0; }
  std::string gob_encode() const { return std::to_string(major) + "." + std::to_string(minor); }
  Status gob_decode(std::span<const std::byte> bytes) {
    const std::string_view text = as_text(bytes);
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, major);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.')
      return Status::invalid_argument("version: no dot");
    const auto second = std::from_chars(first.ptr + 1, end, minor);
    if (second.ec != std::errc() || second.ptr != end) return Status::invalid_argument("version: no number");
    return {};
  }
  friend auto operator<=>(const Version&, const Version&) = default;
};
POLYRPC_DESCRIBE(Version);

/// BinaryMarshaler.
struct Lucky {
  std::uint8_t number = 0;
  std::vector<std::byte> marshal_binary() const { return {std::byte{number}}; }
  Status unmarshal_binary(std::span<const std::byte> bytes) {
    if (bytes.size() != 1) return Status::invalid_argument("lucky: not one byte");
    number = static_cast<std::uint8_t>(bytes[0]);
    return {};
  }
  friend auto operator<=>(const Lucky&, const Lucky&) = default;
};
POLYRPC_DESCRIBE(Lucky);

/// TextMarshaler: a string on the wire.
struct Word {
  std::string letters;
  std::string marshal_text() const { return letters; }
  Status unmarshal_text(std::string_view text) {
    if (text == "no") return Status::invalid_argument("word: no");
    letters = text;
    return {};
  }
};
POLYRPC_DESCRIBE(Word);

/// The fields of `main.Gobs`, `main.Bigs` and our own.
struct Owns {
  Version v;
  std::unique_ptr<Version> pv;
  Lucky b;
  std::vector<Version> l;
  std::map<Lucky, Version> m;
  Word word;
  gob::BigInt big;
  std::vector<std::unique_ptr<gob::BigInt>> bigs;
};
POLYRPC_DESCRIBE(Owns, (v, "V"), (pv, "PV"), (b, "B"), (l, "L"), (m, "M"), (word, "Word"), (big, "Big"),
                 (bigs, "Bigs"));

/// Some fields of `main.AllScalars`, borrowed; the others are passed over.
struct Views {
  std::string_view s;
  std::span<const std::byte> by;
  std::int64_t i64 = 0;
};
POLYRPC_DESCRIBE(Views, (s, "S"), (by, "By"), (i64, "I64"));

/// Nothing of what comes but this.
struct Rest {
  std::int64_t n = 0;
  std::tuple<std::int32_t, std::string> pair;
};
POLYRPC_DESCRIBE(Rest, (n, "N"), (pair, "Pair"));

/// What may stand in an interface value.
inline std::shared_ptr<const TypeRegistry> type_names() {
  auto names = std::make_shared<TypeRegistry>();
  names->add<Point>("main.Point")
      .add<Square>("geo.Square")
      .add<Holder>("main.Holder")
      .add<Drawing>("main.Drawing")
      .add<Recursive>("main.List")
      .add<Version>("main.ValGob")
      .add<gob::BigInt>("*big.Int")
      .add<std::vector<Any>>("[]interface {}")
      .add<std::map<std::string, Any>>("map[string]interface {}")
      .add<std::map<std::string, std::int64_t>>("map[string]int")
      .add<std::array<std::int64_t, 3>>("[3]int");
  return names;
}

}  // namespace polyrpc::fuzz
