// Thrift's own client: a thread for each connection, which sends so many calls before it reads the first reply.
// Prints as polyrpc_client does.

#include "Echo.h"
#include "framed.hpp"
#include "support/clock.hpp"
#include "support/options.hpp"
#include "support/shared_meter.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TSocket.h>
#include <vector>

namespace {

namespace protocol = apache::thrift::protocol;
namespace transport = apache::thrift::transport;
using bench::now;
using bench::thrift::Message;

using Protocol = protocol::TBinaryProtocolT<transport::TBufferBase>;
using Client = bench::thrift::EchoClientT<Protocol>;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "thrift_client: %s\n", why.c_str());
  std::_Exit(1);
}

std::unique_ptr<Client> connect(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) fail("not HOST:PORT: " + address);
  const auto socket =
      std::make_shared<transport::TSocket>(address.substr(0, colon), std::stoi(address.substr(colon + 1)));
  socket->open();
  return std::make_unique<Client>(std::make_shared<Protocol>(std::make_shared<bench::Framed>(socket)));
}

void run(Client& client, const Message& message, std::size_t depth, bench::SharedMeter& meter) try {
  Message reply;
  std::deque<std::uint64_t> began;
  for (;;) {
    while (began.size() < depth) {
      began.push_back(now());
      client.send_echo(message);
    }
    client.recv_echo(reply);
    if (reply.a != message.a || reply.b != message.b || reply.s.size() != message.s.size()) fail("not an echo");
    if (!meter.finished(began.front(), now())) return;
    began.pop_front();
  }
} catch (const std::exception& error) {
  fail(error.what());
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(argc, argv,
                               "options: --address HOST:PORT --wire thrift --connections N --in-flight N "
                               "--payload BYTES --warmup SECONDS --seconds SECONDS ");
  Message message;
  message.a = 1;
  message.b = 2;
  message.s.assign(options.number<std::size_t>("payload", 32), 'x');
  const auto depth = options.number<std::size_t>("in-flight", 1);
  std::vector<std::unique_ptr<Client>> clients;
  try {
    for (std::size_t i = options.number<std::size_t>("connections", 1); i > 0; --i)
      clients.push_back(connect(options.text("address", "")));
  } catch (const std::exception& error) {
    fail(error.what());
  }

  bench::SharedMeter meter(options.number("warmup", 0.5), options.number("seconds", 2.0));
  std::vector<std::thread> threads;
  for (const auto& client : clients)
    threads.emplace_back([&client, &message, depth, &meter] { run(*client, message, depth, meter); });
  meter.print_at_end();
}
