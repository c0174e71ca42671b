// Ten thousand connections of each protocol that do nothing, or nothing any more.

#include "safety/services.hpp"
#include "safety/sockets.hpp"
#include "safety/wires.hpp"
#include "support/catch.hpp"
#include "support/counted_new.hpp"
#include "support/running_server.hpp"

#include <string>
#include <string_view>
#include <sys/wait.h>
#include <vector>

namespace {

using namespace polyrpc;
using namespace polyrpc::test;

constexpr std::uint32_t count = 10'000;
/// What the crowd is to do: `open` that many connections, of which one in four says nothing at all, one only what opens
/// a connection on this wire, and two make a call; have those make a call `again`; or end all by `reset`.
struct Order {
  enum What : std::uint8_t { open, again, reset } what = open;
  std::uint16_t port = 0;
  std::uint32_t opening_size = 0;  // of the request
  std::uint32_t request_size = 0;
  std::uint32_t opened_size = 0;  // of the reply
  std::uint32_t reply_size = 0;
};

/// What a client sends, what it is answered, and how much of both is not yet the call.
struct Exchange {
  std::string request;
  std::string reply;
  std::size_t opening = 0;
  std::size_t opened = 0;
};

/// The client's ends of all connections, in a process of their own: a process may have only so many descriptors.
class Crowd {
 public:
  /// To be made before there are threads.
  Crowd() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) throw std::runtime_error("no pair of sockets");
    process_ = ::fork();
    if (process_ == 0) {
      ::close(ends[0]);
      obey(ends[1]);
      ::_exit(0);
    }
    ::close(ends[1]);
    line_ = ends[0];
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() {
    ::close(line_);
    ::waitpid(process_, nullptr, 0);
  }

  void start(Order::What what, std::uint16_t port = 0, const Exchange& exchange = {}) {
    const auto narrow = [](std::size_t size) { return static_cast<std::uint32_t>(size); };
    const Order order{what,
                      port,
                      narrow(exchange.opening),
                      narrow(exchange.request.size()),
                      narrow(exchange.opened),
                      narrow(exchange.reply.size())};
    std::string bytes(reinterpret_cast<const char*>(&order), sizeof order);
    bytes += exchange.request + exchange.reply;
    if (::write(line_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
      throw std::runtime_error("the crowd does not listen");
  }
  bool has_finished() const {
    pollfd entry{line_, POLLIN, 0};
    return ::poll(&entry, 1, 0) > 0;
  }
  /// With how many of the connections all was well.
  std::uint32_t good() {
    std::uint32_t number = 0;
    if (!receive(line_, &number, sizeof number)) throw std::runtime_error("the crowd has died");
    return number;
  }

 private:
  static bool receive(int line, void* into, std::size_t size) {
    return size == 0 || ::recv(line, into, size, MSG_WAITALL) == static_cast<ssize_t>(size);
  }

  static bool call(PlainSocket& socket, const std::string& request, const std::string& reply) {
    return socket.send(request) && hide_dates(socket.receive(reply.size())) == reply;
  }

  static void obey(int line) {
    std::vector<PlainSocket> sockets;
    sockets.reserve(count);
    Order order;
    while (receive(line, &order, sizeof order)) {
      std::string request(order.request_size, '\0');
      std::string reply(order.reply_size, '\0');
      if (!receive(line, request.data(), request.size()) || !receive(line, reply.data(), reply.size())) return;
      std::uint32_t good = 0;
      try {
        for (std::uint32_t i = 0; i < count; ++i) {
          const std::uint32_t kind = i % 4;
          switch (order.what) {
            case Order::open:
              sockets.emplace_back(order.port);
              if (kind == 0 || (kind == 1 ? call(sockets[i], request.substr(0, order.opening_size),
                                                 reply.substr(0, order.opened_size))
                                          : call(sockets[i], request, reply)))
                ++good;
              break;
            case Order::again:
              if (kind < 2 ? !sockets[i].has_ended() : call(sockets[i], request, reply)) ++good;
              break;
            case Order::reset:
              sockets[i].reset();
              ++good;
              break;
          }
        }
      } catch (const std::exception&) {
        // Then not all of them are good.
      }
      if (order.what == Order::reset) sockets.clear();
      if (::write(line, &good, sizeof good) != sizeof good) return;
    }
  }

  pid_t process_ = 0;
  int line_ = -1;
};

Exchange exchange(const Wire& wire, Caller& caller) {
  Exchange made;
  if (caller.voice.calls() == 0 && wire.framing) {
    ByteQueue opening;
    wire.framing()->open(opening);
    made.opening = opening.size();
  }
  made.request = caller.voice.call("Test.Echo", "hello");
  caller.peer.send(made.request);
  while (caller.voice.answered() < caller.voice.calls()) {
    const std::string bytes = caller.peer.some();
    made.reply += bytes;
    if (bytes.empty() || !caller.voice.hear(bytes).ok()) throw std::runtime_error("no answer");
  }
  if (made.opening != 0) made.opened = made.reply.find("\n\n") + 2;
  made.reply = hide_dates(made.reply);
  return made;
}

}  // namespace

TEST_CASE("ten thousand idle connections take little memory, and others are answered throughout", "[idle]") {
  const std::size_t which = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3});
  const Wire& wire = wires().at(which);
  CAPTURE(wire.name);
  const std::size_t descriptors = raise_descriptor_limit();
  if (descriptors < count + 200)
    POLYRPC_SKIP("a process may have only " + std::to_string(descriptors) + " descriptors");

  Crowd crowd;
  Services services;
  ServerOptions options;
  options.limits.sniff_time = std::chrono::hours(1);
  RunningServer server(services.registry, standard_protocols(), options);
  Caller caller(wire, server.address());
  const Exchange first = exchange(wire, caller);
  const Exchange second = exchange(wire, caller);
  Witness witness(server.address());
  const auto meanwhile = [&] {
    do {
      REQUIRE(witness.is_answered());
    } while (!crowd.has_finished());
    return crowd.good();
  };
  REQUIRE(witness.is_answered());
  const int descriptors_before = open_descriptors();
  const std::size_t bytes_before = live_bytes();

  crowd.start(Order::open, port_of(server.address()), first);
  CHECK(meanwhile() == count);
  if (counts_malloc()) {
    const std::size_t each = (live_bytes() - bytes_before) / count;
    CAPTURE(each);
    CHECK(each > 100);
    // Behind CONNECT a connection has been two things.
    CHECK(each < (wire.name == std::string_view("CONNECT") ? 1280U : 1024U));
  }
  crowd.start(Order::again, 0, second);
  CHECK(meanwhile() == count);
  crowd.start(Order::reset);
  CHECK(meanwhile() == count);
  // Some of the witness's own come and go.
  while (open_descriptors() > descriptors_before + 50) REQUIRE(witness.is_answered());
}
