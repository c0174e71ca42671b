// A whole server behind the codec: streaming handlers and their flow control.

#include "polyrpc/codecs/protobuf_rpc.hpp"
#include "polyrpc/runtime/protocol.hpp"
#include "polyrpc/runtime/registry.hpp"
#include "polyrpc/runtime/stream.hpp"

#include "rpc_ends.hpp"
#include "support/catch.hpp"
#include "support/turned_server.hpp"

#include <string>
#include <utility>

using namespace polyrpc;
using namespace polyrpc::test;

namespace {

Awaitable<Status> list(Context& context, const Number& count, Writer<Text>& writer) {
  context.headers().add("kind", "list");
  context.trailers().add("count", std::to_string(count.value));
  Text text{std::string(1000, 'x')};
  for (std::int64_t i = 0; i < count.value; ++i) {
    Status written = co_await writer.write(text);
    if (!written.ok()) co_return written;
  }
  co_return Status();
}

Awaitable<Result<Number>> add(Reader<Number>& reader) {
  Number sum;
  for (;;) {
    std::optional<Number> number = co_await reader.next();
    if (!number) break;
    sum.value += number->value;
  }
  if (!reader.status().ok()) co_return reader.status();
  co_return sum;
}

Awaitable<Status> chat(Reader<Text>& reader, Writer<Text>& writer) {
  Text text;
  for (;;) {
    const bool got = co_await reader.read(text);
    if (!got) break;
    text.text += "!";
    Status written = co_await writer.write(text);
    if (!written.ok()) co_return written;
  }
  co_return reader.status();
}

const Registry& registry() {
  static Registry made;
  static const bool filled = [] {
    made.add("A.List", list);
    made.add("A.Add", add);
    made.add("A.Chat", chat);
    made.add("A.Twice", [](const Number& number) { return Number{number.value * 2}; });
    return true;
  }();
  static_cast<void>(filled);
  return made;
}

Protocols protocols() {
  Protocols made;
  made.add(codec_protocol(protobuf::rpc()));
  return made;
}

/// A client codec at the other end of a connection to the server.
struct Caller {
  TurnedServer server{registry(), protocols()};
  TurnedPeer peer{server};
  ClientEnd client;

  /// Sends what was written and hears what comes of it.
  bool next() {
    for (;;) {
      if (client.next()) return true;
      const std::string said = client.said();
      if (!said.empty()) peer.send(said);
      const std::string heard = peer.take();
      if (heard.empty() && said.empty()) return false;
      client.hear(heard);
    }
  }
  Result<Pulled> pull(MessageSlot into, std::uint64_t call = 0) {
    for (;;) {
      Result<Pulled> pulled = client.codec->read_message(call, into);
      if (!pulled.ok() || *pulled != Pulled::nothing || !next()) return pulled;
    }
  }
};

}  // namespace

TEST_CASE("a server streams to a client that reads slowly", "[protobuf][rpc][streaming][served]") {
  Caller caller;
  REQUIRE(caller.client.call(0, "A.List", message_ref(Number{300}), CallKind::server_streaming).ok());
  caller.peer.send(caller.client.said());
  INFO(caller.server.log());
  // No more than the window, and one.
  CHECK(caller.peer.received().size() > 60000);
  CHECK(caller.peer.received().size() < 70000);
  int count = 0;
  for (;; ++count) {
    Text text;
    const Result<Pulled> pulled = caller.pull(message_slot(text));
    REQUIRE(pulled.ok());
    if (*pulled == Pulled::end) break;
    REQUIRE(*pulled == Pulled::message);
    CHECK(text.text.size() == 1000);
  }
  CHECK(count == 300);
  REQUIRE(caller.next());
  CHECK(caller.client.reply.kind == ReplyKind::reply);
  CHECK(caller.client.reply.status.ok());
  CHECK(caller.client.reply.headers.get("kind") == "list");
  CHECK(caller.client.reply.trailers.get("count") == "300");
}

TEST_CASE("a client streams to a server", "[protobuf][rpc][streaming][served]") {
  Caller caller;
  REQUIRE(caller.client.call(0, "A.Add", {}, CallKind::client_streaming).ok());
  ClientCodec& codec = *caller.client.codec;
  for (std::int64_t i = 1; i <= 10000; ++i) {
    if (!codec.has_room(0)) {
      REQUIRE(caller.next());
      CHECK(caller.client.reply.kind == ReplyKind::writable);
      REQUIRE(codec.has_room(0));
    }
    REQUIRE(codec.write_message(0, message_ref(Number{i}), caller.client.output).ok());
  }
  REQUIRE(codec.write_end(0, caller.client.output).ok());
  Number sum;
  REQUIRE(*caller.pull(message_slot(sum)) == Pulled::message);
  CHECK(sum.value == 50005000);
  CHECK(*caller.pull(message_slot(sum)) == Pulled::end);
  REQUIRE(caller.next());
  CHECK(caller.client.reply.status.ok());
}

TEST_CASE("a chat goes on until its client ends it, and other calls pass by", "[protobuf][rpc][streaming][served]") {
  Caller caller;
  ClientCodec& codec = *caller.client.codec;
  REQUIRE(caller.client.call(0, "A.Chat", {}, CallKind::bidirectional).ok());
  for (int i = 0; i < 5; ++i) {
    REQUIRE(codec.write_message(0, message_ref(Text{"hi"}), caller.client.output).ok());
    Text text;
    REQUIRE(*caller.pull(message_slot(text)) == Pulled::message);
    CHECK(text.text == "hi!");
  }
  REQUIRE(caller.client.call(1, "A.Twice", message_ref(Number{21})).ok());
  REQUIRE(caller.next());
  CHECK(caller.client.reply.call == 1);
  CHECK(caller.client.body<Number>().value == 42);
  REQUIRE(codec.write_end(0, caller.client.output).ok());
  Text text;
  CHECK(*caller.pull(message_slot(text)) == Pulled::end);
  REQUIRE(caller.next());
  CHECK(caller.client.reply.status.ok());
}

TEST_CASE("a call of another kind than the method's is refused", "[protobuf][rpc][streaming][served]") {
  Caller caller;
  REQUIRE(caller.client.call(0, "A.Twice", {}, CallKind::client_streaming).ok());
  Text text;
  CHECK(*caller.pull(message_slot(text)) == Pulled::end);
  REQUIRE(caller.next());
  CHECK(caller.client.reply.status.code() == StatusCode::unimplemented);
  REQUIRE(caller.client.call(1, "A.Add", message_ref(Number{1})).ok());
  REQUIRE(caller.next());
  CHECK(caller.client.reply.status.code() == StatusCode::unimplemented);
}

TEST_CASE("a streaming call that is cancelled leaves its connection as it was", "[protobuf][rpc][streaming][served]") {
  Caller caller;
  REQUIRE(caller.client.call(0, "A.Add", {}, CallKind::client_streaming).ok());
  caller.client.codec->write_cancel(0, caller.client.output);
  REQUIRE(caller.client.call(1, "A.Twice", message_ref(Number{2})).ok());
  REQUIRE(caller.next());
  CHECK(caller.client.reply.call == 1);
  CHECK(caller.client.body<Number>().value == 4);
  CHECK_FALSE(caller.peer.closed());
}
