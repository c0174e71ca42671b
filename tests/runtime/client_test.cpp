#include "polyrpc/runtime/client.hpp"

#include "client_fixture.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <thread>
#include <vector>

// What holds for clients with and without a loop.

namespace {

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

struct Served {
  Services services;
  RunningServer server{services.registry, json_over(standard_transports())};
};

}  // namespace

TEST_CASE("a call is answered", "[client]") {
  const Driver driver = GENERATE(Driver::blocking, Driver::loop);
  Served served;
  AnyClient client(driver, json_target(served.server.address()));

  CHECK(client->state() == ConnectionState::idle);
  CHECK(client->call<std::int64_t>("Test.Multiply", Pair{6, 7}).value() == 42);
  CHECK(client->state() == ConnectionState::ready);
  CHECK(client->call(multiply, {7, 8}).value() == 56);
  CHECK(client->call<std::string>("Test.Echo", "a literal").value() == "a literal");
  CHECK(client->call<std::string>("Test.Echo", std::string("a string")).value() == "a string");
  std::int64_t product = 0;
  REQUIRE(client->call("Test.Multiply", Pair{3, 4}, product).ok());
  CHECK(product == 12);
  CHECK(client->call<void>("Test.Note", "noted").ok());
}
