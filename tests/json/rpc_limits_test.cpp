#include "rpc_harness.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace polyrpc::test {

namespace {

const std::string v2_call = R"({"jsonrpc":"2.0","method":"Arith.Multiply","params":[2,3],"id":1})";
const std::string v2_reply = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":6}\n";

/// A 1.0 call of exactly so many bytes.
std::string call_of(std::size_t size) {
  const std::string front = R"({"method":"Arith.Multiply","params":[{"A":7,"B":8}],"id":1,"x":")";
  const std::string back = "\"}";
  return front + std::string(size - front.size() - back.size(), 'x') + back;
}

std::string repeated(std::string_view part, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += part;
  return text;
}

}  // namespace

TEST_CASE("a message at the limit is served, one byte more ends the connection", "[json]") {
  CodecLimits limits;
  limits.message_bytes = 200;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{64}, std::size_t{100000}}) {
    RpcServerHarness server({}, limits);
    REQUIRE(server.feed_in_pieces("   " + call_of(200) + "  " + call_of(200), piece));
    CHECK(server.take() == "{\"id\":1,\"result\":56,\"error\":null}\n{\"id\":1,\"result\":56,\"error\":null}\n");
    CHECK(!server.feed_in_pieces(call_of(201), piece));
    CHECK(server.failure().code() == StatusCode::resource_exhausted);
    CHECK(server.take().empty());  // 1.0 says nothing

    // Refused as soon as it is seen to be too long, not when it ends.
    RpcServerHarness endless({}, limits);
    CHECK(!endless.feed_in_pieces("{\"jsonrpc\":\"2.0\",\"x\":\"" + std::string(200, 'y'), piece));
    const nlohmann::json reply = nlohmann::json::parse(endless.take());
    CHECK(reply.at("error").at("code") == -32008);
    CHECK(reply.at("id") == nullptr);
    RpcServerHarness batch({}, limits);
    CHECK(!batch.feed_in_pieces("[" + repeated("1,", 200), piece));
    CHECK(batch.failure().code() == StatusCode::resource_exhausted);

    const auto client = json::rpc()->client(limits);
    ByteQueue input;
    IncomingReply incoming;
    input.append(R"({"jsonrpc":"2.0","id":1,"result":")" + std::string(200, 'x'));
    const Result<bool> cut = client->next_reply(input, incoming);
    CHECK(cut.status().code() == StatusCode::resource_exhausted);
  }
}

TEST_CASE("what stands behind the limit is not looked at, however it comes", "[json]") {
  CodecLimits limits;
  limits.message_bytes = 200;
  const std::string text = R"({"id":1,"result":")" + std::string(200, 'x') + "\",!";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{64}, std::size_t{100000}}) {
    const auto client = json::rpc()->client(limits);
    ByteQueue input;
    IncomingReply incoming;
    Result<bool> cut = false;
    for (std::string_view rest = text; cut.ok() && !rest.empty(); rest.remove_prefix(std::min(piece, rest.size()))) {
      input.append(rest.substr(0, piece));
      cut = client->next_reply(input, incoming);
    }
    CHECK(cut.status().code() == StatusCode::resource_exhausted);
    RpcServerHarness server({}, limits);
    CHECK(!server.feed_in_pieces(text, piece));
    CHECK(server.failure().code() == StatusCode::resource_exhausted);
  }
}

TEST_CASE("white space between requests is no message", "[json]") {
  CodecLimits limits;
  limits.message_bytes = 200;
  RpcServerHarness server({}, limits);
  REQUIRE(server.feed(std::string(100000, '\n')));
  CHECK(server.input().empty());
  REQUIRE(server.feed(v2_call + std::string(100000, ' ') + v2_call));
  CHECK(server.take() == v2_reply + v2_reply);
}

TEST_CASE("nesting has a limit wherever it is", "[json]") {
  CodecLimits limits;
  limits.depth = 10;
  const auto nested = [](std::size_t depth) { return repeated("[", depth) + repeated("]", depth); };
  for (const std::string_view member : {"id", "x", "params", "polyrpc"}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{100000}}) {
      const auto request = [&](std::size_t depth) {
        return "{\"method\":\"Arith.Nothing\",\"" + std::string(member) + "\":" + nested(depth) + "}";
      };
      RpcServerHarness server({}, limits);
      CHECK(server.feed_in_pieces(request(9), piece));
      CHECK(!server.feed_in_pieces(request(10), piece));
      CHECK(server.failure().code() == StatusCode::resource_exhausted);
    }
  }
  RpcServerHarness server({}, limits);
  CHECK(!server.feed(nested(1000)));
  CHECK(server.failure().code() == StatusCode::resource_exhausted);
  // With any limit the stack holds.
  limits.depth = 1u << 30;
  RpcServerHarness deep({}, limits);
  deep.add<nlohmann::json, bool>("Any.Thing", [](const nlohmann::json&, bool&) { return Status(); });
  CHECK(deep.feed(R"({"jsonrpc":"2.0","id":1,"method":"Any.Thing","params":)" + nested(9999) + "}"));
  CHECK(deep.take() == "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":false}\n");
  CHECK(!deep.feed(R"({"jsonrpc":"2.0","id":1,"method":"Any.Thing","params":)" + nested(10000) + "}"));
  CHECK(deep.failure().code() == StatusCode::resource_exhausted);
}

TEST_CASE("a batch has a limit, and one beyond it is one error", "[json]") {
  CodecLimits limits;
  limits.batch = 3;
  RpcServerHarness server({}, limits);
  REQUIRE(server.feed("[" + v2_call + "," + v2_call + "," + v2_call + "]"));
  CHECK(nlohmann::json::parse(server.take()).size() == 3);
  REQUIRE(server.feed("[" + repeated(v2_call + ",", 3) + v2_call + "]" + v2_call));
  const std::string got = server.take();
  const std::size_t end = got.find('\n');
  const nlohmann::json reply = nlohmann::json::parse(got.substr(0, end));
  CHECK(reply.at("error").at("code") == -32008);
  CHECK(reply.at("id") == nullptr);
  CHECK(got.substr(end + 1) == v2_reply);
  CHECK(server.seen().size() == 4);  // none of the four too many was called

  // By default a thousand.
  RpcServerHarness usual;
  REQUIRE(usual.feed("[" + repeated("1,", 999) + "1]"));
  CHECK(nlohmann::json::parse(usual.take()).size() == 1000);
  REQUIRE(usual.feed("[" + repeated("1,", 1000) + "1]"));
  CHECK(nlohmann::json::parse(usual.take()).is_object());
}

TEST_CASE("names and metadata have limits that are the call's alone", "[json]") {
  CodecLimits limits;
  limits.name_bytes = 20;
  limits.metadata_bytes = 100;
  RpcServerHarness server({}, limits);
  REQUIRE(server.feed(R"({"jsonrpc":"2.0","id":1,"method":"A.)" + std::string(19, 'x') + "\"}"));
  CHECK(nlohmann::json::parse(server.take()).at("error").at("code") == -32008);
  REQUIRE(server.feed(R"({"jsonrpc":"2.0","id":1,"method":"A.)" + std::string(18, 'x') + "\"}"));
  CHECK(nlohmann::json::parse(server.take()).at("error").at("code") == -32601);
  REQUIRE(server.feed(R"({"jsonrpc":"2.0","id":1,"method":"Arith.Multiply","polyrpc":{"metadata":{"a":")" +
                      std::string(68, 'x') + "\"}}}"));
  CHECK(nlohmann::json::parse(server.take()).at("error").at("code") == -32008);
  REQUIRE(server.feed(R"({"jsonrpc":"2.0","id":1,"method":"Arith.Multiply","polyrpc":{"metadata":{"a":")" +
                      std::string(67, 'x') + "\"}}}"));
  CHECK(nlohmann::json::parse(server.take()).at("result") == 0);
  REQUIRE(server.feed(v2_call));
  CHECK(server.take() == v2_reply);
}

TEST_CASE("elements have a limit that is the call's alone", "[json]") {
  CodecLimits limits;
  limits.elements = 3;
  RpcServerHarness server({}, limits);
  REQUIRE(server.feed(
      R"({"method":"Arith.Sum","params":[[1,2,3,4]],"id":1}{"method":"Arith.Sum","params":[[1,2,3]],"id":2})"));
  CHECK(server.take() ==
        "{\"id\":1,\"result\":null,\"error\":\"json: more than 3 elements in one list or map\"}\n"
        "{\"id\":2,\"result\":{\"sum\":6},\"error\":null}\n");
}

TEST_CASE("a long message in small pieces takes time that grows with its length only", "[json]") {
  // Byte by byte, some millions of them; looking at what was seen before again would take hours.
  const std::size_t size = 2'000'000;
  RpcServerHarness server;
  std::size_t got = 0;
  server.add<std::string, std::uint64_t>("Text.Size", [&](const std::string& text, std::uint64_t& reply) {
    got = reply = text.size();
    return Status();
  });
  REQUIRE(server.feed_in_pieces(R"({"method":"Text.Size","params":[")" + std::string(size, 'x') + "\"],\"id\":1}", 1));
  CHECK(got == size);
  // A number, white space, empty lists, escapes, letters of several bytes.
  for (const std::string& part :
       {std::string(size, '7'), std::string(size, ' ') + "1", "[" + repeated("[],", size / 3) + "1]",
        "\"" + repeated("\\u00e9", size / 6) + "\"", "\"" + repeated("\xE2\x82\xAC", size / 3) + "\"",
        repeated("{\"a\":", 900) + "1" + repeated("}", 900)})
    REQUIRE(server.feed_in_pieces(R"({"method":"Arith.Nothing","x":)" + part + R"(,"params":[{}],"id":1})", 1));
  CHECK(server.take().size() == 6 * std::string("{\"id\":1,\"result\":{},\"error\":null}\n").size() +
                                    std::string("{\"id\":1,\"result\":2000000,\"error\":null}\n").size());
}

}  // namespace polyrpc::test
