#include "client_codec.hpp"

#include "polyrpc/core/describe.hpp"
#include "polyrpc/grpc/client.hpp"

#include "frames.hpp"
#include "support/catch.hpp"
#include "text_format.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace polyrpc;
using namespace polyrpc::grpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

const Fields ok_headers{{":status", "200"}, {"content-type", "application/grpc"}};
const Fields ok_trailers{{"grpc-status", "0"}};

std::string good(std::uint32_t stream, std::string_view text) {
  return headers(stream, ok_headers) + data(stream, message(text)) + headers(stream, ok_trailers, end_stream);
}
Fields with(Fields fields, const Fields& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

WireOptions text_options() {
  WireOptions options;
  options.format = std::make_shared<TextFormat>();
  options.compressors.add(std::make_shared<RunCompressor>());
  return options;
}

std::string to_text(const Metadata& metadata) {
  std::string text;
  for (const auto& [key, value] : metadata) text += (text.empty() ? "" : ",") + key + "=" + value;
  return text.empty() ? "" : " {" + text + "}";
}

/// One connection with a server that a test plays.
class End {
 public:
  End(const std::shared_ptr<ClientWire>& wire, const CodecLimits& limits, std::int32_t first)
      : client(make_client_codec(wire, limits, first)) {}

  Status call(const RequestHead& head, const std::string& text) {
    return client->write_request(head, streams_requests(head.kind) ? MessageRef() : message_ref(text), output);
  }
  std::vector<Frame> sent() {
    client->write_pending(output);
    return reader_.read(output);
  }
  std::string told(std::string_view bytes, std::size_t piece) {
    std::string log;
    do {
      input.append(bytes.substr(0, piece));
      bytes.remove_prefix((std::min)(piece, bytes.size()));
      for (;;) {
        const Result<bool> cut = client->next_reply(input, reply_);
        if (!cut.ok()) return log + "end: " + cut.status().to_string() + "\n";
        if (!*cut) break;
        const std::string line = describe();
        if (!log.ends_with(line)) log += line;
      }
    } while (!bytes.empty());
    return log;
  }

  std::unique_ptr<ClientCodec> client;
  ByteQueue input;
  ByteQueue output;

 private:
  std::string describe() {
    std::string line = std::to_string(reply_.call);
    if (reply_.kind == ReplyKind::readable) return line + " readable\n";
    if (reply_.kind == ReplyKind::writable) return line + " writable\n";
    line += " " + reply_.status.to_string();
    for (const StatusDetail& detail : reply_.status.details()) line += " " + detail.type_url + "=" + detail.value;
    if (reply_.body != nullptr) {
      std::string text;
      const Status decoded = reply_.body->decode(message_slot(text));
      line += decoded.ok() ? " [" + text + "]" : " (" + decoded.to_string() + ")";
      std::string again;
      if (reply_.body->decode(message_slot(again)) != decoded || again != text) line += " another body";
    }
    return line + to_text(reply_.headers) + to_text(reply_.trailers) + (reply_.never_seen ? " never seen" : "") + "\n";
  }

  FrameReader reader_;
  IncomingReply reply_;
};

/// Two connections to which the same happens: one is told things at once, the other byte by byte.
class Wire {
 public:
  explicit Wire(WireOptions options = text_options(), const CodecLimits& limits = {}, std::int32_t first = 1)
      : shared(std::make_shared<ClientWire>(std::move(options))),
        whole_(shared, limits, first),
        pieces_(shared, limits, first) {}

  Status call(std::uint64_t number, const std::string& method = "Test.Echo", const std::string& text = "x",
              CallKind kind = CallKind::unary) {
    RequestHead head;
    head.method = method;
    head.tag.number = number;
    head.kind = kind;
    return call(head, text);
  }
  Status call(const RequestHead& head, const std::string& text = "x") {
    const Status status = whole_.call(head, text);
    CHECK(pieces_.call(head, text) == status);
    return status;
  }
  void cancel(std::uint64_t number) {
    for (End* end : {&whole_, &pieces_}) end->client->write_cancel(number, end->output);
  }
  Status write(std::uint64_t number, const std::string& text) {
    (void)pieces_.client->write_message(number, message_ref(text), pieces_.output);
    return whole_.client->write_message(number, message_ref(text), whole_.output);
  }
  Status end(std::uint64_t number) {
    (void)pieces_.client->write_end(number, pieces_.output);
    return whole_.client->write_end(number, whole_.output);
  }
  bool has_room(std::uint64_t number) {
    (void)pieces_.client->has_room(number);
    return whole_.client->has_room(number);
  }
  /// What can be read of a call: messages in brackets, and what comes then.
  std::string read(std::uint64_t number) {
    const std::string text = read(*whole_.client, number);
    CHECK(read(*pieces_.client, number) == text);
    return text;
  }
  std::string headers_of(std::uint64_t number) const {
    const Metadata* headers = whole_.client->headers(number);
    return headers == nullptr ? "(none)" : "headers" + to_text(*headers);
  }
  /// What the server's bytes come to, a line each.
  std::string told(std::string_view bytes) {
    const std::string log = whole_.told(bytes, std::string_view::npos);
    CHECK(pieces_.told(bytes, 1) == log);
    return log;
  }
  std::vector<Frame> frames() {
    (void)pieces_.sent();
    return whole_.sent();
  }
  /// What has been sent since, without the opening and windows.
  std::string sent() {
    std::string text;
    for (const Frame& frame : frames()) {
      if (frame.type == 8 || (frame.type == 4 && (frame.flags & ack) == 0)) continue;
      text += frame.text() + "\n";
    }
    return text;
  }
  ClientCodec& client() noexcept { return *whole_.client; }
  End& whole() noexcept { return whole_; }

  const std::shared_ptr<ClientWire> shared;

 private:
  static std::string read(ClientCodec& client, std::uint64_t number) {
    std::string seen;
    for (;;) {
      std::string text;
      const Result<Pulled> pulled = client.read_message(number, message_slot(text));
      if (!pulled.ok()) return seen + "(" + pulled.status().to_string() + ")";
      if (*pulled == Pulled::end) return seen + ".";
      if (*pulled == Pulled::nothing) return seen + "...";
      seen += "[" + text + "]";
    }
  }

  End whole_;
  End pieces_;
};

/// A connection on which call 0 is under way on stream 1.
Wire& begun(Wire& wire, CallKind kind = CallKind::unary) {
  REQUIRE(wire.call(0, "Test.Echo", "x", kind).ok());
  CHECK(wire.told(settings() + settings_ack()) == "");
  (void)wire.frames();
  return wire;
}

std::string outcome_of(std::string_view bytes, WireOptions options = text_options(), const CodecLimits& limits = {}) {
  Wire wire(std::move(options), limits);
  return begun(wire).told(bytes);
}

}  // namespace

TEST_CASE("the first request brings preface, settings and window", "[grpc]") {
  Wire wire;
  REQUIRE(wire.call(7, "pkg.Service.Method", "hello").ok());
  const auto frames = wire.frames();
  REQUIRE(frames.size() == 4);
  // ENABLE_PUSH 0, INITIAL_WINDOW_SIZE 2 MiB, MAX_HEADER_LIST_SIZE 16 KiB, NO_RFC7540_PRIORITIES 1
  CHECK(frames[0].payload == "\0\2\0\0\0\0\0\4\0\x20\0\0\0\5\0\1\0\0\0\6\0\0\x40\0\0\x09\0\0\0\1"s);
  CHECK(frames[1].text() == "WINDOW_UPDATE 0 16711681");
  CHECK(frames[2].text() == "HEADERS 1");
  CHECK(frames[2].fields == Fields{{":method", "POST"},
                                   {":scheme", "http"},
                                   {":path", "/pkg.Service/Method"},
                                   {":authority", "localhost"},
                                   {"te", "trailers"},
                                   {"content-type", "application/grpc+text"},
                                   {"user-agent", "grpc-c++-polyrpc/0.1.0"},
                                   {"grpc-accept-encoding", "identity,run"}});
  CHECK(frames[3].text() == "DATA 1 END \"\0\0\0\0\5hello\""s);
}

TEST_CASE("a unary call is answered", "[grpc]") {
  Wire wire;
  begun(wire);
  CHECK(wire.told(good(1, "hi")) == "0 ok [hi]\n");
  REQUIRE(wire.call(1, "Test.Echo", "more").ok());
  CHECK(wire.sent() == "HEADERS 3\nDATA 3 END \"\0\0\0\0\4more\"\n"s);
  CHECK(wire.told(good(3, "")) == "1 ok []\n");
}

TEST_CASE("metadata, deadline and options go into the request's headers", "[grpc]") {
  WireOptions options = text_options();
  options.authority = "example.com:50051";
  options.secure = true;
  options.user_agent = "app/1";
  Wire wire(options);
  RequestHead head;
  head.method = "a.B/C";
  head.timeout = 1'500'000us;
  head.metadata = {{"k", " v "}, {"k", "w"}, {"x-bin", "\xAB\xAB"}};
  REQUIRE(wire.call(head).ok());
  const Frame request = wire.frames().at(2);
  CHECK(request.field(":path") == "/a.B/C");
  CHECK(request.field(":scheme") == "https");
  CHECK(request.field(":authority") == "example.com:50051");
  CHECK(request.field("user-agent") == "app/1 grpc-c++-polyrpc/0.1.0");
  CHECK(request.field("grpc-timeout") == "1500000u");
  CHECK(request.field("x-bin") == "q6s");
  CHECK(Fields(request.fields.end() - 3, request.fields.end() - 1) == Fields{{"k", "v"}, {"k", "w"}});
}

TEST_CASE("what can't be sent leaves the connection as it was", "[grpc]") {
  Wire wire;
  CHECK(wire.call(0, "Test.Echo", "bad").code() == StatusCode::invalid_argument);
  RequestHead head;
  head.method = "Test.Echo";
  head.metadata = {{"grpc-timeout", "1S"}};
  CHECK(wire.call(head).code() == StatusCode::invalid_argument);
  head.metadata = {{"te", "gzip"}};
  CHECK(wire.call(head).code() == StatusCode::invalid_argument);
  head.metadata = {{"k", std::string(70'000, 'x')}};
  CHECK(wire.call(head).code() == StatusCode::resource_exhausted);
  head.metadata = {};
  head.timeout = 0ns;
  CHECK(wire.call(head).code() == StatusCode::deadline_exceeded);
  CHECK(wire.whole().output.empty());
  begun(wire);
  CHECK(wire.told(good(1, "hi")) == "0 ok [hi]\n");
}

TEST_CASE("the server's header list size is respected", "[grpc]") {
  Wire wire;
  begun(wire);
  CHECK(wire.told(settings({{6, 8192}})) == "");
  RequestHead head;
  head.method = "Test.Echo";
  head.tag.number = 1;
  head.metadata = {{"k", std::string(8000, 'x')}};
  CHECK(wire.call(head).code() == StatusCode::resource_exhausted);
  head.metadata = {{"k", std::string(7000, 'x')}};
  CHECK(wire.call(head).ok());
}

TEST_CASE("headers and trailers become metadata, protocol fields do not", "[grpc]") {
  CHECK(outcome_of(headers(1, with(ok_headers, {{"k", "v"}, {"grpc-accept-encoding", "gzip"}, {"k", "w"}})) +
                   data(1, message("hi")) +
                   headers(1, with(ok_trailers, {{"t-bin", "YQ==,Yg"}, {"grpc-message", "OK"}}), end_stream)) ==
        "0 ok [hi] {k=v,k=w} {t-bin=a,t-bin=b}\n");
}

TEST_CASE("an immediate error is headers alone, in any order", "[grpc]") {
  CHECK(outcome_of(headers(1,
                           {{":status", "200"},
                            {"grpc-status", "5"},
                            {"content-type", "application/grpc+proto"},
                            {"grpc-message", "%E2%98%BA 100% %zz %4"},
                            {"k", "v"}},
                           end_stream)) == "0 not_found: \xE2\x98\xBA 100% %zz %4 {k=v}\n");
}

TEST_CASE("status details come with the status", "[grpc]") {
  // google.rpc.Status {code 5, message "no", details [{type_url "t", value "v"}]}
  CHECK(outcome_of(headers(
            1,
            with(ok_headers,
                 {{"grpc-status", "5"}, {"grpc-message", "no"}, {"grpc-status-details-bin", "CAUSAm5vGgYKAXQSAXY"}}),
            end_stream)) == "0 not_found: no t=v\n");
  CHECK(outcome_of(headers(
            1, with(ok_headers, {{"grpc-status", "5"}, {"grpc-message", "no"}, {"grpc-status-details-bin", "!"}}),
            end_stream)) == "0 not_found: no\n");
}

TEST_CASE("a metadata value that can't be decoded fails its call only", "[grpc]") {
  Wire wire;
  begun(wire);
  REQUIRE(wire.call(1).ok());
  CHECK(wire.told(headers(1, with(ok_headers, {{"x-bin", "!!"}}))) ==
        "0 internal: grpc: the value of header \"x-bin\" is not base64\n");
  CHECK(wire.told(good(3, "hi")) == "1 ok [hi]\n");
}

TEST_CASE("messages may be cut up in any frames", "[grpc]") {
  CHECK(outcome_of(headers(1, ok_headers) + data(1, "\0\0"s) + data(1, ""s) + data(1, "\0\0\5he"s) + data(1, "llo") +
                   headers(1, ok_trailers, end_stream)) == "0 ok [hello]\n");
  // padded by three bytes
  CHECK(outcome_of(headers(1, ok_headers) + frame(0, 8, 1, "\3\0\0\0\0\1a\0\0\0"s) +
                   headers(1, ok_trailers, end_stream)) == "0 ok [a]\n");
}

TEST_CASE("a single reply has one message", "[grpc]") {
  CHECK(outcome_of(headers(1, ok_headers) + headers(1, ok_trailers, end_stream)) ==
        "0 unimplemented: grpc: the server ended the call with success, but without a message\n");
  CHECK(outcome_of(headers(1, with(ok_headers, ok_trailers), end_stream)) ==
        "0 unimplemented: grpc: the server ended the call with success, but without a message\n");
  CHECK(
      outcome_of(headers(1, ok_headers) + data(1, message("a") + message("b")) + headers(1, ok_trailers, end_stream)) ==
      "0 unimplemented: grpc: the server sent more than one message\n");
  CHECK(outcome_of(headers(1, ok_headers) + data(1, message("a")) + headers(1, {{"grpc-status", "10"}}, end_stream)) ==
        "0 aborted\n");
}

TEST_CASE("an end in the middle of a message is internal", "[grpc]") {
  const std::string half = "0 internal: grpc: the server ended the call in the middle of a message\n";
  CHECK(outcome_of(headers(1, ok_headers) + data(1, "\0\0\0\0\5hel"s, end_stream)) == half);
  CHECK(outcome_of(headers(1, ok_headers) + data(1, "\0\0\0\0\5hel"s) + headers(1, ok_trailers, end_stream)) == half);
  CHECK(outcome_of(headers(1, ok_headers) + data(1, message("a") + "\0"s) + headers(1, ok_trailers, end_stream)) ==
        half);
}

TEST_CASE("flags of messages are judged", "[grpc]") {
  CHECK(outcome_of(headers(1, ok_headers) + data(1, message("a3", true))) ==
        "0 internal: grpc: a message is compressed, and no grpc-encoding was given\n");
  CHECK(outcome_of(headers(1, with(ok_headers, {{"grpc-encoding", "identity"}})) + data(1, message("a3", true))) ==
        "0 internal: grpc: a message is compressed, and no grpc-encoding was given\n");
  CHECK(outcome_of(headers(1, ok_headers) + data(1, "\2\0\0\0\0"s)) == "0 internal: grpc: a message has the flag 2\n");
}

TEST_CASE("replies are decompressed up to the limit", "[grpc]") {
  const std::string run = headers(1, with(ok_headers, {{"grpc-encoding", "run"}}));
  CodecLimits limits;
  limits.message_bytes = 10;
  const std::string end = headers(1, ok_trailers, end_stream);
  CHECK(outcome_of(run + data(1, message("a10", true)) + end, text_options(), limits) == "0 ok [aaaaaaaaaa]\n");
  CHECK(outcome_of(run + data(1, message("a3", false)) + end, text_options(), limits) == "0 ok [a3]\n");
  CHECK(outcome_of(run + data(1, message("a11", true)) + end, text_options(), limits) ==
        "0 resource_exhausted: run: more than the limit\n");
  CHECK(outcome_of(headers(1, with(ok_headers, {{"grpc-encoding", "zip"}}))) ==
        "0 internal: grpc: unknown grpc-encoding \"zip\"\n");
}

TEST_CASE("a length above the limit is refused with its fifth byte", "[grpc]") {
  CodecLimits limits;
  limits.message_bytes = 10;
  Wire wire(text_options(), limits);
  begun(wire);
  CHECK(wire.told(headers(1, ok_headers) + data(1, "\0\0\0\0\x0B"s)) ==
        "0 resource_exhausted: grpc: a message of 11 bytes is larger than the limit of 10\n");
  CHECK(wire.sent() == "RST_STREAM 1 8\n");
  CHECK(outcome_of(good(1, "0123456789"), text_options(), limits) == "0 ok [0123456789]\n");
}

TEST_CASE("requests are compressed", "[grpc]") {
  WireOptions options = text_options();
  options.compress_with = "run";
  Wire wire(options);
  REQUIRE(wire.call(0, "Test.Echo", "aaaa").ok());
  const auto frames = wire.frames();
  CHECK(frames.at(2).field("grpc-encoding") == "run");
  CHECK(frames.at(3).text() == "DATA 1 END \"\1\0\0\0\2a4\""s);
}

TEST_CASE("a body that can't be decoded is the call's error", "[grpc]") {
  CHECK(outcome_of(good(1, "bad")) == "0 ok (invalid_argument: text: bad)\n");
}

TEST_CASE("an answer without a gRPC status is never success", "[grpc]") {
  const auto http = [](const std::string& status) {
    return outcome_of(headers(1, {{":status", status}, {"content-type", "text/html"}}) + data(1, "<html>"));
  };
  CHECK(http("400") == "0 internal: grpc: unexpected HTTP status 400\n");
  CHECK(http("401") == "0 unauthenticated: grpc: unexpected HTTP status 401\n");
  CHECK(http("403") == "0 permission_denied: grpc: unexpected HTTP status 403\n");
  CHECK(http("404") == "0 unimplemented: grpc: unexpected HTTP status 404\n");
  for (const char* status : {"429", "502", "503", "504"})
    CHECK(http(status) == "0 unavailable: grpc: unexpected HTTP status "s + status + "\n");
  CHECK(http("500") == "0 unknown: grpc: unexpected HTTP status 500\n");
  CHECK(http("200") == "0 unknown: grpc: unexpected content type \"text/html\"\n");
  CHECK(outcome_of(headers(1, {{":status", "503"}}, end_stream)) ==
        "0 unavailable: grpc: unexpected HTTP status 503\n");
  CHECK(outcome_of(headers(1, {{":status", "200"}, {"content-type", "application/grpcfoo"}})) ==
        "0 unknown: grpc: unexpected content type \"application/grpcfoo\"\n");
  CHECK(outcome_of(headers(1, {{":status", "404"}, {"grpc-status", "7"}}, end_stream)) == "0 permission_denied\n");
  const std::string none = "0 unknown: grpc: the server ended the call without a status\n";
  CHECK(outcome_of(headers(1, ok_headers, end_stream)) == none);
  CHECK(outcome_of(headers(1, ok_headers) + data(1, message("a"), end_stream)) == none);
  CHECK(outcome_of(headers(1, ok_headers) + data(1, message("a")) + headers(1, {{"k", "v"}}, end_stream)) ==
        "0 unknown: grpc: the server ended the call without a status {k=v}\n");
  CHECK(outcome_of(headers(1, with(ok_headers, {{"grpc-status", "OK"}}), end_stream)) ==
        "0 unknown: grpc: grpc-status is not a number\n");
}

TEST_CASE("resets are mapped, and a reply without trailers is no success", "[grpc]") {
  const std::string begin = headers(1, ok_headers) + data(1, message("a"));
  CHECK(outcome_of(begin + reset(1, 0)) == "0 internal: grpc: the stream was reset with NO_ERROR\n");
  CHECK(outcome_of(begin + reset(1, 2)) == "0 internal: grpc: the stream was reset with INTERNAL_ERROR\n");
  CHECK(outcome_of(begin + reset(1, 8)) == "0 cancelled: grpc: the stream was reset with CANCEL\n");
  CHECK(outcome_of(begin + reset(1, 11)) ==
        "0 resource_exhausted: grpc: the stream was reset with ENHANCE_YOUR_CALM\n");
  CHECK(outcome_of(begin + reset(1, 12)) ==
        "0 permission_denied: grpc: the stream was reset with INADEQUATE_SECURITY\n");
  CHECK(outcome_of(begin + reset(1, 7)) == "0 unavailable: grpc: the server refused the call\n");
  CHECK(outcome_of(reset(1, 7)) == "0 unavailable: grpc: the server refused the call never seen\n");
}

TEST_CASE("a server that gives up after the deadline has kept it", "[grpc]") {
  const auto outcome_of_late = [](const std::string& answer) {
    Wire wire;
    RequestHead head;
    head.method = "Test.Echo";
    head.timeout = 1ns;
    REQUIRE(wire.call(head).ok());
    return wire.told(settings() + answer);
  };
  const std::string late = "0 deadline_exceeded: grpc: the deadline has passed\n";
  CHECK(outcome_of_late(reset(1, 8)) == late);
  // What a proxy makes of it.
  CHECK(outcome_of_late(headers(1, {{":status", "502"}})) == late);
  CHECK(outcome_of_late(headers(1, {{":status", "504"}}, end_stream)) == late);
  CHECK(outcome_of_late(headers(1, {{":status", "404"}}, end_stream)) ==
        "0 unimplemented: grpc: unexpected HTTP status 404\n");
  CHECK(outcome_of_late(headers(1, with(ok_headers, {{"grpc-status", "14"}}), end_stream)) == "0 unavailable\n");
}

TEST_CASE("interim responses are skipped", "[grpc]") {
  CHECK(outcome_of(headers(1, {{":status", "100"}}) + headers(1, {{":status", "103"}, {"link", "x"}}) +
                   good(1, "hi")) == "0 ok [hi]\n");
}

TEST_CASE("early trailers end a call whose request is still being sent", "[grpc]") {
  Wire wire;
  REQUIRE(wire.call(0, "Test.Echo", std::string(70'000, 'x')).ok());  // the window is 65535 bytes
  (void)wire.frames();
  CHECK(wire.told(settings() + headers(1, with(ok_headers, {{"grpc-status", "7"}}), end_stream)) ==
        "0 permission_denied\n");
  CHECK(wire.sent() == "SETTINGS 0 ACK\nRST_STREAM 1 0\n");
  CHECK(wire.told(window_update(0, 100'000) + reset(1, 0)) == "");
  CHECK(wire.sent() == "");
  REQUIRE(wire.call(1).ok());
  CHECK(wire.told(good(3, "hi")) == "1 ok [hi]\n");
}

TEST_CASE("a cancelled call is reset, and its late answer dropped", "[grpc]") {
  Wire wire;
  begun(wire);
  wire.cancel(0);
  CHECK(wire.sent() == "RST_STREAM 1 8\n");
  REQUIRE(wire.call(1).ok());
  CHECK(wire.told(good(1, "late") + good(3, "hi")) == "1 ok [hi]\n");
  wire.cancel(0);
  wire.cancel(1);
  wire.cancel(99);
  CHECK(wire.sent() == "HEADERS 3\nDATA 3 END \"\0\0\0\0\1x\"\n"s);
}

TEST_CASE("a call cancelled before its answer is fetched is not heard of", "[grpc]") {
  Wire wire;
  begun(wire);
  REQUIRE(wire.call(1).ok());
  // the first next_reply takes in both answers and tells one
  End& end = wire.whole();
  end.input.append(good(1, "a") + good(3, "b"));
  IncomingReply reply;
  REQUIRE(*end.client->next_reply(end.input, reply));
  CHECK(reply.call == 0);
  end.client->write_cancel(1, end.output);
  CHECK_FALSE(*end.client->next_reply(end.input, reply));
}

TEST_CASE("data of cancelled calls goes back to the connection's window", "[grpc]") {
  WireOptions options = text_options();
  options.connection_window = 65535;
  Wire wire(options);
  begun(wire);
  std::size_t credited = 0;
  for (std::uint64_t number = 1; number <= 50; ++number) {
    REQUIRE(wire.call(number).ok());
    const auto stream = static_cast<std::uint32_t>(2 * number + 1);
    CHECK(wire.told(headers(stream, ok_headers)) == "");
    wire.cancel(number);
    if (number % 2 == 0) (void)wire.frames();  // whether the reset has gone out or not
    CHECK(wire.told(data(stream, std::string(10'000, 'x'))) == "");
    for (const Frame& frame : wire.frames())
      if (frame.type == 8 && frame.stream == 0) credited += frame.value(0);
  }
  CHECK(credited > 50 * 10'000 - 65535);
}

TEST_CASE("streams above the server's limit wait", "[grpc]") {
  Wire wire;
  begun(wire);
  CHECK(wire.told(settings({{3, 2}})) == "");
  for (const std::uint64_t number : {1, 2, 3, 4}) REQUIRE(wire.call(number).ok());
  CHECK(wire.sent() == "SETTINGS 0 ACK\nHEADERS 3\nDATA 3 END \"\0\0\0\0\1x\"\n"s);
  wire.cancel(3);
  CHECK(wire.sent() == "");
  CHECK(wire.told(good(1, "a")) == "0 ok [a]\n");
  CHECK(wire.sent() == "HEADERS 5\nDATA 5 END \"\0\0\0\0\1x\"\n"s);
  // lowered to none at all
  CHECK(wire.told(settings({{3, 0}}) + good(3, "b") + good(5, "c")) == "1 ok [b]\n2 ok [c]\n");
  CHECK(wire.sent() == "SETTINGS 0 ACK\n");
  CHECK(wire.told(settings({{3, 1}})) == "");
  CHECK(wire.sent() == "SETTINGS 0 ACK\nHEADERS 7\nDATA 7 END \"\0\0\0\0\1x\"\n"s);
  CHECK(wire.told(good(7, "d")) == "4 ok [d]\n");
}

TEST_CASE("a cancelled stream counts until its reset is sent", "[grpc]") {
  Wire wire;
  begun(wire);
  CHECK(wire.told(settings({{3, 1}})) == "");
  REQUIRE(wire.call(1).ok());
  (void)wire.frames();
  wire.cancel(0);
  CHECK(wire.sent() == "RST_STREAM 1 8\nHEADERS 3\nDATA 3 END \"\0\0\0\0\1x\"\n"s);
}

TEST_CASE("too many waiting calls belong on another connection", "[grpc]") {
  WireOptions options = text_options();
  options.waiting_calls = 1;
  Wire wire(options);
  begun(wire);
  CHECK(wire.told(settings({{3, 1}})) == "");
  REQUIRE(wire.call(1).ok());
  CHECK(wire.client().takes_calls());
  REQUIRE(wire.call(2).ok());
  CHECK_FALSE(wire.client().takes_calls());
  CHECK_FALSE(wire.client().is_leaving());
  wire.cancel(2);
  CHECK(wire.client().takes_calls());
}

TEST_CASE("before the server's settings a hundred streams may be opened", "[grpc]") {
  Wire wire;
  for (std::uint64_t number = 0; number < 120; ++number) REQUIRE(wire.call(number).ok());
  int opened = 0;
  for (const Frame& frame : wire.frames()) opened += frame.type == 1;
  CHECK(opened == 100);
  CHECK(wire.told(settings()) == "");
  for (const Frame& frame : wire.frames()) opened += frame.type == 1;
  CHECK(opened == 120);
}

TEST_CASE("a server that goes away finishes what it has accepted", "[grpc]") {
  Wire wire;
  begun(wire);
  CHECK(wire.told(settings({{3, 3}})) == "");
  for (const std::uint64_t number : {1, 2, 3}) REQUIRE(wire.call(number).ok());
  CHECK(wire.told(goaway(0x7FFFFFFF, 0)) == "3 unavailable: grpc: the connection takes no further calls never seen\n");
  CHECK(wire.client().is_leaving());
  CHECK_FALSE(wire.client().takes_calls());
  CHECK(wire.call(9).code() == StatusCode::unavailable);
  CHECK(wire.told(goaway(3, 0)) == "2 unavailable: grpc: the server is going away never seen\n");
  CHECK(wire.told(good(1, "a")) == "0 ok [a]\n");
  CHECK(wire.told(good(3, "b")) == "1 ok [b]\n");
  CHECK(wire.told("") == "");
}

TEST_CASE("a server that is asked too often is asked half as often", "[grpc]") {
  WireOptions options = text_options();
  options.keepalive.time = 10s;
  Wire wire(options);
  begun(wire);
  (void)wire.told(goaway(1, 11, "too_many_pings"));
  CHECK(std::chrono::nanoseconds(wire.shared->keepalive_time.load()) == 40s);  // two connections said so
  CHECK(wire.client().is_leaving());
}

TEST_CASE("stream ids are used up at some point", "[grpc]") {
  Wire wire(text_options(), {}, 0x7FFFFFFD);
  REQUIRE(wire.call(0).ok());
  CHECK_FALSE(wire.client().is_leaving());
  REQUIRE(wire.call(1).ok());
  CHECK(wire.client().is_leaving());
  CHECK(wire.call(2).code() == StatusCode::unavailable);
  CHECK(wire.told(settings() + good(0x7FFFFFFD, "a") + good(0x7FFFFFFF, "b")) == "0 ok [a]\n1 ok [b]\n");
}

TEST_CASE("a silent server is pinged, and given up", "[grpc]") {
  WireOptions options = text_options();
  options.keepalive.time = 10s;
  options.keepalive.timeout = 3s;
  Wire wire(options);
  begun(wire);
  (void)wire.sent();
  End& end = wire.whole();
  const Clock::time_point start{};
  CHECK(**end.client->tick(start, end.output) == start + 10s);
  CHECK(**end.client->tick(start + 9s, end.output) == start + 10s);
  CHECK(wire.sent() == "");
  CHECK(**end.client->tick(start + 10s, end.output) == start + 13s);
  CHECK(wire.sent() == "PING 0\n");
  CHECK(wire.told(ping("\0\0\0\0\0\0\0\0"s, ack)) == "");
  CHECK(**end.client->tick(start + 13s, end.output) == start + 23s);
  CHECK(**end.client->tick(start + 23s, end.output) == start + 26s);
  CHECK(**end.client->tick(start + 25s, end.output) == start + 26s);
  CHECK(end.client->tick(start + 26s, end.output).status() ==
        Status::unavailable("grpc: the server does not answer a keepalive ping"));
  CHECK(end.told("", 1) == "end: unavailable: grpc: the server does not answer a keepalive ping\n");
  CHECK_FALSE(end.client->takes_calls());
}

TEST_CASE("without calls there are no pings unless they are asked for", "[grpc]") {
  const Clock::time_point start{};
  for (const bool without_calls : {false, true}) {
    WireOptions options = text_options();
    options.keepalive = {.time = 10s, .timeout = 3s, .without_calls = without_calls};
    Wire wire(options);
    begun(wire);
    CHECK(wire.told(good(1, "a")) == "0 ok [a]\n");
    (void)wire.sent();
    End& end = wire.whole();
    (void)end.client->tick(start, end.output);
    (void)end.client->tick(start + 10s, end.output);
    CHECK(wire.sent() == (without_calls ? "PING 0\n" : ""));
  }
  Wire never;
  begun(never);
  CHECK_FALSE(never.client().tick(start, never.whole().output)->has_value());
}

TEST_CASE("pings and settings are acknowledged", "[grpc]") {
  Wire wire;
  begun(wire);
  CHECK(wire.told(ping("12345678") + settings({{4, 3}}) + ping("abcdefgh", ack)) == "");
  const auto frames = wire.frames();
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].payload == "12345678");
  CHECK(frames[0].text() == "PING 0 ACK");
  CHECK(frames[1].text() == "SETTINGS 0 ACK");
}

TEST_CASE("requests obey the server's windows", "[grpc]") {
  Wire wire;
  begun(wire);
  CHECK(wire.told(settings({{4, 3}})) == "");
  REQUIRE(wire.call(1, "Test.Echo", "hello").ok());
  CHECK(wire.sent() == "SETTINGS 0 ACK\nHEADERS 3\nDATA 3 \"\0\0\0\"\n"s);
  CHECK(wire.told(window_update(3, 4)) == "");
  CHECK(wire.sent() == "DATA 3 \"\0\5he\"\n"s);
  CHECK(wire.told(settings({{4, 100}})) == "");
  CHECK(wire.sent() == "SETTINGS 0 ACK\nDATA 3 END \"llo\"\n");
}

TEST_CASE("broken frames end the connection", "[grpc]") {
  const auto end = [](std::string_view bytes) {
    Wire wire;
    REQUIRE(wire.call(0).ok());
    const std::string log = wire.told(bytes);
    std::string text = wire.sent();
    return log + text.substr(text.find("GOAWAY"));
  };
  const std::string opening = settings();
  CHECK(end(ping("12345678")) ==
        "end: unavailable: grpc: the server broke HTTP/2's rules: SETTINGS expected\nGOAWAY 0 0 1\n");
  CHECK_THAT(end(opening + data(0, "x")), contains("GOAWAY 0 0 1"));
  CHECK_THAT(end(opening + window_update(0, 0)), contains("GOAWAY 0 0 1"));
  CHECK_THAT(end(opening + window_update(0, 0x7FFFFFFF)), contains("GOAWAY 0 0 3"));
  CHECK_THAT(end(opening + headers(2, ok_headers)), contains("GOAWAY 0 0 1"));
  CHECK_THAT(end(opening + frame(0, 0, 1, std::string(16385, 'x'))), contains("GOAWAY 0 0 6"));
  CHECK_THAT(end(opening + frame(1, end_headers, 1, "\x80")), contains("GOAWAY 0 0 9"));
  CHECK_THAT(end(opening + settings_ack() + frame(5, end_headers, 1, "\0\0\0\2"s + hpack(ok_headers))),
             contains("GOAWAY 0 0 1"));
  CHECK_THAT(end(opening + frame(1, 0, 1, "") + ping("12345678")), contains("GOAWAY 0 0 1"));
}

TEST_CASE("a pushed stream is refused before the server knows that it must not push", "[grpc]") {
  Wire wire;
  REQUIRE(wire.call(0).ok());
  (void)wire.frames();
  const std::string request =
      hpack({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "localhost"}});
  CHECK(wire.told(settings() + headers(1, ok_headers) + frame(5, end_headers, 1, "\0\0\0\2"s + request)) == "");
  CHECK(wire.sent() == "SETTINGS 0 ACK\nRST_STREAM 2 8\n");
  CHECK(wire.told(headers(2, ok_headers) + data(2, "x", end_stream) + data(1, message("a")) +
                  headers(1, ok_trailers, end_stream)) == "0 ok [a]\n");
  CHECK(wire.told(settings({{3, 1}})) == "");
  REQUIRE(wire.call(1).ok());
  CHECK(wire.told(good(3, "b")) == "1 ok [b]\n");
}

TEST_CASE("a server of another protocol is told by its words", "[grpc]") {
  Wire wire;
  REQUIRE(wire.call(0).ok());
  CHECK(wire.whole().told("HTTP/1.1 400 Bad Request\r\n\r\n", 100) ==
        "end: unavailable: grpc: the server speaks HTTP/1, not HTTP/2\n");
}

TEST_CASE("frames that nobody knows are ignored", "[grpc]") {
  CHECK(outcome_of(frame(77, 0xFF, 1, "what") + settings({{99, 1}}) + good(1, "hi")) == "0 ok [hi]\n");
}

TEST_CASE("fields that HTTP/2 forbids fail their call only", "[grpc]") {
  Wire wire;
  begun(wire);
  REQUIRE(wire.call(1).ok());
  CHECK(wire.told(headers(1, with(ok_headers, {{"Upper", "x"}}))) ==
        "0 internal: grpc: the stream was reset with PROTOCOL_ERROR\n");
  CHECK(wire.told(good(3, "hi")) == "1 ok [hi]\n");
}

TEST_CASE("header fields past the limit fail their call", "[grpc]") {
  CodecLimits limits;
  limits.metadata_bytes = 1000;
  Wire wire(text_options(), limits);
  begun(wire);
  REQUIRE(wire.call(1).ok());
  CHECK(wire.told(headers(1, with(ok_headers, {{"k", std::string(900, 'x')}}))) ==
        "0 resource_exhausted: grpc: the header fields are larger than the limit of 1000 bytes\n");
  CHECK(wire.told(good(3, "hi")) == "1 ok [hi]\n");
}

TEST_CASE("header blocks without end finish the connection", "[grpc]") {
  // one field of 4000 bytes into the table (RFC 7541, 6.2.1), then an index that names it 65536 times
  std::string block = hpack(ok_headers) + "\x40\1k\x7F\xA1\x1E"s + std::string(4000, 'x');
  block += std::string(16'000 - block.size(), '\xBE');
  std::string bytes = settings() + frame(1, 0, 1, block);
  for (int i = 0; i < 4; ++i) bytes += frame(9, 0, 1, std::string(16'000, '\xBE'));
  Wire wire;
  REQUIRE(wire.call(0).ok());
  CHECK(wire.told(bytes) == "end: unavailable: grpc: the server sends header fields without end\n");
  // empty ones
  bytes = settings() + frame(1, 0, 1, hpack(ok_headers));
  for (int i = 0; i < 10'000; ++i) bytes += frame(9, 0, 1, "");
  Wire other;
  REQUIRE(other.call(0).ok());
  CHECK_THAT(other.told(bytes), starts_with("end: unavailable: grpc: "));
}

TEST_CASE("a server that floods and does not read is given up", "[grpc]") {
  Wire wire;
  begun(wire);
  End& end = wire.whole();
  std::string log;
  std::size_t most = 0;
  std::string pings;
  for (int i = 0; i < 1000; ++i) pings += ping("12345678");
  for (int i = 0; i < 200 && log.empty(); ++i) {
    log = end.told(pings, std::string_view::npos);
    end.client->write_pending(end.output);
    most = (std::max)(most, end.output.size());
  }
  CHECK_THAT(log, starts_with("end: unavailable: grpc: "));
  CHECK(most < 2u << 20);
}

TEST_CASE("a server that reads may ask as often as it likes", "[grpc]") {
  Wire wire;
  begun(wire);
  std::string pings;
  for (int i = 0; i < 1000; ++i) pings += ping("12345678");
  for (int i = 0; i < 30; ++i) {
    CHECK(wire.whole().told(pings, std::string_view::npos) == "");
    CHECK(wire.whole().sent().size() == 1000);
  }
}

TEST_CASE("a streaming call that the server has not seen is over at once", "[grpc]") {
  Wire wire;
  begun(wire, CallKind::bidirectional);
  CHECK(wire.told(goaway(0, 0)) == "0 unavailable: grpc: the server is going away never seen\n");
}

TEST_CASE("a call of one reply message that streams requests", "[grpc]") {
  Wire wire;
  REQUIRE(wire.call(0, "Test.Sum", "", CallKind::client_streaming).ok());
  CHECK(wire.sent() == "HEADERS 1\n");
  REQUIRE(wire.write(0, "a").ok());
  CHECK(wire.sent() == "DATA 1 \"\0\0\0\0\1a\"\n"s);
  REQUIRE(wire.write(0, "").ok());
  REQUIRE(wire.end(0).ok());
  CHECK(wire.sent() == "DATA 1 END \"\0\0\0\0\0\"\n"s);
  CHECK(wire.write(0, "b").code() == StatusCode::failed_precondition);
  REQUIRE(wire.end(0).ok());
  CHECK(wire.read(0) == "...");
  CHECK(wire.told(settings() + good(1, "sum")) == "0 readable\n");
  CHECK(wire.read(0) == "[sum].");
  CHECK(wire.told("") == "0 ok\n");
}

TEST_CASE("a stream of no requests is closed by an empty frame, not by its headers", "[grpc]") {
  Wire wire;
  REQUIRE(wire.call(0, "Test.Sum", "", CallKind::client_streaming).ok());
  REQUIRE(wire.end(0).ok());
  CHECK(wire.sent() == "HEADERS 1\nDATA 1 END \"\"\n");
  CHECK(wire.told(settings() + headers(1, ok_headers) + headers(1, ok_trailers, end_stream)) == "0 readable\n");
  CHECK(wire.read(0) == ".");
  CHECK(wire.told("") == "0 unimplemented: grpc: the server ended the call with success, but without a message\n");
}

TEST_CASE("a stream of replies is read as it comes", "[grpc]") {
  Wire wire;
  begun(wire, CallKind::server_streaming);
  CHECK(wire.headers_of(0) == "(none)");
  CHECK(wire.read(0) == "...");
  CHECK(wire.told(headers(1, with(ok_headers, {{"k", "v"}}))) == "0 readable\n");
  CHECK(wire.headers_of(0) == "headers {k=v}");
  CHECK(wire.told(data(1, message("a") + message("b") + "\0\0"s)) == "0 readable\n");
  CHECK(wire.read(0) == "[a][b]...");
  CHECK(wire.told(data(1, "\0\0\1c"s) + headers(1, with(ok_trailers, {{"t", "u"}}), end_stream)) == "0 readable\n");
  CHECK(wire.told("") == "");
  CHECK(wire.read(0) == "[c].");
  CHECK(wire.told("") == "0 ok {k=v} {t=u}\n");
  CHECK(wire.told("") == "");
}

TEST_CASE("messages before an error are delivered, then the error", "[grpc]") {
  Wire wire;
  begun(wire, CallKind::server_streaming);
  CHECK(wire.told(headers(1, ok_headers) + data(1, message("a")) + headers(1, {{"grpc-status", "8"}}, end_stream)) ==
        "0 readable\n");
  CHECK(wire.read(0) == "[a].");
  CHECK(wire.told("") == "0 resource_exhausted\n");
  REQUIRE(wire.call(1, "Test.List", "x", CallKind::server_streaming).ok());
  CHECK(wire.told(headers(3, ok_headers) + data(3, message("a") + "\7\0\0\0\0"s)) == "1 readable\n");
  CHECK(wire.read(1) == "[a].");
  CHECK(wire.told("") == "1 internal: grpc: a message has the flag 7\n");
}

TEST_CASE("a reply message that can't be read ends its call", "[grpc]") {
  Wire wire;
  begun(wire, CallKind::server_streaming);
  CHECK(wire.told(headers(1, ok_headers) + data(1, message("bad") + message("b"))) == "0 readable\n");
  CHECK(wire.read(0) == "(invalid_argument: text: bad)");
  CHECK(wire.told("") == "0 invalid_argument: text: bad\n");
  CHECK(wire.sent() == "RST_STREAM 1 8\n");
}

TEST_CASE("both ends stream at once", "[grpc]") {
  Wire wire;
  begun(wire, CallKind::bidirectional);
  REQUIRE(wire.write(0, "ping").ok());
  CHECK(wire.told(headers(1, ok_headers) + data(1, message("pong"))) == "0 readable\n");
  CHECK(wire.read(0) == "[pong]...");
  REQUIRE(wire.write(0, "ping").ok());
  REQUIRE(wire.end(0).ok());
  CHECK(wire.told(headers(1, ok_trailers, end_stream)) == "0 readable\n");
  CHECK(wire.read(0) == ".");
  CHECK(wire.told("") == "0 ok\n");
}

TEST_CASE("a writer waits for the server's window", "[grpc]") {
  WireOptions options = text_options();
  options.stream_backlog = 10;
  Wire wire(options);
  CHECK(wire.told(settings({{4, 7}})) == "");
  REQUIRE(wire.call(0, "Test.Sum", "", CallKind::client_streaming).ok());
  REQUIRE(wire.write(0, "a").ok());  // 6 bytes
  CHECK(wire.has_room(0));
  REQUIRE(wire.write(0, "hello").ok());  // one byte goes, 9 wait
  CHECK(wire.has_room(0));
  REQUIRE(wire.write(0, "b").ok());
  CHECK_FALSE(wire.has_room(0));
  CHECK(wire.told(window_update(1, 2)) == "");
  CHECK_FALSE(wire.has_room(0));
  CHECK(wire.told(window_update(1, 4)) == "0 writable\n");
  CHECK(wire.has_room(0));
}

TEST_CASE("a writer learns that the call is over", "[grpc]") {
  WireOptions options = text_options();
  options.stream_backlog = 10;
  Wire wire(options);
  begun(wire, CallKind::client_streaming);
  CHECK(wire.told(settings({{4, 0}})) == "");
  REQUIRE(wire.write(0, "hello").ok());
  CHECK_FALSE(wire.has_room(0));
  CHECK(wire.told(headers(1, with(ok_headers, {{"grpc-status", "8"}}), end_stream)) == "0 readable\n0 writable\n");
  CHECK(wire.has_room(0));
  CHECK_FALSE(wire.write(0, "more").ok());
  CHECK_FALSE(wire.end(0).ok());
  CHECK(wire.read(0) == ".");
  CHECK(wire.told("") == "0 resource_exhausted\n");
}

TEST_CASE("unread messages stay within the window, read ones open it", "[grpc]") {
  WireOptions options = text_options();
  options.stream_window = 100'000;
  Wire wire(options);
  begun(wire, CallKind::server_streaming);
  CHECK(wire.told(headers(1, ok_headers)) == "0 readable\n");
  const auto credit = [&] {
    std::size_t sum = 0;
    for (const Frame& frame : wire.frames())
      if (frame.type == 8 && frame.stream == 1) sum += frame.value(0);
    return sum;
  };
  const std::string text(9'995, 'x');
  for (int i = 0; i < 15; ++i) (void)wire.told(data(1, message(text)));
  const std::size_t unread = credit();
  CHECK(unread <= 60'000);
  CHECK(unread >= 50'000);
  (void)wire.read(0);
  CHECK(credit() + unread >= 100'000);
}

TEST_CASE("a message larger than the window gets through", "[grpc]") {
  WireOptions options = text_options();
  options.stream_window = 1000;
  Wire wire(options);
  begun(wire);
  const std::string bytes = message(std::string(20'000, 'x'));
  std::size_t window = 1000;
  CHECK(wire.told(headers(1, ok_headers)) == "");
  for (std::size_t at = 0; at < bytes.size(); at += 500) {
    REQUIRE(window >= 500);
    window -= 500;
    CHECK(wire.told(data(1, std::string_view(bytes).substr(at, 500))) == "");
    for (const Frame& frame : wire.frames())
      if (frame.type == 8 && frame.stream == 1) window += frame.value(0);
  }
  CHECK_THAT(wire.told(headers(1, ok_trailers, end_stream)), starts_with("0 ok [xxx"));
}

TEST_CASE("many calls come and go", "[grpc]") {
  Wire wire;
  begun(wire);
  std::uint64_t next = 1;
  std::vector<std::uint64_t> under_way;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 7; ++i) {
      REQUIRE(wire.call(next).ok());
      under_way.push_back(next++);
    }
    for (int i = 0; i < 6; ++i) {
      const std::size_t at =
          (static_cast<std::size_t>(round) * 31 + static_cast<std::size_t>(i) * 7) % under_way.size();
      const std::uint64_t number = under_way[at];
      under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(at));
      const auto text = std::to_string(number);
      if (i % 3 == 2)
        wire.cancel(number);
      else
        CHECK(wire.told(good(static_cast<std::uint32_t>(2 * number + 1), text)) == text + " ok [" + text + "]\n");
    }
    (void)wire.frames();
  }
}

TEST_CASE("options that can't be are refused", "[grpc]") {
  CHECK_THROWS_AS(rpc([] {
                    WireOptions options = text_options();
                    options.compress_with = "gzip";
                    return options;
                  }()),
                  std::invalid_argument);
  CHECK_THROWS_AS(rpc([] {
                    WireOptions options = text_options();
                    options.user_agent = "a\r\nb";
                    return options;
                  }()),
                  std::invalid_argument);
  CHECK_THROWS_AS(target("nonsense", text_options()), std::invalid_argument);
  CHECK_THROWS_AS(target("memory://x", text_options()), std::invalid_argument);
  CHECK(rpc(text_options())->server({}) == nullptr);
  CHECK(target("tcp://[::1]:50051", text_options()).endpoint.host == "::1");
}
