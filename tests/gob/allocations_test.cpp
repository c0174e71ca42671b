#include "polyrpc/codecs/gob.hpp"

#include "support/catch.hpp"
#include "support/counted_new.hpp"

using namespace polyrpc;

namespace {

struct Args {
  std::int64_t a = 0, b = 0;
};
POLYRPC_DESCRIBE(Args, (a, "A"), (b, "B"));

}  // namespace

TEST_CASE("in steady state a call allocates nothing, on either side", "[gob]") {
  const auto codec = gob::net_rpc();
  const auto client = codec->client({});
  const auto server = codec->server({});
  ByteQueue to_server;
  ByteQueue to_client;
  IncomingRequest request;
  IncomingReply reply;
  RequestHead head;
  head.method = "Arith.Multiply";
  std::int64_t product = 0;
  bool good = true;
  const auto call = [&] {
    const Args sent{7, static_cast<std::int64_t>(head.tag.number)};
    good = good && client->write_request(head, message_ref(sent), to_server).ok();
    good = good && *server->next_request(to_server, request);
    Args args;
    good = good && request.body->decode(message_slot(args)).ok();
    product = args.a * args.b;
    const Status status;
    const ReplyHead reply_head{request.head.tag, request.head.method, status};
    good = good && server->write_reply(reply_head, message_ref(product), to_client).ok();
    good = good && *client->next_reply(to_client, reply);
    std::int64_t received = 0;
    good = good && reply.body->decode(message_slot(received)).ok();
    good = good && received == 7 * static_cast<std::int64_t>(head.tag.number) && reply.call == head.tag.number;
    ++head.tag.number;
  };
  for (int i = 0; i < 10; ++i) call();
  REQUIRE(good);
  const std::size_t before = test::allocations();
  for (int i = 0; i < 1000; ++i) call();
  CHECK(test::allocations() - before == 0);
  CHECK(good);
}

TEST_CASE("a connection that has made a call keeps little memory", "[gob]") {
  const auto codec = gob::net_rpc();
  std::vector<std::unique_ptr<ServerCodec>> servers;
  const auto converse = [&] {
    servers.push_back(codec->server({}));
    const auto client = codec->client({});
    ByteQueue to_server;
    ByteQueue to_client;
    RequestHead head;
    head.method = "Arith.Multiply";
    REQUIRE(client->write_request(head, message_ref(Args{7, 8}), to_server).ok());
    IncomingRequest request;
    REQUIRE(*servers.back()->next_request(to_server, request));
    Args args;
    REQUIRE(request.body->decode(message_slot(args)).ok());
    const std::int64_t product = args.a * args.b;
    const Status ok;
    REQUIRE(
        servers.back()->write_reply({request.head.tag, request.head.method, ok}, message_ref(product), to_client).ok());
    REQUIRE_FALSE(*servers.back()->next_request(to_server, request));
  };
  // What their definitions amount to, the first one works out for all that come while it lives.
  converse();
  servers.reserve(101);
  const std::size_t before = test::live_bytes();
  for (int i = 0; i < 100; ++i) converse();
  if (test::counts_malloc()) CHECK((test::live_bytes() - before) / 100 <= 128);
}
