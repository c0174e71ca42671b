// A deadline travels with the call, and the handler can see what is left of it.

#include "polyrpc/polyrpc.hpp"

#include <cstdio>
#include <thread>

using namespace std::chrono_literals;

int main() {
  polyrpc::Registry registry;
  registry.add("Kitchen.TimeLeft",
               [](polyrpc::Context& context, const std::monostate&) -> polyrpc::Result<std::int64_t> {
                 const auto left = context.time_left();
                 if (!left) return polyrpc::Status::failed_precondition("nobody is in a hurry");
                 return std::chrono::ceil<std::chrono::seconds>(*left).count();
               });
  registry.add("Kitchen.Cook", polyrpc::blocking([](polyrpc::Context& context,
                                                    const std::string& dish) -> polyrpc::Result<std::string> {
                 // A careful handler stops when nobody waits any more.
                 for (int minute = 0; minute < 1000; ++minute) {
                   if (context.cancelled()) return polyrpc::Status::cancelled("the guest has left");
                   std::this_thread::sleep_for(10ms);
                 }
                 return dish;
               }));

  polyrpc::Server server(registry, polyrpc::standard_protocols());
  const std::string address = server.listen("tcp://127.0.0.1:0").to_string();
  std::thread serving([&] { server.run(); });
  {
    const auto client = polyrpc::dial(address, polyrpc::gob::net_rpc());

    polyrpc::CallOptions hurry;
    hurry.timeout = 5s;
    const auto left = client->call<std::int64_t>("Kitchen.TimeLeft", std::monostate(), hurry);
    std::printf("the handler sees: %lld seconds left\n", static_cast<long long>(left.value()));

    hurry.timeout = 50ms;
    const auto dish = client->call<std::string>("Kitchen.Cook", std::string("goulash"), hurry);
    std::printf("goulash in 50 ms: %s\n", polyrpc::to_string(dish.status().code()).data());

    // The connection is as good as before.
    const auto again = client->call<std::int64_t>("Kitchen.TimeLeft", std::monostate());
    std::printf("without a deadline: %s\n", again.status().message().c_str());
  }
  server.shutdown();
  serving.join();
}
