#include "polyrpc/core/method.hpp"

#include "support/catch.hpp"

#include <cstdint>
#include <string_view>
#include <type_traits>

using polyrpc::split_method_name;

namespace {

inline constexpr polyrpc::Method<int, std::int64_t> multiply{"Arith.Multiply"};

bool splits(std::string_view name, std::string_view service, std::string_view method) {
  const polyrpc::MethodName parts = split_method_name(name);
  return parts.service == service && parts.method == method;
}

}  // namespace

TEST_CASE("a method name is cut at its last dot", "[method]") {
  CHECK(splits("Arith.Multiply", "Arith", "Multiply"));
  CHECK(splits("company.team.Arith.Multiply", "company.team.Arith", "Multiply"));
  CHECK(splits("Arith.", "Arith", ""));
  CHECK(splits(".Multiply", "", "Multiply"));
  CHECK(splits("..", ".", ""));
}

TEST_CASE("a method name with a slash is cut there, as gRPC writes it", "[method]") {
  CHECK(splits("company.Arith/Multiply", "company.Arith", "Multiply"));
  CHECK(splits("company.Arith/Multiply.v2", "company.Arith", "Multiply.v2"));
  CHECK(splits("/", "", ""));
}

TEST_CASE("a name without a dot is a method without a service", "[method]") {
  CHECK(splits("Multiply", "", "Multiply"));
  CHECK(splits("", "", ""));
}

TEST_CASE("a method constant carries its types", "[method]") {
  STATIC_REQUIRE(multiply.name == "Arith.Multiply");
  STATIC_REQUIRE(std::is_same_v<decltype(multiply)::Args, int>);
  STATIC_REQUIRE(std::is_same_v<decltype(multiply)::Reply, std::int64_t>);
  STATIC_REQUIRE(split_method_name(multiply.name).service == "Arith");
}
