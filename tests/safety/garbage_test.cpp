// What no client of any wire sends, and claims that are not kept.

#include "safety/growth.hpp"
#include "safety/services.hpp"
#include "safety/wires.hpp"
#include "support/catch.hpp"

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::string_literals;

constexpr std::size_t largest = 1 << 20;
constexpr std::size_t little = 512 << 10;  // what is read ahead, and the test's own

ServerOptions small_messages() {
  ServerOptions options;
  options.limits.codec.message_bytes = largest;
  return options;
}

struct Served {
  Served() : server(services.registry, standard_protocols(), small_messages()), witness(server) {
    answered = witness.is_answered();  // with the first calls buffers are made that stay
  }

  Services services;
  TurnedServer server;
  TurnedWitness witness;
  bool answered = false;
};

/// Bytes, and the end they are to have.
struct Garbage {
  enum End : std::uint8_t { cut, open };

  std::string name;
  std::string bytes;
  std::string answer;  ///< what comes back begins so; empty: nothing comes
  End end = cut;
};

void check(Served& served, const std::vector<Garbage>& all, std::size_t most = little) {
  REQUIRE(served.answered);
  for (const Garbage& garbage : all) {
    CAPTURE(garbage.name);
    const Growth growth;
    TurnedPeer peer(served.server);
    peer.send(garbage.bytes);
    CHECK(peer.closed() == (garbage.end == Garbage::cut));
    CHECK(growth.most() < most);
    const std::string answer = peer.take();
    CHECK(answer.substr(0, garbage.answer.size()) == garbage.answer);
    if (garbage.answer.empty()) CHECK(answer.empty());
    peer.finish_sending();
    CHECK(peer.closed());
  }
  CHECK(served.witness.is_answered());
}

std::string http(std::string_view status) { return "HTTP/1.1 " + std::string(status) + "\r\n"; }
std::string post(std::string_view fields) {
  return "POST /jsonrpc HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}
constexpr std::string_view connected = "HTTP/1.0 200 Connected to Go RPC\n\n";

}  // namespace

TEST_CASE("what speaks another protocol is cut without a word", "[garbage]") {
  Served served;
  check(served, {
                    {"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s + std::string(500, '\xa5'), ""},
                    {"SSH", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2\r\n", ""},
                    {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"s, ""},
                    {"Redis", "*1\r\n$4\r\nPING\r\n", ""},
                    {"PostgreSQL", "\x00\x00\x00\x08\x04\xd2\x16\x2f"s, ""},
                    {"RDP", "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00"s, ""},
                    {"SMB", "\x00\x00\x00\x85\xffSMBr"s, ""},
                    {"MQTT", "\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"s, ""},
                    {"SOCKS", "\x05\x01\x00"s, ""},
                    {"SMTP", "EHLO example.org\r\n", ""},
                    {"XML", "<?xml version=\"1.0\"?>", ""},
                    {"a method that HTTP does not have", "BREW / HTTP/1.1\r\n\r\n", ""},
                    {"JSON in UTF-16", "\xff\xfe{\x00\"\x00"s, ""},
                    {"zeros", std::string(100, '\0'), ""},
                    {"ones", std::string(100, '\xff'), ""},
                    {"blanks", std::string(100, ' '), ""},
                    {"a gob of 2^62 bytes", "\xf8\x40\0\0\0\0\0\0\0\xff\x81"s, ""},
                });
}

TEST_CASE("any bytes at all end with the peer that sends them, and harm nobody", "[garbage]") {
  Served served;
  REQUIRE(served.answered);
  std::mt19937 random(20240607);
  const auto some = [&](std::size_t most) {
    std::string bytes(1 + random() % most, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    return bytes;
  };
  const auto send = [&](const std::string& bytes) {
    TurnedPeer peer(served.server);
    peer.send(bytes);
    peer.finish_sending();
    return peer.closed();
  };
  const Growth growth;
  for (int i = 0; i < 1000; ++i) {
    const std::string bytes = some(200);
    REQUIRE(send(bytes));
  }
  for (const Wire& wire : wires()) {
    CAPTURE(wire.name);
    Voice voice(wire);
    const std::string good = voice.call("Test.Echo", "hello") + voice.call("Test.Later", "hello") +
                             voice.call("Test.Echo", std::string(200, 'x'));
    for (std::size_t size = 1; size <= good.size(); ++size) {
      CAPTURE(size);
      REQUIRE(send(good.substr(0, size) + some(100)));
      for (const int value : {0x00, 0x7f, 0x80, 0xff}) {
        std::string changed = good;
        changed[size - 1] = static_cast<char>(value);
        REQUIRE(send(changed));
      }
      std::string flipped = good;
      flipped[size - 1] = static_cast<char>(flipped[size - 1] ^ (1 << random() % 8));
      REQUIRE(send(flipped));
    }
    CHECK(served.witness.is_answered());
  }
  CHECK(growth.most() < 4 * largest);  // the log, too
}

// ---- claims ----

namespace {

/// An unsigned number as gob writes it.
std::string gob_number(std::uint64_t number) {
  if (number < 128) return std::string(1, static_cast<char>(number));
  std::string bytes;
  for (; number != 0; number >>= 8) bytes.insert(bytes.begin(), static_cast<char>(number & 0xff));
  return static_cast<char>(-static_cast<int>(bytes.size())) + bytes;
}

/// A message with its length, or with another one that it claims.
std::string gob_message(const std::string& content, std::uint64_t claimed = 0) {
  return gob_number(claimed != 0 ? claimed : content.size()) + content;
}

/// The contents of messages, of which each is shorter than 128 bytes.
std::vector<std::string> gob_messages(std::string_view stream) {
  std::vector<std::string> messages;
  while (!stream.empty()) {
    const auto size = static_cast<std::size_t>(stream.front());
    messages.emplace_back(stream.substr(1, size));
    stream.remove_prefix(1 + size);
  }
  return messages;
}

/// What a gob client sends to call a method with some numbers: definitions, header, definition, and the list.
struct GobCall {
  explicit GobCall(std::string_view method) {
    const auto client = gob::net_rpc()->client({});
    const std::vector<std::int64_t> numbers = {1, 2, 3};
    RequestHead head;
    head.method = method;
    ByteQueue output;
    if (!client->write_request(head, message_ref(numbers), output).ok()) throw std::runtime_error("no gob call");
    const std::vector<std::string> messages = gob_messages(output.text());
    // The last one is the list: its type, a zero, the count, the numbers.
    list = messages.back();
    const std::size_t type = list.size() - 5;
    list_type = list.substr(0, type);
    header = messages.at(1);
    for (std::size_t i = 0; i + 1 < messages.size(); ++i) {
      if (i < 1) definitions += gob_message(messages[i]);
      before_list += gob_message(messages[i]);
    }
  }

  std::string definitions;  // of the header
  std::string header;
  std::string before_list;  // all of it
  std::string list_type;
  std::string list;
};

}  // namespace

TEST_CASE("a length that gob claims takes no memory, and ends as it should", "[garbage]") {
  Served served;
  const GobCall sum("Test.Sum");
  const GobCall nobody("Test.Nobody");
  const std::string zero(1, '\0');
  const std::uint64_t huge = std::uint64_t{1} << 62;
  // A reply with an error: what a client reads.
  const auto refused = [&](const std::string& bytes) {
    Voice voice(wires().front());
    TurnedPeer peer(served.server);
    peer.send(bytes);
    static_cast<void>(voice.call("Test.Sum", std::int64_t{0}));
    const std::string answer = peer.take();
    return voice.hear(answer).ok() && voice.outcome(0) && !voice.outcome(0)->ok();
  };

  REQUIRE(served.answered);
  {
    TurnedPeer peer(served.server);
    peer.send(sum.before_list + gob_message(sum.list));
    CHECK_FALSE(peer.take().empty());
  }
  check(served,
        {
            {"a header of 2^62 bytes", sum.definitions + gob_message(sum.header, huge), ""},
            {"a header longer than a message may be", sum.definitions + gob_message(sum.header, largest + 1), ""},
            {"a header as long as a message may be", sum.definitions + gob_message(sum.header, largest), "",
             Garbage::open},
            {"a name of 2^62 bytes",
             sum.definitions + gob_message(sum.header.substr(0, 2) + "\x01" + gob_number(huge) + "Test"), ""},
            {"a body as long as a message may be", sum.before_list + gob_message(sum.list, largest), "", Garbage::open},
        });
  for (const std::uint64_t count : {std::uint64_t{4}, std::uint64_t{1} << 20, std::uint64_t{1} << 40, huge}) {
    CAPTURE(count);
    const std::string claim = gob_message(sum.list_type + zero + gob_number(count) + "\x02\x04\x06");
    const Growth growth;
    CHECK(refused(sum.before_list + claim));
    CHECK(refused(nobody.before_list + claim));
    CHECK(growth.most() < little);
  }
  CHECK(served.witness.is_answered());
}

TEST_CASE("JSON without an end takes no more than a message may, and ends as it should", "[garbage]") {
  Served served;
  const std::string v2 = R"({"jsonrpc":"2.0","method":"Test.Echo","id":1,"params":)";
  const std::string error = R"({"jsonrpc":"2.0","id":null,"error":{"code":-32)";
  const std::string much(3 * largest, '1');
  std::string list = "[1";
  while (list.size() < 2 * largest) list += ",1";
  check(served,
        {
            {"a string", R"({"method":")" + much, ""},
            {"a string in 2.0", v2 + "[\"" + much, error},
            {"a name", "{\"" + much, ""},
            {"a number", v2 + much, error},
            {"lists in lists", v2 + std::string(100'000, '['), error},
            {"objects in objects", R"({"a":)" + std::string(100'000, '{'), ""},
            {"blanks", v2 + std::string(3 * largest, ' '), error},
            {"a list", v2 + list, error},
            {"a batch", list, error},
            {"a zero byte", "{\"a\":\0"s, ""},
            {"no UTF-8", "{\"a\":\"\xc0\xaf", ""},
        },
        8 * largest);
  check(served, {
                    {"a string that may still end", R"({"method":")" + much.substr(0, 1000), "", Garbage::open},
                });
}

TEST_CASE("a size that HTTP claims takes no memory, and ends as it should", "[garbage]") {
  Served served;
  const std::string much(200'000, 'x');
  std::string fields;
  for (int i = 0; i < 101; ++i) fields += "X: y\r\n";
  const std::string connect = "CONNECT /_goRPC_ HTTP/1.0\n\n";
  check(served,
        {
            {"a field without an end", "GET / HTTP/1.1\r\nX: " + much, http("431 Request Header Fields Too Large")},
            {"a target without an end", "GET /" + much, http("414 URI Too Long")},
            {"too many fields", post(fields), http("431 Request Header Fields Too Large")},
            {"a body of 2^62 bytes", post("Content-Length: 4611686018427387904\r\n"), http("413 Content Too Large")},
            {"a body of 2^64 bytes", post("Content-Length: 18446744073709551616\r\n"), http("400 Bad Request")},
            {"a body longer than a message may be", post("Content-Length: 1048577\r\n"), http("413 Content Too Large")},
            {"a body as long as a message may be", post("Content-Length: 1048576\r\n") + "{}", "", Garbage::open},
            {"a chunk of 2^64 bytes", post("Transfer-Encoding: chunked\r\n") + "ffffffffffffffff\r\n",
             http("413 Content Too Large")},
            {"a chunk of more than that", post("Transfer-Encoding: chunked\r\n") + "10000000000000000\r\n",
             http("400 Bad Request")},
            {"a chunk as long as a message may be", post("Transfer-Encoding: chunked\r\n") + "100000\r\n{}", "",
             Garbage::open},
            {"a chunk's extension without an end", post("Transfer-Encoding: chunked\r\n") + "1;" + much,
             http("413 Content Too Large")},
            {"trailers without an end", post("Transfer-Encoding: chunked\r\n") + "0\r\nX: " + much,
             http("413 Content Too Large")},
            {"a header of zeros", "GET " + std::string(100, '\0') + "\r\n\r\n", http("400 Bad Request")},
            {"HTTP/0.9", "GET /\r\n\r\n", http("400 Bad Request")},
            {"TLS behind CONNECT", connect + "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, std::string(connected)},
            {"a gob of 2^62 bytes behind CONNECT", connect + "\xf8\x40\0\0\0\0\0\0\0\xff\x81"s, std::string(connected)},
        });
}
