#include "polyrpc/transports/tcp.hpp"

#include "contract/transport_contract.hpp"

#include <cerrno>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

// Native sockets, to look at what the library does from outside.
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace polyrpc::test {

namespace {

Endpoint address(std::string_view text) { return Endpoint::parse(text).value(); }

bool has_ipv6() {
  TestLoop here;
  return tcp_transport()->listen(address("tcp://[::1]:0"), here.loop()).ok();
}

/// A socket of the system's that closes itself.
class NativeSocket {
 public:
  NativeSocket() : handle_(::socket(AF_INET, SOCK_STREAM, 0)) {}
  NativeSocket(const NativeSocket&) = delete;
  NativeSocket& operator=(const NativeSocket&) = delete;
  ~NativeSocket() { ::close(handle_); }

  int get() const { return handle_; }
  bool connect(std::uint16_t port) const {
    const sockaddr_in local = loopback(port);
    return ::connect(handle_, reinterpret_cast<const sockaddr*>(&local), sizeof local) == 0;
  }
  std::uint16_t listen(int backlog) const {
    const sockaddr_in local = loopback(0);
    if (::bind(handle_, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0 ||
        ::listen(handle_, backlog) != 0)
      return 0;
    return port();
  }
  std::uint16_t port() const {
    sockaddr_in local{};
    socklen_t size = sizeof local;
    if (::getsockname(handle_, reinterpret_cast<sockaddr*>(&local), &size) != 0) return 0;
    return ntohs(local.sin_port);
  }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return result;
  }

  int handle_;
};

}  // namespace

TEST_CASE("tcp: the contract", "[tcp]") {
  TcpOptions small;
  small.receive_buffer = small.send_buffer = 16 << 10;
  TransportSubject subject;
  subject.transport = tcp_transport();
  subject.small_buffers = tcp_transport(small);
  subject.new_address = [] { return address("tcp://127.0.0.1:0"); };
  transport_contract(subject);
}

TEST_CASE("tcp: the contract on IPv6", "[tcp]") {
  if (!has_ipv6()) POLYRPC_SKIP("this machine has no IPv6");
  TcpOptions small;
  small.receive_buffer = small.send_buffer = 16 << 10;
  TransportSubject subject;
  subject.transport = tcp_transport();
  subject.small_buffers = tcp_transport(small);
  subject.new_address = [] { return address("tcp://[::1]:0"); };
  transport_contract(subject);
}

TEST_CASE("tcp: port 0 takes a free port and tells it", "[tcp]") {
  TestLoop here;
  const auto first = tcp_transport()->listen(address("tcp://127.0.0.1:0"), here.loop()).value();
  const auto second = tcp_transport()->listen(address("tcp://127.0.0.1:0"), here.loop()).value();
  CHECK(first->local().host == "127.0.0.1");
  CHECK(first->local().port != 0);
  CHECK(second->local().port != first->local().port);
}

TEST_CASE("tcp: localhost is this machine, in either spelling", "[tcp]") {
  TestLoop here;
  TestListener listener(*tcp_transport(), address("tcp://localhost:0"), here.loop());
  CHECK(listener.local().host == "127.0.0.1");
  Endpoint dialled = listener.local();
  dialled.host = "LocalHost";
  const auto connection = dial_on(here, *tcp_transport(), dialled).value();
  CHECK(connection->peer().address == "tcp://127.0.0.1:" + std::to_string(dialled.port));
  CHECK(tcp_transport()->dial(dialled, Clock::now() + patience).ok());
}

TEST_CASE("tcp: the next address is tried when one refuses", "[tcp]") {
  if (!has_ipv6()) POLYRPC_SKIP("this machine has no IPv6");
  TestLoop here;
  TestListener listener(*tcp_transport(), address("tcp://[::1]:0"), here.loop());
  Endpoint dialled = listener.local();
  dialled.host = "localhost";  // 127.0.0.1 first
  const auto connection = dial_on(here, *tcp_transport(), dialled).value();
  CHECK(connection->peer().address == listener.local().to_string());
  CHECK(tcp_transport()->dial(dialled, Clock::now() + patience).ok());
}

TEST_CASE("tcp: a listener without a host takes IPv4 and IPv6", "[tcp]") {
  if (!has_ipv6()) POLYRPC_SKIP("this machine has no IPv6");
  TestLoop here;
  TestListener listener(*tcp_transport(), address("tcp://:0"), here.loop());
  CHECK(listener.local().host == "::");
  Endpoint dialled = listener.local();
  for (const char* host : {"127.0.0.1", "::1", "", "::", "0.0.0.0", "localhost"}) {
    INFO(host);
    dialled.host = host;
    CHECK(dial_on(here, *tcp_transport(), dialled).ok());
  }
  REQUIRE(here.run_until([&] { return listener.accepted.size() == 6; }));
  CHECK_THAT(listener.accepted.front()->peer().address, starts_with("tcp://"));
}

TEST_CASE("tcp: without dual stack a listener on [::] leaves IPv4 alone", "[tcp]") {
  if (!has_ipv6()) POLYRPC_SKIP("this machine has no IPv6");
  TestLoop here;
  TcpOptions options;
  options.dual_stack = false;
  TestListener listener(*tcp_transport(options), address("tcp://[::]:0"), here.loop());
  Endpoint dialled = listener.local();
  dialled.host = "127.0.0.1";
  CHECK(tcp_transport()->dial(dialled, Clock::now() + patience).status().code() == StatusCode::unavailable);
  dialled.host = "::1";
  CHECK(tcp_transport()->dial(dialled, Clock::now() + patience).ok());
}

TEST_CASE("tcp: errors say which address and why", "[tcp]") {
  TestLoop here;
  const auto transport = tcp_transport();
  std::uint16_t port = 0;
  {
    const NativeSocket unused;
    port = unused.listen(1);
  }
  const std::string number = std::to_string(port);

  const Status refused = transport->dial(address("tcp://127.0.0.1:" + number), Clock::now() + patience).status();
  CHECK(refused == Status::unavailable("tcp: cannot connect to 127.0.0.1:" + number + ": connection refused"));
  const Status both = transport->dial(address("tcp://localhost:" + number), Clock::now() + patience).status();
  CHECK(both.code() == StatusCode::unavailable);
  CHECK_THAT(both.message(), starts_with("tcp: cannot connect to localhost:" + number + ": 127.0.0.1:" + number +
                                         ": connection refused; [::1]:" + number + ": "));

  const NativeSocket taken;
  const std::string taken_address = "127.0.0.1:" + std::to_string(taken.listen(1));
  CHECK(transport->listen(address("tcp://" + taken_address), here.loop()).status() ==
        Status::unavailable("tcp: cannot listen on " + taken_address + ": address already in use"));
  // TEST-NET-1 of RFC 5737 is nobody's.
  CHECK(transport->listen(address("tcp://192.0.2.1:1"), here.loop()).status() ==
        Status::invalid_argument("tcp: cannot listen on 192.0.2.1:1: cannot assign requested address"));
}

TEST_CASE("tcp: a name without an address is not found", "[tcp]") {
  // Two dots in a row: the resolver refuses it before it asks anybody.
  const Endpoint nowhere = address("tcp://a..b:80");
  TestLoop here;
  const auto transport = tcp_transport();
  const Status blocking = transport->dial(nowhere, Clock::now() + patience).status();
  CHECK(blocking.code() == StatusCode::not_found);
  CHECK_THAT(blocking.message(), starts_with("tcp: cannot find the address of a..b: "));
  const Status on_loop = dial_on(here, *transport, nowhere).status();
  CHECK(on_loop.code() == StatusCode::not_found);
  CHECK_THAT(on_loop.message(), starts_with("tcp: cannot find the address of a..b: "));
  const Status listening = transport->listen(nowhere, here.loop()).status();
  CHECK(listening.code() == StatusCode::not_found);

  bool called = false;
  const auto cancel =
      transport->dial(nowhere, here.loop(), [&](Result<std::unique_ptr<Connection>>) { called = true; });
  cancel();
  CHECK(dial_on(here, *transport, nowhere).status() == on_loop);
  CHECK_FALSE(called);
}

TEST_CASE("tcp: a missing permission is said", "[tcp]") {
  if (::geteuid() == 0 && ::seteuid(65534) != 0) POLYRPC_SKIP("cannot become another user");
  TestLoop here;
  const Status status = tcp_transport()->listen(address("tcp://127.0.0.1:1"), here.loop()).status();
  if (::getuid() == 0) REQUIRE(::seteuid(0) == 0);
  if (status.ok()) POLYRPC_SKIP("every user may listen on port 1 here");
  CHECK(status == Status::permission_denied("tcp: cannot listen on 127.0.0.1:1: permission denied"));
}

TEST_CASE("tcp: a dial that nobody answers ends at its deadline", "[tcp]") {
  // The queue of this listener holds two connections; Linux does not answer a third.
  const NativeSocket listener;
  const std::uint16_t port = listener.listen(1);
  const NativeSocket first;
  const NativeSocket second;
  REQUIRE(first.connect(port));
  REQUIRE(second.connect(port));
  const Endpoint full = address("tcp://127.0.0.1:" + std::to_string(port));
  const auto deadline = Clock::now() + std::chrono::milliseconds(50);
  const auto dialled = tcp_transport()->dial(full, deadline);
  if (dialled.ok()) POLYRPC_SKIP("this system answers for a listener with a full queue");
  CHECK(dialled.status() ==
        Status::deadline_exceeded("tcp: cannot connect to 127.0.0.1:" + std::to_string(port) + ": deadline exceeded"));
  CHECK(Clock::now() >= deadline);

  std::stop_source stop;
  std::thread stopper([&] { stop.request_stop(); });
  CHECK(tcp_transport()->dial(full, std::nullopt, stop.get_token()).status().code() == StatusCode::cancelled);
  stopper.join();

  TestLoop here;
  bool called = false;
  const auto cancel =
      tcp_transport()->dial(full, here.loop(), [&](Result<std::unique_ptr<Connection>>) { called = true; });
  here.settle();
  cancel();
  here.settle();
  CHECK_FALSE(called);
}

TEST_CASE("tcp: a socket never connects to itself", "[tcp]") {
  // The system picks a dial's own port from a range that it goes through in turn, and so picks the dialled port once in
  // a while, if that is in the range and free. Such a port is one that it has picked before.
  std::uint16_t port = 0;
  {
    const NativeSocket listener;
    const NativeSocket client;
    REQUIRE(client.connect(listener.listen(1)));
    port = client.port();
  }
  const Endpoint free_port = address("tcp://127.0.0.1:" + std::to_string(port));
  const auto transport = tcp_transport();
  for (int i = 0; i < 33'000; ++i)
    if (transport->dial(free_port, std::nullopt).ok()) FAIL("connected to nobody");
}

TEST_CASE("tcp: options reach the sockets of both sides", "[tcp]") {
  TestLoop here;
  TcpOptions options;
  options.no_delay = GENERATE(true, false);
  options.keep_alive = std::chrono::seconds(GENERATE(0, 7));
  const auto transport = tcp_transport(options);
  TestListener listener(*transport, address("tcp://127.0.0.1:0"), here.loop());
  // The handles are not public: the highest two descriptors are the connection's.
  const int before = ::dup(0);
  ::close(before);
  const LoopPair pair = connect_on(here, *transport, listener);
  int found = 0;
  for (int handle = before; handle < before + 16; ++handle) {
    int no_delay = 0;
    int keep_alive = 0;
    int type = 0;
    socklen_t size = sizeof type;
    sockaddr_in peer{};
    socklen_t peer_size = sizeof peer;
    if (::getsockopt(handle, SOL_SOCKET, SO_TYPE, &type, &size) != 0) continue;
    if (::getpeername(handle, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) continue;
    ++found;
    size = sizeof no_delay;
    REQUIRE(::getsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size) == 0);
    size = sizeof keep_alive;
    REQUIRE(::getsockopt(handle, SOL_SOCKET, SO_KEEPALIVE, &keep_alive, &size) == 0);
    CHECK((no_delay != 0) == options.no_delay);
    CHECK((keep_alive != 0) == (options.keep_alive.count() > 0));
#ifdef TCP_KEEPIDLE
    if (keep_alive != 0) {
      int idle = 0;
      size = sizeof idle;
      REQUIRE(::getsockopt(handle, IPPROTO_TCP, TCP_KEEPIDLE, &idle, &size) == 0);
      CHECK(idle == 7);
    }
#endif
  }
  CHECK(found == 2);
}

TEST_CASE("tcp: a listener without descriptors rests, and accepts when there are some", "[tcp]") {
  TestLoop here;
  TestListener listener(*tcp_transport(), address("tcp://127.0.0.1:0"), here.loop());
  here.settle();
  const NativeSocket client;
  std::vector<int> fill;
  struct rlimit limit;
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlim_t was = limit.rlim_cur;
  limit.rlim_cur = static_cast<rlim_t>(client.get() + 20);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  for (int copy = ::dup(0); copy >= 0; copy = ::dup(0)) fill.push_back(copy);
  const int exhausted = errno;

  const bool connected = client.connect(listener.local().port);  // the system queues it
  std::size_t handlers = here.context().run_one_for(patience);   // accept fails
  const std::size_t spinning = here.context().poll();
  const bool accepted_early = !listener.accepted.empty();

  for (const int copy : fill) ::close(copy);
  limit.rlim_cur = was;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  CHECK(exhausted == EMFILE);
  CHECK(connected);
  CHECK(handlers == 1);
  CHECK(spinning == 0);
  CHECK_FALSE(accepted_early);
  CHECK(here.run_until([&] { return listener.accepted.size() == 1; }));
}

TEST_CASE("tcp: a connection that the peer resets fails with the reason", "[tcp]") {
  TestLoop here;
  TestListener listener(*tcp_transport(), address("tcp://127.0.0.1:0"), here.loop());
  std::optional<NativeSocket> client(std::in_place);
  REQUIRE(client->connect(listener.local().port));
  REQUIRE(here.run_until([&] { return !listener.accepted.empty(); }));
  const std::string name = listener.accepted.front()->peer().address;
  Pump server(std::move(listener.accepted.front()));
  const linger reset{1, 0};
  REQUIRE(::setsockopt(client->get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
  client.reset();
  REQUIRE(here.run_until([&] { return server.read_end != IoState::would_block; }));
  CHECK(server.read_end == IoState::failed);
  CHECK(server.connection().error() == Status::unavailable("tcp: connection broken: connection reset by peer"));
  // Its name is still known.
  CHECK(server.connection().peer().address == name);
}

TEST_CASE("tcp: a listener is closed by its end, also with its loop gone on", "[tcp]") {
  TestLoop here;
  Endpoint local;
  {
    TestListener listener(*tcp_transport(), address("tcp://127.0.0.1:0"), here.loop());
    local = listener.local();
  }
  here.settle();
  CHECK(tcp_transport()->dial(local, Clock::now() + patience).status().code() == StatusCode::unavailable);
  CHECK(tcp_transport()->listen(local, here.loop()).ok());
}

}  // namespace polyrpc::test
