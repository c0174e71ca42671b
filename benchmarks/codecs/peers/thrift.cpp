// Thrift's binary protocol. Prints as codecs/polyrpc.cpp does.

#include "codecs/measure.hpp"
#include "codecs/values.hpp"
#include "values_types.h"

#include <cstdint>
#include <memory>
#include <string>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>

namespace {

using bench::Settings;
namespace th = bench::th;
using apache::thrift::transport::TMemoryBuffer;
using Protocol = apache::thrift::protocol::TBinaryProtocolT<TMemoryBuffer>;

th::Ints message_of(const values::Ints& value) {
  th::Ints message;
  message.a = value.a;
  message.b = value.b;
  message.c = value.c;
  message.d = value.d;
  return message;
}

th::Echo message_of(const values::Echo& value) {
  th::Echo message;
  message.a = value.a;
  message.b = value.b;
  message.s.assign(reinterpret_cast<const char*>(value.s.data()), value.s.size());
  return message;
}

th::Texts message_of(const values::Texts& value) {
  th::Texts message;
  message.name = value.name;
  message.street = value.street;
  message.city = value.city;
  message.note = value.note;
  return message;
}

th::Doubles message_of(const values::Doubles& value) {
  th::Doubles message;
  message.values = value;
  return message;
}

th::Ages message_of(const values::Ages& value) {
  th::Ages message;
  message.ages = value;
  return message;
}

th::Order message_of(const values::Order& value) {
  th::Order message;
  message.id = value.id;
  message.buyer = value.buyer;
  for (const values::Line& line : value.lines) {
    th::Line& into = message.lines.emplace_back();
    into.sku = line.sku;
    into.count = line.count;
    into.price = line.price;
    into.tags = line.tags;
  }
  return message;
}

/// Thrift 0.17 takes the largest size of a message for that of all messages that a buffer ever held.
class Input final : public TMemoryBuffer {
 public:
  using TMemoryBuffer::TMemoryBuffer;
  void begin(std::uint8_t* data, std::uint32_t size) {
    resetBuffer(data, size);
    resetConsumedMessageSize();
  }
};

template <class Message>
void measure(const Settings& settings, const char* name, const Message& message) {
  const auto output = std::make_shared<TMemoryBuffer>();
  Protocol writer(output);
  message.write(&writer);
  std::string bytes = output->getBufferAsString();

  const auto data = reinterpret_cast<std::uint8_t*>(bytes.data());
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const auto input = std::make_shared<Input>(data, size);
  Protocol reader(input);
  Message last;
  last.read(&reader);
  bench::require_same(last == message, "Thrift", name);
  bench::measure_and_print(
      settings, "thrift binary", name, bytes.size(),
      [&] {
        output->resetBuffer();
        message.write(&writer);
      },
      [&] {
        input->begin(data, size);
        Message into;
        into.read(&reader);
        bench::keep(into);
      });
}

}  // namespace

int main(int argc, char** argv) {
  return bench::codec_main(argc, argv, [](const Settings& settings) {
    values::for_each([&settings](const char* name, const auto& value) { measure(settings, name, message_of(value)); });
  });
}
