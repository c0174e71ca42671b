#include "polyrpc/runtime/client_session.hpp"

#include "polyrpc/codecs/json.hpp"
#include "polyrpc/core/describe.hpp"

#include "support/catch.hpp"

#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace polyrpc;

/// A call whose end is noted.
class NotedCall final : public ClientCall {
 public:
  explicit NotedCall(std::string_view name = "M") {
    method = name;
    args = message_ref(argument);
    reply = message_slot(answer);
  }
  void deliver(Deliver) override {}

  const std::int64_t argument = 7;
  std::int64_t answer = -1;
};

struct Talk {
  explicit Talk(std::unique_ptr<ClientFraming> framing = nullptr)
      : session(json::rpc()->client(CodecLimits()), std::move(framing)) {}

  /// What the session wants to send, taken.
  std::string sent() {
    std::string text(session.output().text());
    session.output().clear();
    return text;
  }
  Status receive(std::string_view text) {
    input.append(text);
    return session.receive(input, [this](ClientCall& call) { ended.push_back(&call); });
  }

  ClientSession session;
  ByteQueue input;
  std::vector<ClientCall*> ended;
};

std::string request(std::uint64_t id) {
  return R"({"jsonrpc":"2.0","method":"M","params":[7],"id":)" + std::to_string(id) + "}\n";
}
std::string answer(std::uint64_t id, std::int64_t value) {
  return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"result":)" + std::to_string(value) + "}";
}

}  // namespace

TEST_CASE("calls are numbered from 0 and answered in any order", "[client][session]") {
  Talk talk;
  NotedCall calls[3];
  for (NotedCall& call : calls) {
    REQUIRE(talk.session.send(call).ok());
    CHECK(call.stage == ClientCall::Stage::sent);
  }
  CHECK(talk.sent() == request(0) + request(1) + request(2));
  CHECK(talk.session.in_flight() == 3);
  CHECK(talk.receive(answer(2, 20) + answer(0, 0)).ok());
  CHECK(talk.receive(answer(1, 10)).ok());
  CHECK(talk.ended == std::vector<ClientCall*>{&calls[2], &calls[0], &calls[1]});
  CHECK(calls[0].answer == 0);
  CHECK(calls[1].answer == 10);
  CHECK(calls[2].answer == 20);
  CHECK(talk.session.in_flight() == 0);
}

TEST_CASE("a reply that comes byte by byte is the same reply", "[client][session]") {
  Talk talk;
  NotedCall first;
  NotedCall second;
  REQUIRE(talk.session.send(first).ok());
  REQUIRE(talk.session.send(second).ok());
  for (const char c : answer(0, 11) + "\n" + answer(1, 22)) CHECK(talk.receive(std::string_view(&c, 1)).ok());
  CHECK(talk.ended.size() == 2);
  CHECK(first.answer == 11);
  CHECK(second.answer == 22);
}

TEST_CASE("replies to nobody are passed over", "[client][session]") {
  Talk talk;
  CHECK(talk.receive(answer(0, 1)).ok());
  NotedCall call;
  REQUIRE(talk.session.send(call).ok());
  CHECK(talk.receive(answer(16, 1) + answer(1, 1) + answer(0, 5) + answer(0, 6)).ok());
  CHECK(talk.ended.size() == 1);
  CHECK(call.answer == 5);
}

TEST_CASE("a call that was withdrawn is cancelled at the peer and its reply dropped", "[client][session]") {
  Talk talk;
  NotedCall call;
  NotedCall other;
  REQUIRE(talk.session.send(call).ok());
  REQUIRE(talk.session.send(other).ok());
  talk.sent();
  talk.session.withdraw(call);
  CHECK(call.stage == ClientCall::Stage::ended);
  CHECK(talk.sent() == "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":0}}\n");
  CHECK(talk.receive(answer(0, 5) + answer(1, 6)).ok());
  CHECK(talk.ended == std::vector<ClientCall*>{&other});
  CHECK(call.answer == -1);
}

TEST_CASE("a call that takes long lets thousands pass without a larger table", "[client][session]") {
  Talk talk;
  NotedCall slow;
  REQUIRE(talk.session.send(slow).ok());
  std::uint64_t last = 0;
  for (int i = 0; i < 5000; ++i) {
    NotedCall quick;
    REQUIRE(talk.session.send(quick).ok());
    CHECK(quick.number > last);
    last = quick.number;
    REQUIRE(talk.receive(answer(quick.number, i)).ok());
    CHECK(quick.answer == i);
  }
  // Numbers are passed over only where the slow call stands, once a round of the table's 16 places.
  CHECK(last <= 5000 + 5000 / 15 + 1);
  REQUIRE(talk.receive(answer(0, 1)).ok());
  CHECK(slow.answer == 1);
}

TEST_CASE("a thousand calls under way find their replies", "[client][session]") {
  Talk talk;
  std::deque<NotedCall> calls(1000);
  for (NotedCall& call : calls) REQUIRE(talk.session.send(call).ok());
  for (std::uint64_t i = 1000; i-- > 0;) REQUIRE(talk.receive(answer(i, static_cast<std::int64_t>(i))).ok());
  for (std::int64_t i = 0; i < 1000; ++i) CHECK(calls[static_cast<std::size_t>(i)].answer == i);
}

TEST_CASE("a request that cannot be written leaves nothing behind", "[client][session]") {
  Talk talk;
  NotedCall before;
  REQUIRE(talk.session.send(before).ok());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  NotedCall wrong;
  wrong.args = message_ref(nan);
  CHECK(talk.session.send(wrong).code() == StatusCode::invalid_argument);
  CHECK(wrong.stage == ClientCall::Stage::fresh);
  CHECK(talk.session.in_flight() == 1);
  CHECK(talk.sent() == request(0));
  CHECK(talk.session.failure().ok());
}

TEST_CASE("an error is the peer's, a body of the wrong type the call's own", "[client][session]") {
  Talk talk;
  NotedCall refused;
  NotedCall garbled;
  NotedCall right;
  for (NotedCall* call : {&refused, &garbled, &right}) REQUIRE(talk.session.send(*call).ok());
  CHECK(talk.receive(R"({"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"no such method"}})"
                     R"({"jsonrpc":"2.0","id":1,"result":"text"})" +
                     answer(2, 3))
            .ok());
  CHECK(refused.status.code() == StatusCode::unimplemented);
  CHECK(refused.status.message() == "no such method");
  CHECK(refused.status.origin() == Origin::remote);
  CHECK_THAT(garbled.status.message(), Catch::Matchers::StartsWith("reading body "));
  CHECK(garbled.status.origin() == Origin::local);
  CHECK(right.status.ok());
  CHECK(right.answer == 3);
}

TEST_CASE("what is no reply at all ends the session, after the replies before it", "[client][session]") {
  Talk talk;
  NotedCall first;
  NotedCall second;
  NotedCall third;
  REQUIRE(talk.session.send(first).ok());
  REQUIRE(talk.session.send(second).ok());
  REQUIRE(talk.session.send(third).ok());
  CHECK(!talk.receive(answer(1, 5) + "garbage").ok());
  CHECK(talk.ended == std::vector<ClientCall*>{&second});
  CHECK(!talk.session.failure().ok());
  NotedCall late;
  CHECK(!talk.session.send(late).ok());
  CHECK(!talk.receive(answer(0, 5)).ok());
  std::vector<ClientCall*> left;
  talk.session.take_all([&](ClientCall& call) { left.push_back(&call); });
  CHECK(left == std::vector<ClientCall*>{&first, &third});
  CHECK(talk.session.in_flight() == 0);
}

TEST_CASE("a caller that has left gets nothing written", "[client][session]") {
  Talk talk;
  std::int64_t place = -1;
  const std::int64_t argument = 7;
  WaitableCall call;
  call.method = "M";
  call.args = message_ref(argument);
  call.reply = message_slot(place);
  call.may_vanish = true;
  REQUIRE(talk.session.send(call).ok());
  CHECK(call.abandon());
  CHECK(talk.receive(answer(0, 5)).ok());
  CHECK(talk.ended.size() == 1);
  CHECK(place == -1);
}

namespace {

/// `<` before each request and `>` behind; replies stand between dots; hello is said first.
class Brackets final : public ClientFraming {
 public:
  void open(ByteQueue& output) override { output.append(std::string_view("hello?")); }
  Result<bool> opened(ByteQueue& input) override {
    if (input.size() < 3) return false;
    if (!input.text().starts_with("yes")) return Status::unavailable("brackets: not welcome");
    input.consume(3);
    return true;
  }
  Status wrap(const RequestHead&, ByteQueue& output, std::size_t start) override {
    const std::string request(output.text().substr(start));
    output.truncate(start);
    output.append("<" + request + ">");
    return {};
  }
  Status unwrap(ByteQueue& wire, ByteQueue& payload) override {
    while (!wire.empty()) {
      const char c = wire.text().front();
      if (c == '!') return Status::internal("brackets: broken");
      if (c != '.') payload.push_back(c);
      wire.consume(1);
    }
    return {};
  }
};

}  // namespace

TEST_CASE("a framing opens the connection and stands around every message", "[client][session]") {
  Talk talk(std::make_unique<Brackets>());
  CHECK(talk.sent() == "hello?");
  talk.input.append(std::string_view("ye"));
  CHECK(!talk.session.opened(talk.input).value());
  talk.input.append(std::string_view("s"));
  CHECK(talk.session.opened(talk.input).value());
  NotedCall call;
  NotedCall other;
  REQUIRE(talk.session.send(call).ok());
  REQUIRE(talk.session.send(other).ok());
  CHECK(talk.sent() == "<" + request(0) + "><" + request(1) + ">");
  talk.session.withdraw(other);
  CHECK_THAT(talk.sent(), Catch::Matchers::StartsWith("<{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\""));
  // Replies before the broken place count.
  CHECK(talk.receive("..." + answer(0, 5) + ".!").message() == "brackets: broken");
  CHECK(talk.ended == std::vector<ClientCall*>{&call});
  CHECK(call.answer == 5);

  Talk unwelcome(std::make_unique<Brackets>());
  unwelcome.input.append(std::string_view("no!"));
  CHECK(unwelcome.session.opened(unwelcome.input).status().message() == "brackets: not welcome");
}
