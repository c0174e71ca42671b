// Talks to etcd, a gRPC server of another make: keys, a watch on them, and a lease that is kept alive.
// Usage: etcd_client [tcp://host:port]

#include "polyrpc/codecs/protobuf_message.hpp"
#include "polyrpc/grpc/client.hpp"

#include "rpc.pb.h"

#include <cstdio>
#include <exception>
#include <memory>
#include <string>

namespace api = etcdserverpb;

// etcd's methods, as its .proto files have them.
inline constexpr polyrpc::Method<api::PutRequest, api::PutResponse> put{"etcdserverpb.KV.Put"};
inline constexpr polyrpc::Method<api::RangeRequest, api::RangeResponse> range{"etcdserverpb.KV.Range"};
inline constexpr polyrpc::Method<api::DeleteRangeRequest, api::DeleteRangeResponse> delete_range{
    "etcdserverpb.KV.DeleteRange"};
inline constexpr polyrpc::Bidirectional<api::WatchRequest, api::WatchResponse> watch{"etcdserverpb.Watch.Watch"};
inline constexpr polyrpc::Method<api::LeaseGrantRequest, api::LeaseGrantResponse> grant_lease{
    "etcdserverpb.Lease.LeaseGrant"};
inline constexpr polyrpc::Method<api::LeaseRevokeRequest, api::LeaseRevokeResponse> revoke_lease{
    "etcdserverpb.Lease.LeaseRevoke"};
inline constexpr polyrpc::Bidirectional<api::LeaseKeepAliveRequest, api::LeaseKeepAliveResponse> keep_alive{
    "etcdserverpb.Lease.LeaseKeepAlive"};

namespace {

void put_value(polyrpc::Client& etcd, const std::string& key, const std::string& value, std::int64_t lease = 0) {
  api::PutRequest request;
  request.set_key(key);
  request.set_value(value);
  request.set_lease(lease);
  etcd.call(put, request).value();
}

/// Prints all keys that begin with `prefix`.
void print_all(polyrpc::Client& etcd, const std::string& prefix) {
  api::RangeRequest request;
  request.set_key(prefix);
  std::string end = prefix;
  ++end.back();
  request.set_range_end(end);
  const api::RangeResponse found = etcd.call(range, request).value();
  std::printf("%s*: %lld keys\n", prefix.c_str(), static_cast<long long>(found.count()));
  for (const auto& pair : found.kvs()) std::printf("  %s = %s\n", pair.key().c_str(), pair.value().c_str());
}

using Watching = polyrpc::BidirectionalCall<api::WatchRequest, api::WatchResponse>;

/// Waits for the next change. False: the watch has ended.
bool print_change(Watching& watching) {
  api::WatchResponse change;
  if (!watching.read(change)) return false;
  for (const auto& event : change.events())
    std::printf("watch: %s %s\n", mvccpb::Event::EventType_Name(event.type()).c_str(), event.kv().key().c_str());
  return true;
}

void run(polyrpc::Client& etcd) {
  put_value(etcd, "shop/apples", "12");
  put_value(etcd, "shop/pears", "7");
  print_all(etcd, "shop/");

  // A watch is a call that stays open: etcd writes each change to it.
  Watching watching = etcd.open(watch);
  api::WatchRequest wish;
  wish.mutable_create_request()->set_key("shop/apples");
  if (!watching.write(wish).ok() || !print_change(watching)) throw polyrpc::StatusError(watching.finish());
  put_value(etcd, "shop/apples", "11");
  if (!print_change(watching)) throw polyrpc::StatusError(watching.finish());

  // A key with a lease lives as long as somebody keeps the lease alive.
  api::LeaseGrantRequest terms;
  terms.set_ttl(30);
  const std::int64_t lease = etcd.call(grant_lease, terms).value().id();
  put_value(etcd, "shop/apples", "10", lease);
  if (!print_change(watching)) throw polyrpc::StatusError(watching.finish());
  auto keeping = etcd.open(keep_alive);
  api::LeaseKeepAliveRequest alive;
  alive.set_id(lease);
  for (int i = 0; i < 3; ++i) {
    api::LeaseKeepAliveResponse answer;
    if (!keeping.write(alive).ok() || !keeping.read(answer)) throw polyrpc::StatusError(keeping.finish());
    std::printf("the lease: %lld seconds left\n", static_cast<long long>(answer.ttl()));
  }
  const polyrpc::Status kept = keeping.finish();
  std::printf("the keep-alive stream: %s\n", kept.to_string().c_str());

  api::LeaseRevokeRequest end;
  end.set_id(lease);
  etcd.call(revoke_lease, end).value();
  if (!print_change(watching)) throw polyrpc::StatusError(watching.finish());
  watching.cancel();
  std::printf("the watch: %s\n", watching.finish().to_string().c_str());

  api::DeleteRangeRequest rest;
  rest.set_key("shop/");
  rest.set_range_end("shop0");
  const api::DeleteRangeResponse deleted = etcd.call(delete_range, rest).value();
  std::printf("deleted: %lld\n", static_cast<long long>(deleted.deleted()));
}

}  // namespace

int main(int argc, char** argv) try {
  const auto etcd = polyrpc::grpc::dial(argc > 1 ? argv[1] : "tcp://127.0.0.1:2379");
  run(*etcd);
} catch (const std::exception& error) {
  std::fprintf(stderr, "etcd_client: %s\n", error.what());
  return 1;
}
