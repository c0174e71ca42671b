#include "rpc_harness.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace polyrpc::test {

namespace {

json::Options v1() {
  json::Options options;
  options.version = json::Version::v1;
  return options;
}

/// One client's end: what it writes, and what it makes of replies.
class Client {
 public:
  explicit Client(const json::Options& options = {}, const CodecLimits& limits = {})
      : codec(json::rpc(options)->client(limits)) {}

  template <class T>
  std::string request(std::string_view method, const T& args) {
    head.method = method;
    const Status status = codec->write_request(head, message_ref(args), output);
    std::string text = status.ok() ? std::string(output.text()) : status.to_string();
    output.clear();
    return text;
  }

  /// What the next reply says: `call 3: 56`, `call 3: not_found: ...`, `more`, or `failed: ...`.
  template <class T = std::int64_t>
  std::string reply(std::string_view text = {}) {
    input.append(text);
    const Result<bool> cut = codec->next_reply(input, incoming);
    if (!cut.ok()) return "failed: " + cut.status().to_string();
    if (!*cut) return "more";
    CHECK(incoming.status.ok() == (incoming.body != nullptr));
    std::string result = "call " + std::to_string(incoming.call) + ": ";
    Status status = incoming.status;
    T value{};
    if (status.ok()) status = incoming.body->decode(message_slot(value));
    if (!status.ok()) return result + status.to_string();
    ByteQueue out;
    CHECK(json::encode(value, out).ok());
    return result + std::string(out.text());
  }

  std::unique_ptr<ClientCodec> codec;
  RequestHead head;
  ByteQueue input;
  ByteQueue output;
  IncomingReply incoming;
};

struct Wrapper {
  Args args;
};
POLYRPC_DESCRIBE(Wrapper, (args, "Args"));

}  // namespace

TEST_CASE("requests of version 1.0 are Go's", "[json]") {
  Client client(v1());
  CHECK(client.request("Arith.Multiply", Args{7, 8}) ==
        "{\"method\":\"Arith.Multiply\",\"params\":[{\"A\":7,\"B\":8}],\"id\":0}\n");
  client.head.tag.number = 18446744073709551615u;
  CHECK(client.request("A\"b", std::vector<int>{1, 2}) ==
        "{\"method\":\"A\\\"b\",\"params\":[[1,2]],\"id\":18446744073709551615}\n");
  CHECK(client.request("A.B", Nothing()) == "{\"method\":\"A.B\",\"params\":[{}],\"id\":18446744073709551615}\n");
  CHECK(client.request("A.B", std::optional<int>()) ==
        "{\"method\":\"A.B\",\"params\":[null],\"id\":18446744073709551615}\n");
  client.head.wants_reply = false;
  CHECK(client.request("A.B", 1) == "{\"method\":\"A.B\",\"params\":[1],\"id\":null}\n");
}

TEST_CASE("requests of version 2.0 have their argument by name or by position", "[json]") {
  Client client;
  client.head.tag.number = 5;
  const auto params = [&](const auto& args) {
    const nlohmann::json request = nlohmann::json::parse(client.request("A.B", args));
    CHECK(request.at("jsonrpc") == "2.0");
    CHECK(request.at("method") == "A.B");
    CHECK(request.at("id") == 5);
    return request.contains("params") ? request.at("params").dump() : "none";
  };
  CHECK(client.request("A.B", Args{1, 2}) ==
        "{\"jsonrpc\":\"2.0\",\"method\":\"A.B\",\"params\":{\"A\":1,\"B\":2},\"id\":5}\n");
  CHECK(params(Args{1, 2}) == R"({"A":1,"B":2})");
  CHECK(params(Wrapper{}) == R"({"Args":{"A":0,"B":0}})");
  CHECK(params(std::map<std::string, int>{{"a", 1}}) == R"({"a":1})");
  CHECK(params(std::vector<int>{1, 2}) == "[1,2]");
  CHECK(params(std::vector<int>{}) == "[]");
  CHECK(params(std::vector<std::vector<int>>{{1, 2}}) == "[[1,2]]");
  CHECK(params(std::tuple<int, std::string>{1, "a"}) == R"([1,"a"])");
  CHECK(params(5) == "[5]");
  CHECK(params(std::string("x")) == R"(["x"])");
  CHECK(params(std::optional<Args>()) == "none");
  CHECK(params(std::optional<Args>(Args{1, 2})) == R"({"A":1,"B":2})");
  CHECK(params(std::optional<int>()) == "[null]");
  CHECK(params(std::monostate()) == "none");
  CHECK(params(Nothing()) == "{}");
  CHECK(params(nlohmann::json()) == "none");
  CHECK(params(nlohmann::json{{"a", 1}}) == R"({"a":1})");
  CHECK(params(nlohmann::json{1, "x"}) == R"([1,"x"])");
  CHECK(params(nlohmann::json("x")) == R"(["x"])");
  CHECK(params(nlohmann::json(std::string(100000, 'x'))) == nlohmann::json{std::string(100000, 'x')}.dump());
  CHECK(params(std::variant<int, std::vector<int>>(std::vector<int>{1})) == "[[1]]");
  client.head.wants_reply = false;
  CHECK(client.request("A.B", Args{1, 2}) == "{\"jsonrpc\":\"2.0\",\"method\":\"A.B\",\"params\":{\"A\":1,\"B\":2}}\n");
}

TEST_CASE("what our client sends our server takes back, in both versions", "[json]") {
  RpcServerHarness server;
  const auto there_and_back = [&server]<class T>(const T& args) {
    ByteQueue want;
    REQUIRE(json::encode(args, want).ok());
    server.add<T, T>("Echo.Echo", [](const T& in, T& out) {
      out = in;
      return Status();
    });
    for (const json::Options& options : {json::Options(), v1()}) {
      Client client(options);
      client.head.tag.number = 7;
      REQUIRE(server.feed(client.request("Echo.Echo", args)));
      CHECK(client.reply<T>(server.take()) == "call 7: " + std::string(want.text()));
    }
  };
  there_and_back(Args{1, -2});
  there_and_back(Wrapper{{3, 4}});
  there_and_back(std::vector<int>{});
  there_and_back(std::vector<int>{1});
  there_and_back(std::vector<std::vector<int>>{});
  there_and_back(std::vector<std::vector<int>>{{}});
  there_and_back(std::vector<std::vector<int>>{{1, 2}});
  there_and_back(std::vector<std::vector<int>>{{1}, {}, {2}});
  there_and_back(std::vector<std::vector<std::vector<int>>>{{{1}}});
  there_and_back(std::array<std::array<int, 1>, 1>{{{5}}});
  there_and_back(std::tuple<std::vector<int>>{{1, 2}});
  there_and_back(std::tuple<std::vector<int>, int>{{1, 2}, 3});
  there_and_back(std::tuple<int>{5});
  there_and_back(std::map<std::string, int>{});
  there_and_back(std::map<std::string, std::map<std::string, int>>{{"a", {{"b", 1}}}});
  there_and_back(std::string("text \n <>"));
  there_and_back(std::vector<std::byte>{std::byte{1}});
  there_and_back(true);
  there_and_back(2.5);
  there_and_back(std::optional<Args>(Args{1, 2}));
  there_and_back(std::variant<int, std::string, std::vector<int>, Args>(std::vector<int>{1, 2}));
  there_and_back(std::variant<int, std::string, std::vector<int>, Args>(Args{1, 2}));
  there_and_back(nlohmann::json{{"a", {1, 2}}});
  there_and_back(nlohmann::json{1, 2, 3});
}

TEST_CASE("a request that cannot be written leaves the output as it was", "[json]") {
  for (const json::Options& options : {json::Options(), v1()}) {
    Client client(options);
    client.output.append(std::string_view("before"));
    client.head.method = "A.B";
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(client.codec->write_request(client.head, message_ref(nan), client.output).code() ==
          StatusCode::invalid_argument);
    CHECK(client.output.text() == "before");
  }
}

TEST_CASE("replies are matched by id, in any order and in any pieces", "[json]") {
  for (const json::Options& options : {json::Options(), v1()}) {
    const std::string text =
        "{\"id\":2,\"result\":20,\"error\":null}\n {\"jsonrpc\":\"2.0\",\"result\":10,\"id\":1}"
        "{\"error\":null,\"result\":0,\"id\":0}";
    Client client(options);
    CHECK(client.reply(text) == "call 2: 20");
    CHECK(client.reply() == "call 1: 10");
    CHECK(client.reply() == "call 0: 0");
    CHECK(client.reply() == "more");
    CHECK(client.input.empty());
    Client slow(options);
    std::vector<std::string> seen;
    for (const char c : text)
      if (const std::string got = slow.reply(std::string(1, c)); got != "more") seen.push_back(got);
    CHECK(seen == std::vector<std::string>{"call 2: 20", "call 1: 10", "call 0: 0"});
  }
}

TEST_CASE("error replies become statuses", "[json]") {
  Client client;
  const auto status = [&](std::string_view error) {
    CHECK(client.reply(R"({"jsonrpc":"2.0","id":1,"error":)" + std::string(error) + "}").starts_with("call 1: "));
    CHECK(client.incoming.status.origin() == Origin::remote);
    return client.incoming.status;
  };
  CHECK(status(R"({"code":-32601,"message":"m"})") == Status::unimplemented("m"));
  CHECK(status(R"({"code":-32602,"message":"m"})") == Status::invalid_argument("m"));
  CHECK(status(R"({"code":-32603,"message":"m"})") == Status::internal("m"));
  CHECK(status(R"({"code":-32600,"message":"m"})") == Status::invalid_argument("m"));
  CHECK(status(R"({"code":-32700,"message":"m"})") == Status::invalid_argument("m"));
  CHECK(status(R"({"code":-32000,"message":"m"})") == Status::unknown("m"));
  CHECK(status(R"({"code":-32005,"message":"m","data":{"code":"not_found"}})") == Status::not_found("m"));
  CHECK(status(R"({"code":-32600,"message":"Invalid Request","data":{"message":"why"}})") ==
        Status::invalid_argument("Invalid Request: why"));
  Status detailed = Status::aborted("m");
  detailed.add_detail({"t", "\x01\x02"});
  CHECK(status(R"({"code":1,"message":"m","data":{"details":[{"value":"AQI=","type":"t"}],"code":"aborted"}})") ==
        detailed);
  // What is not ours stays visible as it is.
  CHECK(status(R"({"code":-32005,"message":"m"})").code() == StatusCode::unknown);
  CHECK(json::error_object(client.incoming.status) == json::ErrorObject{-32005, ""});
  CHECK(status(R"({"code":7,"message":"m","data":[1, 2]})").code() == StatusCode::unknown);
  CHECK(json::error_object(client.incoming.status) == json::ErrorObject{7, "[1, 2]"});
  CHECK(status(R"({"code":-32602,"message":"m","data":"more"})").code() == StatusCode::invalid_argument);
  CHECK(json::error_object(client.incoming.status) == json::ErrorObject{-32602, "\"more\""});
  CHECK(status(R"({"code":-32603,"message":"m","data":null})") == Status::internal("m"));
  CHECK(status(R"({"code":7,"message":"m","data":{"code":"no such"}})").code() == StatusCode::unknown);
  CHECK(status(R"({"code":7,"message":"m","data":{"code":"ok"}})").code() == StatusCode::unknown);
  // Odd ones.
  CHECK(status("\"just text\"") == Status::unknown("just text"));
  CHECK(status("\"\"") == Status::unknown("unspecified error"));
  CHECK(status("{}") == Status::unknown("invalid error {}"));
  CHECK(status("17") == Status::unknown("invalid error 17"));
  CHECK(status("[]") == Status::unknown("invalid error []"));
  CHECK(status(R"({"code":"x","message":5})").message().starts_with("invalid error {"));
  CHECK(status(R"({"message":"m"})") == Status::unknown("m"));
  // An error wins over a result.
  CHECK(client.reply(R"({"jsonrpc":"2.0","id":1,"result":5,"error":{"code":-32603,"message":"m"}})") ==
        "call 1: internal: m");
}

TEST_CASE("results that are null, missing or of another type", "[json]") {
  Client two;
  CHECK(two.reply(R"({"jsonrpc":"2.0","id":1,"result":null})") == "call 1: 0");
  CHECK(two.reply(R"({"jsonrpc":"2.0","id":1})").starts_with("call 1: internal: jsonrpc: "));
  CHECK(two.reply(R"({"jsonrpc":"2.0","id":1,"result":"x"})")
            .starts_with("call 1: invalid_argument: json: cannot unmarshal"));
  CHECK(two.reply(R"({"jsonrpc":"2.0","id":1,"result":5,"more":[1]})") == "call 1: 5");
  Client one(v1());
  CHECK(one.reply(R"({"id":1,"result":null,"error":null})") == "call 1: internal: invalid error <nil>");
  CHECK(one.reply(R"({"id":1})") == "call 1: internal: invalid error <nil>");
  CHECK(one.reply(R"({"ID":1,"Result":5})") == "call 1: 5");
  CHECK(one.reply<Args>(R"({"id":1,"result":{"a":5}})") == R"(call 1: {"A":5,"B":0})");
  CHECK(two.reply<Args>(R"({"id":1,"result":{"a":5}})") == R"(call 1: {"A":0,"B":0})");
}

TEST_CASE("what is no reply of ours ends the connection, or is passed over", "[json]") {
  const auto failed = [](std::string_view text, const json::Options& options = {}) {
    Client client(options);
    const std::string got = client.reply(text);
    CHECK(client.reply() == got);  // and stays so
    return got.starts_with("failed: ");
  };
  CHECK(failed(R"({"jsonrpc":"2.0","id":"1","result":5})"));
  CHECK(failed(R"({"jsonrpc":"2.0","id":1.5,"result":5})"));
  CHECK(failed(R"({"jsonrpc":"2.0","id":-1,"result":5})"));
  CHECK(failed(R"({"jsonrpc":"2.0","id":18446744073709551616,"result":5})"));
  CHECK(failed("[]"));
  CHECK(failed("5 "));
  CHECK(failed("{{"));
  CHECK(failed("hello"));
  CHECK(failed(R"({"id":"1","result":5})", v1()));
  // The server could not read us, and does not know whom it answers.
  Client client;
  CHECK(client.reply(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}})") ==
        "failed: invalid_argument: Parse error");
  // Notifications and requests of a server's own.
  Client patient;
  CHECK(patient.reply(R"({"jsonrpc":"2.0","method":"log","params":[1]}{"jsonrpc":"2.0","method":"ask","id":1})"
                      R"({"jsonrpc":"2.0","id":1,"result":5})") == "call 1: 5");
  // A 1.0 server's answer to a call that wanted none.
  Client one(v1());
  CHECK(one.reply(R"({"id":null,"result":5,"error":null}{"id":null,"result":null,"error":"e"}{"id":3,"result":5})") ==
        "call 3: 5");
}

TEST_CASE("a view into a reply lives until the next is cut", "[json]") {
  Client client;
  client.input.append(std::string_view(R"({"jsonrpc":"2.0","id":1,"result":["plain","es\u0063aped"]})"));
  REQUIRE(*client.codec->next_reply(client.input, client.incoming));
  std::vector<std::string_view> views;
  REQUIRE(client.incoming.body->decode(message_slot(views)).ok());
  CHECK(views == std::vector<std::string_view>{"plain", "escaped"});
  CHECK(client.input.text().find("plain") == static_cast<std::size_t>(views[0].data() - client.input.text().data()));
}

TEST_CASE("the client's deadline and metadata travel when there are any, if the peer may see them", "[json]") {
  for (const json::Version version : {json::Version::v1, json::Version::v2}) {
    json::Options options;
    options.version = version;
    Client client(options);
    CHECK(client.codec->capabilities().metadata);
    CHECK(client.codec->capabilities().deadline);
    CHECK_THAT(client.request("A.B", Args{}), !contains("polyrpc"));
    client.head.timeout = std::chrono::milliseconds(20);
    CHECK_THAT(client.request("A.B", Args{}), contains(",\"polyrpc\":{\"timeout_ns\":20000000}}"));
    client.head.metadata = {{"k", "v"}, {"b-bin", "\xFF"}};
    CHECK_THAT(client.request("A.B", Args{}),
               contains(",\"polyrpc\":{\"timeout_ns\":20000000,\"metadata\":{\"k\":[\"v\"],\"b-bin\":[\"/w==\"]}}}"));
    CHECK(client.reply(
              R"({"id":1,"result":5,"error":null,"polyrpc":{"metadata":{"h":"1"},"trailers":{"t":["2","3"]}}})") ==
          "call 1: 5");
    CHECK(client.incoming.headers == Metadata{{"h", "1"}});
    CHECK(client.incoming.trailers == Metadata{{"t", "2"}, {"t", "3"}});
    CHECK(client.reply(R"({"id":1,"result":5,"error":null})") == "call 1: 5");
    CHECK(client.incoming.headers.empty());
    CHECK(client.reply(R"({"id":1,"result":5,"error":null,"polyrpc":{"metadata":{"h":5}}})")
              .starts_with("call 1: invalid_argument"));

    options.extensions = false;
    Client plain(options);
    CHECK(!plain.codec->capabilities().metadata);
    CHECK(!plain.codec->capabilities().deadline);
    plain.head.timeout = std::chrono::seconds(1);
    CHECK_THAT(plain.request("A.B", Args{}), !contains("polyrpc"));
    plain.head.metadata = {{"k", "v"}};
    CHECK(plain.request("A.B", Args{}).starts_with("failed_precondition: "));
  }
}

TEST_CASE("a 1.0 error of a server of ours has its code and details", "[json]") {
  Client client(v1());
  CHECK(
      client.reply(
          R"({"id":1,"result":null,"error":"m","polyrpc":{"code":"not_found","details":[{"type":"t","value":"AQI="}]}})") ==
      "call 1: not_found: m");
  REQUIRE(client.incoming.status.details().size() == 1);
  CHECK(client.incoming.status.details()[0] == StatusDetail{"t", "\x01\x02"});
  CHECK(client.incoming.status.origin() == Origin::remote);
}

TEST_CASE("statuses and metadata cross between our ends in both versions", "[json]") {
  for (const json::Version version : {json::Version::v1, json::Version::v2}) {
    for (int code = 1; code <= 16; ++code) {
      json::Options options;
      options.version = version;
      RpcServerHarness server;
      Status want(static_cast<StatusCode>(code), "what happened");
      want.add_detail({"t", "value"});
      server.add<Args, Args>("A.B", [&](const Args&, Args&) { return want; });
      Client client(options);
      client.head.timeout = std::chrono::seconds(5);
      REQUIRE(server.feed(client.request("A.B", Args{})));
      client.reply(server.take());
      CHECK(client.incoming.status == want);
    }
  }
}

TEST_CASE("a wish to cancel is sent where it is understood", "[json]") {
  Client two;
  CHECK(two.codec->capabilities().cancel);
  two.codec->write_cancel(5, two.output);
  CHECK(two.output.text() == "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":5}}\n");

  Client one(v1());
  CHECK(!one.codec->capabilities().cancel);
  one.codec->write_cancel(5, one.output);
  CHECK(one.output.empty());
  RpcServerHarness server;
  one.head.timeout = std::chrono::seconds(5);
  REQUIRE(server.feed(one.request("Arith.Multiply", Args{2, 3})));
  CHECK(one.reply(server.take()) == "call 0: 6");
  CHECK(one.codec->capabilities().cancel);  // the server has shown that it is one of ours
  one.codec->write_cancel(5, one.output);
  REQUIRE(server.feed(one.output.text()));
  REQUIRE(server.cancels().size() == 1);
  CHECK(server.cancels()[0].text == "5");
  CHECK(server.take().empty());
}

}  // namespace polyrpc::test
