// A consumer of the codecs alone: a request of each kind to bytes and back. It needs no socket and no asio.

#include <polyrpc/codecs/gob.hpp>

#include <cstdio>
#include <string>
#ifdef CONSUMER_JSON
#include <polyrpc/codecs/json.hpp>
#endif
#ifdef CONSUMER_PROTOBUF
#include <polyrpc/codecs/protobuf.hpp>
#endif
#include <polyrpc/core/describe.hpp>

struct Point {
  int x = 0;
  int y = 0;
};
POLYRPC_DESCRIBE(Point, (x, "X"), (y, "Y"));

static bool round_trip(const polyrpc::Codec& codec) {
  const auto client = codec.client({});
  const auto server = codec.server({});

  polyrpc::RequestHead head;
  head.method = "Shapes.Show";
  const Point sent{3, -4};
  polyrpc::ByteQueue bytes;
  if (!client->write_request(head, polyrpc::message_ref(sent), bytes).ok()) return false;

  polyrpc::IncomingRequest request;
  const polyrpc::Result<bool> cut = server->next_request(bytes, request);
  if (!cut.ok() || !*cut || request.head.method != "Shapes.Show" || request.body == nullptr) return false;
  Point received;
  return request.body->decode(polyrpc::message_slot(received)).ok() && received.x == 3 && received.y == -4;
}

int main() {
  if (!round_trip(*polyrpc::gob::net_rpc())) return std::puts("gob: failed"), 1;
#ifdef CONSUMER_JSON
  if (!round_trip(*polyrpc::json::rpc())) return std::puts("json: failed"), 1;
#endif
#ifdef CONSUMER_PROTOBUF
  polyrpc::ByteQueue bytes;
  Point point;
  if (!polyrpc::protobuf::encode(Point{3, -4}, bytes).ok() ||
      !polyrpc::protobuf::decode(bytes.readable(), point).ok() || point.y != -4)
    return std::puts("protobuf: failed"), 1;
#endif
  std::puts("consumer: codecs work");
}
