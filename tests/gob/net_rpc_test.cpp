#include "polyrpc/codecs/gob.hpp"

#include "gob/arith.hpp"
#include "gob/hex.hpp"
#include "support/catch.hpp"

#include <limits>

using namespace polyrpc;
using namespace polyrpc::gob::test;
using namespace std::chrono_literals;

namespace {

gob::Options fresh(gob::Extensions extensions = gob::Extensions::when_needed) {
  gob::Options options;
  options.numbers = std::make_shared<gob::TypeNumbers>();
  options.extensions = extensions;
  return options;
}

/// A client's and a server's codec with a wire between them.
struct Pair {
  explicit Pair(gob::Options client_options = fresh(), gob::Options server_options = fresh(), CodecLimits limits = {})
      : client(gob::net_rpc(std::move(client_options))->client(limits)),
        server(gob::net_rpc(std::move(server_options))->server(limits)) {}

  template <class T>
  void send(const RequestHead& head, const T& body) {
    const Status status = client->write_request(head, message_ref(body), to_server);
    INFO(status.to_string());
    REQUIRE(status.ok());
  }
  bool receive() {
    const Result<bool> got = server->next_request(to_server, request);
    INFO(got.status().to_string());
    REQUIRE(got.ok());
    return *got;
  }
  template <class T>
  void answer(const Status& status, const T& body, const Metadata* headers = nullptr,
              const Metadata* trailers = nullptr) {
    const ReplyHead head{request.head.tag, request.head.method, status, headers, trailers};
    REQUIRE(server->write_reply(head, message_ref(body), to_client).ok());
  }
  bool get_answer() {
    const Result<bool> got = client->next_reply(to_client, reply);
    INFO(got.status().to_string());
    REQUIRE(got.ok());
    return *got;
  }

  std::unique_ptr<ClientCodec> client;
  std::unique_ptr<ServerCodec> server;
  ByteQueue to_server;
  ByteQueue to_client;
  IncomingRequest request;
  IncomingReply reply;
};

RequestHead head_of(std::string_view method, std::uint64_t number) {
  RequestHead head;
  head.method = method;
  head.tag.number = number;
  return head;
}

Match match(std::string_view hex) { return gob::net_rpc()->matches(as_bytes(from_hex(hex))); }

/// Definition of `Request` as Go has it, with number 65.
const std::string request_type =
    "2fff81030101075265717565737401ff82000102010d536572766963654d6574686f64010c000103536571010600000";

}  // namespace

TEST_CASE("a plain call has Go's bytes in both directions", "[gob][net_rpc]") {
  Pair pair;
  pair.send(head_of("Arith.Multiply", 0), Args{7, 8});
  CHECK(to_hex(pair.to_server.text()) ==
        "2fff81030101075265717565737401ff82000102010d536572766963654d6574686f64010c0001035365710106000000"
        "13ff82010e41726974682e4d756c7469706c7900"
        "1eff83030101044172677301ff840001020101410104000101420104000000"
        "07ff84010e011000");
  REQUIRE(pair.receive());
  CHECK(pair.request.kind == RequestKind::call);
  CHECK(pair.request.head.method == "Arith.Multiply");
  CHECK(pair.request.head.tag.number == 0);
  CHECK(pair.request.head.wants_reply);
  CHECK_FALSE(pair.request.head.timeout.has_value());
  CHECK(pair.request.refused.ok());
  Args args;
  REQUIRE(pair.request.body->decode(message_slot(args)).ok());
  CHECK(args.a == 7);
  CHECK(args.b == 8);
  pair.answer({}, std::int64_t{56});
  CHECK(
      to_hex(pair.to_client.text()) ==
      "3aff8103010108526573706f6e736501ff82000103010d536572766963654d6574686f64010c00010353657101060001054572726f72010c"
      "000000"
      "13ff82010e41726974682e4d756c7469706c7900"
      "03040070");
  REQUIRE(pair.get_answer());
  CHECK(pair.reply.call == 0);
  CHECK(pair.reply.status.ok());
  std::int64_t product = 0;
  REQUIRE(pair.reply.body->decode(message_slot(product)).ok());
  CHECK(product == 56);

  // The second call defines nothing any more; the first error does.
  pair.send(head_of("Arith.Divide", 1), Args{1, 0});
  // The bytes of the request before stay until the next one is cut.
  CHECK_THAT(to_hex(pair.to_server.text()), test::ends_with("13ff82010c41726974682e446976696465010100"
                                                            "05ff84010200"));
  REQUIRE(pair.receive());
  pair.answer(Status::unknown("divide by zero"), 0);
  CHECK_THAT(to_hex(pair.to_client.text()),
             test::ends_with("23ff82010c41726974682e4469766964650101010e646976696465206279207a65726f00"
                             "0aff83030102ff8400000003ff8400"));
  REQUIRE(pair.get_answer());
  CHECK(pair.reply.call == 1);
  CHECK(pair.reply.body == nullptr);
  CHECK(pair.reply.status == Status::unknown("divide by zero"));
  CHECK(pair.reply.status.origin() == Origin::remote);
}

TEST_CASE("a body can be decoded again, and a mismatch is the call's alone", "[gob][net_rpc]") {
  Pair pair;
  pair.send(head_of("S.M", 0), Args{1, 2});
  pair.send(head_of("S.M", 1), Args{3, 4});
  REQUIRE(pair.receive());
  std::string text;
  const Status status = pair.request.body->decode(message_slot(text));
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK(status.message() == "gob: decoding into local type *string, received remote type Args");
  for (int i = 0; i < 2; ++i) {
    Args args;
    REQUIRE(pair.request.body->decode(message_slot(args)).ok());
    CHECK(args.b == 2);
  }
  REQUIRE(pair.receive());
  Args args;
  REQUIRE(pair.request.body->decode(message_slot(args)).ok());
  CHECK(args.b == 4);
  CHECK_FALSE(pair.receive());
}

TEST_CASE("a client that gets a reply of another type lives on", "[gob][net_rpc]") {
  Pair pair;
  pair.send(head_of("S.M", 0), Args{});
  REQUIRE(pair.receive());
  pair.answer({}, std::string("text"));
  pair.answer({}, std::int64_t{5});
  REQUIRE(pair.get_answer());
  std::int64_t number = 0;
  CHECK(pair.reply.body->decode(message_slot(number)).message() ==
        "gob: decoding into local type *int64, received remote type string");
  REQUIRE(pair.get_answer());
  REQUIRE(pair.reply.body->decode(message_slot(number)).ok());
  CHECK(number == 5);
}

TEST_CASE("deadline and metadata travel in a wider request, and only then", "[gob][net_rpc]") {
  Pair pair;
  pair.send(head_of("S.M", 0), Args{});
  const std::size_t plain = pair.to_server.size();
  RequestHead head = head_of("S.M", 1);
  head.timeout = 1500ms;
  head.metadata = {{"user", "me"}, {"trace-bin", std::string("\0\xFF", 2)}, {"user", "too"}};
  pair.send(head, Args{});
  CHECK(pair.to_server.size() > plain + 100);
  pair.send(head_of("S.M", 2), Args{});

  REQUIRE(pair.receive());
  CHECK_FALSE(pair.request.head.timeout.has_value());
  CHECK(pair.request.head.metadata.empty());
  REQUIRE(pair.receive());
  CHECK(pair.request.head.timeout == 1500ms);
  CHECK(pair.request.head.metadata == head.metadata);
  REQUIRE(pair.receive());
  CHECK_FALSE(pair.request.head.timeout.has_value());
  CHECK(pair.request.head.metadata.empty());

  // A deadline that has passed is still one.
  head.metadata.clear();
  head.timeout = 0ns;
  pair.send(head, Args{});
  REQUIRE(pair.receive());
  CHECK(pair.request.head.timeout == 1ns);
}

TEST_CASE("a stock peer gets Go's bytes only; one of ours gets code, details and metadata", "[gob][net_rpc]") {
  Pair pair;
  Status lost = Status::not_found("no such user");
  lost.add_detail({"type.example/Why", std::string("\1\2\0", 3)});
  const Metadata headers{{"served-by", "one"}};
  const Metadata trailers{{"cost", "3"}};

  pair.send(head_of("S.M", 0), Args{});
  REQUIRE(pair.receive());
  pair.answer(lost, 0, &headers, &trailers);
  REQUIRE(pair.get_answer());
  CHECK(pair.reply.status == Status::unknown("no such user"));
  CHECK(pair.reply.headers.empty());

  RequestHead wide = head_of("S.M", 1);
  wide.metadata = {{"a", "b"}};
  pair.send(wide, Args{});
  REQUIRE(pair.receive());
  pair.answer(lost, 0, &headers, &trailers);
  REQUIRE(pair.get_answer());
  CHECK(pair.reply.call == 1);
  CHECK(pair.reply.status == lost);
  CHECK(pair.reply.status.origin() == Origin::remote);
  CHECK(pair.reply.headers == headers);
  CHECK(pair.reply.trailers == trailers);

  // From now on for every call, and for success with metadata too.
  pair.send(head_of("S.M", 2), Args{});
  REQUIRE(pair.receive());
  pair.answer({}, std::int64_t{4}, &headers);
  REQUIRE(pair.get_answer());
  CHECK(pair.reply.status.ok());
  CHECK(pair.reply.headers == headers);
  CHECK(pair.reply.trailers.empty());
  std::int64_t number = 0;
  REQUIRE(pair.reply.body->decode(message_slot(number)).ok());
  CHECK(number == 4);
  // Where there is nothing to say the reply is Go's.
  pair.send(head_of("S.M", 3), Args{});
  REQUIRE(pair.receive());
  const std::size_t before = pair.to_client.size();
  pair.answer({}, std::int64_t{4});
  CHECK(pair.to_client.size() - before < 20);
  REQUIRE(pair.get_answer());
  CHECK(pair.reply.call == 3);
  CHECK(pair.reply.headers.empty());
}

TEST_CASE("extensions can be had always, or never", "[gob][net_rpc]") {
  Pair always(fresh(gob::Extensions::always));
  always.send(head_of("S.M", 0), Args{});
  REQUIRE(always.receive());
  always.answer(Status::not_found("gone"), 0);
  REQUIRE(always.get_answer());
  CHECK(always.reply.status == Status::not_found("gone"));

  Pair server_always(fresh(), fresh(gob::Extensions::always));
  server_always.send(head_of("S.M", 0), Args{});
  REQUIRE(server_always.receive());
  server_always.answer(Status::aborted("again"), 0);
  REQUIRE(server_always.get_answer());
  CHECK(server_always.reply.status == Status::aborted("again"));

  Pair never(fresh(gob::Extensions::never));
  CHECK_FALSE(never.client->capabilities().metadata);
  CHECK_FALSE(never.client->capabilities().deadline);
  CHECK(never.client->capabilities().cancel);
  CHECK(never.server->capabilities().metadata);
  RequestHead wide = head_of("S.M", 0);
  wide.timeout = 1s;
  never.send(wide, Args{});
  REQUIRE(never.receive());
  CHECK_FALSE(never.request.head.timeout.has_value());

  Pair deaf(fresh(), fresh(gob::Extensions::never));
  deaf.send(wide, Args{});
  REQUIRE(deaf.receive());
  CHECK_FALSE(deaf.request.head.timeout.has_value());
  deaf.answer(Status::not_found("gone"), 0);
  REQUIRE(deaf.get_answer());
  CHECK(deaf.reply.status == Status::unknown("gone"));
}

TEST_CASE("Go's own error texts have codes", "[gob][net_rpc]") {
  const auto code = [](const char* text) {
    Pair pair;
    pair.send(head_of("S.M", 0), Args{});
    REQUIRE(pair.receive());
    pair.answer(Status::unknown(text), 0);
    REQUIRE(pair.get_answer());
    CHECK(pair.reply.status.message() == text);
    return pair.reply.status.code();
  };
  CHECK(code("rpc: can't find service S.M") == StatusCode::unimplemented);
  CHECK(code("rpc: can't find method S.M") == StatusCode::unimplemented);
  CHECK(code("rpc: service/method request ill-formed: SM") == StatusCode::unimplemented);
  CHECK(code("gob: wrong type (int) for received field Args.A") == StatusCode::invalid_argument);
  CHECK(code("context canceled") == StatusCode::cancelled);
  CHECK(code("context deadline exceeded") == StatusCode::deadline_exceeded);
  CHECK(code("anything else") == StatusCode::unknown);
}

TEST_CASE("an error without a text is still an error", "[gob][net_rpc]") {
  Pair pair;
  pair.send(head_of("S.M", 0), Args{});
  REQUIRE(pair.receive());
  pair.answer(Status::not_found(""), 0);
  REQUIRE(pair.get_answer());
  CHECK(pair.reply.status == Status::unknown("not_found"));
}

TEST_CASE("cancelling is a request for a reserved method", "[gob][net_rpc]") {
  Pair pair;
  pair.send(head_of("S.Slow", 7), Args{});
  pair.client->write_cancel(7, pair.to_server);
  pair.client->write_cancel(0, pair.to_server);
  REQUIRE(pair.receive());
  CHECK(pair.request.kind == RequestKind::call);
  REQUIRE(pair.receive());
  CHECK(pair.request.kind == RequestKind::cancel);
  CHECK(pair.request.cancels.number == 7);
  CHECK(pair.request.head.method == "_goRPC_.Cancel");
  CHECK(pair.request.head.wants_reply);
  pair.answer({}, true);
  pair.answer({}, std::int64_t{1});
  // The answer to the cancel request is nobody's.
  pair.request.head.tag.number = 7;
  pair.answer(Status::cancelled("context canceled"), 0);
  REQUIRE(pair.receive());
  CHECK(pair.request.kind == RequestKind::cancel);
  CHECK(pair.request.cancels.number == 0);
  pair.answer(Status::unknown("rpc: can't find service _goRPC_.Cancel"), 0);
  REQUIRE(pair.get_answer());
  CHECK(pair.reply.call == 7);
  CHECK(pair.reply.status.code() == StatusCode::cancelled);
  CHECK_FALSE(pair.get_answer());
  CHECK(pair.to_client.empty());
}

TEST_CASE("a cancel request with an argument that is none is answered with an error", "[gob][net_rpc]") {
  Pair pair;
  pair.send(head_of("_goRPC_.Cancel", 3), std::string("7"));
  REQUIRE(pair.receive());
  CHECK(pair.request.kind == RequestKind::call);
  CHECK(pair.request.refused.code() == StatusCode::invalid_argument);
}

TEST_CASE("a reply that can't be encoded leaves the output and the stream as they were", "[gob][net_rpc]") {
  Pair pair;
  pair.send(head_of("S.M", 0), Args{});
  REQUIRE(pair.receive());
  const std::vector<std::unique_ptr<Quotient>> bad(1);
  const Status ok;
  const ReplyHead head{pair.request.head.tag, pair.request.head.method, ok};
  const Status status = pair.server->write_reply(head, message_ref(bad), pair.to_client);
  CHECK(status.message() == "gob: encodeReflectValue: nil element");
  CHECK(pair.to_client.empty());
  pair.answer(status, 0);
  pair.answer({}, Quotient{1, 2});
  REQUIRE(pair.get_answer());
  CHECK(pair.reply.status.message() == status.message());
  REQUIRE(pair.get_answer());
  Quotient quotient;
  REQUIRE(pair.reply.body->decode(message_slot(quotient)).ok());
  CHECK(quotient.rem == 2);

  // The same for a client's arguments.
  ByteQueue output;
  CHECK_FALSE(pair.client->write_request(head_of("S.M", 1), message_ref(bad), output).ok());
  CHECK(output.empty());
  pair.send(head_of("S.M", 1), Args{5, 6});
  REQUIRE(pair.receive());
  Args args;
  REQUIRE(pair.request.body->decode(message_slot(args)).ok());
  CHECK(args.b == 6);
}

TEST_CASE("metadata and method names have limits", "[gob][net_rpc]") {
  CodecLimits limits;
  limits.metadata_bytes = 100;
  limits.name_bytes = 64;
  Pair pair(fresh(), fresh(), limits);
  RequestHead head = head_of("S.M", 0);
  head.metadata = {{"key", std::string(100, 'v')}};
  pair.send(head, Args{});
  REQUIRE(pair.receive());
  CHECK(pair.request.refused.code() == StatusCode::resource_exhausted);
  CHECK(pair.request.head.metadata.empty());
  const std::string name = "S." + std::string(70, 'm');
  pair.send(head_of(name, 1), Args{});
  REQUIRE(pair.receive());
  CHECK(pair.request.refused.code() == StatusCode::resource_exhausted);
  CHECK(pair.request.head.tag.number == 1);
  pair.send(head_of("S.M", 2), Args{});
  REQUIRE(pair.receive());
  CHECK(pair.request.refused.ok());

  const Metadata headers{{"key", std::string(100, 'v')}};
  pair.answer({}, 1, &headers);
  REQUIRE(pair.get_answer());
  CHECK(pair.reply.status.code() == StatusCode::resource_exhausted);
}

TEST_CASE("a message longer than the limit is refused at once", "[gob][net_rpc]") {
  CodecLimits limits;
  limits.message_bytes = 1000;
  Pair pair(fresh(), fresh(), limits);
  pair.to_server.append(from_hex("fc40000000"));  // a gibibyte
  const Result<bool> got = pair.server->next_request(pair.to_server, pair.request);
  CHECK(got.status().code() == StatusCode::resource_exhausted);
  // It stays so.
  CHECK_FALSE(pair.server->next_request(pair.to_server, pair.request).ok());

  // Behind a header the call is answered first.
  Pair other(fresh(), fresh(), limits);
  other.send(head_of("S.M", 5), std::string(2000, 'x'));
  REQUIRE(other.receive());
  CHECK(other.request.head.tag.number == 5);
  CHECK(other.request.refused.code() == StatusCode::resource_exhausted);
  CHECK_FALSE(other.server->next_request(other.to_server, other.request).ok());
}

TEST_CASE("a value that is not gob is the call's error, and then the connection's", "[gob][net_rpc]") {
  Pair pair;
  pair.to_server.append(from_hex(request_type + "0"
                                                "0aff820103532e4d010700"
                                                "06060020782020"));
  pair.to_server.append(from_hex("03040000"));
  REQUIRE(pair.receive());
  CHECK(pair.request.head.method == "S.M");
  CHECK(pair.request.head.tag.number == 7);
  std::uint64_t number = 0;
  CHECK(pair.request.body->decode(message_slot(number)).code() == StatusCode::invalid_argument);
  CHECK_FALSE(pair.server->next_request(pair.to_server, pair.request).ok());
}

TEST_CASE("a stream of gob is known by its first bytes", "[gob][net_rpc]") {
  CHECK(match("") == Match::more);
  CHECK(match("2f") == Match::more);
  CHECK(match("2fff") == Match::more);
  CHECK(match("2fff81") == Match::more);
  CHECK(match("2fff8103") == Match::yes);
  CHECK(match("2e7f0301") == Match::yes);
  CHECK(match("2e7f") == Match::more);
  CHECK(match("7bff8103") == Match::yes);    // a length that looks like '{'
  CHECK(match("43ff8103") == Match::yes);    // or like a letter
  CHECK(match("ff90ff8103") == Match::yes);  // 144 bytes
  CHECK(match("fe0190fe020103") == Match::yes);
  CHECK(match("40fd01000103") == Match::yes);
  CHECK(match("2f") == Match::more);
  CHECK(match("fd010000ff8103") == Match::no);  // 64 KiB and more
  CHECK(match("2fff8203") == Match::no);        // a value, not a definition
  CHECK(match("2fff7f03") == Match::no);
  CHECK(match("2fff8100") == Match::no);
  CHECK(match("2fff8108") == Match::no);
  CHECK(match("00ff8103") == Match::no);
  CHECK(match("160301") == Match::no);            // TLS
  CHECK(match("505249202a") == Match::no);        // PRI *
  CHECK(match("474554202f") == Match::no);        // GET /
  CHECK(match("434f4e4e454354") == Match::no);    // CONNECT
  CHECK(match("7b226d6574686f64") == Match::no);  // {"method
  CHECK(match("5b7b") == Match::no);              // [{
  CHECK(match("200a7b") == Match::no);            // white space
  CHECK(match("0a080112") == Match::no);          // protobuf
  CHECK(match("1e120a") == Match::no);
  CHECK(match("f87fffffffffffffff") == Match::no);
}

TEST_CASE("numbers of calls use all 64 bits on the server's side", "[gob][net_rpc]") {
  Pair pair;
  pair.to_server.append(from_hex(request_type + "0"
                                                "12ff820103532e4d01f8ffffffffffffffff0003040000"));
  REQUIRE(pair.receive());
  CHECK(pair.request.head.tag.number == std::numeric_limits<std::uint64_t>::max());
}
