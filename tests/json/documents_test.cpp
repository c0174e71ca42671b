#include "polyrpc/core/any.hpp"

#include "rpc_harness.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

// What is JSON and what is not, asked of every road a text can take: read as a value of any form, passed over as an
// unknown member, and cut out of a stream byte by byte.
namespace polyrpc::test {

namespace {

using namespace std::string_view_literals;

struct Document {
  std::string_view text;
  bool valid;
};

constexpr bool valid = true;
constexpr bool invalid = false;

const std::vector<Document> documents = {
    // values
    {"null", valid},
    {"true", valid},
    {"false", valid},
    {"\"\"", valid},
    {"[]", valid},
    {"{}", valid},
    {"0", valid},
    {" null", valid},
    {"null ", valid},
    {"\t\r\n [ ] \n", valid},
    {"{ }", valid},
    {"nul", invalid},
    {"nulll", invalid},
    {"Null", invalid},
    {"tru", invalid},
    {"True", invalid},
    {"TRUE", invalid},
    {"falsy", invalid},
    {"undefined", invalid},
    {"NaN", invalid},
    {"Infinity", invalid},
    {"-Infinity", invalid},
    {"nan", invalid},
    {"", invalid},
    {" ", invalid},
    {"\xEF\xBB\xBF{}", invalid},  // a byte order mark
    {"\xA0{}", invalid},
    {"\f[]", invalid},
    {"\v[]", invalid},
    {"[\f]", invalid},
    {"\0"sv, invalid},
    {"[1\0]"sv, invalid},
    {"{}\0"sv, invalid},
    {"// c\n1", invalid},
    {"1 // c", invalid},
    {"/* */ 1", invalid},
    {"[1,/**/2]", invalid},
    {"# 1", invalid},
    {"'a'", invalid},
    {"`a`", invalid},
    {"a", invalid},
    {"@", invalid},
    {"<null>", invalid},
    {"*", invalid},

    // numbers
    {"-0", valid},
    {"-1", valid},
    {"123456789", valid},
    {"0.0", valid},
    {"-0.0", valid},
    {"0.5", valid},
    {"1.25e3", valid},
    {"1E5", valid},
    {"1e+5", valid},
    {"1e-5", valid},
    {"0e1", valid},
    {"0E+1", valid},
    {"1e007", valid},
    {"18446744073709551616", valid},
    {"123456789012345678901234567890", valid},
    {"0.000000000000000000000000000000000000000000000000001", valid},
    {"00", invalid},
    {"01", invalid},
    {"-01", invalid},
    {"-00", invalid},
    {"+1", invalid},
    {"-", invalid},
    {"--1", invalid},
    {".5", invalid},
    {"-.5", invalid},
    {"5.", invalid},
    {"5.e1", invalid},
    {"1.2.3", invalid},
    {"1e", invalid},
    {"1e+", invalid},
    {"1e-", invalid},
    {"1e1.5", invalid},
    {"1ee1", invalid},
    {"1e+-1", invalid},
    {"e1", invalid},
    {"0x1F", invalid},
    {"0b1", invalid},
    {"1_000", invalid},
    {"1 000", invalid},
    {"1,0", invalid},
    {"1a", invalid},
    {"[-]", invalid},
    {"[1.]", invalid},
    {"[0e]", invalid},
    {"[1e,2]", invalid},
    {"[.1]", invalid},
    {"[012]", invalid},
    {"[-012]", invalid},
    {"[1+2]", invalid},
    {"\xEF\xBC\x91", invalid},  // a fullwidth digit

    // lists
    {"[1]", valid},
    {"[1,2,3]", valid},
    {"[ 1 , 2 ]", valid},
    {"[[],[[]]]", valid},
    {"[null,true,\"x\",{},[]]", valid},
    {"[", invalid},
    {"]", invalid},
    {"[1", invalid},
    {"[1,", invalid},
    {"[,", invalid},
    {"[,1]", invalid},
    {"[1,]", invalid},
    {"[1,,2]", invalid},
    {"[1 2]", invalid},
    {"[1;2]", invalid},
    {"[\"a\" \"b\"]", invalid},
    {"[1:2]", invalid},
    {"[1}", invalid},
    {"[[]", invalid},
    {"[]]", invalid},
    {"[}", invalid},
    {"[][]", invalid},
    {"[3[4]]", invalid},
    {"[\"x\", truth]", invalid},
    {"[nul]", invalid},

    // objects
    {"{\"a\":1}", valid},
    {"{\"a\":1,\"b\":[2]}", valid},
    {"{ \"a\" : 1 , \"b\" : 2 }", valid},
    {"{\"\":0}", valid},
    {"{\"a\":1,\"a\":2}", valid},
    {"{\"\\u0061\":1}", valid},
    {"{\"a\":{\"b\":{}}}", valid},
    {"{", invalid},
    {"}", invalid},
    {"{\"a\"", invalid},
    {"{\"a\"}", invalid},
    {"{\"a\":}", invalid},
    {"{\"a\":1", invalid},
    {"{\"a\":1,", invalid},
    {"{\"a\":1,}", invalid},
    {"{,}", invalid},
    {"{,\"a\":1}", invalid},
    {"{\"a\":1,,\"b\":2}", invalid},
    {"{\"a\" 1}", invalid},
    {"{\"a\"::1}", invalid},
    {"{\"a\":1:2}", invalid},
    {"{\"a\":1 \"b\":2}", invalid},
    {"{\"a\",\"b\"}", invalid},
    {"{a:1}", invalid},
    {"{'a':1}", invalid},
    {"{1:1}", invalid},
    {"{null:1}", invalid},
    {"{[]:1}", invalid},
    {"{{}:1}", invalid},
    {"{\"a\":1]", invalid},
    {"{]", invalid},
    {"{}}", invalid},
    {"{}{}", invalid},
    {"{\"a\":1}x", invalid},
    {"{\"a\":\"a", invalid},
    {"{\"a\\\":1}", invalid},

    // strings
    {"\"abc\"", valid},
    {"\"a\\nb\\tc\\r\\b\\f\\/\\\\\\\"\"", valid},
    {"\"\\u0041\\u00e9\\u20AC\\u20ac\"", valid},
    {"\"\\u0000\"", valid},
    {"\"\\uD83D\\uDE00\"", valid},
    {"\"\x7F\"", valid},
    {"\"\xC2\x80\xDF\xBF\"", valid},
    {"\"\xE0\xA0\x80\xEF\xBF\xBF\"", valid},
    {"\"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\"", valid},
    {"\"\xE2\x80\xA8\xE2\x80\xA9\"", valid},
    {"\"0123456789012345678901234567890123456789012345678901234567890123456789\"", valid},
    {"\"0123456789012345678901234567890123456789\xC3\xA9 and so on, and on, and on\"", valid},
    {"\"", invalid},
    {"\"a", invalid},
    {"a\"", invalid},
    {"\"a\"b\"", invalid},
    {"\"\\\"", invalid},
    {"\"\\", invalid},
    {"\"\\a\"", invalid},
    {"\"\\x41\"", invalid},
    {"\"\\0\"", invalid},
    {"\"\\'\"", invalid},
    {"\"\\N\"", invalid},
    {"\"\\ \"", invalid},
    {"\"\\u\"", invalid},
    {"\"\\u0\"", invalid},
    {"\"\\u00\"", invalid},
    {"\"\\u004\"", invalid},
    {"\"\\u004g\"", invalid},
    {"\"\\u 041\"", invalid},
    {"\"\\u+041\"", invalid},
    {"\"\\U0041\"", invalid},
    {"\"\\uD83D\\u\"", invalid},
    {"\"\\uD83D\\uDE0\"", invalid},
    {"\"\n\"", invalid},
    {"\"\t\"", invalid},
    {"\"\r\"", invalid},
    {"\"\0\""sv, invalid},
    {"\"\x1F\"", invalid},
    {"\"0123456789012345678901234567890123456789\x01 and so on, and on, and on, and on\"", invalid},
    {"[\"line\nbreak\"]", invalid},

    // UTF-8
    {"\"\x80\"", invalid},
    {"\"\xBF\"", invalid},
    {"\"\xC0\x80\"", invalid},  // overlong
    {"\"\xC1\xBF\"", invalid},
    {"\"\xE0\x80\x80\"", invalid},
    {"\"\xE0\x9F\xBF\"", invalid},
    {"\"\xF0\x80\x80\x80\"", invalid},
    {"\"\xF0\x8F\xBF\xBF\"", invalid},
    {"\"\xED\xA0\x80\"", invalid},  // a surrogate
    {"\"\xED\xBF\xBF\"", invalid},
    {"\"\xF4\x90\x80\x80\"", invalid},  // above U+10FFFF
    {"\"\xF5\x80\x80\x80\"", invalid},
    {"\"\xFE\"", invalid},
    {"\"\xFF\"", invalid},
    {"\"\xC3\"", invalid},  // cut off
    {"\"\xE2\x82\"", invalid},
    {"\"\xF0\x9F\x98\"", invalid},
    {"\"\xC3(\"", invalid},
    {"\"\xE2\x28\xA1\"", invalid},
    {"\"\xE2\x82\x28\"", invalid},
    {"\"\xE9\"", invalid},  // Latin-1
    {"\"0123456789012345678901234567890123456789\xFF and so on, and on, and on, and on\"", invalid},
    {"{\"\xFF\":1}", invalid},
    {"[\"\xC3\xA9\",\"\x80\"]", invalid},
    {"\xC3\xA9", invalid},
};

/// Whether a codec takes the text for one whole value and nothing else, fed in pieces of `piece`.
bool is_taken_from_stream(std::string_view text, std::size_t piece) {
  RpcServerHarness server;
  bool called = false;
  server.add_raw("Any.Thing", [&](RpcServerHarness& harness, const IncomingRequest& request) {
    called = true;
    harness.reply(request.head.tag, "Any.Thing", {}, message_ref(true));
  });
  std::string request = "{\"params\":[";
  request += text;
  request += "],\"method\":\"Any.Thing\"}";
  return server.feed_in_pieces(request, piece) && called && server.input().empty();
}

}  // namespace

TEST_CASE("JSON is taken and what is not JSON is refused, on every road", "[json]") {
  REQUIRE(documents.size() >= 200);
  for (const auto& [text, is_valid] : documents) {
    INFO("document " << text);
    // Another reader as the judge of the table.
    CHECK(nlohmann::json::accept(text) == (is_valid || text.starts_with("\xEF\xBB\xBF") || text == "{}\0"sv));

    nlohmann::json dynamic;
    const Status as_dynamic = json::decode(text, dynamic);
    CHECK(as_dynamic.ok() == is_valid);
    Any any;
    CHECK(json::decode(text, any).ok() == is_valid);

    // Passed over.
    const std::string around = "{\"unknown\":" + std::string(text) + "}";
    Nothing nothing;
    CHECK(json::decode(around, nothing).ok() == is_valid);

    // A list's elements are several values, so texts that make it so are left out.
    if (text != "" && text != " " && text != "1,0") {
      for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}})
        CHECK(is_taken_from_stream(text, piece) == is_valid);
    }
    // A refusal says who speaks.
    if (!is_valid) CHECK(as_dynamic.message().starts_with("json: "));
  }
}

TEST_CASE("dynamic values come out as they went in", "[json]") {
  for (const auto& [text, is_valid] : documents) {
    if (!is_valid) continue;
    INFO("document " << text);
    nlohmann::json ours;
    REQUIRE(json::decode(text, ours).ok());
    CHECK(ours == nlohmann::json::parse(text));
    ByteQueue out;
    REQUIRE(json::encode(ours, out).ok());
    CHECK(nlohmann::json::parse(out.text()) == ours);
  }
}

TEST_CASE("surrogates without their other half become U+FFFD", "[json]") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {R"("\uD83D")", "\xEF\xBF\xBD"},
      {R"("\uDE00")", "\xEF\xBF\xBD"},
      {R"("\uDE00\uD83D")", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {R"("\uD83Dx")", "\xEF\xBF\xBDx"},
      {R"("\uD83D\n")", "\xEF\xBF\xBD\n"},
      {R"("\uD83D\u0041")",
       "\xEF\xBF\xBD"
       "A"},
      {R"("\uD83D\uD83D\uDE00")", "\xEF\xBF\xBD\xF0\x9F\x98\x80"},
      {R"("\uD83D\uDE00")", "\xF0\x9F\x98\x80"},
      {R"("\uDBFF\uDFFF")", "\xF4\x8F\xBF\xBF"},
  };
  for (const auto& [text, want] : rows) {
    std::string got;
    REQUIRE(json::decode(text, got).ok());
    CHECK(got == want);
  }
}

TEST_CASE("every text is taken or refused alike whatever pieces it comes in", "[json]") {
  const std::string text = R"({"method":"Arith.Upper","params":["a\u00e9\ud83d\ude00 )"
                           "\xC3\xA9"
                           R"( \"quoted\" and quite a bit longer than a block"],)"
                           R"("id":{"a":[1.5e3,-0,true,null,"x y"]}}  )"
                           R"({"jsonrpc":"2.0","method":"Arith.Sum","params":[1,-2,30000],"id":"z"})";
  RpcServerHarness whole;
  REQUIRE(whole.feed(text));
  const std::string want = whole.take();
  REQUIRE(!want.empty());
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    RpcServerHarness parts;
    REQUIRE(parts.feed(text.substr(0, cut)));
    REQUIRE(parts.feed(text.substr(cut)));
    CHECK(parts.take() == want);
  }
  for (std::size_t piece = 1; piece < 20; ++piece) {
    RpcServerHarness parts;
    REQUIRE(parts.feed_in_pieces(text, piece));
    CHECK(parts.take() == want);
  }
}

}  // namespace polyrpc::test
