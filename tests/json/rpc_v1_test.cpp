#include "rpc_harness.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

// JSON-RPC 1.0 beyond what Go's recorded conversations in golden_test.cpp show.
namespace polyrpc::test {

namespace {

std::string answer(std::string_view text, const json::Options& options = {}) {
  RpcServerHarness server(options);
  server.feed(text);
  return server.take() + (server.ended() ? "(closed)" : "");
}

constexpr std::string_view good = R"({"method":"Arith.Multiply","params":[{"A":7,"B":8}],"id":1})";
constexpr std::string_view good_reply = "{\"id\":1,\"result\":56,\"error\":null}\n";

}  // namespace

TEST_CASE("1.0: members come in any order, late and twice", "[json]") {
  CHECK(answer(R"({"id":1,"params":[{"A":7,"B":8}],"method":"Arith.Multiply"})") == good_reply);
  CHECK(answer(R"({"params":[],"method":"x.y","id":9,"id":1,"params":[{"A":7,"B":8}],"method":"Arith.Multiply"})") ==
        good_reply);
  CHECK(answer(R"({"method":"Arith.Multiply","Params":[1],"PARAMS":[{"A":7,"B":8}],"Id":2,"id":1})") == good_reply);
  CHECK(answer(R"({"\u006dethod":"Arith.Multiply","par\u0061ms":[{"A":7,"B":8}],"\u0069d":1})") == good_reply);
  CHECK(answer(R"({"method":"Arith\u002eMultiply","params":[{"A":7,"B":8}],"id":1})") == good_reply);
  CHECK(answer(R"({"method":null,"params":[],"id":1})") ==
        "{\"id\":1,\"result\":null,\"error\":\"rpc: service/method request ill-formed: \"}\n");
  CHECK(
      answer(
          R"({"x":{"method":"y","id":7},"z":[{"id":8}],"method":"Arith.Multiply","params":[{"A":7,"B":8}],"id":1})") ==
      good_reply);
}

TEST_CASE("1.0: an id of any kind comes back as it was written, without the spaces between tokens", "[json]") {
  for (const std::string_view id :
       {"1", "-1", "1.50", "1e2", "123456789012345678901234567890", "\"a b\"", "\"\"", "\"\\u0041\\n\"", "null", "true",
        "false", "[]", "{}", "[1,\"a b\",{\"c\":null}]"}) {
    const std::string request =
        R"({"method":"Arith.Multiply","params":[{"A":7,"B":8}],"id": )" + std::string(id) + " }";
    CHECK(answer(request) == "{\"id\":" + std::string(id) + ",\"result\":56,\"error\":null}\n");
  }
  CHECK(answer("{\"method\":\"Arith.Multiply\",\"params\":[{}],\"id\":\n[ 1 ,\t{ \"a b\" : \"c \\\" d\" } ] }") ==
        "{\"id\":[1,{\"a b\":\"c \\\" d\"}],\"result\":0,\"error\":null}\n");
}

TEST_CASE("1.0: params that are not a list are the call's error", "[json]") {
  for (const auto& [params, what] : {std::pair<std::string, std::string>{"1", "number"},
                                     {"\"x\"", "string"},
                                     {"true", "bool"},
                                     {"{\"A\":1}", "object"}}) {
    CHECK(answer(R"({"method":"Arith.Multiply","id":1,"params":)" + params + "}") ==
          "{\"id\":1,\"result\":null,\"error\":\"json: cannot unmarshal " + what +
              " into Go value of type [1]interface {}\"}\n");
  }
  // A name that is not there comes before params that are wrong.
  CHECK(answer(R"({"method":"Arith.Nope","id":1})") ==
        "{\"id\":1,\"result\":null,\"error\":\"rpc: can't find method Arith.Nope\"}\n");
}

TEST_CASE("1.0: what is no request ends the connection without a word", "[json]") {
  for (const std::string_view text : {"5 ", "\"x\"", "true", "{id:1}", "hello", "{\"method\":1}", "{\"method\":{}}",
                                      "{\"method\":\"a\" \"b\"}", "}", "{\"a\":\"\xFF\"}", "\x01"})
    CHECK(answer(text) == "(closed)");
  CHECK(answer(std::string(good) + "{{") == std::string(good_reply) + "(closed)");
  // More bytes may come: a half request, a number that may go on.
  for (const std::string_view text : {"{", "{\"method\":\"Arith.Mul", "5", "-", "tru", "\"x"})
    CHECK(answer(text).empty());
}

TEST_CASE("1.0: after a call's error the connection goes on", "[json]") {
  const std::vector<std::string> bad = {R"({"method":"Nope.X","params":[1],"id":5})",
                                        R"({"method":"Arith.Multiply","params":["x"],"id":5})",
                                        R"({"method":"Arith.Multiply","id":5})", "null", "{}"};
  for (const std::string& text : bad) {
    RpcServerHarness server;
    REQUIRE(server.feed(text + " "));
    CHECK_THAT(server.take(), contains("\"result\":null,\"error\":\""));
    REQUIRE(server.feed(good));
    CHECK(server.take() == good_reply);
  }
}

TEST_CASE("1.0: a reply that cannot be sent becomes an error", "[json]") {
  RpcServerHarness server;
  server.add<Nothing, double>("Arith.Nan", [](const Nothing&, double& reply) {
    reply = std::numeric_limits<double>::quiet_NaN();
    return Status();
  });
  REQUIRE(server.feed(R"({"method":"Arith.Nan","params":[{}],"id":1})"));
  CHECK(server.take() == "{\"id\":1,\"result\":null,\"error\":\"json: unsupported value: NaN\"}\n");
}

TEST_CASE("1.0: bytes of a request stay until the next is cut, spaces after it do not", "[json]") {
  RpcServerHarness server;
  server.add_raw("View.Text", [](RpcServerHarness& harness, const IncomingRequest& request) {
    std::string_view text;
    REQUIRE(request.body->decode(message_slot(text)).ok());
    CHECK(harness.input().text().find(text) != std::string_view::npos);  // borrowed from the input itself
    CHECK(text.data() > harness.input().text().data());
    CHECK(text.data() < harness.input().text().data() + harness.input().size());
    // Decoding does not use the body up.
    std::string again;
    REQUIRE(request.body->decode(message_slot(again)).ok());
    CHECK(again == text);
    harness.reply(request.head.tag, "View.Text", {}, message_ref(text));
  });
  REQUIRE(server.feed(R"({"method":"View.Text","params":["as it stands"],"id":1})"
                      "\r\n\t "));
  CHECK(server.take() == "{\"id\":1,\"result\":\"as it stands\",\"error\":null}\n");
  CHECK(server.input().empty());
}

TEST_CASE("1.0: a string with escapes is borrowed from the codec's scratch", "[json]") {
  RpcServerHarness server;
  server.add<std::vector<std::string_view>, std::string>(
      "View.Join", [](const std::vector<std::string_view>& texts, std::string& reply) {
        for (const std::string_view text : texts) reply += text;
        return Status();
      });
  REQUIRE(server.feed(R"({"method":"View.Join","params":[["a\n","\u0041","b"]],"id":1})"));
  CHECK(server.take() == "{\"id\":1,\"result\":\"a\\nAb\",\"error\":null}\n");
}

TEST_CASE("1.0: deadline, metadata and status travel in a member of our own", "[json]") {
  RpcServerHarness server;
  std::optional<std::chrono::nanoseconds> timeout;
  Metadata metadata;
  server.add_raw("Ext.Call", [&](RpcServerHarness& harness, const IncomingRequest& request) {
    timeout = request.head.timeout;
    metadata = request.head.metadata;
    harness.reply(request.head.tag, "Ext.Call", {}, message_ref(true));
  });
  server.add_raw("Ext.Fail", [](RpcServerHarness& harness, const IncomingRequest& request) {
    Status status = Status::not_found("no such user");
    status.add_detail({"type.example/x", "\x01\x02"});
    harness.reply(request.head.tag, "Ext.Fail", status, {});
  });
  server.headers().add("h", "1");
  server.trailers().add("t", "2");

  // A peer that has not used the member never sees it.
  REQUIRE(server.feed(R"({"method":"Ext.Call","params":[],"id":1}{"method":"Ext.Fail","params":[],"id":2})"));
  CHECK(server.take() ==
        "{\"id\":1,\"result\":true,\"error\":null}\n{\"id\":2,\"result\":null,\"error\":\"no such user\"}\n");

  REQUIRE(server.feed(R"({"method":"Ext.Call","params":[],"id":3,"polyrpc":{"timeout_ns":1500,)"
                      R"("metadata":{"Key":["a","b"],"one":"c","x-bin":["AQI=","AQI"]},"other":[{}]}})"));
  CHECK(timeout == std::chrono::nanoseconds(1500));
  CHECK(metadata == Metadata{{"key", "a"}, {"key", "b"}, {"one", "c"}, {"x-bin", "\x01\x02"}, {"x-bin", "\x01\x02"}});
  CHECK(server.take() ==
        "{\"id\":3,\"result\":true,\"error\":null,\"polyrpc\":{\"metadata\":{\"h\":[\"1\"]},\"trailers\":{\"t\":[\"2\"]"
        "}}}\n");
  server.headers().clear();
  server.trailers().clear();
  REQUIRE(server.feed(R"({"method":"Ext.Fail","params":[],"id":4})"));
  CHECK(server.take() ==
        "{\"id\":4,\"result\":null,\"error\":\"no such user\",\"polyrpc\":{\"code\":\"not_found\","
        "\"details\":[{\"type\":\"type.example/x\",\"value\":\"AQI=\"}]}}\n");
  REQUIRE(server.feed(R"({"method":"Ext.Call","params":[],"id":5})"));
  CHECK(server.take() == "{\"id\":5,\"result\":true,\"error\":null}\n");
  CHECK(!timeout);
  CHECK(metadata.empty());

  // Said in reply to the first use, so that the peer knows that it may cancel.
  RpcServerHarness fresh;
  REQUIRE(fresh.feed(R"({"method":"Arith.Multiply","params":[{"A":7,"B":8}],"id":1,"polyrpc":{"timeout_ns":5}})"));
  CHECK(fresh.take() == "{\"id\":1,\"result\":56,\"error\":null,\"polyrpc\":{}}\n");
  REQUIRE(fresh.feed(good));
  CHECK(fresh.take() == good_reply);
}

TEST_CASE("1.0: a member of our own that is wrong is the call's error", "[json]") {
  const auto with = [](std::string_view extension) {
    return answer(R"({"method":"Arith.Multiply","params":[{"A":7,"B":8}],"id":1,"polyrpc":)" + std::string(extension) +
                  "}");
  };
  CHECK_THAT(with(R"({"timeout_ns":"5"})"), contains("\"error\":\"jsonrpc: the timeout is not an integer\""));
  CHECK_THAT(with(R"({"timeout_ns":1.5})"), contains("\"error\":\"jsonrpc: the timeout is not an integer\""));
  CHECK_THAT(with(R"({"metadata":[]})"), contains("\"error\":\"jsonrpc: metadata is not an object\""));
  CHECK_THAT(with(R"({"metadata":{"a":[1]}})"), contains("\"error\":\"jsonrpc: metadata has a value"));
  CHECK_THAT(with(R"({"metadata":{"a":{}}})"), contains("\"error\":\"jsonrpc: metadata has a value"));
  CHECK_THAT(with(R"({"metadata":{"a-bin":["*"]}})"), contains("\"error\":\"jsonrpc: binary metadata is not base64"));
  CHECK_THAT(with(R"({"metadata":{"a b":["c"]}})"), contains("\"error\":\"polyrpc: metadata key"));
  CHECK_THAT(with(R"({"metadata":{"a":["\n"]}})"), contains("\"error\":\"polyrpc: the value of metadata key"));
  CHECK_THAT(with(R"({"metadata":{"a":")" + std::string(20000, 'x') + "\"}}"), contains("bytes of metadata"));
  CHECK_THAT(with(R"({"timeout_ns":-5})"), contains("\"result\":56"));
  // Not an object: somebody else's member of that name.
  CHECK(with("true") == good_reply);
  CHECK(with("null") == good_reply);
}

TEST_CASE("1.0: a wish to cancel has no id, and no answer", "[json]") {
  RpcServerHarness server;
  REQUIRE(server.feed(R"({"method":"$/cancelRequest","params":[{"id": "x"}],"id":null})"));
  REQUIRE(server.cancels().size() == 1);
  CHECK(server.cancels()[0].text == "\"x\"");
  CHECK(server.cancels()[0].number == 0);
  CHECK(server.take().empty());
  // What names no call is dropped.
  REQUIRE(server.feed(R"({"method":"$/cancelRequest","params":[{}],"id":null}{"method":"$/cancelRequest","params":[]})"
                      R"({"method":"$/cancelRequest"}{"method":"$/cancelRequest","params":5})"));
  CHECK(server.cancels().size() == 1);
  CHECK(server.take().empty());
  // With an id it is an ordinary call.
  REQUIRE(server.feed(R"({"method":"$/cancelRequest","params":[{"id":1}],"id":7})"));
  CHECK(server.cancels().size() == 1);
  CHECK(server.take() ==
        "{\"id\":7,\"result\":null,\"error\":\"rpc: service/method request ill-formed: $/cancelRequest\"}\n");
}

TEST_CASE("a connection that starts with JSON is known by its first two characters", "[json]") {
  const auto codec = json::rpc();
  const auto match = [&](std::string_view text) { return codec->matches(as_bytes(text)); };
  for (const std::string_view yes : {"{\"", "{}", "{ \"", "{\r\n\t\"", "[{", "[ {", "[]", "[1", "[\"", "[[", "[-", "[t",
                                     "[n", "[f", " {\"", "\n\n[ ]", "\t{ }"})
    CHECK(match(yes) == Match::yes);
  for (const std::string_view more : {"", "{", "[", " ", "\r\n", "{ ", "[\n", " {", " [ \t"})
    CHECK(match(more) == Match::more);
  for (const std::string_view no :
       {"{i",     "{\x7f", "{\xff\x81", "[\x7f", "[\xff",  " \x7f",  "\n\x7f",       "\r\xff",
        "\t\x7f", "5",     "null",      "\"",    "GET /",  "PRI *",  "\x16\x03\x01", "{\x08",
        "[\x12",  "{{",    "[}",        "{1",    "\n\x08", "\n\x12", "{\n\x0a\x08",  "7\x7f"})
    CHECK(match(no) == Match::no);
}

}  // namespace polyrpc::test
