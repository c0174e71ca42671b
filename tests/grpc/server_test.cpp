#include "polyrpc/grpc/server.hpp"

#include "polyrpc/codecs/protobuf.hpp"
#include "polyrpc/transports/http1.hpp"

#include "grpc/h2_peer.hpp"
#include "grpc/services.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace polyrpc;
using namespace polyrpc::test;

// Sentences from gRPC's doc/PROTOCOL-HTTP2.md and statuscodes.md, RFC 9113 and RFC 7541, each with bytes.

namespace {

/// Reverses what it is given and says "zip" before it.
class Backwards final : public Compressor {
 public:
  std::string_view name() const noexcept override { return "gzip"; }
  Status compress(std::span<const std::byte> from, ByteQueue& output) const override {
    output.append("zip");
    for (std::size_t i = from.size(); i > 0; --i) output.push_back(from[i - 1]);
    return {};
  }
  Status decompress(std::span<const std::byte> from, std::size_t limit, ByteQueue& output) const override {
    if (from.size() < 3) return Status::invalid_argument("backwards: broken");
    if (from.size() - 3 > limit) return Status::resource_exhausted("backwards: too much");
    for (std::size_t i = from.size(); i > 3; --i) output.push_back(from[i - 1]);
    return {};
  }
};

Protocols speaking(grpc::ServerOptions options) {
  Protocols protocols;
  protocols.add(grpc::protocol(std::move(options)));
  return protocols;
}

struct Fixture {
  explicit Fixture(grpc::ServerOptions options = {}, ServerOptions server_options = {}) {
    register_services(registry, seen);
    server = std::make_unique<TurnedServer>(registry, speaking(std::move(options)), std::move(server_options));
    peer = std::make_unique<H2Peer>(*server);
  }

  Seen seen;
  Registry registry;
  std::unique_ptr<TurnedServer> server;
  std::unique_ptr<H2Peer> peer;
};

std::string text_bytes(std::string_view text) {
  return std::string("\x0a") + static_cast<char>(text.size()) + std::string(text);
}

}  // namespace

// ---- messages and status ----

TEST_CASE("a good answer is a header, a message and trailers", "[grpc]") {
  Fixture f;
  f.peer->call(1, "/test.Service/Double", number_bytes(21));
  const auto answer = f.peer->answer(1);
  CHECK(answer.shape == "HDH.");
  CHECK(answer.headers == Fields{{":status", "200"}, {"content-type", "application/grpc"}});
  CHECK(answer.body == message(number_bytes(42)));
  CHECK(answer.trailers == Fields{{"grpc-status", "0"}});
}

TEST_CASE("an empty message is five zero bytes", "[grpc]") {
  Fixture f;
  f.peer->call(1, "/test.Service/Double", "");
  const auto answer = f.peer->answer(1);
  CHECK(answer.body == std::string(5, '\0'));
  CHECK(answer.status == "0");
}

TEST_CASE("an error at once is one HEADERS frame that ends the stream", "[grpc]") {
  Fixture f;
  f.peer->call(1, "/test.Service/Fail", text_bytes("not here"));
  const auto answer = f.peer->answer(1);
  CHECK(answer.shape == "H.");
  CHECK(answer.trailers == Fields{{":status", "200"},
                                  {"content-type", "application/grpc"},
                                  {"grpc-status", "5"},
                                  {"grpc-message", "not here"}});
}

TEST_CASE("a status text is percent-encoded UTF-8 with upper-case hex", "[grpc]") {
  Fixture f;
  f.peer->call(1, "/test.Service/Fail", text_bytes("\t\r\n100% \xc3\xb6 \xf0\x9f\x98\x88"));
  CHECK(f.peer->answer(1).text == "%09%0D%0A100%25 %C3%B6 %F0%9F%98%88");
}

TEST_CASE("details travel as google.rpc.Status in base64 without padding", "[grpc]") {
  Fixture f;
  f.peer->call(1, "/test.Service/Details", text_bytes("no"));
  const auto answer = f.peer->answer(1);
  CHECK(answer.status == "9");
  std::string details;
  for (const auto& [name, value] : answer.trailers)
    if (name == "grpc-status-details-bin") details = value;
  // code 9, message "no", two Any
  CHECK(details == "CAkSAm5vGh4KF3R5cGUuZ29vZ2xlYXBpcy5jb20vYS5CEgNvbmUaHQoXdHlwZS5nb29nbGVhcGlzLmNvbS9jLkQSAgAB");
}

TEST_CASE("an exception is internal, and its text stays here", "[grpc]") {
  Fixture f;
  f.peer->call(1, "/test.Service/Throw", "");
  const auto answer = f.peer->answer(1);
  CHECK(answer.status == "13");
  CHECK(answer.text.find("secret") == std::string::npos);
  CHECK(f.server->log().find("secret") != std::string::npos);
}

TEST_CASE("metadata keeps its order in headers and trailers, and -bin values are bytes", "[grpc]") {
  Fixture f;
  f.peer->call(1, "/test.Service/Metadata", "",
               {{"x-a", "1"}, {"x-b-bin", "q6s="}, {"x-b-bin2", "t"}, {"x-c-bin", "q6s,AAE"}, {"user-agent", "me"}});
  const auto answer = f.peer->answer(1);
  CHECK(answer.status == "0");
  const auto only_x = [](const Fields& fields) {
    Fields x;
    for (const auto& field : fields)
      if (field.first.starts_with("x-")) x.push_back(field);
    return x;
  };
  const Fields expected = {{"x-a", "1"}, {"x-b-bin", "q6s"}, {"x-b-bin2", "t"}, {"x-c-bin", "q6s"}, {"x-c-bin", "AAE"}};
  CHECK(only_x(answer.headers) == expected);
  CHECK(only_x(answer.trailers) == expected);
}

TEST_CASE("an undecodable -bin header ends that call, not the connection", "[grpc]") {
  Fixture f;
  f.peer->call(1, "/test.Service/Metadata", "", {{"x-b-bin", "?!"}});
  CHECK(f.peer->answer(1).status != "0");
  f.peer->call(3, "/test.Service/Double", number_bytes(1));
  CHECK(f.peer->answer(3).status == "0");
}

TEST_CASE("a handler can't send a reserved name", "[grpc]") {
  Fixture f;
  f.peer->call(1, "/test.Service/BadTrailer", "");
  CHECK(f.peer->answer(1).status != "0");
}

TEST_CASE("a message may come in any number of frames, padded and empty ones too", "[grpc]") {
  Fixture f;
  f.peer->send_headers(1, call_fields("/test.Service/Double"));
  for (const char byte : message(number_bytes(3))) f.peer->send_data(1, std::string(1, byte));
  f.peer->send_data(1, "");
  f.peer->send(frame(data, padded, 1, std::string("\x03", 1) + std::string(3, '\0')));
  f.peer->send_data(1, "", end_stream);
  CHECK(f.peer->answer(1).body == message(number_bytes(6)));
}

TEST_CASE("no request message and two are unimplemented on a unary method", "[grpc]") {
  Fixture f;
  f.peer->send_headers(1, call_fields("/test.Service/Double"));
  f.peer->send_data(1, "", end_stream);
  CHECK(f.peer->answer(1).status == "12");
  f.peer->send_headers(3, call_fields("/test.Service/Double"));
  f.peer->send_data(3, message(number_bytes(1)) + message(number_bytes(2)), end_stream);
  CHECK(f.peer->answer(3).status == "12");
  f.peer->send_headers(5, call_fields("/test.Service/Double"), end_headers | end_stream);
  CHECK(f.peer->answer(5).status == "12");
  f.peer->send_headers(7, call_fields("/test.Service/Count"));
  f.peer->send_data(7, message(number_bytes(1)) + message(number_bytes(2)), end_stream);
  CHECK(f.peer->answer(7).status == "12");
  CHECK(f.seen.started == 0);
}

TEST_CASE("a stream that ends in the middle of a message is internal", "[grpc]") {
  Fixture f;
  f.peer->send_headers(1, call_fields("/test.Service/Double"));
  f.peer->send_data(1, message(number_bytes(3)).substr(0, 6), end_stream);
  CHECK(f.peer->answer(1).status == "13");
  f.peer->send_headers(3, call_fields("/test.Service/Sum"));
  f.peer->send_data(3, message(number_bytes(3)) + std::string(2, '\0'), end_stream);
  CHECK(f.peer->answer(3).status == "13");
}

TEST_CASE("flags other than 0, and 1 without an encoding, are internal", "[grpc]") {
  grpc::ServerOptions options;
  options.compressors.add(std::make_shared<Backwards>());
  Fixture f(options);
  const auto with = [&](std::uint32_t stream, char flag, const Fields& more) {
    f.peer->send_headers(stream, call_fields("/test.Service/Double", more));
    f.peer->send_data(stream, message(number_bytes(3), flag), end_stream);
    return f.peer->answer(stream).status;
  };
  CHECK(with(1, 1, {}) == "13");
  CHECK(with(3, 1, {{"grpc-encoding", "identity"}}) == "13");
  CHECK(with(5, 2, {}) == "13");
  CHECK(with(7, 2, {{"grpc-encoding", "gzip"}}) == "13");
  CHECK(with(9, 0, {{"grpc-encoding", "gzip"}}) == "0");
}

TEST_CASE("an unknown encoding is unimplemented, and the answer says what is known", "[grpc]") {
  grpc::ServerOptions options;
  options.compressors.add(std::make_shared<Backwards>());
  Fixture f(options);
  f.peer->call(1, "/test.Service/Double", "", {{"grpc-encoding", "snappy"}});
  const auto answer = f.peer->answer(1);
  CHECK(answer.status == "12");
  CHECK(answer.trailers.back() == std::pair<std::string, std::string>("grpc-accept-encoding", "identity,gzip"));
}

TEST_CASE("compressed messages are read, and written to who accepts them", "[grpc]") {
  grpc::ServerOptions options;
  options.compressors.add(std::make_shared<Backwards>());
  Fixture f(options);
  const std::string hello = text_bytes("hello");
  const std::string backwards = "zip" + std::string(hello.rbegin(), hello.rend());
  f.peer->send_headers(1, call_fields("/test.Service/Echo", {{"grpc-encoding", "gzip"}}));
  f.peer->send_data(1, message(backwards, 1), end_stream);
  CHECK(f.peer->answer(1).body == message(hello));
  f.peer->call(3, "/test.Service/Compressed", hello, {{"grpc-accept-encoding", "identity, deflate, gzip"}});
  const auto answer = f.peer->answer(3);
  CHECK(answer.body == message(backwards, 1));
  CHECK(answer.headers.back() == std::pair<std::string, std::string>("grpc-encoding", "gzip"));
  f.peer->call(5, "/test.Service/Compressed", hello, {{"grpc-accept-encoding", "deflate"}});
  CHECK(f.peer->answer(5).body == message(hello));
}

TEST_CASE("a length above the limit is refused when five bytes are there, one at the limit passes", "[grpc]") {
  grpc::ServerOptions options;
  options.receive_message_bytes = 10;
  Fixture f(options);
  f.peer->send_headers(1, call_fields("/test.Service/Echo"));
  f.peer->send_data(1, std::string("\0\0\0\0\x0b", 5));
  auto answer = f.peer->answer(1);
  CHECK(answer.status == "8");
  CHECK(answer.shape == "H.R");
  CHECK(answer.reset == NGHTTP2_NO_ERROR);
  f.peer->call(3, "/test.Service/Echo", text_bytes("12345678"));
  CHECK(f.peer->answer(3).status == "0");
}

// ---- requests ----

TEST_CASE("content types of gRPC are served, others are 415", "[grpc]") {
  Fixture f;
  std::uint32_t stream = 1;
  for (const char* good : {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"}) {
    f.peer->call(stream, "/test.Service/Double", "", {{"content-type", good}});
    CHECK(f.peer->answer(stream).status == "0");
    stream += 2;
  }
  for (const char* bad : {"application/grpcfoo", "application/grpc+what", "application/grpc-web"}) {
    f.peer->call(stream, "/test.Service/Double", "", {{"content-type", bad}});
    const auto answer = f.peer->answer(stream);
    CHECK(answer.http_status == "415");
    CHECK(answer.status == "<none>");
    stream += 2;
  }
}

TEST_CASE("what is not there is unimplemented with 200", "[grpc]") {
  Fixture f;
  std::uint32_t stream = 1;
  for (const char* path : {"/test.Service/No", "/No/Double", "/", "/test.Service", "//", "/test.Service/Double/"}) {
    f.peer->call(stream, path, "");
    const auto answer = f.peer->answer(stream);
    CHECK(answer.status == "12");
    CHECK(answer.http_status == "200");
    CHECK(answer.shape == "H.");
    stream += 2;
  }
}

TEST_CASE("only POST calls", "[grpc]") {
  Fixture f;
  f.peer->call(1, "/test.Service/Double", "", {{":method", "PUT"}});
  CHECK(f.peer->answer(1).http_status == "405");
}

TEST_CASE("END_STREAM on the header is no messages where requests stream, and request trailers are no harm", "[grpc]") {
  Fixture f;
  f.peer->send_headers(1, call_fields("/test.Service/Sum"), end_headers | end_stream);
  CHECK(f.peer->answer(1).body == message(""));
  f.peer->send_headers(3, call_fields("/test.Service/Sum"));
  f.peer->send_data(3, message(number_bytes(5)));
  f.peer->send_headers(3, {{"x-trailer", "1"}}, end_headers | end_stream);
  CHECK(f.peer->answer(3).body == message(number_bytes(5)));
}

TEST_CASE("a malformed timeout is an error", "[grpc]") {
  Fixture f;
  std::uint32_t stream = 1;
  for (const char* bad : {"", "1", "S", "-1S", "123456789S", "1s", "1 S", "+1S", "1.5S"}) {
    f.peer->call(stream, "/test.Service/Double", "", {{"grpc-timeout", bad}});
    CHECK(f.peer->answer(stream).status == "13");
    stream += 2;
  }
  f.peer->call(stream, "/test.Service/TimeLeft", "", {{"grpc-timeout", "99999999H"}});
  CHECK(f.peer->answer(stream).status == "0");
}

TEST_CASE("a timeout of zero fails at once, and a passing deadline ends a call whose handler goes on", "[grpc]") {
  Fixture f;
  f.peer->call(1, "/test.Service/Double", "", {{"grpc-timeout", "0S"}});
  CHECK(f.peer->answer(1).status == "4");
  f.peer->send_headers(3, call_fields("/test.Service/Sum", {{"grpc-timeout", "20m"}}));
  f.peer->raw().settle_until([&] { return f.seen.ended == 1; });
  CHECK(f.peer->answer(3).status == "4");
  CHECK(f.seen.how == "deadline_exceeded: polyrpc: the deadline has passed");
}

TEST_CASE("a request that does not come in time is answered", "[grpc]") {
  ServerOptions server_options;
  server_options.limits.message_time = std::chrono::milliseconds(50);
  Fixture f({}, server_options);
  f.peer->send_headers(1, call_fields("/test.Service/Double", {{"grpc-timeout", "20m"}}));
  f.peer->send_headers(3, call_fields("/test.Service/Double"));
  f.peer->send_data(3, "\0");
  f.peer->send_headers(5, {{":method", "POST"}, {":scheme", "http"}, {":path", "/page"}, {":authority", "t"}});
  std::string status;
  f.peer->raw().settle_until([&] {
    const auto answer = f.peer->answer(1);
    if (answer.status != "<none>") status = answer.status;
    return !status.empty();
  });
  CHECK(status == "4");
  status.clear();
  f.peer->raw().settle_until([&] {
    const auto answer = f.peer->answer(3);
    if (answer.status != "<none>") status = answer.status;
    return !status.empty();
  });
  CHECK(status == "4");
  f.peer->raw().settle_until([&] { return f.peer->answer(5).reset != 0xffff; });
  f.peer->call(7, "/test.Service/Double", "");
  CHECK(f.peer->answer(7).status == "0");
}

TEST_CASE("a reset cancels that handler only", "[grpc]") {
  Fixture f;
  f.peer->send_headers(1, call_fields("/test.Service/Sum"));
  f.peer->send_headers(3, call_fields("/test.Service/Sum"));
  CHECK(f.seen.started == 2);
  f.peer->send(frame(rst_stream, 0, 1, big_endian(NGHTTP2_CANCEL, 4)));
  CHECK(f.seen.ended == 1);
  CHECK(f.seen.cancelled == 1);
  f.peer->send_data(3, message(number_bytes(4)), end_stream);
  CHECK(f.peer->answer(3).status == "0");
  f.peer->call(5, "/test.Service/Double", "");
  CHECK(f.peer->answer(5).status == "0");
}

TEST_CASE("the end of the connection cancels every handler", "[grpc]") {
  Fixture f;
  f.peer->send_headers(1, call_fields("/test.Service/Sum"));
  f.peer->send_headers(3, call_fields("/test.Service/Chat"));
  f.peer->raw().close();
  CHECK(f.seen.ended == 2);
  CHECK(f.seen.cancelled == 2);
}

TEST_CASE("a server that ends before its client sends the trailers and RST_STREAM(NO_ERROR)", "[grpc]") {
  Fixture f;
  f.peer->send_headers(1, call_fields("/test.Service/Chat"));
  f.peer->send_data(1, message(text_bytes("bye")));
  const auto answer = f.peer->answer(1);
  CHECK(answer.status == "10");
  CHECK(answer.shape == "H.R");
  CHECK(answer.reset == NGHTTP2_NO_ERROR);
}

TEST_CASE("headers go out when the handler asks", "[grpc]") {
  Fixture f;
  f.peer->send_headers(1, call_fields("/test.Service/Chat"));
  f.peer->send_data(1, message(text_bytes("headers")));
  const auto first = f.peer->take(1);
  REQUIRE(first.size() == 1);
  CHECK(first[0].field("x-early") == "yes");
  f.peer->send_data(1, message(text_bytes("a")) + message(text_bytes("b")), end_stream);
  const auto answer = f.peer->answer(1);
  CHECK(answer.body == message(text_bytes("a")) + message(text_bytes("b")));
  CHECK(answer.shape == "DH.");
}

TEST_CASE("replies of one batch leave together and in order", "[grpc]") {
  Fixture f;
  std::string batch;
  for (std::uint32_t stream = 1; stream < 200; stream += 2)
    batch += frame(headers, end_headers, stream, block(call_fields("/test.Service/Double"))) +
             frame(data, end_stream, stream, message(number_bytes(static_cast<std::uint8_t>(stream / 2))));
  f.peer->send(batch);
  for (std::uint32_t stream = 1; stream < 200; stream += 2) CHECK(f.peer->answer(stream).status == "0");
}

// ---- flow control ----

TEST_CASE("with a window of three bytes three bytes come, then what the window allows", "[grpc]") {
  Fixture f;
  f.peer->send(frame(settings, 0, 0, std::string("\0\x04", 2) + big_endian(3, 4)));
  f.peer->call(1, "/test.Service/Double", number_bytes(21));
  auto frames = f.peer->take(1);
  REQUIRE(frames.size() == 2);
  CHECK(frames[1].payload == message(number_bytes(42)).substr(0, 3));
  // Another stream goes on, and this one below zero when the window shrinks.
  f.peer->call(3, "/test.Service/Fail", "");
  CHECK(f.peer->answer(3).status == "5");
  f.peer->send(frame(settings, 0, 0, std::string("\0\x04", 2) + big_endian(1, 4)));
  f.peer->send(frame(window_update, 0, 1, big_endian(2, 4)));
  CHECK(f.peer->take(1).empty());
  f.peer->send(frame(window_update, 0, 1, big_endian(100, 4)));
  const auto answer = f.peer->answer(1);
  CHECK(answer.body == message(number_bytes(42)).substr(3));
  CHECK(answer.status == "0");
}

TEST_CASE("a slow reader stops the writer", "[grpc]") {
  Fixture f;
  f.peer->send_headers(1, call_fields("/test.Service/Count"));
  f.peer->send_data(1, message(std::string("\x08\xc0\x84\x3d", 4)), end_stream);  // 1,000,000
  CHECK(f.seen.started == 1);
  CHECK(f.seen.ended == 0);
  const int before = f.seen.written;
  CHECK(before > 10);
  CHECK(before < 30000);  // windows of 64 KiB, and as much waiting
  f.peer->send(frame(window_update, 0, 0, big_endian(1 << 20, 4)) + frame(window_update, 0, 1, big_endian(70000, 4)));
  CHECK(f.seen.written > before);
  CHECK(f.seen.ended == 0);
  f.peer->send(frame(rst_stream, 0, 1, big_endian(NGHTTP2_CANCEL, 4)));
  CHECK(f.seen.ended == 1);
  CHECK(f.seen.cancelled == 1);
}

TEST_CASE("a handler that does not read stops its client, and nobody else", "[grpc]") {
  grpc::ServerOptions options;
  options.stream_window = 1000;
  Fixture f(options);
  f.peer->take();
  // The handler waits for room to write: the client gives none.
  f.peer->send(frame(settings, 0, 0, std::string("\0\x04", 2) + big_endian(0, 4)));
  f.peer->send_headers(1, call_fields("/test.Service/Chat"));
  std::string piece = message(text_bytes(std::string(90, 'x')));
  std::size_t sent = 0, window = 1000;
  for (int i = 0; i < 5000; ++i) {
    for (const Frame& one : f.peer->take())
      if (one.type == window_update && one.stream == 1) window += one.number();
    if (window < sent + piece.size()) break;
    f.peer->send_data(1, piece);
    sent += piece.size();
  }
  CHECK(sent < 80000);
  f.peer->call(3, "/test.Service/Fail", "");
  CHECK(f.peer->answer(3).status == "5");
}

TEST_CASE("a thousand cancelled uploads do not use up the connection's window", "[grpc]") {
  Fixture f;
  std::size_t credit = 65535;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const std::uint32_t stream = 2 * i + 1;
    f.peer->send(frame(headers, end_headers, stream, block(call_fields("/test.Service/Sum"))) +
                 frame(data, 0, stream, message(std::string(16000, 'x')).substr(0, 16000)) +
                 frame(rst_stream, 0, stream, big_endian(NGHTTP2_CANCEL, 4)));
    for (const Frame& one : f.peer->take())
      if (one.type == window_update && one.stream == 0) credit += one.number();
    REQUIRE(credit >= 16000);
    credit -= 16000;
  }
  f.peer->call(3001, "/test.Service/Double", "");
  CHECK(f.peer->answer(3001).status == "0");
}

TEST_CASE("a PING is answered with the same bytes while much is being sent", "[grpc]") {
  Fixture f;
  f.peer->send_headers(1, call_fields("/test.Service/Count"));
  f.peer->send_data(1, message(std::string("\x08\xc0\x84\x3d", 4)), end_stream);
  f.peer->send(frame(ping, 0, 0, "12345678"));
  const Frame answer = f.peer->first(ping);
  CHECK(answer.payload == "12345678");
  CHECK(answer.flags == ack);
  f.peer->take();
  f.peer->send(frame(ping, ack, 0, "abcdefgh"));
  CHECK(f.peer->first(ping).type == 255);
}

// ---- the connection ----

TEST_CASE("the server's settings come first, and each of the client's is acknowledged", "[grpc]") {
  Fixture f;
  const auto frames = f.peer->take();
  REQUIRE(frames.size() >= 2);
  CHECK(frames[0].type == settings);
  CHECK(frames[0].flags == 0);
  f.peer->send(frame(settings, 0, 0, "") + frame(settings, 0, 0, ""));
  int acknowledged = 0;
  for (const Frame& one : f.peer->take()) acknowledged += one.type == settings && one.flags == ack;
  CHECK(acknowledged == 2);
}

TEST_CASE("requests are served before the client acknowledges anything", "[grpc]") {
  // nginx: a header table of size 0, and HEADERS before its acknowledgement.
  Fixture f;
  H2Peer nginx(*f.server, std::string("\0\x01\0\0\0\0\0\x02\0\0\0\0\0\x04\x7f\xff\xff\xff", 18));
  nginx.call(1, "/test.Service/Double", number_bytes(2));
  nginx.call(3, "/test.Service/Double", number_bytes(2));
  CHECK(nginx.answer(1).status == "0");
  CHECK(nginx.answer(3).status == "0");
}

TEST_CASE("what breaks HTTP/2 ends the connection with the right code", "[grpc]") {
  const auto goaway_of = [](std::string_view bytes) {
    Fixture f;
    f.peer->call(1, "/test.Service/Double", "");
    f.peer->send(bytes);
    const Frame last = f.peer->first(goaway);
    return last.type == goaway ? static_cast<int>(last.number(4)) : -1;
  };
  CHECK(goaway_of(frame(data, 0, 0, "x")) == NGHTTP2_PROTOCOL_ERROR);
  CHECK(goaway_of(frame(headers, end_headers, 0, "")) == NGHTTP2_PROTOCOL_ERROR);
  CHECK(goaway_of(frame(headers, end_headers, 2, block(call_fields("/a")))) == NGHTTP2_PROTOCOL_ERROR);
  CHECK(goaway_of(frame(data, 0, 5, "x")) == NGHTTP2_PROTOCOL_ERROR);
  CHECK(goaway_of(frame(window_update, 0, 0, big_endian(0, 4))) == NGHTTP2_PROTOCOL_ERROR);
  CHECK(goaway_of(frame(window_update, 0, 0, big_endian(0x7fffffff, 4))) == NGHTTP2_FLOW_CONTROL_ERROR);
  CHECK(goaway_of(frame(headers, 0, 3, block(call_fields("/a"))) + frame(ping, 0, 0, "12345678")) ==
        NGHTTP2_PROTOCOL_ERROR);
  CHECK(goaway_of(frame(headers, end_headers, 3, "\x80")) == NGHTTP2_COMPRESSION_ERROR);          // index 0
  CHECK(goaway_of(frame(headers, end_headers, 3, "\xff\x80\x01")) == NGHTTP2_COMPRESSION_ERROR);  // beyond the table
  CHECK(goaway_of(frame(ping, 0, 0, "1234")) == NGHTTP2_FRAME_SIZE_ERROR);
  CHECK(goaway_of(big_endian(16385, 3) + std::string(1, data) + std::string(1, 0) + big_endian(1, 4)) ==
        NGHTTP2_FRAME_SIZE_ERROR);
}

TEST_CASE("who goes on with a stream that it has closed is sent away", "[grpc]") {
  const bool in_bytes = GENERATE(false, true);
  const auto goaway_of = [&](std::string_view bytes) {
    Fixture f;
    f.peer->call(1, "/test.Service/Double", number_bytes(21));
    CHECK(f.peer->answer(1).status == "0");
    for (std::size_t i = 0; in_bytes && i < bytes.size(); ++i) f.peer->send(bytes.substr(i, 1));
    if (!in_bytes) f.peer->send(bytes);
    const Frame last = f.peer->first(goaway);
    return last.type == goaway ? static_cast<int>(last.number(4)) : -1;
  };
  const auto start = [](std::uint32_t stream) {
    return frame(headers, end_headers, stream, block(call_fields("/test.Service/Double")));
  };
  const std::string cancel = big_endian(NGHTTP2_CANCEL, 4);
  CHECK(goaway_of(frame(data, 0, 1, "x")) == NGHTTP2_STREAM_CLOSED);
  CHECK(goaway_of(start(1)) == NGHTTP2_STREAM_CLOSED);
  CHECK(goaway_of(start(3) + frame(rst_stream, 0, 3, cancel) + frame(data, 0, 3, "")) == NGHTTP2_STREAM_CLOSED);
  CHECK(goaway_of(start(3) + frame(rst_stream, 0, 3, cancel) + start(3)) == NGHTTP2_STREAM_CLOSED);
  CHECK(goaway_of(start(7) + start(5)) == NGHTTP2_PROTOCOL_ERROR);
  CHECK(goaway_of(frame(priority, 0, 0, std::string("\0\0\0\1\x10", 5))) == NGHTTP2_PROTOCOL_ERROR);
  CHECK(goaway_of(frame(priority, 0, 9, std::string("\0\0\0\x9\x10", 5))) == NGHTTP2_PROTOCOL_ERROR);
  // None of these is wrong.
  CHECK(goaway_of(frame(window_update, 0, 1, big_endian(1, 4)) + frame(rst_stream, 0, 1, cancel) + start(3) +
                  frame(data, end_stream, 3, message("")) + frame(priority, 0, 1, std::string("\0\0\0\x9\x10", 5)) +
                  frame(priority, 0, 11, std::string("\0\0\0\x9\x10", 5)) + start(13)) == -1);
}

TEST_CASE("unknown frames, flags and settings are passed over", "[grpc]") {
  Fixture f;
  f.peer->send(frame(0x42, 0xff, 0, "what") + frame(settings, 0, 0, std::string("\x77\x77\0\0\0\x01", 6)) +
               frame(0x42, 0, 1, ""));
  f.peer->call(1, "/test.Service/Double", "");
  CHECK(f.peer->answer(1).status == "0");
}

TEST_CASE("malformed headers are the stream's trouble", "[grpc]") {
  Fixture f;
  std::uint32_t stream = 1;
  for (const Fields& bad : {Fields{{"Upper", "x"}}, Fields{{"connection", "close"}}, Fields{{"te", "gzip"}},
                            Fields{{":what", "x"}}, Fields{{":path", ""}}, Fields{{"content-length", "77"}}}) {
    f.peer->call(stream, "/test.Service/Double", "", bad);
    CHECK(f.peer->answer(stream).reset == NGHTTP2_PROTOCOL_ERROR);
    stream += 2;
  }
  f.peer->call(stream, "/test.Service/Double", "");
  CHECK(f.peer->answer(stream).status == "0");
}

TEST_CASE("streams above the limit are refused, and one that ends makes room", "[grpc]") {
  grpc::ServerOptions options;
  options.concurrent_streams = 2;
  Fixture f(options);
  f.peer->send(frame(settings, ack, 0, ""));
  f.peer->send_headers(1, call_fields("/test.Service/Sum"));
  f.peer->send_headers(3, call_fields("/test.Service/Sum"));
  f.peer->send_headers(5, call_fields("/test.Service/Sum"));
  CHECK(f.peer->answer(5).reset == NGHTTP2_REFUSED_STREAM);
  f.peer->send_data(1, "", end_stream);
  CHECK(f.peer->answer(1).status == "0");
  f.peer->call(7, "/test.Service/Double", "");
  CHECK(f.peer->answer(7).status == "0");
}

TEST_CASE("shutdown says GOAWAY twice, serves what comes in between, and lets calls finish", "[grpc]") {
  Fixture f;
  f.peer->send_headers(1, call_fields("/test.Service/Sum"));
  f.peer->take();
  f.server->server().shutdown();
  f.peer->raw().settle();
  auto frames = f.peer->take();
  REQUIRE(frames.size() >= 2);
  CHECK(frames[0].type == goaway);
  CHECK(frames[0].number() == 0x7fffffff);
  CHECK(frames[0].number(4) == NGHTTP2_NO_ERROR);
  REQUIRE(frames[1].type == ping);
  f.peer->call(3, "/test.Service/Double", "");
  CHECK(f.peer->answer(3).status == "0");
  f.peer->send(frame(ping, ack, 0, frames[1].payload));
  const Frame last = f.peer->first(goaway);
  CHECK(last.number() == 3);
  f.peer->call(5, "/test.Service/Double", "");
  CHECK(f.peer->answer(5).shape.empty());
  CHECK_FALSE(f.peer->closed());
  f.peer->send_data(1, message(number_bytes(7)), end_stream);
  CHECK(f.peer->answer(1).body == message(number_bytes(7)));
  CHECK(f.peer->closed());
}

TEST_CASE("who pings too often is sent away with too_many_pings", "[grpc]") {
  Fixture f;
  f.peer->call(1, "/test.Service/Double", "");
  f.peer->take();
  for (int i = 0; i < 3; ++i) f.peer->send(frame(ping, 0, 0, "12345678"));
  CHECK(f.peer->first(goaway).type == 255);
  f.peer->send(frame(ping, 0, 0, "12345678"));
  const Frame last = f.peer->first(goaway);
  CHECK(last.number(4) == NGHTTP2_ENHANCE_YOUR_CALM);
  CHECK(last.payload.substr(8) == "too_many_pings");
  CHECK(f.peer->closed());
}

TEST_CASE("a silent client is asked, and one that does not answer is left", "[grpc]") {
  grpc::ServerOptions options;
  options.keepalive_time = std::chrono::milliseconds(20);
  options.keepalive_timeout = std::chrono::milliseconds(20);
  Fixture f(options);
  f.peer->raw().settle_until([&] { return f.peer->first(ping).type == ping; });
  CHECK(f.peer->first(ping).flags == 0);
  f.peer->raw().settle_until([&] { return f.peer->closed(); });
}

TEST_CASE("a connection of a certain age is sent away, and cut when its grace is over", "[grpc]") {
  grpc::ServerOptions options;
  options.connection_age = std::chrono::milliseconds(20);
  options.connection_age_grace = std::chrono::milliseconds(20);
  Fixture f(options);
  f.peer->send_headers(1, call_fields("/test.Service/Sum"));
  f.peer->raw().settle_until([&] { return f.peer->first(goaway).type == goaway; });
  f.peer->raw().settle_until([&] { return f.peer->closed(); });
  CHECK(f.seen.cancelled == 1);
}

TEST_CASE("an idle connection is sent away", "[grpc]") {
  grpc::ServerOptions options;
  options.idle_time = std::chrono::milliseconds(20);
  Fixture f(options);
  f.peer->call(1, "/test.Service/Double", "");
  CHECK(f.peer->answer(1).status == "0");
  f.peer->raw().settle_until([&] { return f.peer->first(goaway).type == goaway; });
  f.peer->raw().settle_until([&] { return f.peer->closed(); });
}

TEST_CASE("pages are served beside calls", "[grpc]") {
  grpc::ServerOptions options;
  options.mount("/page", [](const http::Request& request) {
    return http::Response::text(
        200, std::string(request.method) + " " + std::string(request.query) + " " + std::string(request.body));
  });
  Fixture f(options);
  f.peer->send_headers(1, {{":method", "GET"}, {":scheme", "http"}, {":path", "/page?a=b"}, {":authority", "t"}},
                       end_headers | end_stream);
  auto answer = f.peer->answer(1);
  CHECK(answer.http_status == "200");
  CHECK(answer.body == "GET a=b ");
  f.peer->send_headers(3, {{":method", "POST"}, {":scheme", "http"}, {":path", "/page"}, {":authority", "t"}});
  f.peer->send_data(3, "body", end_stream);
  CHECK(f.peer->answer(3).body == "POST  body");
  f.peer->send_headers(5, {{":method", "GET"}, {":scheme", "http"}, {":path", "/no"}, {":authority", "t"}},
                       end_headers | end_stream);
  CHECK(f.peer->answer(5).http_status == "404");
}

TEST_CASE("the same conversation in single bytes has the same answers", "[grpc]") {
  Fixture f;
  std::string all;
  all += frame(headers, end_headers, 1, block(call_fields("/test.Service/Double")));
  all += frame(data, end_stream, 1, message(number_bytes(4)));
  all += frame(headers, end_headers, 3, block(call_fields("/test.Service/Chat")));
  all += frame(data, 0, 3, message(text_bytes("x")) + message(text_bytes("y")));
  all += frame(data, end_stream, 3, "");
  for (const char byte : all) f.peer->send(std::string(1, byte));
  CHECK(f.peer->answer(1).body == message(number_bytes(8)));
  const auto chat = f.peer->answer(3);
  CHECK(chat.body == message(text_bytes("x")) + message(text_bytes("y")));
  CHECK(chat.status == "0");
}

// ---- peers that mean no good ----

TEST_CASE("rapid resets end the connection, with few handlers left", "[grpc]") {
  Fixture f;
  H2Peer other(*f.server);
  std::uint32_t stream = 1;
  for (int i = 0; i < 20000 && !f.peer->closed(); ++i, stream += 2)
    f.peer->send(frame(headers, end_headers, stream, block(call_fields("/test.Service/Sum"))) +
                 frame(rst_stream, 0, stream, big_endian(NGHTTP2_CANCEL, 4)));
  CHECK(f.peer->closed());
  CHECK(f.peer->first(goaway).number(4) == NGHTTP2_ENHANCE_YOUR_CALM);
  CHECK(f.seen.started == f.seen.ended);
  other.call(1, "/test.Service/Double", "");
  CHECK(other.answer(1).status == "0");
}

TEST_CASE("resets that the server is made to send count as well", "[grpc]") {
  Fixture f;
  H2Peer other(*f.server);
  std::uint32_t stream = 1;
  for (int i = 0; i < 20000 && !f.peer->closed(); ++i, stream += 2)
    f.peer->send(frame(headers, end_headers, stream, block(call_fields("/test.Service/Sum"))) +
                 frame(window_update, 0, stream, big_endian(0, 4)));
  CHECK(f.peer->closed());
  CHECK(f.seen.started == f.seen.ended);
  other.call(1, "/test.Service/Double", "");
  CHECK(other.answer(1).status == "0");
}

TEST_CASE("floods of frames that do nothing end the connection", "[grpc]") {
  const std::string flood = GENERATE(frame(ping, 0, 0, "12345678"), frame(settings, 0, 0, ""),
                                     frame(priority, 0, 7, std::string("\0\0\0\0\x10", 5)),
                                     frame(window_update, 0, 0, big_endian(1, 4)), frame(data, 0, 1, ""));
  Fixture f;
  H2Peer other(*f.server);
  f.peer->send_headers(1, call_fields("/test.Service/Sum"));
  int sent = 0;
  for (; sent < 50000 && !f.peer->closed(); ++sent) f.peer->send(flood);
  CHECK(f.peer->closed());
  CHECK(sent < 50000);
  other.call(1, "/test.Service/Double", "");
  CHECK(other.answer(1).status == "0");
}

TEST_CASE("CONTINUATION without end, empty or not, ends the connection", "[grpc]") {
  const std::string piece = GENERATE(std::string(), literal("x-filler", std::string(100, 'a')));
  Fixture f;
  H2Peer other(*f.server);
  f.peer->send(frame(headers, 0, 1, block(call_fields("/test.Service/Double"))));
  int sent = 0;
  for (; sent < 20000 && !f.peer->closed(); ++sent) f.peer->send(frame(continuation, 0, 1, piece));
  CHECK(f.peer->closed());
  other.call(1, "/test.Service/Double", "");
  CHECK(other.answer(1).status == "0");
}

TEST_CASE("a header that is too large is refused, and the table stays in step", "[grpc]") {
  Fixture f;
  Fields big;
  for (int i = 0; i < 30; ++i) big.emplace_back("x-" + std::to_string(i), std::string(1000, 'a'));
  std::string header = block(call_fields("/test.Service/Double", big));
  f.peer->send(frame(headers, 0, 1, header.substr(0, 16000)) +
               frame(continuation, end_headers, 1, header.substr(16000)) + frame(data, end_stream, 1, message("")));
  CHECK(f.peer->answer(1).http_status == "431");
  f.peer->call(3, "/test.Service/Double", "");
  CHECK(f.peer->answer(3).status == "0");
}

TEST_CASE("calls of a peer that takes no replies wait", "[grpc]") {
  grpc::ServerOptions options;
  ServerOptions server_options;
  server_options.limits.unsent_bytes = 100000;
  Fixture f(options, server_options);
  f.peer->send(frame(settings, 0, 0, std::string("\0\x04", 2) + big_endian(0, 4)));
  const std::string big(120, 'x');
  for (std::uint32_t stream = 1; stream < 8000; stream += 2)
    f.peer->call(stream, "/test.Service/Echo", text_bytes(big));
  H2Peer other(*f.server);
  other.call(1, "/test.Service/Double", "");
  CHECK(other.answer(1).status == "0");
}

// ---- Connect's calls, and HTTP/1.1's upgrade ----

TEST_CASE("Connect's unary calls are served beside gRPC's", "[grpc]") {
  grpc::ServerOptions options;
  options.connect.formats.push_back(protobuf::format());
  Fixture f(options);
  const Fields head = {{":method", "POST"},
                       {":scheme", "http"},
                       {":path", "/test.Service/Double"},
                       {":authority", "t"},
                       {"content-type", "application/proto"}};
  f.peer->send_headers(1, head);
  f.peer->send_data(1, number_bytes(4), end_stream);
  auto answer = f.peer->answer(1);
  CHECK(answer.http_status == "200");
  CHECK(answer.body == number_bytes(8));
  CHECK(answer.shape == "HD.");
  Fields fails = head;
  fails[2].second = "/test.Service/Fail";
  f.peer->send_headers(3, fails);
  f.peer->send_data(3, text_bytes("not here"), end_stream);
  answer = f.peer->answer(3);
  CHECK(answer.http_status == "404");
  CHECK(answer.body == R"({"code":"not_found","message":"not here"})");
  fails[2].second = "/test.Service/No";
  f.peer->send_headers(5, fails, end_headers | end_stream);
  CHECK(f.peer->answer(5).http_status == "404");
}

TEST_CASE("a request of HTTP/1.1 that asks for h2c is answered in HTTP/2", "[grpc]") {
  Registry registry;
  Seen seen;
  register_services(registry, seen);
  grpc::ServerOptions options;
  options.mount("/page", [](const http::Request& request) {
    return http::Response::text(200, "of " + std::string(request.header("x-who")));
  });
  Protocols protocols = speaking(options);
  protocols.add(http1::protocol({}));
  TurnedServer server(registry, protocols);
  TurnedPeer peer(server);
  peer.send(
      "GET /page HTTP/1.1\r\nHost: test\r\nX-Who: me\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n");
  CHECK(peer.take() == "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  peer.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(settings, 0, 0, ""));
  const std::string answer = peer.take();
  CHECK(answer.find(frame(data, end_stream, 1, "of me")) != std::string::npos);
  // Who does not mean it is answered in HTTP/1.1.
  TurnedPeer other(server);
  other.send("GET /page HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  CHECK(other.take().starts_with("HTTP/1.1 404"));
}
