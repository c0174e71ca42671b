// Go's recorded conversations: read, written and answered as Go does, cut off after every byte and with every byte
// changed.

#include "polyrpc/codecs/protobuf_rpc.hpp"

#include "rpc_ends.hpp"
#include "support/catch.hpp"
#include "support/counted_new.hpp"
#include "support/files.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace polyrpc;
using namespace polyrpc::test;

namespace {

using Json = nlohmann::json;

const Json& conversations() {
  static const Json parsed = Json::parse(read_file(source_path("tests/golden/protorpc/vectors.json")));
  return parsed["conversations"];
}

std::string bytes_of(const Json& step, const char* member) { return bytes(step.value(member, std::string())); }

/// All that one end said.
std::string stream_of(const Json& conversation, const char* member) {
  std::string stream;
  for (const Json& step : conversation["steps"]) stream += bytes_of(step, member);
  return stream;
}

/// Hands bodies on as they are.
class Raw final : public MessageFormat {
 public:
  std::string_view name() const noexcept override { return "raw"; }
  Status encode(MessageRef message, ByteQueue& output) const override {
    output.append(*static_cast<const std::string*>(message.object));
    return {};
  }
  Status decode(std::span<const std::byte> body, MessageSlot into, const CodecLimits&, Scratch*) const override {
    *static_cast<std::string*>(into.object) = as_text(body);
    return {};
  }
};

/// What a conversation's ends were told.
protobuf::RpcOptions options_of(const Json& conversation) {
  protobuf::RpcOptions options;
  options.format = std::make_shared<Raw>();
  if (conversation["snappy"].get<bool>()) options.compress_from = 0;
  options.checksum = conversation["checksum"].get<bool>();
  return options;
}

bool runs_here(const Json& conversation) { return has_snappy() || !conversation["snappy"].get<bool>(); }

/// Go counts calls from 0, where our client has 1.
std::uint64_t call_of(std::uint64_t number) { return number - 1; }

/// What a server's end answers to bytes, and whether it would hear more.
std::pair<std::string, bool> served(const protobuf::RpcOptions& options, std::string_view heard) {
  ServerEnd server(options);
  server.hear(heard);
  while (server.next()) {
    if (server.request.kind != RequestKind::call || !server.request.head.wants_reply) continue;
    Status status = server.request.refused;
    std::string body;
    if (status.ok() && server.request.body != nullptr) status = server.request.body->decode(message_slot(body));
    if (!server.reply(server.request.head.tag.number, status, message_ref(body)).ok()) FAIL("no reply");
  }
  return {server.said(), server.end.ok()};
}

std::pair<std::vector<std::string>, bool> heard(const protobuf::RpcOptions& options, std::string_view bytes) {
  ClientEnd client(options);
  client.hear(bytes);
  std::vector<std::string> replies;
  while (client.next()) {
    std::string said = std::to_string(client.reply.call) + " " + client.reply.status.to_string();
    std::string body;
    if (client.reply.body != nullptr) said += client.reply.body->decode(message_slot(body)).to_string() + body;
    replies.push_back(said);
  }
  return {replies, client.end.ok()};
}

}  // namespace

TEST_CASE("Go's requests and replies are read", "[protobuf][rpc][golden]") {
  REQUIRE(conversations().size() == 3);
  for (const Json& conversation : conversations()) {
    if (!runs_here(conversation)) continue;
    INFO(conversation["name"].get<std::string>());
    ServerEnd server(options_of(conversation));
    ClientEnd client(options_of(conversation));
    std::uint64_t number = 0;
    for (const Json& step : conversation["steps"]) {
      REQUIRE(server.hear(bytes_of(step, "request")).next());
      CHECK(server.request.head.method == step["method"].get<std::string>());
      CHECK(server.request.head.tag.number == number);
      CHECK(server.body<std::string>() == bytes_of(step, "args"));
      REQUIRE(client.hear(bytes_of(step, "answer")).next());
      CHECK(client.reply.call == call_of(number));
      CHECK(client.reply.status.message() == step.value("error", ""));
      if (!step.contains("error")) CHECK(client.body<std::string>() == bytes_of(step, "reply"));
      ++number;
    }
  }
}

TEST_CASE("what is written is what Go writes", "[protobuf][rpc][golden]") {
  for (const Json& conversation : conversations()) {
    // Snappy leaves open how to compress; what cannot be is the same everywhere.
    if (!runs_here(conversation)) continue;
    INFO(conversation["name"].get<std::string>());
    ServerEnd server(options_of(conversation));
    ClientEnd client(options_of(conversation));
    std::uint64_t number = 0;
    for (const Json& step : conversation["steps"]) {
      const std::string args = bytes_of(step, "args");
      const std::string reply = bytes_of(step, "reply");
      const std::string method = step["method"];
      REQUIRE(client.call(call_of(number), method, message_ref(args)).ok());
      CHECK(to_hex(client.said()) == step["request"]);
      if (!step.contains("error")) {
        REQUIRE(server.reply(number, {}, message_ref(reply)).ok());
        CHECK(to_hex(server.said()) == step["answer"]);
      }
      ++number;
    }
  }
}

TEST_CASE("a recorded conversation that is cut off anywhere is answered as far as it goes",
          "[protobuf][rpc][golden][hostile]") {
  for (const Json& conversation : conversations()) {
    if (!runs_here(conversation)) continue;
    const protobuf::RpcOptions options = options_of(conversation);
    const std::string requests = stream_of(conversation, "request");
    const auto [answers, trusted] = served(options, requests);
    CHECK(trusted);
    for (std::size_t size = 0; size < requests.size(); ++size) {
      const auto [part, still] = served(options, std::string_view(requests).substr(0, size));
      if (!still || !answers.starts_with(part)) FAIL("cut off after " << size);
    }
    const std::string stream = stream_of(conversation, "answer");
    const auto [replies, sound] = heard(options, stream);
    CHECK(sound);
    for (std::size_t size = 0; size < stream.size(); ++size) {
      const auto [part, still] = heard(options, std::string_view(stream).substr(0, size));
      const bool begins = part.size() <= replies.size() && std::equal(part.begin(), part.end(), replies.begin());
      if (!still || !begins) FAIL("cut off after " << size);
    }
  }
}

TEST_CASE("a recorded conversation with any byte changed harms nobody", "[protobuf][rpc][golden][hostile]") {
  std::size_t changes = 0;
  std::size_t refused = 0;
  std::size_t most = 0;
  for (const Json& conversation : conversations()) {
    if (!runs_here(conversation)) continue;
    const protobuf::RpcOptions options = options_of(conversation);
    for (const char* member : {"request", "answer"}) {
      const std::string stream = stream_of(conversation, member);
      std::string changed = stream;
      for (std::size_t i = 0; i < stream.size(); ++i) {
        const auto byte = static_cast<unsigned char>(stream[i]);
        for (const int other : {0x00, 0x7f, 0x80, 0xff, byte ^ 0x01, byte + 1}) {
          changed[i] = static_cast<char>(other);
          if (changed[i] == stream[i]) continue;
          const std::size_t before = live_bytes();
          forget_peak();
          const bool trusted =
              std::string_view(member) == "request" ? served(options, changed).second : heard(options, changed).second;
          most = (std::max)(most, peak_bytes() - before);
          ++changes;
          if (!trusted) ++refused;
        }
        changed[i] = stream[i];
      }
    }
  }
  CHECK(changes > 5000);
  CHECK(refused > changes / 20);
  CHECK(refused < changes);
  if (counts_malloc()) CHECK(most <= std::size_t{1} << 20);
}
