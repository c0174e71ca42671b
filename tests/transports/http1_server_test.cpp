#include "http1_fixture.hpp"
#include "support/catch.hpp"

#include <array>

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

namespace {

const std::string echo = call("Echo", R"(["hi"])");
const std::string echoed = ok(reply(R"("hi")"));

http1::Response hello(const http1::Request& request) {
  return http1::Response::text(
      200, std::string(request.method) + " " + std::string(request.path) + " " + std::string(request.body) + "\n");
}

http1::Options with_hello() {
  http1::Options options = standard_http();
  options.mount("/hello", hello);
  return options;
}

/// Sends it, checks the first line of the answer, and that the connection is closed behind it.
void check_refused(std::string_view request, std::string_view status, Limits limits = {}) {
  INFO(request.substr(0, 200));
  HttpServer server(with_hello(), limits);
  HttpPeer peer(server);
  peer.send(request);
  const std::string text = peer.take();
  CHECK(status_line(text) == "HTTP/1.1 " + std::string(status));
  CHECK_THAT(text, contains("\r\nConnection: close\r\n"));
  CHECK(text.find("\nHTTP/1.1 ") == std::string::npos);
  CHECK(peer.closed());
}

std::string get(std::string_view target, std::string_view lines = "", std::string_view method = "GET") {
  return std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
}

}  // namespace

TEST_CASE("a connection that starts with an HTTP method is HTTP's", "[http1]") {
  const auto protocol = http1::protocol(standard_http());
  const auto matches = [&](std::string_view text) { return protocol->matches(as_bytes(text)); };
  CHECK(protocol->name() == "http/1.1");
  for (const std::string_view method :
       {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}) {
    for (std::size_t size = 0; size <= method.size(); ++size) CHECK(matches(method.substr(0, size)) == Match::more);
    CHECK(matches(std::string(method) + " ") == Match::yes);
    CHECK(matches(std::string(method) + " / HTTP/1.1\r\n") == Match::yes);
  }
  CHECK(matches("{\"") == Match::no);
  CHECK(matches("G\x03") == Match::no);
  CHECK(matches("GETX") == Match::no);
  CHECK(matches("get ") == Match::no);
  CHECK(matches("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == Match::no);
  CHECK(matches("PR") == Match::no);
  CHECK(matches("\x16\x03\x01") == Match::no);
}

TEST_CASE("requests in one connection are answered in order, however they arrive", "[http1]") {
  std::string requests;
  std::string answers;
  for (int i = 0; i < 100; ++i) {
    const std::string text = "\"" + std::to_string(i) + "\"";
    if (i % 3 == 2) {
      requests += get("/hello");
      answers +=
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 12\r\n\r\nGET /hello \n";
    } else {
      requests += post(call("Echo", "[" + text + "]", std::to_string(i)));
      answers += ok(reply(text, std::to_string(i)));
    }
  }
  SECTION("at once") {
    HttpServer server(with_hello());
    HttpPeer peer(server);
    CHECK(peer.send(requests).take() == answers);
    CHECK_FALSE(peer.closed());
  }
  SECTION("byte by byte") {
    HttpServer server(with_hello());
    HttpPeer peer(server);
    CHECK(peer.trickle(requests.substr(0, 3000)).send(requests.substr(3000)).take() == answers);
  }
  SECTION("in pieces of any size") {
    for (const std::size_t piece : {std::size_t{5}, std::size_t{17}, std::size_t{333}, std::size_t{4097}}) {
      HttpServer server(with_hello());
      HttpPeer peer(server);
      for (std::size_t at = 0; at < requests.size(); at += piece) peer.send(requests.substr(at, piece));
      CHECK(peer.take() == answers);
    }
  }
}

TEST_CASE("a batch of requests is answered by one write", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  peer.send(post(echo));
  peer.take();
  MemoryFault count;
  count.nth = 1'000'000;
  count.operation = MemoryOperation::write;
  count.side = MemorySide::acceptor;
  server.network().inject(count);
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += post(echo);
  peer.send(requests);
  CHECK(server.network().operations() == 1);
}

TEST_CASE("CONNECT is answered as Go answers it and loses nothing", "[http1]") {
  const std::string call_v1 = R"({"method":"Test.Echo","params":["hi"],"id":1})";
  const std::string answer_v1 = "{\"id\":1,\"result\":\"hi\",\"error\":null}\n";
  const std::string connected = "HTTP/1.0 200 Connected to Go RPC\n\n";
  for (const std::string_view request :
       {"CONNECT /_goRPC_ HTTP/1.0\n\n", "CONNECT /_goRPC_ HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"}) {
    HttpServer server;
    HttpPeer whole(server);
    CHECK(whole.send(std::string(request) + call_v1 + call_v1).take() == connected + answer_v1 + answer_v1);
    CHECK(whole.send(call_v1).take() == answer_v1);

    HttpPeer apart(server);
    CHECK(apart.trickle(request).take() == connected);
    CHECK(apart.trickle(call_v1).take() == answer_v1);
    apart.finish_sending();
    CHECK(apart.closed());

    HttpPeer behind(server);
    CHECK(behind.send(post(echo) + std::string(request) + call_v1).take() == echoed + connected + answer_v1);
  }
}

TEST_CASE("CONNECT behind a call that takes long waits for it", "[http1]") {
  const std::string call_v1 = R"({"method":"Test.Echo","params":["hi"],"id":1})";
  HttpServer server;
  HttpPeer peer(server);
  peer.send(post(call("Gate", R"(["x"])")));
  peer.send("CONNECT /_goRPC_ HTTP/1.0\n\n");
  server.gate.await(1);
  peer.settle();
  CHECK(peer.received().empty());
  server.gate.open();
  peer.settle_until([&] { return peer.received().find("Go RPC\n\n") != std::string::npos; });
  CHECK(peer.take() == ok(reply(R"("x")")) + "HTTP/1.0 200 Connected to Go RPC\n\n");
  CHECK(peer.send(call_v1).take() == "{\"id\":1,\"result\":\"hi\",\"error\":null}\n");
}

TEST_CASE("net/rpc's path takes no other method, and CONNECT no other path", "[http1]") {
  HttpServer server;
  HttpPeer peer(server);
  CHECK(peer.send(get("/_goRPC_")).take() ==
        "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 17\r\nAllow: "
        "CONNECT\r\n\r\n405 must CONNECT\n");
  CHECK_FALSE(peer.closed());
  const std::string text = peer.send("CONNECT /other HTTP/1.0\r\n\r\n").take();
  CHECK(status_line(text) == "HTTP/1.1 404 Not Found");
  CHECK(body_of(text) == "404 page not found\n");
  CHECK(peer.closed());

  http1::Options options = standard_http();
  options.connect_path = "/rpc";
  HttpServer moved(options);
  CHECK(HttpPeer(moved).send("CONNECT /rpc HTTP/1.0\n\n").take() == "HTTP/1.0 200 Connected to Go RPC\n\n");
  CHECK(status_line(HttpPeer(moved).send("CONNECT /_goRPC_ HTTP/1.0\r\n\r\n").take()) == "HTTP/1.1 404 Not Found");

  options.net_rpc = nullptr;
  HttpServer without(options);
  CHECK(status_line(HttpPeer(without).send("CONNECT /rpc HTTP/1.0\r\n\r\n").take()) == "HTTP/1.1 404 Not Found");
}

TEST_CASE("a peer that expects 100 gets it before it sends the body", "[http1]") {
  HttpServer server(with_hello());
  HttpPeer peer(server);
  const std::string request = post(echo, "Expect: 100-continue\r\n");
  const std::size_t head = request.find("\r\n\r\n") + 4;
  CHECK(peer.send(request.substr(0, head)).take() == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(peer.send(request.substr(head)).take() == echoed);
  // Not when the body is there already.
  CHECK(peer.send(request).take() == echoed);
  CHECK(peer.send(request.substr(0, head + 3)).take().empty());
  CHECK(peer.send(request.substr(head + 3)).take() == echoed);

  const std::string chunked =
      "POST /hello HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(peer.send(chunked).take() == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(body_of(peer.send("2\r\nhi\r\n0\r\n\r\n").take()) == "POST /hello hi\n");
  // An interim answer for nothing.
  CHECK(status_line(peer.send(get("/hello", "Expect: 100-continue\r\n")).take()) == "HTTP/1.1 200 OK");
  // HTTP/1.0 does not know it.
  CHECK(peer.send("POST /hello HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n").take().empty());
  CHECK(body_of(peer.send("hi").take()) == "POST /hello hi\n");
}

TEST_CASE("a peer that expects 100 is refused without it", "[http1]") {
  Limits limits;
  limits.codec.message_bytes = 100;
  const std::string lines = "Expect: 100-continue\r\nContent-Length: 101\r\n";
  check_refused(get("/hello", lines, "POST"), "413 Content Too Large", limits);
  check_refused(get("/none", "Expect: 100-continue\r\nContent-Length: 5\r\n", "POST"), "404 Not Found");
  check_refused(get("/jsonrpc", "Expect: 100-continue\r\nContent-Type: a/b\r\nContent-Length: 5\r\n", "POST"),
                "415 Unsupported Media Type");
  check_refused(get("/hello", "Expect: a-miracle\r\nContent-Length: 5\r\n", "POST"), "417 Expectation Failed");
}

TEST_CASE("the connection stays or not, as the request and its version have it", "[http1]") {
  HttpServer server(with_hello());
  HttpPeer old(server);
  const std::string text = old.send("GET /hello HTTP/1.0\r\n\r\n").take();
  CHECK(text ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 12\r\nConnection: "
        "close\r\n\r\nGET /hello \n");
  CHECK(old.closed());

  HttpPeer kept(server);
  CHECK_THAT(kept.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").take(),
             contains("\r\nConnection: keep-alive\r\n"));
  CHECK_FALSE(kept.closed());
  CHECK_THAT(kept.send("GET /hello HTTP/1.0\r\n\r\n").take(), contains("\r\nConnection: close\r\n"));
  CHECK(kept.closed());

  HttpPeer closing(server);
  CHECK_THAT(closing.send(get("/hello", "Connection: close\r\n") + get("/hello")).take(),
             ends_with("\r\nConnection: close\r\n\r\nGET /hello \n"));
  CHECK(closing.closed());
}

TEST_CASE("HEAD gets what GET gets, without the body", "[http1]") {
  HttpServer server(with_hello());
  HttpPeer peer(server);
  CHECK(peer.send(get("/hello", "", "HEAD")).take() ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 13\r\n\r\n");
  CHECK(peer.send(get("/none", "", "HEAD")).take() ==
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 19\r\n\r\n");
  CHECK(status_line(peer.send(get("/hello")).take()) == "HTTP/1.1 200 OK");
}

TEST_CASE("a target may be a whole address with a query", "[http1]") {
  HttpServer server(with_hello());
  HttpPeer peer(server);
  CHECK(body_of(peer.send(get("http://example.org/hello?x=y")).take()) == "GET /hello \n");
  CHECK(peer.send(post(echo, "", "http://example.org/jsonrpc")).take() == echoed);
  CHECK(peer.send(post(echo, "", "http://example.org")).take() == echoed);
}

TEST_CASE("what is too large is refused", "[http1]") {
  Limits limits;
  limits.http_header_bytes = 1000;
  limits.http_target_bytes = 100;
  limits.http_headers = 10;
  limits.codec.message_bytes = 100;
  check_refused(get("/hello", "X: " + std::string(1000, 'x') + "\r\n"), "431 Request Header Fields Too Large", limits);
  std::string many;
  for (int i = 0; i < 10; ++i) many += "X: y\r\n";
  check_refused(get("/hello", many), "431 Request Header Fields Too Large", limits);
  check_refused(get("/" + std::string(100, 'a')), "414 URI Too Long", limits);
  check_refused(get("/hello", "Content-Length: 101\r\n", "POST"), "413 Content Too Large", limits);
  check_refused(
      get("/hello", "Transfer-Encoding: chunked\r\n", "POST") + "40\r\n" + std::string(64, 'x') + "\r\n25\r\n",
      "413 Content Too Large", limits);
  check_refused(get("/hello", "Transfer-Encoding: chunked\r\n", "POST") + "1;" + std::string(1100, 'x'),
                "413 Content Too Large", limits);
  HttpServer server(with_hello(), limits);
  CHECK(body_of(HttpPeer(server).send(get("/hello", "Content-Length: 100\r\n", "POST") + std::string(100, 'x')).take())
            .size() == 113);
}

TEST_CASE("an unfinished header that is too large is refused at once", "[http1]") {
  Limits limits;
  limits.http_header_bytes = 1000;
  check_refused("GET / HTTP/1.1\r\nX: " + std::string(1000, 'x'), "431 Request Header Fields Too Large", limits);
}

TEST_CASE("a claimed length allocates nothing", "[http1]") {
  HttpServer server(with_hello());
  HttpPeer peer(server);
  peer.send(get("/hello", "Content-Length: 67108864\r\n", "POST") + "x");
  CHECK(peer.take().empty());
  CHECK_FALSE(peer.closed());
}

TEST_CASE("a request with two readings is refused, and the connection with it", "[http1]") {
  const std::string bad = "400 Bad Request";
  const std::string next = get("/hello");
  check_refused(get("/hello", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "POST") + "0\r\n\r\n" + next, bad);
  check_refused(get("/hello", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "POST") + "0\r\n\r\n" + next, bad);
  check_refused(get("/hello", "Content-Length: 3\r\nContent-Length: 3\r\n", "POST") + "abc" + next, bad);
  check_refused(get("/hello", "Content-Length: 18446744073709551619\r\n", "POST") + "abc" + next, bad);
  check_refused(get("/hello", "Content-Length: 3x\r\n", "POST") + "abc" + next, bad);
  check_refused(get("/hello", "Transfer-Encoding: gzip, chunked\r\n", "POST") + "0\r\n\r\n" + next,
                "501 Not Implemented");
  check_refused(get("/hello", "Transfer-Encoding : chunked\r\n", "POST") + "0\r\n\r\n" + next, bad);
  check_refused(get("/hello", "X: a\r\n b\r\n") + next, bad);
  check_refused(get("/hello", std::string_view("X: a\0b\r\n", 8)) + next, bad);
  check_refused(get("/hello", "X: a\rContent-Length: 3\r\n") + next, bad);
  check_refused("GET /hello HTTP/1.1\nHost: a\n\n" + next, bad);
  check_refused("GET /hello HTTP/1.1\r\n\r\n" + next, bad);
  check_refused(get("/hello", "Host: b\r\n") + next, bad);
  check_refused("GET /hello\r\n" + next, bad);
  check_refused("GET /hello HTTP/1.1 x\r\nHost: a\r\n\r\n" + next, bad);
  check_refused("GET /hello HTTP/3.0\r\nHost: a\r\n\r\n" + next, "505 HTTP Version Not Supported");
}

TEST_CASE("a malformed chunked body is refused", "[http1]") {
  const std::string head = get("/hello", "Transfer-Encoding: chunked\r\n", "POST");
  const std::string bad = "400 Bad Request";
  check_refused(head + "10000000000000000\r\n", bad);
  check_refused(head + "00000000000000001\r\nx\r\n0\r\n\r\n", bad);
  check_refused(head + "x\r\n", bad);
  check_refused(head + "1\nx\n0\n\n", bad);
  check_refused(head + "1\r\nxy\r\n0\r\n\r\n", bad);
  check_refused(head + "0\r\nno colon\r\n\r\n", bad);
}

TEST_CASE("a chunked body may have extensions and trailers, which are nobody's header", "[http1]") {
  http1::Options options = standard_http();
  options.mount("/fields", [](const http1::Request& request) {
    std::string text;
    for (const auto& [name, value] : request.headers) text.append(name).append("=").append(value).append(";");
    return http1::Response::text(200, text + std::string(request.body));
  });
  HttpServer server(std::move(options));
  const std::string request =
      get("/fields", "Transfer-Encoding: chunked\r\nTrailer: X-Late\r\n", "POST") +
      "3;ext=\"a\"\r\nabc\r\n2\r\nde\r\n0\r\nX-Late: 1\r\nAuthorization: evil\r\nContent-Length: 7\r\n\r\n";
  const std::string expected = "Host=a;Transfer-Encoding=chunked;Trailer=X-Late;abcde";
  HttpPeer peer(server);
  CHECK(body_of(peer.send(request).take()) == expected);
  CHECK(body_of(peer.trickle(request).take()) == expected);
  CHECK(body_of(peer.send(request + request).take().substr(1)) != expected);
}

TEST_CASE("an unknown method is 501, one that fits nothing 405 with what does", "[http1]") {
  HttpServer server(with_hello());
  HttpPeer peer(server);
  CHECK(status_line(peer.send(get("/jsonrpc")).take()) == "HTTP/1.1 405 Method Not Allowed");
  CHECK_THAT(peer.send(get("/jsonrpc", "", "DELETE")).take(), contains("\r\nAllow: POST\r\n"));
  CHECK_THAT(peer.send(get("/", "", "PUT")).take(), contains("\r\nAllow: POST\r\n"));
  CHECK(status_line(peer.send(get("/none", "", "TRACE")).take()) == "HTTP/1.1 404 Not Found");
  CHECK_THAT(peer.send(get("*", "", "OPTIONS")).take(), contains("\r\nAllow: "));
  CHECK(status_line(peer.send(get("/hello", "", "BREW")).take()) == "HTTP/1.1 501 Not Implemented");
  CHECK(peer.closed());
}

TEST_CASE("HTTP/2 in the middle of HTTP/1 is refused", "[http1]") {
  HttpServer server(with_hello());
  HttpPeer peer(server);
  peer.send(get("/hello"));
  peer.take();
  CHECK(status_line(peer.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").take()) == "HTTP/1.1 505 HTTP Version Not Supported");
  CHECK(peer.closed());
  HttpPeer first(server);
  first.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  CHECK(first.closed());
  CHECK(first.received().empty());
}

TEST_CASE("a refused request's body is read over, so that the connection lives on", "[http1]") {
  HttpServer server(with_hello());
  HttpPeer peer(server);
  const std::string request = get("/none", "Content-Length: 100000\r\n", "POST");
  CHECK(status_line(peer.send(request).take()) == "HTTP/1.1 404 Not Found");
  CHECK(peer.send(std::string(99'999, 'G')).take().empty());
  CHECK(body_of(peer.send("G" + get("/hello")).take()) == "GET /hello \n");
  check_refused(get("/none", "Content-Length: 300000\r\n", "POST"), "404 Not Found");
  check_refused(get("/none", "Transfer-Encoding: chunked\r\n", "POST"), "404 Not Found");
}

TEST_CASE("a header that takes too long is answered with 408", "[http1]") {
  Limits limits;
  limits.http_header_time = 30ms;
  HttpServer server(with_hello(), limits);
  for (const std::string_view before : {"", "once"}) {
    HttpPeer peer(server);
    if (!before.empty()) CHECK(status_line(peer.send(get("/hello")).take()) == "HTTP/1.1 200 OK");
    peer.send("GET /hello HTTP/1.1\r\nHo");
    CHECK_FALSE(peer.closed());
    peer.settle_until([&] { return peer.closed(); });
    const std::string text = peer.take();
    CHECK(status_line(text) == "HTTP/1.1 408 Request Timeout");
    CHECK_THAT(text, contains("\r\nConnection: close\r\n"));
  }
}

TEST_CASE("a body that takes too long is answered with 408", "[http1]") {
  Limits limits;
  limits.message_time = 30ms;
  HttpServer server(with_hello(), limits);
  HttpPeer peer(server);
  peer.send(get("/hello", "Content-Length: 5\r\n", "POST") + "hell");
  peer.settle_until([&] { return peer.closed(); });
  CHECK(status_line(peer.take()) == "HTTP/1.1 408 Request Timeout");

  HttpPeer refused(server);
  refused.send(get("/none", "Content-Length: 5\r\n", "POST") + "hell");
  refused.settle_until([&] { return refused.closed(); });
  const std::string text = refused.take();
  CHECK(status_line(text) == "HTTP/1.1 404 Not Found");
  CHECK(text.find("408") == std::string::npos);
}

TEST_CASE("a connection at rest stays, unless there is a limit", "[http1]") {
  Limits limits;
  limits.http_header_time = 20ms;
  limits.idle_time = 60ms;
  HttpServer server(with_hello(), limits);
  HttpPeer peer(server);
  peer.send(get("/hello"));
  peer.take();
  const auto since = Clock::now();
  peer.settle_until([&] { return peer.closed(); });
  CHECK(Clock::now() - since >= 40ms);
  CHECK(peer.take().empty());
}

TEST_CASE("a peer that does not read is waited for, but not for ever", "[http1]") {
  Limits limits;
  limits.unsent_bytes = 100'000;
  limits.write_time = 50ms;
  MemoryOptions memory;
  memory.buffer_bytes = 4096;
  http1::Options options = with_hello();
  int calls = 0;
  options.mount("/big", [&](const http1::Request&) {
    ++calls;
    return http1::Response::text(200, std::string(10'000, 'x'));
  });
  SECTION("it reads in the end") {
    limits.write_time = 0ms;
    HttpServer server(options, limits, memory);
    HttpPeer peer(server);
    peer.stop_reading();
    std::string requests;
    for (int i = 0; i < 200; ++i) requests += get("/big");
    peer.send(requests);
    // What stands in the output is bounded, and so is what is read ahead of it.
    CHECK(calls < 60);
    peer.read_again();
    peer.send(requests.substr(requests.size() - peer.unsent()));
    peer.settle();
    CHECK(calls == 200);
    std::size_t answers = 0;
    const std::string text = peer.take();
    for (std::size_t at = 0; (at = text.find("HTTP/1.1 200", at)) != std::string::npos; ++at) ++answers;
    CHECK(answers == 200);
  }
  SECTION("it never reads") {
    HttpServer server(options, limits, memory);
    HttpPeer peer(server);
    peer.stop_reading();
    for (int i = 0; i < 200; ++i) peer.send(get("/big"));
    peer.settle_until([&] { return server.log().find("the peer does not read") != std::string::npos; });
    peer.read_again();
    peer.settle();
    CHECK(peer.closed());
  }
}

TEST_CASE("a draining server ends idle connections and finishes what is under way", "[http1]") {
  HttpServer server(with_hello());
  HttpPeer idle(server);
  idle.send(get("/hello"));
  idle.take();
  HttpPeer busy(server);
  busy.send(post(call("Gate", R"(["x"])")));
  HttpPeer half(server);
  half.send("GET /hello HTTP/1.1\r\n");
  HttpPeer streaming(server);
  server.gate.await(1);
  bool finished = false;
  server.server().shutdown([&] { finished = true; });
  idle.settle();
  CHECK(idle.closed());
  CHECK_FALSE(busy.closed());
  CHECK_FALSE(half.closed());
  CHECK_THAT(half.send("Host: a\r\n\r\n").take(), contains("\r\nConnection: close\r\n"));
  CHECK(half.closed());
  CHECK_FALSE(finished);
  server.gate.open();
  busy.settle_until([&] { return busy.closed(); });
  CHECK(busy.take() == ok(reply(R"("x")"), "Connection: close\r\n"));
  streaming.settle_until([&] { return finished; });
}

TEST_CASE("a connection that is cut at any byte leaves nothing behind", "[http1]") {
  const std::string requests = post(echo) + get("/hello") + get("/hello", "Transfer-Encoding: chunked\r\n", "POST") +
                               "2\r\nhi\r\n0\r\n\r\n" + post(call("Gate", R"(["x"])"));
  HttpServer server(with_hello());
  for (std::size_t size = 0; size <= requests.size(); ++size) {
    HttpPeer peer(server);
    peer.send(requests.substr(0, size));
    peer.finish_sending();
    CHECK(peer.closed());
  }
  HttpPeer last(server);
  CHECK(last.send(post(echo)).take() == echoed);
}

TEST_CASE("a server survives a failure at any read or write", "[http1]") {
  const std::string requests =
      post(echo) + get("/hello") + "CONNECT /_goRPC_ HTTP/1.0\n\n" + R"({"method":"Test.Echo","params":["hi"],"id":1})";
  std::size_t points = 0;
  for (bool met = true; met; ++points) {
    HttpServer server(with_hello());
    MemoryFault fault;
    fault.nth = points + 1;
    fault.side = MemorySide::acceptor;
    server.network().inject(fault);
    {
      HttpPeer peer(server);
      for (std::size_t at = 0; at < requests.size(); at += 40) peer.send(requests.substr(at, 40));
    }
    met = server.network().fault_happened();
    server.network().clear_fault();
    HttpPeer other(server);
    CHECK(other.send(post(echo)).take() == echoed);
  }
  CHECK(points > 8);
}

TEST_CASE("a path that cannot be served is told at once", "[http1]") {
  for (const std::string& path : {std::string("no-slash"), std::string("/a b"), std::string("/a?b"), std::string()}) {
    http1::Options options = standard_http();
    options.mount(path, hello);
    CHECK_THROWS_AS(http1::protocol(std::move(options)), std::invalid_argument);
    options = standard_http();
    options.connect_path = path;
    CHECK_THROWS_AS(http1::protocol(std::move(options)), std::invalid_argument);
    options = standard_http();
    options.json_rpc_paths = {path};
    CHECK_THROWS_AS(http1::protocol(std::move(options)), std::invalid_argument);
  }
  http1::Options options;
  options.mount("/a", nullptr);
  CHECK_THROWS_AS(http1::protocol(std::move(options)), std::invalid_argument);
}
