#include "http1_chunked.hpp"

#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace polyrpc;
using namespace polyrpc::http1;

namespace {

struct Outcome {
  ChunkDecoder::State state = ChunkDecoder::State::more;
  std::string data;
  std::string rest;
};

Outcome decode_in_pieces(std::string_view text, std::size_t piece, ChunkDecoder::Limits limits) {
  ChunkDecoder decoder(limits);
  ByteQueue input;
  ByteQueue output;
  Outcome outcome;
  while (!text.empty() && outcome.state == ChunkDecoder::State::more) {
    input.append(text.substr(0, piece));
    text.remove_prefix((std::min)(piece, text.size()));
    outcome.state = decoder.decode(input, output);
  }
  outcome.data = output.text();
  outcome.rest = std::string(input.text()) + std::string(text);
  return outcome;
}

/// The chunk law: the same however the bytes arrive.
Outcome decode(std::string_view text, ChunkDecoder::Limits limits = {1000, 100}) {
  const Outcome whole = decode_in_pieces(text, std::string_view::npos, limits);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{5}}) {
    const Outcome cut = decode_in_pieces(text, piece, limits);
    CHECK(cut.state == whole.state);
    CHECK(cut.data == whole.data);
    if (whole.state == ChunkDecoder::State::complete) CHECK(cut.rest == whole.rest);
  }
  return whole;
}

ChunkDecoder::State state_of(std::string_view text) { return decode(text).state; }

constexpr auto more = ChunkDecoder::State::more;
constexpr auto complete = ChunkDecoder::State::complete;
constexpr auto malformed = ChunkDecoder::State::malformed;
constexpr auto too_large = ChunkDecoder::State::too_large;

}  // namespace

TEST_CASE("chunks are joined, and what follows the body stays", "[http1]") {
  const Outcome outcome = decode("5\r\nhello\r\n00A\r\n, chunked \r\n5\r\nworld\r\n0\r\n\r\nGET /");
  CHECK(outcome.state == complete);
  CHECK(outcome.data == "hello, chunked world");
  CHECK(outcome.rest == "GET /");
}

TEST_CASE("a chunked body is incomplete up to its last byte", "[http1]") {
  const std::string text = "3;x=\"y z\"\r\nabc\r\n0\r\nTrailer: a\r\n\r\n";
  for (std::size_t size = 0; size < text.size(); ++size) CHECK(state_of(text.substr(0, size)) == more);
  CHECK(state_of(text) == complete);
}

TEST_CASE("extensions and trailers are dropped", "[http1]") {
  const Outcome outcome = decode("1;a\r\nx\r\n1;a=b;c=\"d\"\r\ny\r\n0;last\r\nContent-Length: 7\r\nX:\r\n\r\n");
  CHECK(outcome.state == complete);
  CHECK(outcome.data == "xy");
}

TEST_CASE("a chunk's size is one to sixteen hexadecimal digits", "[http1]") {
  CHECK(state_of("g\r\n") == malformed);
  CHECK(state_of("\r\n") == malformed);
  CHECK(state_of("-1\r\n") == malformed);
  CHECK(state_of("+1\r\nx\r\n0\r\n\r\n") == malformed);
  CHECK(state_of("0x1\r\nx\r\n0\r\n\r\n") == malformed);
  CHECK(state_of(" 1\r\nx\r\n0\r\n\r\n") == malformed);
  CHECK(state_of("1 \r\nx\r\n0\r\n\r\n") == malformed);
  CHECK(state_of("1 ;a\r\nx\r\n0\r\n\r\n") == malformed);
  CHECK(state_of("1_0\r\n") == malformed);
  CHECK(state_of("0000000000000001\r\nx\r\n0\r\n\r\n") == complete);
  CHECK(state_of("00000000000000001\r\nx\r\n0\r\n\r\n") == malformed);
  CHECK(state_of("10000000000000000\r\n") == malformed);
  CHECK(state_of("ffffffffffffffff\r\n") == too_large);
}

TEST_CASE("every line of a chunked body ends in CR LF", "[http1]") {
  CHECK(state_of("1\nx\r\n0\r\n\r\n") == malformed);
  CHECK(state_of("1;a\nx\r\n0\r\n\r\n") == malformed);
  CHECK(state_of("1;a\rb\r\nx\r\n0\r\n\r\n") == malformed);
  CHECK(state_of("1\r\nx\n0\r\n\r\n") == malformed);
  CHECK(state_of("1\r\nxy\r\n0\r\n\r\n") == malformed);
  CHECK(state_of("1\r\nx\r0\r\n\r\n") == malformed);
  CHECK(state_of("0\r\n\n") == malformed);
  CHECK(state_of("0\r\nX: a\n\r\n") == malformed);
  CHECK(state_of("0\r\nX : a\r\n\r\n") == malformed);
  CHECK(state_of("0\r\nno colon\r\n\r\n") == malformed);
  CHECK(state_of(std::string_view("0\r\nX: \0\r\n\r\n", 11)) == malformed);
}

TEST_CASE("a body may be as large as the limit and no larger", "[http1]") {
  CHECK(decode("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", {10, 100}).state == complete);
  const Outcome outcome = decode("5\r\nhello\r\n6\r\nworlds\r\n0\r\n\r\n", {10, 100});
  CHECK(outcome.state == too_large);
  CHECK(outcome.data == "hello");
}

TEST_CASE("what stands around the data is bounded too", "[http1]") {
  CHECK(decode("1;" + std::string(98, 'a') + "\r\nx\r\n0\r\n\r\n").state == complete);
  CHECK(decode("1;" + std::string(100, 'a') + "\r\nx\r\n0\r\n\r\n").state == too_large);
  std::string extensions;
  for (int i = 0; i < 30; ++i) extensions += "1;abc\r\nx\r\n";
  CHECK(decode(extensions).state == too_large);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 30; ++i) trailers += "A: b\r\n";
  CHECK(decode(trailers).state == too_large);
  CHECK(decode("1;" + std::string(1000, 'a')).state == too_large);
}
