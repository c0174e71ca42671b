// Measures polyrpc's codecs as codecs/go/main.go measures Go's: nanoseconds, allocations and bytes per value, one value
// after the other on one stream. Prints one line of JSON per codec and value.

#include <polyrpc/codecs/gob.hpp>
#include <polyrpc/codecs/json.hpp>
#if defined(BENCH_PROTOBUF)
#include <polyrpc/codecs/protobuf.hpp>
#endif

#include "codecs/measure.hpp"
#include "codecs/values.hpp"

#include <span>
#include <stdexcept>
#include <string>

namespace values {

POLYRPC_DESCRIBE(Ints, (a, "A"), (b, "B"), (c, "C"), (d, "D"));
POLYRPC_DESCRIBE(Echo, (a, "A"), (b, "B"), (s, "S"));
POLYRPC_DESCRIBE(Texts, (name, "Name"), (street, "Street"), (city, "City"), (note, "Note"));
POLYRPC_DESCRIBE(Line, (sku, "Sku"), (count, "Count"), (price, "Price"), (tags, "Tags"));
POLYRPC_DESCRIBE(Order, (id, "ID"), (buyer, "Buyer"), (lines, "Lines"));

// Protobuf has no message that is a list or a map.
struct DoublesMessage {
  Doubles list;
  bool operator==(const DoublesMessage&) const = default;
};
POLYRPC_DESCRIBE(DoublesMessage, (list, "List"));

struct AgesMessage {
  Ages ages;
  bool operator==(const AgesMessage&) const = default;
};
POLYRPC_DESCRIBE(AgesMessage, (ages, "Ages"));

}  // namespace values

namespace {

using bench::Settings;
using polyrpc::ByteQueue;

void check(const polyrpc::Status& status) {
  if (!status.ok()) throw std::runtime_error(std::string(status.message()));
}

template <class T>
void measure_gob(const Settings& settings, const char* name, const T& value) {
  polyrpc::gob::Encoder encoder;
  ByteQueue output;
  check(encoder.encode(value, output));
  const std::string first(output.text());
  output.clear();
  check(encoder.encode(value, output));
  const std::string again(output.text());

  polyrpc::gob::Decoder decoder;
  const auto read = [&](const std::string& bytes, T& into) {
    std::span<const std::byte> input = polyrpc::as_bytes(bytes);
    const polyrpc::Result<bool> done = decoder.decode(input, into);
    check(done.status());
    if (!*done) throw std::runtime_error("a value is not all there");
  };
  T last{};
  read(first, last);
  bench::require_same(last == value, "gob", name);
  bench::measure_and_print(
      settings, "polyrpc gob", name, again.size(),
      [&] {
        output.clear();
        check(encoder.encode(value, output));
      },
      [&] {
        T into{};
        read(again, into);
      });
}

template <class T>
void measure_json(const Settings& settings, const char* name, const T& value) {
  ByteQueue output;
  check(polyrpc::json::encode(value, output));
  const std::string text(output.text());
  T last{};
  check(polyrpc::json::decode(text, last));
  bench::require_same(last == value, "JSON", name);
  bench::measure_and_print(
      settings, "polyrpc json", name, text.size(),
      [&] {
        output.clear();
        check(polyrpc::json::encode(value, output));
      },
      [&] {
        T into{};
        check(polyrpc::json::decode(text, into));
      });
}

#if defined(BENCH_PROTOBUF)
template <class T>
void measure_protobuf(const Settings& settings, const char* name, const T& value) {
  ByteQueue output;
  check(polyrpc::protobuf::encode(value, output));
  const std::string text(output.text());
  const auto bytes = std::as_bytes(std::span(text));
  T last{};
  check(polyrpc::protobuf::decode(bytes, last));
  bench::require_same(last == value, "protobuf", name);
  bench::measure_and_print(
      settings, "polyrpc protobuf", name, bytes.size(),
      [&] {
        output.clear();
        check(polyrpc::protobuf::encode(value, output));
      },
      [&] {
        T into{};
        check(polyrpc::protobuf::decode(bytes, into));
      });
}
void measure_protobuf(const Settings& settings, const char* name, const values::Doubles& value) {
  measure_protobuf(settings, name, values::DoublesMessage{value});
}
void measure_protobuf(const Settings& settings, const char* name, const values::Ages& value) {
  measure_protobuf(settings, name, values::AgesMessage{value});
}
#endif

}  // namespace

int main(int argc, char** argv) {
  return bench::codec_main(argc, argv, [](const Settings& settings) {
    values::for_each([&settings](const char* name, const auto& value) {
      measure_gob(settings, name, value);
      measure_json(settings, name, value);
#if defined(BENCH_PROTOBUF)
      measure_protobuf(settings, name, value);
#endif
    });
  });
}
