// Cap'n Proto. It has no values of its own: building a message is encoding, and reading it is decoding, so that is
// measured from and to the structs of codecs/values.hpp. Prints as codecs/polyrpc.cpp does.

#include "codecs/measure.hpp"
#include "codecs/values.hpp"
#include "values.capnp.h"

#include <array>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <cstring>
#include <kj/io.h>
#include <string>

namespace {

using bench::Settings;
namespace cp = bench::cp;

unsigned size_of(std::size_t elements) { return static_cast<unsigned>(elements); }
capnp::Text::Reader text_of(const std::string& text) { return {text.data(), text.size()}; }
std::string string_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

void write(const values::Ints& value, capnp::MessageBuilder& message) {
  auto into = message.initRoot<cp::Ints>();
  into.setA(value.a);
  into.setB(value.b);
  into.setC(value.c);
  into.setD(value.d);
}
void read(capnp::MessageReader& message, values::Ints& into) {
  const auto from = message.getRoot<cp::Ints>();
  into = {from.getA(), from.getB(), from.getC(), from.getD()};
}

void write(const values::Echo& value, capnp::MessageBuilder& message) {
  auto into = message.initRoot<cp::Echo>();
  into.setA(value.a);
  into.setB(value.b);
  into.setS({reinterpret_cast<const kj::byte*>(value.s.data()), value.s.size()});
}
void read(capnp::MessageReader& message, values::Echo& into) {
  const auto from = message.getRoot<cp::Echo>();
  into.a = from.getA();
  into.b = from.getB();
  const auto* bytes = reinterpret_cast<const std::byte*>(from.getS().begin());
  into.s.assign(bytes, bytes + from.getS().size());
}

void write(const values::Texts& value, capnp::MessageBuilder& message) {
  auto into = message.initRoot<cp::Texts>();
  into.setName(text_of(value.name));
  into.setStreet(text_of(value.street));
  into.setCity(text_of(value.city));
  into.setNote(text_of(value.note));
}
void read(capnp::MessageReader& message, values::Texts& into) {
  const auto from = message.getRoot<cp::Texts>();
  into = {string_of(from.getName()), string_of(from.getStreet()), string_of(from.getCity()), string_of(from.getNote())};
}

void write(const values::Doubles& value, capnp::MessageBuilder& message) {
  auto list = message.initRoot<cp::Doubles>().initList(size_of(value.size()));
  for (std::size_t i = 0; i < value.size(); ++i) list.set(size_of(i), value[i]);
}
void read(capnp::MessageReader& message, values::Doubles& into) {
  const auto list = message.getRoot<cp::Doubles>().getList();
  into.reserve(list.size());
  for (const double value : list) into.push_back(value);
}

void write(const values::Ages& value, capnp::MessageBuilder& message) {
  auto list = message.initRoot<cp::Ages>().initAges(size_of(value.size()));
  unsigned i = 0;
  for (const auto& [name, years] : value) {
    auto age = list[i++];
    age.setName(text_of(name));
    age.setYears(years);
  }
}
void read(capnp::MessageReader& message, values::Ages& into) {
  for (const auto age : message.getRoot<cp::Ages>().getAges())
    into.emplace_hint(into.end(), string_of(age.getName()), age.getYears());
}

void write(const values::Order& value, capnp::MessageBuilder& message) {
  auto into = message.initRoot<cp::Order>();
  into.setId(value.id);
  into.setBuyer(text_of(value.buyer));
  auto lines = into.initLines(size_of(value.lines.size()));
  for (std::size_t i = 0; i < value.lines.size(); ++i) {
    const values::Line& from = value.lines[i];
    auto line = lines[size_of(i)];
    line.setSku(text_of(from.sku));
    line.setCount(from.count);
    line.setPrice(from.price);
    auto tags = line.initTags(size_of(from.tags.size()));
    for (std::size_t j = 0; j < from.tags.size(); ++j) tags.set(size_of(j), text_of(from.tags[j]));
  }
}
void read(capnp::MessageReader& message, values::Order& into) {
  const auto from = message.getRoot<cp::Order>();
  into.id = from.getId();
  into.buyer = string_of(from.getBuyer());
  into.lines.reserve(from.getLines().size());
  for (const auto line : from.getLines()) {
    values::Line& last = into.lines.emplace_back();
    last.sku = string_of(line.getSku());
    last.count = line.getCount();
    last.price = line.getPrice();
    last.tags.reserve(line.getTags().size());
    for (const auto tag : line.getTags()) last.tags.push_back(string_of(tag));
  }
}

template <class T>
void measure(const Settings& settings, const char* name, const T& value) {
  // A first segment that is there already, and an output that keeps its room: the least that it can cost.
  auto segment = kj::heapArray<capnp::word>(std::size_t{1} << 18);
  std::memset(segment.begin(), 0, segment.asBytes().size());
  auto room = kj::heapArray<kj::byte>(segment.asBytes().size() + 64);
  std::size_t written = 0;
  const auto encode = [&] {
    kj::ArrayOutputStream output(room);
    capnp::MallocMessageBuilder message(segment);
    write(value, message);
    capnp::writeMessage(output, message);
    written = output.getArray().size();
  };
  encode();
  auto words = kj::heapArray<capnp::word>(written / sizeof(capnp::word));
  std::memcpy(words.begin(), room.begin(), written);
  const auto decode = [&words] {
    capnp::FlatArrayMessageReader message(words);
    T into{};
    read(message, into);
    return into;
  };
  bench::require_same(decode() == value, "Cap'n Proto", name);
  bench::measure_and_print(settings, "capnp", name, words.asBytes().size(), encode, [&] { bench::keep(decode()); });
}

}  // namespace

int main(int argc, char** argv) {
  return bench::codec_main(argc, argv, [](const Settings& settings) {
    values::for_each([&settings](const char* name, const auto& value) { measure(settings, name, value); });
  });
}
