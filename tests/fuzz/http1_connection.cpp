// Any bytes to an HTTP/1 server, at once and in pieces: the answers must be the same, and must be nothing but whole
// answers.

#include "fuzz.hpp"
#include "http1_chunked.hpp"
#include "http1_head.hpp"
#include "transports/http1_fixture.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace polyrpc;

constexpr std::string_view connected = "HTTP/1.0 200 Connected to Go RPC\n\n";

using fuzz::fail;

test::HttpServer& server() {
  static test::HttpServer& made = []() -> test::HttpServer& {
    http1::Options options = test::standard_http();
    options.connect.formats = {json::format()};
    options.mount("/page", [](const http1::Request& request) {
      return http1::Response::text(200, std::string(request.method) + std::string(request.query) +
                                            std::string(request.header("x-a")) + std::string(request.body));
    });
    options.mount("/pieces", [](const http1::Request&) {
      http1::Response response;
      response.stream = [left = 3](std::string& piece) mutable {
        piece = "piece";
        return --left != 0;
      };
      return response;
    });
    Limits limits;
    limits.http_header_bytes = 2000;
    limits.http_target_bytes = 200;
    limits.http_headers = 20;
    limits.codec.message_bytes = 3000;
    return *new test::HttpServer(std::move(options), limits);  // for the whole run
  }();
  return made;
}

struct Answers {
  std::string text;
  bool closed;
};

Answers ask(std::string_view bytes, std::size_t piece) {
  test::HttpPeer peer(server());
  while (!bytes.empty() && !peer.closed()) {
    peer.send(bytes.substr(0, piece));
    bytes.remove_prefix((std::min)(piece, bytes.size()));
  }
  Answers answers{peer.take(), peer.closed()};
  // Whether 100 is sent depends on what has come.
  constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
  for (std::size_t at = 0; (at = answers.text.find(interim, at)) != std::string::npos;)
    answers.text.erase(at, interim.size());
  // What comes behind CONNECT is another protocol's, and not looked at here.
  if (const std::size_t at = answers.text.find(connected); at != std::string::npos) {
    answers.text.resize(at);
    answers.closed = false;
  }
  return answers;
}

/// Takes the answers apart as a client would.
void check_whole(const std::string& text) {
  ByteQueue input;
  input.append(text);
  while (!input.empty()) {
    http1::HeadScanner scanner;
    http1::HttpResponseHead head;
    if (scanner.scan(input.text(), {}) != http1::HeadScanner::State::complete) fail("an unfinished answer", text);
    if (const auto refusal = http1::parse_response(input.text(), scanner, head)) fail(refusal->why, text);
    const bool is_last = !head.keep_alive;
    const http1::Framing framing = head.framing;
    const auto length = static_cast<std::size_t>(head.content_length);
    input.consume(scanner.end());
    // An answer to HEAD says how long its body would be: where none follows, the next answer does.
    const bool is_to_head = input.text().starts_with("HTTP/1.") || (input.empty() && length != 0);
    if (framing == http1::Framing::length && !is_to_head) {
      if (input.size() < length) fail("an answer cut short", text);
      input.consume(length);
    } else if (framing == http1::Framing::chunked && !is_to_head && !input.empty()) {
      http1::ChunkDecoder decoder({1 << 20, 0});
      ByteQueue body;
      if (decoder.decode(input, body) != http1::ChunkDecoder::State::complete) fail("broken chunks", text);
    }
    if (is_last && framing != http1::Framing::until_close && !input.empty()) fail("an answer behind the last", text);
    if (is_last) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = std::size_t{1} + data[0] % 64;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  // The gates of the fixture never open here.
  if (bytes.find("Gate") != std::string_view::npos || bytes.find("Until") != std::string_view::npos) return 0;
  const Answers whole = ask(bytes, std::string_view::npos);
  const Answers pieces = ask(bytes, piece);
  if ((whole.text != pieces.text || whole.closed != pieces.closed) && !fuzz::is_late(whole.text, pieces.text))
    fail("not the same in pieces", whole.text + "\n--- in pieces of " + std::to_string(piece) + "\n" + pieces.text);
  check_whole(whole.text);
  return 0;
}
