#include "polyrpc/core/shape.hpp"

#include "polyrpc/core/any.hpp"
#include "polyrpc/core/describe.hpp"

#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <complex>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

using polyrpc::contains_view;
using polyrpc::Message;
using polyrpc::shape_of;

namespace {

struct Plain {
  int n = 7;
  std::vector<Plain> more;
};
POLYRPC_DESCRIBE(Plain, (n), (more));

struct WithView {
  std::map<int, std::vector<std::optional<std::string_view>>> views;
};
POLYRPC_DESCRIBE(WithView, (views));

struct DerivedFromView : WithView {
  int n = 0;
};
POLYRPC_DESCRIBE_DERIVED(DerivedFromView, (WithView), (n));

struct alignas(64) Aligned {
  char padding[64] = {};
  static inline int alive = 0;
  Aligned() { ++alive; }
  Aligned(const Aligned&) = delete;
  ~Aligned() { --alive; }
};
POLYRPC_DESCRIBE(Aligned);

struct Throwing {
  Throwing() { throw std::runtime_error("made"); }
};
POLYRPC_DESCRIBE(Throwing);

enum class ByName { one };
POLYRPC_DESCRIBE_ENUM_NAMES(ByName, (one));

template <class T>
std::string text() {
  return polyrpc::type_text(shape_of<T>());
}

}  // namespace

TEST_CASE("a view is found wherever it hides", "[shape]") {
  CHECK_FALSE(contains_view(shape_of<int>()));
  CHECK_FALSE(contains_view(shape_of<Plain>()));
  CHECK(contains_view(shape_of<std::string_view>()));
  CHECK(contains_view(shape_of<std::span<const std::byte>>()));
  CHECK(contains_view(shape_of<std::vector<std::string_view>>()));
  CHECK(contains_view(shape_of<std::map<std::string_view, int>>()));
  CHECK(contains_view(shape_of<WithView>()));
  CHECK(contains_view(shape_of<DerivedFromView>()));
  CHECK(contains_view(shape_of<std::unique_ptr<WithView>>()));
  CHECK(contains_view(shape_of<std::variant<int, std::string_view>>()));
  CHECK(contains_view(shape_of<std::tuple<int, std::pair<int, std::string_view>>>()));
  CHECK_FALSE(contains_view(shape_of<std::variant<int, std::string>>()));
  CHECK(contains_view(shape_of<std::array<std::string_view, 2>>()));
}

TEST_CASE("a shape tells its type in Go's words", "[shape]") {
  CHECK(text<bool>() == "bool");
  CHECK(text<std::int8_t>() == "int8");
  CHECK(text<std::uint64_t>() == "uint64");
  CHECK(text<float>() == "float32");
  CHECK(text<std::complex<double>>() == "complex128");
  CHECK(text<std::string>() == "string");
  CHECK(text<std::string_view>() == "string");
  CHECK(text<std::vector<std::byte>>() == "[]uint8");
  CHECK(text<std::array<int, 3>>() == "[3]int32");
  CHECK(text<std::set<std::string>>() == "[]string");
  CHECK(text<std::map<std::string, std::vector<Plain>>>() == "map[string][]Plain");
  CHECK(text<std::unique_ptr<double>>() == "*float64");
  CHECK(text<std::optional<Plain>>() == "*Plain");
  CHECK(text<Plain>() == "Plain");
  CHECK(text<ByName>() == "ByName");
  CHECK(text<std::pair<int, bool>>() == "struct{First int32; Second bool}");
  CHECK(text<std::tuple<int>>() == "struct{F0 int32}");
  CHECK(text<std::monostate>() == "struct{}");
  CHECK(text<std::variant<int, bool>>() == "interface{}");
  CHECK(text<polyrpc::Any>() == "interface{}");
  CHECK(text<std::chrono::system_clock::time_point>() == "time.Time");
  CHECK(text<polyrpc::Time>() == "time.Time");
  CHECK(text<std::chrono::seconds>() == "time.Duration");
}

TEST_CASE("a message owns an object of a shape", "[shape]") {
  Message empty;
  CHECK(empty.empty());
  CHECK(empty.shape() == nullptr);

  Message message(shape_of<Plain>());
  REQUIRE_FALSE(message.empty());
  CHECK(message.shape() == &shape_of<Plain>());
  CHECK(static_cast<Plain*>(message.object())->n == 7);
  CHECK(message.ref().object == message.object());
  CHECK(message.slot().shape == &shape_of<Plain>());

  Message moved = std::move(message);
  CHECK(message.empty());  // NOLINT: it must be destructible and assignable
  CHECK(static_cast<Plain*>(moved.object())->n == 7);
  message = std::move(moved);
  CHECK_FALSE(message.empty());
}

TEST_CASE("a message respects alignment and ends its object", "[shape]") {
  {
    Message message(shape_of<Aligned>());
    CHECK(reinterpret_cast<std::uintptr_t>(message.object()) % 64 == 0);
    CHECK(Aligned::alive == 1);
    message = Message(shape_of<Aligned>());
    CHECK(Aligned::alive == 1);
  }
  CHECK(Aligned::alive == 0);
}

TEST_CASE("a message whose object can't be made leaks nothing", "[shape]") {
  CHECK_THROWS_AS(Message(shape_of<Throwing>()), std::runtime_error);
}
