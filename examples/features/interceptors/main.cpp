// What every call has in common: who may call, how often, what is written down, and how long it takes.

#include "polyrpc/interceptors/bearer_auth.hpp"
#include "polyrpc/interceptors/bearer_token.hpp"
#include "polyrpc/interceptors/logging.hpp"
#include "polyrpc/interceptors/rate_limit.hpp"
#include "polyrpc/polyrpc.hpp"

#include "timing.hpp"

#include <cstdio>
#include <string>
#include <string_view>
#include <thread>

namespace interceptors = polyrpc::interceptors;

namespace {

struct User {
  std::string name;
};

polyrpc::Result<User> user_of(std::string_view token) {
  if (interceptors::same_secret(token, "open-sesame")) return User{"Ali"};
  return polyrpc::Status::unauthenticated("nobody has this token");
}

void print_line(polyrpc::LogLevel, std::string_view line) {
  std::printf("  %.*s\n", static_cast<int>(line.size()), line.data());
}

void print_time(polyrpc::Side side, std::string_view method, const CallTime& time) {
  const auto us = [](std::chrono::microseconds t) { return static_cast<long long>(t.count()); };
  std::printf("  %s timed %.*s: %lld us", side == polyrpc::Side::server ? "server" : "client",
              static_cast<int>(method.size()), method.data(), us(time.total));
  if (time.server) std::printf(", of them in the server: %lld us", us(*time.server));
  std::printf("\n");
}

template <class Args>
void open(const char* title, polyrpc::Client& client, const Args& args) {
  std::printf("%s\n", title);
  const auto found = client.call<std::string>("Cave.Open", args);
  std::printf("=> %s\n\n", found.ok() ? found->c_str() : found.status().to_string().c_str());
}

}  // namespace

int main() {
  polyrpc::Registry registry;
  registry.add("Cave.Open", [](polyrpc::Context& context, const std::int64_t& door) {
    return context.get<User>()->name + " finds gold behind door " + std::to_string(door);
  });

  polyrpc::Server server(registry, polyrpc::standard_protocols());
  // Admission: asked in this order, before the argument is decoded.
  server.admit(interceptors::bearer_auth(user_of));
  interceptors::RateLimitOptions rate;
  rate.calls_per_second = 1.0 / 60;
  rate.burst = 3;
  rate.key = [](const polyrpc::Context& context) { return context.get<User>()->name; };
  server.admit(interceptors::rate_limit(rate));
  // Interceptors: around the calls that were admitted, the first one outermost.
  server.intercept(interceptors::logging(print_line));
  server.intercept(timing(print_time));

  const std::string address = server.listen("tcp://127.0.0.1:0").to_string();
  std::thread serving([&] { server.run(); });
  {
    const auto stranger = polyrpc::dial(address, polyrpc::gob::net_rpc());
    stranger->intercept(interceptors::logging(print_line));
    stranger->intercept(interceptors::bearer_token("open-wheat"));
    open("a stranger", *stranger, std::int64_t{1});
    open("a stranger with nonsense, at which nobody looks", *stranger, std::string("please"));

    const auto ali = polyrpc::dial(address, polyrpc::gob::net_rpc());
    ali->intercept(interceptors::logging(print_line));
    ali->intercept(timing(print_time));
    ali->intercept(interceptors::bearer_token("open-sesame"));
    open("Ali", *ali, std::int64_t{1});
    open("Ali with nonsense", *ali, std::string("please"));
    open("Ali again", *ali, std::int64_t{2});
    open("Ali, too often", *ali, std::int64_t{3});
  }
  server.shutdown();
  serving.join();
}
