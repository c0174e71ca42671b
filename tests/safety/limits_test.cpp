// Too many connections, too few descriptors, and the end of a server that has much to do.

#include "safety/services.hpp"
#include "safety/sockets.hpp"
#include "safety/wires.hpp"
#include "support/catch.hpp"
#include "support/running_server.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace polyrpc;
using namespace polyrpc::test;
using namespace std::chrono_literals;

using Callers = std::vector<std::unique_ptr<Caller>>;

/// One connection a wire on which a call has been answered.
Callers one_a_wire(const std::string& address) {
  Callers callers;
  for (const Wire& wire : wires()) {
    callers.push_back(std::make_unique<Caller>(wire, address));
    if (!callers.back()->call("Test.Echo", "hello").ok()) throw std::runtime_error("no answer on " + wire.name);
  }
  return callers;
}

bool all_answer(Callers& callers) {
  for (const auto& caller : callers)
    if (caller->call("Test.Echo", "hello").value_or("") != "hello") return false;
  return true;
}

/// Lets this process have only so many more descriptors.
class FewDescriptors {
 public:
  explicit FewDescriptors(int more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = 0;
    for (; more > 0; ++few.rlim_cur)
      if (::fcntl(static_cast<int>(few.rlim_cur), F_GETFD) == -1) --more;
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("further connections are closed at once, those there are stay, and a free place is taken", "[limits]") {
  Services services;
  ServerOptions options;
  options.limits.connections = 8;
  RunningServer server(services.registry, standard_protocols(), options, 3);
  Callers first = one_a_wire(server.address());
  Callers second = one_a_wire(server.address());
  for (int i = 0; i < 40; ++i) {
    RawPeer further(server.address());
    CHECK(further.rest().empty());
    CHECK(all_answer(i % 2 == 0 ? first : second));
  }
  second.pop_back();
  bool taken = false;
  const auto give_up = Clock::now() + 60s;
  while (!taken && Clock::now() < give_up) {
    Caller next(wires()[0], server.address());
    taken = next.peer.try_send(next.voice.call("Test.Echo", "hello")) && next.outcome(0).ok();
  }
  CHECK(taken);
  CHECK(all_answer(first));
}

TEST_CASE("without descriptors connections wait, and those there are go on", "[limits]") {
  Services services;
  RunningServer server(services.registry, standard_protocols());
  Callers standing = one_a_wire(server.address());
  REQUIRE(all_answer(standing));
  Voice voice(wires()[0]);
  const std::string request = voice.call("Test.Echo", "hello");
  std::vector<PlainSocket> sockets(20);
  std::string reply;
  {
    const FewDescriptors two_more(2);
    for (PlainSocket& socket : sockets) {
      socket.connect(port_of(server.address()));
      REQUIRE(socket.send(request));
    }
    while (voice.answered() == 0) {
      const std::string byte = sockets[0].receive(1);
      REQUIRE(byte.size() == 1);
      reply += byte;
      REQUIRE(voice.hear(byte).ok());
    }
    CHECK(sockets[1].receive(reply.size()) == reply);
    for (int i = 0; i < 100; ++i) CHECK(all_answer(standing));
    for (std::size_t i = 2; i < sockets.size(); ++i) CHECK_FALSE(sockets[i].has_answer_or_end());
    // A place that becomes free is taken.
    sockets[0].close();
    CHECK(sockets[2].receive(reply.size()) == reply);
  }
  for (std::size_t i = 3; i < sockets.size(); ++i) CHECK(sockets[i].receive(reply.size()) == reply);
  CHECK(all_answer(standing));
}

TEST_CASE("too many calls under way stop their connection alone", "[limits]") {
  for (const Wire& wire : wires()) {
    CAPTURE(wire.name);
    Services services;
    ServerOptions options;
    options.limits.calls_in_flight = 2;
    RunningServer server(services.registry, standard_protocols(), options);
    Witness witness(server.address());
    Caller busy(wire, server.address());
    // By POST one is under way at a time.
    const int at_once = wire.is_post ? 1 : 2;
    std::string calls;
    for (int i = 0; i < at_once; ++i) calls += busy.voice.call("Test.Gate", "slow");
    calls += busy.voice.call("Test.Big", std::int64_t{5});
    busy.peer.send(calls);
    services.gate.await(at_once);
    CHECK(witness.is_answered());
    CHECK(services.big_calls == 0);
    services.gate.open();
    for (int i = 0; i < at_once; ++i) CHECK(busy.outcome(static_cast<std::size_t>(i)).value() == "slow");
    CHECK(busy.outcome(static_cast<std::size_t>(at_once)).value() == "xxxxx");
  }
}

TEST_CASE("a server under load shuts down, and every answer it gave is right", "[limits]") {
  Services services;
  RunningServer server(services.registry, standard_protocols(), {}, 3);
  std::atomic<int> answered = 0;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < 2 * wires().size(); ++i) {
    clients.emplace_back([&, i] {
      try {
        Caller caller(wires()[i / 2], server.address());
        for (int call = 0;; ++call) {
          const std::string text = std::to_string(i) + "/" + std::to_string(call);
          const Result<std::string> reply = caller.call(call % 2 == 0 ? "Test.Echo" : "Test.Later", text);
          if (!reply.ok()) {
            const std::string why = reply.status().message();
            if (why.find("shutting down") == std::string::npos && why != "the connection has ended") ++wrong;
            return;
          }
          if (*reply != text) ++wrong;
          ++answered;
        }
      } catch (const std::exception&) {
        // The server took no more.
      }
    });
  }
  while (answered < 400) std::this_thread::yield();
  server.server().shutdown();
  server.join();
  for (std::thread& client : clients) client.join();
  CHECK(wrong == 0);
  CHECK_THROWS(Caller(wires()[0], server.address()));
}

namespace {

/// Connections in every state that one can be in.
struct Everything {
  Everything(Services& services, const std::string& address) : idle(one_a_wire(address)), silent(address) {
    int waiting = 0;
    for (const Wire& wire : wires()) {
      under_way.push_back(std::make_unique<Caller>(wire, address));
      under_way.back()->call("Test.Echo", std::string("hello")).value();
      under_way.back()->start("Test.Gate", std::string("slow"));
      services.gate.await(++waiting);
      half.push_back(std::make_unique<Caller>(wire, address));
      half.back()->call("Test.Echo", std::string("hello")).value();
      const std::string request = half.back()->voice.call("Test.Echo", std::string("half"));
      half.back()->peer.send(request.substr(0, request.size() / 2));
      greedy.push_back(std::make_unique<Caller>(wire, address));
      std::string calls;
      for (int i = 0; i < 100; ++i) calls += greedy.back()->voice.call("Test.Big", std::int64_t{1} << 20);
      greedy.back()->peer.send(calls);
    }
  }

  Callers idle;
  Callers under_way;
  Callers half;
  Callers greedy;
  RawPeer silent;
};

}  // namespace

TEST_CASE("a server that shuts down ends what waits, finishes what is under way, and cuts the rest", "[limits]") {
  Services services;
  RunningServer server(services.registry, standard_protocols());
  Everything everything(services, server.address());
  server.server().shutdown(300ms);
  for (const auto& caller : everything.idle) CHECK(caller->peer.rest().empty());
  CHECK(everything.silent.rest().empty());
  services.gate.open();
  for (const auto& caller : everything.under_way) {
    CHECK(caller->outcome(1).value() == "slow");
    CHECK(caller->peer.rest().empty());
  }
  server.join();
  for (const auto& caller : everything.half) CHECK(caller->peer.rest().empty());
}

TEST_CASE("a server stops at once, whatever its connections are doing", "[limits]") {
  Services services;
  RunningServer server(services.registry, standard_protocols(), {}, 2);
  Everything everything(services, server.address());
  server.server().stop();
  server.join();
  for (const Callers* callers : {&everything.idle, &everything.under_way, &everything.half})
    for (const auto& caller : *callers) CHECK(caller->peer.rest().empty());
  CHECK(everything.silent.rest().empty());
  services.gate.open();
}
