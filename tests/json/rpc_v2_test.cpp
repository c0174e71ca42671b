#include "rpc_harness.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

// JSON-RPC 2.0, https://www.jsonrpc.org/specification.
namespace polyrpc::test {

namespace {

struct Operands {
  std::int64_t minuend = 0;
  std::int64_t subtrahend = 0;
};

struct Nested {
  Operands inner;
  std::string label;
};

}  // namespace

POLYRPC_DESCRIBE(Operands, (minuend), (subtrahend));
POLYRPC_DESCRIBE(Nested, (inner), (label));

namespace {

/// With the methods of the specification's examples.
RpcServerHarness& with_examples(RpcServerHarness& server) {
  server.add<Operands, std::int64_t>("subtract", [](const Operands& args, std::int64_t& reply) {
    reply = args.minuend - args.subtrahend;
    return Status();
  });
  server.add<std::vector<std::int64_t>, std::int64_t>("sum",
                                                      [](const std::vector<std::int64_t>& args, std::int64_t& reply) {
                                                        for (const std::int64_t arg : args) reply += arg;
                                                        return Status();
                                                      });
  server.add<std::vector<std::int64_t>, Nothing>("update",
                                                 [](const std::vector<std::int64_t>&, Nothing&) { return Status(); });
  server.add<std::vector<std::int64_t>, Nothing>("notify_hello",
                                                 [](const std::vector<std::int64_t>&, Nothing&) { return Status(); });
  server.add<std::vector<std::int64_t>, Nothing>("notify_sum",
                                                 [](const std::vector<std::int64_t>&, Nothing&) { return Status(); });
  server.add<Nothing, std::tuple<std::string, std::int64_t>>(
      "get_data", [](const Nothing&, std::tuple<std::string, std::int64_t>& reply) {
        reply = {"hello", 5};
        return Status();
      });
  return server;
}

/// The answer, parsed; null when there is none.
nlohmann::json answer(std::string_view text, const json::Options& options = {}) {
  RpcServerHarness server(options);
  with_examples(server).feed(text);
  const std::string got = server.take();
  return got.empty() ? nlohmann::json() : nlohmann::json::parse(got);
}

nlohmann::json parse(std::string_view text) { return nlohmann::json::parse(text); }

/// The members that the specification fixes: its messages are examples, and data is ours.
nlohmann::json without_words(nlohmann::json reply) {
  if (reply.is_array()) {
    for (nlohmann::json& element : reply) element = without_words(element);
    return reply;
  }
  if (reply.contains("error")) reply["error"] = {{"code", reply["error"]["code"]}};
  return reply;
}

std::int64_t code_of(const nlohmann::json& reply) {
  REQUIRE(reply.is_object());
  REQUIRE(reply.contains("error"));
  CHECK(!reply.contains("result"));
  CHECK(reply.at("jsonrpc") == "2.0");
  return reply.at("error").at("code");
}

}  // namespace

TEST_CASE("2.0: the specification's examples", "[json]") {
  struct Example {
    std::string_view sent;
    std::string_view answer;  // empty: none
  };
  const std::vector<Example> examples = {
      {R"({"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1})",
       R"({"jsonrpc": "2.0", "result": 19, "id": 1})"},
      {R"({"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2})",
       R"({"jsonrpc": "2.0", "result": -19, "id": 2})"},
      {R"({"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3})",
       R"({"jsonrpc": "2.0", "result": 19, "id": 3})"},
      {R"({"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4})",
       R"({"jsonrpc": "2.0", "result": 19, "id": 4})"},
      {R"({"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]})", ""},
      {R"({"jsonrpc": "2.0", "method": "foobar"})", ""},
      {R"({"jsonrpc": "2.0", "method": "foobar", "id": "1"})",
       R"({"jsonrpc": "2.0", "error": {"code": -32601}, "id": "1"})"},
      {R"({"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz])",
       R"({"jsonrpc": "2.0", "error": {"code": -32700}, "id": null})"},
      {R"({"jsonrpc": "2.0", "method": 1, "params": "bar"})",
       R"({"jsonrpc": "2.0", "error": {"code": -32600}, "id": null})"},
      {R"([
        {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
        {"jsonrpc": "2.0", "method"
      ])",
       R"({"jsonrpc": "2.0", "error": {"code": -32700}, "id": null})"},
      {"[]", R"({"jsonrpc": "2.0", "error": {"code": -32600}, "id": null})"},
      {"[1]", R"([{"jsonrpc": "2.0", "error": {"code": -32600}, "id": null}])"},
      {"[1,2,3]", R"([{"jsonrpc": "2.0", "error": {"code": -32600}, "id": null},
                      {"jsonrpc": "2.0", "error": {"code": -32600}, "id": null},
                      {"jsonrpc": "2.0", "error": {"code": -32600}, "id": null}])"},
      {R"([
        {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
        {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
        {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
        {"foo": "boo"},
        {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
        {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
      ])",
       R"([
        {"jsonrpc": "2.0", "result": 7, "id": "1"},
        {"jsonrpc": "2.0", "result": 19, "id": "2"},
        {"jsonrpc": "2.0", "error": {"code": -32600}, "id": null},
        {"jsonrpc": "2.0", "error": {"code": -32601}, "id": "5"},
        {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}
      ])"},
      {R"([
        {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
        {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}
      ])",
       ""},
  };
  REQUIRE(examples.size() == 15);
  for (const auto& [sent, want] : examples) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{10}, std::size_t{100000}}) {
      INFO(sent << ", in pieces of " << piece);
      RpcServerHarness server;
      with_examples(server).feed_in_pieces(sent, piece);
      const std::string got = server.take();
      if (want.empty()) {
        CHECK(got.empty());
        continue;
      }
      REQUIRE(!got.empty());
      CHECK(got.back() == '\n');
      CHECK(without_words(parse(got)) == parse(want));
    }
  }
}

TEST_CASE("2.0: the words of an error", "[json]") {
  CHECK(answer("[]")["error"]["message"] == "Invalid Request");
  CHECK(answer(R"({"jsonrpc":"2.0",)"
               "\"\x01\"}")["error"]["message"] == "Parse error");
  CHECK(answer(R"({"jsonrpc":"2.0","method":"foobar","id":1})")["error"] ==
        parse(R"({"code":-32601,"message":"rpc: service/method request ill-formed: foobar"})"));
  CHECK(answer(R"({"jsonrpc":"2.0","method":"foo.bar","id":1})")["error"] ==
        parse(R"({"code":-32601,"message":"rpc: can't find service foo.bar"})"));
  CHECK(answer(R"({"jsonrpc":"2.0","method":"Arith.Nope","id":1})")["error"] ==
        parse(R"({"code":-32601,"message":"rpc: can't find method Arith.Nope"})"));
  CHECK(answer(R"({"jsonrpc":"2.0","method":"Arith.Divide","id":1})")["error"] ==
        parse(R"({"code":-32000,"message":"divide by zero"})"));
  const nlohmann::json bad_params = answer(R"({"jsonrpc":"2.0","method":"subtract","params":["x"],"id":1})")["error"];
  CHECK(bad_params ==
        parse(R"({"code":-32602,"message":"json: cannot unmarshal string into Go value of type int64"})"));
}

TEST_CASE("2.0: ids come back as written, and others are refused", "[json]") {
  for (const std::string_view id :
       {"1", "-7", "1.50", "1e3", "12345678901234567890", "\"\"", "\"a\\u0041 b\"", "null", "0"}) {
    RpcServerHarness server;
    with_examples(server).feed(R"({"jsonrpc":"2.0","method":"subtract","params":[3,1],"id": )" + std::string(id) + "}");
    CHECK(server.take() == "{\"jsonrpc\":\"2.0\",\"id\":" + std::string(id) + ",\"result\":2}\n");
  }
  for (const std::string_view id : {"true", "false", "[]", "{}", "[1]"}) {
    const nlohmann::json reply =
        answer(R"({"jsonrpc":"2.0","method":"subtract","params":[3,1],"id":)" + std::string(id) + "}");
    CHECK(code_of(reply) == -32600);
    CHECK(reply.at("id") == nullptr);
  }
  // The last of several counts, and it may come late.
  CHECK(answer(R"({"id":1,"jsonrpc":"1.0","method":"x","params":[3,1],"id":2,"method":"subtract","jsonrpc":"2.0"})") ==
        parse(R"({"jsonrpc":"2.0","id":2,"result":2})"));
}

TEST_CASE("2.0: what is no request is answered so", "[json]") {
  const auto id_and_code = [](std::string_view text) {
    const nlohmann::json reply = answer(text);
    return reply.at("id").dump() + " " + std::to_string(code_of(reply));
  };
  CHECK(id_and_code(R"({"jsonrpc":"1.0","method":"subtract","params":[3,1],"id":5})") == "5 -32600");
  CHECK(id_and_code(R"({"jsonrpc":2.0,"method":"subtract","params":[3,1],"id":5})") == "5 -32600");
  CHECK(id_and_code(R"({"jsonrpc":null,"method":"subtract","params":[3,1],"id":5})") == "5 -32600");
  CHECK(id_and_code(R"({"jsonrpc":"2","method":"subtract","params":[3,1],"id":5})") == "5 -32600");
  CHECK(id_and_code(R"({"jsonrpc":"2.0","id":5})") == "5 -32600");
  CHECK(id_and_code(R"({"jsonrpc":"2.0"})") == "null -32600");
  CHECK(id_and_code(R"({"jsonrpc":"2.0","method":null,"id":5})") == "5 -32600");
  CHECK(id_and_code(R"({"jsonrpc":"2.0","method":["subtract"],"id":5})") == "5 -32600");
  CHECK(id_and_code(R"({"jsonrpc":"2.0","method":"subtract","params":"x","id":5})") == "5 -32600");
  CHECK(id_and_code(R"({"jsonrpc":"2.0","method":"subtract","params":null,"id":5})") == "5 -32600");
  CHECK(id_and_code(R"({"jsonrpc":"2.0","method":"subtract","params":7,"id":5})") == "5 -32600");
  CHECK(id_and_code(R"({"jsonrpc":"2.0","method":"subtract","params":"x"})") == "null -32600");
  // Names are exact in this version.
  CHECK(id_and_code(R"({"jsonrpc":"2.0","Method":"subtract","id":5})") == "5 -32600");
  // No jsonrpc member is version 1.0, which is answered in its own form.
  CHECK(answer(R"({"method":"Arith.Multiply","params":[{"A":7,"B":8}],"id":5})") ==
        parse(R"({"id":5,"result":56,"error":null})"));
  // Unknown members do no harm.
  CHECK(answer(R"({"jsonrpc":"2.0","method":"subtract","params":[3,1],"id":5,"extra":{"id":6},"Params":7})") ==
        parse(R"({"jsonrpc":"2.0","id":5,"result":2})"));
}

TEST_CASE("2.0: scalars and broken text, by what the connection has said before", "[json]") {
  constexpr std::string_view call = R"({"jsonrpc":"2.0","method":"subtract","params":[3,1],"id":5})";
  for (const std::string_view scalar : {"5 ", "\"x\"", "true", "null"}) {
    RpcServerHarness server;
    with_examples(server).feed(call);
    server.take();
    REQUIRE(server.feed(scalar));
    const nlohmann::json reply = parse(server.take());
    CHECK(code_of(reply) == -32600);
    CHECK(reply.at("id") == nullptr);
    REQUIRE(server.feed(call));  // and it goes on
    CHECK(parse(server.take()).at("result") == 2);
  }
  for (const std::string_view broken : {"hello", "{id:1}", "[1,", "{\"a\" 1}"}) {
    RpcServerHarness server;
    with_examples(server).feed(call);
    server.take();
    const bool alive = server.feed(broken);
    if (broken == "[1,") {
      CHECK(alive);
      continue;
    }
    CHECK(!alive);
    const nlohmann::json reply = parse(server.take());
    CHECK(code_of(reply) == -32700);
    CHECK(reply.at("id") == nullptr);
    CHECK(!server.feed(call));
  }
  // Told beforehand which version to take for granted.
  json::Options options;
  options.undecided = json::Version::v2;
  CHECK(code_of(answer("5 ", options)) == -32600);
  CHECK(code_of(answer("null", options)) == -32600);
  CHECK(code_of(answer("hello", options)) == -32700);
  CHECK(code_of(answer("{id:1}", options)) == -32700);
  CHECK(answer("5 ").is_null());
  CHECK(answer("hello").is_null());
  // The text itself says it.
  CHECK(code_of(answer(R"({"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz])")) == -32700);
  CHECK(code_of(answer("[{\"a\" 1}]")) == -32700);
  CHECK(code_of(answer("[1;2]")) == -32700);
  CHECK(code_of(answer("[1 2]")) == -32700);
  CHECK(code_of(answer("[,1]")) == -32700);
  CHECK(code_of(answer("[1,]")) == -32700);
}

TEST_CASE("2.0: the last words to broken text are the same in all pieces that it may come in", "[json]") {
  CodecLimits limits;
  limits.message_bytes = 100;
  const std::string filling(80, 'x');
  struct Row {
    std::string text;
    std::string message;
  };
  const std::string too_long = "jsonrpc: a message of more than 100 bytes";
  const std::vector<Row> rows = {
      {R"({"jsonrpc":"2.0",!})", "json: unexpected '!' at byte 17"},
      // What stands behind the fault is not read.
      {R"({"method":"foobar, "jsonrpc": "2.0"})", ""},
      {R"({!,"jsonrpc":"2.0"})", ""},
      {R"(5 {"jsonrpc":"2.0"})", ""},
      {R"({"jsonrpc" 5})", ""},
      // The words alone are no member.
      {R"("jsonrpc" )", ""},
      {R"({"id":"\"jsonrpc\"",!})", ""},
      // Nor is read what is too long.
      {R"({"x":")" + filling + R"(","jsonrpc":"2.0"})", ""},
      {R"({"jsonrpc":"2.0","x":")" + filling + R"(",!})", too_long},
      {R"({"jsonrpc":"2.0","x":")" + filling.substr(6) + R"(":trux})", "json: unexpected ':' at byte 97"},
      {R"({"jsonrpc":"2.0","y":")" + filling.substr(8) + R"(","":trux})", too_long},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {1u, 2u, 7u, 50u, 1000u}) {
      INFO(row.text << " in pieces of " << piece);
      RpcServerHarness server({}, limits);
      CHECK(!server.feed_in_pieces(row.text, piece));
      const std::string said = server.take();
      CHECK(said.empty() == row.message.empty());
      if (!said.empty()) CHECK_THAT(said, contains("\"message\":\"" + row.message + "\""));
    }
  }
}

TEST_CASE("2.0: text that ends too early is told when the connection ends", "[json]") {
  const auto farewell = [](std::string_view text, const json::Options& options = {}) {
    RpcServerHarness server(options);
    REQUIRE(with_examples(server).feed(text));
    server.codec().write_farewell(Status::invalid_argument("json: unexpected end of text"), server.output());
    return server.take();
  };
  CHECK(code_of(parse(farewell(R"({"jsonrpc":"2.0","method":"subtract","par)"))) == -32700);
  CHECK(code_of(parse(farewell(R"([{"jsonrpc":"2.0","method":"subtract"})"))) == -32700);
  CHECK(farewell(R"({"method":"subtract","par)").empty());
  CHECK(farewell("").empty());
  CHECK(farewell("\r\n").empty());
  json::Options options;
  options.undecided = json::Version::v2;
  CHECK(code_of(parse(farewell(R"({"method":"subtract","par)", options))) == -32700);
  CHECK(farewell("", options).empty());
}

TEST_CASE("2.0: notifications are never answered", "[json]") {
  for (const std::string_view text :
       {R"({"jsonrpc":"2.0","method":"subtract","params":[3,1]})",
        R"({"jsonrpc":"2.0","method":"subtract","params":["x"]})", R"({"jsonrpc":"2.0","method":"nope"})",
        R"({"jsonrpc":"2.0","method":"Arith.Divide","params":[1,0]})",
        R"({"jsonrpc":"2.0","method":"subtract","polyrpc":{"timeout_ns":"x"}})",
        R"([{"jsonrpc":"2.0","method":"nope"},{"jsonrpc":"2.0","method":"subtract","params":[]}])"})
    CHECK(answer(text).is_null());
  RpcServerHarness server;
  with_examples(server).feed(R"({"jsonrpc":"2.0","method":"update","params":[1]})");
  CHECK(server.seen() == std::vector<std::string>{"update"});
  CHECK(server.tags() == std::vector<CallTag>{CallTag()});
}

TEST_CASE("2.0: batches", "[json]") {
  const auto call = [](std::string_view method, std::string_view id) {
    return R"({"jsonrpc":"2.0","method":")" + std::string(method) + R"(","params":[3,1],"id":)" + std::string(id) + "}";
  };
  // The same id twice, both answered.
  CHECK(answer("[" + call("subtract", "1") + "," + call("subtract", "1") + "]") ==
        parse(R"([{"jsonrpc":"2.0","id":1,"result":2},{"jsonrpc":"2.0","id":1,"result":2}])"));
  // A batch in a batch is no request.
  CHECK(without_words(answer("[[" + call("subtract", "1") + "]]")) ==
        parse(R"([{"jsonrpc":"2.0","id":null,"error":{"code":-32600}}])"));
  CHECK(without_words(answer("[[],{},null," + call("subtract", "1") + "]")).size() == 4);
  // An error in one leaves the others alone.
  CHECK(without_words(
            answer("[" + call("Arith.Divide", "1") + "," + call("subtract", "2") + "," + call("nope", "3") + "]")) ==
        parse(R"([{"jsonrpc":"2.0","id":1,"result":{"Quo":3,"Rem":0}},{"jsonrpc":"2.0","id":2,"result":2},)"
              R"({"jsonrpc":"2.0","id":3,"error":{"code":-32601}}])"));
  // 1.0 has no batches.
  CHECK(without_words(answer(R"([{"method":"Arith.Multiply","params":[{}],"id":1}])")) ==
        parse(R"([{"jsonrpc":"2.0","id":1,"error":{"code":-32600}}])"));
  // What follows a batch, and what stood before it, is served too.
  RpcServerHarness server;
  with_examples(server).feed(call("subtract", "1") + "[" + call("subtract", "2") + "]" + call("subtract", "3"));
  CHECK(server.take() ==
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":2}\n"
        "[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":2}]\n"
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":2}\n");
}

TEST_CASE("2.0: a batch is answered when its last reply is there, others meanwhile", "[json]") {
  const auto sleep = [](int milliseconds, int id) {
    return R"({"jsonrpc":"2.0","method":"Arith.Sleep","params":[)" + std::to_string(milliseconds) + R"(],"id":)" +
           std::to_string(id) + "}";
  };
  RpcServerHarness server;
  const std::string quick = R"({"jsonrpc":"2.0","method":"Arith.Multiply","params":[2,3],"id":9})";
  REQUIRE(server.feed("[" + sleep(30, 1) + "," + quick + "," + sleep(10, 2) + "][" + sleep(20, 3) + "," + sleep(5, 4) +
                      "]" + quick));
  CHECK(server.output().text() == "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":6}\n");
  CHECK(server.take() ==
        "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":6}\n"
        "[{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":5},{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":20}]\n"
        "[{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":6},{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":10},"
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":30}]\n");
}

TEST_CASE("2.0: a reply in a batch that cannot be sent becomes an error", "[json]") {
  RpcServerHarness server;
  server.add<Nothing, double>("Nan", [](const Nothing&, double& reply) {
    reply = std::numeric_limits<double>::quiet_NaN();
    return Status();
  });
  with_examples(server).feed(
      R"([{"jsonrpc":"2.0","method":"Nan","id":1},{"jsonrpc":"2.0","method":"subtract","id":2}])");
  CHECK(server.take() ==
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32603,\"message\":\"json: unsupported value: NaN\"}},"
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":0}]\n");
}

TEST_CASE("2.0: params by position and by name, for every form of argument", "[json]") {
  RpcServerHarness server;
  const auto echo = [&server]<class T>(const std::string& name, const T&) {
    server.add<T, T>(name, [](const T& args, T& reply) {
      reply = args;
      return Status();
    });
  };
  echo("operands", Operands());
  echo("nested", Nested());
  echo("list", std::vector<int>());
  echo("lists", std::vector<std::vector<int>>());
  echo("array", std::array<int, 2>());
  echo("tuple", std::tuple<int, std::string>());
  echo("map", std::map<std::string, int>());
  echo("int", int());
  echo("text", std::string());
  echo("maybe", std::optional<Operands>());
  echo("maybe_int", std::optional<int>());
  echo("variant", std::variant<int, std::vector<int>, Operands>());
  echo("nothing", Nothing());
  echo("any", nlohmann::json());
  struct Row {
    std::string_view method;
    std::string_view params;
    std::string_view result;  // empty: -32602
  };
  const std::vector<Row> rows = {
      {"operands", "[1,2]", R"({"minuend":1,"subtrahend":2})"},
      {"operands", "[1]", R"({"minuend":1,"subtrahend":0})"},
      {"operands", "[]", R"({"minuend":0,"subtrahend":0})"},
      {"operands", "", R"({"minuend":0,"subtrahend":0})"},
      {"operands", "{}", R"({"minuend":0,"subtrahend":0})"},
      {"operands", R"({"subtrahend":2,"minuend":1})", R"({"minuend":1,"subtrahend":2})"},
      {"operands", R"([{"minuend":1,"subtrahend":2}])", R"({"minuend":1,"subtrahend":2})"},  // as Go's clients do
      {"operands", "[null,2]", R"({"minuend":0,"subtrahend":2})"},
      {"operands", "[1,2,3]", ""},
      {"operands", R"([{"minuend":1},2])", ""},
      {"operands", R"(["1",2])", ""},
      {"operands", R"({"minuend":"1"})", ""},
      // The first field is a struct itself, so a lone object is that field.
      {"nested", R"([{"minuend":1},"x"])", R"({"inner":{"minuend":1,"subtrahend":0},"label":"x"})"},
      {"nested", R"([{"minuend":1}])", R"({"inner":{"minuend":1,"subtrahend":0},"label":""})"},
      {"nested", R"({"inner":{"minuend":1},"label":"x"})", R"({"inner":{"minuend":1,"subtrahend":0},"label":"x"})"},
      {"list", "[1,2,3]", "[1,2,3]"},
      {"list", "[[1,2,3]]", "[1,2,3]"},
      {"list", "[[]]", "[]"},
      {"list", "[]", "[]"},
      {"list", "", "[]"},
      {"list", "[[1],[2]]", ""},
      {"list", R"({"a":1})", ""},
      {"lists", "[[1,2],[3]]", "[[1,2],[3]]"},
      {"lists", "[[1,2]]", "[[1,2]]"},
      {"array", "[1,2]", "[1,2]"},
      {"array", "[[1,2]]", "[1,2]"},
      {"array", "[5]", "[5,0]"},
      {"tuple", R"([1,"a"])", R"([1,"a"])"},
      {"tuple", R"([[1,"a"]])", R"([1,"a"])"},
      {"tuple", R"([1,"a",2])", ""},
      {"map", R"({"a":1})", R"({"a":1})"},
      {"map", R"([{"a":1}])", R"({"a":1})"},
      {"map", R"([1])", ""},
      {"int", "[5]", "5"},
      {"int", "[]", "0"},
      {"int", "[5,6]", ""},
      {"int", R"({"a":5})", ""},
      {"text", R"(["x"])", "\"x\""},
      {"maybe", "[1,2]", R"({"minuend":1,"subtrahend":2})"},
      {"maybe", R"({"minuend":1})", R"({"minuend":1,"subtrahend":0})"},
      {"maybe", "", "null"},
      {"maybe_int", "[5]", "5"},
      {"maybe_int", "[null]", "null"},
      {"maybe_int", "[1,2]", ""},
      {"variant", "[5]", "5"},
      {"variant", "[[1,2]]", "[1,2]"},
      {"variant", "[1,2]", "[1,2]"},
      {"variant", R"({"minuend":1})", R"({"minuend":1,"subtrahend":0})"},
      {"nothing", "", "{}"},
      {"nothing", "[]", "{}"},
      {"nothing", "{}", "{}"},
      {"nothing", "[{}]", "{}"},
      {"nothing", R"({"a":1})", "{}"},
      {"any", "[1,{\"a\":2}]", "[1,{\"a\":2}]"},
      {"any", R"({"a":[1]})", R"({"a":[1]})"},
      {"any", "", "null"},
  };
  for (const auto& [method, params, result] : rows) {
    INFO(method << " " << params);
    std::string request = R"({"jsonrpc":"2.0","id":1,"method":")" + std::string(method) + "\"";
    if (!params.empty()) request += ",\"params\":" + std::string(params);
    REQUIRE(server.feed(request + "}"));
    const nlohmann::json reply = parse(server.take());
    if (result.empty())
      CHECK(code_of(reply) == -32602);
    else
      CHECK(reply == nlohmann::json{{"jsonrpc", "2.0"}, {"id", 1}, {"result", parse(result)}});
  }
}

TEST_CASE("2.0: field names are exact unless it is wanted otherwise", "[json]") {
  constexpr std::string_view text =
      R"({"jsonrpc":"2.0","method":"subtract","params":{"Minuend":3,"SUBTRAHEND":1},"id":1})";
  CHECK(answer(text)["result"] == 0);
  json::Options options;
  options.case_insensitive_fields = true;
  CHECK(answer(text, options)["result"] == 2);
  options = {};
  options.unknown_fields = json::UnknownFields::refused;
  CHECK(code_of(answer(text, options)) == -32602);
}

TEST_CASE("2.0: every status has a code, and one of ours its name and details too", "[json]") {
  const auto error_of = [](const Status& status) {
    RpcServerHarness server;
    server.add<Nothing, Nothing>("Fail", [&](const Nothing&, Nothing&) { return status; });
    server.feed(R"({"jsonrpc":"2.0","method":"Fail","id":1})");
    const nlohmann::json reply = parse(server.take());
    CHECK(!reply.contains("result"));
    return reply.at("error");
  };
  CHECK(error_of(Status::unknown("m")) == parse(R"({"code":-32000,"message":"m"})"));
  CHECK(error_of(Status::internal("m")) == parse(R"({"code":-32603,"message":"m"})"));
  CHECK(error_of(Status::invalid_argument("m")) == parse(R"({"code":-32602,"message":"m"})"));
  CHECK(error_of(Status::cancelled("m")) == parse(R"({"code":-32001,"message":"m","data":{"code":"cancelled"}})"));
  CHECK(error_of(Status::deadline_exceeded("m")) ==
        parse(R"({"code":-32004,"message":"m","data":{"code":"deadline_exceeded"}})"));
  CHECK(error_of(Status::not_found("m")) == parse(R"({"code":-32005,"message":"m","data":{"code":"not_found"}})"));
  CHECK(error_of(Status::already_exists("m"))["code"] == -32006);
  CHECK(error_of(Status::permission_denied("m"))["code"] == -32007);
  CHECK(error_of(Status::resource_exhausted("m"))["code"] == -32008);
  CHECK(error_of(Status::failed_precondition("m"))["code"] == -32009);
  CHECK(error_of(Status::aborted("m"))["code"] == -32010);
  CHECK(error_of(Status::out_of_range("m"))["code"] == -32011);
  CHECK(error_of(Status::unimplemented("not yet")) ==
        parse(R"({"code":-32012,"message":"not yet","data":{"code":"unimplemented"}})"));
  CHECK(error_of(Status::unavailable("m"))["code"] == -32014);
  CHECK(error_of(Status::data_loss("m"))["code"] == -32015);
  CHECK(error_of(Status::unauthenticated("m"))["code"] == -32016);
  Status detailed = Status::unknown("m");
  detailed.add_detail({"type.example/x", "\x01\x02"});
  CHECK(error_of(detailed) == parse(R"({"code":-32000,"message":"m","data":{"code":"unknown",)"
                                    R"("details":[{"type":"type.example/x","value":"AQI="}]}})"));
  // A code and data of the application's own.
  Status own = Status::failed_precondition("m");
  json::attach_error_object(own, {-7, R"({"a":[1]})"});
  CHECK(error_of(own) == parse(R"({"code":-7,"message":"m","data":{"a":[1]}})"));
  Status no_data = Status::unknown("m");
  json::attach_error_object(no_data, {42, ""});
  CHECK(error_of(no_data) == parse(R"({"code":42,"message":"m"})"));
  Status not_json = Status::unknown("m");
  json::attach_error_object(not_json, {42, "{\"a"});
  CHECK(error_of(not_json) == parse(R"({"code":42,"message":"m","data":"{\"a"})"));
  CHECK(json::error_object(own) == json::ErrorObject{-7, R"({"a":[1]})"});
  CHECK(!json::error_object(Status::unknown("m")));
  Status fine;
  json::attach_error_object(fine, {1, ""});
  CHECK(fine.ok());
}

TEST_CASE("2.0: a wish to cancel names a call by its id", "[json]") {
  RpcServerHarness server;
  REQUIRE(server.feed(R"({"jsonrpc":"2.0","method":"Arith.Sleep","params":[5],"id":"a"})"));
  REQUIRE(server.feed(R"([{"jsonrpc":"2.0","method":"Arith.Sleep","params":[5],"id":7}])"));
  REQUIRE(server.feed(R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"a"}})"
                      R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":7}})"
                      R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":[{"id":8}]})"));
  REQUIRE(server.cancels().size() == 3);
  REQUIRE(server.tags().size() == 2);
  CHECK(server.cancels()[0] == server.tags()[0]);
  CHECK(server.cancels()[1] == server.tags()[1]);
  CHECK(server.cancels()[2].text == "8");
  CHECK(server.output().empty());
}

TEST_CASE("2.0: metadata and trailers travel in a member of our own", "[json]") {
  RpcServerHarness server;
  server.headers().add("h", "1");
  server.headers().add("g", "2");
  server.headers().add("h", "3");
  server.trailers().add("t-bin", std::string("\x00\xFF", 2));
  const std::string call = R"({"jsonrpc":"2.0","method":"Arith.Multiply","params":[2,3],"id":1)";
  REQUIRE(server.feed(call + "}"));
  CHECK(server.take() == "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":6}\n");
  REQUIRE(server.feed(call + R"(,"polyrpc":{}})"));
  CHECK(server.take() ==
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":6,\"polyrpc\":{\"metadata\":{\"h\":[\"1\",\"3\"],\"g\":[\"2\"]},"
        "\"trailers\":{\"t-bin\":[\"AP8=\"]}}}\n");
  REQUIRE(server.feed(R"({"jsonrpc":"2.0","method":"Arith.Divide","params":[2,0],"id":1})"));
  CHECK_THAT(server.take(), contains("\"polyrpc\":{\"metadata\""));
}

TEST_CASE("2.0: a notification that is dropped leaves nothing behind for the call after it", "[json]") {
  const std::string dropped =
      R"({"jsonrpc":"2.0","method":"x","polyrpc":{"timeout_ns":5,"metadata":{"k":["v"],"l":7}}})";
  const std::string call = R"({"jsonrpc":"2.0","id":1,"method":"Look.At"})";
  for (const std::string& text : {dropped + call, "[" + dropped + "," + call + "]"}) {
    RpcServerHarness server;
    int calls = 0;
    server.add_raw("Look.At", [&](RpcServerHarness&, const IncomingRequest& request) {
      ++calls;
      CHECK(request.head.metadata.empty());
      CHECK_FALSE(request.head.timeout.has_value());
    });
    REQUIRE(server.feed(text));
    CHECK(calls == 1);
    CHECK(server.seen() == std::vector<std::string>{"Look.At"});
  }
}

TEST_CASE("2.0: a server speaks both versions on one connection", "[json]") {
  RpcServerHarness server;
  REQUIRE(server.feed(R"({"jsonrpc":"2.0","method":"Arith.Multiply","params":[2,3],"id":1})"
                      R"({"method":"Arith.Multiply","params":[{"A":2,"B":4}],"id":1})"
                      R"({"jsonrpc":"2.0","method":"Arith.Multiply","params":[2,5],"id":1})"));
  CHECK(server.take() ==
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":6}\n{\"id\":1,\"result\":8,\"error\":null}\n"
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":10}\n");
}

}  // namespace polyrpc::test
