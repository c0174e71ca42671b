#include "rpc_harness.hpp"
#include "support/catch.hpp"
#include "support/counted_new.hpp"

#include <string>
#include <string_view>

// Counts what the codec takes from the heap: nothing, once its buffers have grown to what the calls need.

namespace polyrpc::test {

namespace {

struct Order {
  std::int64_t number = 0;
  double price = 0;
  std::string_view customer;
  bool paid = false;
  Args place;
};
POLYRPC_DESCRIBE(Order, (number, "Number"), (price, "Price"), (customer, "Customer"), (paid, "Paid"), (place, "Place"));

/// Heap allocations of `calls` rounds of `round`, after as many to warm up.
template <class Round>
std::size_t allocations_of(int calls, Round round) {
  for (int i = 0; i < calls; ++i) round();
  const std::size_t before = allocations();
  for (int i = 0; i < calls; ++i) round();
  return allocations() - before;
}

}  // namespace

TEST_CASE("a call costs no heap allocation, in either version, at either end", "[json]") {
  const std::size_t before = allocations();
  CHECK(std::make_unique<int>(1) != nullptr);
  REQUIRE(allocations() > before);  // the counter counts

  for (const json::Version version : {json::Version::v1, json::Version::v2}) {
    json::Options options;
    options.version = version;
    const auto codec = json::rpc(options);
    const auto server = codec->server({});
    const auto client = codec->client({});
    ByteQueue to_server;
    ByteQueue to_client;
    IncomingRequest request;
    IncomingReply incoming;
    RequestHead head;
    head.method = "Orders.Place";
    const Order sent{1234567890123, 99.95, "a customer whose name is longer than any small string", true, {7, 8}};
    bool good = true;
    const std::size_t count = allocations_of(100, [&] {
      ++head.tag.number;
      good = good && client->write_request(head, message_ref(sent), to_server).ok();
      good = good && *server->next_request(to_server, request);
      Order order;
      good = good && request.head.method == "Orders.Place" && request.body->decode(message_slot(order)).ok();
      good = good && order.number == sent.number && order.customer == sent.customer && order.place.b == 8;
      const Status ok;
      good =
          good && server->write_reply({request.head.tag, request.head.method, ok}, message_ref(order), to_client).ok();
      good = good && !*server->next_request(to_server, request);
      good = good && *client->next_reply(to_client, incoming) && incoming.call == head.tag.number;
      Order reply;
      good = good && incoming.body->decode(message_slot(reply)).ok() && reply.price == sent.price;
      good = good && !*client->next_reply(to_client, incoming);
    });
    CHECK(good);
    CHECK(count == 0);
  }
}

}  // namespace polyrpc::test
