// Measures polyrpc's gob and JSON codecs as codecs/go/main.go measures Go's: nanoseconds, allocations and bytes per
// value, one value after the other on one stream. Prints one line of JSON per codec and value.

#include <polyrpc/codecs/gob.hpp>
#include <polyrpc/codecs/json.hpp>

#include "codecs/counted_new.hpp"
#include "support/options.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace values {

struct Ints {
  std::int64_t a = 0, b = 0, c = 0, d = 0;
  bool operator==(const Ints&) const = default;
};
POLYRPC_DESCRIBE(Ints, (a, "A"), (b, "B"), (c, "C"), (d, "D"));

struct Echo {
  std::int64_t a = 0, b = 0;
  std::vector<std::byte> s;
  bool operator==(const Echo&) const = default;
};
POLYRPC_DESCRIBE(Echo, (a, "A"), (b, "B"), (s, "S"));

struct Texts {
  std::string name, street, city, note;
  bool operator==(const Texts&) const = default;
};
POLYRPC_DESCRIBE(Texts, (name, "Name"), (street, "Street"), (city, "City"), (note, "Note"));

struct Line {
  std::string sku;
  std::int64_t count = 0;
  double price = 0;
  std::vector<std::string> tags;
  bool operator==(const Line&) const = default;
};
POLYRPC_DESCRIBE(Line, (sku, "Sku"), (count, "Count"), (price, "Price"), (tags, "Tags"));

struct Order {
  std::int64_t id = 0;
  std::string buyer;
  std::vector<Line> lines;
  bool operator==(const Order&) const = default;
};
POLYRPC_DESCRIBE(Order, (id, "ID"), (buyer, "Buyer"), (lines, "Lines"));

}  // namespace values

namespace {

using polyrpc::ByteQueue;

void check(const polyrpc::Status& status) {
  if (!status.ok()) throw std::runtime_error(std::string(status.message()));
}

struct Settings {
  int rounds;
  std::chrono::milliseconds length;
};

struct Measured {
  double nanoseconds;
  double allocations;
};

/// The median of some rounds of about that length each.
template <class F>
Measured measure(const Settings& settings, F f) {
  using Clock = std::chrono::steady_clock;
  const auto loop = [&f](std::uint64_t times) {
    const Clock::time_point start = Clock::now();
    for (std::uint64_t i = 0; i < times; ++i) f();
    return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
  };
  const double length = std::chrono::duration<double, std::nano>(settings.length).count();
  std::uint64_t times = 1;
  double took = loop(times);
  while (took < length / 4) took = loop(times *= 2);
  times = static_cast<std::uint64_t>(static_cast<double>(times) * length / took) + 1;

  std::vector<double> rounds;
  rounds.reserve(static_cast<std::size_t>(settings.rounds));
  const std::uint64_t before = bench::allocations();
  for (int i = 0; i < settings.rounds; ++i) rounds.push_back(loop(times) / static_cast<double>(times));
  const double made = static_cast<double>(bench::allocations() - before);
  std::sort(rounds.begin(), rounds.end());
  return {rounds[rounds.size() / 2], made / (static_cast<double>(times) * settings.rounds)};
}

void print(const char* codec, const char* name, std::size_t bytes, const Measured& encode, const Measured& decode) {
  std::printf(
      "{\"codec\":\"%s\",\"value\":\"%s\",\"bytes\":%zu,\"encode_ns\":%.2f,\"decode_ns\":%.2f,"
      "\"encode_allocations\":%.3f,\"decode_allocations\":%.3f}\n",
      codec, name, bytes, encode.nanoseconds, decode.nanoseconds, encode.allocations, decode.allocations);
  std::fflush(stdout);
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
  const Measured encode = measure(settings, [&] {
    output.clear();
    check(encoder.encode(value, output));
  });

  polyrpc::gob::Decoder decoder;
  ByteQueue input;
  input.append(first);
  const auto read = [&](T& into) {
    const polyrpc::Result<bool> done = decoder.decode(input, into);
    check(done.status());
    if (!*done) throw std::runtime_error("a value is not all there");
  };
  T last{};
  read(last);
  if (!(last == value)) throw std::runtime_error(std::string("gob changes ") + name);
  const Measured decode = measure(settings, [&] {
    input.append(again);
    T into{};
    read(into);
  });
  print("polyrpc gob", name, again.size(), encode, decode);
}

template <class T>
void measure_json(const Settings& settings, const char* name, const T& value) {
  ByteQueue output;
  check(polyrpc::json::encode(value, output));
  const std::string text(output.text());
  const Measured encode = measure(settings, [&] {
    output.clear();
    check(polyrpc::json::encode(value, output));
  });
  T last{};
  check(polyrpc::json::decode(text, last));
  if (!(last == value)) throw std::runtime_error(std::string("JSON changes ") + name);
  const Measured decode = measure(settings, [&] {
    T into{};
    check(polyrpc::json::decode(text, into));
  });
  print("polyrpc json", name, text.size(), encode, decode);
}

template <class T>
void measure_both(const Settings& settings, const char* name, const T& value) {
  measure_gob(settings, name, value);
  measure_json(settings, name, value);
}

values::Echo echo_of(std::size_t size) {
  values::Echo echo;
  echo.a = 1;
  echo.b = 2;
  echo.s.resize(size);
  for (std::size_t i = 0; i < size; ++i) echo.s[i] = static_cast<std::byte>(i * 31);
  return echo;
}

std::string padded(const char* prefix, int number, int digits) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%s%0*d", prefix, digits, number);
  return text.data();
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Options options(argc, argv, "options: --rounds N --milliseconds N ");
  const Settings settings{options.number("rounds", 5), std::chrono::milliseconds(options.number("milliseconds", 100))};
  try {
    measure_both(settings, "ints", values::Ints{1, -200, 300000, std::int64_t{1} << 40});
    measure_both(settings, "echo_32", echo_of(32));
    measure_both(settings, "echo_1k", echo_of(1 << 10));
    measure_both(settings, "echo_1m", echo_of(1 << 20));
    measure_both(
        settings, "texts",
        values::Texts{"Grace Hopper", "1 Navy Yard", "Arlington", "wrote the first compiler, and said \"bug\""});
    std::vector<double> doubles(1000);
    for (std::size_t i = 0; i < doubles.size(); ++i) doubles[i] = static_cast<double>(i) * 1.1 + 0.25;
    measure_both(settings, "doubles_1000", doubles);
    std::map<std::string, std::int64_t> ages;
    for (int i = 0; i < 100; ++i) ages[padded("key", i, 2)] = std::int64_t{i} * i * i;
    measure_both(settings, "map_100", ages);
    values::Order order{1234567, "Ada Lovelace", {}};
    for (int i = 0; i < 20; ++i)
      order.lines.push_back({padded("sku-", i * 37, 4), i + 1, i * 9.99, {"new", "in stock"}});
    measure_both(settings, "order", order);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "codecs: %s\n", error.what());
    return 1;
  }
}
