#include "polyrpc/runtime/connect.hpp"

#include "polyrpc/runtime/connect_status.hpp"
#include "polyrpc/runtime/registry.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace polyrpc;
using namespace std::chrono_literals;
using connect::Answer;
using connect::Route;
using connect::ServerCall;
using connect::Service;

namespace {

/// Text as it is; what is not text or begins with "bad" cannot be said.
class TextFormat final : public MessageFormat {
 public:
  explicit TextFormat(std::string_view name) : name_(name) {}
  std::string_view name() const noexcept override { return name_; }
  Status encode(MessageRef message, ByteQueue& output) const override {
    const auto& text = *static_cast<const std::string*>(message.object);
    if (text.starts_with("bad")) return Status::invalid_argument("text: bad");
    output.append(text);
    return {};
  }
  Status decode(std::span<const std::byte> bytes, MessageSlot into, const CodecLimits&, Scratch*) const override {
    if (as_text(bytes).starts_with("bad")) return Status::invalid_argument("text: bad");
    *static_cast<std::string*>(into.object) = as_text(bytes);
    return {};
  }

 private:
  std::string_view name_;
};

/// Every byte twice.
class Doubler final : public Compressor {
 public:
  explicit Doubler(std::string_view name, bool shrinks = false) : name_(name), shrinks_(shrinks) {}
  std::string_view name() const noexcept override { return name_; }
  Status compress(std::span<const std::byte> from, ByteQueue& output) const override {
    if (shrinks_) return output.push_back(static_cast<char>('0' + from.size() % 10)), Status();
    for (const std::byte byte : from) output.append(std::vector<std::byte>{byte, byte});
    return {};
  }
  Status decompress(std::span<const std::byte> from, std::size_t limit, ByteQueue& output) const override {
    if (from.size() % 2 != 0) return Status::invalid_argument("doubler: half a pair");
    if (from.size() / 2 > limit) return Status::resource_exhausted("doubler: too much");
    for (std::size_t i = 0; i < from.size(); i += 2) output.push_back(from[i]);
    return {};
  }

 private:
  std::string_view name_;
  bool shrinks_;
};

class StreamingHandler final : public Handler {
 public:
  StreamingHandler() : Handler(Road::plain, shape_of<std::string>(), shape_of<std::string>()) {}
  CallKind kind() const noexcept override { return CallKind::server_streaming; }
  Status call(Context&, void*, void*) const override { return {}; }
};

connect::Options standard() {
  connect::Options options;
  options.formats = {std::make_shared<TextFormat>("json"), std::make_shared<TextFormat>("proto")};
  options.compressors = {std::make_shared<Doubler>("small", true), std::make_shared<Doubler>("double")};
  options.compress_from = 3;
  return options;
}

using Fields = std::vector<http::Field>;
const Fields json = {{"Content-Type", "application/json"}};

Fields with(Fields fields, std::string_view name, std::string_view value) {
  fields.push_back({name, value});
  return fields;
}

struct Fixture {
  explicit Fixture(connect::Options options = standard()) : service(std::move(options)) {
    registry.add("pkg.Arith.Echo", [](const std::string& text) { return text; });
    registry.add("pkg.Slash/Echo", [](const std::string& text) { return text; });
    registry.add("plain", [](const std::string& text) { return text; });
    registry.add_handler("pkg.Arith.Stream", std::make_unique<StreamingHandler>());
  }

  Route route(std::string_view path, const Fields& fields = json, std::string_view verb = "POST") const {
    return service.route(verb, path, fields, registry);
  }

  Registry registry;
  Service service;
};

/// One exchange, by hand.
struct Exchange {
  explicit Exchange(Fixture& fixture, const Fields& fields, std::string_view body = "hello", CodecLimits limits = {},
                    std::size_t header_limit = 1000)
      : route(fixture.route("/pkg.Arith/Echo", fields)), call(fixture.service, route, fields, limits, header_limit) {
    input.append(body);
    cut = call.next_request(input, request);
  }

  Status decode(std::string& into) const { return request.body->decode(message_slot(into)); }
  Status reply(const Status& status, const std::string& text = "reply", const Metadata* headers = nullptr,
               const Metadata* trailers = nullptr) {
    return call.write_reply({request.head.tag, request.head.method, status, headers, trailers}, message_ref(text),
                            output);
  }
  std::string field(std::string_view name) const {
    for (const auto& [key, value] : call.answer().fields)
      if (key == name) return value;
    return "none";
  }

  Route route;
  ServerCall call;
  ByteQueue input;
  ByteQueue output;
  IncomingRequest request;
  Result<bool> cut = false;
};

}  // namespace

TEST_CASE("a method is found by its path", "[connect]") {
  const Fixture fixture;
  const Route found = fixture.route("/pkg.Arith/Echo");
  CHECK(found.kind == Route::Kind::call);
  REQUIRE(found.method != nullptr);
  CHECK(found.method->name == "pkg.Arith.Echo");
  CHECK(found.format->name() == "json");
  CHECK(fixture.route("/pkg.Slash/Echo").kind == Route::Kind::call);

  for (const std::string_view path : {"/pkg.Arith/None", "/pkg.Arith/echo", "/pkg/Arith/Echo", "/x/pkg.Arith/Echo"}) {
    INFO(path);
    const Route route = fixture.route(path);
    CHECK(route.kind == Route::Kind::refusal);
    CHECK(route.answer.status == 404);
    CHECK(route.answer.content_type == "application/json");
    CHECK_THAT(route.body, Catch::StartsWith(R"({"code":"unimplemented","message":")"));
  }
  for (const std::string_view path :
       {"", "/", "//", "/plain", "/pkg.Arith.Echo", "/pkg.Arith/", "//Echo", "pkg.Arith/Echo", "*"}) {
    INFO(path);
    CHECK(fixture.route(path).kind == Route::Kind::none);
  }
  // Who does not speak Connect is not answered in it.
  CHECK(fixture.route("/pkg.Arith/None", {}).kind == Route::Kind::none);
  CHECK(fixture.route("/pkg.Arith/None", {{"content-type", "text/html"}}).kind == Route::Kind::none);
  CHECK(fixture.route("/pkg.Arith/None", json, "GET").kind == Route::Kind::none);
  CHECK(fixture.route("/pkg.Arith/None", {{"connect-protocol-version", "1"}}).kind == Route::Kind::refusal);
}

TEST_CASE("a method that streams is refused in Connect's words", "[connect]") {
  const Fixture fixture;
  const Route route = fixture.route("/pkg.Arith/Stream");
  CHECK(route.kind == Route::Kind::refusal);
  CHECK(route.answer.status == 501);
  CHECK(route.answer.content_type == "application/json");
  CHECK_THAT(route.body, Catch::StartsWith(R"({"code":"unimplemented","message":"connect: pkg.Arith.Stream streams)"));
  CHECK(fixture.route("/pkg.Arith/Stream", {{"content-type", "application/connect+json"}}).answer.status == 415);
}

TEST_CASE("calls are sent by POST", "[connect]") {
  const Fixture fixture;
  for (const std::string_view verb : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post"}) {
    const Route route = fixture.route("/pkg.Arith/Echo", json, verb);
    INFO(verb);
    CHECK(route.kind == Route::Kind::refusal);
    CHECK(route.answer.status == 405);
    CHECK(route.answer.fields == connect::Fields{{"allow", "POST"}});
  }
}

TEST_CASE("the content type chooses the format", "[connect]") {
  const Fixture fixture;
  const auto format = [&](std::string_view type) -> std::string {
    const Route route = fixture.route("/pkg.Arith/Echo", {{"content-type", type}});
    if (route.kind == Route::Kind::call) return std::string(route.format->name());
    CHECK(route.answer.fields == connect::Fields{{"accept-post", "application/json, application/proto"}});
    return std::to_string(route.answer.status);
  };
  CHECK(format("application/json") == "json");
  CHECK(format("Application/JSON") == "json");
  CHECK(format("application/proto") == "proto");
  CHECK(format("application/json; charset=utf-8") == "json");
  CHECK(format("application/json;charset=\"UTF-8\" ; x=y") == "json");
  for (const std::string_view type :
       {"", "application/", "application/json; charset=latin1", "application/jsonx", "application/xml",
        "application/connect+json", "application/grpc", "application/grpc-web+proto", "text/json",
        "application/x-www-form-urlencoded", "application/json, application/proto"}) {
    INFO(type);
    CHECK(format(type) == "415");
  }
  CHECK(fixture.route("/pkg.Arith/Echo", {}).answer.status == 415);
  CHECK(fixture.route("/pkg.Arith/Echo", with(json, "content-type", "application/json")).answer.status == 415);
}

TEST_CASE("without a format Connect is not spoken", "[connect]") {
  const Fixture fixture{connect::Options{}};
  CHECK(fixture.service.empty());
  CHECK(fixture.route("/pkg.Arith/Echo").kind == Route::Kind::none);
  connect::Options twice;
  twice.formats = {std::make_shared<TextFormat>("json"), std::make_shared<TextFormat>("json")};
  CHECK_THROWS_AS(Service(std::move(twice)), std::invalid_argument);
}

TEST_CASE("a request is one call, and its reply the answer", "[connect]") {
  Fixture fixture;
  Exchange exchange(fixture, with(with(json, "X-Key", "value"), "x-bytes-bin", "AAE"));
  REQUIRE(exchange.cut.ok());
  REQUIRE(*exchange.cut);
  CHECK(exchange.request.refused.ok());
  CHECK(exchange.request.head.method == "pkg.Arith.Echo");
  CHECK(exchange.request.head.wants_reply);
  CHECK_FALSE(exchange.request.head.timeout);
  CHECK(exchange.request.head.metadata == Metadata{{"x-key", "value"}, {"x-bytes-bin", std::string("\0\1", 2)}});
  std::string text;
  REQUIRE(exchange.decode(text).ok());
  CHECK(text == "hello");
  const Result<bool> again = exchange.call.next_request(exchange.input, exchange.request);
  REQUIRE(again.ok());
  CHECK_FALSE(*again);
  CHECK(exchange.input.empty());

  CHECK(exchange.call.answer().status == 0);
  REQUIRE(exchange.reply(Status()).ok());
  CHECK(exchange.call.answer().status == 200);
  CHECK(exchange.call.answer().content_type == "application/json");
  CHECK(exchange.call.answer().fields.empty());
  CHECK(exchange.output.text() == "reply");
}

TEST_CASE("an empty body is an empty message", "[connect]") {
  Fixture fixture;
  Exchange exchange(fixture, with(json, "Content-Encoding", "double"), "");
  REQUIRE(*exchange.cut);
  CHECK(exchange.request.refused.ok());
  std::string text = "before";
  REQUIRE(exchange.decode(text).ok());
  CHECK(text.empty());
}

TEST_CASE("each code has an HTTP status and a name", "[connect]") {
  Fixture fixture;
  const std::pair<StatusCode, std::pair<int, std::string_view>> table[] = {
      {StatusCode::cancelled, {499, "canceled"}},
      {StatusCode::unknown, {500, "unknown"}},
      {StatusCode::invalid_argument, {400, "invalid_argument"}},
      {StatusCode::deadline_exceeded, {504, "deadline_exceeded"}},
      {StatusCode::not_found, {404, "not_found"}},
      {StatusCode::already_exists, {409, "already_exists"}},
      {StatusCode::permission_denied, {403, "permission_denied"}},
      {StatusCode::resource_exhausted, {429, "resource_exhausted"}},
      {StatusCode::failed_precondition, {400, "failed_precondition"}},
      {StatusCode::aborted, {409, "aborted"}},
      {StatusCode::out_of_range, {400, "out_of_range"}},
      {StatusCode::unimplemented, {501, "unimplemented"}},
      {StatusCode::internal, {500, "internal"}},
      {StatusCode::unavailable, {503, "unavailable"}},
      {StatusCode::data_loss, {500, "data_loss"}},
      {StatusCode::unauthenticated, {401, "unauthenticated"}},
  };
  for (const auto& [code, expected] : table) {
    Exchange exchange(fixture, {{"content-type", "application/proto"}});
    REQUIRE(exchange.reply(Status(code, "why")).ok());
    CHECK(exchange.call.answer().status == expected.first);
    CHECK(exchange.call.answer().content_type == "application/json");
    CHECK(exchange.output.text() == R"({"code":")" + std::string(expected.second) + R"(","message":"why"})");
    CHECK(connect::from_json(exchange.output.text(), 418) == Status(code, "why"));
  }
  CHECK(connect::http_status(StatusCode::ok) == 200);
}

TEST_CASE("an error is JSON, with details", "[connect]") {
  CHECK(connect::to_json(Status::internal("")) == R"({"code":"internal"})");
  Status status = Status::not_found("a \"b\" \\ \n \x01 \xC3\xA4 \xFF \xF0\x9F\x98\x80 \xED\xA0\x80");
  status.add_detail({"type.googleapis.com/google.rpc.RetryInfo", std::string("\x0A\x02\x08\x3C", 4)});
  status.add_detail({"example.com/Own", ""});
  const std::string json = connect::to_json(status);
  CHECK(json ==
        "{\"code\":\"not_found\",\"message\":\"a \\\"b\\\" \\\\ \\u000a \\u0001 \xC3\xA4 \xEF\xBF\xBD \xF0\x9F\x98\x80 "
        "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\",\"details\":[{\"type\":\"google.rpc.RetryInfo\",\"value\":\"CgIIPA\"},"
        "{\"type\":\"example.com/Own\",\"value\":\"\"}]}");
  const Status back = connect::from_json(json, 404);
  CHECK(back.code() == StatusCode::not_found);
  CHECK(back.origin() == Origin::remote);
  CHECK(back.details() == status.details());
}

TEST_CASE("an error is read from whatever JSON says it", "[connect]") {
  using connect::from_json;
  CHECK(from_json(R"( { "message" : "m\u00e4\ud83d\ude00\n\ud83d" , "other":[1,{"a":null}],"code":"aborted"} )", 500) ==
        Status::aborted("m\xC3\xA4\xF0\x9F\x98\x80\n\xEF\xBF\xBD"));
  CHECK(from_json(R"({"code":"cancelled","details":[7,{"type":"a.B","value":"AA==","debug":{"x":1}},{"type":"c.D"},)"
                  R"({"type":"e.F","value":"?"}]})",
                  500) ==
        Status(StatusCode::cancelled, "").add_detail({"type.googleapis.com/a.B", std::string(1, '\0')}));
  // No code, or none that is known: the HTTP status tells, the message stays.
  CHECK(from_json(R"({"message":"m"})", 401) == Status::unauthenticated("m"));
  CHECK(from_json(R"({"code":"new_code","message":"m"})", 503) == Status::unavailable("m"));
  CHECK(from_json(R"({"code":"ok","message":"m"})", 500) == Status::unknown("m"));
  CHECK(from_json(R"({"code":5,"message":7})", 403) == Status::permission_denied(""));
  // No JSON object.
  for (const std::string_view text :
       {"", "502 bad gateway", "[]", "{", R"({"code")", R"({"code":)", R"({"code":"aborted")", R"({"code":"aborted"}x)",
        R"({"code":"abor)", R"({"code":"\x"})", R"({"code":"\u12"})", R"({"a":[})", R"({"a":{]})",
        "{\"code\":\"a\nb\"}"}) {
    INFO(text);
    CHECK(from_json(text, 429) == Status::unavailable("connect: HTTP status 429"));
  }
  std::string deep = "{\"a\":";
  for (int i = 0; i < 100'000; ++i) deep += '[';
  CHECK(from_json(deep, 400).code() == StatusCode::internal);
}

TEST_CASE("an HTTP status without an error says something too", "[connect]") {
  const std::pair<int, StatusCode> table[] = {
      {400, StatusCode::internal},      {401, StatusCode::unauthenticated}, {403, StatusCode::permission_denied},
      {404, StatusCode::unimplemented}, {429, StatusCode::unavailable},     {502, StatusCode::unavailable},
      {503, StatusCode::unavailable},   {504, StatusCode::unavailable},     {200, StatusCode::unknown},
      {409, StatusCode::unknown},       {500, StatusCode::unknown},         {302, StatusCode::unknown},
  };
  for (const auto& [status, code] : table) CHECK(connect::code_from_http(status) == code);
}

TEST_CASE("the protocol's version is 1", "[connect]") {
  Fixture fixture;
  CHECK(Exchange(fixture, with(json, "Connect-Protocol-Version", "1")).request.refused.ok());
  for (const std::string_view version : {"", "0", "2", "1.0", "one"}) {
    Exchange exchange(fixture, with(json, "Connect-Protocol-Version", version));
    REQUIRE(*exchange.cut);
    CHECK(exchange.request.refused.code() == StatusCode::invalid_argument);
    CHECK(exchange.request.head.method == "pkg.Arith.Echo");
  }
  const Fields twice = with(with(json, "Connect-Protocol-Version", "1"), "connect-protocol-version", "1");
  CHECK(Exchange(fixture, twice).request.refused.code() == StatusCode::invalid_argument);

  connect::Options strict = standard();
  strict.require_version = true;
  Fixture demanding{std::move(strict)};
  CHECK(Exchange(demanding, json).request.refused.code() == StatusCode::invalid_argument);
  CHECK(Exchange(demanding, with(json, "Connect-Protocol-Version", "1")).request.refused.ok());
}

TEST_CASE("a timeout is at most ten digits of milliseconds", "[connect]") {
  Fixture fixture;
  const auto timeout = [&](std::string_view text) {
    Exchange exchange(fixture, with(json, "Connect-Timeout-Ms", text));
    CHECK((exchange.request.refused.ok() || exchange.request.refused.code() == StatusCode::invalid_argument));
    return exchange.request.head.timeout;
  };
  CHECK(timeout("0").value() <= 0ns);
  CHECK(timeout("60000").value() <= 60s);
  CHECK(timeout("60000").value() > 0s);
  CHECK(timeout("0000060000").value() <= 60s);
  CHECK(timeout("9999999999").value() > 2776h);
  for (const std::string_view text : {"", "12345678901", "1s", "-1", "+1", "1.5", " 1", "0x1", "1e3"}) {
    INFO(text);
    CHECK_FALSE(timeout(text));
  }
}

TEST_CASE("a request may be compressed", "[connect]") {
  Fixture fixture;
  const auto sent = [&](std::string_view encoding, std::string_view body, CodecLimits limits = {}) {
    Exchange exchange(fixture, with(json, "Content-Encoding", encoding), body, limits);
    if (!exchange.request.refused.ok()) return std::string(to_string(exchange.request.refused.code()));
    std::string text;
    CHECK(exchange.decode(text).ok());
    return text;
  };
  CHECK(sent("double", "hhii") == "hi");
  CHECK(sent("Double", "hhii") == "hi");
  CHECK(sent("identity", "hi") == "hi");
  CHECK(sent("", "hi") == "hi");
  CHECK(sent("double", "hhi") == "invalid_argument");
  CodecLimits limits;
  limits.message_bytes = 2;
  CHECK(sent("double", "hhii", limits) == "hi");
  CHECK(sent("double", "hhiijj", limits) == "resource_exhausted");
  for (const std::string_view unknown : {"zstd", "double, double", "x"}) CHECK(sent(unknown, "hi") == "unimplemented");

  Exchange exchange(fixture, with(json, "Content-Encoding", "zstd"));
  REQUIRE(exchange.reply(exchange.request.refused).ok());
  CHECK(exchange.call.answer().status == 501);
  CHECK(exchange.field("accept-encoding") == "small, double, identity");
}

TEST_CASE("a reply is compressed if the caller accepts it and it becomes smaller", "[connect]") {
  Fixture fixture;
  const auto replied = [&](std::string_view accepted, const std::string& text) {
    Exchange exchange(fixture, with(json, "Accept-Encoding", accepted));
    CHECK(exchange.reply(Status(), text).ok());
    return exchange.field("content-encoding") + ":" + std::string(exchange.output.text());
  };
  CHECK(replied("small", "abcd") == "small:4");
  CHECK(replied("double;q=1, SMALL ; q=0.001", "abcd") == "small:4");
  CHECK(replied("small", "ab") == "none:ab");
  CHECK(replied("double", "abcd") == "none:abcd");  // larger
  CHECK(replied("small;q=0", "abcd") == "none:abcd");
  CHECK(replied("small;q=0.000", "abcd") == "none:abcd");
  CHECK(replied("gzip, br", "abcd") == "none:abcd");
  CHECK(replied("", "abcd") == "none:abcd");
  // Errors go as they are.
  Exchange exchange(fixture, with(json, "Accept-Encoding", "small"));
  REQUIRE(exchange.reply(Status::internal("why")).ok());
  CHECK(exchange.field("content-encoding") == "none");
}

TEST_CASE("a reply's metadata are header fields, trailers with a prefix", "[connect]") {
  Fixture fixture;
  const Metadata headers = {{"x-one", "1"}, {"x-bytes-bin", std::string("\0\1", 2)}, {"x-one", "2"}};
  const Metadata trailers = {{"x-behind", "3"}, {"y-bin", "ab"}};
  const connect::Fields expected = {
      {"x-one", "1"}, {"x-bytes-bin", "AAE"}, {"x-one", "2"}, {"trailer-x-behind", "3"}, {"trailer-y-bin", "YWI"}};
  for (const Status& status : {Status(), Status::aborted("why")}) {
    Exchange exchange(fixture, json);
    REQUIRE(exchange.reply(status, "reply", &headers, &trailers).ok());
    CHECK(exchange.call.answer().fields == expected);
    CHECK(exchange.call.left_out() == 0);
  }
}

TEST_CASE("metadata cannot make an answer say something else", "[connect]") {
  Fixture fixture;
  const Metadata headers = {{"x-split", "a\r\nset-cookie: b"},
                            {"x\r\ny", "a"},
                            {"content-length", "0"},
                            {"content-encoding", "small"},
                            {"connection", "close"},
                            {"trailer-x", "a"},
                            {"connect-timeout-ms", "1"},
                            {"grpc-status", "0"},
                            {"x-nul", std::string(1, '\0')},
                            {"content-type", "text/html"},
                            {"", "a"},
                            {"x-good", "a"}};
  Exchange exchange(fixture, json);
  REQUIRE(exchange.reply(Status(), "reply", &headers).ok());
  CHECK(exchange.call.answer().fields == connect::Fields{{"x-good", "a"}});
  CHECK(exchange.call.left_out() == 11);
  CHECK(exchange.call.answer().content_type == "application/json");

  const Metadata large = {{"x-a", std::string(50, 'a')}, {"x-b", std::string(50, 'b')}, {"x-c", "c"}};
  Exchange bounded(fixture, json, "hello", {}, 70);
  REQUIRE(bounded.reply(Status(), "reply", &large).ok());
  CHECK(bounded.call.answer().fields == connect::Fields{{"x-a", std::string(50, 'a')}, {"x-c", "c"}});
  CHECK(bounded.call.left_out() == 1);
}

TEST_CASE("a request's own fields are no metadata", "[connect]") {
  Fixture fixture;
  Fields fields = json;
  for (const std::string_view name : {"Host", "Content-Length", "Accept-Encoding", "Connect-Protocol-Version"})
    fields.push_back({name, "1"});
  fields.push_back({"authorization", "Bearer x"});
  Exchange exchange(fixture, fields);
  CHECK(exchange.request.head.metadata == Metadata{{"authorization", "Bearer x"}});
  CHECK(Exchange(fixture, with(json, "x-bin", "?")).request.refused.code() == StatusCode::invalid_argument);
}

TEST_CASE("a reply that cannot be sent leaves nothing behind", "[connect]") {
  Fixture fixture;
  CodecLimits limits;
  limits.message_bytes = 5;
  Exchange exchange(fixture, json, "hello", limits);
  CHECK(exchange.reply(Status(), "bad").code() == StatusCode::internal);
  CHECK(exchange.reply(Status(), "longer").code() == StatusCode::resource_exhausted);
  CHECK(exchange.output.empty());
  CHECK(exchange.call.answer().status == 0);
  REQUIRE(exchange.reply(Status(), "12345").ok());
  CHECK(exchange.output.text() == "12345");
}
