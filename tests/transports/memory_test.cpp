#include "polyrpc/transports/memory.hpp"

#include "contract/transport_contract.hpp"

namespace polyrpc::test {

TEST_CASE("memory: the contract", "[memory]") {
  MemoryNetwork network;
  MemoryOptions small;
  small.buffer_bytes = 1000;
  MemoryNetwork small_network(small);
  TransportSubject subject;
  subject.transport = network.transport();
  subject.small_buffers = small_network.transport();
  int number = 0;
  subject.new_address = [&] { return Endpoint::parse("memory://name " + std::to_string(++number)).value(); };
  transport_contract(subject);
}

}  // namespace polyrpc::test
