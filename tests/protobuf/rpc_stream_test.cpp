#include "polyrpc/codecs/protobuf_rpc.hpp"

#include "rpc_ends.hpp"
#include "support/catch.hpp"
#include "support/counted_new.hpp"

#include <algorithm>
#include <deque>

using namespace polyrpc;
using namespace polyrpc::test;

namespace {

/// A client and a server whose bytes reach each other in pieces of one size.
struct Ends {
  explicit Ends(std::size_t size = 1000000, const protobuf::RpcOptions& options = {})
      : piece(size), client(options), server(options) {}

  /// All that was said reaches the other end; what comes of it is noted.
  void settle() {
    for (;;) {
      const std::string requests = client.said();
      for (std::size_t at = 0; at < requests.size(); at += piece) {
        server.hear(std::string_view(requests).substr(at, piece));
        while (server.next()) note(server.request);
        REQUIRE(server.end.ok());
      }
      const std::string answered = server.said();
      for (std::size_t at = 0; at < answered.size(); at += piece) {
        client.hear(std::string_view(answered).substr(at, piece));
        while (client.next()) note(client.reply);
        REQUIRE(client.end.ok());
      }
      while (client.next()) note(client.reply);
      if (requests.empty() && answered.empty()) return;
    }
  }

  void note(const IncomingRequest& request) {
    switch (request.kind) {
      case RequestKind::call:
        REQUIRE(request.refused.ok());
        REQUIRE((request.body == nullptr) == streams_requests(request.head.kind));
        server_news.push_back("call " + std::string(request.head.method) + " " +
                              std::to_string(static_cast<int>(request.head.kind)));
        tag = request.head.tag;
        if (request.body != nullptr) REQUIRE(request.body->decode(message_slot(asked)).ok());
        break;
      case RequestKind::cancel:
        server_news.push_back("cancel " + std::to_string(request.cancels.number));
        break;
      case RequestKind::readable:
        server_news.push_back("readable " + std::to_string(request.head.tag.number));
        break;
      case RequestKind::writable:
        server_news.push_back("writable " + std::to_string(request.head.tag.number));
        break;
    }
  }
  void note(const IncomingReply& reply) {
    std::string text = reply.kind == ReplyKind::reply      ? "reply"
                       : reply.kind == ReplyKind::readable ? "readable"
                                                           : "writable";
    text += " " + std::to_string(reply.call);
    if (reply.kind == ReplyKind::reply) {
      text += " " + reply.status.to_string();
      last_headers = reply.headers;
      last_trailers = reply.trailers;
    }
    client_news.push_back(text);
  }

  /// The next request as text, or `end` or `nothing`.
  std::string pull_request() {
    Text message;
    const Result<Pulled> pulled = server.codec->read_message(tag, message_slot(message));
    return text_of(pulled, message);
  }
  std::string pull_reply(std::uint64_t call = 0) {
    Text message;
    const Result<Pulled> pulled = client.codec->read_message(call, message_slot(message));
    return text_of(pulled, message);
  }
  static std::string text_of(const Result<Pulled>& pulled, const Text& message) {
    if (!pulled.ok()) return pulled.status().to_string();
    return *pulled == Pulled::end ? "end" : *pulled == Pulled::nothing ? "nothing" : message.text;
  }
  Status send(const std::string& text, std::uint64_t call = 0) {
    return client.codec->write_message(call, message_ref(Text{text}), client.output);
  }
  Status answer(const std::string& text) {
    return server.codec->write_message(tag, message_ref(Text{text}), server.output);
  }
  Status end(std::uint64_t call = 0) { return client.codec->write_end(call, client.output); }
  Status finish(const Status& status, MessageRef body = {}, const Metadata* trailers = nullptr) {
    return server.codec->write_reply({tag, {}, status, nullptr, trailers}, body, server.output);
  }

  using News = std::vector<std::string>;
  News take_server_news() { return std::exchange(server_news, {}); }
  News take_client_news() { return std::exchange(client_news, {}); }

  std::size_t piece;
  ClientEnd client;
  ServerEnd server;
  CallTag tag;
  Text asked;
  News server_news;
  News client_news;
  Metadata last_headers;
  Metadata last_trailers;
};

using News = Ends::News;

}  // namespace

TEST_CASE("a client streams, and has one reply", "[protobuf][rpc][streaming]") {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000000}}) {
    Ends ends(piece);
    REQUIRE(ends.client.call(0, "A.Sum", {}, CallKind::client_streaming).ok());
    ends.settle();
    CHECK(ends.take_server_news() == News{"call A.Sum 1"});
    CHECK(ends.pull_request() == "nothing");
    REQUIRE(ends.send("one").ok());
    REQUIRE(ends.send("two").ok());
    ends.settle();
    CHECK(ends.take_server_news() == News{"readable 1"});
    CHECK(ends.pull_request() == "one");
    CHECK(ends.pull_request() == "two");
    CHECK(ends.pull_request() == "nothing");
    REQUIRE(ends.end().ok());
    CHECK(ends.send("more").code() == StatusCode::failed_precondition);
    ends.settle();
    CHECK(ends.take_server_news() == News{"readable 1"});
    CHECK(ends.pull_request() == "end");
    CHECK(ends.pull_reply() == "nothing");
    REQUIRE(ends.finish({}, message_ref(Text{"both"})).ok());
    ends.settle();
    CHECK(ends.take_client_news() == News{"readable 0"});
    CHECK(ends.pull_reply() == "both");
    ends.settle();
    CHECK(ends.take_client_news().empty());
    CHECK(ends.pull_reply() == "end");
    ends.settle();
    CHECK(ends.take_client_news() == News{"reply 0 ok"});
    CHECK(ends.pull_reply().starts_with("cancelled: "));
    CHECK(ends.pull_request().starts_with("cancelled: "));
  }
}

TEST_CASE("a server streams headers, replies and trailers", "[protobuf][rpc][streaming]") {
  Ends ends(3);
  REQUIRE(ends.client.call(4, "A.List", message_ref(Text{"all"}), CallKind::server_streaming).ok());
  ends.settle();
  CHECK(ends.take_server_news() == News{"call A.List 2"});
  CHECK(ends.asked.text == "all");
  CHECK(ends.client.codec->headers(4) == nullptr);
  const Metadata headers{{"h", "1"}};
  const Metadata trailers{{"t", "2"}};
  REQUIRE(ends.server.codec->write_headers(ends.tag, headers, ends.server.output).ok());
  ends.settle();
  CHECK(ends.take_client_news() == News{"readable 4"});
  REQUIRE(ends.client.codec->headers(4) != nullptr);
  CHECK(*ends.client.codec->headers(4) == headers);
  CHECK(ends.pull_reply(4) == "nothing");
  REQUIRE(ends.answer("one").ok());
  REQUIRE(ends.answer("").ok());
  REQUIRE(ends.finish(Status::data_loss("lost"), {}, &trailers).ok());
  ends.settle();
  CHECK(ends.take_client_news() == News{"readable 4"});
  CHECK(ends.pull_reply(4) == "one");
  CHECK(ends.pull_reply(4) == "");
  CHECK(ends.pull_reply(4) == "end");
  ends.settle();
  CHECK(ends.take_client_news() == News{"reply 4 data_loss: lost"});
  CHECK(ends.last_headers == headers);
  CHECK(ends.last_trailers == trailers);
}

TEST_CASE("both stream, each when it likes", "[protobuf][rpc][streaming]") {
  Ends ends(5);
  REQUIRE(ends.client.call(0, "A.Chat", {}, CallKind::bidirectional).ok());
  ends.settle();
  CHECK(ends.take_server_news() == News{"call A.Chat 3"});
  REQUIRE(ends.server.codec->write_headers(ends.tag, {}, ends.server.output).ok());
  for (int i = 0; i < 100; ++i) {
    REQUIRE(ends.send("ping").ok());
    ends.settle();
    CHECK(ends.pull_request() == "ping");
    REQUIRE(ends.answer("pong").ok());
    ends.settle();
    CHECK(ends.pull_reply() == "pong");
  }
  REQUIRE(ends.end().ok());
  ends.settle();
  CHECK(ends.pull_request() == "end");
  REQUIRE(ends.answer("last").ok());
  REQUIRE(ends.finish({}).ok());
  ends.settle();
  CHECK(ends.pull_reply() == "last");
  CHECK(ends.pull_reply() == "end");
  ends.settle();
  CHECK(ends.take_client_news() == News{"reply 0 ok"});
}

TEST_CASE("the bytes of a streaming call", "[protobuf][rpc][streaming]") {
  Ends ends;
  REQUIRE(ends.client.call(0, "A.Chat", {}, CallKind::bidirectional).ok());
  REQUIRE(ends.send("hi").ok());
  REQUIRE(ends.end().ok());
  const std::string asked = ends.client.said();
  // The method's name stands in a field of ours, so that a Go server has no method to call.
  CHECK(to_hex(asked) == to_hex(bytes("0e 08 01 d8 3e 03 f2 3e 06 \"A.Chat\"  00"
                                      "07 08 01 18 04 d8 3e 04  04 0a 02 \"hi\""
                                      "05 08 01 d8 3e 05  00")));
  ends.server.hear(asked);
  while (ends.server.next()) ends.note(ends.server.request);
  const Metadata headers{{"k", "v"}};
  REQUIRE(ends.server.codec->write_headers(ends.tag, headers, ends.server.output).ok());
  REQUIRE(ends.answer("ho").ok());
  REQUIRE(ends.finish({}).ok());
  CHECK(to_hex(ends.server.said()) == to_hex(bytes("0e 08 01 d2 3e 06 0a 01 \"k\" 12 01 \"v\" e8 3e 01  00"
                                                   "07 08 01 18 04 e8 3e 02  04 0a 02 \"ho\""
                                                   "05 08 01 e8 3e 03  00")));
}

TEST_CASE("who sends faster than the other end reads has no room, and is told when there is again",
          "[protobuf][rpc][streaming]") {
  for (const std::size_t piece : {std::size_t{13}, std::size_t{1000000}}) {
    Ends ends(piece);
    REQUIRE(ends.client.call(0, "A.Chat", {}, CallKind::bidirectional).ok());
    ends.settle();
    ends.take_server_news();
    const std::string text(1000, 'x');
    const auto fill = [&](auto has_room, auto send) {
      int sent = 0;
      for (; has_room(); ++sent) REQUIRE(send(text).ok());
      return sent;
    };
    const int sent_requests =
        fill([&] { return ends.client.codec->has_room(0); }, [&](const auto& t) { return ends.send(t); });
    CHECK(sent_requests == 64);  // 65536 / (1000 + 3 + 32), the last one larger than what is left
    ends.settle();
    const int answered =
        fill([&] { return ends.server.codec->has_room(ends.tag); }, [&](const auto& t) { return ends.answer(t); });
    CHECK(answered == 64);
    ends.settle();
    CHECK(ends.take_client_news().empty());
    for (int i = 0; i < 31; ++i) CHECK(ends.pull_request() == text);
    ends.settle();
    CHECK(ends.take_client_news().empty());
    CHECK_FALSE(ends.client.codec->has_room(0));
    CHECK(ends.pull_request() == text);
    ends.settle();
    CHECK(ends.take_client_news() == News{"writable 0"});
    CHECK(ends.client.codec->has_room(0));
    for (int i = 0; i < 32; ++i) CHECK(ends.pull_reply() == text);
    CHECK_FALSE(ends.server.codec->has_room(ends.tag));
    ends.settle();
    CHECK(ends.take_server_news() == News{"writable 1"});
    CHECK(ends.server.codec->has_room(ends.tag));
  }
}

TEST_CASE("messages without room wait their turn, and so do what ends the call", "[protobuf][rpc][streaming]") {
  Ends ends(11);
  REQUIRE(ends.client.call(0, "A.Chat", {}, CallKind::bidirectional).ok());
  ends.settle();
  const auto text = [](int i) { return std::string(5000, static_cast<char>('a' + i % 26)); };
  for (int i = 0; i < 60; ++i) {
    REQUIRE(ends.send(text(i)).ok());
    REQUIRE(ends.answer(text(i + 1)).ok());
  }
  CHECK(ends.client.codec->write_message(0, message_ref(Text{"\xff"}), ends.client.output).code() ==
        StatusCode::invalid_argument);
  REQUIRE(ends.end().ok());
  ends.settle();
  int pulled = 0;
  int answered = 0;
  bool over = false;
  for (int turn = 0; turn < 1000 && !over; ++turn) {
    if (const std::string got = ends.pull_request(); got == "end") {
      CHECK(pulled == 60);
      REQUIRE(ends.finish({}).ok());
      break;
    } else if (got != "nothing") {
      CHECK(got == text(pulled++));
    }
    ends.settle();
  }
  ends.settle();
  ends.take_client_news();
  for (int turn = 0; turn < 1000 && !over; ++turn) {
    const std::string got = ends.pull_reply();
    if (got == "end")
      over = true;
    else if (got != "nothing")
      CHECK(got == text(++answered));
    ends.settle();
  }
  CHECK(answered == 60);
  const News news = ends.take_client_news();
  REQUIRE(!news.empty());
  CHECK(news.back() == "reply 0 ok");
  CHECK(ends.pull_request().starts_with("cancelled: "));
}

TEST_CASE("a message larger than the window passes", "[protobuf][rpc][streaming]") {
  Ends ends(4096);
  REQUIRE(ends.client.call(0, "A.Sum", {}, CallKind::client_streaming).ok());
  const std::string large(1 << 20, 'x');
  for (int i = 0; i < 3; ++i) {
    CHECK(ends.client.codec->has_room(0));
    REQUIRE(ends.send(large).ok());
    CHECK_FALSE(ends.client.codec->has_room(0));
    ends.settle();
    CHECK(ends.pull_request() == large);
    ends.settle();
  }
}

TEST_CASE("a client that ignores its credit loses the call, not the connection", "[protobuf][rpc][streaming]") {
  ServerEnd server;
  server.hear(envelope("08 01 d8 3e 01 f2 3e 05 \"A.Sum\""));
  REQUIRE(server.next());
  const CallTag tag = server.request.head.tag;
  const std::string message = envelope("08 01 18 82 10 d8 3e 04", "0a ff 0f " + to_hex(std::string(2047, 'x')));
  test::forget_peak();
  const std::size_t before = test::live_bytes();
  for (int i = 0; i < 5000; ++i) {
    server.hear(message);
    CHECK_FALSE(server.next());
  }
  CHECK(server.end.ok());
  if (test::counts_malloc()) CHECK(test::peak_bytes() - before < 300000);
  Text text;
  const Result<Pulled> pulled = server.codec->read_message(tag, message_slot(text));
  CHECK(pulled.status().code() == StatusCode::resource_exhausted);
  REQUIRE(server.reply(1, pulled.status()).ok());
  CHECK(server.said().size() > 10);
  REQUIRE(server.hear(envelope("08 02 12 03 \"A.B\"")).next());
}

TEST_CASE("empty messages cost something too", "[protobuf][rpc][streaming]") {
  ServerEnd server;
  server.hear(envelope("08 01 d8 3e 01 f2 3e 05 \"A.Sum\""));
  REQUIRE(server.next());
  const CallTag tag = server.request.head.tag;
  for (int i = 0; i < 100000; ++i) {
    server.hear(envelope("08 01 d8 3e 04"));
    CHECK_FALSE(server.next());
  }
  Text text;
  CHECK(server.codec->read_message(tag, message_slot(text)).status().code() == StatusCode::resource_exhausted);
}

TEST_CASE("a server that ignores its credit loses the call, not the connection", "[protobuf][rpc][streaming]") {
  ClientEnd client;
  REQUIRE(client.call(0, "A.List", message_ref(Text{}), CallKind::server_streaming).ok());
  client.said();
  Text text;
  const std::string message = envelope("08 01 18 82 10 e8 3e 02", "0a ff 0f " + to_hex(std::string(2047, 'x')));
  for (int i = 0; i < 1000; ++i) {
    client.hear(message);
    CHECK_FALSE(client.next());
  }
  CHECK(to_hex(client.said()) == to_hex(bytes("05 08 01 d8 3e 06  00")));  // once
  const Result<Pulled> pulled = client.codec->read_message(0, message_slot(text));
  REQUIRE(pulled.ok());
  CHECK(*pulled == Pulled::end);
  REQUIRE(client.next());
  CHECK(client.reply.status.code() == StatusCode::resource_exhausted);
  CHECK(client.reply.status.origin() == Origin::local);
  client.hear(message);
  CHECK_FALSE(client.next());
  CHECK(client.end.ok());
}

TEST_CASE("a client that cancels hears nothing more, and its server's messages go nowhere",
          "[protobuf][rpc][streaming]") {
  Ends ends;
  REQUIRE(ends.client.call(0, "A.Chat", {}, CallKind::bidirectional).ok());
  REQUIRE(ends.send("one").ok());
  ends.settle();
  ends.take_server_news();
  REQUIRE(ends.answer("one").ok());
  ends.client.codec->write_cancel(0, ends.client.output);
  ends.settle();
  CHECK(ends.take_server_news() == News{"cancel 1"});
  CHECK(ends.take_client_news().empty());
  CHECK(ends.pull_request() == "cancelled: protorpc: the call is over");
  CHECK(ends.server.codec->has_room(ends.tag));
  CHECK_FALSE(ends.answer("two").ok());
  REQUIRE(ends.finish(Status::cancelled("x")).ok());
  CHECK(ends.server.said().empty());
  // The number is free again.
  REQUIRE(ends.client.call(0, "A.Sum", {}, CallKind::client_streaming).ok());
  ends.settle();
  CHECK(ends.take_server_news() == News{"call A.Sum 1"});
}

TEST_CASE("a server that ends a call early stops its client", "[protobuf][rpc][streaming]") {
  Ends ends;
  REQUIRE(ends.client.call(0, "A.Chat", {}, CallKind::bidirectional).ok());
  while (ends.client.codec->has_room(0)) REQUIRE(ends.send(std::string(1000, 'x')).ok());
  CHECK(ends.pull_reply() == "nothing");
  ends.settle();
  REQUIRE(ends.finish(Status::permission_denied("no")).ok());
  ends.settle();
  CHECK(ends.take_client_news() == News{"readable 0", "writable 0"});
  CHECK(ends.client.codec->has_room(0));
  CHECK_FALSE(ends.send("more").ok());
  CHECK_FALSE(ends.end().ok());
  CHECK(ends.pull_reply() == "end");
  ends.settle();
  CHECK(ends.take_client_news() == News{"reply 0 permission_denied: no"});
}

TEST_CASE("a server that does not stream says so, and Go's does", "[protobuf][rpc][streaming]") {
  const auto answered = [](std::string_view answer) {
    ClientEnd client;
    REQUIRE(client.call(0, "A.Chat", {}, CallKind::bidirectional).ok());
    client.hear(answer);
    CHECK_FALSE(client.next());
    Text text;
    CHECK(*client.codec->read_message(0, message_slot(text)) == Pulled::end);
    REQUIRE(client.next());
    return client.reply.status.to_string();
  };
  CHECK(answered(envelope("08 01 12 28 \"rpc: service/method request ill-formed: \""))
            .starts_with("unimplemented: rpc: service/method"));
  CHECK(answered(envelope("08 01")) == "unimplemented: protorpc: the server does not stream");
  CHECK(answered(envelope("08 01 12 02 \"no\" c8 3e 07")) == "permission_denied: no");
}

TEST_CASE("a refused call of a streaming kind is over", "[protobuf][rpc][streaming]") {
  Ends ends;
  REQUIRE(ends.client.call(0, "A.Sum", {}, CallKind::client_streaming).ok());
  ends.settle();
  REQUIRE(ends.finish(Status::unimplemented("rpc: can't find service A.Sum")).ok());
  REQUIRE(ends.send("late").ok());
  ends.settle();
  CHECK(ends.pull_reply() == "end");
  ends.settle();
  CHECK(ends.take_client_news() == News{"reply 0 unimplemented: rpc: can't find service A.Sum"});
}

TEST_CASE("a broken message is an error of its call", "[protobuf][rpc][streaming]") {
  Ends ends;
  REQUIRE(ends.client.call(0, "A.Sum", {}, CallKind::client_streaming).ok());
  ends.settle();
  ends.server.hear(envelope("08 01 18 02 d8 3e 04", "0a 05"));
  CHECK_FALSE(ends.server.next());
  CHECK(ends.pull_request().starts_with("invalid_argument: "));
  CHECK(ends.pull_request().starts_with("invalid_argument: "));
  CHECK(ends.server.end.ok());
}

TEST_CASE("peers that break the rules of streaming lose the connection", "[protobuf][rpc][streaming]") {
  const std::string open = envelope("08 01 d8 3e 01 f2 3e 05 \"A.Sum\"");
  const auto ends_with = [&](const std::string& first, const std::string& second) {
    ServerEnd server;
    REQUIRE(server.hear(first).next());
    CHECK_FALSE(server.hear(second).next());
    return server.end.to_string();
  };
  CHECK(ends_with(open, open) == "invalid_argument: protorpc: two calls at once have the number 1");
  CHECK(ends_with(open, envelope("08 01 12 03 \"A.B\"")) ==
        "invalid_argument: protorpc: two calls at once have the number 1");
  CHECK(ends_with(open, envelope("08 01 d8 3e 05") + envelope("08 01 d8 3e 04")) ==
        "invalid_argument: protorpc: a message behind the last one of call 1");
  CHECK(ends_with(envelope("08 01 d8 3e 02 f2 3e 05 \"A.Sum\""), envelope("08 01 d8 3e 04")) ==
        "invalid_argument: protorpc: a message behind the last one of call 1");
  // A call that nobody knows is no breach: it may have ended meanwhile.
  CHECK(ends_with(open, envelope("08 09 d8 3e 04") + envelope("08 09 d8 3e 05") +
                            envelope("08 09 d8 3e 07 e8 3e 05")) == "ok");
  ClientEnd client;
  REQUIRE(client.call(0, "A.Sum", {}, CallKind::client_streaming).ok());
  CHECK_FALSE(client.hear(envelope("08 01 e8 3e 02")).next());
  CHECK(client.end == Status::invalid_argument("protorpc: a message to call 1, which has only a reply"));
}

TEST_CASE("credit has no end that overflows", "[protobuf][rpc][streaming]") {
  ServerEnd server;
  REQUIRE(server.hear(envelope("08 01 d8 3e 02 f2 3e 05 \"A.Sum\"")).next());
  for (int i = 0; i < 100; ++i)
    CHECK_FALSE(server.hear(envelope("08 01 d8 3e 07 e8 3e ff ff ff ff ff ff ff ff ff 01")).next());
  CHECK(server.codec->has_room(server.request.head.tag));
  CHECK(server.end.ok());
}

TEST_CASE("compressed messages wait as they came", "[protobuf][rpc][streaming]") {
  if (!has_snappy()) POLYRPC_SKIP("built without snappy");
  protobuf::RpcOptions options;
  options.compress_from = 0;
  options.checksum = true;
  Ends ends(17, options);
  REQUIRE(ends.client.call(0, "A.Sum", {}, CallKind::client_streaming).ok());
  const std::string text(100000, 'y');
  for (int i = 0; i < 5; ++i) REQUIRE(ends.send(text).ok());
  CHECK(ends.client.codec->has_room(0));
  ends.settle();
  for (int i = 0; i < 5; ++i) CHECK(ends.pull_request() == text);
}
