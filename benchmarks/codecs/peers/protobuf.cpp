// Protobuf C++ alone, and as polyrpc's codec has it for the same generated messages. Prints as codecs/polyrpc.cpp does.

#include "codecs/measure.hpp"
#include "codecs/values.hpp"
#include "values.pb.h"

#if defined(BENCH_POLYRPC)
#include <polyrpc/codecs/protobuf.hpp>
#include <polyrpc/codecs/protobuf_message.hpp>
#endif

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>

namespace {

using bench::Settings;
namespace pb = bench::pb;

pb::Ints message_of(const values::Ints& value) {
  pb::Ints message;
  message.set_a(value.a);
  message.set_b(value.b);
  message.set_c(value.c);
  message.set_d(value.d);
  return message;
}

pb::Echo message_of(const values::Echo& value) {
  pb::Echo message;
  message.set_a(value.a);
  message.set_b(value.b);
  message.set_s(value.s.data(), value.s.size());
  return message;
}

pb::Texts message_of(const values::Texts& value) {
  pb::Texts message;
  message.set_name(value.name);
  message.set_street(value.street);
  message.set_city(value.city);
  message.set_note(value.note);
  return message;
}

pb::Doubles message_of(const values::Doubles& value) {
  pb::Doubles message;
  message.mutable_list()->Add(value.begin(), value.end());
  return message;
}

pb::Ages message_of(const values::Ages& value) {
  pb::Ages message;
  message.mutable_ages()->insert(value.begin(), value.end());
  return message;
}

pb::Order message_of(const values::Order& value) {
  pb::Order message;
  message.set_id(value.id);
  message.set_buyer(value.buyer);
  for (const values::Line& line : value.lines) {
    pb::Line& into = *message.add_lines();
    into.set_sku(line.sku);
    into.set_count(line.count);
    into.set_price(line.price);
    for (const std::string& tag : line.tags) into.add_tags(tag);
  }
  return message;
}

template <class Message>
void measure_alone(const Settings& settings, const char* name, const Message& message) {
  std::string output;
  message.SerializeToString(&output);
  const std::string bytes = output;
  Message last;
  // A map's order is not kept.
  bench::require_same(last.ParseFromString(bytes) && last.ByteSizeLong() == bytes.size(), "protobuf", name);
  bench::measure_and_print(
      settings, "protobuf C++", name, bytes.size(), [&] { message.SerializeToString(&output); },
      [&] {
        Message into;
        if (!into.ParseFromString(bytes)) throw std::runtime_error("not read");
        bench::keep(into);
      });
}

#if defined(BENCH_POLYRPC)
void check(const polyrpc::Status& status) {
  if (!status.ok()) throw std::runtime_error(std::string(status.message()));
}

template <class Message>
void measure_with_polyrpc(const Settings& settings, const char* name, const Message& message) {
  polyrpc::ByteQueue output;
  check(polyrpc::protobuf::encode(message, output));
  const std::string text(output.text());
  const auto bytes = std::as_bytes(std::span(text));
  bench::measure_and_print(
      settings, "polyrpc protobuf, generated", name, bytes.size(),
      [&] {
        output.clear();
        check(polyrpc::protobuf::encode(message, output));
      },
      [&] {
        Message into;
        check(polyrpc::protobuf::decode(bytes, into));
        bench::keep(into);
      });
}
#endif

}  // namespace

int main(int argc, char** argv) {
  return bench::codec_main(argc, argv, [](const Settings& settings) {
    values::for_each([&settings](const char* name, const auto& value) {
      const auto message = message_of(value);
      measure_alone(settings, name, message);
#if defined(BENCH_POLYRPC)
      measure_with_polyrpc(settings, name, message);
#endif
    });
  });
}
