#pragma once

#include "codecs/counted_new.hpp"
#include "support/options.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

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
  const std::uint64_t before = allocations();
  for (int i = 0; i < settings.rounds; ++i) rounds.push_back(loop(times) / static_cast<double>(times));
  const double made = static_cast<double>(allocations() - before);
  std::sort(rounds.begin(), rounds.end());
  return {rounds[rounds.size() / 2], made / (static_cast<double>(times) * settings.rounds)};
}

/// Measures, and prints the line of JSON. `encode` writes the value to the same place again and again; `decode` makes a
/// new value.
template <class Encode, class Decode>
void measure_and_print(const Settings& settings, const char* codec, const char* name, std::size_t bytes, Encode encode,
                       Decode decode) {
  const Measured encoding = measure(settings, encode), decoding = measure(settings, decode);
  std::printf(
      "{\"codec\":\"%s\",\"value\":\"%s\",\"bytes\":%zu,\"encode_ns\":%.2f,\"decode_ns\":%.2f,"
      "\"encode_allocations\":%.3f,\"decode_allocations\":%.3f}\n",
      codec, name, bytes, encoding.nanoseconds, decoding.nanoseconds, encoding.allocations, decoding.allocations);
  std::fflush(stdout);
}

/// Throws unless a codec gave back the value that it was given.
inline void require_same(bool same, const char* codec, const char* name) {
  if (!same) throw std::runtime_error(std::string(codec) + " changes " + name);
}

/// Keeps the compiler from leaving out what made `value`.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

/// The whole of a codec program: `run` is given the settings.
template <class Run>
int codec_main(int argc, char** argv, Run run) {
  const Options options(argc, argv, "options: --rounds N --milliseconds N ");
  try {
    run(Settings{options.number("rounds", 5), std::chrono::milliseconds(options.number("milliseconds", 100))});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
  return 0;
}

}  // namespace bench
