#include "polyrpc/runtime/coroutine.hpp"

#include "http1_fixture.hpp"
#include "support/catch.hpp"

#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

namespace {

/// As many times `x` as the length says: `5x` for `xxxxx`, and back.
class Runs final : public Compressor {
 public:
  std::string_view name() const noexcept override { return "runs"; }
  Status compress(std::span<const std::byte> from, ByteQueue& output) const override {
    output.append(std::to_string(from.size()));
    return {};
  }
  Status decompress(std::span<const std::byte> from, std::size_t limit, ByteQueue& output) const override {
    const auto size = static_cast<std::size_t>(std::stoull(std::string(as_text(from))));
    if (size > limit) return Status::resource_exhausted("runs: too long");
    output.append('"' + std::string(size - 2, 'x') + '"');
    return {};
  }
};

http1::Options with_connect() {
  http1::Options options = standard_http();
  options.connect.formats = {json::format()};
  options.connect.compressors = {std::make_shared<Runs>()};
  return options;
}

struct ConnectServer : HttpServer {
  explicit ConnectServer(Limits limits = {}, http1::Options options = with_connect())
      : HttpServer(std::move(options), limits) {}
};

std::string to(std::string_view method, std::string_view body, std::string_view lines = "") {
  return post(body, lines, "/Test/" + std::string(method));
}
std::string failed(std::string_view status, std::string_view code, std::string_view message,
                   std::string_view lines = "") {
  const std::string body = "{\"code\":\"" + std::string(code) + "\",\"message\":\"" + std::string(message) + "\"}";
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(lines) + "\r\n" + body;
}
std::string asked(ConnectServer& server, std::string_view request) {
  HttpPeer peer(server);
  return peer.send(request).take();
}

const std::string echo = to("Echo", R"("hi")");
const std::string echoed = ok(R"("hi")");

}  // namespace

TEST_CASE("a method is called by posting its argument to its path", "[http1]") {
  ConnectServer server;
  HttpPeer peer(server);
  CHECK(peer.send(echo).take() == echoed);
  CHECK(peer.trickle(echo).take() == echoed);
  CHECK(peer.send(to("Note", R"("n")")).take() == ok("{}"));
  CHECK(server.notes == std::vector<std::string>{"n"});
  CHECK(peer.send("POST /Test/Echo?x=y HTTP/1.1\r\nHost: a\r\nContent-Type: application/json; charset=utf-8\r\n"
                  "Connect-Protocol-Version: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\"h\r\n2\r\ni\"\r\n0\r\n\r\n")
            .take() == echoed);
}

TEST_CASE("Connect's requests and JSON-RPC's share a connection, and are answered in order", "[http1]") {
  ConnectServer server;
  HttpPeer peer(server);
  const std::string rpc = post(call("Echo", R"(["rpc"])"));
  CHECK(peer.send(echo + rpc + to("Gate", R"("gated")") + echo + to("Fail", R"("x")") + rpc).take() ==
        echoed + ok(reply(R"("rpc")")));
  server.gate.open();
  const std::string rest =
      ok(R"("gated")") + echoed + failed("404 Not Found", "not_found", "x") + ok(reply(R"("rpc")"));
  peer.settle_until([&] { return peer.received().size() >= rest.size(); });
  CHECK(peer.take() == rest);
}

TEST_CASE("an error of a call has an HTTP status", "[http1]") {
  ConnectServer server;
  HttpPeer peer(server);
  CHECK(peer.send(to("Fail", R"("no such \"user\"")")).take() ==
        failed("404 Not Found", "not_found", R"(no such \"user\")"));
  CHECK(status_line(peer.send(to("Echo", "{bad}")).take()) == "HTTP/1.1 400 Bad Request");
  CHECK_THAT(peer.send(to("Echo", "{bad}")).take(), contains(R"({"code":"invalid_argument","message":"json: )"));
  CHECK_THAT(peer.send(to("Echo", "7")).take(), contains("invalid_argument"));
  CHECK_THAT(peer.send(to("Echo", "")).take(), contains("invalid_argument"));
  CHECK_THAT(peer.send(to("Echo", R"("a" "b")")).take(), contains("invalid_argument"));
  CHECK(peer.send(echo).take() == echoed);
}

TEST_CASE("paths that are no method", "[http1]") {
  ConnectServer server;
  HttpPeer peer(server);
  CHECK(peer.send(to("None", "1")).take() ==
        failed("404 Not Found", "unimplemented", "rpc: can't find method Test.None"));
  CHECK(peer.send(post("1", "", "/None/Echo")).take() ==
        failed("404 Not Found", "unimplemented", "rpc: can't find service None.Echo"));
  // Whoever does not speak Connect gets the page.
  CHECK(body_of(peer.send("POST /Test/None HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").take()) ==
        "404 page not found\n");
  CHECK(body_of(peer.send("GET /Test/None HTTP/1.1\r\nHost: a\r\n\r\n").take()) == "404 page not found\n");
  CHECK(peer.send(echo).take() == echoed);
}

TEST_CASE("calls by another method than POST", "[http1]") {
  ConnectServer server;
  HttpPeer peer(server);
  const std::string refused =
      "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 27\r\n"
      "allow: POST\r\n\r\n";
  CHECK(peer.send("GET /Test/Echo?encoding=json&message=%22hi%22 HTTP/1.1\r\nHost: a\r\n\r\n").take() ==
        refused + "405 a call is sent by POST\n");
  CHECK(peer.send("HEAD /Test/Echo HTTP/1.1\r\nHost: a\r\n\r\n").take() == refused);
  CHECK(status_line(peer.send("PUT /Test/Echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}").take()) ==
        "HTTP/1.1 405 Method Not Allowed");
  CHECK(peer.send(echo).take() == echoed);
}

TEST_CASE("content types that are no format", "[http1]") {
  ConnectServer server;
  for (const std::string_view type : {"text/plain", "application/x-www-form-urlencoded", "application/proto",
                                      "application/connect+json", "application/grpc+proto"}) {
    const std::string text = asked(server, "POST /Test/Echo HTTP/1.1\r\nHost: a\r\nContent-Type: " + std::string(type) +
                                               "\r\nContent-Length: 4\r\n\r\n\"hi\"" + echo);
    CHECK(status_line(text) == "HTTP/1.1 415 Unsupported Media Type");
    CHECK_THAT(text, contains("accept-post: application/json\r\n"));
    CHECK_THAT(text, Catch::EndsWith(echoed));
  }
}

TEST_CASE("what was served before Connect is served as before", "[http1]") {
  http1::Options options = with_connect();
  options.json_rpc_paths = {"/Test/Echo"};
  options.mount("/Test/Fail", [](const http1::Request&) { return http1::Response::text(200, "a page"); });
  ConnectServer server({}, std::move(options));
  HttpPeer peer(server);
  CHECK(peer.send(post(call("Echo", R"(["hi"])"), "", "/Test/Echo")).take() == ok(reply(R"("hi")")));
  CHECK(body_of(peer.send(to("Fail", "1")).take()) == "a page");
  CHECK(peer.send(to("Note", R"("n")")).take() == ok("{}"));

  HttpServer without;
  HttpPeer other(without);
  CHECK(body_of(other.send(echo).take()) == "404 page not found\n");
}

TEST_CASE("Connect carries metadata both ways", "[http1]") {
  ConnectServer server;
  HttpPeer peer(server);
  CHECK(peer.send(to("Metadata", R"("x-key")", "X-Key: a\r\nx-key: b\r\n")).take() == ok(R"("a|b|")"));
  CHECK(peer.send(to("Metadata", R"("x-bin")", "x-bin: aGk, eW91\r\n")).take() == ok(R"("hi|you|")"));
  CHECK(peer.send(to("Metadata", R"("connect-timeout-ms")", "Connect-Timeout-Ms: 60000\r\n")).take() == ok("\"\""));
  CHECK(peer.send(to("Reply", R"(["x-key","value"])")).take() ==
        ok("true", "x-key: value\r\ntrailer-x-behind: trailer\r\n"));
  CHECK(peer.send(to("Reply", R"(["x-bin","\u0001"])")).take() ==
        ok("true", "x-bin: AQ\r\ntrailer-x-behind: trailer\r\n"));
}

TEST_CASE("no metadata splits an answer", "[http1]") {
  ConnectServer server;
  HttpPeer peer(server);
  for (const std::string_view entry :
       {R"(["x-key","a\r\nSet-Cookie: b"])", R"(["x-key\r\ny","a"])", R"(["x-key","a\nb"])",
        R"(["content-length","0"])", R"(["transfer-encoding","chunked"])", R"(["trailer-x","a"])",
        R"(["content-encoding","runs"])"}) {
    INFO(entry);
    CHECK(peer.send(to("Reply", entry)).take() == ok("true", "trailer-x-behind: trailer\r\n"));
  }
  CHECK_THAT(server.log(), contains("left out"));
}

TEST_CASE("Connect carries deadlines", "[http1]") {
  ConnectServer server;
  HttpPeer peer(server);
  CHECK(peer.send(to("TimeLeft", "\"\"")).take() == ok("-1"));
  const std::string left = body_of(peer.send(to("TimeLeft", "\"\"", "Connect-Timeout-Ms: 60000\r\n")).take());
  CHECK(std::stoi(left) <= 60000);
  CHECK(std::stoi(left) > 0);
  const std::string late = failed("504 Gateway Timeout", "deadline_exceeded", "polyrpc: the deadline has passed");
  CHECK(peer.send(to("Echo", R"("hi")", "Connect-Timeout-Ms: 0\r\n")).take() == late);
  for (const std::string_view wrong : {"x", "-1", "1.5", "12345678901", ""})
    CHECK(status_line(peer.send(to("Echo", R"("hi")", "Connect-Timeout-Ms: " + std::string(wrong) + "\r\n")).take()) ==
          "HTTP/1.1 400 Bad Request");
  // A handler that does not come back is not waited for.
  peer.send(to("Gate", R"("late")", "Connect-Timeout-Ms: 20\r\n") + echo);
  peer.settle_until([&] { return peer.received().size() >= (late + echoed).size(); });
  CHECK(peer.take() == late + echoed);
}

TEST_CASE("who goes away cancels the call", "[http1]") {
  ConnectServer server;
  HttpPeer peer(server);
  peer.send(to("UntilCancelled", R"("x")"));
  server.started.pass();
  peer.close();
  server.cancelled.pass();
  CHECK(asked(server, echo) == echoed);
}

TEST_CASE("coroutines answer Connect", "[http1]") {
  Registry registry;
  registry.add("Test.Echo", [](const std::string& text) { return text; });
  registry.add("Test.Slow", [](Context& context, std::string text) -> Awaitable<Result<std::string>> {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, 1ms);
    co_await timer.async_wait(asio::use_awaitable);
    context.headers().add("x-key", "value");
    if (text == "bad") co_return Status::aborted("bad");
    co_return text;
  });
  Protocols protocols;
  protocols.add(http1::protocol(with_connect()));
  TurnedServer server(registry, std::move(protocols));
  TurnedPeer peer(server);
  const std::string expected = ok(R"("hi")", "x-key: value\r\n") + echoed +
                               failed("409 Conflict", "aborted", "bad", "x-key: value\r\n") + echoed;
  peer.send(to("Slow", R"("hi")") + echo + to("Slow", R"("bad")") + echo);
  const auto received = [&] { return HttpPeer::without_dates(peer.received()); };
  peer.settle_until([&] { return received().size() >= expected.size(); });
  CHECK(received() == expected);
}

TEST_CASE("Connect compresses both ways", "[http1]") {
  ConnectServer server;
  HttpPeer peer(server);
  CHECK(peer.send(to("Echo", "5", "Content-Encoding: runs\r\n")).take() == ok(R"("xxx")"));
  CHECK(peer.send(to("Big", "3000", "Accept-Encoding: br, runs\r\n")).take() ==
        ok("3002", "content-encoding: runs\r\n"));
  CHECK(peer.send(to("Big", "3", "Accept-Encoding: runs\r\n")).take() == ok(R"("xxx")"));
  CHECK(peer.send(to("Echo", "5", "Content-Encoding: gzip\r\n")).take() ==
        failed("501 Not Implemented", "unimplemented", R"(connect: the content encoding \"gzip\" is not known here)",
               "accept-encoding: runs, identity\r\n"));
}

TEST_CASE("a Connect message may be too large", "[http1]") {
  Limits limits;
  limits.codec.message_bytes = 1000;
  ConnectServer server(limits);
  const std::string large = failed("429 Too Many Requests", "resource_exhausted",
                                   "connect: the message is larger than 1000 bytes", "Connection: close\r\n");
  const std::string head = "POST /Test/Echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
  {
    HttpPeer peer(server);
    CHECK(peer.send(head + "Content-Length: 1001\r\n\r\n").take() == large);
    CHECK(peer.closed());
  }
  {
    HttpPeer peer(server);
    CHECK(peer.send(head + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x')).take() == large);
    CHECK(peer.closed());
  }
  HttpPeer peer(server);
  const std::string full = '"' + std::string(998, 'x') + '"';
  CHECK(peer.send(to("Echo", full)).take() == ok(full));
  // Inflated, and the reply.
  CHECK(peer.send(to("Echo", "1000", "Content-Encoding: runs\r\n")).take() == ok(full));
  CHECK(peer.send(to("Echo", "9999999999", "Content-Encoding: runs\r\n")).take() ==
        failed("429 Too Many Requests", "resource_exhausted", "runs: too long"));
  CHECK(peer.send(to("Big", "999")).take() ==
        failed("429 Too Many Requests", "resource_exhausted", "connect: the reply is larger than a message may be"));
  CHECK(peer.send(echo).take() == echoed);
}

TEST_CASE("who waits for 100 before a Connect message gets it", "[http1]") {
  ConnectServer server;
  HttpPeer peer(server);
  const std::string head =
      "POST /Test/Echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
      "Content-Length: 4\r\n\r\n";
  CHECK(peer.send(head).take() == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(peer.send(R"("hi")").take() == echoed);
  // But not for what is refused.
  CHECK(status_line(peer.send("POST /Test/None HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                              "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
                        .take()) == "HTTP/1.1 404 Not Found");
  CHECK(peer.closed());
}

TEST_CASE("HTTP/1.0 may speak Connect", "[http1]") {
  ConnectServer server;
  HttpPeer peer(server);
  CHECK(peer.send("POST /Test/Echo HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n\"hi\"")
            .take() ==
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n"
        "Connection: close\r\n\r\n\"hi\"");
  CHECK(peer.closed());
}

TEST_CASE("a server that shuts down says so in Connect", "[http1]") {
  ConnectServer server;
  HttpPeer peer(server);
  peer.send(to("Gate", R"("last")") + echo);
  server.server().shutdown();
  server.gate.open();
  peer.settle_until([&] { return peer.closed(); });
  CHECK(peer.take() ==
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 6\r\n"
        "Connection: close\r\n\r\n\"last\"");
}
