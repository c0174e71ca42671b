#include "polyrpc/transports/connect_client.hpp"

#include "polyrpc/codecs/json.hpp"
#include "polyrpc/runtime/client.hpp"
#include "polyrpc/runtime/interceptor.hpp"
#include "polyrpc/runtime/server.hpp"
#include "polyrpc/transports/http1.hpp"
#include "polyrpc/transports/standard.hpp"
#include "polyrpc/transports/tcp.hpp"

#include "support/catch.hpp"
#include "support/running_server.hpp"
#include "support/services.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#if defined(POLYRPC_HAS_GZIP)
#include "polyrpc/compression/gzip.hpp"
#endif

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

namespace {

std::string answer(std::string_view body, std::string_view lines = "", std::string_view status = "200 OK",
                   std::string_view type = "application/json") {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(lines) + "\r\n" +
         std::string(body);
}

/// A connection without one.
struct Wire {
  explicit Wire(connect::ClientOptions options = {}, CodecLimits limits = {}, const std::string& prefix = "")
      : codec(connect::unary(json::format(), std::move(options))),
        client(codec->client(limits)),
        framing(connect::unary_framing(prefix, "example.org:80")) {}

  Status send(RequestHead head, const std::string& argument = "hi") {
    head.tag.number = number++;
    const std::size_t start = output.size();
    Status status = client->write_request(head, message_ref(argument), output);
    return status.ok() ? framing->wrap(head, output, start) : status;
  }
  Status send(std::string_view method = "Test.Echo") {
    RequestHead head;
    head.method = method;
    return send(std::move(head));
  }

  std::shared_ptr<const Codec> codec;
  std::unique_ptr<ClientCodec> client;
  std::unique_ptr<ClientFraming> framing;
  ByteQueue output;
  std::uint64_t number = 5;
};

struct Heard {
  std::vector<std::string> replies;  // number, status or text
  Status failure;
  Metadata headers;
  Metadata trailers;
};

Heard hear_in_pieces(std::string_view text, std::size_t calls, std::size_t piece, const connect::ClientOptions& options,
                     const CodecLimits& limits) {
  Wire wire(options, limits);
  for (std::size_t i = 0; i < calls; ++i) REQUIRE(wire.send().ok());
  Heard heard;
  ByteQueue raw;
  ByteQueue payload;
  IncomingReply reply;
  while (!text.empty() && heard.failure.ok()) {
    raw.append(text.substr(0, piece));
    text.remove_prefix((std::min)(piece, text.size()));
    REQUIRE(wire.framing->unwrap(raw, payload).ok());
    for (;;) {
      Result<bool> cut = wire.client->next_reply(payload, reply);
      if (!cut.ok()) heard.failure = cut.status();
      if (!cut.ok() || !*cut) break;
      std::string said = reply.status.to_string();
      if (reply.status.ok()) {
        said.clear();
        if (Status status = reply.body->decode(message_slot(said)); !status.ok()) said = status.to_string();
      }
      heard.replies.push_back(std::to_string(reply.call) + " " + said);
      heard.headers = reply.headers;
      heard.trailers = reply.trailers;
    }
  }
  return heard;
}

/// What the client makes of what the server says, whatever pieces it comes in.
Heard hear(std::string_view text, std::size_t calls = 1, const connect::ClientOptions& options = {},
           const CodecLimits& limits = {}) {
  Heard whole = hear_in_pieces(text, calls, std::string_view::npos, options, limits);
  for (const std::size_t piece : {1, 3, 10}) {
    const Heard cut = hear_in_pieces(text, calls, piece, options, limits);
    CHECK(cut.replies == whole.replies);
    CHECK(cut.failure == whole.failure);
    CHECK(cut.headers == whole.headers);
    CHECK(cut.trailers == whole.trailers);
  }
  return whole;
}

using Replies = std::vector<std::string>;

ClientTarget target_of(const std::string& address, connect::ClientOptions options = {}) {
  ClientTarget target;
  target.endpoint = Endpoint::parse(address).value();
  target.transport = tcp_transport();
  target.codec = connect::unary(json::format(), std::move(options));
  target.framing = [] { return connect::unary_framing("", "localhost"); };
  return target;
}

/// Every byte with the next one.
class NextByte final : public Compressor {
 public:
  std::string_view name() const noexcept override { return "next"; }
  Status compress(std::span<const std::byte> from, ByteQueue& output) const override {
    for (const std::byte byte : from) output.push_back(static_cast<std::byte>(static_cast<unsigned>(byte) + 1));
    return {};
  }
  Status decompress(std::span<const std::byte> from, std::size_t limit, ByteQueue& output) const override {
    if (from.size() > limit) return Status::resource_exhausted("next: too long");
    for (const std::byte byte : from) output.push_back(static_cast<std::byte>(static_cast<unsigned>(byte) - 1));
    return {};
  }
};

}  // namespace

TEST_CASE("a Connect call is a POST to its method's path", "[connect]") {
  Wire wire;
  REQUIRE(wire.send("pkg.Test.Echo").ok());
  CHECK(wire.output.text() ==
        "POST /pkg.Test/Echo HTTP/1.1\r\nHost: example.org:80\r\ncontent-type: application/json\r\n"
        "connect-protocol-version: 1\r\ncontent-length: 4\r\n\r\n\"hi\"");
  wire.output.clear();

  RequestHead head;
  head.method = "pkg.Test/Echo";
  head.timeout = 1500ms + 1us;
  head.metadata = {{"x-key", "value"}, {"x-bin", std::string("\0\1", 2)}};
  REQUIRE(wire.send(head).ok());
  CHECK(wire.output.text() ==
        "POST /pkg.Test/Echo HTTP/1.1\r\nHost: example.org:80\r\ncontent-type: application/json\r\n"
        "connect-protocol-version: 1\r\nconnect-timeout-ms: 1500\r\nx-key: value\r\nx-bin: AAE\r\n"
        "content-length: 4\r\n\r\n\"hi\"");
  wire.output.clear();
  head.metadata.clear();
  for (const auto& [timeout, text] :
       {std::pair<std::chrono::nanoseconds, std::string_view>(-5s, "1"), {1ns, "1"}, {20000h, "9999999999"}}) {
    head.timeout = timeout;
    REQUIRE(wire.send(head).ok());
    CHECK_THAT(std::string(wire.output.text()), Catch::Contains("connect-timeout-ms: " + std::string(text) + "\r\n"));
    wire.output.clear();
  }

  Wire below({}, {}, "/some/path/");
  REQUIRE(below.send().ok());
  CHECK(below.output.text().starts_with("POST /some/path/Test/Echo HTTP/1.1\r\n"));
}

TEST_CASE("what cannot be a Connect request is not sent", "[connect]") {
  Wire wire;
  for (const std::string_view method :
       {"", "Echo", "Test.", ".Echo", "Test.Echo HTTP/1.1\r\nx: y", "Test.E?", "T/%41"}) {
    INFO(method);
    CHECK(wire.send(method).code() == StatusCode::invalid_argument);
  }
  RequestHead head;
  head.method = "Test.Echo";
  for (const Metadata& metadata : {Metadata{{"x-key", "a\r\nb: c"}}, Metadata{{"content-length", "1"}},
                                   Metadata{{"connect-timeout-ms", "1"}}, Metadata{{"x y", "z"}}}) {
    head.metadata = metadata;
    CHECK(wire.send(head).code() == StatusCode::invalid_argument);
  }
  CHECK(wire.output.empty());
  CHECK_THROWS_AS(connect::unary_framing("/a b", "h"), std::invalid_argument);
  CHECK_THROWS_AS(connect::unary_framing("a", "h"), std::invalid_argument);
  CHECK_THROWS_AS(connect::unary_framing("/a?b", "h"), std::invalid_argument);
  CHECK_THROWS_AS(connect::unary_framing("", "h\r\nx: y"), std::invalid_argument);
  CHECK_THROWS_AS(connect::unary(nullptr), std::invalid_argument);
}

TEST_CASE("answers come in the order of the calls", "[connect]") {
  const Heard heard = hear(answer(R"("a")") + answer(R"({"code":"not_found","message":"m"})", "", "404 Not Found") +
                               "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
                               "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "2\r\n\"b\r\n1\r\n\"\r\n0\r\n\r\n" +
                               answer("7"),
                           4);
  CHECK(heard.replies == Replies{"5 a", "6 not_found: m", "7 b",
                                 "8 invalid_argument: json: cannot unmarshal number into Go value of type string"});
  CHECK(heard.failure.ok());
}

TEST_CASE("an answer's fields are metadata, some of them trailers", "[connect]") {
  const std::string lines = "X-Key: a\r\nTrailer-X-Behind: b\r\ntrailer-y-bin: AAE\r\nz-bin: AA\r\nDate: now\r\n";
  for (const std::string& text : {answer(R"("a")", lines), answer(R"({"code":"aborted"})", lines, "409 Conflict")}) {
    const Heard heard = hear(text);
    CHECK(heard.headers == Metadata{{"x-key", "a"}, {"z-bin", std::string(1, '\0')}});
    CHECK(heard.trailers == Metadata{{"x-behind", "b"}, {"y-bin", std::string("\0\1", 2)}});
  }
}

TEST_CASE("what answers but does not speak Connect", "[connect]") {
  CHECK(hear(answer("<html>", "", "502 Bad Gateway", "text/html")).replies ==
        Replies{"5 unavailable: connect: HTTP status 502"});
  CHECK(hear(answer("404 page not found\n", "", "404 Not Found", "text/plain")).replies ==
        Replies{"5 unimplemented: connect: HTTP status 404"});
  CHECK(hear("HTTP/1.1 204 No Content\r\n\r\n").replies == Replies{"5 unknown: connect: HTTP status 204"});
  CHECK(hear("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n").replies ==
        Replies{"5 unknown: connect: HTTP status 302"});
  CHECK(hear(answer("<html>", "", "200 OK", "text/html; charset=utf-8")).replies ==
        Replies{"5 internal: connect: an answer of the type \"text/html\""});
  CHECK(hear(answer("{", "", "503 Service Unavailable")).replies == Replies{"5 unavailable: connect: HTTP status 503"});
  CHECK(hear(answer(R"("a")", "Content-Encoding: zstd\r\n")).replies ==
        Replies{"5 internal: connect: an answer in the encoding \"zstd\""});
  // The connection goes on.
  CHECK(hear(answer("x", "", "500 Internal Server Error", "text/plain") + answer(R"("a")"), 2).replies ==
        Replies{"5 unknown: connect: HTTP status 500", "6 a"});
}

TEST_CASE("a server may end the connection with an answer", "[connect]") {
  const Heard heard = hear(answer(R"("a")", "Connection: close\r\n") + answer(R"("b")"), 2);
  CHECK(heard.replies == Replies{"5 a"});
  CHECK(heard.failure.code() == StatusCode::unavailable);
  CHECK(hear("HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/html\r\n\r\n<html>").replies ==
        Replies{"5 unavailable: connect: HTTP status 503"});
}

TEST_CASE("what is no answer ends the connection", "[connect]") {
  CodecLimits limits;
  limits.message_bytes = 8;
  CHECK(hear(answer("\"12345\""), 1, {}, limits).replies == Replies{"5 12345"});
  CHECK(hear(answer("\"1234567\""), 1, {}, limits).failure.code() == StatusCode::resource_exhausted);
  CHECK(
      hear("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n\"1234567\"",
           1, {}, limits)
          .failure.code() == StatusCode::resource_exhausted);
  CHECK(hear(answer("1"), 0).failure.code() == StatusCode::unavailable);
  CHECK(hear(answer(R"("a")") + answer(R"("b")")).replies == Replies{"5 a"});
  for (const std::string_view text :
       {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\n\n",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"}) {
    INFO(text);
    CHECK(hear(text).failure.code() == StatusCode::unavailable);
  }
}

TEST_CASE("a Connect client compresses", "[connect]") {
  connect::ClientOptions options;
  options.compressors = {std::make_shared<NextByte>()};
  options.compress = std::make_shared<NextByte>();
  options.compress_from = 4;
  Wire wire(options);
  REQUIRE(wire.send().ok());
  CHECK(
      wire.output.text().ends_with("content-encoding: next\r\naccept-encoding: next\r\ncontent-length: 4\r\n\r\n#ij#"));
  CHECK(hear(answer("#ij#", "Content-Encoding: next\r\n"), 1, options).replies == Replies{"5 hi"});
  CHECK(hear(answer("|#dpef#;#bcpsufe#~", "Content-Encoding: next\r\n", "500 Oh"), 1, options).replies ==
        Replies{"5 aborted"});
  CodecLimits limits;
  limits.message_bytes = 3;
  CHECK(hear(answer("\"a\"", "Content-Encoding: identity\r\n"), 1, options, limits).replies == Replies{"5 a"});
}

TEST_CASE("our client calls our server in Connect", "[connect]") {
  BasicServices services;
  services.registry.add("Test.Headers", [](Context& context, const std::string& key) {
    context.headers().set("answer", "in-a-header");
    context.trailers().set("x-behind", "trailer");
    return std::string(context.metadata().get(key).value_or("nothing"));
  });
  http1::Options http;
  http.connect.formats = {json::format()};
  connect::ClientOptions options;
#if defined(POLYRPC_HAS_GZIP)
  http.connect.compressors = {gzip()};
  options.compressors = {gzip()};
  options.compress = gzip();
#endif
  Protocols protocols;
  protocols.transports = standard_transports();
  protocols.add(http1::protocol(std::move(http)));
  RunningServer server(services.registry, std::move(protocols));

  Client client(target_of(server.address(), options));

  const auto echo = [&](const std::string& text) { return client.call<std::string>("Test.Echo", text); };
  CHECK(echo("hi").value() == "hi");
  const std::string large(3'000'000, 'x');
  CHECK(echo(large).value() == large);
  const Result<std::string> failed = client.call<std::string>("Test.Fail", std::string("no \"such\" user"));
  CHECK(failed.status() == Status::not_found("no \"such\" user"));
  CHECK(failed.status().origin() == Origin::remote);
  CHECK(client.call<std::string>("Test.None", std::string("x")).status().code() == StatusCode::unimplemented);
  CHECK(client.call<std::string>("Test.Echo", 7).status().code() == StatusCode::invalid_argument);

  Metadata headers;
  Metadata trailers;
  CallOptions with;
  with.metadata = {{"key", "value"}};
  with.headers = &headers;
  with.trailers = &trailers;
  CHECK(client.call<std::string>("Test.Headers", std::string("key"), with).value() == "value");
  CHECK(headers.get("answer") == "in-a-header");
  CHECK(trailers == Metadata{{"x-behind", "trailer"}});

  CallOptions soon;
  soon.timeout = 60s;
  CHECK(client.call<std::int64_t>("Test.TimeLeft", std::string(), soon).value() > 0);
  soon.timeout = 20ms;
  CHECK(client.call<std::string>("Test.Gate", std::string("x"), soon).status().code() == StatusCode::deadline_exceeded);
  services.gate.open();
  CHECK(echo("after").value() == "after");
}

TEST_CASE("interceptors surround Connect's calls on both sides", "[connect][interceptor]") {
  BasicServices services;
  std::vector<std::string> seen;  // by the server; read when its thread has ended
  http1::Options http;
  http.connect.formats = {json::format()};
  Protocols protocols;
  protocols.transports = standard_transports();
  protocols.add(http1::protocol(std::move(http)));
  Server server(services.registry, std::move(protocols));
  server.intercept([&](InterceptedCall& call, Next next) -> Awaitable<Status> {
    const std::string* text = call.request_as<std::string>();
    seen.push_back(std::string(call.method()) + ' ' + (text == nullptr ? "?" : *text) + ' ' +
                   std::string(call.context().metadata().get("attempt").value_or("none")));
    if (text != nullptr && *text == "stop") co_return Status::permission_denied("not here");
    call.context().headers().set("passed", "by");
    Status status = co_await next(call);
    if (std::string* reply = call.reply_as<std::string>(); reply != nullptr && status.ok()) *reply += '!';
    co_return status;
  });
  const std::string address = server.listen("tcp://127.0.0.1:0").to_string();
  std::thread runner([&] { server.run_without_signals(1); });

  {
    Client client(target_of(address));
    client.intercept([](InterceptedCall& call, Next next) -> Awaitable<Status> {
      call.context().metadata().set("attempt", "1");
      Status status = co_await next(call);
      if (status.code() == StatusCode::not_found) {
        call.context().metadata().set("attempt", "2");
        status = co_await next(call);
      }
      if (std::string* reply = call.reply_as<std::string>(); reply != nullptr && status.ok()) *reply += '?';
      co_return status;
    });
    Metadata headers;
    CallOptions options;
    options.headers = &headers;
    CHECK(client.call<std::string>("Test.Echo", std::string("hi"), options).value() == "hi!?");
    CHECK(headers.get("passed") == "by");
    CHECK(client.call<std::string>("Test.Echo", std::string("stop")).status() == Status::permission_denied("not here"));
    CHECK(client.call<std::string>("Test.Fail", std::string("x")).status() == Status::not_found("x"));
    CHECK(client.call<std::string>("Test.Echo", 7).status().code() == StatusCode::invalid_argument);
  }
  server.stop();
  runner.join();
  CHECK(seen == std::vector<std::string>{"Test.Echo hi 1", "Test.Echo stop 1", "Test.Fail x 1", "Test.Fail x 2",
                                         "Test.Echo ? 1"});
}
