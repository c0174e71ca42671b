// Calls made in one turn leave together: a thousand calls, a handful of system calls.

#include "polyrpc/polyrpc.hpp"

#include <cstdio>
#include <thread>
#include <vector>

int main() {
  polyrpc::Registry registry;
  registry.add("Numbers.Square", [](std::int64_t n) { return n * n; });
  polyrpc::Server server(registry, polyrpc::standard_protocols());
  const std::string address = server.listen("tcp://127.0.0.1:0").to_string();
  std::thread serving([&] { server.run(); });
  {
    const auto client = polyrpc::dial(address, polyrpc::json::rpc());
    std::vector<polyrpc::Pending<std::int64_t>> pending;
    for (std::int64_t n = 0; n < 1000; ++n) pending.push_back(client->go<std::int64_t>("Numbers.Square", n));
    std::int64_t sum = 0;
    for (auto& call : pending) sum += call.wait().value();
    std::printf("1000 calls under way at once, the sum of their replies is %lld\n", static_cast<long long>(sum));

    // What needs no answer gets none.
    const polyrpc::Status sent = client->notify("Numbers.Square", std::int64_t{5});
    std::printf("notification: %s\n", sent.ok() ? "sent" : sent.to_string().c_str());
  }
  server.shutdown();
  serving.join();
}
