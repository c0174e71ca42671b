// The transport of docs/extend/transport.md keeps the contract.

#include "polyrpc/transports/memory.hpp"
#include "polyrpc/transports/tcp.hpp"

#include "../../examples/features/own_transport/dump_transport.hpp"
#include "contract/transport_contract.hpp"

#include <mutex>

namespace polyrpc::test {

TEST_CASE("own transport: the contract", "[own_transport]") {
  TcpOptions small;
  small.receive_buffer = small.send_buffer = 16 << 10;
  std::mutex mutex;
  std::size_t lines = 0;
  const auto count = [&](std::string_view) {
    const std::lock_guard lock(mutex);
    ++lines;
  };
  TransportSubject subject;
  subject.transport = dump_transport(tcp_transport(), count);
  subject.small_buffers = dump_transport(tcp_transport(small), count);
  subject.new_address = [] { return Endpoint::parse("dump://127.0.0.1:0").value(); };
  subject.speaker = "tcp";  // who finds what is wrong
  subject.bulk_bytes = 1 << 20;
  transport_contract(subject);
}

TEST_CASE("own transport: what goes over it is printed", "[own_transport]") {
  std::vector<std::string> lines;
  const auto transport = dump_transport(tcp_transport(), [&](std::string_view line) { lines.emplace_back(line); });
  TestLoop here;
  TestListener listener(*transport, Endpoint::parse("dump://127.0.0.1:0").value(), here.loop());
  const LoopPair pair = connect_blocking(here, *transport, listener);
  CHECK(pair.dialled->write_some(as_bytes("0123456789abcdef\n!")).bytes == 18);
  CHECK(read_up_to(*pair.dialled, 0).empty());
  CHECK(lines == std::vector<std::string>{"> 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef",
                                          "> 0a 21                                            .!"});
  lines.clear();
  CHECK(pair.accepted->write_some(as_bytes("x")).bytes == 1);
  CHECK(read_up_to(*pair.dialled, 1) == "x");
  CHECK(lines == std::vector<std::string>{"> 78                                               x",
                                          "< 78                                               x"});
}

}  // namespace polyrpc::test
