#include "polyrpc/codecs/protobuf_rpc.hpp"
#include "polyrpc/polyrpc.hpp"

#include "door.hpp"
#include "rpc_ends.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace polyrpc;
using namespace polyrpc::test;

namespace {

const Protocols& all() {
  static const Protocols protocols = [] {
    Protocols made = standard_protocols();
    made.add(codec_protocol(protobuf::rpc()));
    return made;
  }();
  return protocols;
}

std::string whose(std::string_view first_bytes) {
  const Protocol* protocol = nullptr;
  switch (tell_protocol(all(), as_bytes(first_bytes), 64, protocol)) {
    case Match::yes:
      return std::string(protocol->name());
    case Match::no:
      return "nobody";
    case Match::more:
      break;
  }
  return "more";
}

struct Row {
  std::string first_bytes;
  std::string name;
};

std::vector<Row> table() {
  const std::string name_of_122(122, 'x');
  return {
      // Go's first call, whose id is 0, and a later one; ours; with every extension; one that streams
      {bytes("12 12 0e \"Arith.Multiply\" 18 04 04 08 07 10 08"), "protorpc"},
      {bytes("14 08 01 12 0e \"Arith.Multiply\" 18 04 04 08 07 10 08"), "protorpc"},
      {bytes("12 08 01 12 0e \"Arith.Multiply\" 00"), "protorpc"},
      {bytes("05 12 03 \"A.B\" 00"), "protorpc"},
      {bytes("0e 08 01 d8 3e 03 f2 3e 06 \"A.Chat\" 00"), "protorpc"},
      {bytes("10 08 01 18 02 d8 3e 02 f2 3e 06 \"A.List\" 02 08 07"), "protorpc"},
      {bytes("10 08 01 20 01 d8 3e 01 f2 3e 06 \"A.Summ\" 01 00"), "protorpc"},
      {bytes("fc 07 08 01 12 03 \"A.B\" d2 3e"), "protorpc"},
      {bytes("ff 07 12 7f") + name_of_122, "protorpc"},
      {bytes("1e 08 ff ff ff ff ff ff ff ff ff 01 12 0e \"Arith.Multiply\" 18 04"), "protorpc"},
      // Lengths that look like somebody else's first byte
      {bytes("0a 12 08 \"Ar.Mulx\" 00"), "protorpc"},
      {bytes("20 08 01 12 1a \"Arithmetics.MultiplyMatric\" 18 04 00"), "protorpc"},
      {bytes("7b 08 01 12 7a") + name_of_122.substr(0, 40), "nobody"},  // the name is longer than the header
      {bytes("7b 08 01 12 77") + name_of_122.substr(0, 119), "protorpc"},
      {bytes("5b 08 01 12 50") + name_of_122.substr(0, 80), "protorpc"},
      {bytes("47 08 01 12 40") + name_of_122.substr(0, 60), "protorpc"},
      {bytes("50 12 40") + name_of_122.substr(0, 60), "protorpc"},
      {bytes("16 08 01 12 10 \"Arith.Multiplied\" 18 02"), "protorpc"},
      // The others
      {bytes("20 7f 03 01 01 07") + "Request", "gob"},
      {bytes("2d ff 81 03 01 01 07") + "Request", "gob"},
      {"{\"method\":\"A.B\",\"params\":[],\"id\":0}", "jsonrpc"},
      {" \r\n[{\"jsonrpc\":\"2.0\"}]", "jsonrpc"},
      {"GET /healthz HTTP/1.1\r\n\r\n", "http/1.1"},
      {"CONNECT /_goRPC_ HTTP/1.0\n\n", "http/1.1"},
      {"POST /jsonrpc HTTP/1.1\r\n", "http/1.1"},
      // And nobody's
      {bytes("16 03 01 02 00 01"), "nobody"},  // TLS
      {bytes("00 00"), "nobody"},
      {bytes("01 08"), "nobody"},
      {bytes("02 08 01 00"), "nobody"},        // an id and nothing else
      {bytes("02 12 00 00"), "nobody"},        // a method without a name
      {bytes("05 12 09 \"A.B\""), "nobody"},   // longer than its header
      {bytes("05 0a 03 \"A.B\""), "nobody"},   // another field
      {bytes("ff ff ff 01 08 01"), "nobody"},  // a header of megabytes
      {bytes("0d 08 ff ff ff ff ff ff ff ff ff 02 12 00"), "nobody"},
      {"hello\n", "nobody"},
  };
}

}  // namespace

TEST_CASE("the first bytes tell the protocol, however they come", "[protobuf][rpc][door]") {
  for (const Row& row : table()) {
    INFO(to_hex(row.first_bytes));
    std::string told = "more";
    std::size_t size = 0;
    for (; size <= row.first_bytes.size() && told == "more"; ++size)
      told = whose(std::string_view(row.first_bytes).substr(0, size));
    if (row.name == "http/1.1" && told == "nobody") continue;  // built without it
    CHECK(told == row.name);
    // It stays so.
    for (; size <= row.first_bytes.size(); ++size)
      CHECK(whose(std::string_view(row.first_bytes).substr(0, size)) == told);
  }
}

TEST_CASE("the codec alone never says no to what is its own", "[protobuf][rpc][door]") {
  const auto codec = protobuf::rpc();
  CHECK(codec->name() == "protorpc");
  for (const Row& row : table()) {
    INFO(to_hex(row.first_bytes));
    for (std::size_t size = 0; size <= row.first_bytes.size(); ++size) {
      const Match match = codec->matches(as_bytes(std::string_view(row.first_bytes).substr(0, size)));
      if (row.name == "protorpc") {
        CHECK(match != Match::no);
        if (size == row.first_bytes.size()) CHECK(match == Match::yes);
      } else {
        CHECK(match != Match::yes);
      }
    }
  }
}
