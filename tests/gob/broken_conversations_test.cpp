// Go's recorded conversations, cut off after every byte and with every byte changed: the peer is answered, or not
// trusted any more, and nothing else happens.

#include "polyrpc/codecs/gob.hpp"
#include "polyrpc/codecs/gob_value.hpp"

#include "gob/arith.hpp"
#include "gob/golden.hpp"
#include "support/catch.hpp"
#include "support/counted_new.hpp"

#include <algorithm>

using namespace polyrpc;
using namespace polyrpc::gob::test;

namespace {

constexpr std::size_t most_memory = std::size_t{1} << 20;

std::string bytes_of(const Json& conversation, const std::string& from) {
  std::string bytes;
  for (const Json& step : conversation["steps"])
    if (step["from"] == from && step.contains("hex") && step.contains("values"))
      bytes += from_hex(step["hex"].get<std::string>());
  return bytes;
}

/// What a server's end answers, and whether it would hear more.
std::pair<std::string, bool> served(const Codec& codec, std::string_view bytes) {
  const auto server = codec.server({});
  ByteQueue input;
  ByteQueue output;
  input.append(bytes);
  const bool trusted = serve_all(*server, input, output);
  return {std::string(output.text()), trusted};
}

struct Heard {
  std::vector<std::string> replies;
  bool trusted = true;
};

/// What a client's end understands.
Heard heard(const Codec& codec, std::string_view bytes) {
  const auto client = codec.client({});
  ByteQueue input;
  input.append(bytes);
  Heard result;
  IncomingReply reply;
  for (;;) {
    const Result<bool> got = client->next_reply(input, reply);
    if (!got.ok()) result.trusted = false;
    if (!got.ok() || !*got) return result;
    std::string said = std::to_string(reply.call) + " " + reply.status.to_string();
    if (reply.status.ok()) {
      gob::Value body;
      std::int64_t number = 0;
      Quotient quotient;
      const Status status = reply.body->decode(message_slot(body));
      said += status.ok() ? " " + to_string(body) : " " + status.to_string();
      // The other types it may have been called with; one of them suits at most.
      if (reply.body->decode(message_slot(number)).ok()) said += " number";
      if (reply.body->decode(message_slot(quotient)).ok()) said += " quotient";
    }
    result.replies.push_back(std::move(said));
  }
}

/// Calls `each` with the bytes changed in one place, in every way that means something in gob.
template <class Each>
void for_each_change(const std::string& bytes, Each each) {
  std::string changed = bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    for (const int other : {0x00, 0x7f, 0x80, 0xff, byte ^ 0x01, byte + 1}) {
      changed[i] = static_cast<char>(other);
      if (changed[i] != bytes[i]) each(changed, i);
    }
    changed[i] = bytes[i];
  }
}

/// Calls `each` with the bytes of either end in every gob conversation; ends with how many there were.
template <class Each>
void for_each_stream(const std::string& from, Each each) {
  std::size_t streams = 0;
  for (const Json& conversation : vectors()["conversations"]) {
    if (conversation["transport"] == "json") continue;
    INFO(conversation["name"].get<std::string>());
    each(bytes_of(conversation, from));
    ++streams;
  }
  CHECK(streams >= 15);
}

}  // namespace

TEST_CASE("a conversation that is cut off anywhere is answered as far as it goes", "[gob][hostile]") {
  const auto codec = gob::net_rpc(fresh_options());
  for_each_stream("client", [&](const std::string& bytes) {
    const auto [whole, trusted] = served(*codec, bytes);
    CHECK(trusted);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto [part, still_trusted] = served(*codec, std::string_view(bytes).substr(0, size));
      if (!still_trusted || !whole.starts_with(part)) FAIL("cut off after " << size << ": " << to_hex(part));
    }
  });
  for_each_stream("server", [&](const std::string& bytes) {
    const Heard whole = heard(*codec, bytes);
    CHECK(whole.trusted);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const Heard part = heard(*codec, std::string_view(bytes).substr(0, size));
      const bool begins = part.replies.size() <= whole.replies.size() &&
                          std::equal(part.replies.begin(), part.replies.end(), whole.replies.begin());
      if (!part.trusted || !begins) FAIL("cut off after " << size);
    }
  });
}

TEST_CASE("a conversation with any byte changed harms nobody", "[gob][hostile]") {
  const auto codec = gob::net_rpc(fresh_options());
  std::size_t changes = 0;
  std::size_t refused = 0;
  std::size_t most = 0;
  const auto measured = [&](auto run) {
    const std::size_t before = test::live_bytes();
    test::forget_peak();
    ++changes;
    if (!run()) ++refused;
    most = (std::max)(most, test::peak_bytes() - before);
  };
  for_each_stream("client", [&](const std::string& bytes) {
    for_each_change(bytes, [&](const std::string& changed, std::size_t) {
      measured([&] { return served(*codec, changed).second; });
    });
  });
  for_each_stream("server", [&](const std::string& bytes) {
    for_each_change(bytes, [&](const std::string& changed, std::size_t) {
      measured([&] { return heard(*codec, changed).trusted; });
    });
  });
  CHECK(changes > 20'000);
  CHECK(refused > changes / 20);
  CHECK(refused < changes);
  if (test::counts_malloc()) CHECK(most <= most_memory);
}
