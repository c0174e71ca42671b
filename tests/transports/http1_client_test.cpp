#include "polyrpc/transports/http1.hpp"

#include "support/catch.hpp"

#include <memory>
#include <string>
#include <string_view>

using namespace polyrpc;
using namespace std::chrono_literals;

namespace {

/// What the framing makes of an answer that comes in pieces of that size.
struct Unwrapped {
  Status status;
  std::string payload;
  std::string rest;
};

std::unique_ptr<ClientFraming> asked(std::size_t times = 1) {
  auto framing = http1::post_framing("/jsonrpc", "example.org:80");
  ByteQueue output;
  for (std::size_t i = 0; i < times; ++i) {
    const std::size_t start = output.size();
    output.append("{}");
    REQUIRE(framing->wrap({}, output, start).ok());
  }
  return framing;
}

Unwrapped unwrap_in_pieces(std::string_view text, std::size_t piece, std::size_t times) {
  const auto framing = asked(times);
  ByteQueue wire;
  ByteQueue payload;
  Unwrapped result;
  while (!text.empty() && result.status.ok()) {
    wire.append(text.substr(0, piece));
    text.remove_prefix((std::min)(piece, text.size()));
    result.status = framing->unwrap(wire, payload);
  }
  result.payload = payload.text();
  result.rest = wire.text();
  return result;
}

Unwrapped unwrap(std::string_view text, std::size_t times = 1) {
  Unwrapped whole = unwrap_in_pieces(text, std::string_view::npos, times);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{10}}) {
    const Unwrapped cut = unwrap_in_pieces(text, piece, times);
    CHECK(cut.status == whole.status);
    CHECK(cut.payload == whole.payload);
  }
  return whole;
}

StatusCode code_of(std::string_view text) { return unwrap(text).status.code(); }

Result<bool> opened(ClientFraming& framing, std::string_view text, std::size_t piece, ByteQueue& input) {
  Result<bool> result = false;
  while (!text.empty() && result.ok() && !*result) {
    input.append(text.substr(0, piece));
    text.remove_prefix((std::min)(piece, text.size()));
    result = framing.opened(input);
  }
  input.append(text);
  return result;
}

std::string connect_error(std::string_view text) {
  std::string message;
  for (const std::size_t piece : {std::string_view::npos, std::size_t{1}}) {
    const auto framing = http1::connect_framing();
    ByteQueue input;
    message = opened(*framing, text, piece, input).status().message();
  }
  return message;
}

}  // namespace

TEST_CASE("CONNECT is sent to the byte as Go sends it", "[http1]") {
  ByteQueue output;
  http1::connect_framing()->open(output);
  CHECK(output.text() == "CONNECT /_goRPC_ HTTP/1.0\n\n");
  output.clear();
  http1::connect_framing("/rpc")->open(output);
  CHECK(output.text() == "CONNECT /rpc HTTP/1.0\n\n");
}

TEST_CASE("the answer to CONNECT may have CR LF and fields, and what follows it stays", "[http1]") {
  for (const std::string_view answer :
       {"HTTP/1.0 200 Connected to Go RPC\n\n", "HTTP/1.0 200 Connected to Go RPC\r\n\r\n",
        "HTTP/1.1 200 Connected to Go RPC\nServer: x\r\nDate: y\n\r\n"}) {
    for (const std::size_t piece : {std::string_view::npos, std::size_t{1}, std::size_t{4}}) {
      const auto framing = http1::connect_framing();
      ByteQueue input;
      const std::string text = std::string(answer) + "behind";
      const Result<bool> result = opened(*framing, text, piece, input);
      REQUIRE(result.ok());
      CHECK(*result);
      CHECK(input.text() == "behind");
      ByteQueue payload;
      REQUIRE(framing->unwrap(input, payload).ok());
      CHECK(payload.text() == "behind");
      CHECK(input.empty());
    }
  }
  ByteQueue input;
  const Result<bool> unfinished =
      opened(*http1::connect_framing(), "HTTP/1.0 200 Connected to Go RPC\n", std::string_view::npos, input);
  REQUIRE(unfinished.ok());
  CHECK_FALSE(*unfinished);
}

TEST_CASE("no other answer to CONNECT will do", "[http1]") {
  CHECK(connect_error("HTTP/1.0 200 OK\n\n") == "unexpected HTTP response: 200 OK");
  CHECK(connect_error("HTTP/1.0 200 connected to Go RPC\n\n") == "unexpected HTTP response: 200 connected to Go RPC");
  CHECK(connect_error("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") ==
        "unexpected HTTP response: 404 Not Found");
  CHECK(connect_error("HTTP/1.1 405 must CONNECT\r\n") == "unexpected HTTP response: 405 must CONNECT");
  CHECK(connect_error("SSH-2.0-x\r\n") == "http: malformed HTTP response \"SSH-2.0-x\"");
  CHECK(connect_error("HTTP/2.0 200 Connected to Go RPC\n\n") ==
        "http: malformed HTTP response \"HTTP/2.0 200 Connected to Go RPC\"");
  CHECK(connect_error("\x16\x03\n") == "http: malformed HTTP response \"\?\?\"");
  CHECK(connect_error(std::string(100'000, 'x')) == "http: the answer's header is too large");
  std::string endless = "HTTP/1.0 200 Connected to Go RPC\n";
  for (int i = 0; i < 20'000; ++i) endless += "A: b\n";
  CHECK(connect_error(endless) == "http: the answer's header is too large");

  const auto framing = http1::connect_framing();
  ByteQueue input;
  const Status status = opened(*framing, "HTTP/1.0 404 Not Found\n\n", std::string_view::npos, input).status();
  CHECK(status.code() == StatusCode::unimplemented);
  CHECK(status.origin() == Origin::remote);
}

TEST_CASE("each message is the body of a POST", "[http1]") {
  const auto framing = http1::post_framing("/jsonrpc", "example.org:80");
  ByteQueue output;
  output.append("before");
  const std::size_t start = output.size();
  output.append("{\"id\":1}");
  REQUIRE(framing->wrap({}, output, start).ok());
  CHECK(output.text() ==
        "beforePOST /jsonrpc HTTP/1.1\r\nHost: example.org:80\r\nContent-Type: application/json\r\n"
        "Accept: application/json\r\nContent-Length: 8\r\n\r\n{\"id\":1}");
  const std::size_t size = output.size();
  REQUIRE(framing->wrap({}, output, size).ok());  // the codec had nothing to say
  CHECK(output.size() == size);
}

TEST_CASE("a call's deadline and metadata travel as header fields", "[http1]") {
  const auto framing = http1::post_framing("/", "a", "text/json");
  RequestHead head;
  head.timeout = 250ms;
  head.metadata = {{"authorization", "Bearer x"}, {"raw-bin", "\r\n"}, {"host", "evil"}};
  head.metadata.add("x", "a\r\nInjected: b");
  ByteQueue output;
  output.append("{}");
  REQUIRE(framing->wrap(head, output, 0).ok());
  CHECK(output.text() ==
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/json\r\nAccept: text/json\r\npolyrpc-timeout: 250000u\r\n"
        "authorization: Bearer x\r\nraw-bin: DQo\r\nContent-Length: 2\r\n\r\n{}");
}

TEST_CASE("answers give their bodies", "[http1]") {
  const Unwrapped one = unwrap("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"id\":1}");
  CHECK(one.status.ok());
  CHECK(one.payload == "{\"id\":1}");

  const Unwrapped many = unwrap(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"
      "HTTP/1.1 204 No Content\r\n\r\n"
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n2\r\n2;x=y\r\n34\r\n0\r\nTrailer: z\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n5",
      5);
  CHECK(many.status.ok());
  CHECK(many.payload == "12345");
  CHECK(many.rest.empty());
}

TEST_CASE("a body without a length goes on to the end of the connection", "[http1]") {
  const Unwrapped unwrapped = unwrap("HTTP/1.0 200 OK\r\n\r\n{\"id\":1}HTTP/1.1 200 OK\r\n\r\n");
  CHECK(unwrapped.status.ok());
  CHECK(unwrapped.payload == "{\"id\":1}HTTP/1.1 200 OK\r\n\r\n");
}

TEST_CASE("the server's wish to close ends the connection behind the answer", "[http1]") {
  const Unwrapped unwrapped =
      unwrap("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\n", 2);
  CHECK(unwrapped.payload == "1");
  CHECK(unwrapped.status.code() == StatusCode::unavailable);

  const auto framing = asked();
  ByteQueue wire;
  ByteQueue payload;
  wire.append("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n1");
  REQUIRE(framing->unwrap(wire, payload).ok());
  ByteQueue output;
  output.append("{}");
  CHECK(framing->wrap({}, output, 0).code() == StatusCode::unavailable);
}

TEST_CASE("an error in the codec's own words is given to the codec", "[http1]") {
  const Unwrapped unwrapped = unwrap(
      "HTTP/1.1 500 Internal Server Error\r\nContent-Type: Application/JSON; charset=utf-8\r\nContent-Length: "
      "8\r\n\r\n{\"id\":1}");
  CHECK(unwrapped.status.ok());
  CHECK(unwrapped.payload == "{\"id\":1}");
  CHECK(code_of("HTTP/1.1 500 Oh\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n") ==
        StatusCode::unknown);
  CHECK(code_of("HTTP/1.1 500 Oh\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\nx") == StatusCode::unknown);
}

TEST_CASE("another answer ends the connection with a status made from its number", "[http1]") {
  const auto answer = [](int status) {
    return code_of("HTTP/1.1 " + std::to_string(status) + " Word\r\nContent-Length: 2\r\n\r\nno");
  };
  CHECK(answer(400) == StatusCode::internal);
  CHECK(answer(401) == StatusCode::unauthenticated);
  CHECK(answer(403) == StatusCode::permission_denied);
  CHECK(answer(404) == StatusCode::unimplemented);
  CHECK(answer(405) == StatusCode::unimplemented);
  CHECK(answer(413) == StatusCode::resource_exhausted);
  CHECK(answer(429) == StatusCode::unavailable);
  CHECK(answer(502) == StatusCode::unavailable);
  CHECK(answer(503) == StatusCode::unavailable);
  CHECK(answer(504) == StatusCode::unavailable);
  CHECK(answer(301) == StatusCode::unknown);
  CHECK(answer(418) == StatusCode::unknown);
  CHECK(code_of("HTTP/1.1 101 Switching Protocols\r\n\r\n") == StatusCode::unknown);
  const Status status = unwrap("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").status;
  CHECK(status.message() == "unexpected HTTP response: 404 Not Found");
  CHECK(status.origin() == Origin::remote);
}

TEST_CASE("an answer with two readings is refused", "[http1]") {
  for (const std::string_view answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 1\n\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n x: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\n2\r\n0\r\n\r\n", "garbage\r\n\r\n"}) {
    CHECK(code_of(answer) == StatusCode::unavailable);
  }
}

TEST_CASE("an answer that nobody asked for is refused", "[http1]") {
  const Unwrapped unwrapped =
      unwrap("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
  CHECK(unwrapped.payload == "1");
  CHECK(unwrapped.status.code() == StatusCode::unavailable);
}

TEST_CASE("what cannot be asked for is told at once", "[http1]") {
  CHECK_THROWS_AS(http1::connect_framing("no-slash"), std::invalid_argument);
  CHECK_THROWS_AS(http1::connect_framing("/a b"), std::invalid_argument);
  CHECK_THROWS_AS(http1::post_framing("/a\r\nX: y", "a"), std::invalid_argument);
  CHECK_THROWS_AS(http1::post_framing("/", "a\r\nX: y"), std::invalid_argument);
  CHECK_THROWS_AS(http1::post_framing("/", "a", "b\r\n"), std::invalid_argument);
}
