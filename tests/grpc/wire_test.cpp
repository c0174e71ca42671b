#include "wire.hpp"

#include "polyrpc/core/describe.hpp"
#include "polyrpc/runtime/http_metadata.hpp"

#include "support/catch.hpp"
#include "text_format.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace polyrpc;
using namespace polyrpc::grpc;
using polyrpc::http::format_timeout;
using polyrpc::test::RunCompressor;
using polyrpc::test::TextFormat;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

std::string details_of(const Status& status) {
  std::string text;
  for (const StatusDetail& detail : status.details()) text += detail.type_url + "=" + detail.value + ";";
  return text;
}

/// What a reader makes of `bytes`: messages in brackets, and how it ends.
std::string read(std::string_view bytes, std::size_t piece, std::size_t limit = 10,
                 const Compressor* compressor = nullptr) {
  MessageReader reader;
  reader.reset(limit);
  reader.set_compressor(compressor);
  std::string seen;
  Status status;
  while (!bytes.empty() && status.ok()) {
    const std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    status = reader.append(as_bytes(part));
    while (reader.ready() > 0) {
      std::string text;
      const Status got = reader.next(TextFormat(), message_slot(text), {});
      seen += got.ok() ? "[" + text + "]" : "(" + got.to_string() + ")";
    }
  }
  return seen + (status.ok() ? reader.is_at_boundary() ? "." : "..." : status.to_string());
}

}  // namespace

TEST_CASE("a grpc-message is printable ASCII, the rest percent-encoded", "[grpc]") {
  CHECK(percent_encode("no such user") == "no such user");
  CHECK(percent_encode("100%") == "100%25");
  CHECK(percent_encode("\t\ntest with whitespace\r\nand Unicode BMP \xE2\x98\xBA and non-BMP \xF0\x9F\x98\x88\t\n") ==
        "%09%0Atest with whitespace%0D%0Aand Unicode BMP %E2%98%BA and non-BMP %F0%9F%98%88%09%0A");
  CHECK(percent_encode(" a ") == "%20a%20");
  CHECK(percent_encode("~\x7F") == "~%7F");
  CHECK(percent_encode("a\xFFz\xC0\xAF") == "a%EF%BF%BDz%EF%BF%BD%EF%BF%BD");
  CHECK(percent_encode("\xED\xA0\x80") == "%EF%BF%BD%EF%BF%BD%EF%BF%BD");  // half of a surrogate pair
  CHECK(percent_encode("").empty());
}

TEST_CASE("what was percent-encoded comes back, and broken sequences stay", "[grpc]") {
  const std::string text = "\t\n \xE2\x98\xBA \xF0\x9F\x98\x88 100% ";
  CHECK(percent_decode(percent_encode(text)) == text);
  CHECK(percent_decode("100% %zz %4") == "100% %zz %4");
  CHECK(percent_decode("%41%zz%4a") == "A%zzJ");
  CHECK(percent_decode("%") == "%");
  CHECK(percent_decode("%4") == "%4");
}

TEST_CASE("status details travel in a google.rpc.Status", "[grpc]") {
  Status status = Status::not_found("no");
  status.add_detail({"type.googleapis.com/a.B", "\x08\x01"}).add_detail({"", ""});
  const std::string encoded = encode_status(status);
  CHECK(encoded == "\x08\x05\x12\x02no\x1A\x1D\x0A\x17type.googleapis.com/a.B\x12\x02\x08\x01\x1A\x00"s);
  Status read = Status::not_found("no");
  REQUIRE(add_details(encoded, read).ok());
  CHECK(read == status);
}

TEST_CASE("details with unknown fields are read, broken ones are refused whole", "[grpc]") {
  Status status = Status::internal("x");
  // field 9 varint, field 3 with an unknown field inside, field 10 fixed32, field 11 fixed64
  const std::string good =
      "\x48\x96\x01\x1A\x07\x0A\x01t\x20\x05\x12\x00\x55\x01\x02\x03\x04\x59\x01\x02\x03\x04\x05\x06\x07\x08"s;
  REQUIRE(add_details(good, status).ok());
  CHECK(details_of(status) == "t=;");
  for (std::size_t cut = 1; cut < good.size(); ++cut) {
    Status other = Status::internal("x");
    if (!add_details(good.substr(0, cut), other).ok()) CHECK(other.details().empty());
  }
  for (const std::string& broken : {"\x1A\x05\x0A"s, "\x1A"s, "\x03"s, "\x1B"s, "\x00"s,
                                    "\x1A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"s, "\x1A\x02\x0A\x05"s, "\x08"s})
    CHECK(add_details(broken, status).code() == StatusCode::invalid_argument);
  CHECK(details_of(status) == "t=;");
}

TEST_CASE("codes are plain decimal numbers", "[grpc]") {
  CHECK(code_text(StatusCode::ok) == "0");
  CHECK(code_text(StatusCode::unauthenticated) == "16");
  CHECK(parse_code("0") == StatusCode::ok);
  CHECK(parse_code("14") == StatusCode::unavailable);
  CHECK(parse_code("17") == StatusCode::unknown);
  CHECK(parse_code("18446744073709551616") == StatusCode::unknown);
  CHECK_FALSE(parse_code("").has_value());
  CHECK_FALSE(parse_code("-1").has_value());
  CHECK_FALSE(parse_code("OK").has_value());
}

TEST_CASE("an HTTP status stands in for a missing grpc-status", "[grpc]") {
  CHECK(code_of_http(400) == StatusCode::internal);
  CHECK(code_of_http(401) == StatusCode::unauthenticated);
  CHECK(code_of_http(403) == StatusCode::permission_denied);
  CHECK(code_of_http(404) == StatusCode::unimplemented);
  for (const int http : {429, 502, 503, 504}) CHECK(code_of_http(http) == StatusCode::unavailable);
  for (const int http : {200, 204, 302, 418, 500, 505}) CHECK(code_of_http(http) == StatusCode::unknown);
}

TEST_CASE("resets have codes", "[grpc]") {
  CHECK(code_of_reset(7) == StatusCode::unavailable);
  CHECK(code_of_reset(8) == StatusCode::cancelled);
  CHECK(code_of_reset(11) == StatusCode::resource_exhausted);
  CHECK(code_of_reset(12) == StatusCode::permission_denied);
  for (const std::uint32_t code : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 9u, 10u, 13u, 99u})
    CHECK(code_of_reset(code) == StatusCode::internal);
  CHECK(reset_text(8) == "CANCEL");
  CHECK(reset_text(99) == "99");
}

TEST_CASE("a timeout has at most eight digits and is never more than what is left", "[grpc]") {
  CHECK(format_timeout(1ns) == "1n");
  CHECK(format_timeout(99'999'999ns) == "99999999n");
  CHECK(format_timeout(100'000'000ns) == "100000u");
  CHECK(format_timeout(1'998'806'999ns) == "1998806u");
  CHECK(format_timeout(100s) == "100000m");
  CHECK(format_timeout(720h) == "2592000S");
  CHECK(format_timeout(std::chrono::nanoseconds::max()) == "2562047H");
  CHECK(format_timeout(0ns) == "1n");
  CHECK(format_timeout(-5s) == "1n");
  for (const auto left : {1ns, 123'456'789ns, 99'999'999'999ns, 9'876'543'210'123'456ns}) {
    CHECK(*parse_timeout(format_timeout(left)) <= left);
    CHECK(format_timeout(left).size() <= 9);
  }
}

TEST_CASE("a timeout is read strictly", "[grpc]") {
  CHECK(*parse_timeout("3H") == 3h);
  CHECK(*parse_timeout("2M") == 2min);
  CHECK(*parse_timeout("00000007S") == 7s);
  CHECK(*parse_timeout("99999999m") == 99'999'999ms);
  CHECK(*parse_timeout("5u") == 5us);
  CHECK(*parse_timeout("0n") == 0ns);
  CHECK(*parse_timeout("99999999H") == std::chrono::nanoseconds::max());
  for (const char* wrong : {"", "n", "1", "123456789n", "-1n", "+1n", " 1n", "1 n", "1s", "1h", "1.5S", "1nn", "0x1n"})
    CHECK(parse_timeout(wrong).status().code() == StatusCode::invalid_argument);
}

TEST_CASE("a content type is gRPC's or not", "[grpc]") {
  CHECK(content_subtype("application/grpc") == "");
  CHECK(content_subtype("application/grpc+proto") == "proto");
  CHECK(content_subtype("Application/GRPC+json; charset=utf-8") == "json");
  CHECK(content_subtype("application/grpc;x=y") == "");
  CHECK(content_subtype("application/grpc ; x=y") == "");
  for (const char* other : {"", "application/grpcfoo", "application/grpc-web", "application/grpc-web+proto",
                            "application/grp", "text/html", "application/grpc+", "application/grpc/x"})
    CHECK_FALSE(content_subtype(other).has_value());
}

TEST_CASE("lists of encodings are read with and without spaces", "[grpc]") {
  const Compressors ours{std::make_shared<RunCompressor>()};
  CHECK(accept_encoding(ours) == "identity,run");
  CHECK(accept_encoding({}) == "identity");
  for (const char* list : {"run", "gzip,run", "gzip, run", "gzip ,\trun ,x"})
    CHECK(choose_compressor(ours, list) != nullptr);
  for (const char* list : {"", "runs", "ru n", "identity, gzip", "RUN"})
    CHECK(choose_compressor(ours, list) == nullptr);
  CHECK(accepts_encoding("", "identity"));
}

TEST_CASE("a method's path has a slash before its last part", "[grpc]") {
  CHECK(path_of("pkg.Service.Method") == "/pkg.Service/Method");
  CHECK(path_of("Arith.Multiply") == "/Arith/Multiply");
  CHECK(path_of("pkg.Service/Method") == "/pkg.Service/Method");
  CHECK(path_of("/pkg.Service/Method") == "/pkg.Service/Method");
  CHECK(path_of("ping") == "/ping");
}

TEST_CASE("binary metadata is sent unpadded and accepted both ways", "[grpc]") {
  CHECK(http::to_base64("") == "");
  CHECK(http::to_base64("\xAB\xAB") == "q6s");
  CHECK(http::to_base64("\0"s) == "AA");
  CHECK(http::to_base64("Man") == "TWFu");
  CHECK(http::to_base64("\xFF\xFE\xFD\xFC") == "//79/A");
  CHECK(http::from_base64("q6s") == "\xAB\xAB");
  CHECK(http::from_base64("q6s=") == "\xAB\xAB");
  CHECK(http::from_base64("AA") == "\0"s);
  CHECK(http::from_base64("AA==") == "\0"s);
  CHECK(http::from_base64("TWFu") == "Man");
  CHECK(http::from_base64("") == "");
  for (const char* wrong : {"A", "AAAAA", "q6s==", "q6s=q6s=", "====", "=", "A=", "AA=", "a-_b", "a b=", "*"})
    CHECK_FALSE(http::from_base64(wrong).has_value());
  std::string all;
  for (int i = 0; i < 256; ++i) {
    all.push_back(static_cast<char>(i));
    CHECK(http::from_base64(http::to_base64(all)) == all);
  }
}

TEST_CASE("headers become metadata, binary ones cut at commas", "[grpc]") {
  Metadata metadata;
  REQUIRE(add_header(metadata, "k", " v, w ").ok());
  REQUIRE(add_header(metadata, "x-bin", "q6s=, AA,").ok());
  CHECK(metadata == Metadata{{"k", "v, w"}, {"x-bin", "\xAB\xAB"}, {"x-bin", "\0"s}, {"x-bin", ""}});
  CHECK(add_header(metadata, "x-bin", "AA,!").code() == StatusCode::invalid_argument);
  CHECK(encode_value("k", "  v ") == "v");
  CHECK(encode_value("k-bin", " ") == "IA");
}

TEST_CASE("reserved names are no metadata", "[grpc]") {
  for (const char* name : {"grpc-timeout", "grpc-anything", ":path", "te", "content-type", "connection", "user-agent",
                           "transfer-encoding", "upgrade", "keep-alive", "proxy-connection", "content-length"}) {
    CHECK(is_reserved(name));
    CHECK(check_outgoing(Metadata{{name, "v"}}).code() == StatusCode::invalid_argument);
  }
  CHECK(check_outgoing(Metadata{{"authorization", "Bearer x"}, {"x-bin", "\xFF"}, {"grpc", "1"}}).ok());
  CHECK_FALSE(check_outgoing(Metadata{{"k", "a\nb"}}).ok());
}

TEST_CASE("a message has a prefix of five bytes", "[grpc]") {
  ByteQueue scratch;
  ByteQueue output;
  output.append("before");
  std::string text = "hello";
  REQUIRE(append_message(TextFormat(), message_ref(text), nullptr, scratch, output).ok());
  CHECK(output.text() == "before\0\0\0\0\5hello"s);
  text = "";
  REQUIRE(append_message(TextFormat(), message_ref(text), nullptr, scratch, output).ok());
  CHECK(output.text() == "before\0\0\0\0\5hello\0\0\0\0\0"s);
  output.clear();
  text = std::string(0x010203, 'a');
  REQUIRE(append_message(TextFormat(), message_ref(text), nullptr, scratch, output).ok());
  CHECK(output.text().substr(0, 6) == "\0\0\1\2\3a"s);
  output.clear();
  const RunCompressor run;
  REQUIRE(append_message(TextFormat(), message_ref(text), &run, scratch, output).ok());
  CHECK(output.text() == "\1\0\0\0\6a66051"s);
}

TEST_CASE("a message that can't be encoded leaves nothing behind", "[grpc]") {
  ByteQueue scratch;
  ByteQueue output;
  output.append("before");
  const std::string text = "bad";
  const RunCompressor run;
  CHECK_FALSE(append_message(TextFormat(), message_ref(text), nullptr, scratch, output).ok());
  CHECK_FALSE(append_message(TextFormat(), message_ref(text), &run, scratch, output).ok());
  CHECK(output.text() == "before");
}

TEST_CASE("messages are cut out of bytes in any pieces", "[grpc]") {
  const RunCompressor run;
  for (const std::size_t piece : {1, 2, 3, 5, 6, 7, 100}) {
    CHECK(read("\0\0\0\0\5hello\0\0\0\0\0\0\0\0\0\2hi"s, piece) == "[hello][][hi].");
    CHECK(read("\0\0\0\0\5hell"s, piece) == "...");
    CHECK(read("\0\0\0"s, piece) == "...");
    CHECK(read("", piece) == ".");
    // exactly the limit, and one more: refused with the fifth byte
    CHECK(read("\0\0\0\0\x0A"
               "0123456789"s,
               piece) == "[0123456789].");
    CHECK(read("\0\0\0\0\1a\0\0\0\0\x0B"s, piece) ==
          "[a]resource_exhausted: grpc: a message of 11 bytes is larger than the limit of 10");
    CHECK(read("\0\xFF\xFF\xFF\xFF"s, piece) ==
          "resource_exhausted: grpc: a message of 4294967295 bytes is larger than the limit of 10");
    CHECK(read("\1\0\0\0\2a3"s, piece) == "internal: grpc: a message is compressed, and no grpc-encoding was given");
    CHECK(read("\2\0\0\0\0"s, piece, 10, &run) == "internal: grpc: a message has the flag 2");
    // compressed and plain ones mixed
    CHECK(read("\1\0\0\0\2a3\0\0\0\0\2a3\1\0\0\0\0"s, piece, 10, &run) == "[aaa][a3][].");
    CHECK(read("\1\0\0\0\3a10"s, piece, 10, &run) == "[aaaaaaaaaa].");
    CHECK(read("\1\0\0\0\3a11"s, piece, 10, &run) == "(resource_exhausted: run: more than the limit).");
    CHECK(read("\1\0\0\0\1a"s, piece, 10, &run) == "(internal: grpc: run: broken).");
  }
}

TEST_CASE("messages before a broken prefix can be read after it was seen", "[grpc]") {
  MessageReader reader;
  reader.reset(10);
  CHECK_FALSE(reader.append(as_bytes("\0\0\0\0\1a\0\0\0\0\1b\7\0\0\0\0zzz"s)).ok());
  CHECK(reader.append(as_bytes("more")).code() == StatusCode::internal);
  CHECK(reader.ready() == 2);
  CHECK(as_text(*reader.next()) == "a");
  CHECK(reader.unread() == 6);
  CHECK(as_text(*reader.next()) == "b");
  CHECK(reader.unread() == 0);
  CHECK(reader.ready() == 0);
  reader.reset(10);
  CHECK(reader.is_at_boundary());
  CHECK(reader.append(as_bytes("\0\0\0\0\1a"s)).ok());
}
