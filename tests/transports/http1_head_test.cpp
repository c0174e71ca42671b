#include "http1_head.hpp"

#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace polyrpc::http1;

namespace {

constexpr std::string_view connect_path = "/_goRPC_";

struct Outcome {
  HeadScanner scanner;
  HttpRequestHead head;
  std::optional<Refusal> refusal;
  bool complete = false;

  int status() const { return refusal ? refusal->status : complete ? 200 : 0; }
};

/// `text` in pieces of that size. The text must stay: the head's views borrow from it.
Outcome read(std::string_view text, std::size_t piece = std::string_view::npos, const HeadLimits& limits = {}) {
  Outcome outcome;
  for (std::size_t size = 0; size != text.size() && !outcome.complete && !outcome.refusal;) {
    size = text.size() - size > piece ? size + piece : text.size();
    switch (outcome.scanner.scan(text.substr(0, size), limits, connect_path)) {
      case HeadScanner::State::more:
        break;
      case HeadScanner::State::refused:
        outcome.refusal = outcome.scanner.refusal();
        break;
      case HeadScanner::State::complete:
        outcome.complete = true;
        outcome.refusal = parse_request(text, outcome.scanner, limits, outcome.head);
        break;
    }
  }
  return outcome;
}

/// The status that the request is refused with, the same however it is cut; 200: accepted; 0: more is needed.
int status_of(std::string_view text, const HeadLimits& limits = {}) {
  const Outcome whole = read(text, std::string_view::npos, limits);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
    const Outcome cut = read(text, piece, limits);
    CHECK(cut.status() == whole.status());
    CHECK((cut.refusal ? cut.refusal->why : "") == (whole.refusal ? whole.refusal->why : ""));
    CHECK(cut.head.fields.size() == whole.head.fields.size());
  }
  return whole.status();
}

/// The same with this line between a proper request line and Host.
int status_with(std::string_view line, std::string_view method = "POST") {
  return status_of(std::string(method) + " / HTTP/1.1\r\n" + std::string(line) + "\r\nHost: a\r\n\r\n");
}

std::string fields(std::size_t count) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < count; ++i) text += "X-" + std::to_string(i) + ": y\r\n";
  return text + "\r\n";
}

}  // namespace

TEST_CASE("a request's head is taken apart", "[http1]") {
  const std::string text =
      "POST /jsonrpc?x=1&y=?2 HTTP/1.1\r\n"
      "Host: example.org:8080\r\n"
      "X-Trace:   a, b \t \r\n"
      "Empty:\r\n"
      "Content-Length: 12\r\n"
      "x-trace: c\r\n"
      "\r\nbody";
  const Outcome outcome = read(text);
  REQUIRE(outcome.status() == 200);
  const HttpRequestHead& head = outcome.head;
  CHECK(head.method == "POST");
  CHECK(head.target == "/jsonrpc?x=1&y=?2");
  CHECK(head.path == "/jsonrpc");
  CHECK(head.query == "x=1&y=?2");
  CHECK(head.minor_version == 1);
  CHECK(head.keep_alive);
  CHECK(head.framing == Framing::length);
  CHECK(head.content_length == 12);
  REQUIRE(head.fields.size() == 5);
  CHECK(head.fields[1].name == "X-Trace");
  CHECK(head.fields[1].value == "a, b");
  CHECK(head.fields[2].name == "Empty");
  CHECK(head.fields[2].value.empty());
  CHECK(head.find("X-TRACE") == "a, b");
  CHECK_FALSE(head.find("x-none"));
  CHECK(text.substr(outcome.scanner.end()) == "body");
}

TEST_CASE("a head that arrives byte by byte is the same", "[http1]") {
  const std::string text = "GET /a HTTP/1.1\r\nHost: b\r\nA: 1\r\nB: 2\r\n\r\n";
  const Outcome outcome = read(text, 1);
  REQUIRE(outcome.status() == 200);
  CHECK(outcome.head.path == "/a");
  REQUIRE(outcome.head.fields.size() == 3);
  CHECK(outcome.head.fields[2].value == "2");
  for (std::size_t size = 0; size < text.size(); ++size) CHECK(status_of(text.substr(0, size)) == 0);
}

TEST_CASE("an empty line before a request is passed over", "[http1]") {
  const std::string text = "\r\nGET /a HTTP/1.1\r\nHost: b\r\n\r\n";
  const Outcome outcome = read(text);
  REQUIRE(outcome.status() == 200);
  CHECK(outcome.head.path == "/a");
  CHECK(outcome.scanner.end() == text.size());
  CHECK(status_of("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n") == 400);
}

TEST_CASE("a target may be a whole address", "[http1]") {
  const auto path_of = [](std::string_view target) {
    const std::string text = "GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    const Outcome outcome = read(text);
    return outcome.refusal ? std::to_string(outcome.status())
                           : std::string(outcome.head.path) + "|" + std::string(outcome.head.query);
  };
  CHECK(path_of("/a/b?c=d") == "/a/b|c=d");
  CHECK(path_of("http://example.org/a/b?c=/d") == "/a/b|c=/d");
  CHECK(path_of("HTTPS://example.org:443/") == "/|");
  CHECK(path_of("http://example.org") == "/|");
  CHECK(path_of("http://example.org?q") == "/|q");
  CHECK(path_of("http:///a") == "400");
  CHECK(path_of("http://user@example.org/") == "400");
  CHECK(path_of("ftp://example.org/a") == "400");
  CHECK(path_of("/a#fragment") == "400");
  CHECK(path_of("a/b") == "400");
  CHECK(path_of("*") == "400");
  CHECK(path_of("/a\x01") == "400");
  CHECK(path_of("/a\xc3\xa4") == "400");
  CHECK(status_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
}

TEST_CASE("whether the connection stays is the version's and Connection's to say", "[http1]") {
  const auto stays = [](std::string_view version, std::string_view lines) {
    const std::string text = "GET / " + std::string(version) + "\r\nHost: a\r\n" + std::string(lines) + "\r\n";
    const Outcome outcome = read(text);
    REQUIRE(outcome.status() == 200);
    return outcome.head.keep_alive;
  };
  CHECK(stays("HTTP/1.1", ""));
  CHECK_FALSE(stays("HTTP/1.1", "Connection: close\r\n"));
  CHECK_FALSE(stays("HTTP/1.1", "Connection: Keep-Alive, CLOSE\r\n"));
  CHECK_FALSE(stays("HTTP/1.1", "Connection: x\r\nConnection: close\r\n"));
  CHECK(stays("HTTP/1.1", "Connection: closed\r\n"));
  CHECK_FALSE(stays("HTTP/1.0", ""));
  CHECK(stays("HTTP/1.0", "Connection: keep-alive\r\n"));
  CHECK_FALSE(stays("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

TEST_CASE("a header that is too large is refused with 431, a target with 414", "[http1]") {
  HeadLimits limits;
  limits.bytes = 1000;
  limits.target_bytes = 200;
  limits.fields = 10;
  const auto with_value = [](std::size_t size) {
    return "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(size, 'x') + "\r\n\r\n";
  };
  const std::size_t around = with_value(0).size();
  CHECK(status_of(with_value(1000 - around), limits) == 200);
  CHECK(status_of(with_value(1001 - around), limits) == 431);
  CHECK(status_of("GET / HTTP/1.1\r\nX: " + std::string(1000, 'x'), limits) == 431);

  const auto with_target = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  CHECK(status_of(with_target(200), limits) == 200);
  CHECK(status_of(with_target(201), limits) == 414);
  CHECK(status_of("GET /" + std::string(400, 'a'), limits) == 414);
  CHECK(status_of(std::string(400, 'a'), limits) == 400);

  CHECK(status_of(fields(10), limits) == 200);
  CHECK(status_of(fields(11), limits) == 431);
}

TEST_CASE("an unfinished head is refused as soon as it is too large", "[http1]") {
  HeadLimits limits;
  limits.bytes = 1000;
  HeadScanner scanner;
  const std::string start = "GET / HTTP/1.1\r\nX: ";
  CHECK(scanner.scan(start + std::string(900, 'x'), limits) == HeadScanner::State::more);
  CHECK(scanner.scan(start + std::string(1000, 'x'), limits) == HeadScanner::State::refused);
  CHECK(scanner.refusal().status == 431);
}

TEST_CASE("lines must end in CR LF", "[http1]") {
  CHECK(status_of("GET / HTTP/1.1\nHost: a\n\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\n\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\rX: b\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\rHost: a\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n") == 400);
}

TEST_CASE("a CONNECT to the path of net/rpc may end its lines in LF", "[http1]") {
  CHECK(status_of("CONNECT /_goRPC_ HTTP/1.0\n\n") == 200);
  CHECK(status_of("CONNECT /_goRPC_ HTTP/1.0\r\n\r\n") == 200);
  CHECK(status_of("CONNECT /_goRPC_ HTTP/1.1\nHost: a\r\nUser-Agent: b\n\n") == 200);
  CHECK(status_of("CONNECT /_goRPC_ HTTP/1.1\r\n\r\n") == 200);
  CHECK(status_of("CONNECT /other HTTP/1.0\n\n") == 400);
  CHECK(status_of("CONNECT /_goRPC_x HTTP/1.0\n\n") == 400);
  CHECK(status_of("GET /_goRPC_ HTTP/1.0\n\n") == 400);
  CHECK(status_of("CONNECT /other HTTP/1.0\r\n\r\n") == 200);
  CHECK(status_of("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n") == 200);

  CHECK(status_of("CONNECT /_goRPC_ HTTP/1.0\nContent-Length: 5\n\n") == 400);
  CHECK(status_of("CONNECT /_goRPC_ HTTP/1.1\nTransfer-Encoding: chunked\n\n") == 400);
  CHECK(status_of("CONNECT /_goRPC_ HTTP/1.0\nX : a\n\n") == 400);
  CHECK(status_of("CONNECT /_goRPC_ HTTP/1.0\nno colon\n\n") == 400);
  CHECK(status_of("CONNECT /_goRPC_ HTTP/1.0\n folded: a\n\n") == 400);
  CHECK(status_of("CONNECT /_goRPC_ HTTP/1.0\nX: a\rb\n\n") == 400);
  CHECK(status_of(std::string("CONNECT /_goRPC_ HTTP/1.0\nX: a\0b\n\n", 34)) == 400);
  CHECK(status_of("CONNECT /_goRPC_ HTTP/2.0\n\n") == 505);
}

TEST_CASE("a header line that others may read differently is refused", "[http1]") {
  CHECK(status_with("X: a") == 200);
  CHECK(status_with("X : a") == 400);
  CHECK(status_with("X\t: a") == 400);
  CHECK(status_with("X a") == 400);
  CHECK(status_with(": a") == 400);
  CHECK(status_with("X(: a") == 400);
  CHECK(status_with("X\xc3\xa4: a") == 400);
  CHECK(status_with(" X: a") == 400);
  CHECK(status_with("X: a\r\n b") == 400);
  CHECK(status_with("X: a\r\n\tb") == 400);
  CHECK(status_with(std::string_view("X: a\0b", 6)) == 400);
  CHECK(status_with("X: a\x01"
                    "b") == 400);
  CHECK(status_with("X: a\x7f") == 400);
  CHECK(status_with("X: a\tb") == 200);
  CHECK(status_with("X: \xc3\xa4") == 200);
  CHECK(status_with("Content-Length : 5") == 400);
  CHECK(status_with("Transfer-Encoding\t: chunked") == 400);
}

TEST_CASE("the length of a body has one reading", "[http1]") {
  CHECK(status_with("Content-Length: 5") == 200);
  CHECK(status_with("Content-Length: 0") == 200);
  CHECK(status_with("Content-Length: 5\r\nContent-Length: 5") == 400);
  CHECK(status_with("Content-Length: 5\r\nContent-Length: 6") == 400);
  CHECK(status_with("Content-Length: 5, 5") == 400);
  CHECK(status_with("Content-Length:") == 400);
  CHECK(status_with("Content-Length: +5") == 400);
  CHECK(status_with("Content-Length: -5") == 400);
  CHECK(status_with("Content-Length: 0x5") == 400);
  CHECK(status_with("Content-Length: 5 5") == 400);
  CHECK(status_with("Content-Length: 5a") == 400);
  CHECK(status_with("Content-Length: 5.0") == 400);
  CHECK(status_with("Content-Length: 18446744073709551615") == 200);
  CHECK(status_with("Content-Length: 18446744073709551616") == 400);
  CHECK(status_with("Content-Length: 99999999999999999999999999") == 400);

  CHECK(status_with("Transfer-Encoding: chunked") == 200);
  CHECK(status_with("Transfer-Encoding: Chunked") == 200);
  CHECK(status_with("Transfer-Encoding: gzip, chunked") == 501);
  CHECK(status_with("Transfer-Encoding: gzip") == 501);
  CHECK(status_with("Transfer-Encoding: identity") == 501);
  CHECK(status_with("Transfer-Encoding: xchunked") == 501);
  CHECK(status_with("Transfer-Encoding: \"chunked\"") == 501);
  CHECK(status_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked") == 400);
  CHECK(status_with("Transfer-Encoding: chunked\r\nContent-Length: 5") == 400);
  CHECK(status_with("Content-Length: 5\r\nTransfer-Encoding: chunked") == 400);
  CHECK(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  for (const std::string_view coding : {"chunked, chunked", "chunked, gzip", ", chunked", "chunked,"}) {
    const int status = status_with("Transfer-Encoding: " + std::string(coding));
    CHECK((status == 400 || status == 501));
  }
}

TEST_CASE("Host must be there once in HTTP/1.1", "[http1]") {
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.0\r\n\r\n") == 200);
  CHECK(status_of("GET / HTTP/1.1\r\nHost:\r\n\r\n") == 200);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a b\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n") == 200);
}

TEST_CASE("the request line is a method, a target and HTTP/1.0 or 1.1", "[http1]") {
  const auto line = [](std::string_view text) { return status_of(std::string(text) + "\r\nHost: a\r\n\r\n"); };
  CHECK(line("GET / HTTP/1.1") == 200);
  CHECK(line("DELETE /a HTTP/1.1") == 200);
  CHECK(line("BREW / HTTP/1.1") == 501);
  CHECK(line("get / HTTP/1.1") == 501);
  CHECK(line("GET / HTTP/1.2") == 505);
  CHECK(line("GET / HTTP/2.0") == 505);
  CHECK(line("GET / HTTP/0.9") == 505);
  CHECK(line("PRI * HTTP/2.0") == 505);
  CHECK(line("GET /") == 400);
  CHECK(line("GET / ") == 400);
  CHECK(line("GET  / HTTP/1.1") == 400);
  CHECK(line("GET /  HTTP/1.1") == 400);
  CHECK(line("GET / HTTP/1.1 ") == 400);
  CHECK(line("GET / http/1.1") == 400);
  CHECK(line("GET / HTTP/1") == 400);
  CHECK(line("GET / RTSP/1.0") == 400);
  CHECK(line("GET\t/\tHTTP/1.1") == 400);
  CHECK(line("G\xc3\xa4T / HTTP/1.1") == 400);
}

TEST_CASE("no expectation but 100-continue is met", "[http1]") {
  const std::string text = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n";
  const Outcome outcome = read(text);
  REQUIRE(outcome.status() == 200);
  CHECK(outcome.head.expects_continue);
  CHECK(status_with("Expect: 200-ok") == 417);
  CHECK(status_with("Expect: 100-continue, more") == 417);
  const std::string old = "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  const Outcome ignored = read(old);
  REQUIRE(ignored.status() == 200);
  CHECK_FALSE(ignored.head.expects_continue);
}

TEST_CASE("a response's head is taken apart", "[http1]") {
  const auto parse = [](std::string_view text, HttpResponseHead& head) {
    HeadScanner scanner;
    if (scanner.scan(text, {}) != HeadScanner::State::complete) return false;
    return !parse_response(text, scanner, head);
  };
  HttpResponseHead head;
  REQUIRE(parse("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nConnection: close\r\n\r\n", head));
  CHECK(head.status == 404);
  CHECK(head.reason == "Not Found");
  CHECK(head.framing == Framing::length);
  CHECK(head.content_length == 3);
  CHECK_FALSE(head.keep_alive);

  REQUIRE(parse("HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", head));
  CHECK(head.reason.empty());
  CHECK(head.framing == Framing::chunked);
  REQUIRE(parse("HTTP/1.0 200 OK\r\n\r\n", head));
  CHECK(head.framing == Framing::until_close);
  CHECK_FALSE(head.keep_alive);
  REQUIRE(parse("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", head));
  CHECK(head.framing == Framing::none);
  REQUIRE(parse("HTTP/1.1 100 Continue\r\n\r\n", head));
  CHECK(head.framing == Framing::none);

  CHECK_FALSE(parse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", head));
  CHECK_FALSE(parse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", head));
  CHECK_FALSE(parse("HTTP/1.1 200 OK\nContent-Length: 3\n\n", head));
  CHECK_FALSE(parse("HTTP/1.1 20 OK\r\n\r\n", head));
  CHECK_FALSE(parse("HTTP/1.1 999 OK\r\n\r\n", head));
  CHECK_FALSE(parse("HTTP/2.0 200 OK\r\n\r\n", head));
  CHECK_FALSE(parse("ICY 200 OK\r\n\r\n", head));
  CHECK_FALSE(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n", head));
}

TEST_CASE("an element is found in a list", "[http1]") {
  CHECK(list_has("close", "close"));
  CHECK(list_has(" a ,\tCLOSE , b", "close"));
  CHECK_FALSE(list_has("", "close"));
  CHECK_FALSE(list_has("closed, enclose", "close"));
}
