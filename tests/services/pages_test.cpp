#include "polyrpc/core/describe.hpp"
#include "polyrpc/runtime/loop.hpp"
#include "polyrpc/runtime/registry.hpp"
#include "polyrpc/runtime/server_core.hpp"
#include "polyrpc/services/debug_page.hpp"
#include "polyrpc/services/health.hpp"

#include "support/catch.hpp"

#include <asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

using namespace polyrpc;
using test::contains;

namespace {

enum class Colour { red = 1, green };
POLYRPC_DESCRIBE_ENUM_NAMES(Colour, (red, "Red"), (green, "Green"));

struct Part {
  std::string name;
  Colour colour = Colour::red;
};
POLYRPC_DESCRIBE(Part, (name, "Name"), (colour, "Colour"));

struct Args {
  std::int64_t a = 0;
  std::vector<Part> parts;
};
POLYRPC_DESCRIBE(Args, (a, "A"), (parts, "Parts"));

struct Served {
  explicit Served(ServerOptions options = {}) : core(add(registry), std::move(options)) {}

  static const Registry& add(Registry& registry) {
    registry.add("Arith.Multiply", [](const Args& args) { return args.a; });
    registry.add("Arith.Divide", blocking([](const Args& args) { return args.a; }));
    registry.add("A.Z", [](const std::string& text) { return text; });
    registry.add("A.B.C", [](const std::string& text) { return text; });
    registry.add("Evil<script>\"&'.Me\\thod", [](const std::string& text) { return text; });
    return registry;
  }

  http::Response get(const http::Handler& handler, std::string_view query = "", std::string_view accept = "",
                     std::string_view method = "GET") const {
    const std::array<http::Field, 2> fields = {{{"Host", "a"}, {"Accept", accept}}};
    const PeerInfo peer;
    http::Request request;
    request.method = method;
    request.path = "/page";
    request.query = query;
    request.headers = fields;
    request.peer = &peer;
    request.server = &core;
    return handler(request);
  }

  Registry registry;
  ServerCore core;
};

std::string header(const http::Response& response, std::string_view wanted) {
  for (const auto& [name, value] : response.headers)
    if (http::equal_ignoring_case(name, wanted)) return value;
  return {};
}

}  // namespace

TEST_CASE("the debug page shows services and methods by name, with their types", "[services]") {
  const Served served;
  const http::Response response = served.get(services::debug_page());
  CHECK(response.status == 200);
  CHECK(header(response, "content-type") == "text/html; charset=utf-8");
  const std::string& html = response.body;
  const std::array<std::string, 9> in_order = {"Service A<",
                                               "Z(string, *string) error",
                                               "Service A.B<",
                                               "C(string, *string) error",
                                               "Service Arith<",
                                               "Divide(Args, *int64) error",
                                               "Multiply(Args, *int64) error",
                                               "Service Evil",
                                               "Types<"};
  std::size_t at = 0;
  for (const std::string& part : in_order) {
    INFO(part);
    const std::size_t found = html.find(part, at);
    REQUIRE(found != std::string::npos);
    at = found;
  }
  CHECK_THAT(html, contains("A int64<br>Parts []Part"));
  CHECK_THAT(html, contains("Red = 1<br>Green = 2"));
  CHECK_THAT(html, contains("blocking"));
}

TEST_CASE("names cannot break out of the debug page", "[services]") {
  const Served served;
  const std::string html = services::debug_page_html(served.core);
  CHECK(html.find("<script") == std::string::npos);
  CHECK_THAT(html, contains("Service Evil&lt;script&gt;&quot;&amp;&#39;<"));
  const auto json = nlohmann::json::parse(services::debug_page_json(served.core));
  CHECK(json["services"][3]["name"] == "Evil<script>\"&'");
  CHECK(json["services"][3]["methods"][0]["method"] == "Me\\thod");
}

TEST_CASE("the debug page counts calls, errors and times", "[services]") {
  Served served;
  asio::io_context context;
  Loop loop(context);
  StatsShard& shard = served.core.shard(loop);
  const std::size_t index = served.registry.find("Arith.Divide")->index;
  for (int i = 0; i < 10; ++i) {
    shard.begin(index);
    shard.time(index, std::chrono::microseconds(i == 9 ? 1'500'000 : 100));
  }
  shard.error(index);
  const auto json = nlohmann::json::parse(services::debug_page_json(served.core));
  CHECK(json["draining"] == false);
  const auto& service = json["services"][2];
  CHECK(service["name"] == "Arith");
  const auto& divide = service["methods"][0];
  CHECK(divide["name"] == "Arith.Divide");
  CHECK(divide["args"] == "Args");
  CHECK(divide["reply"] == "int64");
  CHECK(divide["road"] == "blocking");
  CHECK(divide["calls"] == 10);
  CHECK(divide["errors"] == 1);
  CHECK(divide["timed"] == 10);
  CHECK(divide["latency_us"]["p50"] == 128);
  CHECK(divide["latency_us"]["p99"] == 2097152);
  CHECK(service["methods"][1]["calls"] == 0);
  CHECK(json["types"][0]["name"] == "Args");
  CHECK(json["types"][0]["fields"][1]["type"] == "[]Part");
  CHECK(json["types"][1]["name"] == "Colour");
  CHECK(json["types"][1]["enumerators"][1]["name"] == "Green");
  const std::string html = services::debug_page_html(served.core);
  CHECK_THAT(html, contains("<td>10</td><td class=\"bad\">1</td><td>128 &micro;s</td>"));
  CHECK_THAT(html, contains("<td>2 s</td>"));
}

TEST_CASE("programs get JSON and people HTML", "[services]") {
  const Served served;
  const auto type_for = [&](std::string_view query, std::string_view accept) {
    return header(served.get(services::debug_page(), query, accept), "content-type");
  };
  CHECK(type_for("", "") == "text/html; charset=utf-8");
  CHECK(type_for("", "*/*") == "text/html; charset=utf-8");
  CHECK(type_for("", "text/html,application/xhtml+xml,*/*;q=0.8") == "text/html; charset=utf-8");
  CHECK(type_for("", "text/html, application/json") == "text/html; charset=utf-8");
  CHECK(type_for("", "application/json") == "application/json");
  CHECK(type_for("a=b&format=json", "text/html") == "application/json");
  CHECK(type_for("format=html", "application/json") == "text/html; charset=utf-8");
  CHECK(type_for("xformat=json&format", "") == "text/html; charset=utf-8");
}

TEST_CASE("pages take GET and HEAD", "[services]") {
  const Served served;
  for (const http::Handler& handler : {services::debug_page(), services::health()}) {
    CHECK(served.get(handler, "", "", "HEAD").status == 200);
    const http::Response refused = served.get(handler, "", "", "POST");
    CHECK(refused.status == 405);
    CHECK(header(refused, "allow") == "GET, HEAD");
  }
}

TEST_CASE("a server without methods has a debug page too", "[services]") {
  const Registry registry;
  const ServerCore core(registry, {});
  CHECK_THAT(services::debug_page_html(core), contains("No methods"));
  CHECK(services::debug_page_json(core) == "{\"draining\":false,\"services\":[],\"types\":[]}\n");
}

TEST_CASE("health says whether a server is to be sent more", "[services]") {
  Served served;
  bool fit = true;
  const http::Handler handler = services::health([&] { return fit; });
  http::Response response = served.get(handler);
  CHECK(response.status == 200);
  CHECK(response.body == "ok\n");
  CHECK(header(response, "content-type") == "text/plain; charset=utf-8");
  CHECK(header(response, "cache-control") == "no-store");
  response = served.get(handler, "format=json");
  CHECK(response.body == "{\"status\":\"ok\"}\n");
  CHECK(header(response, "content-type") == "application/json");
  fit = false;
  response = served.get(handler);
  CHECK(response.status == 503);
  CHECK(response.body == "unhealthy\n");
  fit = true;
  served.core.set_draining();
  response = served.get(handler, "", "application/json");
  CHECK(response.status == 503);
  CHECK(response.body == "{\"status\":\"draining\"}\n");
  CHECK_THAT(services::debug_page_html(served.core), contains("shutting down"));
}
