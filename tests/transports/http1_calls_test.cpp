#include "polyrpc/runtime/coroutine.hpp"

#include "http1_fixture.hpp"
#include "support/catch.hpp"

#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

namespace {

const std::string echo = call("Echo", R"(["hi"])");
const std::string echoed = reply(R"("hi")");

/// The answer to a POST of `body` with these header lines in place of the usual ones.
std::string asked(HttpServer& server, std::string_view body, std::string_view lines,
                  std::string_view path = "/jsonrpc") {
  HttpPeer peer(server);
  return peer
      .send("POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(lines) +
            "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body))
      .take();
}

}  // namespace

TEST_CASE("JSON-RPC is answered over POST", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  CHECK(peer.send(post(echo)).take() == ok(echoed));
  CHECK(peer.send(post(echo, "", "/")).take() == ok(echoed));
  CHECK(peer.send(post(echo, "", "/jsonrpc?x=y")).take() == ok(echoed));
  CHECK(status_line(peer.send(post(echo, "", "/jsonrpc/")).take()) == "HTTP/1.1 404 Not Found");
  // JSON-RPC 1.0, as Go speaks it.
  CHECK(peer.send(post(R"({"method":"Test.Echo","params":["hi"],"id":7})")).take() ==
        ok("{\"id\":7,\"result\":\"hi\",\"error\":null}\n"));
  CHECK(peer.send(post(R"({"method":"Test.None","params":["hi"],"id":7})")).take() ==
        ok("{\"id\":7,\"result\":null,\"error\":\"rpc: can't find method Test.None\"}\n"));
}

TEST_CASE("an error of a call is an answer like any other", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  const std::string text = peer.send(post(call("Fail", R"(["no such user"])"))).take();
  CHECK(status_line(text) == "HTTP/1.1 200 OK");
  CHECK_THAT(text, contains("no such user"));
  CHECK_THAT(peer.send(post(call("None", "[]"))).take(), contains("-32601"));
}

TEST_CASE("a batch is one answer", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  const std::string batch = "[" + call("Echo", R"(["a"])", "1") + "," + call("Echo", R"(["b"])", "2") + "]";
  CHECK(peer.send(post(batch)).take() ==
        ok(R"([{"jsonrpc":"2.0","id":1,"result":"a"},{"jsonrpc":"2.0","id":2,"result":"b"}])"
           "\n"));
  CHECK_THAT(peer.send(post("[]")).take(), contains("-32600"));
}

TEST_CASE("notifications are answered with 204", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  const std::string note = R"({"jsonrpc":"2.0","method":"Test.Note","params":["n"]})";
  CHECK(peer.send(post(note)).take() == "HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(peer.send(post("[" + note + "," + note + "]")).take() == "HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(server.notes == std::vector<std::string>{"n", "n", "n"});
  CHECK(peer.send(post(echo)).take() == ok(echoed));
}

TEST_CASE("a body that is no JSON-RPC is answered in JSON-RPC", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  for (const std::string_view body :
       {"{bad}", "{\"jsonrpc\":\"2.0\",", "[", "[1,", "\"", "nul", "{\"id\":1}}", "{\"id\":1,\"method\":\"Test.Echo"}) {
    INFO(body);
    const std::string text = peer.send(post(body)).take();
    CHECK(status_line(text) == "HTTP/1.1 200 OK");
    CHECK_THAT(text, contains("\"id\":null"));
    CHECK_THAT(text, contains("-32700"));
  }
  for (const std::string_view body : {"1", "12", "\"x\"", "true", "-1.5e3"}) {
    INFO(body);
    CHECK_THAT(peer.send(post(body)).take(), contains("-32600"));
  }
  CHECK(status_line(peer.send(post("")).take()) == "HTTP/1.1 400 Bad Request");
  CHECK(body_of(peer.send(post(" \r\n")).take()) == "400 bad request: the body holds no message\n");
  CHECK(peer.send(post(echo)).take() == ok(echoed));
}

TEST_CASE("a body's calls know nothing of another body", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  const std::string half = echo.substr(0, 20);
  CHECK_THAT(peer.send(post(half) + post(echo.substr(20))).take(), contains("-32700"));
  CHECK(server.notes.empty());
  // 1.0 before does not make broken text 1.0.
  const std::string v1 = R"({"method":"Test.Echo","params":["hi"],"id":7})";
  CHECK_THAT(peer.send(post(v1) + post("{bad}")).take(), contains("-32700"));
}

TEST_CASE("the length of the body may be told in chunks", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  std::string request = "POST /jsonrpc HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char c : echo) request += "1\r\n" + std::string(1, c) + "\r\n";
  request += "0\r\n\r\n";
  CHECK(peer.send(request + request).take() == ok(echoed) + ok(echoed));
  CHECK(peer.trickle(request).take() == ok(echoed));
}

TEST_CASE("a long body comes and goes", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  const std::string text(3'000'000, 'x');
  const std::string request = post(call("Echo", "[\"" + text + "\"]"));
  CHECK(peer.send(request + post(echo)).take() == ok(reply("\"" + text + "\"")) + ok(echoed));
}

TEST_CASE("content types: JSON's own, and what careless programs send", "[http1]") {
  HttpServer server;
  for (const std::string_view type :
       {"application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\"",
        "application/json-rpc", "application/jsonrequest", "text/json", "application/x-www-form-urlencoded",
        "text/plain;charset=utf-8", "application/octet-stream", ""}) {
    INFO(type);
    CHECK(asked(server, echo, "Content-Type: " + std::string(type) + "\r\n") == ok(echoed));
  }
  CHECK(asked(server, echo, "") == ok(echoed));
  for (const std::string_view type : {"text/html", "application/jsonx", "multipart/form-data; boundary=x",
                                      "application/grpc", "application/json; charset=utf-16"}) {
    INFO(type);
    const std::string text = asked(server, echo, "Content-Type: " + std::string(type) + "\r\n");
    CHECK(status_line(text) == "HTTP/1.1 415 Unsupported Media Type");
  }
  CHECK(status_line(asked(server, echo, "Content-Type: text/plain\r\nContent-Type: application/json\r\n")) ==
        "HTTP/1.1 400 Bad Request");
}

TEST_CASE("a page in a browser cannot call without having asked", "[http1]") {
  HttpServer server;
  for (const std::string_view type :
       {"Content-Type: text/plain\r\n", "Content-Type: application/x-www-form-urlencoded\r\n", ""}) {
    const std::string text = asked(server, echo, "Origin: https://evil.example\r\n" + std::string(type));
    CHECK(status_line(text) == "HTTP/1.1 415 Unsupported Media Type");
  }
  CHECK(asked(server, echo, "Origin: https://good.example\r\nContent-Type: application/json\r\n") == ok(echoed));
}

TEST_CASE("a compressed body is refused", "[http1]") {
  HttpServer server;
  const std::string text = asked(server, echo, "Content-Encoding: gzip\r\n");
  CHECK(status_line(text) == "HTTP/1.1 415 Unsupported Media Type");
  CHECK_THAT(text, contains("\r\nAccept-Encoding: identity\r\n"));
  CHECK(asked(server, echo, "Content-Encoding: identity\r\n") == ok(echoed));
}

TEST_CASE("a request's header fields are its calls' metadata", "[http1]") {
  HttpServer server;
  const std::string fields =
      "Authorization: Bearer x\r\nX-Trace: 1\r\nx-trace: 2\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
      "Raw-Bin: aGk=\r\n";
  const auto seen = [&](std::string_view key, std::string_view extension = "") {
    std::string body = call("Metadata", "[\"" + std::string(key) + "\"]");
    if (!extension.empty()) body.insert(body.size() - 1, ",\"polyrpc\":{\"metadata\":" + std::string(extension) + "}");
    std::string text = body_of(asked(server, body, fields));
    const std::size_t from = text.find("\"result\":\"") + 10;
    return text.substr(from, text.find('"', from) - from);
  };
  CHECK(seen("authorization") == "Bearer x|");
  CHECK(seen("x-trace") == "1|2|");
  CHECK(seen("raw-bin") == "hi|");
  for (const std::string_view key : {"host", "content-length", "connection", "x-hop", "content-type"})
    CHECK(seen(key).empty());
  // A request's own words count more.
  CHECK(seen("x-trace", R"({"x-trace":"own"})") == "own|");
  CHECK(seen("authorization", R"({"x-trace":"own"})") == "Bearer x|");
  CHECK(status_line(asked(server, echo, "Raw-Bin: !\r\n")) == "HTTP/1.1 400 Bad Request");

  const std::string batch =
      "[" + call("Metadata", R"(["x-trace"])", "1") + "," + call("Metadata", R"(["x-trace"])", "2") + "]";
  CHECK(body_of(asked(server, batch, fields)) ==
        R"([{"jsonrpc":"2.0","id":1,"result":"1|2|"},{"jsonrpc":"2.0","id":2,"result":"1|2|"}])"
        "\n");
}

TEST_CASE("a reply's metadata are header fields, and can be nothing else", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  CHECK(peer.send(post(call("Reply", R"([["x-good","a b"]])"))).take() ==
        ok(reply("true"), "x-good: a b\r\nx-behind: trailer\r\n"));
  CHECK(peer.send(post(call("Reply", R"([["raw-bin","\r\n\r\n"]])"))).take() ==
        ok(reply("true"), "raw-bin: DQoNCg\r\nx-behind: trailer\r\n"));
  const std::string rest = ok(reply("true"), "x-behind: trailer\r\n");
  for (const std::string_view entry :
       {R"(["x","a\r\nSet-Cookie: evil=1"])", R"(["x","a\nb"])", R"(["x","a\u0000b"])", R"(["x\r\ny","a"])",
        R"(["x: y","a"])", R"(["","a"])", R"(["content-length","0"])", R"(["Transfer-Encoding","chunked"])",
        R"(["connection","close"])", R"(["content-type","text/html"])", R"(["x","\u00e4"])"}) {
    INFO(entry);
    CHECK(peer.send(post(call("Reply", "[" + std::string(entry) + "]"))).take() == rest);
  }
  CHECK_THAT(server.log(), contains("left out"));
}

TEST_CASE("metadata of a reply past the limit is left out", "[http1]") {
  Limits limits;
  limits.http_header_bytes = 1000;
  HttpServer server(standard_http(), limits);
  HttpPeer peer(server);
  const std::string value(2000, 'x');
  CHECK(peer.send(post(call("Reply", "[[\"x\",\"" + value + "\"]]"))).take() ==
        ok(reply("true"), "x-behind: trailer\r\n"));
}

TEST_CASE("a request's header may bring a deadline", "[http1]") {
  HttpServer server;
  const auto left = [&](std::string_view lines, std::string_view extension = "") {
    std::string body = call("TimeLeft", "[\"\"]");
    if (!extension.empty()) body.insert(body.size() - 1, ",\"polyrpc\":" + std::string(extension));
    const std::string text = body_of(asked(server, body, lines));
    return std::stol(text.substr(text.find("\"result\":") + 9));
  };
  CHECK(left("") == -1);
  CHECK(left("polyrpc-timeout: 100S\r\n") > 90'000);
  CHECK(left("polyrpc-timeout: 100S\r\n") <= 100'000);
  // The earlier one counts.
  CHECK(left("polyrpc-timeout: 100S\r\n", R"({"timeout_ns":50000000000})") <= 50'000);
  CHECK(left("polyrpc-timeout: 50S\r\n", R"({"timeout_ns":100000000000})") <= 50'000);
  for (const std::string_view wrong : {"", "1", "1s", "-1S", "123456789S"})
    CHECK(status_line(asked(server, echo, "polyrpc-timeout: " + std::string(wrong) + "\r\n")) ==
          "HTTP/1.1 400 Bad Request");
  CHECK_THAT(asked(server, echo, "polyrpc-timeout: 0S\r\n"), contains("deadline"));
}

TEST_CASE("a call that takes long holds up what comes behind it, in order", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  peer.send(post(echo) + post(call("Gate", R"(["slow"])", "2")) + post(call("Echo", R"(["fast"])", "3")));
  server.gate.await(1);
  CHECK(peer.take() == ok(echoed));
  HttpPeer other(server);
  CHECK(other.send(post(echo)).take() == ok(echoed));
  server.gate.open();
  const std::string rest = ok(reply(R"("slow")", "2")) + ok(reply(R"("fast")", "3"));
  peer.settle_until([&] { return HttpPeer::without_dates(peer.received()).size() >= rest.size(); });
  CHECK(peer.take() == rest);
}

TEST_CASE("what is read ahead while a call takes long is bounded", "[http1]") {
  MemoryOptions memory;
  memory.buffer_bytes = 4096;
  HttpServer server(standard_http(), {}, memory);
  HttpPeer peer(server);
  peer.send(post(call("Gate", R"(["slow"])", "2")));
  server.gate.await(1);
  std::string requests;
  while (requests.size() < 1'000'000) requests += post(echo);
  peer.send(requests);
  CHECK(peer.unsent() > 800'000);
  server.gate.open();
  peer.settle_until([&] { return peer.received().find("slow") != std::string::npos; });
  const std::string unsent = requests.substr(requests.size() - peer.unsent());
  peer.send(unsent);
  CHECK(peer.unsent() == 0);
}

TEST_CASE("calls of one batch run beside each other", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  peer.send(post("[" + call("Gate", R"(["a"])", "1") + "," + call("Gate", R"(["b"])", "2") + "]"));
  server.gate.await(2);
  server.gate.open();
  peer.settle_until([&] { return peer.received().find("]\n") != std::string::npos; });
  CHECK_THAT(peer.take(), contains(R"("result":"b")"));
}

TEST_CASE("a batch of more calls than may be under way is served all the same", "[http1]") {
  Limits limits;
  limits.calls_in_flight = 2;
  HttpServer server(standard_http(), limits);
  HttpPeer peer(server);
  std::string batch;
  for (int i = 0; i < 10; ++i) batch += (i == 0 ? "[" : ",") + call("Gate", R"(["a"])", std::to_string(i));
  peer.send(post(batch + "]"));
  server.gate.await(2);
  server.gate.open();
  peer.settle_until([&] { return peer.received().find("]\n") != std::string::npos; });
  const std::string text = peer.take();
  for (int i = 0; i < 10; ++i) CHECK_THAT(text, contains("\"id\":" + std::to_string(i) + ",\"result\":\"a\""));
}

TEST_CASE("a notification that takes long is answered when it is done", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  peer.send(post(R"({"jsonrpc":"2.0","method":"Test.Gate","params":["n"]})"));
  server.gate.await(1);
  CHECK(peer.take().empty());
  server.gate.open();
  peer.settle_until([&] { return !peer.received().empty(); });
  CHECK(peer.take() == "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_CASE("who closes the connection cancels the call", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  peer.send(post(call("UntilCancelled", R"(["x"])")));
  CHECK_FALSE(peer.closed());
  peer.close();
  server.cancelled.pass();
}

TEST_CASE("a deadline is answered on time, whatever the handler does", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  peer.send(post(call("Gate", R"(["x"])"), "polyrpc-timeout: 20m\r\n"));
  server.gate.await(1);
  peer.settle_until([&] { return !peer.received().empty(); });
  const std::string text = peer.take();
  CHECK(status_line(text) == "HTTP/1.1 200 OK");
  CHECK_THAT(text, contains("deadline"));
  CHECK(peer.send(post(echo)).take() == ok(echoed));
}

TEST_CASE("a coroutine may wait before it answers", "[http1]") {
  Registry registry;
  registry.add("Test.Later", [](const std::string& text) -> Awaitable<std::string> {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, std::chrono::milliseconds(5));
    co_await timer.async_wait(asio::use_awaitable);
    co_return text;
  });
  asio::io_context context;
  MemoryNetwork network;
  Protocols protocols;
  protocols.transports.add(network.transport());
  protocols.add(http1::protocol(standard_http()));
  Server later(context, registry, std::move(protocols));
  later.listen("memory://later");
  const auto peer = network.transport()->dial(Endpoint::parse("memory://later").value(), std::nullopt).value();
  const std::string request = post(call("Later", R"(["x"])")) + post(call("Later", R"(["y"])"));
  REQUIRE(peer->write_some(as_bytes(request)).bytes == request.size());
  const std::string expected = ok(reply(R"("x")")) + ok(reply(R"("y")"));
  std::string received;
  while (received.size() < expected.size()) {
    REQUIRE(context.run_one_for(10s) == 1);
    std::byte bytes[4096];
    const IoResult result = peer->read_some(bytes);
    if (result.state == IoState::done)
      received = HttpPeer::without_dates(received + std::string(as_text({bytes, result.bytes})));
  }
  CHECK(received == expected);
}

TEST_CASE("replies that are too large together are an error, not a flood", "[http1]") {
  Limits limits;
  limits.codec.message_bytes = 100'000;
  HttpServer server(standard_http(), limits);
  HttpPeer peer(server);
  std::string batch;
  for (int i = 0; i < 10; ++i) batch += (i == 0 ? "" : "\n") + call("Big", "[20000]", std::to_string(i));
  const std::string text = peer.send(post(batch)).take();
  CHECK(status_line(text) == "HTTP/1.1 500 Internal Server Error");
  CHECK(text.size() < 1000);
  CHECK(peer.send(post(echo)).take() == ok(echoed));
}

TEST_CASE("without a codec for it the JSON-RPC paths are like any others", "[http1]") {
  http1::Options options;
  options.mount("/jsonrpc", [](const http1::Request&) { return http1::Response::text(200, "mine"); });
  HttpServer server(std::move(options));
  HttpPeer peer(server);
  CHECK(body_of(peer.send(post(echo)).take()) == "mine");
  CHECK(status_line(peer.send(post(echo, "", "/")).take()) == "HTTP/1.1 404 Not Found");
}

TEST_CASE("a codec that answers broken text with silence is answered with 400", "[http1]") {
  http1::Options options;
  options.json_rpc = json::rpc();
  HttpServer server(std::move(options));
  HttpPeer peer(server);
  CHECK(body_of(peer.send(post("{bad}")).take()) == "400 bad request: the body holds no message\n");
  CHECK(peer.send(post(echo)).take() == ok(echoed));
}
