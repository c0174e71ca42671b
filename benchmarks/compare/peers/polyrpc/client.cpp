// polyrpc's own client in a closed loop: with one call at a time blocking calls, else callbacks on an io_context, each
// of which makes the next call. Prints "measuring" when the warm-up is over, and at the end one line of JSON.

#include <polyrpc/polyrpc.hpp>
#include <polyrpc/runtime/async.hpp>

#if defined(BENCH_GRPC)
#include <polyrpc/codecs/protobuf.hpp>
#include <polyrpc/codecs/protobuf_rpc.hpp>
#include <polyrpc/grpc/client.hpp>
#include <polyrpc/transports/connect_client.hpp>
#endif

#include "echo_types.hpp"
#include "support/clock.hpp"
#include "support/meter.hpp"
#include "support/options.hpp"

#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using bench::Echo;
using bench::now;

class Load {
 public:
  explicit Load(const bench::Options& options)
      : address_(options.text("address", "")),
        wire_(options.text("wire", "gob")),
        method_(wire_ == "grpc" || wire_ == "connect" ? "bench.Echo.Echo" : "Echo.Echo"),
        connections_(options.number<std::size_t>("connections", 1)),
        depth_(options.number<std::size_t>("in-flight", 1)),
        meter_(options.number("warmup", 0.5), options.number("seconds", 2.0)) {
    args_.a = 1;
    args_.b = 2;
    args_.s.resize(options.number<std::size_t>("payload", 32));
    for (std::size_t i = 0; i < args_.s.size(); ++i) args_.s[i] = static_cast<std::byte>(i * 31);
  }

  void run() {
    meter_.start();
    if (connections_ == 1 && depth_ == 1)
      run_blocking();
    else
      run_with_callbacks();
    meter_.print();
  }

 private:
  std::pair<std::string, std::shared_ptr<const polyrpc::Codec>> target() const {
    const auto json = [](polyrpc::json::Version version) {
      polyrpc::json::Options options;
      options.version = version;
      return polyrpc::json::rpc(options);
    };
    if (wire_ == "gob") return {"tcp://" + address_, polyrpc::gob::net_rpc()};
    if (wire_ == "gob-connect") return {"http://" + address_, polyrpc::gob::net_rpc()};
    if (wire_ == "json1") return {"tcp://" + address_, json(polyrpc::json::Version::v1)};
    if (wire_ == "json2") return {"tcp://" + address_, json(polyrpc::json::Version::v2)};
    if (wire_ == "http") return {"http://" + address_ + "/jsonrpc", json(polyrpc::json::Version::v2)};
#if defined(BENCH_GRPC)
    if (wire_ == "protobuf") return {"tcp://" + address_, polyrpc::protobuf::rpc()};
    if (wire_ == "grpc") return {"tcp://" + address_, polyrpc::grpc::rpc()};
    if (wire_ == "connect") return {"http://" + address_, polyrpc::connect::unary(polyrpc::protobuf::format())};
#endif
    throw std::runtime_error("no wire " + wire_);
  }

  void check(const polyrpc::Result<Echo>& reply) const {
    if (!reply.ok()) throw std::runtime_error(std::string(reply.status().message()));
    if (reply->a != args_.a || reply->b != args_.b || reply->s.size() != args_.s.size())
      throw std::runtime_error("not an echo");
  }

  void run_blocking() {
    const auto [address, codec] = target();
    const std::unique_ptr<polyrpc::Client> client = polyrpc::dial(address, codec);
    Echo reply;
    for (std::uint64_t began = now();;) {
      const polyrpc::Status status = client->call(method_, args_, reply);
      if (!status.ok()) throw std::runtime_error(std::string(status.message()));
      const std::uint64_t time = now();
      if (!meter_.finished(began, time)) return;
      began = time;
    }
  }

  struct Slot {
    polyrpc::Client* client;
    std::uint64_t began;
  };

  void call(Slot& slot) {
    slot.client->async_call<Echo>(method_, args_, [this, &slot](polyrpc::Result<Echo> reply) {
      check(reply);
      const std::uint64_t time = now();
      const bool again = meter_.finished(slot.began, time);
      slot.began = time;
      if (again)
        call(slot);
      else if (--running_ == 0)
        for (const auto& client : clients_) (void)client->close();
    });
  }

  void run_with_callbacks() {
    const auto [address, codec] = target();
    asio::io_context context(1);
    std::vector<Slot> slots;
    for (std::size_t i = 0; i < connections_; ++i) {
      clients_.push_back(polyrpc::dial(context, address, codec));
      slots.insert(slots.end(), depth_, Slot{clients_.back().get(), now()});
    }
    running_ = slots.size();
    for (Slot& slot : slots) call(slot);
    context.run();
    clients_.clear();
  }

  std::string address_;
  std::string wire_;
  std::string method_;
  std::size_t connections_;
  std::size_t depth_;
  bench::Meter meter_;
  Echo args_;

  std::vector<std::unique_ptr<polyrpc::Client>> clients_;
  std::size_t running_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(
      argc, argv,
      "options: --address HOST:PORT --wire gob|gob-connect|json1|json2|http|protobuf|grpc|connect --connections N "
      "--in-flight N --payload BYTES --warmup SECONDS --seconds SECONDS ");
  try {
    Load load(options);
    load.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "polyrpc_client: %s\n", error.what());
    return 1;
  }
}
