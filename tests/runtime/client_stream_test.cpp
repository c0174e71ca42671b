#include "polyrpc/runtime/client_stream.hpp"

#include "stream_peer.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

using Text = std::string;
constexpr ServerStreaming<Text, Text> list{"List"};
constexpr ClientStreaming<Text, Text> count{"Count"};
constexpr Bidirectional<Text, Text> echo{"Echo"};
constexpr Bidirectional<Text, Text> hang{"Hang"};

struct Setting {
  explicit Setting(Driver driver, std::string greeting = {}, ClientOptions options = {},
                   std::optional<std::chrono::milliseconds> keepalive = {})
      : peer(network, std::move(greeting)), client(driver, stream_target(network, keepalive), std::move(options)) {}

  MemoryNetwork network;
  StreamPeer peer;
  AnyClient client;
};

Driver any_driver() { return GENERATE(Driver::blocking, Driver::loop); }

CallOptions within(std::chrono::nanoseconds time) {
  CallOptions options;
  options.timeout = time;
  return options;
}

}  // namespace

TEST_CASE("all four kinds of calls", "[client][stream]") {
  Setting setting(any_driver());
  Client& client = *setting.client;

  CHECK(client.call<Text>("Unary", "one").value() == "one");

  auto listed = client.open(list, "3");
  std::vector<Text> texts;
  Text text;
  while (listed.read(text)) texts.push_back(text);
  CHECK(texts == std::vector<Text>{"0", "1", "2"});
  CHECK(listed.finish().ok());
  CHECK(listed.finish().ok());
  CHECK(listed.trailers().get("behind") == "it");
  CHECK(!listed.read(text));

  auto counted = client.open(count);
  for (int i = 0; i < 10; ++i) CHECK(counted.write("x").ok());
  CHECK(counted.finish().value() == "10");
  CHECK(counted.trailers().get("behind") == "it");

  auto echoed = client.open(echo);
  CHECK(echoed.headers().get("ahead") == "of-it");
  for (const Text word : {"a", "b", "c"}) {
    CHECK(echoed.write(word).ok());
    CHECK(echoed.next().value() == word);
  }
  CHECK(echoed.close_writing().ok());
  CHECK(echoed.write("late").code() == StatusCode::failed_precondition);
  CHECK(!echoed.next());
  CHECK(echoed.finish().ok());
  CHECK(echoed.write("later").code() == StatusCode::failed_precondition);

  CHECK(client.open_server_streaming<Text>("List", "1").finish().ok());
  auto by_name = client.open_client_streaming<Text, Text>("Count");
  CHECK(by_name.finish().value() == "0");
  CHECK(client.open_bidirectional<Text, Text>("Echo").finish().ok());
  CHECK(setting.peer.connections() == 1);
}

TEST_CASE("what is said of a streaming call goes out with it", "[client][stream]") {
  Setting setting(any_driver());
  CallOptions options;
  options.metadata.set("user", "ann");
  CHECK(setting.client->open(list, "1", options).finish().ok());
  CHECK(setting.client->open(echo).finish().ok());
  options.timeout = 1h;
  CHECK(setting.client->open(count, options).finish().ok());
  setting.peer.await("open 0 List - user=ann : 1");
  CHECK(setting.peer.count("open 0 List - user=ann : 1") == 1);
  setting.peer.await("open 1 Echo -");
  CHECK(setting.peer.count("open 1 Echo -") == 1);  // the client's usual limit is not for streams
  setting.peer.await("open 2 Count 3");
  CHECK(setting.peer.count("open 2 Count 3") == 1);
}

TEST_CASE("a writer waits while the server makes no room", "[client][stream]") {
  Setting setting(any_driver());
  Tally tally;
  auto call = setting.client->open(hang);
  CHECK(call.write("1").ok());
  CHECK(call.write("2").ok());
  std::thread writer([&] {
    for (const Text text : {"3", "4", "5"}) tally(call.write(text).ok());
    tally(call.close_writing().ok());
  });
  CHECK(call.headers().get("ahead") == "of-it");
  setting.peer.await("msg 0 2");
  CHECK(setting.peer.count("msg 0 3") == 0);
  setting.peer.say("room 0 1");
  setting.peer.await("msg 0 3");
  setting.peer.say("room 0 2");
  setting.peer.await("end 0");
  writer.join();
  setting.peer.release();
  CHECK(call.finish().ok());
  CHECK(tally.wrong() == 0);
}

TEST_CASE("what is written arrives, whatever its writer does then", "[client][stream]") {
  Setting setting(any_driver());
  auto call = setting.client->open(count);
  for (const std::size_t more : {1u, 2u, 50u, 1u}) {
    const std::size_t before = setting.peer.count("msg 0");
    for (std::size_t i = 0; i < more; ++i) CHECK(call.write("x").ok());
    setting.peer.await("msg 0", before + more);
  }
  auto beside = setting.client->open(count);
  for (int i = 0; i < 20; ++i) CHECK((call.write("x").ok() && beside.write("y").ok()));
  setting.peer.await("msg 0", 74);
  setting.peer.await("msg 1", 20);
  CHECK(call.finish().value() == "74");
  CHECK(beside.finish().value() == "20");
}

TEST_CASE("messages that follow each other quickly leave together, and soon", "[client][stream]") {
  Setting setting(Driver::blocking);
  auto call = setting.client->open(hang);
  CHECK(call.headers().get("ahead") == "of-it");
  constexpr std::size_t messages = 1000;
  setting.peer.say("room 0 1000");
  for (int i = 0; i < 3; ++i) CHECK(call.write("x").ok());
  setting.network.inject({std::size_t(-1), MemoryOperation::write, MemorySide::dialler});
  for (std::size_t i = 3; i < messages; ++i) CHECK(call.write("x").ok());
  setting.peer.await("msg 0", messages);
  CHECK(setting.network.operations() < messages / 2);
  setting.peer.release();
  CHECK(call.close_writing().ok());
  CHECK(call.finish().ok());
}

TEST_CASE("one thread writes while another reads", "[client][stream]") {
  Setting setting(any_driver());
  Tally tally;
  auto call = setting.client->open(echo);
  constexpr int messages = 500;
  std::thread writer([&] {
    for (int i = 0; i < messages; ++i) tally(call.write(std::to_string(i)).ok());
    tally(call.close_writing().ok());
  });
  Text text;
  int next = 0;
  while (call.read(text)) CHECK(text == std::to_string(next++));
  CHECK(next == messages);
  writer.join();
  CHECK(call.finish().ok());
  CHECK(tally.wrong() == 0);
}

TEST_CASE("many streams and unary calls at once", "[client][stream]") {
  Setting setting(any_driver());
  Tally tally;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 10; ++round) {
        auto call = setting.client->open(echo);
        auto listed = setting.client->open(list, "20");
        for (int i = 0; i < 10; ++i) {
          const Text text = std::to_string(t) + "/" + std::to_string(i);
          tally(call.write(text).ok());
          tally(call.next() == text);
          tally(listed.next() == std::to_string(i));
        }
        tally(setting.client->call<Text>("Unary", "u").value() == "u");
        tally(call.finish().ok());
        if (round % 2 == 0) tally(listed.finish().ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(setting.peer.connections() == 1);
  CHECK(tally.wrong() == 0);
}

TEST_CASE("a call with one reply must have one", "[client][stream]") {
  Setting setting(any_driver());
  auto none = setting.client->open_client_streaming<Text, Text>("None");
  CHECK(none.finish().status().code() == StatusCode::unimplemented);
  auto two = setting.client->open_client_streaming<Text, Text>("Two");
  CHECK(two.finish().status().code() == StatusCode::unimplemented);
}

TEST_CASE("a server that ends early says why", "[client][stream]") {
  Setting setting(any_driver());
  auto call = setting.client->open_client_streaming<Text, Text>("Early");
  Status written = call.write("1");
  CHECK(written.ok());
  for (int i = 0; written.ok(); ++i) written = call.write("more");  // nobody makes room: the end wakes the writer
  const Status status = call.finish().status();
  CHECK(status.code() == StatusCode::failed_precondition);
  CHECK(status.message() == "enough");
  CHECK(status.origin() == Origin::remote);

  auto both = setting.client->open_bidirectional<Text, Text>("Early");
  CHECK(both.write("1").ok());
  CHECK(!both.next());
  CHECK(!both.write("2").ok());
  CHECK(both.finish().message() == "enough");
}

TEST_CASE("a message that cannot be written is the writer's affair", "[client][stream]") {
  Setting setting(any_driver());
  auto call = setting.client->open(echo);
  CHECK(call.write("two\nlines").code() == StatusCode::invalid_argument);
  CHECK(call.write("good").ok());
  CHECK(call.next() == "good");
  CHECK(call.finish().ok());
  auto never = setting.client->open(list, "two\nlines");
  CHECK(!never.next());
  CHECK(never.finish().code() == StatusCode::invalid_argument);
}

TEST_CASE("a message that cannot be read ends its call and no other", "[client][stream]") {
  Setting setting(any_driver());
  auto other = setting.client->open(echo);
  auto call = setting.client->open_server_streaming<Text>("Broken", "");
  CHECK(!call.next());
  CHECK(call.finish().message() == "reading body stream: broken");
  setting.peer.await("cancel 1");
  CHECK(other.write("x").ok());
  CHECK(other.next() == "x");
  CHECK(other.finish().ok());
}

TEST_CASE("a wire beyond trust ends all its calls", "[client][stream]") {
  Setting setting(any_driver());
  auto other = setting.client->open(hang);
  CHECK(other.headers().size() == 1);
  auto call = setting.client->open_server_streaming<Text>("Garbage", "");
  CHECK(!call.next());
  CHECK(!call.finish().ok());
  CHECK(!other.finish().ok());
  CHECK(setting.client->call<Text>("Unary", "again").value() == "again");
  CHECK(setting.peer.connections() == 2);
}

TEST_CASE("a streaming call can be cancelled at each stage", "[client][stream]") {
  Setting setting(any_driver());
  std::optional<BidirectionalCall<Text, Text>> call;
  bool sent = true;
  SECTION("at once") {
    call = setting.client->open(hang);
    sent = false;  // perhaps
  }
  SECTION("after writing") {
    call = setting.client->open(hang);
    CHECK(call->write("1").ok());
  }
  SECTION("after the end of writing") {
    call = setting.client->open(hang);
    CHECK(call->close_writing().ok());
  }
  SECTION("after reading") {
    call = setting.client->open(echo);
    CHECK(call->write("1").ok());
    CHECK(call->next() == "1");
  }
  call->cancel();
  CHECK(!call->next());
  CHECK(call->write("2").code() == StatusCode::cancelled);
  CHECK(call->finish().code() == StatusCode::cancelled);
  call->cancel();
  CHECK(setting.client->call<Text>("Unary", "x").value() == "x");
  if (sent) setting.peer.await("cancel 0");
}

TEST_CASE("cancelling wakes reader and writer", "[client][stream]") {
  Setting setting(any_driver());
  Tally tally;
  std::stop_source stop;
  CallOptions options;
  options.stop = stop.get_token();
  auto call = setting.client->open(hang, options);
  std::thread writer([&] {
    Status written;
    while (written.ok()) written = call.write("x");
    tally(written.code() == StatusCode::cancelled);
  });
  std::thread reader([&] { tally(!call.next()); });
  setting.peer.await("msg 0", 2);
  stop.request_stop();
  writer.join();
  reader.join();
  CHECK(call.finish().code() == StatusCode::cancelled);
  CHECK(tally.wrong() == 0);
}

TEST_CASE("a streaming call ends at its deadline", "[client][stream]") {
  Setting setting(any_driver());
  auto reading = setting.client->open(hang, within(30ms));
  CHECK(!reading.next());
  CHECK(reading.finish().code() == StatusCode::deadline_exceeded);
  auto writing = setting.client->open(hang, within(30ms));
  Status written;
  while (written.ok()) written = writing.write("x");
  CHECK(writing.finish().code() == StatusCode::deadline_exceeded);
  auto never = setting.client->open(hang, within(-1ms));
  CHECK(!never.next());
  CHECK(never.finish().code() == StatusCode::deadline_exceeded);
  setting.peer.await("cancel", 2);
}

TEST_CASE("a handle can be destroyed at each stage", "[client][stream]") {
  Setting setting(any_driver());
  const int stage = GENERATE(0, 1, 2, 3, 4);
  {
    auto call = setting.client->open(echo);
    if (stage > 0) CHECK(call.write("1").ok());
    if (stage > 1) CHECK(call.next() == "1");
    if (stage > 2) CHECK(call.close_writing().ok());
    if (stage > 3) CHECK(call.finish().ok());
    auto moved = std::move(call);
    CHECK(!call.valid());
    CHECK(call.finish().code() == StatusCode::failed_precondition);
    call = std::move(moved);
  }
  CHECK(setting.client->call<Text>("Unary", "x").value() == "x");
  if (stage == 1 || stage == 2) setting.peer.await("cancel 0");
}

TEST_CASE("a client's end ends its streams", "[client][stream]") {
  Setting setting(any_driver());
  Tally tally;
  auto waiting = setting.client->open(hang);
  auto resting = setting.client->open(hang);
  auto ended = setting.client->open(list, "0");
  CHECK(ended.finish().ok());
  std::thread reader([&] { tally(!waiting.next()); });
  setting.peer.await("open", 3);
  SECTION("closed") {
    setting.client->close();
    reader.join();
    CHECK(waiting.finish().message() == "connection is shut down");
    CHECK(resting.finish().message() == "connection is shut down");
    auto late = setting.client->open(hang);
    CHECK(!late.next());
    CHECK(late.finish().message() == "connection is shut down");
  }
  SECTION("destroyed") {
    setting.client.destroy();
    reader.join();
    CHECK(waiting.finish().code() == StatusCode::cancelled);
    CHECK(resting.finish().code() == StatusCode::cancelled);
  }
  CHECK(ended.finish().ok());
  CHECK(tally.wrong() == 0);
}

TEST_CASE("what the server has sent before it closed can be read", "[client][stream]") {
  Setting setting(any_driver());
  auto call = setting.client->open_server_streaming<Text>("Close", "");
  auto lost = setting.client->open(hang);
  CHECK(!lost.next());
  CHECK(lost.finish().code() == StatusCode::unavailable);
  CHECK(call.next() == "0");
  CHECK(call.next() == "1");
  CHECK(call.next() == "2");
  CHECK(!call.next());
  CHECK(call.finish().ok());
  CHECK(call.trailers().get("behind") == "it");
}

TEST_CASE("streams survive a failure at any operation", "[client][stream][faults]") {
  const Driver driver = any_driver();
  MemoryFault fault;
  fault.side = MemorySide::dialler;
  fault.effect = GENERATE(MemoryEffect::fail, MemoryEffect::close);
  MemoryOptions trickle;
  trickle.chunk_bytes = GENERATE(std::size_t{0}, std::size_t{7});
  const auto run = [&](MemoryNetwork& network) {
    StreamPeer peer(network);
    AnyClient client(driver, stream_target(network));
    const auto is_expected = [](const Status& status) {
      return status.ok() || (status.code() == StatusCode::unavailable && status.origin() == Origin::local);
    };
    auto echoed = client->open(echo);
    auto counted = client->open(count);
    auto listed = client->open(list, "5");
    for (int i = 0; i < 3; ++i) {
      if (echoed.write("x").ok()) (void)echoed.next();
      (void)counted.write("y");
    }
    const Status echo_status = echoed.finish();
    CHECK(is_expected(echo_status));
    const auto number = counted.finish();
    CHECK(is_expected(number.status()));
    if (number.ok()) CHECK(*number == "3");
    int read = 0;
    while (listed.next()) ++read;
    const Status list_status = listed.finish();
    CHECK(is_expected(list_status));
    if (list_status.ok()) CHECK(read == 5);
    if (!network.fault_happened()) CHECK((echo_status.ok() && number.ok() && list_status.ok()));
  };
  CHECK(for_each_failure_point(run, fault, trickle) > 5);
}

TEST_CASE("a codec that throws ends the connection, not the program", "[client][stream]") {
  Setting setting(any_driver());
  auto call = setting.client->open(echo);
  CHECK(call.write("THROW").code() == StatusCode::internal);
  CHECK(!call.next());
  CHECK(!call.finish().ok());
  CHECK(setting.client->call<Text>("Unary", "x").value() == "x");
}

TEST_CASE("a wire that does not stream refuses", "[client][stream]") {
  class NoStreams final : public Codec {
   public:
    class Client final : public ClientCodec {
      Capabilities capabilities() const noexcept override { return {}; }
      Status write_request(const RequestHead&, MessageRef, ByteQueue&) override { return {}; }
      Result<bool> next_reply(ByteQueue&, IncomingReply&) override { return false; }
    };
    std::string_view name() const noexcept override { return "plain"; }
    Match matches(std::span<const std::byte>) const noexcept override { return Match::no; }
    std::unique_ptr<ServerCodec> server(const CodecLimits&) const override { return nullptr; }
    std::unique_ptr<ClientCodec> client(const CodecLimits&) const override { return std::make_unique<Client>(); }
  };
  MemoryNetwork network;
  ClientTarget target = stream_target(network);
  target.codec = std::make_shared<NoStreams>();
  AnyClient client(any_driver(), target);
  auto call = client->open(hang);
  CHECK(call.write("x").code() == StatusCode::unimplemented);
  CHECK(call.finish().message() == "polyrpc: plain does not stream");
}

TEST_CASE("a call made for another has its deadline and its end", "[client][stream]") {
  Setting setting(any_driver());
  Context context;
  context.prepare_stop();
  CallOptions options = CallOptions::from(context);
  SECTION("deadline") {
    context.set_deadline(Clock::now() + 40ms);
    CHECK(setting.client->call<Text>("Hang", "x", options).status().code() == StatusCode::deadline_exceeded);
    auto call = setting.client->open(hang, options);
    CHECK(call.finish().code() == StatusCode::deadline_exceeded);
    CHECK(setting.peer.count("open 0 Hang -") == 0);  // it was sent
  }
  SECTION("the earlier deadline counts") {
    context.set_deadline(Clock::now() + 1h);
    options.timeout = 30ms;
    CHECK(setting.client->call<Text>("Hang", "x", options).status().code() == StatusCode::deadline_exceeded);
  }
  SECTION("cancelled before") {
    context.request_stop();
    CHECK(setting.client->call<Text>("Hang", "x", options).status().code() == StatusCode::cancelled);
    auto call = setting.client->open(hang, options);
    CHECK(call.finish().code() == StatusCode::cancelled);
  }
  SECTION("cancelled meanwhile") {
    std::stop_source own;
    if (GENERATE(false, true)) options.stop = own.get_token();
    StatusCode ended = StatusCode::ok;
    std::thread caller([&] { ended = setting.client->call<Text>("Hang", "x", options).status().code(); });
    auto call = setting.client->open(hang, options);
    setting.peer.await("open", 2);
    context.request_stop();
    caller.join();
    CHECK(ended == StatusCode::cancelled);
    CHECK(!call.next());
    CHECK(call.finish().code() == StatusCode::cancelled);
  }
}
