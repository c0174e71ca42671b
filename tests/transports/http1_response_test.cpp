#include "http1_response.hpp"

#include "support/catch.hpp"

#include <string>

using namespace polyrpc;
using namespace polyrpc::http1;

namespace {

std::string written(int status, std::string_view type, std::string_view body, const Delivery& delivery,
                    std::string_view lines = {}) {
  ByteQueue output;
  write_answer(output, status, type, body, delivery, lines);
  std::string text(output.text());
  const std::size_t date = text.find("Date: ");
  REQUIRE(date != std::string::npos);
  text.erase(date, text.find("\r\n", date) + 2 - date);
  return text;
}

}  // namespace

TEST_CASE("an answer has a status line, its fields and its body", "[http1]") {
  Delivery delivery;
  CHECK(written(200, "text/plain", "hello", delivery, "X: y\r\n") ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nX: y\r\n\r\nhello");
  CHECK(written(404, "", "", delivery) == "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  CHECK(written(299, "", "", delivery) == "HTTP/1.1 299 Unknown\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("an answer to HEAD has no body but says how long it would be", "[http1]") {
  Delivery delivery;
  delivery.is_head = true;
  CHECK(written(200, "a/b", "hello", delivery) == "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\n");
}

TEST_CASE("204 and 304 have neither body nor length", "[http1]") {
  CHECK(written(204, "", "x", {}) == "HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(written(304, "", "x", {}) == "HTTP/1.1 304 Not Modified\r\n\r\n");
}

TEST_CASE("an answer says whether the connection stays where the version does not", "[http1]") {
  Delivery delivery;
  delivery.keep_alive = false;
  CHECK(written(200, "", "", delivery) == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  delivery.keep_alive = true;
  delivery.minor_version = 0;
  CHECK(written(200, "", "", delivery) == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
}

TEST_CASE("a refusal says in words what its number says", "[http1]") {
  ByteQueue output;
  write_refusal(output, 400, "no Host", {});
  CHECK_THAT(std::string(output.text()), test::ends_with("\r\n\r\n400 bad request: no Host\n"));
}

TEST_CASE("chunks carry their size, and no data makes no chunk", "[http1]") {
  ByteQueue output;
  write_chunk(output, "hello, chunked world");
  write_chunk(output, "");
  write_last_chunk(output);
  CHECK(output.text() == "14\r\nhello, chunked world\r\n0\r\n\r\n");
}

TEST_CASE("a handler's header fields cannot break out or frame the answer", "[http1]") {
  http::Response response;
  response.headers = {{"Content-Type", "text/html"},
                      {"X-Good", "a\tb"},
                      {"X-Split", "a\r\nSet-Cookie: b"},
                      {"X\r\nY", "a"},
                      {"X Y", "a"},
                      {"", "a"},
                      {"Content-Length", "3"},
                      {"transfer-encoding", "chunked"},
                      {"CONNECTION", "close"},
                      {"content-type", "text/plain"}};
  const FieldLines made = field_lines(response);
  CHECK(made.lines == "X-Good: a\tb\r\n");
  CHECK(made.content_type == "text/html");
  CHECK(made.left_out == 8);
}

TEST_CASE("a date is written as HTTP wants it", "[http1]") {
  CHECK(format_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(format_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(format_date(951782399) == "Mon, 28 Feb 2000 23:59:59 GMT");
  CHECK(format_date(951782400) == "Tue, 29 Feb 2000 00:00:00 GMT");
  CHECK(format_date(4102444800) == "Fri, 01 Jan 2100 00:00:00 GMT");
  CHECK(date_now().size() == 29);
}
