#include "polyrpc/codecs/protobuf_rpc.hpp"

#include "rpc_ends.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <limits>

using namespace polyrpc;
using namespace polyrpc::test;

TEST_CASE("a request is a header and a body, each behind its length", "[protobuf][rpc]") {
  ClientEnd client;
  REQUIRE(client.call(0, "Arith.Multiply", message_ref(Args{7, 8})).ok());
  // id, method, length of the body; then the body
  CHECK(to_hex(client.said()) == to_hex(bytes("14 08 01 12 0e \"Arith.Multiply\" 18 04  04 08 07 10 08")));
  REQUIRE(client.call(1, "Arith.Multiply", message_ref(Args{})).ok());
  CHECK(to_hex(client.said()) == to_hex(bytes("12 08 02 12 0e \"Arith.Multiply\"  00")));

  ServerEnd server;
  server.hear(bytes("14 08 01 12 0e \"Arith.Multiply\" 18 04  04 08 07 10 08"));
  REQUIRE(server.next());
  CHECK(server.request.kind == RequestKind::call);
  CHECK(server.request.head.method == "Arith.Multiply");
  CHECK(server.request.head.tag == CallTag{1, {}});
  CHECK(server.request.head.kind == CallKind::unary);
  CHECK(server.request.head.wants_reply);
  CHECK(server.request.refused.ok());
  CHECK(server.body<Args>().b == 8);
  CHECK(server.body<Args>().a == 7);  // as often as one likes
  CHECK_FALSE(server.next());
  CHECK(server.input.empty());
  CHECK(server.end.ok());
}

TEST_CASE("a reply is a header and a body, and an error is a text with its code in a field of ours",
          "[protobuf][rpc]") {
  ServerEnd server;
  REQUIRE(server.reply(1, {}, message_ref(Number{56})).ok());
  CHECK(to_hex(server.said()) == to_hex(bytes("04 08 01 18 02  02 08 38")));
  REQUIRE(server.reply(0, {}, message_ref(Number{})).ok());
  CHECK(to_hex(server.said()) == to_hex(bytes("00 00")));
  REQUIRE(server.reply(2, Status::not_found("no"), message_ref(Number{1})).ok());
  CHECK(to_hex(server.said()) == to_hex(bytes("09 08 02 12 02 \"no\" c8 3e 05  00")));

  ClientEnd client;
  client.hear(bytes("04 08 01 18 02  02 08 38"));
  REQUIRE(client.next());
  CHECK(client.reply.kind == ReplyKind::reply);
  CHECK(client.reply.call == 0);
  CHECK(client.reply.status.ok());
  CHECK(client.body<Number>().value == 56);
  client.hear(bytes("09 08 02 12 02 \"no\" c8 3e 05  00"));
  REQUIRE(client.next());
  CHECK(client.reply.call == 1);
  CHECK(client.reply.status == Status::not_found("no"));
  CHECK(client.reply.status.origin() == Origin::remote);
  CHECK(client.reply.body == nullptr);
  CHECK_FALSE(client.next());
}

TEST_CASE("errors of Go programs have the codes that their texts mean", "[protobuf][rpc]") {
  const auto code_of = [](const std::string& text) {
    ClientEnd client;
    ByteQueue header;
    client.hear(envelope("08 01 12 " + to_hex(std::string(1, static_cast<char>(text.size()))) + " \"" + text + "\""));
    REQUIRE(client.next());
    CHECK(client.reply.status.message() == text);
    return client.reply.status.code();
  };
  CHECK(code_of("rpc: can't find service Nobody.Home") == StatusCode::unimplemented);
  CHECK(code_of("rpc: can't find method Arith.Missing") == StatusCode::unimplemented);
  CHECK(code_of("rpc: service/method request ill-formed: X") == StatusCode::unimplemented);
  CHECK(code_of("context canceled") == StatusCode::cancelled);
  CHECK(code_of("context deadline exceeded") == StatusCode::deadline_exceeded);
  CHECK(code_of("divide by zero") == StatusCode::unknown);
}

TEST_CASE("an error without a text is one all the same", "[protobuf][rpc]") {
  ServerEnd server;
  REQUIRE(server.reply(1, Status::aborted("")).ok());
  ClientEnd client;
  REQUIRE(client.hear(server.said()).next());
  CHECK(client.reply.status == Status::aborted("aborted"));
}

TEST_CASE("Go would not read a text that is no UTF-8, so none is sent", "[protobuf][rpc]") {
  const auto arrives = [](std::string_view text) {
    ServerEnd server;
    REQUIRE(server.reply(1, Status::unknown(text)).ok());
    ClientEnd client;
    REQUIRE(client.hear(server.said()).next());
    return client.reply.status.message();
  };
  const std::string unknown = "\xEF\xBF\xBD";
  CHECK(arrives("a\xff z") == "a" + unknown + " z");
  CHECK(arrives("\xc3\xa4\xc3") == "\xc3\xa4" + unknown);
  CHECK(arrives("\xed\xa0\x80") == unknown + unknown + unknown);  // a surrogate
  CHECK(arrives("\xf0\x9f\x98\x80\xf5") == "\xf0\x9f\x98\x80" + unknown);
  CHECK(arrives("\xe0\x80\x80") == unknown + unknown + unknown);  // overlong
  ClientEnd client;
  const Status status = client.call(0, "Arith.\xff", message_ref(Args{}));
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK(client.said().empty());
}

TEST_CASE("metadata, the time left and one-way calls travel in fields of ours", "[protobuf][rpc]") {
  ClientEnd client;
  RequestHead head;
  head.method = "A.B";
  head.timeout = std::chrono::nanoseconds(300);
  head.metadata.add("k", "v");
  head.metadata.add("b-bin", std::string("\x00\xff", 2));
  head.wants_reply = false;
  REQUIRE(client.codec->write_request(head, message_ref(Number{1}), client.output).ok());
  const std::string said = client.said();
  CHECK(to_hex(said) == to_hex(bytes("27 08 01 12 03 \"A.B\" 18 02  c8 3e ac 02"
                                     "d2 3e 06 0a 01 \"k\" 12 01 \"v\"  d2 3e 0b 0a 05 \"b-bin\" 12 02 00 ff"
                                     "e0 3e 01  02 08 01")));
  ServerEnd server;
  REQUIRE(server.hear(said).next());
  CHECK(server.request.head.timeout == std::chrono::nanoseconds(300));
  CHECK(server.request.head.metadata == head.metadata);
  CHECK_FALSE(server.request.head.wants_reply);
  CHECK(server.body<Number>().value == 1);

  head.timeout = std::chrono::nanoseconds(-5);
  REQUIRE(client.codec->write_request(head, message_ref(Number{1}), client.output).ok());
  REQUIRE(server.hear(client.said()).next());
  CHECK(server.request.head.timeout == std::chrono::nanoseconds(1));
  // More than can be counted.
  REQUIRE(server.hear(envelope("08 01 12 01 \"x\" c8 3e ff ff ff ff ff ff ff ff ff 01")).next());
  CHECK(server.request.head.timeout == std::chrono::nanoseconds::max());

  const Metadata headers{{"h", "1"}};
  const Metadata trailers{{"t", "2"}, {"t", "3"}};
  Status failed = Status::resource_exhausted("full");
  failed.add_detail({"type.googleapis.com/x", std::string("\x00\x01", 2)});
  REQUIRE(server.reply(1, failed, {}, &headers, &trailers).ok());
  REQUIRE(client.hear(server.said()).next());
  CHECK(client.reply.headers == headers);
  CHECK(client.reply.trailers == trailers);
  CHECK(client.reply.status == failed);
}

TEST_CASE("a cancellation names its call", "[protobuf][rpc]") {
  ClientEnd client;
  client.codec->write_cancel(4, client.output);
  const std::string said = client.said();
  CHECK(to_hex(said) == to_hex(bytes("05 08 05 d8 3e 06  00")));
  ServerEnd server;
  REQUIRE(server.hear(said).next());
  CHECK(server.request.kind == RequestKind::cancel);
  CHECK(server.request.cancels == CallTag{5, {}});
  CHECK_FALSE(server.request.head.wants_reply);
}

TEST_CASE("bodies are compressed and summed where that was asked for", "[protobuf][rpc]") {
  protobuf::RpcOptions options;
  options.checksum = true;
  {
    ClientEnd client(options);
    REQUIRE(client.call(0, "A.B", message_ref(Text{"123456789"})).ok());
    // CRC-32 of 0a 09 "123456789"
    const std::string said = client.said();
    CHECK(to_hex(said) == to_hex(bytes("0f 08 01 12 03 \"A.B\" 18 0b 28 aa de 83 c6 05  0b 0a 09 \"123456789\"")));
    ServerEnd server;
    REQUIRE(server.hear(said).next());
    CHECK(server.body<Text>().text == "123456789");
  }
  if (!has_snappy()) POLYRPC_SKIP("built without snappy");
  options.compress_from = 10;
  ClientEnd client(options);
  const std::string text(300, 'x');
  REQUIRE(client.call(0, "A.B", message_ref(Text{text})).ok());
  const std::string said = client.said();
  CHECK(said.size() < 60);
  ServerEnd server;
  REQUIRE(server.hear(said).next());
  CHECK(server.body<Text>().text == text);
  CHECK(server.body<View>().text == text);
  // Not a short one.
  REQUIRE(client.call(0, "A.B", message_ref(Number{1})).ok());
  CHECK(client.said().substr(0, 9) == bytes("0f 08 01 12 03 \"A.B\" 18"));
}

TEST_CASE("a body that is not what its header says is an error of its call alone", "[protobuf][rpc]") {
  const auto fails = [](std::string_view header, std::string_view body) {
    ServerEnd server;
    server.hear(envelope(header, body)).hear(envelope("08 02 12 03 \"A.B\" 18 02", "08 01"));
    REQUIRE(server.next());
    REQUIRE(server.request.refused.ok());
    Number number;
    const Status status = server.request.body->decode(message_slot(number));
    REQUIRE(server.next());
    CHECK(server.body<Number>().value == 1);
    return status.to_string();
  };
  CHECK(fails("08 01 12 03 \"A.B\" 18 02 28 01", "08 01") == "data_loss: protorpc: unexpected checksum");
  CHECK(fails("08 01 12 03 \"A.B\" 18 01", "08 01") ==
        "invalid_argument: protorpc: a body of 2 bytes, and its header says 1");
  CHECK(fails("08 01 12 03 \"A.B\" 18 02", "08 80").starts_with("invalid_argument: "));
  CHECK(fails("08 01 12 03 \"A.B\" 18 03", "08 01") == "ok");  // as Go
  CHECK(fails("08 01 12 03 \"A.B\"", "08 01") == "ok");
  if (!has_snappy()) {
    CHECK(fails("08 01 12 03 \"A.B\" 18 02 20 04", "02 04 08 01").starts_with("unimplemented: protorpc: "));
    return;
  }
  CHECK(fails("08 01 12 03 \"A.B\" 18 02 20 04", "02 04 08 01") == "ok");
  CHECK(fails("08 01 12 03 \"A.B\" 18 03 20 04", "02 04 08 01") ==
        "invalid_argument: protorpc: a body of 2 bytes, compressed, and its header says 3");
  CHECK(fails("08 01 12 03 \"A.B\" 18 02 20 04", "05 04 08 01") ==
        "invalid_argument: protorpc: a body that is not compressed as its header says");
  CHECK(fails("08 01 12 03 \"A.B\" 18 02 20 04", "ff ff ff ff") ==
        "invalid_argument: protorpc: a body that is not compressed as its header says");
  // It claims 4 GiB.
  CHECK(fails("08 01 12 03 \"A.B\" 18 ff ff ff ff 0f 20 08", "ff ff ff ff 0f 04 08 01")
            .starts_with("resource_exhausted: protorpc: a body of 4294967295 bytes"));
  // And 60 MiB, within the limit, in eight bytes.
  CHECK(fails("08 01 12 03 \"A.B\" 18 80 80 80 1e 20 08", "80 80 80 1e 04 08 01 00") ==
        "invalid_argument: protorpc: a body that is not compressed as its header says");
}

TEST_CASE("fields that nobody knows are skipped, and known ones of another type are not known", "[protobuf][rpc]") {
  ServerEnd server;
  server.hear(
      envelope("c2 0c 02 \"xy\" 08 01 99 06 01 02 03 04 05 06 07 08 12 03 \"A.B\" a5 06 01 02 03 04"
               "a3 06 08 07 ab 06 12 01 \"x\" ac 06 a4 06 0a 01 08 10 07 18 02 f8 7d 05",
               "08 01"));
  REQUIRE(server.next());
  CHECK(server.request.head.tag.number == 1);
  CHECK(server.request.head.method == "A.B");
  CHECK(server.body<Number>().value == 1);
  // The last of a field that comes twice.
  REQUIRE(server.hear(envelope("08 01 08 02 12 01 \"x\" 12 01 \"y\"")).next());
  CHECK(server.request.head.tag.number == 2);
  CHECK(server.request.head.method == "y");
}

TEST_CASE("a header that is none ends the connection", "[protobuf][rpc]") {
  for (const std::string header : {"00 01", "08", "12 05 \"A.B\"", "0c", "0b 08 01", "0b 08 01 14", "09 01 02", "0d 01",
                                   "08 ff ff ff ff ff ff ff ff ff ff 01", "d2 3e 02 0a 05"}) {
    INFO(header);
    ServerEnd server;
    server.hear(envelope(header));
    CHECK_FALSE(server.next());
    CHECK(server.end == Status::invalid_argument("protorpc: a header that is no protobuf"));
    CHECK_FALSE(server.next());
    CHECK_FALSE(server.end.ok());
    ClientEnd client;
    client.hear(envelope(header));
    CHECK_FALSE(client.next());
    CHECK_FALSE(client.end.ok());
  }
  ServerEnd server;
  server.hear(bytes("ff ff ff ff ff ff ff ff ff ff"));
  CHECK_FALSE(server.next());
  CHECK(server.end == Status::invalid_argument("protorpc: a header's length is no number"));
  ServerEnd other;
  other.hear(bytes("02 08 01 ff ff ff ff ff ff ff ff ff ff"));
  CHECK_FALSE(other.next());
  CHECK(other.end == Status::invalid_argument("protorpc: a body's length is no number"));
}

TEST_CASE("past a limit the call is refused, and the connection ends where its bytes are not read", "[protobuf][rpc]") {
  CodecLimits limits;
  limits.message_bytes = 100;
  limits.name_bytes = 10;
  limits.metadata_bytes = 50;
  ServerEnd server({}, limits);
  REQUIRE(server.hear(envelope("08 01 12 0b \"A.BCDEFGHIJ\"")).next());
  CHECK(server.request.refused == Status::resource_exhausted("protorpc: method name longer than the limit"));
  REQUIRE(server.hear(envelope("08 01 12 03 \"A.B\" d2 3e 06 0a 01 \"k\" 12 01 \"v\" d2 3e 06 0a 01 \"k\" 12 01 \"v\""))
              .next());
  CHECK(server.request.refused == Status::resource_exhausted("protorpc: metadata larger than the limit"));
  REQUIRE(server.hear(envelope("08 01 12 03 \"A.B\" 18 02", "08 01")).next());
  CHECK(server.request.refused.ok());
  // A body of 101 bytes, of which none has come.
  REQUIRE(server.hear(bytes("09 08 07 12 03 \"A.B\" 18 65  65")).next());
  CHECK(server.request.head.tag.number == 7);
  CHECK(server.request.refused == Status::resource_exhausted("protorpc: a body of 101 bytes is longer than the limit"));
  CHECK_FALSE(server.next());
  CHECK(server.end == server.request.refused);

  ServerEnd long_header({}, limits);
  long_header.hear(bytes("ff 7f"));
  CHECK_FALSE(long_header.next());
  CHECK(long_header.end == Status::resource_exhausted("protorpc: a header of 16383 bytes is longer than the limit"));

  ClientEnd client({}, limits);
  REQUIRE(client.hear(bytes("04 08 07 18 65  65")).next());
  CHECK(client.reply.call == 6);
  CHECK(client.reply.status == Status::resource_exhausted("protorpc: a body of 101 bytes is longer than the limit"));
  CHECK_FALSE(client.next());
  CHECK_FALSE(client.end.ok());
  ClientEnd other({}, limits);
  REQUIRE(other.hear(envelope("08 01 d2 3e 06 0a 01 \"k\" 12 01 \"v\" da 3e 06 0a 01 \"k\" 12 01 \"v\"")).next());
  CHECK(other.reply.status == Status::resource_exhausted("protorpc: metadata larger than the limit"));
}

TEST_CASE("a header that Go would hang up at is not sent", "[protobuf][rpc]") {
  ClientEnd client;
  RequestHead head;
  head.method = "A.B";
  head.metadata.add("k", std::string(1000, 'v'));
  REQUIRE(client.codec->write_request(head, message_ref(Number{1}), client.output).ok());
  CHECK(client.said().size() > 1000);
  head.metadata.add("k", "0123456789");
  const Status status = client.codec->write_request(head, message_ref(Number{1}), client.output);
  CHECK(status.code() == StatusCode::resource_exhausted);
  CHECK(client.said().empty());
  protobuf::RpcOptions options;
  options.request_header_bytes = 2000;
  ClientEnd other(options);
  REQUIRE(other.codec->write_request(head, message_ref(Number{1}), other.output).ok());
  ServerEnd server;
  REQUIRE(server.hear(other.said()).next());
  CHECK(server.request.head.metadata == head.metadata);
}

TEST_CASE("what cannot be encoded leaves nothing behind", "[protobuf][rpc]") {
  ServerEnd server;
  server.output.append(std::string_view("before"));
  const Status status = server.reply(1, {}, message_ref(Text{"\xff"}));
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK(server.output.text() == "before");
}

TEST_CASE("a frame that is not known is refused", "[protobuf][rpc]") {
  ServerEnd server;
  REQUIRE(server.hear(envelope("08 01 d8 3e 63")).next());
  CHECK(server.request.refused == Status::unimplemented("protorpc: no such frame: 99"));
}

TEST_CASE("requests and replies do not depend on the pieces that they come in", "[protobuf][rpc]") {
  ClientEnd client;
  ServerEnd server;
  for (std::int64_t i = 0; i < 3; ++i)
    REQUIRE(client.call(static_cast<std::uint64_t>(i), "A.B", message_ref(Text{std::string(200, 'x')})).ok());
  std::size_t cut = 0;
  for (const char c : client.said()) {
    server.hear(std::string_view(&c, 1));
    if (!server.next()) continue;
    CHECK(server.request.head.tag.number == cut + 1);
    CHECK(server.body<View>().text == std::string(200, 'x'));
    REQUIRE(server.reply(cut + 1, cut == 1 ? Status::aborted("x") : Status(), message_ref(Number{5})).ok());
    ++cut;
  }
  CHECK(cut == 3);
  CHECK(server.end.ok());
  cut = 0;
  for (const char c : server.said()) {
    client.hear(std::string_view(&c, 1));
    if (!client.next()) continue;
    CHECK(client.reply.call == cut);
    if (cut == 1)
      CHECK(client.reply.status == Status::aborted("x"));
    else
      CHECK(client.body<Number>().value == 5);
    ++cut;
  }
  CHECK(cut == 3);
}
