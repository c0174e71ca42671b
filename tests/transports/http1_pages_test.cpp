#include "http1_fixture.hpp"
#include "support/catch.hpp"

#include <stdexcept>

using namespace polyrpc;
using namespace polyrpc::test;

namespace {

std::string get(std::string_view target, std::string_view version = "HTTP/1.1") {
  return "GET " + std::string(target) + " " + std::string(version) + "\r\nHost: a\r\n\r\n";
}

http1::Handler says(std::string text) {
  return [text](const http1::Request&) { return http1::Response::text(200, text); };
}

http1::Options mounting(std::string path, http1::Handler handler) {
  http1::Options options = standard_http();
  options.mount(std::move(path), std::move(handler));
  return options;
}

}  // namespace

TEST_CASE("a handler sees the whole request", "[http1]") {
  std::string seen;
  const Registry* registry = nullptr;
  std::string peer_address;
  HttpServer server(mounting("/page", [&](const http1::Request& request) {
    seen = std::string(request.method) + "|" + std::string(request.path) + "|" + std::string(request.query) + "|" +
           std::string(request.header("x-a")) + "|" + std::string(request.header("none")) + "|" +
           std::string(request.body);
    registry = &request.server->registry();
    peer_address = request.peer->address + " " + request.peer->protocol;
    http1::Response response;
    response.status = 201;
    response.headers = {{"Content-Type", "a/b"}, {"Location", "/page/1"}};
    response.body = "made";
    return response;
  }));
  HttpPeer peer(server);
  const std::string request =
      "PUT /page?x=%20y HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 4\r\n\r\nbody";
  const std::string answer =
      "HTTP/1.1 201 Created\r\nContent-Type: a/b\r\nContent-Length: 4\r\nLocation: /page/1\r\n\r\nmade";
  CHECK(peer.send(request).take() == answer);
  CHECK(seen == "PUT|/page|x=%20y|1||body");
  CHECK(registry == &server.registry);
  CHECK(peer_address == "memory://server http/1.1");
  // The same when the body, and so the handler, comes late.
  seen.clear();
  CHECK(peer.trickle(request).take() == answer);
  CHECK(seen == "PUT|/page|x=%20y|1||body");
}

TEST_CASE("the longest path that fits is served, and a slash takes all below", "[http1]") {
  http1::Options options = standard_http();
  options.mount("/", says("root")).mount("/a", says("a")).mount("/a/", says("below a")).mount("/a/b", says("b"));
  options.mount("/twice", says("first")).mount("/twice", says("second"));
  HttpServer server(std::move(options));
  HttpPeer peer(server);
  const auto at = [&](std::string_view path) { return body_of(peer.send(get(path)).take()); };
  CHECK(at("/") == "root");
  CHECK(at("/other") == "root");
  CHECK(at("/a") == "a");
  CHECK(at("/ab") == "root");
  CHECK(at("/a/") == "below a");
  CHECK(at("/a/c/d?e") == "below a");
  CHECK(at("/a/b") == "b");
  CHECK(at("/twice") == "second");
  // POST to the paths of JSON-RPC is JSON-RPC.
  CHECK(peer.send(post(call("Echo", R"(["hi"])"), "", "/")).take() == ok(reply(R"("hi")")));
  CHECK(status_line(peer.send(get("/_goRPC_")).take()) == "HTTP/1.1 405 Method Not Allowed");
}

TEST_CASE("a handler that throws is a 500, and its text stays in the log", "[http1]") {
  http1::Options options = standard_http();
  options.mount("/throw", [](const http1::Request&) -> http1::Response { throw std::runtime_error("secret"); });
  options.mount("/other", [](const http1::Request&) -> http1::Response { throw 7; });
  options.mount("/status", [](const http1::Request&) { return http1::Response::text(100, "x"); });
  HttpServer server(std::move(options));
  HttpPeer peer(server);
  for (const std::string_view path : {"/throw", "/other", "/status"}) {
    const std::string text = peer.send(get(path)).take();
    CHECK(status_line(text) == "HTTP/1.1 500 Internal Server Error");
    CHECK(text.find("secret") == std::string::npos);
  }
  CHECK_THAT(server.log(), contains("/throw threw secret"));
}

TEST_CASE("a handler cannot break out of its answer", "[http1]") {
  HttpServer server(mounting("/page", [](const http1::Request&) {
    http1::Response response = http1::Response::text(200, "x");
    response.headers.emplace_back("X-A", "a\r\n\r\nHTTP/1.1 200 OK");
    response.headers.emplace_back("Content-Length", "100");
    response.headers.emplace_back("X-B", "b");
    return response;
  }));
  HttpPeer peer(server);
  CHECK(peer.send(get("/page")).take() ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 1\r\nX-B: b\r\n\r\nx");
  CHECK_THAT(server.log(), contains("left out"));
}

TEST_CASE("a long page goes out in chunks, as fast as it is read", "[http1]") {
  int made = 0;
  const auto pages = [&made](const http1::Request&) {
    http1::Response response;
    response.headers = {{"Content-Type", "text/plain"}};
    response.stream = [&made, count = 0](std::string& piece) mutable {
      ++made;
      piece = std::string(1000, static_cast<char>('a' + count % 26));
      return ++count < 1000;
    };
    return response;
  };
  Limits limits;
  limits.unsent_bytes = 50'000;
  MemoryOptions memory;
  memory.buffer_bytes = 4096;
  HttpServer server(mounting("/long", pages), limits, memory);
  SECTION("HTTP/1.1") {
    HttpPeer peer(server);
    peer.stop_reading();
    peer.send(get("/long") + get("/none"));
    CHECK(made > 10);
    CHECK(made < 400);
    peer.read_again();
    std::string text = peer.take();
    CHECK(made == 1000);
    CHECK_THAT(text, starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "3e8\r\naaaaaa"));
    CHECK_THAT(text, contains("\r\n0\r\n\r\nHTTP/1.1 404 Not Found\r\n"));
    CHECK_FALSE(peer.closed());
  }
  SECTION("HTTP/1.0") {
    HttpPeer peer(server);
    peer.send("GET /long HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const std::string text = peer.take();
    CHECK_THAT(text, starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\naaaa"));
    CHECK(body_of(text).size() == 1'000'000);
    CHECK(peer.closed());
  }
  SECTION("HEAD") {
    HttpPeer peer(server);
    CHECK(peer.send("HEAD /long HTTP/1.1\r\nHost: a\r\n\r\n").take() ==
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
    CHECK(made == 0);
  }
}

TEST_CASE("a page that never ends does not stop the others", "[http1]") {
  HttpServer server(mounting("/endless", [](const http1::Request&) {
    http1::Response response;
    response.stream = [](std::string& piece) {
      piece = std::string(100'000, 'x');
      return true;
    };
    return response;
  }));
  const auto endless = server.turned().dial();
  REQUIRE(endless->write_some(as_bytes(get("/endless"))).state == IoState::done);
  HttpPeer other(server);
  CHECK(other.send(post(call("Echo", R"(["hi"])"))).take() == ok(reply(R"("hi")")));
}

TEST_CASE("a page that fails half-way is seen to be broken", "[http1]") {
  HttpServer server(mounting("/broken", [](const http1::Request&) {
    http1::Response response;
    response.stream = [count = 0](std::string& piece) mutable {
      if (++count == 3) throw std::runtime_error("out of pages");
      piece = "x";
      return true;
    };
    return response;
  }));
  HttpPeer peer(server);
  CHECK_THAT(peer.send(get("/broken")).take(), ends_with("\r\n\r\n1\r\nx\r\n1\r\nx\r\n"));
  CHECK(peer.closed());
  CHECK_THAT(server.log(), contains("out of pages"));
}

TEST_CASE("a page may throw anything", "[http1]") {
  HttpServer server(mounting("/broken", [](const http1::Request&) {
    http1::Response response;
    response.stream = [](std::string&) -> bool { throw 7; };
    return response;
  }));
  HttpPeer peer(server);
  CHECK_THAT(peer.send(get("/broken")).take(), ends_with("\r\nTransfer-Encoding: chunked\r\n\r\n"));
  CHECK(peer.closed());
}

TEST_CASE("answers without a body have none", "[http1]") {
  http1::Options options = standard_http();
  options.mount("/204", [](const http1::Request&) { return http1::Response::text(204, "x"); });
  options.mount("/304", [](const http1::Request&) { return http1::Response::text(304, "x"); });
  HttpServer server(std::move(options));
  HttpPeer peer(server);
  CHECK_THAT(peer.send(get("/204")).take(), starts_with("HTTP/1.1 204 No Content\r\n") && ends_with("\r\n\r\n"));
  CHECK_THAT(peer.send(get("/304")).take(), starts_with("HTTP/1.1 304 Not Modified\r\n") && ends_with("\r\n\r\n"));
  CHECK(status_line(peer.send(get("/204")).take()) == "HTTP/1.1 204 No Content");
}
